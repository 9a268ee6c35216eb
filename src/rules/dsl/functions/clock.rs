//! Functions that know the time.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::civil::DateTime;

use super::super::environment::{Environment, MAX_PAUSE};
use super::super::eval::EvalError;
use super::super::layout;
use super::super::value::Value;
use super::{Body, Function};
use super::{function, integer, unfit, utf8, with};

pub(super) static TABLE: &[Function] = &[
    function("date_time", 1..=2, Body::With { run: date_time, looks: 1..=1 }),
    function("to_unix_time", 1..=2, Body::Any(to_unix_time)),
    function("unix_time", 0..=1, with(|v, e| unix_time(&v, e))),
    function("wait_for", 1..=1, with(|v, e| wait_for(&v, e))),
];

/// The second argument as a moment, or now.
pub(super) fn moment(
    argument: Option<&Value<'_>>,
    environment: &Environment<'_>,
) -> Result<i64, EvalError> {
    argument.map_or(Ok(environment.now_unix), integer)
}

/// `date_time(layout)` or `date_time(layout, seconds)`; the layout is `%Y-%M-%D %H:%m:%S` or one of
/// Go's.
fn date_time<'v>(
    arguments: Vec<Value<'v>>,
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let moment = moment(arguments.get(1), environment)?;
    let moment = layout::civil(moment).ok_or_else(|| unfit("the moment is out of range"))?;
    let wanted = arguments.into_iter().next().unwrap_or(Value::Null).into_text();
    let wanted = utf8(&wanted);
    let has_percent = wanted
        .match_indices('%')
        .any(|(at, _)| wanted[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()));
    if has_percent {
        return percent(&wanted, moment).map(Value::from);
    }
    Ok(Value::from(layout::format(&wanted, moment)))
}

fn percent(layout: &str, moment: DateTime) -> Result<String, EvalError> {
    let mut out = String::new();
    let mut rest = layout;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let letter = rest[at + 1..].chars().next().filter(char::is_ascii_alphabetic);
        let Some(letter) = letter else {
            out.push('%');
            rest = &rest[at + 1..];
            continue;
        };
        let value = match letter {
            'Y' | 'y' => moment.year(),
            'M' => moment.month().into(),
            'D' | 'd' => moment.day().into(),
            'H' | 'h' => moment.hour().into(),
            'm' => moment.minute().into(),
            'S' | 's' => moment.second().into(),
            _ => return Err(unfit("the letters behind % are Y, M, D, H, m and S")),
        };
        write!(out, "{value:02}").expect("a string takes everything");
        rest = &rest[at + 2..];
    }
    out.push_str(rest);
    Ok(out)
}

/// Now, or so many seconds later.
fn unix_time<'v>(
    arguments: &[Value<'v>],
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let later = arguments.first().map_or(Ok(0), integer)?;
    Ok(Value::Number(environment.now_unix.saturating_add(later) as f64))
}

/// `to_unix_time(text)` in one of the usual layouts, or `to_unix_time(text, layout)`. A number is
/// one already.
fn to_unix_time(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let texts = super::texts(arguments);
    let text = utf8(&texts[0]);
    if let Ok(number) = text.parse::<f64>() {
        return Ok(Value::Number(number.trunc()));
    }
    let moment = match texts.get(1) {
        None => layout::parse_usual(&text),
        Some(layout) => layout::parse(&utf8(layout), &text),
    };
    let moment = moment.ok_or_else(|| unfit("the text is no date in that layout"))?;
    Ok(Value::Number(moment as f64))
}

/// Asks for a pause before what is rendered is sent.
fn wait_for<'v>(
    arguments: &[Value<'v>],
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let seconds = u64::try_from(integer(&arguments[0])?).unwrap_or(0);
    environment.pause += Duration::from_secs(seconds).min(MAX_PAUSE);
    Ok(Value::Bool(true))
}
