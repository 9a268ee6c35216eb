//! What every foreign format is turned into, whatever it is called there.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Number, Value};

use super::address;
use super::format::Format;
use super::steps::Step;
use super::text::Text;

/// What a file describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// What it was.
    pub format: Format,
    /// Its version where the format has several: `3.0.2`.
    pub version: Option<String>,
    /// What it calls itself.
    pub title: Option<String>,
    /// Scheme, host and port that most of it is about; `None` where it names none.
    pub origin: Option<String>,
    /// In the file's order.
    pub operations: Vec<Operation>,
    /// How they follow each other; nothing where each comes once, in the order in which they stand.
    pub steps: Vec<Step>,
    /// How the operations belong together.
    pub order: Order,
    /// Values that the plan names, by name.
    pub variables: Vec<(String, Text)>,
    /// What is to be set in the environment before a run.
    pub secrets: Vec<Secret>,
    /// How the plan's connections are made.
    pub connection: ConnectionHints,
    /// Load and gates, where the file speaks of them.
    pub load: LoadHints,
    /// Who sends the requests, where it is known.
    pub login: Option<Login>,
    /// What was not understood, or left out.
    pub warnings: Vec<Warning>,
}

impl Imported {
    /// Nothing yet.
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            version: None,
            title: None,
            origin: None,
            operations: Vec::new(),
            steps: Vec::new(),
            order: Order::Sequence,
            variables: Vec::new(),
            secrets: Vec::new(),
            connection: ConnectionHints::default(),
            load: LoadHints::default(),
            login: None,
            warnings: Vec::new(),
        }
    }

    /// Remembers that something at `at` is not as it should be.
    pub(super) fn warn(&mut self, at: impl Into<String>, text: impl Into<String>) {
        self.warnings.push(Warning { at: at.into(), text: text.into() });
    }
}

/// How operations belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One after the other, as a user did it.
    Sequence,
    /// Each by itself, as often as its weight says.
    Draw,
}

/// Something that can be asked of the service.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What the file calls it; made into a name of the plan when it is written.
    pub name: String,
    /// Upper-case.
    pub method: String,
    /// Scheme, host and port, where it goes elsewhere than the rest.
    pub origin: Option<String>,
    /// From `/` on, encoded, with what query cannot be told in pairs.
    pub path: Text,
    /// Name and value, neither encoded.
    pub query: Vec<(String, Text)>,
    /// Name and value.
    pub headers: Vec<(String, Text)>,
    /// What is sent.
    pub body: Option<Body>,
    /// Redirects followed at most.
    pub redirects: u32,
    /// Groups that it belongs to.
    pub tags: Vec<String>,
    /// What it does, in a line.
    pub summary: Option<String>,
    /// Names of parameters that may be sent and are not.
    pub optional: Vec<String>,
    /// Names of the security schemes that it needs.
    pub auth: Vec<String>,
    /// Whether it changes something, and comes in disabled.
    pub is_unsafe: bool,
    /// Why it comes in disabled where it changes nothing.
    pub off: Option<String>,
    /// How often it is sent in relation to the others.
    pub weight: u64,
}

impl Operation {
    /// A request of that method without anything.
    pub(super) fn new(name: impl Into<String>, method: &str, path: Text) -> Self {
        let method = method.to_ascii_uppercase();
        Self {
            name: name.into(),
            is_unsafe: changes(&method),
            method,
            origin: None,
            path,
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            redirects: 0,
            tags: Vec::new(),
            summary: None,
            optional: Vec::new(),
            auth: Vec::new(),
            off: None,
            weight: 1,
        }
    }

    /// The same, to a URL; what its query says is in pairs.
    pub(super) fn of_url(method: &str, url: &str) -> Result<Self, String> {
        let (origin, path) = address::split(url)?;
        let (path, query) = address::with_pairs(&path);
        let name = name_of(method, &path);
        let own = Self::new(name, method, Text::literal(path));
        Ok(Self { origin: Some(origin), query, ..own })
    }

    /// Whether it is sent as it comes in.
    pub fn is_enabled(&self) -> bool {
        !self.is_unsafe && self.off.is_none()
    }

    /// Everything of it that may refer to something, as the plan has it.
    pub fn written(&self) -> String {
        let mut out = self.path.written();
        for (_, value) in self.query.iter().chain(&self.headers) {
            out.push_str(&value.written());
        }
        if let Some(body) = &self.body {
            out.push_str(&body.written());
        }
        out
    }

    /// Whether there is a header of that name.
    pub(super) fn has_header(&self, name: &str) -> bool {
        self.header(name).is_some()
    }

    /// The value of the first header of that name.
    pub(super) fn header(&self, name: &str) -> Option<&Text> {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }
}

/// Methods that the plan has a word for.
pub(super) const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// A method that the plan has a word for, or what is told of another.
pub(super) fn known_method(method: &str) -> Result<(), String> {
    if METHODS.contains(&method) {
        return Ok(());
    }
    Err(format!("{method}: the plan has no such method"))
}

/// Whether a method changes something (RFC 9110 §9.2.1).
fn changes(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS")
}

/// What an operation is called that has no name: its query may hold secrets, and is left out.
pub(super) fn name_of(method: &str, path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{}-{path}", method.to_ascii_lowercase())
}

/// What an operation sends.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// JSON.
    Json(Sample),
    /// Pairs, `application/x-www-form-urlencoded`.
    Form(Vec<(String, Text)>),
    /// Parts, `multipart/form-data`.
    Multipart(Vec<FormPart>),
    /// A GraphQL document, with what its variables are (a mapping, or nothing) and which of its
    /// operations is meant.
    GraphQl(Text, Option<Sample>, Option<Text>),
    /// As it is.
    Text(Text),
    /// The content of a file beside the plan.
    File(PathBuf),
}

impl Body {
    /// Every text in it, as the plan has it: to look for references.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Json(sample) => sample.as_text().written(),
            Self::Form(pairs) => pairs.iter().map(|(_, value)| value.written()).collect(),
            Self::Multipart(parts) => parts.iter().map(|part| part.value.written()).collect(),
            Self::GraphQl(document, variables, _) => {
                let variables = variables.as_ref().map(|sample| sample.as_text().written());
                document.written() + &variables.unwrap_or_default()
            }
            Self::Text(text) => text.written(),
            Self::File(_) => String::new(),
        }
    }
}

/// A part of a multipart body.
#[derive(Debug, Clone, PartialEq)]
pub struct FormPart {
    /// The field's name.
    pub name: String,
    /// What it holds.
    pub value: Text,
    /// The file beside the plan that is sent instead.
    pub file: Option<PathBuf>,
    /// The name of the file that is sent, if it is one.
    pub file_name: Option<String>,
    /// Its media type, if it is said.
    pub content_type: Option<String>,
}

/// A JSON value whose texts may refer to variables.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Text),
    /// A list.
    List(Vec<Sample>),
    /// A mapping.
    Map(Vec<(String, Sample)>),
}

impl From<&Value> for Sample {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(Text::literal(text.as_str())),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(map) => {
                Self::Map(map.iter().map(|(key, value)| (key.clone(), value.into())).collect())
            }
        }
    }
}

impl From<&str> for Sample {
    fn from(text: &str) -> Self {
        Self::Text(Text::literal(text))
    }
}

impl Sample {
    /// As it stands in a URL or a form.
    pub(super) fn as_text(&self) -> Text {
        match self {
            Self::Null => Text::default(),
            Self::Bool(value) => Text::literal(value.to_string()),
            Self::Number(number) => Text::literal(number.to_string()),
            Self::Text(text) => text.clone(),
            Self::List(_) | Self::Map(_) => {
                let mut out = Text::default();
                self.write_json(&mut out);
                out
            }
        }
    }

    /// As JSON.
    pub(super) fn write_json(&self, out: &mut Text) {
        let quoted = |text: &str| Value::from(text).to_string();
        match self {
            Self::Null => out.push("null"),
            Self::Bool(value) => out.push(&value.to_string()),
            Self::Number(number) => out.push(&number.to_string()),
            Self::Text(text) => {
                out.push("\"");
                out.append(&text.map(|part| {
                    let quoted = quoted(part);
                    quoted[1..quoted.len() - 1].to_owned()
                }));
                out.push("\"");
            }
            Self::List(items) => {
                out.push("[");
                for (index, item) in items.iter().enumerate() {
                    out.push(if index > 0 { "," } else { "" });
                    item.write_json(out);
                }
                out.push("]");
            }
            Self::Map(entries) => {
                out.push("{");
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push(if index > 0 { "," } else { "" });
                    out.push(&quoted(key));
                    out.push(":");
                    value.write_json(out);
                }
                out.push("}");
            }
        }
    }

    /// Levels of lists and mappings.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Self::Map(entries) => {
                1 + entries.iter().map(|(_, value)| value.depth()).max().unwrap_or(0)
            }
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => 0,
        }
    }
}

/// Who sends the requests of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Sections of the plan that say how: `secrets`, `auth`, `identities`, as YAML.
    pub sections: String,
    /// The name for `as`; `None` where `sections` are comments that somebody must fill in first.
    pub whom: Option<String>,
}

/// Something that is not written into the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The variable of the environment.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Whether the plan keeps it out of reports, under the same name.
    pub is_hidden: bool,
}

impl Secret {
    /// Kept out of reports.
    pub(super) fn new(name: impl Into<String>, purpose: impl Into<String>) -> Self {
        Self { name: name.into(), purpose: purpose.into(), is_hidden: true }
    }

    /// Whatever the user likes.
    pub(super) fn variable(name: impl Into<String>, purpose: impl Into<String>) -> Self {
        Self { is_hidden: false, ..Self::new(name, purpose) }
    }

    /// What stands for it.
    pub(super) fn reference(&self) -> Text {
        if self.is_hidden { Text::secret(&self.name) } else { Text::environment(&self.name) }
    }
}

/// How connections are made, where the file says it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConnectionHints {
    /// Certificates are not to be verified.
    pub insecure: bool,
    /// The longest wait for a response.
    pub timeout: Option<Duration>,
    /// Certificates to trust.
    pub ca_files: Vec<String>,
    /// Keys of the plan's `connection`, with their values.
    pub settings: Vec<(&'static str, String)>,
}

/// Load and gates, where the file speaks of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadHints {
    /// Instead of the starting scenario; the `exec` of each is a flow.
    pub scenarios: Vec<Scenario>,
    /// Selector and conditions.
    pub thresholds: Vec<(String, Vec<Condition>)>,
    /// Patterns of paths that are left alone.
    pub exclude: Vec<String>,
    /// Requests per second at most.
    pub max_rps: Option<f64>,
    /// Comments that stand at the end of the plan.
    pub notes: Vec<String>,
}

/// A scenario of the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// The flow that it runs.
    pub exec: String,
    /// Keys and values, `stages` among them, as the plan has them.
    pub fields: Vec<(String, Sample)>,
}

/// A condition of a threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// `p(95)<500`.
    pub text: String,
    /// Ends the run.
    pub abort: bool,
    /// But not before.
    pub delay: Option<String>,
}

/// Something that was not understood, or left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where: a JSON pointer, a line, an entry.
    pub at: String,
    /// What, and what became of it.
    pub text: String,
}
