//! Markdown for a pull-request comment: verdict first, then gates, findings, endpoints.

use std::fmt::Write as _;

use crate::model::AccessMatrix;
use crate::model::Capacity;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::GeneratorReport;
use crate::model::Report;
use crate::model::StopReason;
use crate::model::Tally;
use crate::model::format_duration;
use crate::model::inert;

use super::access;
use super::access::Tone;
use super::capacity;
use super::comparison::comparison_section;
use super::figures::COLUMNS;
use super::figures::accepted;
use super::figures::backends;
use super::figures::by_severity;
use super::figures::checks as checks_by_failures;
use super::figures::columns;
use super::figures::cost;
use super::figures::groups as groups_of;
use super::figures::has_load;
use super::figures::has_scan;
use super::figures::latencies;
use super::figures::message_endpoints;
use super::figures::per_second;
use super::figures::percent;
use super::figures::reached;
use super::figures::share;
use super::figures::templates;
use super::figures::wrong_templates;
use crate::model::grouped;
use crate::model::plural;

/// Rows listed.
const ROWS: usize = 30;
/// Bytes: GitHub's comments take 65,536 characters, GitLab's and steps' summaries a million.
const LIMIT: usize = 65_000;
/// Foreign text is cut to this many characters before it is escaped.
const TEXT: usize = 200;
/// Why a `write!` here cannot fail.
const INFALLIBLE: &str = "writing to a string cannot fail";

/// The comment.
pub(super) fn markdown(report: &Report) -> String {
    let mut out = head(report);
    out.push_str(&warnings(report));
    out.push_str(&gates(report));
    out.extend(report.capacity.as_ref().map(|found| capacity_of(report, found)));
    out.push_str(&sessions(report));
    if has_scan(report) {
        out.push_str(&scan(report));
    }
    out.extend(report.access.as_ref().map(access_of));
    if has_load(report) {
        out.push_str(&load(report));
    }
    out.push_str(&bottlenecks(report));
    out.extend(report.comparison.as_ref().map(comparison_section));
    fitted(out)
}

/// What makes requests slow, what costs most first.
fn bottlenecks(report: &Report) -> String {
    let mut out = String::new();
    for (rank, found) in (1..).zip(&report.bottlenecks) {
        if rank == 1 {
            out.push_str("\n### Bottlenecks\n\n");
        }
        let numbers = found.numbers.join("; ");
        writeln!(
            out,
            "{rank}. {} ({}, confidence {}): {}. {}",
            escape(&found.sentence()),
            escape(&found.since_shown()),
            found.certainty.as_str(),
            escape(&numbers),
            escape(&found.advice),
        )
        .expect(INFALLIBLE);
    }
    out
}

/// The answer, what follows from it, every level.
fn capacity_of(report: &Report, found: &Capacity) -> String {
    let mut out = format!("\n### Capacity: {}\n\n", escape(&capacity::answer(found)));
    for (name, text) in capacity::facts(report, found) {
        writeln!(out, "* {name}: {}", escape(&text)).expect(INFALLIBLE);
    }
    writeln!(out, "\n| {} |\n|--:|--:|--:|--:|--:|--|", capacity::columns(found.model).join(" | "))
        .expect(INFALLIBLE);
    for level in found.levels.iter().take(ROWS) {
        let cells = capacity::row(found, level).map(|cell| escape(&cell));
        writeln!(out, "| {} |", cells.join(" | ")).expect(INFALLIBLE);
    }
    out
}

/// What fits, cut between two lines, and said: the verdict stands first, so it is never what is cut.
fn fitted(mut out: String) -> String {
    if out.len() <= LIMIT {
        return out;
    }
    let end = memchr::memrchr(b'\n', &out.as_bytes()[..LIMIT]).unwrap_or(0);
    let left_out = out.len() - end;
    out.truncate(end);
    write!(
        out,
        "\n\n> [!NOTE]\n> Cut: {left_out} more bytes do not fit into a comment; the whole stands in the \
         other formats of the report.\n"
    )
    .expect(INFALLIBLE);
    out
}

fn head(report: &Report) -> String {
    let mut out = match &report.verdict {
        Some(verdict) => format!(
            "## {} Shakedown: {}, exit code {}\n\n{}\n",
            if verdict.pass { "✅" } else { "❌" },
            if verdict.pass { "passed" } else { "failed" },
            verdict.exit_code.code(),
            report.verdict_meaning().unwrap_or_default()
        ),
        None => {
            "## ⚠️ Shakedown: no verdict\n\nPartial report: the run was cut short.\n".to_owned()
        }
    };
    let reasons = report.verdict.iter().flat_map(|verdict| &verdict.reasons);
    for (index, reason) in reasons.enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        writeln!(out, "{gap}* {} {}", reason.code.code(), escape(&reason.text)).expect(INFALLIBLE);
    }
    if let Some(run) = &report.run {
        let parts = [
            code(&run.command),
            code(&run.target),
            format_duration(report.elapsed),
            format!("seed {}", run.seed),
        ];
        write!(out, "\n{}\n", parts.join(" · ")).expect(INFALLIBLE);
    }
    out
}

fn warnings(report: &Report) -> String {
    let stopped = report.stopped.iter().map(StopReason::sentence);
    let problems = report.validity.iter().flat_map(|validity| &validity.problems);
    let problems = problems.map(|text| format!("not valid: {text}"));
    let own = report.validity.iter().flat_map(|validity| validity.warnings.clone());
    let notices = report.notices.iter().map(|notice| notice.text.clone());
    let all: Vec<String> = stopped.chain(problems).chain(own).chain(notices).collect();
    if all.is_empty() {
        return String::new();
    }
    let mut out = "\n> [!WARNING]\n".to_owned();
    for text in all.iter().take(ROWS) {
        writeln!(out, "> * {}", escape(text)).expect(INFALLIBLE);
    }
    out
}

fn gates(report: &Report) -> String {
    if report.thresholds.is_empty() {
        return String::new();
    }
    let mut out = "\n### Gates\n\n| | metric | condition | measured |\n|--|--|--|--:|\n".to_owned();
    for result in &report.thresholds {
        let sign = if result.pass { "✅" } else { "❌" };
        let (selector, condition) = (code(&result.selector), code(&result.wanted()));
        writeln!(out, "| {sign} | {selector} | {condition} | {} |", escape(&result.measured()))
            .expect(INFALLIBLE);
    }
    out
}

fn sessions(report: &Report) -> String {
    if report.sessions.is_empty() {
        return String::new();
    }
    let mut out = "\n### Logins\n\n".to_owned();
    for session in report.sessions.iter().take(ROWS) {
        let sign = if session.lost > 0 { "❌" } else { "✅" };
        writeln!(out, "* {sign} {}: {}", session.phase.as_str(), escape(&session.shown()))
            .expect(INFALLIBLE);
    }
    out
}

fn scan(report: &Report) -> String {
    let counts: Vec<String> = by_severity(report)
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    let mut parts = vec![match (counts.is_empty(), report.rules.is_empty()) {
        (false, _) => counts.join(", "),
        (true, false) => "no findings".to_owned(),
        (true, true) => "no rule has run".to_owned(),
    }];
    if accepted(report) > 0 {
        parts.push(format!("{} accepted", accepted(report)));
    }
    let (reached, known) = reached(report);
    if known > 0 {
        let share = percent(share(reached, known));
        parts.push(format!("{reached} of {known} operations reached ({share})"));
    }
    parts.push(plural(report.scan_requests.0, "request", "requests"));
    if report.coverage.complete == Some(false) {
        parts.push("crawl incomplete".to_owned());
    }
    let mut out = format!("\n### Scan\n\n{}\n", parts.join(" · "));
    let templates = templates(report);
    if !templates.is_empty() {
        writeln!(out, "\nTemplates: {}", escape(&templates.join(" · "))).expect(INFALLIBLE);
    }
    let refused = wrong_templates(report);
    for (index, text) in refused.iter().take(ROWS).enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        writeln!(out, "{gap}* left out: {}", escape(text)).expect(INFALLIBLE);
    }
    more(&mut out, refused.len());
    if report.findings.is_empty() {
        return out;
    }
    out.push_str("\n| severity | confidence | finding | where | id |\n|--|--|--|--|--|\n");
    for finding in report.findings.iter().take(ROWS) {
        out.push_str(&row(finding));
    }
    more(&mut out, report.findings.len());
    out
}

/// Who may do what; what has changed stands first.
fn access_of(matrix: &AccessMatrix) -> String {
    let mut out = format!("\n### Access\n\n{}\n", access::facts(matrix).join(" · "));
    let names: Vec<String> = matrix.identities.iter().map(|name| code(name)).collect();
    let line = "--|".repeat(names.len());
    writeln!(out, "\n| operation | {} |\n|--|{line}", names.join(" | ")).expect(INFALLIBLE);
    let rows = access::grid(matrix);
    for row in rows.iter().take(ROWS) {
        let cell = |(text, tone): &(String, Tone)| match tone {
            Tone::Bad => format!("❌ {text}"),
            Tone::Doubtful => format!("⚠️ {text}"),
            Tone::Plain | Tone::Faint => text.clone(),
        };
        let cells: Vec<String> = row.cells.iter().map(cell).collect();
        writeln!(out, "| {} | {} |", code(&row.name), cells.join(" | ")).expect(INFALLIBLE);
    }
    more(&mut out, rows.len());
    out
}

fn row(finding: &Finding) -> String {
    let points = finding.places().filter_map(|(point, _)| point);
    let points = points.map(|point| format!(" {} {}", point.kind.as_str(), code(&point.name)));
    let points = points.collect::<Vec<_>>().join(",");
    let status = match finding.status {
        FindingStatus::New => String::new(),
        FindingStatus::Known | FindingStatus::Accepted => {
            format!(" ({})", finding.status.as_str())
        }
    };
    let place = code(&format!("{} {}", finding.method, finding.url));
    format!(
        "| {} | {} | {}{status} | {place}{} | {} |\n",
        finding.severity,
        finding.confidence,
        escape(&finding.rule.title),
        points,
        escape(&finding.id()),
    )
}

fn load(report: &Report) -> String {
    let total = report.total();
    let headline = report.headline();
    let parts = [
        plural(total.requests, "request", "requests"),
        per_second(total.requests, report.load_elapsed),
        format!(
            "{} failed ({})",
            grouped(total.failed),
            percent(share(total.failed, total.requests))
        ),
        headline.title().to_owned(),
    ];
    let mut out = format!("\n### Load\n\n{}\n", parts.join(" · "));
    let generator: Vec<String> =
        report.generator.iter().flat_map(GeneratorReport::figures).collect();
    if !generator.is_empty() {
        write!(out, "\nGenerator: {}\n", generator.join(" · ")).expect(INFALLIBLE);
    }
    if let Some(cost) = cost(report) {
        write!(out, "\nCost: {}\n", escape(&cost)).expect(INFALLIBLE);
    }
    out.push_str(&trends(report, &total));
    out.push_str(
        "\n| endpoint | requests | rate | failed | med | p95 | p99 | p99.9 | p99.99 | max |\n",
    );
    out.push_str("|--|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for endpoint in report.endpoints.iter().take(ROWS) {
        let tally = &endpoint.total;
        let trend = headline.of(tally);
        let at = |q| trend.quantile(q);
        let times = [at(0.5), at(0.95), at(0.99), at(0.999), at(0.9999), trend.max()]
            .map(|time| time.map_or_else(|| "–".to_owned(), format_duration));
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            code(&endpoint.meta.title()),
            grouped(tally.requests),
            per_second(tally.requests, report.load_elapsed),
            percent(share(tally.failed, tally.requests)),
            times.join(" | ")
        )
        .expect(INFALLIBLE);
    }
    more(&mut out, report.endpoints.len());
    groups(report, &mut out);
    messages(report, &mut out);
    checks(&total, &mut out);
    let backends = backends(report);
    if !backends.is_empty() {
        out.push_str("\n| observed | share | p95 |\n|--|--:|--:|\n");
    }
    for backend in backends.iter().take(ROWS) {
        let p95 = backend.duration.quantile(0.95).map_or_else(|| "–".to_owned(), format_duration);
        let name = code(&format!("{}: {}", backend.header, backend.value));
        writeln!(out, "| {name} | {} | {p95} |", percent(backend.share)).expect(INFALLIBLE);
    }
    out
}

fn checks(total: &Tally, out: &mut String) {
    if total.checks.is_empty() {
        return;
    }
    out.push_str("\n| check | passed | failed | rate |\n|--|--:|--:|--:|\n");
    for check in checks_by_failures(total).into_iter().take(ROWS) {
        let rate = percent(share(check.passes, check.passes + check.fails));
        let (passes, fails) = (grouped(check.passes), grouped(check.fails));
        writeln!(out, "| {} | {passes} | {fails} | {rate} |", code(&check.name)).expect(INFALLIBLE);
    }
    more(out, total.checks.len());
}

fn groups(report: &Report, out: &mut String) {
    let count = groups_of(report).count();
    if count == 0 {
        return;
    }
    out.push_str(
        "\n| group | times | avg | med | p95 | p99 | max |\n|--|--:|--:|--:|--:|--:|--:|\n",
    );
    for (_, name, durations) in groups_of(report).take(ROWS) {
        let at = |q| durations.quantile(q);
        let times = [durations.mean(), at(0.5), at(0.95), at(0.99), durations.max()]
            .map(|time| time.map_or_else(|| "–".to_owned(), format_duration));
        let count = grouped(durations.len());
        writeln!(out, "| {} | {count} | {} |", code(name), times.join(" | ")).expect(INFALLIBLE);
    }
    more(out, count);
}

fn messages(report: &Report, out: &mut String) {
    let count = message_endpoints(report).count();
    if count == 0 {
        return;
    }
    out.push_str(
        "\n| messages | sessions | sent | received | med | p95 | p99 | p99.9 | p99.99 | max |\n",
    );
    out.push_str("|--|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (endpoint, messages) in message_endpoints(report).take(ROWS) {
        let latency = &messages.latency;
        let at = |q| latency.quantile(q);
        let times = [at(0.5), at(0.95), at(0.99), at(0.999), at(0.9999), latency.max()]
            .map(|time| time.map_or_else(|| "–".to_owned(), format_duration));
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            code(&endpoint.meta.title()),
            grouped(messages.sessions),
            grouped(messages.sent),
            grouped(messages.received),
            times.join(" | ")
        )
        .expect(INFALLIBLE);
    }
    more(out, count);
}

/// In an open model, response time from the intended start beside service time.
fn trends(report: &Report, total: &Tally) -> String {
    let rows: Vec<String> = latencies(report, total)
        .filter_map(|(name, trend)| {
            let times = columns(trend)?.map(format_duration);
            Some(format!("| {name} | {} |\n", times.join(" | ")))
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let line = "--:|".repeat(COLUMNS.len());
    format!("\n| | {} |\n|--|{line}\n{}", COLUMNS.join(" | "), rows.concat())
}

fn more(out: &mut String, count: usize) {
    if count > ROWS {
        write!(out, "\n… and {} more in the report\n", count - ROWS).expect(INFALLIBLE);
    }
}

/// Foreign text as text: no markup, no HTML, no table cell, no link, no mention of a user or issue.
pub(super) fn escape(text: &str) -> String {
    let text = inert(text, TEXT);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' => out.push_str("&#124;"),
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            // Breaks up what forges turn into links.
            ':' if rest.peek() == Some(&'/') => out.push_str("&#58;"),
            '.' if ends_in_www(&out) => out.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
    out
}

fn ends_in_www(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 3 && bytes[bytes.len() - 3..].eq_ignore_ascii_case(b"www")
}

/// Foreign text as code, in which nothing is markup. A backtick would end it, and a pipe ends a
/// table cell even there: text with either is escaped instead.
pub(super) fn code(text: &str) -> String {
    let shown = inert(text, TEXT);
    if shown.trim().is_empty() || shown.contains(['`', '|']) {
        format!("<code>{}</code>", escape(text))
    } else {
        format!("`{shown}`")
    }
}
