//! What `s` goes round on each screen.

use crate::model::Headline;

/// The chosen order of every screen that has one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Orders {
    pub(super) endpoints: EndpointOrder,
    /// `None` is what the run prefers.
    pub(super) latency: Option<Headline>,
    pub(super) errors: ErrorOrder,
    pub(super) findings: FindingOrder,
    pub(super) crawl: CrawlOrder,
    pub(super) backends: BackendOrder,
}

/// What endpoints are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum EndpointOrder {
    /// Slowest first: the first question.
    #[default]
    P95,
    P99,
    Requests,
    Failed,
    Path,
}

impl EndpointOrder {
    /// The order after this one.
    pub(super) fn next(self) -> Self {
        match self {
            Self::P95 => Self::P99,
            Self::P99 => Self::Requests,
            Self::Requests => Self::Failed,
            Self::Failed => Self::Path,
            Self::Path => Self::P95,
        }
    }

    /// In the hints.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Requests => "requests",
            Self::Failed => "errors",
            Self::Path => "path",
        }
    }
}

/// What kinds of errors are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum ErrorOrder {
    /// Most first.
    #[default]
    Count,
    /// Those that most endpoints have.
    Places,
    Name,
}

impl ErrorOrder {
    /// The order after this one.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Count => Self::Places,
            Self::Places => Self::Name,
            Self::Name => Self::Count,
        }
    }

    /// In the hints.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Places => "places",
            Self::Name => "name",
        }
    }
}

/// How findings are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum FindingOrder {
    /// By severity, gravest first, then by rule.
    #[default]
    Severity,
    /// By rule.
    Rule,
    /// By path.
    Place,
}

impl FindingOrder {
    /// The order after this one.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Severity => Self::Rule,
            Self::Rule => Self::Place,
            Self::Place => Self::Severity,
        }
    }

    /// In the hints.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Rule => "rule",
            Self::Place => "path",
        }
    }
}

/// How operations are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum CrawlOrder {
    /// As a tree.
    #[default]
    Tree,
    /// As a list, those first that were not reached.
    Unreached,
    /// As a list, those first with most findings.
    Findings,
}

impl CrawlOrder {
    /// The order after this one.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Tree => Self::Unreached,
            Self::Unreached => Self::Findings,
            Self::Findings => Self::Tree,
        }
    }

    /// In the hints.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Tree => "path",
            Self::Unreached => "not reached",
            Self::Findings => "findings",
        }
    }
}

/// What the values of a header are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum BackendOrder {
    /// Slowest first.
    #[default]
    P95,
    Count,
    Name,
}

impl BackendOrder {
    /// The order after this one.
    pub(super) fn next(self) -> Self {
        match self {
            Self::P95 => Self::Count,
            Self::Count => Self::Name,
            Self::Name => Self::P95,
        }
    }

    /// In the hints.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::P95 => "p95",
            Self::Count => "responses",
            Self::Name => "value",
        }
    }
}
