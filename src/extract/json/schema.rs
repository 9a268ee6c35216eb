//! JSON Schema of a body: compiled once, offline.

use jsonschema::PatternOptions;
use jsonschema::Validator;
use serde_json::Value;

/// A JSON Schema of any draft, ready to judge bodies.
#[derive(Debug)]
pub struct JsonSchema {
    validator: Validator,
}

/// Why a document is no schema that can be used.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct JsonSchemaError {
    /// What is wrong, and where in the schema.
    pub cause: String,
}

impl JsonSchema {
    /// Compiles a schema. Nothing is fetched: references lead into the schema itself. Its patterns
    /// are matched in linear time, since what they are matched with comes from a target.
    ///
    /// # Errors
    /// [`JsonSchemaError`] where it is none, refers elsewhere or has a pattern that looks around.
    pub fn new(schema: &Value) -> Result<Self, JsonSchemaError> {
        let options = jsonschema::options().offline().with_pattern_options(PatternOptions::regex());
        let built = options.build(schema);
        let validator = built.map_err(|error| {
            let at = error.instance_path().to_string();
            let place = if at.is_empty() { String::new() } else { format!(" (at {at})") };
            JsonSchemaError { cause: format!("{error}{place}") }
        })?;
        Ok(Self { validator })
    }

    /// Whether the body is JSON that the schema describes.
    pub fn describes(&self, body: &[u8]) -> bool {
        serde_json::from_slice(body).is_ok_and(|value| self.validator.is_valid(&value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bodies_are_judged() {
        let schema = json!({
            "type": "object",
            "required": ["id"],
            "properties": { "id": { "$ref": "#/$defs/id" }, "code": { "pattern": "^(a+)+$" } },
            "$defs": { "id": { "type": "integer", "minimum": 1 } },
        });
        let schema = JsonSchema::new(&schema).expect("a schema");
        assert!(schema.describes(br#"{"id":1,"more":null}"#));
        assert!(!schema.describes(br#"{"id":0}"#) && !schema.describes(br#"{"id":"1"}"#));
        assert!(!schema.describes(b"[]") && !schema.describes(b"") && !schema.describes(b"<html>"));
        let hostile = format!(r#"{{"id":1,"code":"{}!"}}"#, "a".repeat(100_000));
        assert!(!schema.describes(hostile.as_bytes()), "and it took no time");
        assert!(!schema.describes("[".repeat(1_000_000).as_bytes()));
    }

    #[test]
    fn what_is_no_schema_or_stands_elsewhere_is_refused() {
        for schema in [
            json!({ "type": "objekt" }),
            json!({ "$ref": "http://127.0.0.1:9/schema.json" }),
            json!({ "$ref": "file:///etc/hostname" }),
            json!({ "$ref": "other.json" }),
            json!({ "$ref": "#/$defs/none" }),
            json!({ "pattern": "(" }),
            json!({ "pattern": "(?=a)" }),
            json!(1),
        ] {
            assert!(JsonSchema::new(&schema).is_err(), "{schema}");
        }
    }
}
