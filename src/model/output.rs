//! The formats that a run can be written in.

/// Formats that a run can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutputKind {
    /// The report.
    Json,
    /// The event log.
    Jsonl,
    /// One page, offline.
    Html,
    /// For a pull-request comment.
    Markdown,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// Endpoints as a table.
    Csv,
    /// The summary for people.
    Text,
}

impl OutputKind {
    /// Every format.
    pub const ALL: [Self; 8] = [
        Self::Json,
        Self::Jsonl,
        Self::Html,
        Self::Markdown,
        Self::Sarif,
        Self::Junit,
        Self::Csv,
        Self::Text,
    ];

    /// The key in a plan's `outputs` and the value of `--format`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Csv => "csv",
            Self::Text => "text",
        }
    }

    /// The format of a name; `markdown` is `md`.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "markdown" {
            return Some(Self::Markdown);
        }
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
