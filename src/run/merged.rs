//! The gates of a run whose parts were put together.

use std::time::Duration;

use crate::model::ComparisonLimits;
use crate::model::Facts;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::Threshold;
use crate::model::ThresholdResult;

use super::baseline::Baseline;
use super::gate_watch::Watched;
use super::gates::Gating;
use super::gates::gate;

/// Judges the gates that the parts name by the figures of the whole, and gives the verdict.
///
/// Gates on windows are not judged anew, because reports do not have what they were judged by: one
/// holds where it held in every part, and that is said. So are gates that a newer version wrote.
///
/// # Errors
/// A gate on a change, where there is no baseline.
pub fn judge_merged(whole: &mut Report, against: &Baseline) -> Result<(), String> {
    let baseline = against.report.as_ref();
    let mut criteria = whole.thresholds.iter().filter_map(|result| result.criterion.as_ref());
    if baseline.is_none()
        && let Some(criterion) = criteria.find(|one| one.condition.limit.is_change())
    {
        return Err(criterion.looked_at());
    }
    whole.bottlenecks = crate::insight::bottlenecks(whole);
    whole.comparison = baseline
        .map(|earlier| crate::insight::compare(earlier, whole, ComparisonLimits::default()));
    let watched: Vec<Watched> = whole.thresholds.iter().filter_map(watched).collect();
    let kept: Vec<&ThresholdResult> =
        whole.thresholds.iter().filter(|result| is_kept(result)).collect();
    let texts = kept.into_iter().map(|result| {
        let (selector, wanted) = (&result.selector, result.wanted());
        format!("{selector}: {wanted} was judged part by part: of windows, parts tell too little")
    });
    let notices = texts.map(|text| Notice { level: NoticeLevel::Warning, text });
    whole.notices.extend(notices.collect::<Vec<_>>());
    let gating = match whole.run.as_ref().map(|run| run.command.as_str()) {
        Some("check") => Gating::LoadFigures,
        _ => Gating::OnlyThresholds,
    };
    let (results, verdict) = gate(whole, &watched, against, gating, Facts::default());
    whole.thresholds = results;
    whole.verdict = Some(verdict);
    Ok(())
}

fn is_kept(result: &ThresholdResult) -> bool {
    result.window.is_some() || result.criterion.is_none()
}

/// The gate, to be judged by the whole or as it was in the parts; `None` where it is not understood.
fn watched(result: &ThresholdResult) -> Option<Watched> {
    let criterion = result.criterion.clone()?;
    let delay_abort_eval = Duration::ZERO;
    let mut watched = Watched::new(Threshold { criterion, abort_on_fail: false, delay_abort_eval });
    watched.aborted_at = result.aborted_at;
    watched.judged = is_kept(result).then(|| result.clone());
    Some(watched)
}
