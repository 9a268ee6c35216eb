//! JSON: texts that look like addresses, wherever they stand, and what members of known documents
//! (web app manifests, speculation rules, hypermedia) hold.

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::html::markup_references;
use super::text::{
    has_page_extension, looks_like_markup, looks_like_path, looks_like_relative, looks_like_url,
};
use super::{Against, Evidence, References};

/// Members that hold addresses, whatever they look like.
const ADDRESSES: [&str; 8] =
    ["href", "urls", "start_url", "url", "src", "xmlurl", "next_url", "action"];

/// Members with addresses as names of others have them: only what has a slash is one.
const PREFIXES: [&str; 3] = ["base", "root", "prefix"];

/// Names of members whose text is an address, also a relative one.
const MEMBERS: [&str; 10] =
    ["uri", "link", "path", "endpoint", "next", "prev", "previous", "self", "location", "route"];

/// What a JSON document refers to; a web app manifest's addresses among them.
pub(super) fn json_references(text: &str) -> References {
    json_within(text, 0)
}

/// The same, `depth` documents deep.
pub(super) fn json_within(text: &str, depth: u32) -> References {
    let mut found = References::default();
    let text = text.trim_start().trim_start_matches(")]}'").trim_start();
    let mut reader = serde_json::Deserializer::from_str(text);
    // One value a line is a document as well. What was found before a fault counts.
    for _ in 0..MAX_VALUES {
        if reader.deserialize_any(Walk { member: "", depth, found: &mut found }).is_err() {
            break;
        }
    }
    found
}

/// Values of a document of several.
const MAX_VALUES: usize = 100_000;

struct Walk<'a> {
    member: &'a str,
    depth: u32,
    found: &'a mut References,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if looks_like_markup(text) {
            self.found.extend(markup_references(text, self.depth + 1));
        } else if let Some(evidence) = judge(self.member, text) {
            self.found.add(text, evidence, Against::File);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let (member, depth, found) = (self.member, self.depth, self.found);
        while list.next_element_seed(Walk { member, depth, found: &mut *found })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (depth, found) = (self.depth, self.found);
        while let Some(member) = map.next_key::<String>()? {
            // The paths of an API description, and of a route table.
            if looks_like_path(&member) {
                found.add(&member, Evidence::Likely, Against::File);
            }
            map.next_value_seed(Walk { member: &member, depth, found: &mut *found })?;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// How sure it is that a member's text is an address.
fn judge(member: &str, text: &str) -> Option<Evidence> {
    let is_one_of = |names: &[&str]| names.iter().any(|known| member.eq_ignore_ascii_case(known));
    let lower = member.to_ascii_lowercase();
    if PREFIXES.iter().any(|word| lower.contains(word)) && looks_like_path(text) {
        return Some(Evidence::Weak);
    }
    if looks_like_url(text) || looks_like_path(text) {
        return Some(Evidence::Likely);
    }
    let is_word = text.len() > 1
        && !text.contains(char::is_whitespace)
        && text.chars().all(|c| c.is_ascii_graphic())
        && !text.contains(['<', '>', '"', '\\']);
    let is_relative = looks_like_relative(text);
    let path = text.split(['?', '#']).next().unwrap_or_default();
    if is_one_of(&ADDRESSES) && is_word && text.contains(['/', '?', '-', '.', '_']) {
        return Some(Evidence::Likely);
    }
    // `items/7`, and `poster?id=1` under any name.
    let is_named = is_one_of(&MEMBERS) && (text.starts_with('.') || text.contains('/'));
    if is_named && is_word {
        return Some(Evidence::Likely);
    }
    let is_page = text.contains('?') || has_page_extension(path);
    (is_relative && is_page && is_word).then_some(Evidence::Weak)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(json: &str) -> Vec<String> {
        json_references(json).list.into_iter().map(|reference| reference.text).collect()
    }

    #[test]
    fn addresses_at_any_depth_and_no_other_texts() {
        let json = r#"{ "name": "n/a", "ok": [true, 1, -2, 1.5, null],
            "items": [ { "href": "items/7", "note": "either/or", "self": "https://h/x" } ],
            "next": "?page=2", "html": "see <a href='/in/html'>it</a>", "poster": "p?id=1",
            "baseUrl": "/v1", "icons": [ { "src": "./i.png" } ], "deep": [[["/api/deep"]]] }"#;
        assert_eq!(
            texts(json),
            ["items/7", "https://h/x", "/in/html", "p?id=1", "/v1", "./i.png", "/api/deep"]
        );
    }

    #[test]
    fn paths_are_names_too() {
        assert_eq!(texts(r#"{"paths": {"/users/{id}": {"get": {}}}}"#), ["/users/1"]);
    }

    #[test]
    fn lines_of_json_and_known_members_are_read() {
        assert_eq!(texts("{\"a\":\"/one\"}\n{\"a\":\"/two\"}\n"), ["/one", "/two"]);
        assert_eq!(
            texts(r#"{"urls":["also-this"],"href":"order-invoice","tags":["on-off"]}"#).len(),
            2
        );
        assert_eq!(texts(r#")]}'{"a":"/guarded{?q}"}"#), ["/guarded"]);
    }

    #[test]
    fn what_stands_before_a_fault_is_found() {
        assert_eq!(texts(r#"{"a": "/before", "b": }"#), ["/before"]);
        assert_eq!(texts(&"[".repeat(100_000)), Vec::<String>::new());
    }
}
