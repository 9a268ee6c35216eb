//! Functions that write bytes in other ways and read them back.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use base64::prelude::BASE64_STANDARD;
use data_encoding::HEXLOWER;
use data_encoding::HEXLOWER_PERMISSIVE;

use super::super::eval::EvalError;
use super::super::value::Value;
use super::{Body, Function, Text};
use super::{entities, function, json, unfit, utf8};

/// Python breaks lines of base64 here.
const LINE: usize = 76;

/// With padding; bits that no byte needs are ignored.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

pub(super) static TABLE: &[Function] = &[
    function("base64", 1..=1, Body::Map(|t| BASE64_STANDARD.encode(&t[0]).into())),
    function("base64_decode", 1..=1, Body::Try(base64_decode)),
    function("base64_py", 1..=1, Body::Map(|t| base64_lines(&t[0]))),
    function("hex_decode", 1..=1, Body::Try(hex_decode)),
    function("hex_encode", 1..=2, Body::Map(hex_encode)),
    function("html_escape", 1..=2, Body::Any(html_escape)),
    function("html_unescape", 1..=1, Body::Map(|t| entities::unescape(&utf8(&t[0])).into())),
    function("json_minify", 1..=1, Body::Try(|t| json::minify(&t[0]))),
    function("json_prettify", 1..=1, Body::Try(|t| json::prettify(&t[0]))),
    function("url_decode", 1..=1, Body::Map(|t| url_decode(&t[0]))),
    function("url_encode", 1..=2, Body::Any(url_encode)),
    function("xor", 2..=super::MANY, Body::Try(xor)),
];

/// Line ends between the digits are left out.
fn base64_decode(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    let digits: Vec<u8> =
        texts[0].iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    LENIENT.decode(digits).map_err(|_| unfit("the text is no base64"))
}

fn base64_lines(text: &[u8]) -> Vec<u8> {
    let mut out =
        BASE64_STANDARD.encode(text).as_bytes().chunks(LINE).collect::<Vec<_>>().join(&b'\n');
    out.push(b'\n');
    out
}

fn hex_decode(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    HEXLOWER_PERMISSIVE.decode(&texts[0]).map_err(|_| unfit("the text is not hexadecimal"))
}

/// `hex_encode(text)`, or with `'x'` behind it as `\x41\x42`.
fn hex_encode(texts: &[Text<'_>]) -> Vec<u8> {
    let digits = HEXLOWER.encode(&texts[0]).into_bytes();
    if !texts.get(1).is_some_and(|format| format.eq_ignore_ascii_case(b"x")) {
        return digits;
    }
    digits.chunks(2).flat_map(|pair| [b'\\', b'x', pair[0], pair[1]]).collect()
}

/// `html_escape(text)`, or with `true` behind it everything as an entity.
fn html_escape(mut arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let all = arguments.get(1).is_some_and(super::numbers::truth);
    let text = arguments.remove(0).into_text();
    super::bounded(text.len().checked_mul(8))?;
    let escaped = entities::escape(&utf8(&text));
    if !all {
        return Ok(Value::from(escaped));
    }
    Ok(Value::from(entities::number_the_rest(&escaped)))
}

/// `url_encode(text)`, or with `true` behind it all but letters and digits. A space is `%20`.
fn url_encode(mut arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let all = matches!(arguments.get(1), Some(Value::Bool(true)));
    let text = arguments.remove(0).into_text();
    let mut out = Vec::with_capacity(text.len());
    for byte in text.iter().copied() {
        let mark = matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')');
        if byte.is_ascii_alphanumeric() || (mark && !all) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    super::bounded(Some(out.len()))?;
    Ok(Value::owned(out))
}

/// What is no escape stays, `+` too.
fn url_decode(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            out.extend(u8::try_from(high * 16 + low));
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    out
}

/// Byte by byte; shorter texts are repeated.
fn xor(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    if texts.iter().any(|text| text.is_empty()) {
        return Err(unfit("a text is empty"));
    }
    let length = texts.iter().map(|text| text.len()).max().unwrap_or_default();
    let byte = |at: usize| texts.iter().fold(0, |byte, text| byte ^ text[at % text.len()]);
    Ok((0..length).map(byte).collect())
}
