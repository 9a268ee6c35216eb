//! The scanner's settings.

use serde_json::json;

use super::shape::{
    Object, any_of, boolean, duration, example, list, named, number, object, of, pattern, rate,
    text, whole, word,
};
use crate::model::Severity;
use crate::plan::LimitKey;
use crate::plan::Policy;
use crate::plan::RobotsPolicy;
use crate::plan::Strength;
use crate::plan::races;

pub(super) fn objects() -> Vec<Object> {
    let findings = [finding_override(), false_positive()];
    let scan =
        [scan(), crawl(), browser(), race(), invariant(), templates(), access(), rate_limit()];
    scan.into_iter().chain(findings).collect()
}

fn scan() -> Object {
    let checks = list(&example(text(), &["sqli-error", "sqli-boolean", "xss-reflected"]));
    object!("scan", scan::SCAN, "What the scanner does. Without `active` it only looks.")
        .key("crawl", of("crawl"), "Bounds of discovery.")
        .key(
            "active",
            any_of(&[json!({ "const": "all" }), checks]),
            "Checks that send probes: `all`, or those named, several by how they begin (`rate-limit`); \
             `shakedown scan --help` says more.",
        )
        .key(
            "policy",
            word(&Policy::ALL.map(Policy::as_str)),
            "Checks that send probes, beside those named: quick ones, all that do not strain the \
             service, all, or those for interfaces.",
        )
        .key(
            "strength",
            word(&Strength::ALL.map(Strength::as_str)),
            "How many values the checks try, at how many places; by default as the policy has it, or \
             medium.",
        )
        .key(
            "budgets",
            named(&whole(1, None)),
            "Requests that a check may spend at one place, by its id; `default` is for all others.",
        )
        .key(
            "races",
            named(&of("race")),
            "What must hold although a request is sent many times at one instant, for the check \
             `race`. What they name is sent although it may change something.",
        )
        .key(
            "overrides",
            list(&of("override")),
            "Findings with another severity, or known to be none; the last that fits decides.",
        )
        .key_or(
            "tag_probes",
            boolean(),
            false,
            "Whether every probe says in `X-Shakedown-Check` which check sent it.",
        )
        .key_or(
            "timed",
            boolean(),
            true,
            "Whether flaws are looked for that only show by how long the target waits.",
        )
        .key(
            "credentials",
            any_of(&[text(), list(&example(text(), &["admin:admin"]))]),
            "Names and passwords that `default-credentials` tries, a few of each account: a file with \
             lines like `admin:admin`, or such pairs. Without them none is tried.",
        )
        .key_or(
            "allow_unsafe",
            any_of(&[boolean(), list(&text())]),
            false,
            "Whether probes may send what changes something: all of it, or these requests.",
        )
        .key_or("max_rps", rate(), 50, "Requests per second.")
        .key_or("concurrency", whole(1, 1000), 10, "Requests at once.")
        .key("rules", list(&text()), "Directories with more rules, relative to the plan.")
        .key(
            "templates",
            any_of(&[list(&text()), of("templates")]),
            "Templates in Nuclei's format: files and folders, or those and which of them. They run \
             after the crawl, at the scan's pace and with its login; naming them asks for what they \
             send, whatever `active` says.",
        )
        .key(
            "rate_limits",
            list(&of("rate-limit")),
            "Limits on requests that should hold; the checks `rate-limit` verify them. What is named here \
             is sent until it is refused, which may lock an account: use a test user.",
        )
        .key("as", text(), "As whom the site is looked at: an identity, or an auth.")
        .key(
            "access",
            of("access"),
            "Who may do what is asked, and compared with what is expected: by the check \
             `access-matrix`, which runs with the others.",
        )
        .key(
            "during_load",
            list(&word(&["passive"])),
            "What looks at load's traffic too, in `check`.",
        )
}

fn crawl() -> Object {
    object!("crawl", scan::CRAWL, "Bounds of discovery.")
        .key_or("depth", whole(0, None), 5, "Links followed from the start page at most.")
        .key_or("max_urls", whole(1, None), 2000, "URLs fetched at most, by the browser too.")
        .key_or(
            "per_kind",
            whole(0, None),
            12,
            "Pages of one kind (method, path template, parameters) in a row that lead to nothing new \
             before the rest of the kind is left out; 0 is no bound.",
        )
        .key("max_time", duration(), "From the crawl's start to its end.")
        .key("max_bytes", whole(1, None), "Bytes of responses on the wire.")
        .key_or(
            "robots",
            word(&RobotsPolicy::ALL.map(RobotsPolicy::as_str)),
            RobotsPolicy::default().as_str(),
            "What robots.txt means: it names paths, or it is obeyed, or it is not read.",
        )
        .key(
            "import",
            list(&example(text(), &["openapi.yml"])),
            "Files that describe the service (OpenAPI, HAR, Postman, …), relative to the plan: the \
             crawl begins at their requests too.",
        )
        .key_or(
            "browser",
            any_of(&[boolean(), of("browser")]),
            false,
            "Whether pages are shown in Chromium too: what scripts make of them, ask for and react \
             to is found then. It has to be installed.",
        )
}

fn browser() -> Object {
    object!("browser", scan::BROWSER, "Bounds of what the browser does.")
        .key_or("max_pages", whole(1, None), 100, "Pages shown at most.")
        .key_or("max_time", duration(), "10m", "From the first page to the last.")
}

fn race() -> Object {
    object!("race", races::RACE, "A request that is sent many times at one instant.")
        .key(
            "before",
            list(&text()),
            "Requests that are sent before each time, in order; what they extract can stand in the \
             others.",
        )
        .key("request", text(), "The request that is sent many times.")
        .key_or("copies", whole(2, u64::from(races::MOST_COPIES)), races::COPIES, "How many times.")
        .key_or("rounds", whole(1, u64::from(races::MOST_ROUNDS)), races::ROUNDS, "How often.")
        .key("as", text(), "As whom requests are sent that do not say so themselves: an identity.")
        .key("invariant", of("invariant"), "What must hold before and behind.")
        .required(&["request", "invariant"])
}

fn invariant() -> Object {
    object!("invariant", races::INVARIANT, "A number that a request reads, and what it must be.")
        .key("request", text(), "The request that reads it.")
        .key("json", example(text(), &["$.used_count"]), "JSONPath of the number in its answer.")
        .key("at_least", number(), "It is no less.")
        .key("at_most", number(), "It is no more.")
        .required(&["request", "json"])
}

fn finding_override() -> Object {
    let severities = Severity::ALL.map(Severity::as_str);
    object!("override", overrides::OVERRIDE, "Findings that are judged in another way.")
        .key_or("rule", text(), "*", "Id of the rule, `*` for any text in it.")
        .key("url", text(), "A regex on path and query.")
        .key("parameter", text(), "Name of the insertion point.")
        .key("severity", word(&severities), "What it is instead.")
        .key("false_positive", of("false_positive"), "It is no flaw.")
        .key("reason", text(), "Why.")
        .required(&["reason"])
}

fn false_positive() -> Object {
    object!("false_positive", overrides::FALSE_POSITIVE, "Who says so, and until when.")
        .key("owner", text(), "Who answers for it.")
        .key("expires", pattern(r"^\d{4}-\d{2}-\d{2}$"), "The last day on which it holds.")
        .required(&["owner", "expires"])
}

fn access() -> Object {
    object!("access", access::settings::ACCESS, "Who may do what: operations by identities.")
        .key(
            "identities",
            list(&example(text(), &["anonymous", "member", "admin"])),
            "Who is compared, in this order; `anonymous` is nobody. By default nobody, and all \
             identities of the plan.",
        )
        .key(
            "matrix",
            example(text(), &["access.yml"]),
            "What is expected: a file that `shakedown scan PLAN --write-access FILE` has written, \
             relative to the plan.",
        )
        .key(
            "include",
            list(&example(text(), &["GET /api/"])),
            "Beginnings of the operations that are meant; all of them where none is given.",
        )
}

fn templates() -> Object {
    let some = || any_of(&[text(), list(&text())]);
    let severities = ["info", "low", "medium", "high", "critical", "unknown"];
    let severity = || any_of(&[word(&severities), list(&word(&severities))]);
    object!("templates", templates::TEMPLATES, "Templates in Nuclei's format, and which of them.")
        .key("paths", list(&text()), "Files and folders, relative to the plan.")
        .key("tags", some(), "Those with any of these tags.")
        .key("exclude_tags", some(), "None with any of these tags.")
        .key(
            "include_tags",
            some(),
            "Those with these tags although they are left out by default (dos, fuzz, local, \
             bruteforce) or by `exclude_tags`.",
        )
        .key("severity", severity(), "Those of these severities.")
        .key("exclude_severity", severity(), "None of these severities.")
        .key("ids", some(), "Those with these ids; * and ? stand for anything.")
        .key("exclude_ids", some(), "None with these ids.")
        .key("authors", some(), "Those by these authors.")
        .key("exclude_paths", some(), "None in these files and folders.")
        .key(
            "condition",
            some(),
            "Those for which these expressions are true, over id, name, tags, severity, cvss_score, …",
        )
        .key_or(
            "dast",
            boolean(),
            false,
            "Whether templates that change known requests (`fuzzing`) run too, on the operations that \
             the crawl found.",
        )
        .required(&["paths"])
}

fn rate_limit() -> Object {
    let time = r"([0-9]*\.?[0-9]+\s*(us|µs|ms|s|m|min|h|d)\s*)+";
    let unit = r"(s|sec|second|m|min|minute|h|hour|d|day)\s*";
    let expect = pattern(&format!(r"^\s*[0-9]+\s*/\s*({time}|{unit})$"));
    object!("rate-limit", rate_limits::RATE_LIMIT, "A limit on a request that should hold.")
        .key("request", text(), "The request, by its name in the plan.")
        .key(
            "expect",
            example(expect, &["5/1m", "100/1s", "5/min"]),
            "So many are let in within so much time.",
        )
        .key_or(
            "key",
            word(&LimitKey::ALL.map(LimitKey::as_str)),
            LimitKey::default().as_str(),
            "What the limiter counts by: the address, who is logged in, or what they show.",
        )
        .key("as", text(), "The identity that sends it; without one nobody does, whoever scans.")
        .key(
            "refused",
            list(&whole(300, 599)),
            "Statuses that refuse; otherwise 429, and 503 with Retry-After.",
        )
        .required(&["request", "expect"])
}
