//! Values that the target has shown or taken, by the name they had there: what a description leaves
//! open (`/books/{title}`) is filled in with them.
//!
//! A list of books is where the title of a book stands: a value counts for a parameter if its field
//! has the parameter's name (`title`, `bookTitle`, `book_title`), and it counts first if it came from
//! the collection that the parameter's path names (`/books`, `{"books": […]}`).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::Method;
use crate::model::Request;
use crate::model::value_kind;
use crate::scan::point;
use crate::scan::point::InsertionPoint;

/// Values kept of one field of one place, and of all.
const MAX_OF_FIELD: usize = 5;
const MAX_FIELDS: usize = 5000;

/// Longer texts are no ids, names or titles.
const MAX_LEN: usize = 200;

/// Larger answers are not read.
const MAX_BODY: usize = 1 << 20;

/// Members of one answer that are looked at.
const MAX_LEAVES: usize = 2000;

const MAX_DEPTH: usize = 12;

/// Names that say nothing without the collection that they stand in.
const VAGUE: [&str; 8] = ["id", "name", "key", "code", "slug", "title", "uuid", "number"];

/// See the module.
#[derive(Debug, Default)]
pub(super) struct KnownValues {
    /// Words of the place and the field to values, in the order in which they came.
    by_field: BTreeMap<Field, Vec<String>>,
    /// In the order in which they came.
    order: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Field {
    name: String,
    /// Segments of the path and names of the members around it, in the singular.
    place: BTreeSet<String>,
}

impl KnownValues {
    /// Learns from an answer, and from the request that it accepts.
    pub(super) fn learn(&mut self, request: &Request, media_type: &str, body: &[u8]) {
        let path = request.path_and_query_text();
        let place = place_of(&path);
        if request.method == Method::new("POST") || request.method == Method::new("PUT") {
            for (name, value) in point::body_values(request) {
                self.add(&place, &name, value);
            }
        }
        if media_type.ends_with("json") && body.len() <= MAX_BODY {
            let Ok(answer) = serde_json::from_slice::<Value>(body) else { return };
            let mut left = MAX_LEAVES;
            self.read(&answer, &place, None, &mut left, 0);
        }
    }

    fn read(
        &mut self,
        value: &Value,
        place: &BTreeSet<String>,
        name: Option<&str>,
        left: &mut usize,
        depth: usize,
    ) {
        if *left == 0 || depth > MAX_DEPTH {
            return;
        }
        *left -= 1;
        match value {
            Value::Object(members) => {
                let mut inside = place.clone();
                inside.extend(name.map(singular));
                for (name, member) in members {
                    self.read(member, &inside, Some(name), left, depth + 1);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.read(item, place, name, left, depth + 1);
                }
            }
            Value::String(text) => self.add(place, name.unwrap_or_default(), text.clone()),
            Value::Number(number) => {
                self.add(place, name.unwrap_or_default(), number.to_string());
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn add(&mut self, place: &BTreeSet<String>, name: &str, value: String) {
        if value.is_empty() || value.len() > MAX_LEN || value.chars().any(char::is_control) {
            return;
        }
        let field = Field { name: plain(name), place: place.clone() };
        let is_new = !self.by_field.contains_key(&field);
        if is_new && self.by_field.len() >= MAX_FIELDS {
            return;
        }
        if is_new {
            self.order.push(field.clone());
        }
        let values = self.by_field.entry(field).or_default();
        if values.len() < MAX_OF_FIELD && !values.contains(&value) {
            values.push(value);
        }
    }

    /// Values for a parameter that stands below a collection, the likeliest first, each once.
    pub(super) fn candidates(&self, collection: &str, parameter: &str) -> Vec<String> {
        let collection = singular(collection);
        let wanted = bare(&plain(parameter), &collection);
        let mut found: Vec<(u32, &Field)> = self
            .order
            .iter()
            .filter_map(|field| Some((fit(field, &collection, &wanted, parameter)?, field)))
            .collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        let mut values = Vec::new();
        for (_, field) in found {
            for value in &self.by_field[field] {
                if !values.contains(value) {
                    values.push(value.clone());
                }
            }
        }
        values
    }
}

/// How well a field fits; `None` if it does not.
fn fit(field: &Field, collection: &str, wanted: &str, parameter: &str) -> Option<u32> {
    let name = bare(&field.name, collection);
    let is_here = !collection.is_empty() && field.place.contains(collection);
    // A list of plain values: `{"books": ["a", "b"]}`.
    let is_item = is_here && singular(&field.name) == *collection;
    let whole = field.name == plain(parameter);
    match () {
        () if is_here && whole => Some(4),
        () if is_here && name == wanted => Some(3),
        () if is_item => Some(2),
        // A review's `book` or `bookId` is a book.
        () if !collection.is_empty() && field.name == format!("{collection}{wanted}") => Some(2),
        () if whole && !VAGUE.contains(&field.name.as_str()) => Some(1),
        () => None,
    }
}

/// `bookTitle` of a book is its title.
fn bare(name: &str, collection: &str) -> String {
    let rest = name.strip_prefix(collection).filter(|rest| !rest.is_empty());
    rest.unwrap_or(name).to_owned()
}

fn place_of(path: &str) -> BTreeSet<String> {
    let path = path.split('?').next().unwrap_or_default();
    let words = path.split('/').filter(|it| !it.is_empty() && value_kind(it).is_none());
    words.map(singular).collect()
}

/// Lower-case letters and digits alone, without the number that tells variables apart.
fn plain(name: &str) -> String {
    let end = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = end.strip_suffix('_').unwrap_or(name);
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A word without its plural's ending, roughly: both sides are treated alike.
fn singular(word: &str) -> String {
    let word = plain(word);
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    let is_plural = word.ends_with('s') && !word.ends_with("ss") && word.len() > 3;
    if is_plural { word[..word.len() - 1].to_owned() } else { word }
}

/// What a description names in a request and the collection that it stands in, with the places where
/// its value goes.
pub(super) struct Open {
    pub(super) collection: String,
    pub(super) name: String,
    pub(super) point: InsertionPoint,
}

/// The parameters of a described request that a value may be found for: those of its path first.
pub(super) fn open_parameters(request: &Request, template: &str) -> Vec<Open> {
    let path = request.path_and_query_text().into_owned();
    let path = path.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = template.split('/').collect();
    let collection = |before: &[&str]| {
        let literal = before.iter().rev().find(|segment| !segment.contains('{'));
        literal.copied().unwrap_or_default().to_owned()
    };
    let mut open = Vec::new();
    if segments.len() == path.split('/').count() {
        for (index, segment) in segments.iter().enumerate() {
            let Some((name, point)) = point::in_template(request, index, segment) else { continue };
            open.push(Open { collection: collection(&segments[..index]), name, point });
        }
    }
    let last = collection(&segments);
    let rest = point::insertion_points(request).into_iter().filter(InsertionPoint::is_pair);
    open.extend(rest.map(|point| Open {
        collection: last.clone(),
        name: point.reference.name.clone(),
        point,
    }));
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;
    use crate::model::Target;

    fn get(target: &str) -> Request {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        Request::get(origin, target)
    }

    fn known(answers: &[(&str, &str)]) -> KnownValues {
        let mut known = KnownValues::default();
        for (path, answer) in answers {
            known.learn(&get(path), "application/json", answer.as_bytes());
        }
        known
    }

    #[test]
    fn a_field_of_the_collection_is_the_parameter() {
        let known = known(&[
            ("/authors", r#"[{"id": 9, "title": "Dr"}]"#),
            ("/library/v1/books", r#"{"Books": [{"book_title": "Dune", "id": 3, "isbn": "x-1"}]}"#),
        ]);
        assert_eq!(known.candidates("books", "title"), ["Dune"]);
        assert_eq!(known.candidates("books", "bookTitle"), ["Dune"]);
        assert_eq!(known.candidates("books", "book_id_2"), ["3"]);
        assert_eq!(known.candidates("authors", "id"), ["9"]);
        assert_eq!(known.candidates("loans", "isbn"), ["x-1"], "nobody else calls anything so");
        assert!(known.candidates("loans", "id").is_empty(), "an id of what?");
    }

    #[test]
    fn lists_of_plain_values_and_what_others_refer_to_count() {
        let known = known(&[
            ("/tags", r#"{"tags": ["red", "blue"]}"#),
            ("/reviews", r#"[{"bookId": 12, "id": 1}]"#),
        ]);
        assert_eq!(known.candidates("tags", "tag"), ["red", "blue"]);
        assert_eq!(known.candidates("books", "id"), ["12"]);
    }

    #[test]
    fn what_was_created_exists() {
        let mut known = KnownValues::default();
        let mut request = get("/members");
        request.method = Method::new("POST");
        request.headers.push(Header::new("Content-Type", "application/json"));
        request.body = br#"{"username": "ann", "age": 3}"#.to_vec();
        known.learn(&request, "text/plain", b"ok");
        assert_eq!(known.candidates("members", "username"), ["ann"]);
    }

    #[test]
    fn memory_is_bounded_whatever_is_answered() {
        let mut known = KnownValues::default();
        for n in 0..40 {
            let members: Vec<String> =
                (0..300).map(|m| format!("\"f{}\": 1", n * 300 + m)).collect();
            let answer = format!("{{{}}}", members.join(","));
            known.learn(&get(&format!("/p{n}")), "application/json", answer.as_bytes());
        }
        assert!(known.by_field.len() <= MAX_FIELDS);
        let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        known.learn(&get("/deep"), "application/json", deep.as_bytes());
        known.learn(&get("/deep"), "application/json", b"{");
    }

    #[test]
    fn parameters_of_path_query_and_body_are_open() {
        let open = open_parameters(&get("/a/books/x/y?limit=3"), "/a/books/{title}/{page}");
        let told: Vec<_> =
            open.iter().map(|it| (it.collection.as_str(), it.name.as_str())).collect();
        assert_eq!(told, [("books", "title"), ("books", "page"), ("books", "limit")]);
        assert_eq!(open_parameters(&get("/a/b/c"), "/a/{path}").len(), 0);
    }
}
