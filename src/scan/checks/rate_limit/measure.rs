//! Sends copies until a series is over.

use super::bench::Bench;
use super::bench::Halt;
use super::bench::Sent;
use super::kind::Kind;
use super::series::Answered;
use super::series::End;
use super::series::Measured;
use super::series::Purpose;
use super::series::Series;
use crate::scan::probe::Shot;

/// Of those that were let in, so many show what they look like.
const EXAMPLES: usize = 2;

/// A series with what proves it.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) measured: Measured,
    /// The first that were let in.
    pub(super) examples: Vec<Shot>,
    /// The last within the window that was let in.
    pub(super) last: Option<Shot>,
    /// The last that was refused.
    pub(super) refusal: Option<Sent>,
}

/// Measures for the first time. Where everything is refused from the start on, which what was sent before
/// can be the cause of, once more in another window.
pub(super) async fn first(bench: &mut Bench<'_>) -> Result<Run, Halt> {
    let run = series(bench, Purpose::First, None).await?;
    if run.measured.let_in > 0 || run.measured.end == End::TooSlow {
        return Ok(run);
    }
    let refused = run.refusal.as_ref().map(|refusal| refusal.came).unwrap_or_default();
    let text = "everything was refused from the first request on";
    if !bench.wait_until(refused + bench.limit.allowed.window).await {
        return Err(Halt::Unsure(format!("{text}, and its window is longer than is waited for")));
    }
    let run = series(bench, Purpose::First, None).await?;
    if run.measured.let_in == 0 {
        return Err(Halt::Unsure(format!("{text}, also a window later")));
    }
    Ok(run)
}

/// Measures again; `begun` was let in already, in the same window.
pub(super) async fn again(bench: &mut Bench<'_>, begun: &Sent) -> Result<Run, Halt> {
    series(bench, Purpose::Second, Some(begun)).await
}

async fn series(
    bench: &mut Bench<'_>,
    purpose: Purpose,
    begun: Option<&Sent>,
) -> Result<Run, Halt> {
    let mut series = Series::new(bench.limit.allowed, purpose);
    let (mut examples, mut last, mut refusal) = (Vec::new(), None, None);
    if let Some(begun) = begun {
        // When it was sent is another matter: the window is this one.
        let now = bench.probe.time();
        series.take(Answered { sent: now, came: now, ..bench.answered(begun) });
        last = Some(begun.shot.clone());
    }
    loop {
        let sent = bench.plain().await?;
        if sent.kind == Kind::Odd {
            return Err(Halt::Unsure(odd(bench.first, sent.shot.response().status)));
        }
        let counts = series.take(bench.answered(&sent));
        match sent.kind {
            Kind::LetIn if counts => {
                if examples.len() < EXAMPLES {
                    examples.push(sent.shot.clone());
                }
                last = Some(sent.shot);
            }
            Kind::Refused => refusal = Some(sent),
            Kind::LetIn | Kind::Odd => {}
        }
        if let Some(end) = series.end() {
            return Ok(Run { measured: series.measured(end), examples, last, refusal });
        }
    }
}

/// What an answer may mean that is neither.
fn odd(first: Option<u16>, status: u16) -> String {
    match first {
        None => format!("it is answered with {status}, so there is nothing to limit"),
        Some(_) if status >= 500 => {
            format!("an answer was {status}: that may be the limit, or too much for the target")
        }
        Some(first) => format!(
            "answers changed from {first} to {status}: if that is how it refuses, say so: \
             `refused: [{status}]`"
        ),
    }
}
