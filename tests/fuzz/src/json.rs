//! Values out of JSON texts: what `serde_json` reads and the reference finds in it.

use std::collections::HashSet;
use std::fmt;

use serde::de::Deserialize;
use serde::de::Deserializer;
use serde::de::Error as _;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Value;
use shakedown::extract::JsonPath;

/// Deeper texts are refused, as `serde_json` refuses them.
const MAX_DEPTH: usize = 127;

/// A path, a line feed, and a text.
pub fn any(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (Ok(path), json) = (std::str::from_utf8(&data[..end]), &data[end + 1..]) else { return };
    accepts_what_is_json(json);
    let Ok(compiled) = JsonPath::parse(path) else { return };
    let found = compiled.find(json);
    if let Some(found) = &found {
        let mut text = Vec::new();
        if found.write_text(&mut text) {
            assert!(std::str::from_utf8(&text).is_ok() || std::str::from_utf8(json).is_err());
        }
        let _ = (found.is_null(), found.equals(&Value::from(1)), found.equals(&Value::from("a")));
    }
    // RFC 8259 leaves open which of two members of a name counts, and the two differ in it.
    let Ok(document) = serde_json::from_slice::<Unambiguous>(json) else { return };
    let reference = serde_json_path::JsonPath::parse(path).expect("it is a path");
    let expected = reference.query(&document.0).first().cloned();
    let value = found.map(|found| serde_json::from_slice::<Value>(found.as_bytes()));
    let value = value.map(|value| value.expect("what is found is JSON"));
    assert_eq!(value, expected, "{path} in {}", json.escape_ascii());
}

/// The whole of a text is a value exactly if it is JSON; what strings and numbers mean is not
/// judged by who skips them.
fn accepts_what_is_json(json: &[u8]) {
    let is_json = serde_json::from_slice::<IgnoredAny>(json).is_ok();
    let depth = if is_json { depth(json) } else { 0 };
    // Of so many the innermost may be empty, which counts for one and not for the other.
    if depth == MAX_DEPTH + 1 {
        return;
    }
    let whole = JsonPath::parse("$").expect("the shortest path");
    let expected = is_json && depth <= MAX_DEPTH;
    assert_eq!(whole.find(json).is_some(), expected, "{}", json.escape_ascii());
}

/// Containers inside each other, in a text that is JSON.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in json {
        if in_string {
            in_string = *byte != b'"' || is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// A document in which no object has a name twice.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Building).map(Self)
    }
}

struct Building;

impl<'de> Visitor<'de> for Building {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unambiguous(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let (mut map, mut names) = (serde_json::Map::new(), HashSet::new());
        while let Some((name, Unambiguous(value))) = entries.next_entry::<String, _>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom("a name that was there before"));
            }
            map.insert(name, value);
        }
        Ok(map.into())
    }
}
