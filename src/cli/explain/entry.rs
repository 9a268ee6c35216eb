//! What is explained, whatever it is: a title, facts and text.

use serde_json::Value;
use serde_json::json;

use crate::model::BottleneckCause;
use crate::model::ExitCode;
use crate::model::MetricName;
use crate::model::RuleMeta;
use crate::model::Term;
use crate::model::inert;
use crate::report::Style;

/// Characters of one text; rules may be somebody's own.
const TEXT: usize = 4000;

/// An explanation.
pub(super) struct Entry {
    /// `metric`, `exit code`, `bottleneck`, `rule` or `term`.
    pub(super) kind: &'static str,
    /// As reports and plans write it.
    pub(super) name: String,
    /// In a few words; may be empty.
    title: String,
    /// Each with its name.
    facts: Vec<(&'static str, String)>,
    /// Paragraphs.
    text: Vec<String>,
    /// What to read next.
    see: Vec<String>,
}

impl Entry {
    /// A metric.
    pub(super) fn metric(metric: MetricName) -> Self {
        let (selector, condition) = metric.example();
        let mut facts = vec![
            ("type", metric.kind().as_str().to_owned()),
            ("unit", metric.unit().to_owned()),
            ("values", metric.aggregates().join(", ")),
        ];
        if !metric.tags().is_empty() {
            facts.push(("tags", metric.tags().join(", ")));
        }
        facts.push(("gate", format!("'{selector}': [ '{condition}' ]")));
        Self {
            kind: "metric",
            name: metric.as_str().to_owned(),
            title: String::new(),
            facts,
            text: vec![metric.meaning().to_owned()],
            see: vec![format!("shakedown history trend {metric}")],
        }
    }

    /// An exit code.
    pub(super) fn exit(exit: ExitCode) -> Self {
        Self {
            kind: "exit code",
            name: exit.code().to_string(),
            title: exit.meaning().to_owned(),
            facts: Vec::new(),
            text: vec![exit.cure().to_owned()],
            see: vec!["shakedown explain run.json".to_owned()],
        }
    }

    /// A cause of slowness.
    pub(super) fn bottleneck(cause: BottleneckCause) -> Self {
        let how = "Every cause is measured by the requests that were drawn from the load (`sampled` in \
                   the report): what a cause explains of a p95 is by how much lower it would be if \
                   these requests had been spared it. The cause that explains most is taken out, and \
                   what is left is looked at again.";
        Self {
            kind: "bottleneck",
            name: cause.as_str().to_owned(),
            title: cause.title().to_owned(),
            facts: Vec::new(),
            text: vec![cause.meaning().to_owned(), how.to_owned()],
            see: vec!["jq .bottlenecks run.json".to_owned()],
        }
    }

    /// A rule.
    pub(super) fn rule(meta: &RuleMeta) -> Self {
        let mut facts = vec![("severity", meta.severity.as_str().to_owned())];
        let lists = [
            ("cwe", meta.cwe.iter().map(|id| format!("CWE-{id}")).collect::<Vec<_>>()),
            ("owasp", meta.owasp.iter().chain(&meta.api).map(|place| place.0.clone()).collect()),
            ("cvss", meta.cvss.iter().cloned().collect()),
            ("tags", meta.tags.clone()),
        ];
        let lists = lists.into_iter().filter(|(_, values)| !values.is_empty());
        facts.extend(lists.map(|(name, values)| (name, values.join(", "))));
        Self {
            kind: "rule",
            name: meta.id.clone(),
            title: meta.title.clone(),
            facts,
            text: vec![meta.why.clone(), format!("Fix: {}", meta.fix)],
            see: meta.references.clone(),
        }
    }

    /// A term.
    pub(super) fn term(term: &Term) -> Self {
        let mut facts = Vec::new();
        if !term.also.is_empty() {
            facts.push(("also", term.also.join(", ")));
        }
        Self {
            kind: "term",
            name: term.name.to_owned(),
            title: String::new(),
            facts,
            text: vec![term.text.to_owned()],
            see: term.see.iter().map(|word| format!("shakedown explain {word}")).collect(),
        }
    }

    /// For people.
    pub(super) fn text(&self, style: Style) -> String {
        let shown = |text: &str| inert(text.trim(), TEXT);
        let mut head = format!("{} ({})", shown(&self.name), self.kind);
        if !self.title.is_empty() {
            head.push_str(": ");
            head.push_str(&shown(&self.title));
        }
        let mut out = style.hang("", &head);
        for (name, fact) in &self.facts {
            out.push_str(&style.hang(&format!("  {name:<9} "), &shown(fact)));
        }
        for text in &self.text {
            out.push('\n');
            // Texts of rules have lines of their own.
            for line in text.trim().lines() {
                out.push_str(&style.hang("  ", &shown(line)));
            }
        }
        if !self.see.is_empty() {
            out.push('\n');
        }
        for see in &self.see {
            out.push_str(&style.hang("  see ", &shown(see)));
        }
        style.finish(out)
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let facts: serde_json::Map<String, Value> =
            self.facts.iter().map(|(name, fact)| ((*name).to_owned(), json!(fact))).collect();
        json!({
            "kind": self.kind,
            "name": self.name,
            "title": self.title,
            "facts": facts,
            "text": self.text,
            "see": self.see,
        })
    }
}
