//! One report out of those of all parts.

use std::time::Duration;

use super::error::MergeError;
use super::parts::in_order;
use super::time::merged_blocks;
use super::time::merged_timeline;
use super::time::offsets;
use super::time::span;
use crate::model::Exemplar;
use crate::model::Finding;
use crate::model::GeneratorReport;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::SessionReport;
use crate::model::ThresholdResult;
use crate::model::Validity;

/// Parts may begin their load so far apart before it is said.
const TOGETHER: Duration = Duration::from_secs(1);

/// The whole run. Thresholds are those of the parts, not judged; there is no verdict.
///
/// # Errors
/// [`MergeError`] for reports that are not the parts of one run, each once and none missing.
pub fn merge(reports: Vec<Report>) -> Result<Report, MergeError> {
    let parts = in_order(reports)?;
    let offsets = offsets(&parts);
    let apart = apart(&parts, &offsets)?;
    let blocks = merged_blocks(&parts, &offsets);
    let timeline = merged_timeline(&parts, &offsets, &blocks);
    let mut whole = Report { timeline, blocks, ..Report::default() };
    for (part, offset) in parts.iter().zip(&offsets) {
        add_load(&mut whole, part, *offset);
        add_scan(&mut whole, part, *offset);
        add_doubts(&mut whole, part);
    }
    if let Some(text) = apart {
        whole.notices.push(Notice { level: NoticeLevel::Warning, text });
    }
    whole.run = parts[0].run.clone().map(|mut info| {
        let started = parts.iter().filter_map(|part| Some(part.run.as_ref()?.started_unix));
        info.started_unix = started.min().unwrap_or(info.started_unix);
        let zeros = parts.iter().filter_map(|part| part.run.as_ref()?.zero_unix_ms);
        info.zero_unix_ms = zeros.min();
        info.part = None;
        info.host = hosts(&parts);
        info
    });
    whole.thresholds = thresholds(&parts);
    Ok(whole)
}

/// Those of the first part, which has all; each as it came out where it came out worst.
fn thresholds(parts: &[Report]) -> Vec<ThresholdResult> {
    let gate = |result: &ThresholdResult| {
        (result.selector.clone(), result.condition.clone(), result.window)
    };
    let mut all = parts[0].thresholds.clone();
    for result in &mut all {
        let others = parts[1..].iter().flat_map(|part| &part.thresholds);
        let failed = others.filter(|other| gate(other) == gate(result)).find(|other| !other.pass);
        if let Some(failed) = failed.filter(|_| result.pass) {
            result.clone_from(failed);
        }
    }
    all
}

/// Whether load began at the same time in all of them: a sentence where it did not quite.
fn apart(parts: &[Report], offsets: &[Duration]) -> Result<Option<String>, MergeError> {
    let spans = parts.iter().zip(offsets).map(|(part, offset)| span(part, *offset));
    let spans: Vec<(usize, (Duration, Duration))> =
        (1..).zip(spans).filter_map(|(place, span)| Some((place, span?))).collect();
    let Some((_, first)) = spans.first().copied() else { return Ok(None) };
    let mut most = Duration::ZERO;
    for (place, (from, to)) in &spans[1..] {
        let away = from.abs_diff(first.0);
        if *from > first.1 || *to < first.0 {
            return Err(MergeError::Apart { place: *place, seconds: away.as_secs() });
        }
        most = most.max(away);
    }
    Ok((most > TOGETHER).then(|| {
        format!(
            "the parts began their load up to {} apart: what the target had to bear was not what the \
             plan says",
            crate::model::format_duration(most)
        )
    }))
}

fn hosts(parts: &[Report]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in parts.iter().filter_map(|part| Some(part.run.as_ref()?.host.as_str())) {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

fn add_load(whole: &mut Report, part: &Report, offset: Duration) {
    whole.elapsed = whole.elapsed.max(part.elapsed + offset);
    whole.load_elapsed = whole.load_elapsed.max(part.load_elapsed);
    whole.vus.0 += part.vus.0;
    whole.vus.1 += part.vus.1;
    whole.tap_dropped += part.tap_dropped;
    for (phase, finished) in &part.phases {
        match whole.phases.iter_mut().find(|(known, _)| known == phase) {
            Some((_, all)) => *all &= finished,
            None => whole.phases.push((*phase, *finished)),
        }
    }
    if whole.endpoints.is_empty() && whole.scenarios.is_empty() {
        whole.endpoints.clone_from(&part.endpoints);
        whole.scenarios.clone_from(&part.scenarios);
        for endpoint in &mut whole.endpoints {
            shift(&mut endpoint.total.exemplars, offset);
        }
    } else {
        for (mine, theirs) in whole.endpoints.iter_mut().zip(&part.endpoints) {
            let mut total = theirs.total.clone();
            shift(&mut total.exemplars, offset);
            mine.total.merge(&total);
        }
        for ((_, mine), (_, theirs)) in whole.scenarios.iter_mut().zip(&part.scenarios) {
            mine.merge(theirs);
        }
    }
    for change in &part.changes {
        let mut change = change.clone();
        change.at += offset;
        whole.changes.push(change);
    }
    whole.changes.sort_by_key(|change| change.at);
}

fn shift(exemplars: &mut [Exemplar], offset: Duration) {
    for exemplar in exemplars {
        exemplar.at += offset;
    }
}

/// The scan is one part's; passive findings and logins may be of several.
fn add_scan(whole: &mut Report, part: &Report, offset: Duration) {
    if part.scan_requests.0 > 0 || part.coverage.complete.is_some() {
        whole.scan_requests.0 += part.scan_requests.0;
        whole.scan_requests.1 += part.scan_requests.1;
        whole.scan_duration.merge(&part.scan_duration);
        whole.progress = part.progress;
        whole.coverage = part.coverage.clone();
        whole.site.clone_from(&part.site);
        whole.templates.clone_from(&part.templates);
        whole.access.clone_from(&part.access);
        whole.scan_failures.extend(part.scan_failures.iter().cloned());
    }
    for (id, rule) in &part.rules {
        whole.rules.entry(id.clone()).or_insert_with(|| rule.clone());
    }
    for finding in &part.findings {
        match whole.findings.iter_mut().find(|known| known.is_same_cause(finding)) {
            Some(known) => unite(known, finding),
            None => whole.findings.push(finding.clone()),
        }
    }
    whole.findings.sort_by_key(|finding| std::cmp::Reverse((finding.severity, finding.confidence)));
    for session in &part.sessions {
        let session = shifted(session, offset);
        match whole.sessions.iter_mut().find(|known| known.is_same_as(&session)) {
            Some(known) => add_session(known, session),
            None => whole.sessions.push(session),
        }
    }
}

/// One finding of what two parts have found; the surer proof stands.
fn unite(known: &mut Finding, other: &Finding) {
    let occurrences = known.occurrences + other.occurrences;
    let own = known.clone();
    let (mut first, second) = if other.confidence > known.confidence {
        (other.clone(), own)
    } else {
        (own, other.clone())
    };
    for affected in second.also {
        let has = first.places().any(|(_, fingerprint)| fingerprint == affected.fingerprint);
        if !has {
            first.also.push(affected);
        }
    }
    first.occurrences = occurrences;
    *known = first;
}

fn shifted(session: &SessionReport, offset: Duration) -> SessionReport {
    let mut session = session.clone();
    for at in [&mut session.logged_in, &mut session.last_verified, &mut session.lost_since] {
        *at = at.map(|at| at + offset);
    }
    session
}

fn add_session(known: &mut SessionReport, other: SessionReport) {
    let earlier = |mine: Option<Duration>, theirs: Option<Duration>| match (mine, theirs) {
        (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
        (mine, theirs) => mine.or(theirs),
    };
    known.logged_in = earlier(known.logged_in, other.logged_in);
    known.lost_since = earlier(known.lost_since, other.lost_since);
    known.last_verified = known.last_verified.max(other.last_verified);
    known.logins += other.logins;
    known.relogins += other.relogins;
    known.failed += other.failed;
    known.lost += other.lost;
    known.verified = known.verified.take().or(other.verified);
    known.reason = known.reason.take().or(other.reason);
}

/// What speaks against the figures of one part speaks against those of the whole.
fn add_doubts(whole: &mut Report, part: &Report) {
    let name = part.run.as_ref().and_then(|run| run.part).map(|part| part.to_string());
    let name = name.unwrap_or_default();
    let told = |text: &String| format!("part {name}: {text}");
    if let Some(validity) = &part.validity {
        let sum = whole.validity.get_or_insert_with(Validity::default);
        sum.problems.extend(validity.problems.iter().map(told));
        sum.warnings.extend(validity.warnings.iter().map(told));
    }
    for notice in &part.notices {
        let is_known = whole.notices.iter().any(|known| known.text.ends_with(&notice.text));
        if !is_known {
            whole.notices.push(Notice { text: told(&notice.text), ..notice.clone() });
        }
    }
    whole.stopped = whole.stopped.take().or_else(|| part.stopped.clone());
    if let Some(generator) = &part.generator {
        let sum = whole.generator.get_or_insert_with(GeneratorReport::default);
        sum.elapsed = sum.elapsed.max(generator.elapsed);
        sum.schedule_lag.merge(&generator.schedule_lag);
        sum.loop_delay.merge(&generator.loop_delay);
        sum.threads.extend(generator.threads.iter().copied());
        sum.machine = sum.machine.worse(generator.machine);
    }
}
