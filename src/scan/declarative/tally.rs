//! What each template did, for its outcome in the report.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::shared::Stop;
use crate::model::RuleOutcome;
use crate::rules::template::{Template, Unmade};

/// What a template did at one target, or with one known request.
#[derive(Debug, Default)]
pub(super) struct Effort {
    asked: AtomicU64,
    unanswered: AtomicU64,
    unmade: Mutex<BTreeMap<&'static str, u64>>,
    waits: AtomicBool,
}

impl Effort {
    /// Requests were answered, by the target or by what another template knew already.
    pub(super) fn answered(&self, requests: u64) {
        self.asked.fetch_add(requests, Ordering::Relaxed);
    }

    /// A request had no answer.
    pub(super) fn unanswered(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.unanswered.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls from outside may come later.
    pub(super) fn wait(&self) {
        self.waits.store(true, Ordering::Relaxed);
    }

    /// Whether they may.
    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    /// Requests that were asked for.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether each of them had an answer.
    pub(super) fn is_answered(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed) == 0
    }

    /// A request could not be made.
    pub(super) fn unmade(&self, unmade: &Unmade) {
        *self.unmade.lock().expect("no holder panics").entry(unmade_code(unmade)).or_default() += 1;
    }
}

/// Why a request could not be made, in one word.
pub(super) fn unmade_code(unmade: &Unmade) -> &'static str {
    match unmade {
        Unmade::Unresolved(_) => "unresolved-variable",
        Unmade::Expression(_) => "expression-without-value",
        Unmade::Malformed(_) => "malformed-request",
    }
}

/// What a template did in the whole run.
#[derive(Debug, Default, Clone)]
struct Tally {
    /// Runs that have begun, and those that have come to an end.
    begun: u64,
    ended: u64,
    asked: u64,
    matched: u64,
    unanswered: u64,
    unmade: BTreeMap<&'static str, u64>,
    stop: Option<Stop>,
    /// Targets at which it was left out, as it is for technologies that were not seen there.
    ruled_out: u64,
}

/// Tallies by the template's file.
#[derive(Debug, Default)]
pub(super) struct Tallies(Mutex<BTreeMap<String, Tally>>);

impl Tallies {
    /// A template begins.
    pub(super) fn begin(&self, template: &Template) {
        let mut tallies = self.0.lock().expect("no holder panics");
        tallies.entry(template.info.path.clone()).or_default().begun += 1;
    }

    /// Adds what a template did, how often it matched, and why it ended early.
    pub(super) fn add(
        &self,
        template: &Template,
        effort: &Effort,
        matched: u64,
        stop: Option<Stop>,
    ) {
        let mut tallies = self.0.lock().expect("no holder panics");
        let tally = tallies.entry(template.info.path.clone()).or_default();
        tally.ended += 1;
        tally.asked += effort.asked.load(Ordering::Relaxed);
        tally.unanswered += effort.unanswered.load(Ordering::Relaxed);
        tally.matched += matched;
        for (code, count) in effort.unmade.lock().expect("no holder panics").iter() {
            *tally.unmade.entry(code).or_default() += count;
        }
        if stop.is_some() {
            tally.stop = stop;
        }
    }

    /// A template is left out at a target.
    pub(super) fn rule_out(&self, template: &Template) {
        let mut tallies = self.0.lock().expect("no holder panics");
        tallies.entry(template.info.path.clone()).or_default().ruled_out += 1;
    }

    /// Adds what came of a template later than its end.
    pub(super) fn match_later(&self, template: &Template, matched: u64) {
        let mut tallies = self.0.lock().expect("no holder panics");
        tallies.entry(template.info.path.clone()).or_default().matched += matched;
    }

    /// What a template did; one that sent nothing says why.
    pub(super) fn outcome(&self, template: &Template) -> RuleOutcome {
        let tallies = self.0.lock().expect("no holder panics");
        let tally = tallies.get(&template.info.path).cloned().unwrap_or_default();
        RuleOutcome {
            id: template.info.rule_id().to_owned(),
            requests: tally.asked,
            matched: tally.matched,
            errors: tally.unanswered,
            skipped: tally.skipped(template),
        }
    }
}

impl Tally {
    fn skipped(&self, template: &Template) -> Option<String> {
        if self.ended < self.begun {
            return Some("it failed by a fault of ours (fault)".to_owned());
        }
        // What has found something has run.
        if self.matched > 0 {
            return None;
        }
        let ends_all = |stop: &Stop| !matches!(stop, Stop::OutOfScope | Stop::NoAnswer);
        if let Some(stop) = self.stop.filter(|stop| self.asked == 0 || ends_all(stop)) {
            return Some(stop.reason().to_owned());
        }
        if self.asked > 0 {
            return None;
        }
        if self.ruled_out > 0 && self.unmade.is_empty() {
            return Some("it is for technologies that were not seen (other-technology)".to_owned());
        }
        if let Some(code) = self.unmade.keys().next() {
            return Some(format!("none of its requests could be made ({code})"));
        }
        Some(if template.is_global() {
            "it looks at others' answers, which was not asked for (global-matchers)".to_owned()
        } else if template.is_fuzzing() {
            "no known request that it changes (no-operation)".to_owned()
        } else {
            "its conditions left no request to send (no-request)".to_owned()
        })
    }
}

impl Stop {
    fn reason(self) -> &'static str {
        match self {
            Self::Stopped => "the run was stopped (stopped)",
            Self::Unresponsive => "the host does not answer (unresponsive)",
            Self::OutOfScope => "its requests are out of scope (out-of-scope)",
            Self::NoAnswer => "there was no answer (no-answer)",
            Self::Budget => "the budget of requests was spent (budget)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::template::compile_one;

    fn template() -> Template {
        let text = "id: a\ninfo: { name: n, author: us, severity: low }\nhttp:\n  - method: GET\n    path: ['{{BaseURL}}']\n    matchers:\n      - { type: status, status: [200] }\n";
        compile_one("a.yaml", text).expect("a template")
    }

    #[test]
    fn what_did_nothing_says_why() {
        let template = template();
        let skipped = |fill: &dyn Fn(&Tallies)| {
            let tallies = Tallies::default();
            fill(&tallies);
            tallies.outcome(&template).skipped
        };
        let sent = Effort::default();
        sent.answered(1);
        let none = Effort::default();
        let ended = |effort: &Effort, stop| {
            skipped(&|tallies| {
                tallies.begin(&template);
                tallies.add(&template, effort, 0, stop);
            })
        };
        assert_eq!(ended(&sent, None), None);
        assert_eq!(ended(&sent, Some(Stop::OutOfScope)), None, "it has run");
        let has = |text: Option<String>, code: &str| text.is_some_and(|text| text.contains(code));
        assert!(has(ended(&none, Some(Stop::OutOfScope)), "(out-of-scope)"));
        assert!(has(ended(&sent, Some(Stop::Stopped)), "(stopped)"));
        assert!(has(ended(&none, None), "(no-request)"));
        assert!(has(skipped(&|tallies| tallies.begin(&template)), "(fault)"));
    }
}
