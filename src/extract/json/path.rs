//! JSONPath (RFC 9535): the first node that a query selects.

use std::borrow::Cow;

use serde_json::Value;

use super::scan::Scanner;
use super::text::is_text;
use super::text::unescape;

/// Why a text is no JSONPath.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` is not a JSONPath: {cause}")]
pub struct JsonPathError {
    /// What was given.
    pub path: String,
    /// The parser's word.
    pub cause: String,
}

/// A compiled JSONPath.
///
/// Paths of names and indices (`$.items[0]['id']`) are walked over the text, which is read up to
/// the value and no further, without an allocation. Every other query (wildcards, slices, filters)
/// builds the document first. Where an object has a name twice, such a path takes the first and a
/// query the last: RFC 8259 leaves open which one counts.
#[derive(Debug, Clone)]
pub struct JsonPath {
    text: String,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Singular(Vec<Step>),
    Query(Box<serde_json_path::JsonPath>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(Vec<u8>),
    /// From the start, or from the end where it is negative.
    Index(i64),
}

/// A node that a path selects: the text of a valid JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonFound<'a>(Cow<'a, [u8]>);

impl JsonPath {
    /// Compiles `path`.
    ///
    /// # Errors
    /// [`JsonPathError`] for what RFC 9535 does not know.
    pub fn parse(path: &str) -> Result<Self, JsonPathError> {
        let query = serde_json_path::JsonPath::parse(path)
            .map_err(|error| JsonPathError { path: path.to_owned(), cause: error.to_string() })?;
        let form = match singular(path) {
            Some(steps) => Form::Singular(steps),
            None => Form::Query(Box::new(query)),
        };
        Ok(Self { text: path.to_owned(), form })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first node of `json` that it selects; `None` also where the text is no JSON up to there.
    pub fn find<'a>(&self, json: &'a [u8]) -> Option<JsonFound<'a>> {
        match &self.form {
            Form::Singular(steps) => walk(steps, json).map(|text| JsonFound(Cow::Borrowed(text))),
            Form::Query(query) => {
                let document: Value = serde_json::from_slice(json).ok()?;
                let first = query.query(&document).first()?.to_string();
                Some(JsonFound(Cow::Owned(first.into_bytes())))
            }
        }
    }
}

impl JsonPath {
    /// Every node of `json` that it selects, in order; none also where the text is no JSON.
    pub fn find_all<'a>(&self, json: &'a [u8]) -> Vec<JsonFound<'a>> {
        match &self.form {
            Form::Singular(_) => self.find(json).into_iter().collect(),
            Form::Query(query) => {
                let Ok(document) = serde_json::from_slice::<Value>(json) else { return Vec::new() };
                let nodes = query.query(&document);
                let text = |node: &Value| JsonFound(Cow::Owned(node.to_string().into_bytes()));
                nodes.iter().map(|node| text(node)).collect()
            }
        }
    }
}

impl PartialEq for JsonPath {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for JsonPath {}

impl JsonFound<'_> {
    /// Its text as it stands in the document.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        *self.0 == *b"null"
    }

    /// Appends what it says to `out`: a string without its quotes and escapes, anything else as it
    /// stands. False where a string's escapes stand for no text; `out` may have grown.
    pub fn write_text(&self, out: &mut Vec<u8>) -> bool {
        let Some(raw) = self.0.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else {
            out.extend_from_slice(&self.0);
            return true;
        };
        let start = out.len();
        let is_whole = unescape(raw, |piece| out.extend_from_slice(piece));
        is_whole && std::str::from_utf8(&out[start..]).is_ok()
    }

    /// Whether it is the value `wanted`; numbers are compared as numbers.
    pub fn equals(&self, wanted: &Value) -> bool {
        if let (Value::String(wanted), Some(raw)) = (wanted, self.0.strip_prefix(b"\"")) {
            return is_text(raw.strip_suffix(b"\"").unwrap_or(raw), wanted.as_bytes());
        }
        serde_json::from_slice::<Value>(&self.0).is_ok_and(|found| match (&found, wanted) {
            (Value::Number(found), Value::Number(wanted)) => {
                found == wanted || found.as_f64() == wanted.as_f64()
            }
            _ => found == *wanted,
        })
    }
}

fn walk<'a>(steps: &[Step], json: &'a [u8]) -> Option<&'a [u8]> {
    let mut scanner = Scanner::new(json);
    for step in steps {
        match step {
            Step::Name(name) => enter_object(&mut scanner, name)?,
            Step::Index(index) => enter_array(&mut scanner, *index)?,
        }
    }
    let value = scanner.value()?;
    // A number that the text ends in the middle of would be another number.
    let is_ended = match steps.last() {
        None => scanner.peek().is_none(),
        Some(Step::Name(_)) => matches!(scanner.peek(), Some(b',' | b'}')),
        Some(Step::Index(_)) => matches!(scanner.peek(), Some(b',' | b']')),
    };
    is_ended.then_some(value)
}

/// Goes to the value of the first member of that name.
fn enter_object(scanner: &mut Scanner<'_>, name: &[u8]) -> Option<()> {
    if !scanner.take(b'{') || scanner.peek() == Some(b'}') {
        return None;
    }
    loop {
        if is_text(scanner.key()?, name) {
            return Some(());
        }
        scanner.value()?;
        if !scanner.take(b',') {
            return None;
        }
    }
}

/// Goes to the element of that index.
fn enter_array(scanner: &mut Scanner<'_>, index: i64) -> Option<()> {
    let mut left = match u64::try_from(index) {
        Ok(index) => index,
        Err(_) => count_elements(*scanner)?.checked_sub(index.unsigned_abs())?,
    };
    if !scanner.take(b'[') || scanner.peek() == Some(b']') {
        return None;
    }
    while left > 0 {
        scanner.value()?;
        if !scanner.take(b',') {
            return None;
        }
        left -= 1;
    }
    Some(())
}

fn count_elements(mut scanner: Scanner<'_>) -> Option<u64> {
    if !scanner.take(b'[') || scanner.take(b']') {
        return None;
    }
    let mut count = 0;
    loop {
        scanner.value()?;
        count += 1;
        if !scanner.take(b',') {
            return scanner.take(b']').then_some(count);
        }
    }
}

/// The steps of a path of names and indices; `None` for any other query.
fn singular(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('.') {
            Some(rest) => shorthand(rest)?,
            None => bracketed(rest.strip_prefix('[')?)?,
        };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

fn shorthand(rest: &str) -> Option<(Step, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    (!name.is_empty()).then(|| (Step::Name(name.as_bytes().to_vec()), after))
}

fn bracketed(rest: &str) -> Option<(Step, &str)> {
    let quote = rest.chars().next()?;
    if matches!(quote, '\'' | '"') {
        let (name, after) = rest[1..].split_once(quote)?;
        let after = after.strip_prefix(']')?;
        return (!name.contains('\\')).then(|| (Step::Name(name.as_bytes().to_vec()), after));
    }
    let (index, after) = rest.split_once(']')?;
    Some((Step::Index(index.parse().ok()?), after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn found(path: &str, json: &str) -> Option<String> {
        let path = JsonPath::parse(path).unwrap_or_else(|error| panic!("{error}"));
        let found = path.find(json.as_bytes())?;
        Some(String::from_utf8(found.as_bytes().to_vec()).expect("the test's text"))
    }

    fn text(path: &str, json: &str) -> Option<String> {
        let path = JsonPath::parse(path).expect("a path");
        let mut out = Vec::new();
        let is_text = path.find(json.as_bytes())?.write_text(&mut out);
        is_text.then(|| String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn paths_of_names_and_indices_are_walked() {
        let json = r#" {"a": [1, {"b c": "x", "": -0.5e+3}, [], {}], "a2": null, "é": true} "#;
        for (path, expected) in [
            ("$.a[0]", Some("1")),
            ("$['a'][1]['b c']", Some("\"x\"")),
            ("$.a[1]['']", Some("-0.5e+3")),
            ("$.a[-1]", Some("{}")),
            ("$.a[-4]", Some("1")),
            ("$.a[-5]", None),
            ("$.a[4]", None),
            ("$.a[2][0]", None),
            ("$.a2", Some("null")),
            ("$.é", Some("true")),
            ("$.a.b", None),
            ("$[0]", None),
            ("$.a[1]", Some(r#"{"b c": "x", "": -0.5e+3}"#)),
        ] {
            assert_eq!(found(path, json).as_deref(), expected, "{path}");
        }
        assert_eq!(found("$", " 12 ").as_deref(), Some("12"));
    }

    #[test]
    fn other_queries_give_their_first_node() {
        let json = r#"{"items":[{"id":1,"n":"a"},{"id":2,"n":"b"}]}"#;
        for (path, expected) in [
            ("$.items[*].id", "1"),
            ("$.items[?@.n == 'b'].id", "2"),
            ("$..n", "\"a\""),
            ("$.items[1:].id", "2"),
            (r"$['it\u0065ms'][0].n", "\"a\""),
        ] {
            assert_eq!(found(path, json).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn strings_lose_their_quotes_and_escapes() {
        let json = r#"{"a":"x\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00y","\u0062":"c","half":"\ud83d"}"#;
        let said = "x\"\\/\u{8}\u{c}\n\r\té😀y";
        assert_eq!(text("$.a", json).as_deref(), Some(said));
        assert_eq!(text("$.b", json).as_deref(), Some("c"));
        assert_eq!(text("$.half", json), None);
    }

    #[test]
    fn text_that_is_broken_before_the_value_ends_gives_none() {
        for json in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":-}",
            "{\"a\":tru}",
            "{\"a\":\"x}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}",
            "{\"a\":[1}",
            "{\"a\":{\"b\" 1}}",
            "{\"x\":[1,],\"a\":1}",
            "{\"x\" \"a\":1}",
            "{a:1}",
            "[\"a\",1]",
            "{\"a\":\"\n\"}",
            "{\"a\":1]",
            "{,\"a\":1}",
        ] {
            assert_eq!(found("$.a", json), None, "{json}");
        }
        let deep = format!("{{\"x\":{}1{},\"a\":2}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(found("$.a", &deep), None);
    }

    #[test]
    fn what_is_no_path_is_refused_with_a_position() {
        for path in ["", "a", "$.", "$[", "$['a'", "$.a-b", "$[01]", "$[-0]", "$ .a["] {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn values_are_compared_as_json_compares_them() {
        let equals = |json: &str, wanted: Value| {
            JsonPath::parse("$")
                .expect("a path")
                .find(json.as_bytes())
                .expect("a value")
                .equals(&wanted)
        };
        assert!(equals(r#""\u0061""#, json!("a")));
        assert!(equals("1.0", json!(1)));
        assert!(equals("[1, {}]", json!([1, {}])));
        assert!(!equals("\"1\"", json!(1)));
        assert!(!equals("null", json!(false)));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            (-1e9..1e9f64).prop_map(Value::from),
            "[a-c\"\\\\\n\u{e9}\u{1f600}]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map("[abé\"]{1,2}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn path() -> impl Strategy<Value = String> {
        let step = prop_oneof![
            "[abé]{1,2}".prop_map(|name| format!(".{name}")),
            "[abé\"]{1,2}".prop_map(|name| format!("['{name}']")),
            (-3i64..4).prop_map(|index| format!("[{index}]")),
        ];
        prop::collection::vec(step, 0..4).prop_map(|steps| format!("${}", steps.concat()))
    }

    /// What the reference makes of it.
    fn reference(path: &str, document: &Value) -> Option<Value> {
        serde_json_path::JsonPath::parse(path).expect("a path").query(document).first().cloned()
    }

    proptest! {
        #[test]
        fn a_valid_document_gives_what_the_reference_gives(
            document in value(), path in path(), pretty in any::<bool>(),
        ) {
            let json = if pretty {
                serde_json::to_string_pretty(&document).expect("a value")
            } else {
                document.to_string()
            };
            let compiled = JsonPath::parse(&path).expect("a path");
            prop_assert!(matches!(compiled.form, Form::Singular(_)), "{}", path);
            let found = compiled.find(json.as_bytes());
            let found = found.map(|found| serde_json::from_slice(found.as_bytes()).expect("JSON"));
            prop_assert_eq!(found, reference(&path, &document));
        }

        /// Whatever is broken, a value that is given stands in a text that is whole up to its end:
        /// with what is open closed behind it, it is JSON, and the reference finds the same there.
        #[test]
        fn a_broken_document_gives_no_wrong_value(
            document in value(),
            path in path(),
            faults in prop::collection::vec((any::<prop::sample::Index>(), any::<Option<u8>>()), 1..3),
        ) {
            let mut json = document.to_string().into_bytes();
            for (place, fault) in faults {
                let at = place.index(json.len());
                match fault {
                    Some(byte) => json[at] = byte & 0x7f,
                    None => json.truncate(at.max(1)),
                }
            }
            let compiled = JsonPath::parse(&path).expect("a path");
            let Form::Singular(steps) = &compiled.form else { unreachable!("names and indices") };
            // From the end, an index means another element once the text is cut.
            prop_assume!(json.is_ascii() && !steps.iter().any(|s| matches!(s, Step::Index(..0))));
            if let Some(text) = walk(steps, &json) {
                let end = text.as_ptr() as usize - json.as_ptr() as usize + text.len();
                let mut whole = json[..end].to_vec();
                whole.extend(steps.iter().rev().map(|step| match step {
                    Step::Name(_) => b'}',
                    Step::Index(_) => b']',
                }));
                let whole: Value = match serde_json::from_slice(&whole) {
                    Ok(whole) => whole,
                    // A number that no double holds is JSON all the same.
                    Err(error) => {
                        prop_assert!(error.to_string().contains("out of range"), "{error}");
                        return Ok(());
                    }
                };
                let value: Value = serde_json::from_slice(text).expect("JSON");
                prop_assert_eq!(reference(&path, &whole), Some(value));
            }
        }
    }
}
