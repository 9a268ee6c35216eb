//! Whom a limiter counts together: while somebody is refused, somebody else of the plan asks.

use super::bench::Bench;
use super::bench::Halt;
use super::bench::Sent;
use super::kind::Kind;
use super::kind::Usual;
use crate::scan::probe::LimitKey;
use crate::scan::probe::Shot;

/// What was seen.
#[derive(Debug)]
pub(super) enum Seen {
    /// It is as declared.
    AsDeclared,
    /// It is not.
    Otherwise(Box<Otherwise>),
    /// Nothing can be said of it, and why.
    Untold(String),
}

/// Somebody else is let in, or refused, where they should not be.
#[derive(Debug)]
pub(super) struct Otherwise {
    pub(super) text: String,
    /// The first, who is refused.
    pub(super) controls: [Shot; 2],
    /// The other.
    pub(super) others: [Shot; 2],
}

/// What is said where it was let in again too early.
const OVER: &str = "its window ended before it could be told what it counts by";

/// Whether the other is let in while nothing is used up: else what comes later says nothing.
pub(super) async fn beforehand(bench: &mut Bench<'_>) -> Result<bool, Halt> {
    let limit = bench.limit;
    let Some((name, request)) = limit.other.as_ref().filter(|_| limit.key != LimitKey::Ip) else {
        return Ok(true);
    };
    let Some(whom) = bench.probe.identity(name) else { return Ok(false) };
    let sent = bench.as_somebody(whom, request.clone()).await;
    bench.first = None;
    match sent {
        Ok(sent) => Ok(sent.kind == Kind::LetIn),
        Err(Halt::Unsure(_)) => Ok(false),
        Err(stop) => Err(stop),
    }
}

/// Asks as somebody else while the limit is in force; `is_other_in` is what was found beforehand.
pub(super) async fn look(
    bench: &mut Bench<'_>,
    usual: &Usual,
    is_other_in: bool,
) -> Result<Seen, Halt> {
    let limit = bench.limit;
    let untold = |text: &str| Ok(Seen::Untold(text.to_owned()));
    let Some(who) = &limit.who else {
        return untold("that it counts by ip cannot be told from one address without a login");
    };
    let Some((name, request)) = &limit.other else {
        return untold("what it counts by takes a second identity to tell");
    };
    let Some(whom) = bench.probe.identity(name) else {
        return untold("what it counts by cannot be told: the second identity is not there");
    };
    if !is_other_in {
        return untold(
            "what it counts by cannot be told: the second identity is not let in anyway",
        );
    }
    let before = bench.plain().await?;
    if before.kind != Kind::Refused {
        return untold(OVER);
    }
    let (mut others, mut controls) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let other = match bench.as_somebody(whom, request.clone()).await {
            Err(Halt::Unsure(why)) => return untold(&why),
            other => other?,
        };
        let control = bench.plain().await?;
        if control.kind != Kind::Refused {
            return untold(OVER);
        }
        others.push(other);
        controls.push(control);
    }
    let are_in = others.iter().all(|other| other.kind == Kind::LetIn);
    if are_in && others.last().is_some_and(|last| bench.may_have_filled(&before, last)) {
        return untold("it fills up too quickly to tell what it counts by");
    }
    Ok(judge(limit.key, (who.as_str(), name.as_str()), usual, (others, controls)))
}

fn judge(
    key: LimitKey,
    (who, name): (&str, &str),
    usual: &Usual,
    (others, controls): (Vec<Sent>, Vec<Sent>),
) -> Seen {
    let is_in = |sent: &Sent| sent.kind == Kind::LetIn && usual.is(&sent.shot, name, who);
    let are_in = others.iter().all(is_in);
    let are_refused = others.iter().all(|sent| sent.kind == Kind::Refused);
    let by_address = key == LimitKey::Ip;
    if by_address && are_refused || !by_address && are_in {
        return Seen::AsDeclared;
    }
    let text = if are_refused {
        format!(
            "it is declared by {}, and while `{who}` is refused, so is `{name}`, twice: it counts \
             something else, their address perhaps",
            key.as_str()
        )
    } else if are_in {
        format!(
            "it is declared by ip, and while `{who}` is refused, `{name}` is let in from the same \
             address, twice: it counts who is logged in"
        )
    } else {
        return Seen::Untold(format!("`{name}` is answered otherwise, which tells nothing of it"));
    };
    match (shots(controls), shots(others)) {
        (Some(controls), Some(others)) => {
            Seen::Otherwise(Box::new(Otherwise { text, controls, others }))
        }
        (None, _) | (_, None) => Seen::Untold(OVER.to_owned()),
    }
}

fn shots(sent: Vec<Sent>) -> Option<[Shot; 2]> {
    let shots: Vec<Shot> = sent.into_iter().map(|sent| sent.shot).collect();
    shots.try_into().ok()
}
