//! Names that a plan gives to requests and scenarios, for gates to select by.

use std::collections::BTreeMap;

use super::reader::{Fields, Reader};
use crate::model::MetricName;

/// More are no help, and stand in every report.
const MOST: usize = 16;

/// Longest name, and longest value.
const LONGEST: usize = 80;

/// The `tags` of a request or a scenario: bounded, and such that a selector can write them.
pub(super) fn tags(fields: &Fields<'_>, reader: &mut Reader) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    let Some(node) = fields.get("tags") else { return tags };
    let entries = reader.entries(node, "tags").unwrap_or_default();
    if entries.len() > MOST {
        reader.problem(&node.at, format!("{} tags, and {MOST} are the most", entries.len()));
    }
    for entry in entries {
        if !reader.name(entry, "a tag") {
            continue;
        }
        if is_own(&entry.key) {
            reader.problem_with_help(
                &entry.key_at,
                format!("`{}` is a tag that metrics have by themselves", entry.key),
                "give it another name",
            );
            continue;
        }
        let Some(value) = reader.text(&entry.node, "a text, a number, true or false") else {
            continue;
        };
        if !is_value(value) {
            reader.problem_with_help(
                &entry.node.at,
                format!("`{value}` cannot be the value of a tag"),
                "a value has 1 to 80 characters, without `,`, `{`, `}`, `|` and blanks at its ends, \
                 and does not begin with `>=`",
            );
            continue;
        }
        let value = reader.redactor.text(value);
        tags.insert(entry.key.clone(), value);
    }
    tags
}

/// Tags that k6 and this program give, whatever the plan says.
fn is_own(name: &str) -> bool {
    let later = ["status", "group", "expected_response", "url", "name", "error_code"];
    later.contains(&name) || MetricName::ALL.iter().any(|metric| metric.tags().contains(&name))
}

fn is_value(value: &str) -> bool {
    (1..=LONGEST).contains(&value.chars().count())
        && value.trim() == value
        && !value.starts_with(">=")
        && !value.contains([',', '{', '}', '|'])
        && !value.chars().any(char::is_control)
}
