//! How a page is built, whatever it says: two articles of one blog are alike, an article and the
//! list of articles are not.
//!
//! A page's elements become features (element, its classes, the two elements around it; of form
//! fields the name; of JSON the keys), the distinct ones of which vote on the bits of a hash
//! (`SimHash`: Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002). The
//! share of bits in which two hashes differ grows with the angle between the sets of features, so
//! that likeness is one XOR, and a page costs 24 bytes to remember. Pages in one frame that ask for
//! other things do other things, however alike they look: the names of their fields must be the same.

use std::collections::HashSet;
use std::hash::Hash as _;
use std::hash::Hasher as _;

use crate::extract::Markup;
use crate::extract::Piece;
use crate::extract::Tag;

/// Bits in which pages of one template may differ. Pages that share four fifths of their features
/// differ in 10 bits on average, those that share half of them in 17.
const LIKE: u32 = 10;

/// Fewer features say nothing: any two short texts are alike.
const MIN_FEATURES: u32 = 6;

/// Distinct features that are looked at.
const MAX_FEATURES: usize = 4096;

/// Open elements that are remembered.
const MAX_OPEN: usize = 64;

/// Bytes of JSON that are looked at, and how deep.
const MAX_JSON: usize = 256 * 1024;
const MAX_JSON_DEPTH: u32 = 6;

/// Elements without an end.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// The build of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Structure {
    hash: u64,
    features: u32,
    /// Of the names of all fields that people fill in.
    fields: u64,
}

impl Structure {
    /// That of an HTML page.
    pub(crate) fn of_markup(markup: &Markup) -> Self {
        let mut features = HashSet::new();
        let mut fields = HashSet::new();
        let mut open: Vec<&str> = Vec::new();
        for piece in &markup.pieces {
            match piece {
                Piece::Open(tag) => {
                    if features.len() < MAX_FEATURES {
                        features.insert(feature(tag, &open));
                        fields.extend(field(tag));
                    }
                    if !VOID.contains(&tag.name.as_str()) && open.len() < MAX_OPEN {
                        open.push(&tag.name);
                    }
                }
                Piece::Close(name) => {
                    if let Some(place) = open.iter().rposition(|known| known == name) {
                        open.truncate(place);
                    }
                }
                Piece::Text { .. } | Piece::Comment(_) => {}
            }
        }
        // Whatever their order.
        let fields = fields.iter().fold(0, |all, name| all ^ name);
        Self { fields, ..Self::of_features(&features) }
    }

    /// That of a JSON document; `None` for what is none.
    pub(crate) fn of_json(text: &str) -> Option<Self> {
        if text.len() > MAX_JSON {
            return None;
        }
        let value = serde_json::from_str(text).ok()?;
        let mut features = HashSet::new();
        keys(&value, 0, 0, &mut features);
        Some(Self::of_features(&features))
    }

    fn of_features(features: &HashSet<u64>) -> Self {
        let mut votes = [0_i32; 64];
        #[expect(clippy::iter_over_hash_type, reason = "a sum does not depend on the order")]
        for feature in features {
            for (bit, vote) in votes.iter_mut().enumerate() {
                *vote += if feature >> bit & 1 == 1 { 1 } else { -1 };
            }
        }
        let hash = votes
            .iter()
            .enumerate()
            .filter(|(_, vote)| **vote > 0)
            .fold(0, |hash, (bit, _)| hash | 1 << bit);
        Self { hash, features: u32::try_from(features.len()).unwrap_or(u32::MAX), fields: 0 }
    }

    /// Whether two pages were made by the same template.
    pub(crate) fn is_like(self, other: Self) -> bool {
        self.fields == other.fields && (self.hash ^ other.hash).count_ones() <= LIKE
    }

    /// Whether likeness to it means anything.
    pub(crate) fn is_telling(self) -> bool {
        self.features >= MIN_FEATURES
    }
}

/// Element and classes, within what it stands. Digits are left out of classes: `item-17`.
fn feature(tag: &Tag, open: &[&str]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    tag.name.hash(&mut hasher);
    for around in open.iter().rev().take(2) {
        around.hash(&mut hasher);
    }
    if let Some(classes) = tag.attribute("class") {
        for byte in classes.bytes().filter(|byte| !byte.is_ascii_digit()).take(64) {
            hasher.write_u8(byte);
        }
    }
    if matches!(tag.name.as_str(), "input" | "select" | "textarea" | "form") {
        tag.attribute("name").hash(&mut hasher);
    }
    hasher.finish()
}

/// The name of a field that somebody fills in, without its digits.
fn field(tag: &Tag) -> Option<u64> {
    let is_field = matches!(tag.name.as_str(), "input" | "select" | "textarea");
    let is_hidden = tag.attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("hidden"));
    let name = tag.attribute("name").filter(|name| is_field && !is_hidden && !name.is_empty())?;
    let mut hasher = std::hash::DefaultHasher::new();
    name.bytes().filter(|byte| !byte.is_ascii_digit()).take(64).for_each(|it| hasher.write_u8(it));
    Some(hasher.finish())
}

fn keys(value: &serde_json::Value, within: u64, depth: u32, features: &mut HashSet<u64>) {
    if depth > MAX_JSON_DEPTH || features.len() >= MAX_FEATURES {
        return;
    }
    match value {
        serde_json::Value::Object(members) => {
            for (key, member) in members {
                let mut hasher = std::hash::DefaultHasher::new();
                (within, key).hash(&mut hasher);
                let place = hasher.finish();
                features.insert(place);
                keys(member, place, depth + 1, features);
            }
        }
        serde_json::Value::Array(members) => {
            for member in members.iter().take(16) {
                keys(member, within, depth + 1, features);
            }
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Scripting;

    const CHROME: &str = "<html><head><title>x</title><link rel=stylesheet></head><body class=site>
        <nav class=top><ul><li class=on><a class=home href=/>Home</a></li></ul></nav>
        <footer class=bottom><p class=legal>x</p></footer>";

    fn page(body: &str) -> Structure {
        Structure::of_markup(&Markup::parse(&format!("{CHROME}{body}"), Scripting::Off))
    }

    fn article(paragraphs: usize) -> Structure {
        let text = "<p class=text>some <em>words</em></p>".repeat(paragraphs);
        page(&format!(
            "<article class=post><h1 class=title>x</h1><time class=date>1</time>{text}
             <section class=comments><form class=reply><textarea name=text></textarea></form>
             </section></article>"
        ))
    }

    #[test]
    fn pages_of_one_template_are_alike_however_long_they_are() {
        assert!(article(1).is_like(article(40)));
        assert!(article(1).is_telling());
    }

    #[test]
    fn another_template_in_the_same_frame_is_not_alike() {
        let list = page(
            "<table class=list><thead><tr><th class=name>n</th><th class=price>p</th></tr></thead>
             <tbody><tr class=row><td class=name>n</td><td class=price>1</td></tr></tbody></table>
             <form class=filter><select name=sort><option>1</option></select></form>",
        );
        assert!(!article(3).is_like(list));
    }

    #[test]
    fn pages_that_ask_for_other_things_are_not_alike() {
        let asks =
            |fields: &str| page(&format!("<div class=box><form action=#>{fields}</form></div>"));
        let search = asks("<input name=id><input type=submit name=go value=Go>");
        let greet = asks("<input name=name><input type=submit name=go value=Go>");
        assert!(!search.is_like(greet));
        let again = "<input type=hidden name=a1b2 value=x><input name=id7>\
                     <input type=submit name=go value=Go>";
        assert!(search.is_like(asks(again)), "tokens and numbers are no other question");
    }

    #[test]
    fn documents_with_the_same_keys_are_alike() {
        let of = |text| Structure::of_json(text).expect("JSON");
        let one =
            of(r#"{"id":1,"name":"a","tags":[{"key":"x","value":"y"}],"at":"2026","by":"b"}"#);
        let two = of(
            r#"{"id":2,"name":"b","tags":[{"key":"z","value":"y"},{"key":"x","value":"z"}],"at":"2027","by":"c"}"#,
        );
        assert_eq!(one, two);
        assert!(
            !one.is_like(of(r#"{"error":"x","code":3,"where":{"line":1,"column":2},"trace":[]}"#))
        );
        assert_eq!(Structure::of_json("<p>"), None);
    }
}
