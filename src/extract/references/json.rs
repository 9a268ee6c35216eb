//! JSON: texts that look like addresses, wherever they stand.

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::text::{looks_like_path, looks_like_url};
use super::{Against, Evidence, References};

/// Names of members whose text is an address, also a relative one.
const MEMBERS: [&str; 16] = [
    "url",
    "uri",
    "href",
    "src",
    "link",
    "path",
    "endpoint",
    "start_url",
    "scope",
    "next",
    "prev",
    "previous",
    "self",
    "action",
    "location",
    "route",
];

/// What a JSON document refers to; a web app manifest's addresses among them.
pub(crate) fn json_references(text: &str) -> References {
    let mut found = References::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    // What was found before a fault counts.
    let _fault = reader.deserialize_any(Walk { member: "", found: &mut found });
    found
}

struct Walk<'a> {
    member: &'a str,
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
        let is_address = MEMBERS.iter().any(|known| self.member.eq_ignore_ascii_case(known));
        let is_relative = is_address
            && (text.starts_with('.') || text.contains('/'))
            && !text.contains(char::is_whitespace);
        if looks_like_url(text) || looks_like_path(text) || is_relative {
            self.found.add(text, Evidence::Likely, Against::File);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let (member, found) = (self.member, self.found);
        while list.next_element_seed(Walk { member, found: &mut *found })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let found = self.found;
        while let Some(member) = map.next_key::<String>()? {
            // The paths of an API description, and of a route table.
            if looks_like_path(&member) {
                found.add(&member.replace(['{', '}'], ""), Evidence::Likely, Against::File);
            }
            map.next_value_seed(Walk { member: &member, found: &mut *found })?;
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
            "next": "?page=2", "icons": [ { "src": "./i.png" } ], "deep": [[["/api/deep"]]] }"#;
        assert_eq!(texts(json), ["items/7", "https://h/x", "./i.png", "/api/deep"]);
    }

    #[test]
    fn paths_are_names_too() {
        assert_eq!(texts(r#"{"paths": {"/users/{id}": {"get": {}}}}"#), ["/users/id"]);
    }

    #[test]
    fn what_stands_before_a_fault_is_found() {
        assert_eq!(texts(r#"{"a": "/before", "b": }"#), ["/before"]);
        assert_eq!(texts(&"[".repeat(100_000)), Vec::<String>::new());
    }
}
