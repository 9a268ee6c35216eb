//! What a listener for messages reads of them, as far as its source says it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Map;
use serde_json::Value;

/// Members and values taken of one page's listeners.
const MAX_NAMES: usize = 16;

/// Messages that are posted to one page.
const MAX_MESSAGES: usize = 40;

/// Bytes of source that are looked through.
const MAX_TEXT: usize = 512 << 10;

static ALIASES: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"([A-Za-z_$][\w$]*)\s*=\s*(?:[\w$.]*\.data\b|[\w$.]*JSON\s*\.\s*parse\b)")
});

static TAKEN_APART: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"\{([A-Za-z0-9_$\s,:=]{1,300})\}\s*=\s*(?:[\w$.]*\bdata\b|JSON\s*\.\s*parse)")
});

static COMPARED: LazyLock<Regex> =
    LazyLock::new(|| compiled(r#"\.([A-Za-z_$][\w$]*)\s*===?\s*['"`]([^'"`]{1,60})['"`]"#));

static COMPARED_BACKWARDS: LazyLock<Regex> =
    LazyLock::new(|| compiled(r#"['"`]([^'"`]{1,60})['"`]\s*===?\s*[\w$.]*?\.([A-Za-z_$][\w$]*)"#));

static SWITCHED: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"switch\s*\(\s*[\w$.]*?\.?([A-Za-z_$][\w$]*)\s*\)"));

static CASES: LazyLock<Regex> = LazyLock::new(|| compiled(r#"case\s*['"`]([^'"`]{1,60})['"`]"#));

static BEGINNINGS: LazyLock<Regex> =
    LazyLock::new(|| compiled(r#"\.(?:startsWith|indexOf|split)\(\s*['"`]([^'"`]{1,60})['"`]"#));

/// What is read of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// Members, and members of those.
    members: BTreeSet<(String, Option<String>)>,
    /// Members with a value that something depends on.
    choices: BTreeSet<(String, String)>,
    beginnings: BTreeSet<String>,
    is_parsed: bool,
}

impl Reads {
    /// Of the sources of listeners, or of the scripts that they stand in.
    pub(super) fn of<'a>(sources: impl Iterator<Item = &'a str>) -> Self {
        let mut reads = Self::default();
        for source in sources {
            let end = source.floor_char_boundary(MAX_TEXT.min(source.len()));
            reads.add(&source[..end]);
        }
        reads
    }

    fn add(&mut self, text: &str) {
        self.is_parsed |= text.contains("JSON.parse");
        let mut objects: BTreeSet<&str> = BTreeSet::from(["data"]);
        let aliases = ALIASES.captures_iter(text).filter_map(|found| Some(found.get(1)?.as_str()));
        objects.extend(aliases.take(MAX_NAMES));
        for object in objects {
            let pattern = format!(
                r"(?:^|[^\w$]){}\s*\??\.\s*([A-Za-z_$][\w$]*)(?:\s*\??\.\s*([A-Za-z_$][\w$]*))?",
                regex::escape(object)
            );
            let Ok(pattern) = Regex::new(&pattern) else { continue };
            for found in pattern.captures_iter(text) {
                let second = found.get(2).map(|it| it.as_str()).filter(|name| !is_method(name));
                self.member(&found[1], second);
            }
        }
        for found in TAKEN_APART.captures_iter(text) {
            for name in found[1].split(',') {
                self.member(name.split([':', '=']).next().unwrap_or_default().trim(), None);
            }
        }
        for found in COMPARED.captures_iter(text) {
            self.choice(&found[1], &found[2]);
        }
        for found in COMPARED_BACKWARDS.captures_iter(text) {
            self.choice(&found[2], &found[1]);
        }
        for found in SWITCHED.captures_iter(text) {
            let cases: Vec<_> = CASES.captures_iter(text).take(MAX_NAMES).collect();
            for case in cases {
                self.choice(&found[1], &case[1]);
            }
        }
        for found in BEGINNINGS.captures_iter(text) {
            if self.beginnings.len() < 4 {
                self.beginnings.insert(found[1].to_owned());
            }
        }
    }

    fn member(&mut self, name: &str, second: Option<&str>) {
        if !name.is_empty() && !is_method(name) && self.members.len() < MAX_NAMES {
            self.members.insert((name.to_owned(), second.map(str::to_owned)));
        }
    }

    fn choice(&mut self, name: &str, value: &str) {
        let is_origin = matches!(name, "origin" | "type") && value.contains("://");
        if !is_origin && self.choices.len() < MAX_NAMES {
            self.choices.insert((name.to_owned(), value.to_owned()));
        }
    }

    /// Messages that have `value` wherever one is read, each value one of its own.
    pub(super) fn messages(&self, mut value: impl FnMut() -> String) -> Vec<(Value, String)> {
        let mut messages: Vec<(Value, String)> = Vec::new();
        let text = value();
        messages.push((Value::String(text.clone()), text));
        for beginning in &self.beginnings {
            let text = value();
            messages.push((Value::String(format!("{beginning}{text}")), text));
        }
        if !self.members.is_empty() {
            let none = std::iter::once(None);
            for choice in none.chain(self.choices.iter().map(Some)) {
                let text = value();
                messages.push((self.object(choice, &text), text));
                if self.is_parsed {
                    let text = value();
                    messages.push((Value::String(self.object(choice, &text).to_string()), text));
                }
            }
        }
        messages.truncate(MAX_MESSAGES);
        messages
    }

    /// Every member that is read is the value, but for the one that something depends on.
    fn object(&self, choice: Option<&(String, String)>, text: &str) -> Value {
        let mut object = Map::new();
        for (name, second) in &self.members {
            let own = Value::String(text.to_owned());
            match second {
                None => {
                    object.entry(name.clone()).or_insert(own);
                }
                Some(second) => {
                    let inner = object.entry(name.clone()).or_insert_with(|| Map::new().into());
                    if !inner.is_object() {
                        *inner = Map::new().into();
                    }
                    inner[second.as_str()] = own;
                }
            }
        }
        if let Some((name, value)) = choice {
            object.insert(name.clone(), Value::String(value.clone()));
        }
        Value::Object(object)
    }
}

/// Members that texts, lists and functions have anyway.
fn is_method(name: &str) -> bool {
    [
        "length",
        "split",
        "slice",
        "substring",
        "substr",
        "replace",
        "indexOf",
        "startsWith",
        "endsWith",
        "includes",
        "match",
        "trim",
        "toString",
        "toLowerCase",
        "toUpperCase",
        "forEach",
        "map",
        "filter",
        "push",
        "join",
        "call",
        "apply",
        "hasOwnProperty",
        "concat",
        "charAt",
    ]
    .contains(&name)
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the table's own")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(source: &str) -> Vec<Value> {
        let reads = Reads::of([source].into_iter());
        reads.messages(|| "v".to_owned()).into_iter().map(|(message, _)| message).collect()
    }

    #[test]
    fn what_a_listener_reads_is_what_it_is_sent() {
        assert_eq!(messages("e => { box.innerHTML = e.data; }"), [json!("v")]);
        let source = "e => { if (e.data.type === 'show') box.innerHTML = e.data.html.trim(); }";
        let expected =
            [json!("v"), json!({"type": "v", "html": "v"}), json!({"type": "show", "html": "v"})];
        assert_eq!(messages(source), expected);
        let source = "function (event) { const m = JSON.parse(event.data); draw(m.user.name) }";
        let object = json!({"user": {"name": "v"}});
        assert_eq!(messages(source), [json!("v"), object.clone(), json!(object.to_string())]);
        let source = "({ data }) => { const { kind, body } = data; switch (kind) { \
                      case 'a': f(body); break; case 'b': g(body) } }";
        assert!(messages(source).contains(&json!({"kind": "b", "body": "v"})));
    }

    #[test]
    fn what_begins_in_a_certain_way_is_sent_so() {
        let source = "e => { if (e.data.startsWith('say:')) say(e.data.split(':')[1]) }";
        assert!(messages(source).contains(&json!("say:v")));
    }

    #[test]
    fn no_source_makes_too_many() {
        let many: Vec<String> = (0..500).map(|n| format!("e.data.k{n} === 'x{n}';")).collect();
        assert!(messages(&many.concat()).len() <= MAX_MESSAGES);
    }
}
