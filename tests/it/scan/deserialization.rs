//! Deserialisation, against small readers of two formats and against pages that only look like them.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE;
use regex::Regex;
use shakedown::model::Confidence;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::later;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

const RULE: &str = "deserialization";
const POINT: [&str; 1] = ["GET /p query `v`"];

/// `{'a': 5}`, protocol 2.
const PICKLE: &[u8] = b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x05s.";

async fn scan_page(
    value: String,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    scan(Setup { active: vec![RULE], ..Setup::default() }, move |ask| match ask.path.as_str() {
        "/" => {
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            html(format!("<a href='/p?v={value}'>x</a>"))
        }
        "/p" => page(ask),
        _ => not_found(),
    })
    .await
}

#[derive(Debug, Clone, PartialEq)]
enum Item {
    Mark,
    Function(String),
    Number(u64),
    Anything,
}

/// What the machine that reads pickles does: the seconds that it sleeps, if it comes to the end.
fn unpickle(bytes: &[u8], may_call: bool) -> Result<u64, String> {
    let (mut rest, mut stack, mut slept) = (bytes, Vec::new(), 0);
    let empty = "unpickling stack underflow";
    loop {
        let (opcode, after) = rest.split_first().ok_or("Ran out of input")?;
        rest = after;
        let skipped = |rest: &[u8], count: usize| {
            rest.get(count..).map(<[u8]>::to_vec).ok_or("pickle data was truncated".to_owned())
        };
        match opcode {
            b'.' => return stack.pop().map(|_| slept).ok_or(empty.to_owned()),
            b'(' => stack.push(Item::Mark),
            b'N' | b'}' => stack.push(Item::Anything),
            b'0' => drop(stack.pop().ok_or(empty)?),
            b'K' => {
                stack.push(Item::Number(u64::from(*rest.first().ok_or("truncated")?)));
                rest = &rest[1..];
            }
            0x80 | b'q' => rest = rest.get(1..).ok_or("truncated")?,
            b'X' => {
                let length = usize::from(*rest.first().ok_or("truncated")?);
                let left = skipped(rest, 4 + length)?.len();
                rest = &rest[rest.len() - left..];
                stack.push(Item::Anything);
            }
            b's' => {
                stack.pop().ok_or(empty)?;
                stack.pop().ok_or(empty)?;
            }
            b'I' | b'c' => {
                let lines = if *opcode == b'c' { 2 } else { 1 };
                let mut text = Vec::new();
                for _ in 0..lines {
                    let end = rest.iter().position(|byte| *byte == b'\n').ok_or("truncated")?;
                    text.push(String::from_utf8_lossy(&rest[..end]).into_owned());
                    rest = &rest[end + 1..];
                }
                stack.push(match text.as_slice() {
                    [number] => Item::Number(number.parse().map_err(|_| "no number")?),
                    _ if may_call => Item::Function(text.join(".")),
                    _ => return Err("UnpicklingError: global is forbidden".to_owned()),
                });
            }
            b't' => {
                let mark = stack.iter().rposition(|item| *item == Item::Mark);
                let items = stack.split_off(mark.ok_or("could not find MARK")?);
                stack.push(items.get(1).cloned().unwrap_or(Item::Anything));
            }
            b'R' => match (stack.pop(), stack.pop()) {
                (Some(Item::Number(seconds)), Some(Item::Function(name)))
                    if name == "time.sleep" =>
                {
                    slept += seconds;
                    stack.push(Item::Anything);
                }
                _ => return Err("not callable".to_owned()),
            },
            other => return Err(format!("invalid load key, '\\x{other:02x}'.")),
        }
    }
}

fn told(read: &Result<u64, String>, shows_errors: bool) -> Response {
    match read {
        Ok(slept) => later(html("<p>Your cart: 5 things</p>"), Duration::from_secs(*slept)),
        Err(error) if shows_errors => respond(
            500,
            "text/html",
            format!("<pre>_pickle.UnpicklingError: {}</pre>", escape(error)),
        ),
        Err(_) => html("<p>Your cart is empty</p>"),
    }
}

fn decoded(ask: &Ask) -> Vec<u8> {
    let value = ask.get("v");
    BASE64_STANDARD.decode(value).or_else(|_| BASE64_URL_SAFE.decode(value)).unwrap_or_default()
}

#[tokio::test]
async fn a_pickle_that_calls_functions_is_told_by_its_waiting() {
    for value in [BASE64_STANDARD.encode(PICKLE), "home".to_owned()] {
        let scanned = scan_page(value, |ask| told(&unpickle(&decoded(ask), true), false)).await;
        assert_eq!(scanned.points(RULE), POINT);
        let finding = scanned.found(RULE)[0];
        assert_eq!(finding.confidence, Confidence::Confirmed);
        assert!(finding.detail.starts_with("a pickle that is read calls"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn a_pickle_that_may_not_call_is_told_by_how_it_is_read() {
    let value = || BASE64_STANDARD.encode(PICKLE);
    let scanned = scan_page(value(), |ask| told(&unpickle(&decoded(ask), false), false)).await;
    assert_eq!(scanned.points(RULE), POINT);
    let finding = scanned.found(RULE)[0];
    assert_eq!(finding.confidence, Confidence::Firm);
    assert!(finding.detail.contains("an object of Python's pickle"), "{}", finding.detail);
    let scanned = scan_page(value(), |ask| told(&unpickle(&decoded(ask), false), true)).await;
    assert_eq!(scanned.points(RULE), POINT);
    assert!(scanned.found(RULE)[0].detail.contains("an error message of Python's pickle"));
}

/// What PHP makes of an array of one text.
fn unserialize(text: &str) -> Option<String> {
    let array = Regex::new(r#"(?s)^a:1:\{s:3:"key";([sS]):(\d+):"(.*)";\}$"#).expect("valid");
    let found = array.captures(text)?;
    let escape = Regex::new(r"\\([0-9a-f]{2})").expect("valid");
    let plain = if &found[1] == "S" {
        escape.replace_all(&found[3], |hex: &regex::Captures<'_>| {
            char::from(u8::from_str_radix(&hex[1], 16).expect("two digits")).to_string()
        })
    } else {
        found[3].into()
    };
    (plain.len() == found[2].parse::<usize>().ok()?).then(|| plain.into_owned())
}

#[tokio::test]
async fn php_is_told_by_texts_that_are_written_otherwise() {
    let value = "a:1:{s:3:\"key\";s:4:\"home\";}".to_owned();
    let scanned = scan_page(value, |ask| {
        html(
            unserialize(
                &ask.get("v")
                    .replace("S:3:\"\\6bey", "s:3:\"key")
                    .replace("S:3:\"\\6b\\65y", "s:3:\"key")
                    .replace("S:3:\"\\6b\\65\\79", "s:3:\"key"),
            )
            .map_or("<p>nothing</p>".to_owned(), |kind| format!("<p>{kind}</p>")),
        )
    })
    .await;
    assert_eq!(scanned.points(RULE), POINT);
    assert!(scanned.found(RULE)[0].detail.contains("PHP's serialize"));
}

#[tokio::test]
async fn yaml_and_functions_in_json_are_told_by_their_waiting() {
    let sleeping = |pattern: &'static str, per_second: u64, text: &str| {
        let found = Regex::new(pattern).expect("valid").captures(text);
        let number: u64 = found.map_or(0, |found| found[1].parse().expect("digits"));
        later(html("<p>read</p>"), Duration::from_secs(number / per_second))
    };
    let scanned = scan_page("--- home\n".to_owned(), move |ask| {
        sleeping(r"!!python/object/apply:time\.sleep \[(\d+)\]", 1, ask.get("v"))
    })
    .await;
    assert_eq!(scanned.points(RULE), POINT);
    let scanned = scan_page(BASE64_STANDARD.encode("{\"user\":\"ann\"}"), move |ask| {
        let text = String::from_utf8(decoded(ask)).unwrap_or_default();
        sleeping(r"_\$\$ND_FUNC\$\$_function\(\).*Date\.now\(\)\+(\d+);.*\}\(\)", 1000, &text)
    })
    .await;
    assert_eq!(scanned.points(RULE), POINT);
    assert!(scanned.found(RULE)[0].detail.contains("function in JSON"));
}

/// Nothing may be found on these.
async fn finds_nothing(
    name: &str,
    value: String,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) {
    let scanned = scan_page(value, page).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{name}");
    assert!(scanned.outcome(RULE).requests > 0, "{name}");
}

#[tokio::test]
async fn objects_that_nobody_reads_are_safe() {
    let value = || BASE64_STANDARD.encode(PICKLE);
    finds_nothing("constant", value(), |_| html("<p>cart</p>")).await;
    finds_nothing("echo", value(), |ask| html(escape(ask.get("v")))).await;
    finds_nothing("compared as a text", value(), |ask| {
        if ask.get("v") == BASE64_STANDARD.encode(PICKLE) {
            html("<p>5</p>")
        } else {
            html("<p>-</p>")
        }
    })
    .await;
    finds_nothing("signed", value(), |ask| {
        if decoded(ask) == PICKLE {
            html("<p>5</p>")
        } else {
            respond(403, "text/html", "signature")
        }
    })
    .await;
    finds_nothing("always an error", value(), |_| html("UnpicklingError")).await;
    finds_nothing("an error for anything else", value(), |ask| {
        html(if decoded(ask).starts_with(PICKLE) { "<p>5</p>" } else { "UnpicklingError" })
    })
    .await;
    finds_nothing("slow", value(), |_| later(html("<p>5</p>"), Duration::from_secs(9))).await;
    finds_nothing("slow for long values", "home".to_owned(), |ask| {
        later(html("<p>5</p>"), Duration::from_millis(ask.get("v").len() as u64 * 90))
    })
    .await;
}
