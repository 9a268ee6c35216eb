//! Functions between numbers, truths and texts.

use super::super::eval::EvalError;
use super::super::value::Value;
use super::{Body, Function, Text};
use super::{function, integer, texts, unfit, utf8};

pub(super) static TABLE: &[Function] = &[
    function("bin_to_dec", 1..=1, Body::Count(|t| to_dec(&t[0], "0b", 2))),
    function("dec_to_hex", 1..=1, Body::Any(|v| dec_to_hex(&v))),
    function("hex_to_dec", 1..=1, Body::Count(|t| to_dec(&t[0], "0x", 16))),
    function("oct_to_dec", 1..=1, Body::Count(|t| to_dec(&t[0], "0o", 8))),
    function("print_debug", 1..=super::MANY, Body::Any(|_| Ok(Value::Bool(true)))),
    function("to_bool", 1..=1, Body::Any(|v| Ok(Value::Bool(truth(&v[0]))))),
    function("to_number", 1..=1, Body::Count(to_number)),
    function("unpack", 2..=2, Body::Any(unpack)),
];

/// What counts as true: `true` in a few spellings, and one.
pub(super) fn truth(value: &Value<'_>) -> bool {
    #[expect(clippy::float_cmp, reason = "exactly one is meant")]
    let one = |number: f64| number == 1.0;
    match value {
        Value::Bool(value) => *value,
        Value::Number(number) => one(*number),
        Value::Text(text) => match utf8(text).trim() {
            "true" | "t" | "T" | "TRUE" | "True" => true,
            other => other.parse().is_ok_and(one),
        },
        Value::Null | Value::List(_) => false,
    }
}

fn dec_to_hex<'v>(arguments: &[Value<'v>]) -> Result<Value<'v>, EvalError> {
    let number = integer(&arguments[0])?;
    let sign = if number < 0 { "-" } else { "" };
    Ok(Value::from(format!("{sign}{:x}", number.unsigned_abs())))
}

/// With or without the prefix that names the base.
fn to_dec(text: &[u8], prefix: &str, radix: u32) -> Result<f64, EvalError> {
    let text = utf8(text);
    let digits = text.strip_prefix(prefix).unwrap_or(&text);
    let number = i64::from_str_radix(digits, radix);
    Ok(number.map_err(|_| unfit("the text is no number in that base"))? as f64)
}

/// What is written as a number, without spaces around it.
fn to_number(texts: &[Text<'_>]) -> Result<f64, EvalError> {
    let text = utf8(&texts[0]);
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = text.parse().ok().filter(|_| is_plain);
    number.ok_or_else(|| unfit("the text is no number"))
}

/// `unpack(format, data)`: the first number that Python's `struct` would read, whose capital letters
/// mean the same as the small ones but for `B`.
fn unpack(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let texts = texts(arguments);
    let mut big = false;
    for letter in texts[0].iter() {
        let size = match letter {
            b'<' | b'>' => {
                big = *letter == b'>';
                continue;
            }
            b'?' | b'b' | b'B' => 1,
            b'h' | b'H' => 2,
            b'i' | b'I' | b'l' | b'L' | b'f' => 4,
            b'q' | b'Q' | b'd' => 8,
            _ => return Err(unfit("the format has an unknown letter")),
        };
        let bytes = texts[1].get(..size).ok_or_else(|| unfit("the data is too short"))?;
        return Ok(read(*letter, bytes, big));
    }
    Err(unfit("the format has no letter"))
}

fn read<'v>(letter: u8, bytes: &[u8], big: bool) -> Value<'v> {
    let from_high: Vec<u8> =
        if big { bytes.to_vec() } else { bytes.iter().rev().copied().collect() };
    let bits = from_high.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let unused = 64 - 8 * bytes.len();
    #[expect(clippy::cast_possible_wrap, reason = "the highest bit is the sign")]
    let signed = ((bits << unused) as i64) >> unused;
    #[expect(clippy::cast_possible_truncation, reason = "there are four bytes")]
    let single = f32::from_bits(bits as u32);
    match letter {
        b'?' => Value::Bool(signed > 0),
        b'B' => Value::Number(bits as f64),
        b'f' => Value::Number(f64::from(single)),
        b'd' => Value::Number(f64::from_bits(bits)),
        _ => Value::Number(signed as f64),
    }
}
