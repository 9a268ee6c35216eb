//! The language, its functions against values computed elsewhere, and rendering.

mod corpus;
mod functions;
mod language;
mod rendering;
mod vectors;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::{Environment, Expression, Value};

/// The moment at which all tests take place.
const NOW: i64 = 1_700_000_000;

fn with_environment<T>(seed: u64, run: impl FnOnce(&mut Environment<'_>) -> T) -> T {
    let mut random = StdRng::seed_from_u64(seed);
    run(&mut Environment::new(&mut random, NOW))
}

/// What an expression is worth, texts in quotes.
fn value_with(
    text: &str,
    seed: u64,
    variable: &dyn Fn(&str) -> Option<Value<'static>>,
) -> Result<String, String> {
    let expression = Expression::parse(text).map_err(|error| format!("parse: {error}"))?;
    let value = with_environment(seed, |environment| {
        let value = expression.evaluate(&|name| variable(name), environment);
        value.map(Value::into_static).map_err(|error| error.to_string())
    })?;
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Text(text) => format!("\"{}\"", String::from_utf8_lossy(&text)),
        other => String::from_utf8_lossy(&other.into_text()).into_owned(),
    })
}
