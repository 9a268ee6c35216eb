//! How often a comparison is right, simulated from recorded runs; and what `compare` says and ends
//! with.

use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use shakedown::format;
use shakedown::insight::compare;
use shakedown::model::Change;
use shakedown::model::ChangeKind;
use shakedown::model::ComparedFigure;
use shakedown::model::Comparison;
use shakedown::model::ComparisonLimits;
use shakedown::model::Digits;
use shakedown::model::Event;
use shakedown::model::FindingChangeKind;
use shakedown::model::GeneratorWindow;
use shakedown::model::LoadWindow;
use shakedown::model::Report;
use shakedown::model::SeriesId;
use shakedown::model::SeriesKind;
use shakedown::model::SeriesMeta;
use shakedown::model::SeriesWindow;
use shakedown::model::Severity;
use shakedown::model::Stamped;
use shakedown::model::Subject;
use shakedown::model::Tally;
use shakedown::model::Threshold;
use shakedown::model::ThresholdResult;
use shakedown::model::Verdict;
use shakedown::run::Baseline;
use shakedown::run::judge_merged;

use crate::fixtures::rich_report;
use crate::program::told;

/// Recorded with `shakedown load` against `shakedown demo --serve` on a machine that was busy with
/// other work: a line is two seconds, its fields are microseconds and how many requests took them.
const RECORDED: [&str; 2] =
    [include_str!("../data/compare/shop-1.txt"), include_str!("../data/compare/shop-2.txt")];

/// Simulated pairs of runs, for each answer.
const PAIRS: u64 = 100;

/// Seconds of a simulated run; the recorded requests of two are drawn from for each.
const SECONDS: usize = 16;

/// Lines that stay together: noise of a recording lasts longer than one.
const TOGETHER: usize = 4;

/// The latencies of each line.
fn recorded(text: &str) -> Vec<Vec<u64>> {
    let field = |field: &str| -> Vec<u64> {
        let (micros, count) = field.split_once('*').expect("micros*count");
        let count = count.parse().expect("a count");
        vec![micros.parse().expect("microseconds"); count]
    };
    text.lines().map(|line| line.split(' ').flat_map(field).collect()).collect()
}

fn series(id: u32, request: &str) -> SeriesMeta {
    SeriesMeta {
        id: SeriesId(id),
        scenario: "s".to_owned(),
        request: request.to_owned(),
        method: "GET".to_owned(),
        path_template: format!("/{request}"),
        url: format!("http://127.0.0.1/{request}"),
        kind: SeriesKind::Http,
        tags: std::collections::BTreeMap::new(),
    }
}

/// A report of windows of a second, each with the latencies of its requests by series.
fn report(windows: &[[Vec<u64>; 2]]) -> Report {
    let declared =
        Event::LoadDeclared { scenarios: Vec::new(), series: vec![series(0, "a"), series(1, "b")] };
    let mut report = Report::default();
    let at = |report: &mut Report, seq, event| {
        report.apply(&Stamped { seq, at: Duration::from_secs(seq), event });
    };
    at(&mut report, 0, declared);
    for (second, values) in (0..).zip(windows) {
        let tally = |values: &Vec<u64>| {
            let mut tally = Tally::new(Digits::Two);
            for value in values {
                tally.requests += 1;
                tally.latency.record_us(*value);
                tally.duration.record_us(*value);
            }
            tally
        };
        let series = (0..).zip(values);
        let series =
            series.map(|(id, values)| SeriesWindow { series: SeriesId(id), tally: tally(values) });
        let window = LoadWindow {
            from: Duration::from_secs(second),
            to: Duration::from_secs(second + 1),
            warmup: false,
            series: series.collect(),
            scenarios: Vec::new(),
            generator: GeneratorWindow::default(),
        };
        at(&mut report, second + 1, Event::LoadWindow(window));
    }
    at(&mut report, 0, Event::Verdict(Verdict::of(&shakedown::model::Facts::default())));
    report
}

/// A run as a recording has them: stretches of it, and in each second half as many requests as a line
/// has, drawn from those of that line.
fn simulated(recording: &[Vec<u64>], rng: &mut StdRng, slower: impl Fn(u64) -> u64) -> Report {
    let mut windows = Vec::new();
    while windows.len() < SECONDS {
        let from = rng.random_range(0..recording.len());
        for line in from..from + TOGETHER {
            let values = &recording[line % recording.len()];
            let mut split = [Vec::new(), Vec::new()];
            for _ in 0..values.len() / 2 {
                let drawn = slower(values[rng.random_range(0..values.len())]);
                split[usize::from(rng.random_range(0..3) == 0)].push(drawn);
            }
            windows.push(split);
        }
    }
    report(&windows)
}

/// Of so many pairs, in how many something is worse, and in how many the whole's p95 is; the new run
/// has latencies as `slower` makes them.
fn alarms(recording: &str, slower: impl Fn(u64) -> u64 + Copy) -> (u64, u64) {
    let recording = recorded(recording);
    assert!(recording.len() >= 20, "a recording is long enough to draw from");
    let (mut any, mut p95) = (0, 0);
    for seed in 0..PAIRS {
        let mut rng = StdRng::seed_from_u64(seed);
        let old = simulated(&recording, &mut rng, |value| value);
        let new = simulated(&recording, &mut rng, slower);
        let comparison = compare(&old, &new, ComparisonLimits::default());
        // A p95 of the rarer endpoint may want a request or two.
        assert!(comparison.changes.len() >= 11, "{:?}", comparison.left_out);
        let worse: Vec<_> = comparison.of_kind(ChangeKind::Worse).collect();
        any += u64::from(!worse.is_empty());
        p95 += u64::from(worse.iter().any(|change| {
            change.subject == Subject::Whole && change.figure == ComparedFigure::P95
        }));
    }
    (any, p95)
}

#[test]
fn a_system_that_has_not_changed_is_hardly_ever_flagged() {
    for (number, recording) in RECORDED.into_iter().enumerate() {
        let (any, _) = alarms(recording, |value| value);
        assert!(any * 100 <= 5 * PAIRS, "{any} of {PAIRS} pairs of recording {number}");
    }
}

#[test]
fn ten_per_cent_more_p95_is_flagged() {
    for (number, recording) in RECORDED.into_iter().enumerate() {
        let (_, p95) = alarms(recording, |value| value + value / 10);
        assert!(p95 * 100 >= 95 * PAIRS, "{p95} of {PAIRS} pairs of recording {number}");
    }
}

#[test]
fn ten_per_cent_more_p95_is_flagged_where_most_requests_are_as_fast_as_before() {
    for (number, recording) in RECORDED.into_iter().enumerate() {
        let mut all: Vec<u64> = recorded(recording).concat();
        all.sort_unstable();
        let from = all[all.len() * 6 / 10];
        let tail = |value: u64| if value > from { value + value / 10 } else { value };
        let (_, p95) = alarms(recording, tail);
        assert!(p95 * 100 >= 95 * PAIRS, "{p95} of {PAIRS} pairs of recording {number}");
    }
}

/// `seconds` of twenty requests each, all as long.
fn steady(seconds: usize, micros: u64) -> Report {
    report(&vec![[vec![micros; 10], vec![micros; 10]]; seconds])
}

fn of(comparison: &Comparison, figure: ComparedFigure) -> &Change {
    let mut whole = comparison.changes.iter();
    let found = whole.find(|one| one.subject == Subject::Whole && one.figure == figure);
    found.expect("the whole is compared")
}

#[test]
fn a_change_below_either_floor_is_none() {
    let limits = ComparisonLimits::default();
    let kind = |old, new, limits| {
        of(&compare(&steady(20, old), &steady(20, new), limits), ComparedFigure::P95).kind
    };
    assert_eq!(kind(100_000, 104_000, limits), ChangeKind::Same, "4 %");
    assert_eq!(kind(5_000, 5_800, limits), ChangeKind::Same, "0.8 ms");
    assert_eq!(kind(100_000, 110_000, limits), ChangeKind::Worse);
    assert_eq!(kind(110_000, 100_000, limits), ChangeKind::Better);
    let fine =
        ComparisonLimits { min_relative: 0.01, min_absolute: Duration::from_micros(100), ..limits };
    assert_eq!(kind(5_000, 5_800, fine), ChangeKind::Worse);
}

#[test]
fn a_bad_second_is_noise_and_bad_requests_all_the_time_are_not() {
    let fine = || vec![50_000; 10];
    let mut windows = vec![[fine(), fine()]; 20];
    let old = report(&windows);
    windows[7] = [vec![500_000; 10], vec![500_000; 10]];
    windows[8][0] = vec![500_000; 10];
    let comparison = compare(&old, &report(&windows), ComparisonLimits::default());
    let p95 = of(&comparison, ComparedFigure::P95);
    assert!(p95.change > 1.0, "{p95:?}");
    assert_eq!(p95.kind, ChangeKind::Noise);
    let some_bad = || [vec![50_000; 7], vec![500_000; 3]].concat();
    let comparison =
        compare(&old, &report(&vec![[some_bad(), some_bad()]; 20]), ComparisonLimits::default());
    assert_eq!(of(&comparison, ComparedFigure::P95).kind, ChangeKind::Worse);
    assert_eq!(of(&comparison, ComparedFigure::Median).kind, ChangeKind::Same);
}

#[test]
fn a_gate_on_a_change_passes_what_chance_makes_as_often() {
    let judged = |condition: &str, old: &Report, new: &Report| {
        let gate = Threshold::parse("http_req_latency|vs(baseline)", condition).expect("valid");
        let mut whole = new.clone();
        whole.thresholds = vec![ThresholdResult::new(gate.criterion)];
        let against = Baseline { report: Some(old.clone()), ..Baseline::default() };
        judge_merged(&mut whole, &against).expect("there is a baseline");
        whole.thresholds.remove(0)
    };
    let mut windows = vec![[vec![50_000; 10], vec![50_000; 10]]; 20];
    let old = report(&windows);
    windows[7] = [vec![500_000; 10], vec![500_000; 10]];
    windows[8][0] = vec![500_000; 10];
    let noisy = judged("p(95)<+10%", &old, &report(&windows));
    assert!(noisy.pass && noisy.is_noise(), "{noisy:?}");
    assert!(noisy.measured().ends_with("which may be noise"), "{}", noisy.measured());
    let slower = judged("p(95)<+10%", &old, &steady(20, 60_000));
    assert!(!slower.pass && slower.chance.is_some_and(|chance| chance < 0.05), "{slower:?}");
    let faster = judged("p(95)<-5%", &old, &report(&windows));
    assert!(!faster.pass, "an improvement that is asked for does not come by chance");
    let other = judged("avg<+10%", &old, &report(&windows));
    assert_eq!((other.pass, other.chance), (false, None), "a mean is judged as it stands");
}

#[test]
fn the_same_reports_give_the_same_result() {
    let recording = recorded(RECORDED[0]);
    let mut rng = StdRng::seed_from_u64(1);
    let old = simulated(&recording, &mut rng, |value| value);
    let new = simulated(&recording, &mut rng, |value| value * 2);
    let once = compare(&old, &new, ComparisonLimits::default());
    assert_eq!(once, compare(&old, &new, ComparisonLimits::default()));
}

#[test]
fn what_cannot_be_compared_is_said_and_does_not_pass() {
    let limits = ComparisonLimits::default();
    let verdict = |old: &Report, new: &Report| {
        let comparison = compare(old, new, limits);
        let said = comparison.left_out.iter().map(ToString::to_string).collect::<Vec<_>>();
        (comparison.verdict(Some(Severity::Low)).exit_code.code(), said.join("\n"))
    };
    let whole = steady(20, 50_000);
    let (code, said) = verdict(&whole, &steady(4, 50_000));
    assert_eq!(code, 83);
    assert!(said.contains("all requests: too short: 20 blocks"), "{said}");
    let mut older = whole.clone();
    older.blocks = shakedown::model::Blocks::default();
    let (code, said) = verdict(&older, &whole);
    assert_eq!(code, 83);
    assert!(said.contains("no histograms by time"), "{said}");
    let few = report(&vec![[vec![50_000], vec![50_000]]; 20]);
    let (code, said) = verdict(&few, &whole);
    assert_eq!(code, 0, "the median can be compared");
    assert!(said.contains("p(95) of all requests: too few requests: 40"), "{said}");
    let mut renamed = whole.clone();
    renamed.endpoints[1].meta.request = "c".to_owned();
    let (code, said) = verdict(&whole, &renamed);
    assert_eq!(code, 0);
    assert!(said.contains("the old run has no such endpoint"), "{said}");
    assert!(said.contains("the new run has no such endpoint"), "{said}");
    assert_eq!(verdict(&whole, &Report::default()).0, 83, "one of them has no load");
    assert_eq!(verdict(&Report::default(), &Report::default()).0, 83, "nothing at all");
}

#[test]
fn an_invalid_run_proves_nothing() {
    let (old, mut new) = (steady(20, 50_000), steady(20, 90_000));
    let code = |new: &Report| {
        let comparison = compare(&old, new, ComparisonLimits::default());
        comparison.verdict(None).exit_code.code()
    };
    assert_eq!(code(&new), 82);
    let problems = vec!["the generator was late".to_owned()];
    new.validity = Some(shakedown::model::Validity { problems, ..Default::default() });
    assert_eq!(code(&new), 84);
}

#[test]
fn errors_and_throughput_are_compared_too() {
    let with_failures = |failed| {
        let mut report = steady(20, 50_000);
        for block in &mut report.blocks.list {
            block.whole.failed = failed;
        }
        report.endpoints[0].total.failed = failed * 20;
        report.load_elapsed = Duration::from_secs(20);
        report
    };
    let comparison = compare(&with_failures(0), &with_failures(2), ComparisonLimits::default());
    let errors = of(&comparison, ComparedFigure::ErrorRate);
    assert_eq!((errors.kind, errors.new), (ChangeKind::Worse, 0.1));
    let throughput = of(&comparison, ComparedFigure::Throughput);
    assert_eq!((throughput.kind, throughput.old, throughput.new), (ChangeKind::Worse, 20.0, 18.0));
    assert_eq!(of(&comparison, ComparedFigure::P95).kind, ChangeKind::Same);
}

#[test]
fn findings_are_new_changed_or_fixed_and_a_new_one_is_a_regression() {
    let old = rich_report();
    let mut new = old.clone();
    let gone = new.findings.pop().expect("the fixture has findings");
    new.findings[0].severity = Severity::Low;
    let mut found = new.findings[0].clone();
    found.fingerprint = "0123456789abcdef".to_owned();
    found.also.clear();
    found.severity = Severity::High;
    found.confidence = shakedown::model::Confidence::Firm;
    found.status = shakedown::model::FindingStatus::New;
    new.findings.push(found);
    let comparison = compare(&old, &new, ComparisonLimits::default());
    let kinds = |kind| comparison.findings.iter().filter(move |one| one.kind == kind);
    let new_ids: Vec<_> = kinds(FindingChangeKind::New).map(|one| one.id.clone()).collect();
    assert_eq!(new_ids, ["SD-0123456789"]);
    assert_eq!(kinds(FindingChangeKind::Changed).count(), 1);
    let no_longer: Vec<_> = kinds(FindingChangeKind::Fixed)
        .chain(kinds(FindingChangeKind::NotLookedFor))
        .map(|one| one.fingerprint.clone())
        .collect();
    assert_eq!(no_longer, [gone.fingerprint]);
    let reasons = |least| {
        let verdict = comparison.verdict(least);
        verdict.reasons.into_iter().filter(|reason| reason.text.starts_with("new: ")).count()
    };
    assert_eq!((reasons(Some(Severity::High)), reasons(Some(Severity::Critical))), (1, 0));
    assert_eq!(reasons(None), 0);
}

fn saved(dir: &std::path::Path, name: &str, report: &Report) -> String {
    let path = dir.join(name);
    std::fs::write(&path, format::report::write(report)).expect("writable");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn the_command_ends_with_82_and_says_why_in_three_formats() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let old = saved(dir.path(), "old.json", &steady(20, 50_000));
    let new = saved(dir.path(), "new.json", &steady(20, 75_000));
    let (code, text, _) = told(&["compare", &old, &new]);
    assert_eq!(code, 82, "{text}");
    assert!(text.contains("FAILED exit code 82: worse than before"), "{text}");
    assert!(text.contains("p(95)"), "{text}");
    let (code, markdown, _) = told(&["compare", &old, &new, "-f", "md"]);
    assert_eq!(code, 82);
    assert!(markdown.contains("| ❌ worse | `all requests` | p(95) |"), "{markdown}");
    let (code, json, _) = told(&["compare", &old, &new, "-f", "json"]);
    assert_eq!(code, 82);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON and nothing else");
    let schema = format::comparison::schema();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let problems: Vec<String> =
        validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(json["verdict"]["exit_code"], 82);
    assert_eq!(json["changes"][0]["kind"], "worse");
    let (code, ..) = told(&["compare", &old, &old]);
    assert_eq!(code, 0);
    let (code, ..) = told(&["compare", &new, &old]);
    assert_eq!(code, 0, "better is no failure");
    let (code, ..) = told(&["compare", &old, &new, "--min-relative", "60%"]);
    assert_eq!(code, 0);
}

#[test]
fn what_is_no_run_is_refused_with_its_path() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let old = saved(dir.path(), "old.json", &steady(20, 50_000));
    let (code, _, error) = told(&["compare", &old, "no-such-file.json"]);
    assert_eq!(code, 2);
    assert!(error.contains("no-such-file.json"), "{error}");
    let (code, _, error) = told(&["compare", "-", "-"]);
    assert_eq!(code, 2);
    assert!(error.contains("standard input"), "{error}");
    let (code, ..) = told(&["compare", &old, &old, "--confidence", "100%"]);
    assert_eq!(code, 2);
}

#[test]
fn hostile_names_neither_move_the_cursor_nor_break_the_table() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let hostile = |micros| {
        let mut report = steady(20, micros);
        report.endpoints[1].meta.path_template = "/\u{1b}[2J|<img src=x>`\n# x".to_owned();
        report
    };
    let old = saved(dir.path(), "old.json", &hostile(50_000));
    let new = saved(dir.path(), "new.json", &hostile(75_000));
    let (_, text, _) = told(&["compare", &old, &new]);
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let (_, markdown, _) = told(&["compare", &old, &new, "-f", "md"]);
    assert!(!markdown.contains("<img") && !markdown.contains("\n# x"), "{markdown}");
}
