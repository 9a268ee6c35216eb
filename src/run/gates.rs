//! From a finished report to a verdict: pure.

use crate::model::Capacity;
use crate::model::Facts;
use crate::model::MetricName;
use crate::model::Phase;
use crate::model::Report;
use crate::model::SearchEnd;
use crate::model::SessionReport;
use crate::model::StopReason;
use crate::model::Tally;
use crate::model::ThresholdResult;
use crate::model::Verdict;

use super::baseline::Baseline;
use super::gate_watch::Watched;

/// What the gates have to know beyond the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gating {
    /// The verdict rests on load figures even without thresholds (`check`, `--ci`).
    LoadFigures,
    /// Load figures count only where a threshold names them.
    OnlyThresholds,
    /// A part of a run: gates are judged when the parts are one.
    Part,
}

/// Evaluates the thresholds and weighs everything that holds.
///
/// `failures` are sentences about the run itself that the report cannot know: a target that was
/// unreachable before the start, a broken engine.
pub(super) fn gate(
    report: &Report,
    watched: &[Watched],
    against: &Baseline,
    gating: Gating,
    failures: Facts,
) -> (Vec<ThresholdResult>, Verdict) {
    let logged_out = report.sessions.iter().any(SessionReport::never_worked);
    let started = failures == Facts::default() && !logged_out;
    let results: Vec<ThresholdResult> = if started {
        watched.iter().map(|one| one.result(report, against.report.as_ref())).collect()
    } else {
        Vec::new()
    };
    let mut facts = failures;
    add_stop(&mut facts, report);
    facts.incomplete.extend(report.sessions.iter().filter_map(SessionReport::loss));
    add_invalid(&mut facts, report, watched, gating);
    // A part may well be one without users.
    if started && (gating != Gating::Part || report.total().requests > 0) {
        add_untested(&mut facts, report);
    }
    let failed = watched.iter().zip(&results).filter(|(_, result)| !result.pass);
    for (watched, result) in failed.filter(|_| gating != Gating::Part) {
        match watched.threshold.metric() {
            _ if watched.threshold.criterion.condition.limit.is_change() => {
                facts.regressions.push(result.failure());
            }
            MetricName::Findings => facts.findings.push(result.failure()),
            MetricName::CoverageOperations
            | MetricName::CrawlIncomplete
            | MetricName::CrawlSkipped
            | MetricName::AuthLost => {
                facts.incomplete.push(result.failure());
            }
            MetricName::Validity => facts.invalid.push(result.failure()),
            _ => facts.thresholds.push(result.failure()),
        }
    }
    if watched.iter().any(|one| one.threshold.metric() == MetricName::Findings) {
        facts.findings.extend(against.lapsed(report));
        add_access(&mut facts, report);
    }
    if let Some(capacity) = &report.capacity {
        add_capacity(&mut facts, capacity);
    }
    let verdict = Verdict::of(&facts);
    (results, verdict)
}

fn add_stop(facts: &mut Facts, report: &Report) {
    match &report.stopped {
        Some(StopReason::Interrupted(text)) => facts.interrupted.push(text.clone()),
        Some(StopReason::Safety(text)) => facts.refused.push(text.clone()),
        Some(StopReason::Blocked(text)) => facts.invalid.push(text.clone()),
        Some(StopReason::Threshold(_)) | None => {}
    }
}

/// What a matrix of who may do what is there for, beside findings: nobody is locked out unseen, and
/// nothing is new or gone that nobody has looked at.
fn add_access(facts: &mut Facts, report: &Report) {
    let Some(matrix) = &report.access else { return };
    facts.regressions.extend(matrix.lockouts());
    facts.incomplete.extend(matrix.gaps());
}

/// A search that came to its end has an answer, or says that there is none. What must be there at least
/// fails only where the target was seen to fail: a generator at its limit, or a search cut short,
/// proves nothing against it.
fn add_capacity(facts: &mut Facts, capacity: &Capacity) {
    let amount = |asked: f64| capacity.model.amount(asked);
    let is_enough = capacity
        .at_least
        .is_some_and(|least| capacity.answer.is_some_and(|answer| answer >= least * (1.0 - 1e-9)));
    let missed = |least: f64| match capacity.answer {
        Some(answer) => {
            format!("capacity: at least {} wanted, is {}", amount(least), amount(answer))
        }
        None => format!("capacity: at least {} wanted, no level met the objective", amount(least)),
    };
    match &capacity.end {
        SearchEnd::CutShort(why) => {
            facts.incomplete.push(format!("the search for the capacity was cut short: {why}"));
        }
        SearchEnd::Generator if !is_enough => {
            let why = capacity.levels.iter().rev().find_map(|level| level.generator.as_deref());
            facts.invalid.push(format!(
                "the generator was the limit, not the target: {}",
                why.unwrap_or("it was saturated")
            ));
        }
        SearchEnd::NoneMet => {
            facts.incomplete.push("no level met the objective: there is no capacity".to_owned());
            facts.thresholds.extend(capacity.at_least.map(missed));
        }
        SearchEnd::Found | SearchEnd::MaxReached if !is_enough => {
            facts.thresholds.extend(capacity.at_least.map(missed));
        }
        SearchEnd::Found | SearchEnd::MaxReached | SearchEnd::Generator => {}
    }
}

fn add_invalid(facts: &mut Facts, report: &Report, watched: &[Watched], gating: Gating) {
    let depends =
        gating == Gating::LoadFigures || watched.iter().any(|one| one.threshold.metric().is_load());
    if let Some(validity) = &report.validity
        && depends
        && gating != Gating::Part
    {
        facts.invalid.extend(validity.problems.iter().cloned());
    }
}

/// Nothing sent, or nothing valid came back: never a pass.
fn add_untested(facts: &mut Facts, report: &Report) {
    let total = report.total();
    let (scan_requests, scan_failed) = report.scan_requests;
    let sent = total.requests + scan_requests;
    let answered = total.responses() + (scan_requests - scan_failed.min(scan_requests));
    let warmed = report.timeline.iter().any(|point| point.requests > point.failed);
    if sent == 0 && report.stopped.is_none() && !warmed {
        facts.invalid.push("no request was made: nothing was tested".to_owned());
    } else if sent > 0 && answered == 0 {
        facts.unreachable.push(format!(
            "none of {sent} requests got a valid HTTP response (mostly {})",
            commonest_failure(report, &total)
        ));
    } else if scan_requests > 0
        && report.phases.iter().any(|(phase, _)| *phase == Phase::Crawl)
        && !report.coverage.operations.iter().any(|known| known.reached)
    {
        facts.incomplete.push(
            "the scan reached nothing: no page gave an answer below 400, so nothing was checked"
                .to_owned(),
        );
    }
}

/// The class that most requests failed with; of the scanner's, samples are known.
fn commonest_failure(report: &Report, total: &Tally) -> &'static str {
    let mut classes = total.failures.clone();
    for (_, failure) in &report.scan_failures {
        *classes.entry(failure.class).or_default() += 1;
    }
    classes.iter().max_by_key(|(_, count)| **count).map_or("unknown", |(class, _)| class.as_str())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::bed;
    use super::*;
    use crate::model::Access;
    use crate::model::AccessCell;
    use crate::model::AccessMatrix;
    use crate::model::AccessRow;
    use crate::model::CapacityAim;
    use crate::model::CapacityModel;
    use crate::model::Digits;
    use crate::model::EndpointReport;
    use crate::model::FailureClass;
    use crate::model::Operation;
    use crate::model::OperationSource;
    use crate::model::Phase;
    use crate::model::SkipReason;
    use crate::model::Threshold;
    use crate::model::Validity;

    fn report(statuses: &[(u16, u64)], failures: u64) -> Report {
        let mut total = Tally::new(Digits::Three);
        for (status, count) in statuses {
            total.statuses.insert(*status, *count);
            total.requests += count;
            total.failed += if *status < 400 { 0 } else { *count };
            for _ in 0..*count {
                total.latency.record(Duration::from_millis(100));
                total.duration.record(Duration::from_millis(100));
            }
        }
        if failures > 0 {
            total.failures.insert(FailureClass::Reset, failures);
            total.requests += failures;
            total.failed += failures;
        }
        let meta = bed::home();
        Report {
            endpoints: vec![EndpointReport { meta, total }],
            load_elapsed: Duration::from_secs(10),
            validity: Some(Validity::default()),
            ..Report::default()
        }
    }

    fn threshold(selector: &str, condition: &str) -> Threshold {
        Threshold::parse(selector, condition).expect("a valid threshold")
    }

    fn judged(
        report: &Report,
        thresholds: &[Threshold],
        gating: Gating,
        failures: Facts,
    ) -> (Vec<ThresholdResult>, Verdict) {
        let watched: Vec<Watched> = thresholds.iter().cloned().map(Watched::new).collect();
        gate(report, &watched, &Baseline::default(), gating, failures)
    }

    fn code(report: &Report, thresholds: &[Threshold], gating: Gating) -> u8 {
        judged(report, thresholds, gating, Facts::default()).1.exit_code.code()
    }

    #[test]
    fn a_threshold_on_what_was_never_measured_fails() {
        let gates = [threshold("http_req_latency{request:nothing}", "p(95)<500")];
        assert_eq!(code(&report(&[(200, 10)], 0), &gates, Gating::OnlyThresholds), 99);
    }

    #[test]
    fn a_search_for_the_capacity_is_judged_by_its_end() {
        let aim = CapacityAim::usual(CapacityModel::Rate);
        let code_of = |end: SearchEnd, answer: Option<f64>, at_least: Option<f64>| {
            let found = crate::insight::conclude(&aim, Vec::new(), end);
            let mut report = report(&[(200, 10)], 0);
            report.validity =
                Some(Validity { problems: vec!["late".to_owned()], ..Validity::default() });
            report.capacity = Some(Capacity { answer, at_least, ..found });
            code(&report, &[], Gating::OnlyThresholds)
        };
        let cut = || SearchEnd::CutShort("time".to_owned());
        let table = [
            (SearchEnd::Found, Some(50.0), None, 0),
            (SearchEnd::Found, Some(50.0), Some(50.0), 0),
            (SearchEnd::Found, Some(50.0), Some(60.0), 99),
            (SearchEnd::MaxReached, Some(50.0), Some(60.0), 99),
            (SearchEnd::NoneMet, None, None, 83),
            (SearchEnd::NoneMet, None, Some(60.0), 99),
            (SearchEnd::Generator, Some(50.0), None, 84),
            (SearchEnd::Generator, Some(50.0), Some(60.0), 84),
            (SearchEnd::Generator, Some(50.0), Some(40.0), 0),
            (cut(), Some(50.0), None, 83),
            (cut(), Some(50.0), Some(60.0), 83),
        ];
        for (end, answer, at_least, expected) in table {
            assert_eq!(code_of(end.clone(), answer, at_least), expected, "{end:?} {at_least:?}");
        }
    }

    #[test]
    fn who_is_locked_out_and_what_is_gone_weigh_where_findings_do() {
        let gates = [threshold("findings{severity:>=high}", "count==0")];
        let cell = AccessCell { now: Access::Deny, expected: Some(Access::Allow) };
        let row = AccessRow {
            method: "GET".to_owned(),
            path_template: "/a".to_owned(),
            cells: vec![cell],
            is_listed: true,
        };
        let mut matrix = AccessMatrix {
            identities: vec!["member".to_owned()],
            operations: vec![row],
            is_compared: true,
            ..AccessMatrix::default()
        };
        let code_of = |matrix: &AccessMatrix, gates: &[Threshold]| {
            let report = Report { access: Some(matrix.clone()), ..report(&[(200, 10)], 0) };
            code(&report, gates, Gating::OnlyThresholds)
        };
        assert_eq!(code_of(&matrix, &gates), 82);
        assert_eq!(code_of(&matrix, &[]), 0);
        matrix.operations[0].cells[0].expected = Some(Access::Deny);
        assert_eq!(code_of(&matrix, &gates), 0);
        matrix.vanished.push("GET /b".to_owned());
        assert_eq!(code_of(&matrix, &gates), 83);
    }

    #[test]
    fn a_scan_that_reached_nothing_is_incomplete() {
        let mut report = report(&[(200, 10)], 0);
        report.scan_requests = (5, 0);
        // Templates alone have no pages to reach.
        assert_eq!(code(&report, &[], Gating::OnlyThresholds), 0);
        report.phases.push((Phase::Crawl, true));
        assert_eq!(code(&report, &[], Gating::OnlyThresholds), 83);
        report.coverage.operations.set(Operation {
            method: "GET".to_owned(),
            path_template: "/".to_owned(),
            source: OperationSource::Crawl,
            reached: true,
            skipped: None,
        });
        assert_eq!(code(&report, &[], Gating::OnlyThresholds), 0);
    }

    #[test]
    fn a_lost_login_is_incomplete_and_one_that_never_worked_is_no_start() {
        let mut report = report(&[(200, 10)], 0);
        let mut session = SessionReport::new(Phase::Scan, "member", "form");
        session.logged_in = Some(Duration::from_secs(1));
        report.sessions.push(session.clone());
        assert_eq!(code(&report, &[], Gating::OnlyThresholds), 0);
        session.lost = 1;
        report.sessions[0] = session.clone();
        let failing = [threshold("http_reqs", "count>100")];
        assert_eq!(code(&report, &[], Gating::OnlyThresholds), 83);
        assert_eq!(code(&report, &failing, Gating::OnlyThresholds), 99);
        session.logged_in = None;
        report.sessions[0] = session;
        assert_eq!(code(&report, &failing, Gating::OnlyThresholds), 83);
    }

    #[test]
    fn http_errors_alone_fail_nothing_but_silence_is_unreachable() {
        assert_eq!(code(&report(&[(500, 10)], 0), &[], Gating::OnlyThresholds), 0);
        assert_eq!(code(&report(&[], 10), &[], Gating::OnlyThresholds), 86);
        assert_eq!(code(&report(&[], 0), &[], Gating::OnlyThresholds), 84);
    }

    #[test]
    fn an_invalid_run_matters_only_where_a_gate_rests_on_load() {
        let mut report = report(&[(200, 10)], 0);
        report.validity =
            Some(Validity { problems: vec!["saturated".to_owned()], ..Validity::default() });
        assert_eq!(code(&report, &[], Gating::OnlyThresholds), 0);
        let findings = [threshold("findings{severity:>=high}", "count==0")];
        assert_eq!(code(&report, &findings, Gating::OnlyThresholds), 0);
        assert_eq!(code(&report, &[threshold("http_reqs", "count>1")], Gating::OnlyThresholds), 84);
        assert_eq!(code(&report, &[], Gating::LoadFigures), 84);
    }

    #[test]
    fn a_regression_is_82_and_99_with_a_threshold_that_failed() {
        let baseline = report(&[(200, 10)], 0);
        let mut slower = report(&[(200, 10)], 0);
        let latency = &mut slower.endpoints[0].total.latency;
        (0..10).for_each(|_| latency.record(Duration::from_millis(300)));
        let code = |gates: &[(&str, &str)], baseline: Option<&Report>| {
            let gates = gates.iter().map(|(selector, condition)| threshold(selector, condition));
            let watched: Vec<Watched> = gates.map(Watched::new).collect();
            let gating = Gating::OnlyThresholds;
            let against = Baseline { report: baseline.cloned(), ..Baseline::default() };
            let (results, verdict) = gate(&slower, &watched, &against, gating, Facts::default());
            (results[0].clone(), verdict.exit_code.code())
        };
        let vs = ("http_req_latency|vs(baseline)", "p(95)<+10%");
        let (result, exit) = code(&[vs], Some(&baseline));
        assert_eq!((result.baseline, exit), (Some(100.0), 82));
        assert_eq!(code(&[vs, ("http_req_latency", "p(95)<200")], Some(&baseline)).1, 99);
        assert_eq!(code(&[vs, ("findings", "count<0")], Some(&baseline)).1, 81);
        assert_eq!(code(&[("http_reqs|vs(baseline)", "count==+0")], Some(&baseline)).1, 0);
        let elsewhere = ("http_reqs{request:checkout}|vs(baseline)", "count==+0");
        let (result, exit) = code(&[elsewhere], Some(&baseline));
        assert_eq!((result.baseline, exit), (None, 82), "what the baseline lacks is no pass");
        assert!(result.failure().ends_with("the baseline has no such measurement"));
        assert_eq!(code(&[vs], None).1, 82);
    }

    #[test]
    fn a_gate_on_validity_makes_an_invalid_run_of_any() {
        let mut report = report(&[(200, 10)], 0);
        let gates = |text| [threshold(text, "count==0")];
        assert_eq!(code(&report, &gates("validity"), Gating::OnlyThresholds), 0);
        report.validity = Some(Validity { warnings: vec!["near".to_owned()], problems: vec![] });
        assert_eq!(code(&report, &gates("validity"), Gating::OnlyThresholds), 0);
        assert_eq!(code(&report, &gates("validity{level:warning}"), Gating::OnlyThresholds), 84);
        assert_eq!(code(&report, &gates("validity{level:>=warning}"), Gating::OnlyThresholds), 84);
        assert_eq!(code(&report, &gates("validity{level:problem}"), Gating::OnlyThresholds), 0);
        report.validity = Some(Validity { problems: vec!["late".to_owned()], warnings: vec![] });
        assert_eq!(code(&report, &gates("validity"), Gating::OnlyThresholds), 84);
        report.validity = None;
        assert_eq!(code(&report, &gates("validity"), Gating::OnlyThresholds), 84, "not judged");
    }

    #[test]
    fn an_invalid_run_beats_every_gate_that_failed() {
        let mut report = report(&[(500, 10)], 0);
        report.validity =
            Some(Validity { problems: vec!["late".to_owned()], ..Validity::default() });
        let gates = [threshold("http_req_failed", "rate<0.01"), threshold("findings", "count<0")];
        assert_eq!(code(&report, &gates, Gating::OnlyThresholds), 84);
        assert_eq!(code(&report, &gates[1..], Gating::OnlyThresholds), 80);
        report.stopped = Some(StopReason::Safety("kill switch".to_owned()));
        assert_eq!(code(&report, &gates, Gating::OnlyThresholds), 85);
    }

    #[test]
    fn a_crawl_that_stopped_early_or_never_ended_fails_the_gates_on_it() {
        let of = |report: &Report, selector| {
            code(report, &[threshold(selector, "count==0")], Gating::OnlyThresholds)
        };
        let mut report = report(&[(200, 10)], 0);
        assert_eq!(of(&report, "crawl_incomplete"), 83, "the crawl did not come to its end");
        report.coverage.complete = Some(true);
        report.coverage.skipped = vec![(SkipReason::Scope, 3)];
        assert_eq!(of(&report, "crawl_incomplete"), 0);
        assert_eq!(of(&report, "crawl_skipped"), 83);
        assert_eq!(of(&report, "crawl_skipped{reason:scope}"), 83);
        assert_eq!(of(&report, "crawl_skipped{reason:error}"), 0);
        report.coverage.complete = Some(false);
        assert_eq!(of(&report, "crawl_incomplete"), 83);
        assert!(Threshold::parse("crawl_skipped{reason:scoep}", "count==0").is_err());
    }

    #[test]
    fn coverage_counts_what_is_known_for_sure_if_asked() {
        let mut report = report(&[(200, 10)], 0);
        let operation = |source, reached| Operation {
            method: "GET".to_owned(),
            path_template: format!("/{source:?}"),
            source,
            reached,
            skipped: None,
        };
        report.coverage.operations.extend([
            operation(OperationSource::Spec, true),
            operation(OperationSource::Plan, true),
            operation(OperationSource::Crawl, false),
        ]);
        let of =
            |selector| code(&report, &[threshold(selector, "rate==1")], Gating::OnlyThresholds);
        assert_eq!(of("coverage_operations"), 83);
        assert_eq!(of("coverage_operations{source:>=plan}"), 0);
        assert_eq!(of("coverage_operations{source:crawl}"), 83);
        assert_eq!(of("coverage_operations{source:>=plan,method:GET}"), 0);
        assert_eq!(of("coverage_operations{method:PUT}"), 83, "nothing is no pass");
    }

    #[test]
    fn reasons_carry_the_number_that_decided() {
        let gates = [threshold("http_req_latency", "p(95)<50")];
        let (results, verdict) =
            judged(&report(&[(200, 10)], 0), &gates, Gating::OnlyThresholds, Facts::default());
        assert!(!results[0].pass);
        assert_eq!(verdict.reasons[0].text, "http_req_latency: p(95)<50 wanted, p(95) is 100ms");
    }

    fn aborted(threshold: Threshold, value: f64) -> Watched {
        let mut watched = Watched::new(threshold);
        watched.aborted_at = Some(value);
        watched
    }

    fn stopped_by(threshold: Threshold) -> (Vec<ThresholdResult>, Verdict) {
        let mut stopped = report(&[(200, 10)], 0);
        stopped.stopped = Some(StopReason::Threshold(format!("{} failed", threshold.criterion)));
        let against = Baseline::default();
        let gating = Gating::OnlyThresholds;
        gate(&stopped, &[aborted(threshold, 900.0)], &against, gating, Facts::default())
    }

    #[test]
    fn a_threshold_that_stopped_the_run_fails_it_even_if_it_holds_in_the_end() {
        let (results, verdict) = stopped_by(threshold("http_req_latency", "p(95)<500"));
        assert!(!results[0].pass);
        assert_eq!(results[0].value, Some(100.0));
        assert_eq!(verdict.exit_code.code(), 99);
        assert_eq!(
            verdict.reasons[0].text,
            "http_req_latency: p(95)<500 wanted, p(95) is 100ms, stopped the run at 900ms"
        );
    }

    #[test]
    fn a_finding_that_stopped_the_run_is_not_a_failed_threshold_too() {
        let (_, verdict) = stopped_by(threshold("findings", "count<0"));
        assert_eq!(verdict.exit_code.code(), 80);
        assert_eq!(verdict.reasons.len(), 1);
    }

    #[test]
    fn one_gate_that_stops_the_run_does_not_fail_another_that_begins_alike() {
        let mut stopped = report(&[(200, 10)], 0);
        stopped.stopped = Some(StopReason::Threshold("http_req_latency: p(95)<5 failed".into()));
        let stopping = threshold("http_req_latency", "p(95)<5");
        let watched =
            [aborted(stopping, 100.0), Watched::new(threshold("http_req_latency", "p(95)<500"))];
        let (results, verdict) = gate(
            &stopped,
            &watched,
            &Baseline::default(),
            Gating::OnlyThresholds,
            Facts::default(),
        );
        assert!(!results[0].pass && results[1].pass);
        assert_eq!(verdict.reasons.len(), 1);
    }

    #[test]
    fn a_run_that_never_started_evaluates_no_threshold() {
        let unreachable =
            Facts { unreachable: vec!["connection refused".to_owned()], ..Facts::default() };
        let gates = [threshold("http_req_latency", "p(95)<50")];
        let (results, verdict) =
            judged(&Report::default(), &gates, Gating::LoadFigures, unreachable);
        assert!(results.is_empty());
        assert_eq!(verdict.exit_code.code(), 86);
    }
}
