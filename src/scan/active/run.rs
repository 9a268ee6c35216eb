//! The order in which checks are run.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::board::Board;
use super::board::guarded;
use super::calls::Calls;
use super::causes::Causes;
use super::cookies::with_live_cookies;
use super::doors::logins;
use super::finding::Spot;
use super::finding::tell;
use super::order::by_promise;
use super::points::test_points;
use super::points::test_slow_points;
use super::requests::test_requests;
use super::segments::open_segments;
use super::sites::test_site;
use super::tasks::MAX_POINTS;
use super::tasks::tasks;
use crate::model::NoticeLevel;
use crate::model::Redactor;
use crate::model::RuleMeta;
use crate::model::RuleOutcome;
use crate::scan::probe::Expected;
use crate::scan::probe::Means;
use crate::scan::probe::NativeCheck;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::site::Node;
use crate::scan::site::Site;

/// A check with its rule's metadata.
pub(crate) struct Selected {
    pub(crate) check: NativeCheck,
    pub(crate) meta: RuleMeta,
}

/// What the active part needs to know.
pub(crate) struct Active {
    pub(crate) means: Means,
    pub(crate) checks: Vec<Selected>,
    pub(crate) redactor: Redactor,
    pub(crate) origin_alias: String,
    pub(crate) concurrency: usize,
}

/// What all places of one run have in common.
pub(super) struct Round {
    pub(super) active: Arc<Active>,
    pub(super) site: Arc<Site>,
    pub(super) board: Board,
    pub(super) calls: Calls,
    pub(super) causes: Causes,
}

/// Runs every selected check; gives what each did, in the order of the selection.
pub(crate) async fn run_active(active: Active, site: &Arc<Site>) -> Vec<RuleOutcome> {
    let round = Arc::new(Round {
        active: Arc::new(active),
        site: Arc::clone(site),
        board: Board::default(),
        calls: Calls::default(),
        causes: Causes::default(),
    });
    let traffic = &round.active.means.traffic;
    let mut tasks = tasks(site, &round.active.means);
    if round.active.checks.iter().any(|it| matches!(it.check, NativeCheck::Point(_))) {
        tasks.tasks = with_live_cookies(&round, tasks.tasks).await;
        tasks.tasks.extend(open_segments(&round).await);
        tasks.tasks.extend(logins(&round).await);
    } else {
        tasks.tasks.clear();
    }
    traffic.progress.points.store(tasks.points() as u64, Ordering::Relaxed);
    by_promise(&mut tasks.tasks);
    let left_out = tasks.left_out;
    if left_out > 0 {
        let text = format!("scan: {left_out} insertion points beyond {MAX_POINTS} were not tested");
        traffic.notice(NoticeLevel::Warning, text).await;
    }
    // Probes that write come last: what they leave behind would change the pages compared before; and after
    // everything that is quick what is slow, which may keep others waiting.
    let (reading, writing): (Vec<_>, Vec<_>) =
        tasks.tasks.into_iter().partition(|task| task.base.method.is_safe());
    // A login that is sent again ends the one that others are sending with.
    let is_sendable =
        |node: &&Node| node.reached && !node.examples.is_empty() && !traffic.ends_login(node);
    let reached = || site.nodes().filter(is_sendable);
    let is_safe = |node: &&Node| node.examples[0].method.is_safe();
    let mut slow = test_points(&round, reading).await;
    test_requests(&round, &reached().filter(is_safe).collect::<Vec<_>>()).await;
    slow.extend(test_points(&round, writing).await);
    test_requests(&round, &reached().filter(|node| !is_safe(node)).collect::<Vec<_>>()).await;
    test_slow_points(&round, &slow).await;
    test_site(&round).await;
    round.calls.conclude(&round).await;
    round.board.outcomes(&round.active).await
}

/// What came of a check at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// The flaw is there.
    Found,
    /// Nothing can be said, for a reason that the check gives.
    Unsure,
    /// A request got no answer at all.
    Unanswered,
    /// Anything else.
    Nothing,
}

/// Runs the check of that index at one place, and tells and counts what came of it. `work` gives the
/// outcome and the calls that are waited for.
pub(super) async fn run_at(
    round: &Round,
    index: usize,
    spot: &Spot,
    sent: &AtomicU64,
    work: impl Future<Output = (Result<Outcome, ProbeStop>, Vec<Expected>)> + Send + 'static,
) -> Came {
    let selected = &round.active.checks[index];
    let ended = guarded(work).await.map(|(outcome, expected)| {
        round.calls.expect(index, spot, expected);
        outcome
    });
    round.board.count(selected.check.id(), sent, &ended);
    tell(round, selected, spot, &ended).await;
    match ended {
        Ok(Ok(Outcome::Found(_))) => Came::Found,
        Ok(Ok(Outcome::Skipped(_))) => Came::Unsure,
        Ok(Err(ProbeStop::Failed(_) | ProbeStop::Limited)) => Came::Unanswered,
        _ => Came::Nothing,
    }
}
