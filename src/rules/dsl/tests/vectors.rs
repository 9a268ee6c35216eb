//! Every function against values that Python has computed: see `tests/data/dsl/vectors.py`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::Value as Json;

use super::super::functions;
use super::{Expression, Value, with_environment};

const VECTORS: &str = include_str!("../../../../tests/data/dsl/vectors.json");

#[derive(Debug, Deserialize)]
struct Vector {
    expression: String,
    variables: BTreeMap<String, Json>,
    kind: String,
    expected: Json,
}

fn given(value: &Json) -> Value<'static> {
    match value {
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.as_f64().expect("a float")),
        Json::String(text) => Value::from(text.clone()),
        Json::Object(fields) => {
            let hex = fields["bytes"].as_str().expect("hexadecimal");
            Value::owned(HEXLOWER.decode(hex.as_bytes()).expect("hexadecimal"))
        }
        Json::Null | Json::Array(_) => panic!("{value} is no variable"),
    }
}

fn shown(value: Value<'_>) -> (&'static str, Json) {
    match value {
        Value::Null => ("null", Json::Null),
        Value::Bool(value) => ("bool", value.into()),
        Value::Number(value) => ("number", value.into()),
        Value::Text(text) => ("bytes", HEXLOWER.encode(&text).into()),
        Value::List(items) => {
            let text = |item: Value<'_>| String::from_utf8_lossy(&item.into_text()).into_owned();
            ("list", items.into_iter().map(text).collect::<Vec<_>>().into())
        }
    }
}

fn wanted(vector: &Vector) -> (&str, Json) {
    match (vector.kind.as_str(), &vector.expected) {
        ("text", Json::String(text)) => ("bytes", HEXLOWER.encode(text.as_bytes()).into()),
        ("number", number) => ("number", number.as_f64().expect("a float").into()),
        (kind, expected) => (kind, expected.clone()),
    }
}

fn evaluated(vector: &Vector) -> Result<(&'static str, Json), String> {
    let expression = Expression::parse(&vector.expression).map_err(|error| error.to_string())?;
    let lookup = |name: &str| vector.variables.get(name).map(given);
    with_environment(1, |environment| {
        expression.evaluate(&lookup, environment).map(shown).map_err(|error| error.to_string())
    })
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(VECTORS).expect("what the script writes")
}

/// What is wrong with those whose value is another.
fn wrong(vectors: &[Vector]) -> Vec<String> {
    let mut wrong = Vec::new();
    for vector in vectors {
        let (kind, expected) = wanted(vector);
        let found = evaluated(vector);
        let right = match &found {
            Ok((kind_found, value)) => (kind, &expected) == (*kind_found, value),
            Err(_) => kind == "error",
        };
        if !right {
            wrong.push(format!("{vector:?}\n  is {found:?}\n  not {expected}"));
        }
    }
    wrong
}

#[test]
fn every_vector_has_the_value_that_was_computed_elsewhere() {
    let vectors = vectors();
    assert!(vectors.len() >= 900, "only {} vectors", vectors.len());
    let wrong = wrong(&vectors);
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Vectors of another evaluator, in the same form, from a file named by the environment.
#[test]
#[ignore = "needs a file of vectors"]
fn dsl_vectors_of_another_evaluator() {
    #[expect(clippy::disallowed_methods, reason = "the file is named by whoever runs this")]
    let path = std::env::var("SHAKEDOWN_VECTORS").expect("SHAKEDOWN_VECTORS is a file");
    let text = std::fs::read_to_string(path).expect("a readable file");
    let vectors: Vec<Vector> = serde_json::from_str(&text).expect("vectors");
    let wrong = wrong(&vectors);
    let first = wrong.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{first}", wrong.len(), vectors.len());
}

/// Chance has tests of its own; what is refused has no value.
#[test]
fn every_pure_function_has_a_vector() {
    let called: BTreeSet<&str> = vectors()
        .iter()
        .filter_map(|vector| Expression::parse(&vector.expression).ok())
        .flat_map(|expression| expression.functions().collect::<Vec<_>>())
        .collect();
    let pure = |name: &&str| {
        let function = functions::Function::named(name).expect("its own name");
        function.refusal(None).is_some() || !function.is_pure(2)
    };
    let without: Vec<&str> = functions::Function::names()
        .filter(|name| !called.contains(name) && !pure(name) && *name != "print_debug")
        .collect();
    assert!(without.is_empty(), "{without:?}");
}
