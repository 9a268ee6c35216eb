//! What schemas are made of: objects that stand for a table of keys, and the types of values.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::super::reader::Keys;

/// A mapping with fixed keys.
pub(super) struct Object {
    /// In `$defs`.
    pub(super) name: &'static str,
    /// `module::TABLE`, where the reader has its keys.
    #[cfg_attr(not(test), expect(dead_code, reason = "what the tests of drift name"))]
    pub(super) table: &'static str,
    /// What the reader knows.
    pub(super) keys: &'static Keys,
    /// What is described.
    pub(super) properties: Vec<(&'static str, Json)>,
    /// Other members of the schema: `required`, `oneOf`.
    more: Map<String, Json>,
}

/// `object!("name", module::TABLE, "What it is.")`
macro_rules! object {
    ($name:expr, $($table:ident)::+, $description:expr) => {
        $crate::plan::schema::shape::Object::new(
            $name,
            stringify!($($table)::+),
            &$crate::plan::$($table)::+,
            $description,
        )
    };
}
pub(super) use object;

impl Object {
    /// As [`object!`] makes it.
    pub(super) fn new(
        name: &'static str,
        table: &'static str,
        keys: &'static Keys,
        description: &str,
    ) -> Self {
        let more = Map::from_iter([("description".to_owned(), json!(description))]);
        Self { name, table, keys, properties: Vec::new(), more }
    }

    /// A key, what it takes and what it is for.
    pub(super) fn key(mut self, key: &'static str, of: Json, description: &str) -> Self {
        self.properties.push((key, described(of, description)));
        self
    }

    /// The same with what holds where the key is absent.
    pub(super) fn key_or(
        self,
        key: &'static str,
        of: Json,
        default: impl Into<Json>,
        description: &str,
    ) -> Self {
        self.key(key, with(of, "default", default.into()), description)
    }

    /// Every key that the table has and `describe` knows.
    pub(super) fn keys(mut self, describe: impl Fn(&str) -> Option<Json>) -> Self {
        for key in self.keys.known {
            self.properties.extend(describe(key).map(|schema| (*key, schema)));
        }
        self
    }

    /// Keys that must be there.
    pub(super) fn required(self, keys: &[&str]) -> Self {
        self.rule("required", json!(keys))
    }

    /// Exactly one of these keys must be there.
    pub(super) fn one_of(self, keys: &[&str]) -> Self {
        let each: Vec<Json> = keys.iter().map(|key| json!({ "required": [key] })).collect();
        self.rule("oneOf", Json::Array(each))
    }

    /// A member of the schema of its own.
    pub(super) fn rule(mut self, member: &str, value: Json) -> Self {
        self.more.insert(member.to_owned(), value);
        self
    }

    /// The whole of it.
    pub(super) fn schema(self) -> Map<String, Json> {
        let mut schema = Map::from_iter([("type".to_owned(), json!("object"))]);
        let properties = self.properties.into_iter();
        let properties: Map<String, Json> =
            properties.map(|(key, value)| (key.to_owned(), value)).collect();
        schema.extend(self.more);
        schema.insert("properties".to_owned(), Json::Object(properties));
        schema.insert("additionalProperties".to_owned(), json!(false));
        schema
    }
}

/// Types that have a name.
pub(super) fn definitions() -> Map<String, Json> {
    let substitution = json!({
        "description": "A value of the environment or of the plan, replaced before it is read: \
                        ${env.NAME}, ${env.NAME:-default}, ${vars.name}.",
        "type": "string",
        "pattern": r"\$\{"
    });
    let duration = json!({
        "description": "A time with its unit: us, ms, s, m, h or d.",
        "anyOf": [
            {
                "type": "string",
                "pattern": r"^\s*([0-9]*\.?[0-9]+\s*(us|µs|ms|s|m|min|h|d)\s*)+$",
                "examples": ["300ms", "10s", "1m30s"]
            },
            { "const": 0 },
            { "const": "0" },
            { "$ref": "#/$defs/substitution" }
        ]
    });
    let size = json!({
        "description": "A number of bytes.",
        "anyOf": [
            {
                "type": "string",
                "pattern": r"^\s*[0-9]+\s*([bB]|[kKmM][iI]?[bB])?$",
                "examples": ["500b", "10kb", "2MiB"]
            },
            { "type": "integer", "minimum": 0 },
            { "$ref": "#/$defs/substitution" }
        ]
    });
    let scalar = json!({ "type": ["string", "number", "boolean"] });
    let fields = json!({
        "description": "Names and their values, one or a list of them each.",
        "type": "object",
        "additionalProperties": {
            "anyOf": [
                { "type": ["string", "number", "boolean", "null"] },
                { "type": "array", "items": { "type": ["string", "number", "boolean", "null"] } }
            ]
        }
    });
    Map::from_iter([
        ("substitution".to_owned(), substitution),
        ("duration".to_owned(), duration),
        ("size".to_owned(), size),
        ("scalar".to_owned(), scalar),
        ("fields".to_owned(), fields),
    ])
}

/// What has that name in `$defs`.
pub(super) fn of(name: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// A duration with its unit.
pub(super) fn duration() -> Json {
    of("duration")
}

/// A number of bytes, as the plan writes it.
pub(super) fn size() -> Json {
    of("size")
}

/// A text, a number, true or false.
pub(super) fn scalar() -> Json {
    of("scalar")
}

/// Names and values: headers, query, form.
pub(super) fn fields() -> Json {
    of("fields")
}

/// A text.
pub(super) fn text() -> Json {
    json!({ "type": "string" })
}

/// A text that `pattern` matches.
pub(super) fn pattern(pattern: &str) -> Json {
    or_substituted(json!({ "type": "string", "pattern": pattern }))
}

/// A version of HTTP that is sent; YAML reads `1.1` as a number.
pub(super) fn version() -> Json {
    or_substituted(json!({ "enum": [1.1, 2, 3, "1.1", "2", "3"] }))
}

/// Anything at all.
pub(super) fn anything() -> Json {
    json!({})
}

/// A mapping that has rules of its own: the message of a call.
pub(super) fn mapping() -> Json {
    json!({ "type": "object" })
}

/// `true` or `false`.
pub(super) fn boolean() -> Json {
    or_substituted(json!({ "type": "boolean" }))
}

/// A whole number.
pub(super) fn whole(least: u64, most: impl Into<Option<u64>>) -> Json {
    let mut of = json!({ "type": "integer", "minimum": least });
    if let Some(most) = most.into() {
        of = with(of, "maximum", json!(most));
    }
    or_substituted(of)
}

/// Any number.
pub(super) fn number() -> Json {
    or_substituted(json!({ "type": "number" }))
}

/// A number of events per unit of time, above zero.
pub(super) fn rate() -> Json {
    or_substituted(json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 10_000_000 }))
}

/// A part of a whole.
pub(super) fn share() -> Json {
    or_substituted(json!({ "type": "number", "minimum": 0, "maximum": 1 }))
}

/// A number of virtual users.
pub(super) fn users() -> Json {
    whole(1, 1_000_000)
}

/// One of these words.
pub(super) fn word(words: &[&str]) -> Json {
    or_substituted(json!({ "enum": words }))
}

/// One of the alternatives.
pub(super) fn any_of(alternatives: &[Json]) -> Json {
    json!({ "anyOf": alternatives })
}

/// A list.
pub(super) fn list(items: &Json) -> Json {
    json!({ "type": "array", "items": items })
}

/// One, or a list.
pub(super) fn one_or_many(items: &Json) -> Json {
    any_of(&[items.clone(), list(items)])
}

/// Names that the plan gives, and what they are given to.
pub(super) fn named(values: &Json) -> Json {
    json!({
        "type": "object",
        "propertyNames": { "pattern": r"^[\p{L}\p{N}_.-]{1,80}$" },
        "additionalProperties": values
    })
}

/// The schema with examples for an editor to offer.
pub(super) fn example(of: Json, examples: &[&str]) -> Json {
    with(of, "examples", json!(examples))
}

/// The schema with a description.
pub(super) fn described(of: Json, description: &str) -> Json {
    with(of, "description", json!(description))
}

/// The schema or an expression in its place.
pub(super) fn or_substituted(of: Json) -> Json {
    any_of(&[of, self::of("substitution")])
}

fn with(mut of: Json, member: &str, value: Json) -> Json {
    of.as_object_mut().expect("every schema here is an object").insert(member.to_owned(), value);
    of
}
