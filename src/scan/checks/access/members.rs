//! JSON as checks of access look at it: members with their names, and links of pages.

use serde_json::Value;
use url::Url;

use crate::model::Response;
use crate::scan::probe::Markup;
use crate::scan::probe::Scripting;
use crate::scan::probe::Shot;

/// Members of one document that are looked at.
const MAX_MEMBERS: usize = 4000;

const MAX_DEPTH: usize = 12;

/// Names of members that say which object it is.
const ID_NAMES: [&str; 8] = ["id", "uuid", "guid", "key", "slug", "number", "no", "ref"];

/// A member with a plain value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// JSON pointer.
    pub(super) pointer: String,
    pub(super) name: String,
    pub(super) value: String,
}

impl Member {
    /// Whether it says which object it is: `id`, `order_id`, `orderId`, `uuid`.
    pub(super) fn is_id(&self) -> bool {
        let lower = self.name.to_ascii_lowercase();
        let is_short =
            !self.value.is_empty() && self.value.len() <= 80 && !self.value.contains(' ');
        let ends = lower.ends_with("_id") || self.name.ends_with("Id") || lower.ends_with("-id");
        is_short && (ends || ID_NAMES.contains(&lower.as_str()))
    }
}

/// The document, if it is JSON.
pub(super) fn json(response: &Response) -> Option<Value> {
    let start = response.body.iter().find(|byte| !byte.is_ascii_whitespace())?;
    matches!(start, b'{' | b'[').then(|| serde_json::from_slice(&response.body).ok()).flatten()
}

/// Every plain value of a document.
pub(super) fn members(document: &Value) -> Vec<Member> {
    let mut found = Vec::new();
    walk(document, "", "", 0, &mut found);
    found
}

/// The same of an answer; none where it is no JSON.
pub(super) fn members_of(response: &Response) -> Vec<Member> {
    json(response).map(|document| members(&document)).unwrap_or_default()
}

fn walk(value: &Value, name: &str, pointer: &str, depth: usize, found: &mut Vec<Member>) {
    if depth > MAX_DEPTH || found.len() >= MAX_MEMBERS {
        return;
    }
    match value {
        Value::Object(all) => {
            for (name, member) in all {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                walk(member, name, &format!("{pointer}/{escaped}"), depth + 1, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, name, &format!("{pointer}/{index}"), depth + 1, found);
            }
        }
        Value::Null => {}
        plain => {
            let text = plain.as_str().map_or_else(|| plain.to_string(), str::to_owned);
            let (pointer, name) = (pointer.to_owned(), name.to_owned());
            found.push(Member { pointer, name, value: text });
        }
    }
}

/// The smallest object of a document that has that value somewhere in it as a member of its own.
pub(super) fn object_with<'v>(document: &'v Value, value: &str) -> Option<&'v Value> {
    match document {
        Value::Object(all) => {
            let has_it = |member: &Value| member.as_str() == Some(value);
            let inside = all.values().find_map(|member| object_with(member, value));
            inside.or_else(|| all.values().any(has_it).then_some(document))
        }
        Value::Array(items) => items.iter().find_map(|item| object_with(item, value)),
        _ => None,
    }
}

/// Addresses that a page links to, in its own origin.
pub(super) fn links(shot: &Shot) -> Vec<Url> {
    let response = shot.response();
    let Ok(page) = Url::parse(&shot.exchange.request.url()) else { return Vec::new() };
    if !response.is_html() {
        return Vec::new();
    }
    let markup = Markup::parse(&response.body_text(), Scripting::Off);
    let hrefs = markup.tags().filter(|tag| tag.name == "a").filter_map(|tag| tag.attribute("href"));
    let mut found: Vec<Url> = Vec::new();
    for mut url in hrefs.filter_map(|href| page.join(href).ok()) {
        url.set_fragment(None);
        if url.origin() == page.origin() && url != page && !found.contains(&url) {
            found.push(url);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_names_and_places() {
        let document = serde_json::json!({"a": {"order_id": 7, "x": null}, "l": [{"id": "q"}]});
        let found = members(&document);
        let ids: Vec<&str> =
            found.iter().filter(|it| it.is_id()).map(|it| it.value.as_str()).collect();
        assert_eq!(ids, ["7", "q"]);
        assert_eq!(found[1].pointer, "/l/0/id");
        let object = object_with(&document, "q").expect("it is there");
        assert_eq!(object, &serde_json::json!({"id": "q"}));
        assert_eq!(object_with(&document, "z"), None);
    }
}
