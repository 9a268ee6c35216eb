//! What became of the templates of a run: which were left out and why, and what the others sent.

use std::fmt;

use super::units::{grouped, plural};

/// Refused files that a report names one by one; all are counted by reason.
pub const REFUSED_NAMED: usize = 200;

/// Templates as they were found, before anything was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateLibrary {
    /// Files that were looked at.
    pub files: u64,
    /// Templates that take part.
    pub templates: u64,
    /// Workflows that take part.
    pub workflows: u64,
    /// How many do not, by the code of the reason; none is zero.
    pub left_out: Vec<(String, u64)>,
    /// Files that are wrong or ask for what this tool does not do, mistakes first; at most
    /// [`REFUSED_NAMED`] of them.
    pub refused: Vec<RefusedTemplate>,
}

/// A template that does not take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedTemplate {
    /// The file.
    pub path: String,
    /// From 1; 0 where nothing can be pointed at.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// The code of the reason.
    pub reason: String,
    /// The same in a sentence.
    pub message: String,
    /// The file is wrong, rather than something that this tool does not do.
    pub is_wrong: bool,
}

impl fmt::Display for RefusedTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {} ({})", self.message, self.reason)
    }
}

/// What templates sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateTraffic {
    /// Requests that were sent.
    pub requests: u64,
    /// Of these without an answer.
    pub unanswered: u64,
    /// Requests that were not sent because another template had asked the same.
    pub shared: u64,
    /// Requests that were not sent for another reason, by its code; none is zero.
    pub unsent: Vec<(String, u64)>,
    /// Results that were too many to be told.
    pub untold: u64,
}

/// Everything that a report says of templates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateRun {
    /// As they were found; nothing where only rules of the registry have asked.
    pub library: Option<TemplateLibrary>,
    /// What they sent; nothing while they have not ended.
    pub traffic: Option<TemplateTraffic>,
}

impl TemplateRun {
    /// In a few words each: what takes part, what was left out, what was sent.
    pub fn figures(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if let Some(library) = &self.library {
            let files = plural(library.files, "file", "files");
            parts.push(format!("{} of {files} take part", grouped(library.templates)));
            if library.workflows > 0 {
                parts.push(plural(library.workflows, "workflow", "workflows"));
            }
            if !library.left_out.is_empty() {
                parts.push(format!("left out: {}", listed(&library.left_out)));
            }
        }
        if let Some(traffic) = &self.traffic {
            parts.push(format!("{} sent", plural(traffic.requests, "request", "requests")));
            let counts = [(traffic.unanswered, "without an answer"), (traffic.shared, "shared")];
            let counts = counts.into_iter().filter(|(count, _)| *count > 0);
            parts.extend(counts.map(|(count, what)| format!("{} {what}", grouped(count))));
            if !traffic.unsent.is_empty() {
                parts.push(format!("not sent: {}", listed(&traffic.unsent)));
            }
            if traffic.untold > 0 {
                parts.push(format!("{} not told", plural(traffic.untold, "result", "results")));
            }
        }
        parts
    }

    /// Files that are wrong, by name.
    pub fn mistakes(&self) -> impl Iterator<Item = &RefusedTemplate> {
        let refused = self.library.iter().flat_map(|library| &library.refused);
        refused.filter(|one| one.is_wrong)
    }
}

fn listed(counts: &[(String, u64)]) -> String {
    let each = counts.iter().map(|(reason, count)| format!("{} {reason}", grouped(*count)));
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_name_every_reason_and_no_zero() {
        let run = TemplateRun {
            library: Some(TemplateLibrary {
                files: 5,
                templates: 2,
                left_out: vec![("dast".to_owned(), 2), ("syntax".to_owned(), 1)],
                ..TemplateLibrary::default()
            }),
            traffic: Some(TemplateTraffic {
                requests: 1,
                unsent: vec![("out-of-scope".to_owned(), 3)],
                ..TemplateTraffic::default()
            }),
        };
        let wanted = [
            "2 of 5 files take part",
            "left out: 2 dast, 1 syntax",
            "1 request sent",
            "not sent: 3 out-of-scope",
        ];
        assert_eq!(run.figures(), wanted);
        assert!(TemplateRun::default().figures().is_empty());
    }
}
