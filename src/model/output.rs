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
    /// Load figures as k6's summary, for GitLab's load performance widget.
    GitlabLoad,
    /// Figures as `OpenMetrics` text, for GitLab's metrics widget.
    GitlabMetrics,
    /// Findings as GitLab's report of a dynamic scan.
    GitlabDast,
    /// The evidence of findings as HAR 1.2.
    Har,
    /// The summary for people.
    Text,
}

impl OutputKind {
    /// Every format.
    pub const ALL: [Self; 12] = [
        Self::Json,
        Self::Jsonl,
        Self::Html,
        Self::Markdown,
        Self::Sarif,
        Self::Junit,
        Self::Csv,
        Self::GitlabLoad,
        Self::GitlabMetrics,
        Self::GitlabDast,
        Self::Har,
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
            Self::GitlabLoad => "gitlab-load",
            Self::GitlabMetrics => "gitlab-metrics",
            Self::GitlabDast => "gitlab-dast",
            Self::Har => "har",
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

/// What a site model can be written as, for others to go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SiteKind {
    /// A plan of our own.
    Plan,
    /// OpenAPI 3.1.
    OpenApi,
    /// One absolute URL on each line.
    Urls,
    /// HAR 1.2.
    Har,
}

impl SiteKind {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Plan, Self::OpenApi, Self::Urls, Self::Har];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::OpenApi => "openapi",
            Self::Urls => "urls",
            Self::Har => "har",
        }
    }

    /// The format of a word.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
