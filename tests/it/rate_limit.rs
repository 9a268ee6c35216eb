//! Limits on requests that a plan declares: verified on a limiter in memory.

mod door;
mod plans;
mod shop;

use std::sync::Arc;
use std::time::Duration;

use shakedown::http::clock::Clock;
use shakedown::model::Confidence;
use shakedown::model::Event;
use shakedown::model::EvidenceRole;
use shakedown::model::Finding;
use shakedown::model::Redactor;
use shakedown::model::Report;
use shakedown::model::Seed;
use shakedown::model::Stamped;
use shakedown::model::StopToken;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::PlanErrors;
use shakedown::plan::RateLimit;
use shakedown::plan::from_text;
use shakedown::rules::Registry;
use shakedown::scan::Addresses;
use shakedown::scan::ScanJob;
use shakedown::scan::Wire;
use shakedown::scan::most_requests_of_limits;
use shakedown::scan::native_check_ids;

use door::Door;
use door::Flaw;

/// The rules by themselves: nothing else is looked for.
const RULES: [(&str, &str); 5] = [
    ("bypass.yaml", include_str!("../../rules/api/rate-limit-bypass.yaml")),
    ("exceeded.yaml", include_str!("../../rules/api/rate-limit-exceeded.yaml")),
    ("header.yaml", include_str!("../../rules/api/rate-limit-header.yaml")),
    ("key.yaml", include_str!("../../rules/api/rate-limit-key.yaml")),
    ("missing.yaml", include_str!("../../rules/api/rate-limit-missing.yaml")),
];

const TARGET: &str = "http://127.0.0.1:8080";

fn plan(target: &str, rest: &str) -> Result<Plan, PlanErrors> {
    let overrides = Overrides {
        known_checks: native_check_ids().into_iter().map(str::to_owned).collect(),
        ..Overrides::new(Seed(7), jiff::civil::date(2026, 11, 23))
    };
    let text = format!("version: 1\ntarget: {target}\n{rest}");
    from_text("plan.yml", &text, &|_| None, &overrides)
}

fn valid(target: &str, rest: &str) -> Plan {
    plan(target, rest).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn limits(plan: &Plan) -> &[RateLimit] {
    &plan.scan.as_ref().expect("a scan").probing.rate_limits
}

/// What came of a scan.
struct Verified {
    report: Report,
    notices: Vec<String>,
}

impl Verified {
    /// Rules that found something, in order.
    fn rules(&self) -> Vec<&str> {
        let mut rules: Vec<&str> =
            self.report.findings.iter().map(|finding| finding.rule.id.as_str()).collect();
        rules.sort_unstable();
        rules
    }

    fn only(&self) -> &Finding {
        let [finding] = self.report.findings.as_slice() else {
            panic!("{:?} {:?}", self.rules(), self.notices)
        };
        finding
    }

    fn has_said(&self, text: &str) -> bool {
        self.notices.iter().any(|notice| notice.contains(text))
    }

    fn spent(&self) -> u64 {
        let outcomes = self.report.rules.values().filter_map(|(_, outcome)| outcome.as_ref());
        outcomes.map(|outcome| outcome.requests).sum()
    }
}

async fn scan(plan: Plan, wire: Arc<dyn Wire>) -> Verified {
    let sources = RULES.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let registry = Registry::of_sources(&sources).expect("valid rules");
    let job = ScanJob {
        record: None,
        addresses: Addresses::Counted,
        plan: Arc::new(plan),
        registry: Arc::new(registry),
        wire,
        clock: Clock::start(),
        redactor: Redactor::default(),
        browser: None,
        templates: None,
        callbacks: None,
        callback_server: None,
    };
    let (sender, mut events) = tokio::sync::mpsc::channel(64);
    let running = tokio::spawn(shakedown::scan::run(job, sender, StopToken::default()));
    let (mut report, mut notices, mut seq) = (Report::default(), Vec::new(), 0);
    while let Some(event) = events.recv().await {
        if let Event::Notice(notice) = &event {
            notices.push(notice.text.clone());
        }
        report.apply(&Stamped { seq, at: Duration::ZERO, event });
        seq += 1;
    }
    running.await.expect("a scan does not panic");
    Verified { report, notices }
}

/// Verifies one limit at the door; `more` is said of it beside the request and the count.
async fn knock(door: &Arc<Door>, more: &str) -> Verified {
    let rest = format!(
        "requests: {{ enter: {{ post: /enter, json: {{ code: 1 }} }} }}\n\
         auth: {{ member: {{ basic: {{ user: '${{user}}', password: '${{pass}}' }} }} }}\n\
         identities:\n  alice: {{ auth: member, vars: {{ user: alice, pass: wonderland }} }}\n  \
         bob: {{ auth: member, vars: {{ user: bob, pass: builder-17 }} }}\n\
         scan:\n  crawl: {{ depth: 0, max_urls: 10 }}\n  active: [ rate-limit ]\n  \
         rate_limits: [ {{ request: enter, expect: 10/10s{more} }} ]\n"
    );
    let plan = valid(TARGET, &rest);
    let most = most_requests_of_limits(limits(&plan));
    let verified = scan(plan, Arc::clone(door) as Arc<dyn Wire>).await;
    assert!(door.posts() <= most, "{} of {most}", door.posts());
    assert_eq!(verified.spent(), door.posts(), "one rule asks for all, and all is counted");
    assert!(verified.has_said(&format!("at most {most} requests")), "{:?}", verified.notices);
    assert!(verified.has_said("use a test user"));
    verified
}

#[tokio::test]
async fn each_flaw_of_a_limiter_is_told_by_its_own_rule() {
    for (flaw, rule, words) in [
        (Flaw::NoLimit, "missing", "measured at least 35 (3.5 x): none was refused"),
        (Flaw::Higher, "exceeded", "declared 10 per 10 s, measured 15 (1.5 x)"),
        (
            Flaw::PerProcess,
            "exceeded",
            "POST /enter: declared 10 per 10 s, measured 30 (3.0 x; 3 backends seen: counters per process)",
        ),
        (Flaw::TrustsHeader, "bypass", "twice each, with X-Forwarded-For: "),
        (Flaw::ReadsCase, "bypass", "twice each, with another case of the path (/ENTER)"),
        (Flaw::SaysNothing, "header", "refusals carry no `Retry-After`"),
        (Flaw::SaysTooShort, "header", "`Retry-After` said 1.00s, and 1.10s behind that"),
        (Flaw::SaysTooLong, "header", "`Retry-After` said 1m00s, and a request was let in after"),
        (Flaw::StatesAnother, "header", "answers state a limit of 100, and 10 were let in"),
    ] {
        let verified = knock(&Door::new(flaw), "").await;
        let finding = verified.only();
        assert_eq!(finding.rule.id, format!("rate-limit-{rule}"), "{flaw:?}");
        assert!(finding.detail.contains(words), "{flaw:?}: {}", finding.detail);
        assert!(finding.confidence >= Confidence::Firm, "{flaw:?}: {:?}", finding.confidence);
        assert_eq!((finding.method.as_str(), finding.path_template.as_str()), ("POST", "/enter"));
        assert!(finding.evidence.len() > 1, "{flaw:?}");
        assert!(!finding.detail.contains("X-Real-IP"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn a_limiter_that_is_right_raises_nothing() {
    for (flaw, more) in [
        (Flaw::None, ""),
        (Flaw::None, ", key: ip, as: alice"),
        (Flaw::Aligned, ""),
        (Flaw::CountsUsers, ", key: user, as: alice"),
        (Flaw::CountsUsers, ", key: token, as: bob"),
    ] {
        let verified = knock(&Door::new(flaw), more).await;
        assert_eq!(verified.rules(), [""; 0], "{flaw:?}{more}: {:?}", verified.report.findings);
        assert!(!verified.has_said("not verified"), "{flaw:?}{more}: {:?}", verified.notices);
        let is_untold = verified.has_said("cannot be told from one address");
        assert_eq!(is_untold, more.is_empty(), "{flaw:?}{more}: {:?}", verified.notices);
    }
}

#[tokio::test]
async fn a_way_around_is_proven_by_plain_copies_that_are_refused() {
    let verified = knock(&Door::new(Flaw::TrustsHeader), "").await;
    let finding = verified.only();
    let roles: Vec<EvidenceRole> = finding.evidence.iter().map(|shown| shown.role).collect();
    let (control, attack, replay) =
        (EvidenceRole::Control, EvidenceRole::Attack, EvidenceRole::Replay);
    assert_eq!(roles, [EvidenceRole::Baseline, control, attack, control, replay, control]);
    let status = |role| {
        let mut shown = finding.evidence.iter().filter(|shown| shown.role == role);
        shown.all(|shown| {
            let response = shown.response.as_ref().expect("answered");
            let wanted: &[u8] = if role == control { b"HTTP/1.1 429" } else { b"HTTP/1.1 200" };
            response.data.starts_with(wanted)
        })
    };
    assert!(status(control) && status(attack) && status(replay));
    assert!(finding.reproduce.contains("X-Forwarded-For"), "{}", finding.reproduce);
}

#[tokio::test]
async fn what_a_limiter_counts_is_told_by_two_people() {
    let verified = knock(&Door::new(Flaw::None), ", key: user, as: alice").await;
    let finding = verified.only();
    assert_eq!(finding.rule.id, "rate-limit-key");
    let words = "while `alice` is refused, so is `bob`, twice";
    assert!(finding.detail.contains(words), "{}", finding.detail);
    let verified = knock(&Door::new(Flaw::CountsUsers), ", as: alice").await;
    let words = "`bob` is let in from the same address, twice: it counts who is logged in";
    assert!(verified.only().detail.contains(words), "{}", verified.only().detail);
}

#[tokio::test]
async fn what_cannot_be_told_is_said_and_not_claimed() {
    for (flaw, words) in [
        (Flaw::Slow, "too slow to reach the limit"),
        (Flaw::RefusesInWords, "answers changed, and their status did not"),
        (Flaw::RefusesElsewhere, "answers changed from 200 to 302"),
    ] {
        let verified = knock(&Door::new(flaw), "").await;
        assert_eq!(verified.rules(), [""; 0], "{flaw:?}");
        assert!(verified.has_said(words), "{flaw:?}: {:?}", verified.notices);
    }
    // Whoever says so is believed.
    let verified = knock(&Door::new(Flaw::RefusesElsewhere), ", refused: [ 302 ]").await;
    assert_eq!(verified.rules(), [""; 0], "{:?}", verified.report.findings);
    assert!(!verified.has_said("not verified"), "{:?}", verified.notices);
}

#[tokio::test]
async fn limits_are_verified_where_probes_are_sent_and_limits_are_declared() {
    let door = Door::new(Flaw::NoLimit);
    let request = "requests: { enter: { post: /enter } }\n";
    let limit = "rate_limits: [ { request: enter, expect: 10/10s } ]";
    for (scan_of, is_verified) in [
        (format!("scan: {{ {limit} }}"), false),
        ("scan: { policy: ci }".to_owned(), false),
        ("scan: { active: [ rate-limit-missing ] }".to_owned(), false),
        (format!("scan: {{ policy: ci, {limit} }}"), true),
    ] {
        let before = door.posts();
        let plan = valid(TARGET, &format!("{request}{scan_of}\n"));
        let is_warned = plan.warnings.iter().any(|line| line.contains("nothing verifies"));
        assert_eq!(is_warned, !limits(&plan).is_empty() && !is_verified, "{:?}", plan.warnings);
        let verified = scan(plan, Arc::clone(&door) as Arc<dyn Wire>).await;
        let found = verified.rules() == ["rate-limit-missing"];
        assert_eq!((found, door.posts() > before), (is_verified, is_verified), "{scan_of}");
    }
}
