//! A flaw with its proof.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::rule::RuleMeta;
use super::timings::Timings;
use super::url_shape::stateless_shape;

/// How bad a finding is when true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Hardening.
    Low,
    /// Exploitable under conditions.
    Medium,
    /// Exploitable.
    High,
    /// Exploitable with total effect.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == name)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How sure we are, by what kind of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// One signal.
    Tentative,
    /// Verified by replay with a different payload, or visible as it stands.
    Firm,
    /// Proof by construction: computed value, call-back, timing regression, another user's canary.
    Confirmed,
}

impl Confidence {
    /// Every confidence, weakest first.
    pub const ALL: [Self; 3] = [Self::Tentative, Self::Firm, Self::Confirmed];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tentative => "tentative",
            Self::Firm => "firm",
            Self::Confirmed => "confirmed",
        }
    }

    /// The confidence of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|confidence| confidence.as_str() == name)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a finding was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingStatus {
    /// Not in the baseline, or there is none.
    New,
    /// In the baseline.
    Known,
    /// Accepted by somebody, with a reason and an expiry date.
    Accepted,
}

impl FindingStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::New, Self::Known, Self::Accepted];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Known => "known",
            Self::Accepted => "accepted",
        }
    }

    /// The status of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// Where in a request a value can be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InsertionKind {
    /// Value of a query parameter.
    Query,
    /// Value of a form field.
    Form,
    /// Leaf of a JSON body, named by its pointer.
    Json,
    /// Value of a header.
    Header,
    /// Value of a cookie.
    Cookie,
    /// One segment of the path, named by its index.
    Path,
    /// Text or attribute of an XML body, named by its path.
    Xml,
    /// Name, type or content of a file in a multipart body.
    File,
    /// Name of a query parameter or form field.
    ParameterName,
    /// The query as a whole.
    RawQuery,
    /// Name of a header.
    HeaderName,
}

impl InsertionKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Query,
        Self::Form,
        Self::Json,
        Self::Header,
        Self::Cookie,
        Self::Path,
        Self::Xml,
        Self::File,
        Self::ParameterName,
        Self::RawQuery,
        Self::HeaderName,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Form => "form",
            Self::Json => "json",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Path => "path",
            Self::Xml => "xml",
            Self::File => "file",
            Self::ParameterName => "parameter_name",
            Self::RawQuery => "raw_query",
            Self::HeaderName => "header_name",
        }
    }

    /// The kind of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Names an insertion point in a finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InsertionRef {
    /// Which part of the request.
    pub kind: InsertionKind,
    /// Parameter, header or cookie name, JSON pointer, or segment index.
    pub name: String,
}

impl fmt::Display for InsertionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind.as_str(), self.name)
    }
}

/// What an exchange proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvidenceRole {
    /// The harmless request everything is compared with.
    Baseline,
    /// The request that shows the flaw.
    Attack,
    /// The request that would show it if the cause were something else.
    Control,
    /// The attack again, with other values.
    Replay,
}

impl EvidenceRole {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Baseline, Self::Attack, Self::Control, Self::Replay];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Attack => "attack",
            Self::Control => "control",
            Self::Replay => "replay",
        }
    }

    /// The role of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// Bytes of one side of an exchange as evidence: redacted, possibly cut.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// Head and body as they stood on the wire, transfer coding removed.
    pub data: Vec<u8>,
    /// The body was cut to the evidence limit.
    pub truncated: bool,
}

/// Which part of a response a match stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchPart {
    /// The status line and headers.
    Header,
    /// The body.
    Body,
}

impl MatchPart {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Body => "body",
        }
    }
}

/// Where in [`Evidence::response`] the proof stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Head or body.
    pub part: MatchPart,
    /// Bytes from the start of the recorded response (head included).
    pub offset: usize,
    /// Bytes.
    pub length: usize,
}

/// One exchange of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What it proves.
    pub role: EvidenceRole,
    /// The plan's user, if any.
    pub identity: Option<String>,
    /// What was sent.
    pub request: Recorded,
    /// What came back; `None` after a failure.
    pub response: Option<Recorded>,
    /// Where the time went.
    pub timings: Timings,
    /// The bytes to look at.
    pub highlight: Option<Match>,
}

/// Why a finding is not held against a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it is accepted, `2031-12-31`.
    pub expires: String,
}

/// Another parameter of an operation that has the flaw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// Which.
    pub point: InsertionRef,
    /// What the finding's fingerprint would be if it were of this one alone.
    pub fingerprint: String,
}

/// A flaw with everything needed to believe, repeat and mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's metadata.
    pub rule: RuleMeta,
    /// As the check judged it; defaults to the rule's.
    pub severity: Severity,
    /// By kind of proof.
    pub confidence: Confidence,
    /// Against the baseline.
    pub status: FindingStatus,
    /// Why, of one whose status is accepted.
    pub acceptance: Option<Acceptance>,
    /// Request method.
    pub method: String,
    /// The URL of the first occurrence, as sent for the baseline.
    pub url: String,
    /// For people: the path template.
    pub path_template: String,
    /// Where the payload went.
    pub insertion_point: Option<InsertionRef>,
    /// Other parameters of the same operation of which the same was found.
    pub also: Vec<Affected>,
    /// Why we are this sure: the observation in one sentence.
    pub detail: String,
    /// The exchanges.
    pub evidence: Vec<Evidence>,
    /// Payloads, in the order sent.
    pub payloads: Vec<String>,
    /// A `curl` command line with `$NAME` for secrets.
    pub reproduce: String,
    /// Stable over runs.
    pub fingerprint: String,
    /// URLs it was seen at, this one included.
    pub occurrences: u64,
    /// When it was first told, since the run's start; the report's fold knows it.
    pub found_at: Option<Duration>,
}

impl Finding {
    /// The short name shown to people, from the fingerprint.
    pub fn id(&self) -> String {
        // By characters: a fingerprint read from a file is foreign text.
        format!("SD-{}", self.fingerprint.chars().take(10).collect::<String>())
    }

    /// Every parameter that is affected, with the fingerprint that is its own.
    pub fn places(&self) -> impl Iterator<Item = (Option<&InsertionRef>, &str)> {
        let own = (self.insertion_point.as_ref(), self.fingerprint.as_str());
        let also = self.also.iter().map(|it| (Some(&it.point), it.fingerprint.as_str()));
        std::iter::once(own).chain(also)
    }

    /// The parameters for people: ``query `a`, form `b` ``; `None` where nothing was put anywhere.
    pub fn points(&self) -> Option<String> {
        let points: Vec<String> =
            self.places().filter_map(|(point, _)| point.map(ToString::to_string)).collect();
        (!points.is_empty()).then(|| points.join(", "))
    }

    /// Whether both are of one cause: a parameter of one is one of the other.
    pub fn is_same_cause(&self, other: &Self) -> bool {
        self.places().any(|(_, own)| other.places().any(|(_, its)| own == its))
    }
}

/// The stable fingerprint, version 1: rule, origin alias, method, stateless path shape and
/// insertion point, as 32 hexadecimal digits.
pub fn fingerprint(
    rule_id: &str,
    origin_alias: &str,
    method: &str,
    path: &str,
    insertion_point: Option<&InsertionRef>,
) -> String {
    let mut hash = Sha256::new();
    let (kind, name) =
        insertion_point.map_or(("", ""), |point| (point.kind.as_str(), point.name.as_str()));
    let shape = stateless_shape(path);
    for part in ["1", rule_id, origin_alias, method, shape.as_str(), kind, name] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    digest[..16].iter().fold(String::with_capacity(32), |mut text, byte| {
        use fmt::Write as _;
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_ignores_values_in_the_path_and_nothing_else() {
        let point = InsertionRef { kind: InsertionKind::Query, name: "q".to_owned() };
        let of = |path: &str| fingerprint("sqli-error", "default", "GET", path, Some(&point));
        assert_eq!(of("/items/1?q=a"), of("/items/2?q=b"));
        assert_ne!(of("/items/1"), of("/users/1"));
        assert_ne!(of("/items/1"), fingerprint("sqli-error", "default", "GET", "/items/1", None));
    }
}
