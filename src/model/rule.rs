//! What a rule says about itself; the registry and every report take it from here.

use super::finding::Severity;

/// A place in one of OWASP's lists.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owasp(pub String);

/// A rule's metadata, from its YAML file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMeta {
    /// Stable identifier, public API.
    pub id: String,
    /// What is wrong, in a few words.
    pub title: String,
    /// How bad it is when true.
    pub severity: Severity,
    /// CWE numbers.
    pub cwe: Vec<u32>,
    /// OWASP Top 10 places, `A05:2025`, `A03:2021`.
    pub owasp: Vec<Owasp>,
    /// OWASP API Security Top 10 places, `API8:2023`.
    pub api: Vec<Owasp>,
    /// CVSS 3.1 vector, where one fits.
    pub cvss: Option<String>,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// Where to read on.
    pub references: Vec<String>,
    /// For selection.
    pub tags: Vec<String>,
}
