//! JSON and YAML as one kind of tree, within bounds.

use serde_json::Value;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{MessageFormatter as _, UserMessageFormatter};

use super::error::Fault;

/// Values of a document, aliases expanded: what the largest public descriptions have, ten times.
const MAX_NODES: usize = 3_000_000;
/// Levels; `serde_json` has the same bound.
const MAX_DEPTH: usize = 128;

/// Parses JSON if it looks like it, YAML otherwise.
pub(super) fn parse(name: &str, text: &str) -> Result<Value, Fault> {
    if looks_like_json(text) {
        match serde_json::from_str(text) {
            Ok(value) => return Ok(value),
            // YAML's own `{ … }` begins like this too.
            Err(error) => return yaml(name, text).map_err(|_| json_fault(name, &error)),
        }
    }
    yaml(name, text)
}

/// Whether it begins as JSON does.
pub(super) fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

fn json_fault(name: &str, error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or_default().to_owned();
    Fault::new(name, format!("not JSON: {message}")).at(error.line(), error.column())
}

fn yaml(name: &str, text: &str) -> Result<Value, Fault> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_recorded_anchor_events: MAX_NODES,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_NODES / 10 },
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map(|at| (index(at.line()), index(at.column())));
        let mut inner = error.without_snippet();
        while let serde_saphyr::Error::AliasError { error, .. } = inner {
            inner = error.without_snippet();
        }
        let message = match inner {
            serde_saphyr::Error::Budget { .. } => format!(
                "too much for one description: it may have {MAX_NODES} values, aliases expanded, \
                 nested {MAX_DEPTH} deep"
            ),
            other => UserMessageFormatter.format_message(other).into_owned(),
        };
        let fault = Fault::new(name, message);
        match place {
            Some((line, column)) => fault.at(line, column),
            None => fault,
        }
    })
}

fn index(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_keys_are_texts() {
        let value =
            parse("x", "responses:\n  200: { a: 1.50 }\n  'x': 2020-01-01\n").expect("YAML");
        assert_eq!(value.pointer("/responses/200/a"), Some(&Value::from(1.5)));
        assert_eq!(value.pointer("/responses/x"), Some(&Value::from("2020-01-01")));
    }

    #[test]
    fn a_mistake_has_its_place() {
        let said = |text: &str| parse("x.json", text).expect_err("no JSON").to_string();
        let cut = said("{\n \"a\": 1,\n");
        assert!(cut.starts_with("x.json:") && cut.contains("not JSON: EOF"), "{cut}");
        assert!(said("a: 1\nb: [\n").starts_with("x.json:"), "{}", said("a: 1\nb: [\n"));
    }

    #[test]
    fn bombs_are_refused() {
        let deep = "[".repeat(5_000);
        assert!(parse("x", &deep).is_err());
        let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for (of, from) in ["b", "c", "d", "e", "f", "g", "h"].iter().zip("abcdefg".chars()) {
            let alias = format!("*{from},").repeat(10);
            bomb.extend([of, ": &", of, " [", alias.trim_end_matches(','), "]\n"]);
        }
        let said = parse("x", &bomb).expect_err("too much").to_string();
        assert!(said.contains("too large"), "{said}");
    }
}
