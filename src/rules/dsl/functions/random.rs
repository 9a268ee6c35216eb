//! Functions of chance.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use rand::RngExt as _;

use super::super::environment::Environment;
use super::super::eval::EvalError;
use super::super::value::Value;
use super::{Function, MANY};
use super::{bounded, function, integer, texts, unfit, utf8, with};

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "1234567890";
const ALPHANUMERIC: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890";

pub(super) static TABLE: &[Function] = &[
    function("rand_base", 1..=3, with(|v, e| rand_base(&v, e))),
    function("rand_char", 0..=1, with(|v, e| rand_char(&v, e))),
    function("rand_int", 0..=2, with(|v, e| rand_int(&v, e))),
    function("rand_ip", 1..=MANY, with(rand_ip)),
    function("rand_text_alpha", 1..=2, with(|v, e| rand_text(LETTERS, &v, e))),
    function("rand_text_alphanumeric", 1..=2, with(|v, e| rand_text(ALPHANUMERIC, &v, e))),
    function("rand_text_numeric", 1..=2, with(|v, e| rand_text(DIGITS, &v, e))),
];

fn sequence<'v>(
    characters: &str,
    length: i64,
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let characters: Vec<char> = characters.chars().collect();
    let length = usize::try_from(length).map_err(|_| unfit("the length is negative"))?;
    bounded(length.checked_mul(4))?;
    if characters.is_empty() && length > 0 {
        return Err(unfit("no character is left to choose from"));
    }
    let mut any = || characters[environment.random.random_range(0..characters.len())];
    Ok(Value::from((0..length).map(|_| any()).collect::<String>()))
}

/// The set that an argument gives; white space is none.
fn set(argument: Option<&Value<'_>>) -> String {
    let given = argument.map(|value| value.as_ref().into_text()).unwrap_or_default();
    let given = utf8(&given);
    if given.trim().is_empty() { ALPHANUMERIC.to_owned() } else { given.into_owned() }
}

/// `rand_base(length)` or `rand_base(length, characters)`
fn rand_base<'v>(
    arguments: &[Value<'v>],
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let set = set(arguments.get(1).filter(|_| arguments.len() == 2));
    sequence(&set, integer(&arguments[0])?, environment)
}

fn rand_char<'v>(
    arguments: &[Value<'v>],
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    sequence(&set(arguments.first()), 1, environment)
}

/// `rand_text_…(length)` or `rand_text_…(length, characters to leave out)`
fn rand_text<'v>(
    from: &str,
    arguments: &[Value<'v>],
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let bad = arguments.get(1).map(|value| value.as_ref().into_text()).unwrap_or_default();
    let bad = utf8(&bad);
    let kept: String = from.chars().filter(|c| !bad.contains(*c)).collect();
    sequence(&kept, integer(&arguments[0])?, environment)
}

/// `rand_int()`, `rand_int(least)` or `rand_int(least, below)`
fn rand_int<'v>(
    arguments: &[Value<'v>],
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let least = arguments.first().map_or(Ok(0), integer)?;
    let below = arguments.get(1).map_or(Ok(i64::from(i32::MAX)), integer)?;
    if least >= below {
        return Err(unfit("the first number is not below the second"));
    }
    Ok(Value::Number(environment.random.random_range(least..below) as f64))
}

/// An address out of one of the networks, but for a network of one not the network's own.
fn rand_ip<'v>(
    arguments: Vec<Value<'v>>,
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let networks = texts(arguments);
    let chosen = utf8(&networks[environment.random.random_range(0..networks.len())]);
    let wrong = || unfit("an argument is no network such as 192.0.2.0/24");
    let (base, prefix) = chosen.split_once('/').ok_or_else(wrong)?;
    let base: IpAddr = base.parse().map_err(|_| wrong())?;
    let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
    let width = if base.is_ipv4() { 32 } else { 128 };
    let free = u32::checked_sub(width, prefix).ok_or_else(wrong)?;
    let mask = u128::MAX.checked_shl(free).unwrap_or(0);
    let bits = match base {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let own = if mask == u128::MAX { 0 } else { environment.random.random_range(1..=!mask) };
    let bits = bits & mask | own;
    let address = match base {
        IpAddr::V4(_) => IpAddr::from(Ipv4Addr::from(u32::try_from(bits).map_err(|_| wrong())?)),
        IpAddr::V6(_) => IpAddr::from(Ipv6Addr::from(bits)),
    };
    Ok(Value::from(address.to_string()))
}
