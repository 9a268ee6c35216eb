//! Whether a limit lets in again: when its refusals say so, and after its window.
//!
//! What is stated is in whole seconds, so that it may be off by one: half of it is only asked at where
//! that is more.

use std::time::Duration;

use super::bench::Bench;
use super::bench::Halt;
use super::bench::Sent;
use super::kind::Kind;
use super::stated::Stated;
use crate::model::format_duration;
use crate::scan::probe::Shot;

/// Longer waits that are stated are taken as they are.
const LONGEST: Duration = Duration::from_secs(120);

/// Behind the time that is stated, for clocks that are not quite the same.
const SLACK: Duration = Duration::from_millis(100);

/// What is lost where seconds are rounded.
const ROUNDED: Duration = Duration::from_secs(1);

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// What refusals say and is not so, or do not say.
    pub(super) untrue: Vec<String>,
    /// The answers that show it.
    pub(super) shots: Vec<Shot>,
    /// The first copy that was let in again.
    pub(super) let_in: Option<Sent>,
    /// What could not be told.
    pub(super) notice: Option<String>,
}

/// Waits, and asks. What the newest refusal says counts.
pub(super) async fn look(bench: &mut Bench<'_>) -> Result<Again, Halt> {
    let mut again = Again::default();
    let Some(refusal) = bench.refusal.clone() else { return Ok(again) };
    // What was refused since, in other words, counts for those who count it.
    let mut last = bench.probe.time();
    let stated = stated(bench, &refusal);
    match &stated {
        Stated::Absent => again.untrue.push("refusals carry no `Retry-After`".to_owned()),
        Stated::Garbled(text) => {
            again.untrue.push(format!("`Retry-After: {text}` is neither seconds nor a date"));
        }
        Stated::After(wait) if *wait > LONGEST => {
            let wait = format_duration(*wait);
            again.notice = Some(format!("`Retry-After` of {wait} is longer than is waited for"));
        }
        Stated::After(wait) => {
            if let Some(refused) = as_stated(bench, &refusal, *wait, &mut again).await? {
                last = refused;
            }
        }
    }
    if again.let_in.is_none() {
        after_window(bench, (&refusal, &stated), last, &mut again).await?;
    }
    Ok(again)
}

fn stated(bench: &Bench<'_>, refusal: &Sent) -> Stated {
    let since = bench.probe.time().saturating_sub(refusal.came).as_secs();
    Stated::by(refusal.shot.response(), bench.probe.unix_seconds().saturating_sub(since))
}

/// Asks at half of the time that is stated, where nobody is to be let in, and behind it, where everybody
/// is. Gives when the last copy was refused.
async fn as_stated(
    bench: &mut Bench<'_>,
    refusal: &Sent,
    wait: Duration,
    again: &mut Again,
) -> Result<Option<Duration>, Halt> {
    let mut until = refusal.came + wait;
    let mut last = None;
    let at_half = refusal.came + wait / 2;
    if wait >= ROUNDED * 4
        && bench.probe.time() < at_half
        && let Some(half) = bench.at(at_half).await?
    {
        if half.kind == Kind::LetIn {
            let passed = passed(refusal, &half);
            if passed + ROUNDED < wait {
                again.untrue.push(too_long(wait, passed));
                again.shots.push(half.shot.clone());
            }
            again.let_in = Some(half);
            return Ok(None);
        }
        last = Some(half.came);
        // Who counts refused requests too says so anew.
        if let Stated::After(wait) = stated(bench, &half)
            && wait <= LONGEST
        {
            until = until.max(half.came + wait);
        }
    }
    for slack in [SLACK, ROUNDED + SLACK] {
        let Some(sent) = bench.at(until + slack).await? else {
            let wait = format_duration(wait);
            again.notice = Some(format!("`Retry-After` of {wait} is longer than is waited for"));
            return Ok(last);
        };
        if sent.kind == Kind::LetIn {
            again.let_in = Some(sent);
            return Ok(None);
        }
        if sent.kind == Kind::Odd {
            again.notice = Some(answered_otherwise(&sent));
            return Ok(None);
        }
        last = Some(sent.came);
        // Who counts refused requests too says so anew.
        if slack <= ROUNDED
            && let Stated::After(anew) = stated(bench, &sent)
            && anew <= LONGEST
        {
            until = until.max(sent.came + anew);
        }
        if slack > ROUNDED {
            again.untrue.push(format!(
                "`Retry-After` said {}, and {} behind that a request is still refused",
                format_duration(wait),
                format_duration(slack)
            ));
            again.shots.push(sent.shot);
        }
    }
    Ok(last)
}

fn answered_otherwise(sent: &Sent) -> String {
    let status = sent.shot.response().status;
    format!("that it lets in again was not verified: it is answered with {status}")
}

/// Asks once the window is over since the last refusal.
async fn after_window(
    bench: &mut Bench<'_>,
    (refusal, stated): (&Sent, &Stated),
    last: Duration,
    again: &mut Again,
) -> Result<(), Halt> {
    let window = bench.limit.allowed.window;
    let Some(sent) = bench.at(last + window).await? else {
        let text = "that it lets in again was not verified: its window is longer than any wait";
        again.notice = Some(text.to_owned());
        return Ok(());
    };
    if sent.kind == Kind::Odd {
        again.notice = Some(answered_otherwise(&sent));
        return Ok(());
    }
    if sent.kind != Kind::LetIn {
        let text = format!("still refused {} after the last request", format_duration(window));
        again.notice = Some(text);
        return Ok(());
    }
    if let Stated::After(wait) = stated {
        let passed = passed(refusal, &sent);
        if passed + ROUNDED < *wait && passed <= *wait / 2 {
            again.untrue.push(too_long(*wait, passed));
            again.shots.push(sent.shot.clone());
        }
    }
    again.let_in = Some(sent);
    Ok(())
}

/// At most so much time lay between a refusal and an answer, by the target's clock.
fn passed(refusal: &Sent, sent: &Sent) -> Duration {
    sent.came.saturating_sub(refusal.at)
}

fn too_long(stated: Duration, passed: Duration) -> String {
    format!(
        "`Retry-After` said {}, and a request was let in after {}",
        format_duration(stated),
        format_duration(passed)
    )
}
