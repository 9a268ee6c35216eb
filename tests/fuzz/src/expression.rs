//! Expressions and texts of rules. Whatever is written, it is an expression or a mistake at one of
//! its bytes; what it is worth follows from variables, seed and time; and what is filled into a text
//! is never looked at again.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use shakedown::rules::Environment;
use shakedown::rules::Expression;
use shakedown::rules::Text;
use shakedown::rules::Value;
use shakedown::rules::unresolved;

/// Values such as answers have, among them what looks like markers.
fn variable(name: &str) -> Option<Value<'static>> {
    Some(match name {
        "body" => Value::text("<a>{{md5(body)}}' \"\\ \u{a7}Host\u{a7}</a>\nline two"),
        "Host" => Value::text("127.0.0.1:8080"),
        "data" => Value::bytes(b"\x1f\x8b\x00\xff\xfe{"),
        "status_code" => Value::Number(200.0),
        "many" => Value::List(vec![Value::text("1.2"), Value::Null, Value::Bool(true)]),
        "interactsh-url" => Value::text("host.example"),
        _ => return None,
    })
}

fn with<T>(seed: u64, run: impl FnOnce(&mut Environment<'_>) -> T) -> T {
    let mut random = StdRng::seed_from_u64(seed);
    run(&mut Environment::new(&mut random, 1_700_000_000))
}

/// A line of a matcher.
pub fn parsed(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let expression = match Expression::tolerant(text) {
        Ok(expression) => expression,
        Err(error) => {
            assert!(!error.message.is_empty() && error.at <= text.len(), "{error:?}");
            return;
        }
    };
    let value = |seed| {
        let value = with(seed, |environment| {
            expression.evaluate(&|name| variable(name), environment).map(Value::into_static)
        });
        value.map(|value| value.into_text().into_owned()).map_err(|error| error.to_string())
    };
    let first = value(1);
    assert_eq!(first, value(1));
    if expression.is_deterministic() {
        assert_eq!(first, value(2));
    }
    assert!(expression.variables().count() <= text.len());
}

/// A text of a request.
pub fn rendered(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else { return };
    let text = Text::compile(source);
    let render = |seed| {
        let rendered = with(seed, |environment| text.render(&variable, environment));
        rendered.map_err(|error| error.to_string())
    };
    let first = render(1);
    assert_eq!(first, render(1));
    if text.is_deterministic() {
        assert_eq!(first, render(2));
    }
    if text.is_plain() {
        assert_eq!(first.as_deref(), Ok(data));
    }
    let Ok(first) = first else { return };
    assert!(unresolved(&first).is_none_or(|names| !names.is_empty()));
}
