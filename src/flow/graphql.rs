//! What a GraphQL answer says of failure.

use std::sync::LazyLock;

use serde_json::Value;

use crate::extract::JsonPath;
use crate::model::inert;

/// Of a message that is shown.
const MAX_MESSAGE: usize = 200;

/// The first of the errors in the body of an answer, where it has some (GraphQL §7.1.2: a list that is
/// not empty). GraphQL tells most failures so, under status 200.
pub fn graphql_error(body: &[u8]) -> Option<String> {
    static ERRORS: LazyLock<JsonPath> =
        LazyLock::new(|| JsonPath::parse("$.errors").expect("it is a path"));
    let found = ERRORS.find(body)?;
    let errors: Value = serde_json::from_slice(found.as_bytes()).ok()?;
    let first = errors.as_array()?.first()?;
    let message = first["message"].as_str().unwrap_or("an error without a message");
    Some(inert(message, MAX_MESSAGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_a_list_that_is_not_empty() {
        let of = |body: &str| graphql_error(body.as_bytes());
        let body = r#"{"data":null,"errors":[{"message":"no \u001b[31m user"},{"message":"b"}]}"#;
        assert_eq!(of(body).as_deref(), Some(inert("no \u{1b}[31m user", 200).as_str()));
        assert_eq!(of(r#"{"errors":[1]}"#).as_deref(), Some("an error without a message"));
        for fine in [
            r#"{"data":{"errors":[1]}}"#,
            r#"{"errors":[]}"#,
            r#"{"errors":null}"#,
            r#"{"errors":"x"}"#,
            "",
            "<html>",
            r#"{"errors":[{"message""#,
        ] {
            assert_eq!(of(fine), None, "{fine}");
        }
    }
}
