//! Functions about addresses and versions; none of them sends anything.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::super::environment::Environment;
use super::super::eval::EvalError;
use super::super::value::Value;
use super::{Body, Function, MANY, Text};
use super::{function, unfit, utf8, versions, with, written};

/// Ports that stand for no choice.
const USUAL_PORTS: [&[u8]; 7] = [b"", b"80", b"443", b"8080", b"8081", b"8443", b"53"];

pub(super) static TABLE: &[Function] = &[
    function("compare_versions", 2..=MANY, Body::Any(versions::compare)),
    function("getNetworkPort", 2..=2, Body::Map(network_port)),
    function("ip_format", 2..=2, Body::Try(ip_format)),
    function("public_ip", 0..=0, with(public_ip)),
];

/// The first port, or the second if the first is a usual one of the web or of names.
fn network_port(texts: &[Text<'_>]) -> Vec<u8> {
    let usual = USUAL_PORTS.contains(&&texts[0][..]);
    texts[usize::from(usual)].to_vec()
}

/// What the configuration says; nobody is asked.
fn public_ip<'v>(
    _: Vec<Value<'v>>,
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let known = environment.public_ip.ok_or_else(|| unfit("no public address is configured"))?;
    Ok(Value::from(known.to_owned()))
}

/// `ip_format(address, form)`, with forms from 1 to 11.
fn ip_format(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    let text = utf8(&texts[0]);
    let address: IpAddr = text.parse().map_err(|_| unfit("the first argument is no address"))?;
    let form = written(&texts[1])?;
    let formed = match (form, address) {
        (1, address) => address.to_string(),
        (2, address) => without_zeros(&address.to_string()),
        (5, IpAddr::V4(address)) => u32::from(address).to_string(),
        (5, IpAddr::V6(address)) => u128::from(address).to_string(),
        (6, IpAddr::V4(address)) => format!("{:b}", u32::from(address)),
        (6, IpAddr::V6(address)) => format!("{:b}", u128::from(address)),
        (8, IpAddr::V4(address)) => {
            let [a, b, c, d] = address.octets();
            format!("::ffff:{a:02x}{b:02x}:{c:02x}{d:02x}")
        }
        (8, IpAddr::V6(address)) => address.to_string(),
        (9, _) => percent(&text),
        (3 | 4 | 7 | 10 | 11, IpAddr::V4(address)) => dotted(form, address.octets())?,
        (3 | 4 | 7 | 10 | 11, IpAddr::V6(_)) => {
            return Err(unfit("the form is for addresses of version 4"));
        }
        _ => return Err(unfit("the form is a number from 1 to 11")),
    };
    Ok(formed.into_bytes())
}

/// The forms that keep the four parts.
fn dotted(form: i64, [a, b, c, d]: [u8; 4]) -> Result<String, EvalError> {
    let octal = |part: u8| if part == 0 { "0".to_owned() } else { format!("0{part:o}") };
    Ok(match form {
        3 => format!("{:0>4}.{}.{}.{}", octal(a), octal(b), octal(c), octal(d)),
        4 => format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        7 => format!("{a:#x}.{b}.{}.{d:#x}", octal(c)),
        10 => format!("{a:03}.{b:03}.{c:03}.{d:03}"),
        _ if d == 0 => format!("{a}.{b}.{}", u16::from(c) + 255),
        _ => return Err(unfit("form 11 is for addresses whose last part is 0")),
    })
}

/// `127.0.0.1` as `127.1`: parts that are zero and the points behind them are left out.
fn without_zeros(address: &str) -> String {
    let mut kept = String::new();
    for part in address.split_inclusive('.') {
        let digits = part.trim_end_matches('.');
        let zeros = digits.len() - digits.trim_end_matches('0').len();
        if part.ends_with('.') && zeros > 0 {
            kept.push_str(&digits[..digits.len() - zeros]);
        } else {
            kept.push_str(part);
        }
    }
    kept.strip_suffix(".0").map_or(kept.clone(), str::to_owned)
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        write!(out, "%{byte:02X}").expect("a string takes everything");
    }
    out
}
