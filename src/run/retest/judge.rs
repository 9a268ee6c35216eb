//! From what the rounds saw to what became of a finding: pure.

use crate::model::ExitCode;
use crate::model::Finding;
use crate::model::Report;
use crate::model::Retest;
use crate::model::RuleOutcome;
use crate::model::SiteNode;

use super::requests::is_place_of;
use super::rounds::Subject;
use super::rounds::shows;

/// The tag of rules whose checks wait for calls from the target.
const OOB: &str = "oob";

/// What was and is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// Probes may change something.
    pub allow_unsafe: bool,
    /// Somebody was logged in when the findings were found, and nobody is now.
    pub lacks_login: bool,
    /// Nobody waits for calls from the target.
    pub lacks_callbacks: bool,
}

/// What became of a finding. `rounds` are those that looked for it, the last one last.
pub fn judge(subject: &Subject<'_>, rounds: &[&Report], conditions: Conditions) -> Retest {
    if rounds.iter().any(|round| shows(round, subject)) {
        return Retest::StillThere;
    }
    match rounds.last() {
        None => Retest::NotReplayed("nothing was sent".to_owned()),
        Some(last) => match obstacle(subject, rounds, last, conditions) {
            Some(why) => Retest::NotReplayed(why),
            None => Retest::Gone,
        },
    }
}

/// Why nothing follows from its not having been seen, if so.
fn obstacle(
    subject: &Subject<'_>,
    rounds: &[&Report],
    last: &Report,
    conditions: Conditions,
) -> Option<String> {
    let finding = subject.finding;
    if let Some(why) = broken(last) {
        return Some(why);
    }
    let Some((_, outcome)) = last.rules.get(&finding.rule.id) else {
        return Some(format!(
            "there is no rule `{}` here: name its directory with --rules, or a plan with its templates",
            finding.rule.id
        ));
    };
    if conditions.lacks_login {
        let text = "somebody was logged in when it was found: name the plan with --plan";
        return Some(text.to_owned());
    }
    if conditions.lacks_callbacks && finding.rule.tags.iter().any(|tag| tag == OOB) {
        let text = "it may only show by a call from the target, and nobody waits for one: pass \
                    --oob-bind or --interactsh-server";
        return Some(text.to_owned());
    }
    let Some(outcome) = outcome else { return Some("its rule did not come to its end".to_owned()) };
    if let Some(reason) = &outcome.skipped {
        return Some(format!("its rule did not run: {reason}"));
    }
    unanswered(outcome).or_else(|| not_reached(finding, rounds, outcome, conditions))
}

/// Why the round as a whole says nothing.
fn broken(round: &Report) -> Option<String> {
    let verdict = round.verdict.as_ref();
    let reason = verdict.and_then(|verdict| verdict.reasons.first());
    match verdict.map(|verdict| verdict.exit_code) {
        Some(ExitCode::Passed) => None,
        _ => Some(reason.map_or_else(|| "it was cut short".to_owned(), |it| it.text.clone())),
    }
}

fn unanswered(outcome: &RuleOutcome) -> Option<String> {
    let none_was = outcome.requests > 0 && outcome.errors >= outcome.requests;
    none_was.then(|| format!("none of its {} requests was answered", outcome.requests))
}

/// Where a rule has sent nothing of its own, the place has to have been looked at.
fn not_reached(
    finding: &Finding,
    rounds: &[&Report],
    outcome: &RuleOutcome,
    conditions: Conditions,
) -> Option<String> {
    let nodes = || rounds.iter().flat_map(|round| &round.site);
    let own: Vec<&SiteNode> = nodes().filter(|node| is_place_of(node, finding)).collect();
    let is_safe = crate::model::Method::new(finding.method.clone()).is_safe();
    if !is_safe && !conditions.allow_unsafe {
        return Some(format!("{} may change something: pass --allow-unsafe", finding.method));
    }
    if outcome.requests > 0 || own.iter().any(|node| node.answer.is_some()) {
        return None;
    }
    let left = own.iter().find_map(|node| node.skipped.as_ref());
    Some(match left {
        Some(reason) => format!("it was left alone: {reason}"),
        None if own.is_empty() => {
            "its address was not asked for: the report has not the whole request".to_owned()
        }
        None => "its address gave no answer".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Facts;
    use crate::model::Verdict;
    use crate::run::bed;

    const ALLOWED: Conditions =
        Conditions { allow_unsafe: true, lacks_login: false, lacks_callbacks: false };

    fn round(requests: u64, errors: u64, skipped: Option<&str>, facts: &Facts) -> Report {
        let mut round = Report { verdict: Some(Verdict::of(facts)), ..Report::default() };
        let finding = bed::finding("http://127.0.0.1:1/a");
        let skipped = skipped.map(str::to_owned);
        let id = finding.rule.id.clone();
        let outcome = RuleOutcome { id: id.clone(), requests, matched: 0, errors, skipped };
        round.rules.insert(id, (finding.rule, Some(outcome)));
        round
    }

    fn judged(round: &Report, conditions: Conditions) -> Retest {
        let finding = bed::finding("http://127.0.0.1:1/a");
        let subject = Subject { finding: &finding, is_passive: false };
        judge(&subject, &[round], conditions)
    }

    fn why(round: &Report, conditions: Conditions) -> String {
        match judged(round, conditions) {
            Retest::NotReplayed(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_was_really_looked_for_is_gone() {
        let fine = Facts::default();
        assert_eq!(judged(&round(9, 2, None, &fine), ALLOWED), Retest::Gone);
        assert!(why(&round(9, 9, None, &fine), ALLOWED).contains("none of its 9 requests"));
        assert!(why(&round(0, 0, None, &fine), ALLOWED).contains("not asked for"));
        assert!(why(&round(0, 0, Some("no browser"), &fine), ALLOWED).contains("no browser"));
        let gone = Facts { unreachable: vec!["nobody there".to_owned()], ..Facts::default() };
        assert_eq!(why(&round(9, 0, None, &gone), ALLOWED), "nobody there");
        let nobody = Conditions { lacks_login: true, ..ALLOWED };
        assert!(why(&round(9, 0, None, &fine), nobody).contains("--plan"));
        let deaf = Conditions { lacks_callbacks: true, ..ALLOWED };
        assert_eq!(judged(&round(9, 0, None, &fine), deaf), Retest::Gone, "it needs no call");
        let mut calling = bed::finding("http://127.0.0.1:1/a");
        calling.rule.tags.push(OOB.to_owned());
        let subject = Subject { finding: &calling, is_passive: false };
        let result = judge(&subject, &[&round(9, 0, None, &fine)], deaf);
        assert!(matches!(result, Retest::NotReplayed(why) if why.contains("--oob-bind")));
        let verdict = Some(Verdict::of(&fine));
        let without = Report { verdict, ..Report::default() };
        assert!(why(&without, ALLOWED).contains("there is no rule"));
    }

    #[test]
    fn what_is_seen_again_is_there_whatever_else_went_wrong() {
        let mut round = round(0, 0, Some("no browser"), &Facts::default());
        round.findings.push(bed::finding("http://127.0.0.1:2/a"));
        assert_eq!(judged(&round, ALLOWED), Retest::StillThere);
    }
}
