//! Leaves of JSON bodies, and of JSON in the value of a pair.

use super::insertion::InsertionPoint;
use super::insertion::MAX_POINTS;
use super::insertion::Place;
use crate::model::InsertionKind;
use crate::model::InsertionRef;

/// JSON with a text at a place.
pub(super) fn with_leaf(json: &[u8], pointer: &str, value: &str) -> Option<String> {
    let mut json: serde_json::Value = serde_json::from_slice(json).ok()?;
    if let Some(leaf) = json.pointer_mut(pointer) {
        *leaf = serde_json::Value::String(value.to_owned());
    }
    Some(json.to_string())
}

/// JSON without a member.
pub(super) fn without_leaf(json: &[u8], pointer: &str) -> Option<String> {
    let mut json: serde_json::Value = serde_json::from_slice(json).ok()?;
    let (parent, name) = pointer.rsplit_once('/')?;
    json.pointer_mut(parent)?.as_object_mut()?.shift_remove(name)?;
    Some(json.to_string())
}

/// Texts and numbers, by their pointers.
pub(super) fn json_leaves(
    value: &serde_json::Value,
    pointer: &mut String,
    found: &mut Vec<InsertionPoint>,
) {
    if found.len() >= MAX_POINTS {
        return;
    }
    let leaf = match value {
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                let length = pointer.len();
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                json_leaves(member, pointer, found);
                pointer.truncate(length);
            }
            return;
        }
        serde_json::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let length = pointer.len();
                pointer.push('/');
                pointer.push_str(&index.to_string());
                json_leaves(item, pointer, found);
                pointer.truncate(length);
            }
            return;
        }
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::Null | serde_json::Value::Bool(_) => return,
    };
    found.push(InsertionPoint {
        reference: InsertionRef { kind: InsertionKind::Json, name: pointer.clone() },
        value: leaf,
        place: Place::Json(pointer.clone()),
    });
}
