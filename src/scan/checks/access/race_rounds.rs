//! The rounds of a race: what is sent before, the number, the copies, the number again.

use std::sync::Arc;

use super::race::shown;
use crate::extract::JsonPath;
use crate::model::Exchange;
use crate::scan::probe::Attempt;
use crate::scan::probe::Halt;
use crate::scan::probe::Invariant;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Race;
use crate::scan::probe::RaceRequest;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Staged;

/// The number of an invariant, and the answer in which it stands.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) value: f64,
    pub(super) shot: Shot,
}

/// What came of copies that followed each other.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) after: Reading,
    /// Copies whose answer is no error.
    pub(super) accepted: u32,
    /// Of the last copy.
    pub(super) status: u16,
}

/// What came of copies at one instant.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) before: Reading,
    /// One of them, if there is one whose answer is no error.
    pub(super) copy: Arc<Exchange>,
    pub(super) after: Reading,
}

/// What came of all rounds so far.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// Those that began with a number within its bounds.
    pub(super) begun: u32,
    /// Of these, those that ended with another one.
    pub(super) broken: Vec<Round>,
    /// Copies whose answer is no error.
    pub(super) accepted: usize,
    /// Copies that got no answer, and those that were refused as too many.
    pub(super) unanswered: usize,
    pub(super) limited: usize,
    /// The number was out of its bounds before a round began.
    pub(super) is_stuck: bool,
}

/// The copies one after the other.
///
/// # Errors
/// [`Halt`]: also where the invariant does not hold even then.
pub(super) async fn one_by_one(
    probe: &mut SiteProbe,
    race: &Race,
    staged: &mut Staged,
) -> Result<Control, Halt> {
    prepare(probe, race, staged).await?;
    let before = read(probe, &race.invariant, staged).await?;
    if !race.invariant.holds(before.value) {
        let what = described(&race.invariant, before.value);
        let text = format!("the invariant does not hold before anything is sent: {what}");
        return Err(Halt::Unclear(text));
    }
    let (mut accepted, mut status) = (0, 0);
    for _ in 0..race.copies {
        let shot = send(probe, &race.request, staged).await?;
        status = shot.response().status;
        accepted += u32::from(status < 400);
    }
    let after = read(probe, &race.invariant, staged).await?;
    if !race.invariant.holds(after.value) {
        let what = described(&race.invariant, after.value);
        let text = format!(
            "the invariant does not hold even one after the other: {what} after {} copies",
            race.copies
        );
        return Err(Halt::Unclear(text));
    }
    Ok(Control { after, accepted, status })
}

/// As many rounds as the plan says; what was seen in one alone is repeated once.
///
/// # Errors
/// [`Halt`]; what was seen until then stands in `rounds`.
pub(super) async fn at_once(
    probe: &mut SiteProbe,
    race: &Race,
    staged: &mut Staged,
    rounds: &mut Rounds,
) -> Result<(), Halt> {
    for _ in 0..race.rounds {
        round(probe, race, staged, rounds).await?;
        if rounds.is_stuck {
            break;
        }
    }
    if rounds.broken.len() == 1 && !rounds.is_stuck {
        round(probe, race, staged, rounds).await?;
    }
    if rounds.begun == 0 {
        let text = "the invariant does not hold any more when the copies are to come at once; \
                    requests under `before` can see to it";
        return Err(Halt::Unclear(text.to_owned()));
    }
    Ok(())
}

async fn round(
    probe: &mut SiteProbe,
    race: &Race,
    staged: &mut Staged,
    rounds: &mut Rounds,
) -> Result<(), Halt> {
    prepare(probe, race, staged).await?;
    let before = read(probe, &race.invariant, staged).await?;
    if !race.invariant.holds(before.value) {
        rounds.is_stuck = true;
        return Ok(());
    }
    let copies = probe.stage(&race.request, race.copies, staged).await?;
    let after = read(probe, &race.invariant, staged).await?;
    rounds.begun += 1;
    rounds.accepted += copies.iter().filter(|copy| is_accepted(copy)).count();
    let answers = || copies.iter().filter_map(|copy| copy.response());
    rounds.unanswered += copies.len() - answers().count();
    rounds.limited += answers().filter(|it| matches!(it.status, 429 | 503)).count();
    if !race.invariant.holds(after.value) {
        let shown = copies.iter().position(|copy| is_accepted(copy)).unwrap_or(0);
        if let Some(copy) = copies.into_iter().nth(shown) {
            rounds.broken.push(Round { before, copy, after });
        }
    }
    Ok(())
}

/// Whether an answer is no error.
pub(super) fn is_accepted(copy: &Exchange) -> bool {
    copy.response().is_some_and(|response| response.status < 400)
}

/// What is to be sent before the copies.
async fn prepare(probe: &mut SiteProbe, race: &Race, staged: &mut Staged) -> Result<(), Halt> {
    for request in &race.before {
        let shot = send(probe, request, staged).await?;
        let status = shot.response().status;
        let name = probe.name_of(request);
        if !probe.expects(request, status) {
            return Err(Halt::Unclear(format!("`{name}` was answered with {status}")));
        }
        if let Some(value) = probe.take(request, &shot.exchange, staged) {
            let text = format!("the answer to `{name}` has no `${{{value}}}`");
            return Err(Halt::Unclear(text));
        }
    }
    Ok(())
}

/// One request and its answer.
async fn send(
    probe: &mut SiteProbe,
    request: &RaceRequest,
    staged: &mut Staged,
) -> Result<Shot, Halt> {
    let mut exchanges = probe.stage(request, 1, staged).await?;
    let name = probe.name_of(request);
    let Some(exchange) = exchanges.pop() else {
        return Err(Halt::Unclear(format!("`{name}` was not sent")));
    };
    let attempt = Attempt { value: String::new(), exchange };
    attempt.answered().map_err(|stop| match stop {
        ProbeStop::Failed(failure) => Halt::Unclear(format!("`{name}` has no answer: {failure}")),
        stop => Halt::from(stop),
    })
}

/// The number, as it is now.
async fn read(
    probe: &mut SiteProbe,
    invariant: &Invariant,
    staged: &mut Staged,
) -> Result<Reading, Halt> {
    let shot = send(probe, &invariant.request, staged).await?;
    let name = probe.name_of(&invariant.request);
    let status = shot.response().status;
    if !probe.expects(&invariant.request, status) {
        let text = format!("the invariant cannot be read: `{name}` was answered with {status}");
        return Err(Halt::Unclear(text));
    }
    let Some(value) = number(&invariant.json, &shot.response().body) else {
        let path = invariant.json.as_str();
        let text = format!(
            "the invariant cannot be read: the answer to `{name}` ({status}) has no number at \
             `{path}`"
        );
        return Err(Halt::Unclear(text));
    };
    Ok(Reading { value, shot })
}

fn number(json: &JsonPath, body: &[u8]) -> Option<f64> {
    let found = json.find(body)?;
    let text = std::str::from_utf8(found.as_bytes()).ok()?;
    // What Rust reads as a number beside JSON's has no digit in front.
    let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    text.parse::<f64>().ok().filter(|value| is_number && value.is_finite())
}

/// `used_count 7 (limit 1)`
fn described(invariant: &Invariant, value: f64) -> String {
    format!("{} {} ({})", invariant.name(), shown(value), invariant.limit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_is_one() {
        let json = JsonPath::parse("$.n").expect("a path");
        let of = |body: &str| number(&json, body.as_bytes());
        assert_eq!(of("{\"n\": 7}"), Some(7.0));
        assert_eq!(of("{\"n\": -0.5e1}"), Some(-5.0));
        for body in ["{\"n\": \"7\"}", "{\"n\": null}", "{\"n\": true}", "{\"m\": 7}", "", "<p>7"] {
            assert_eq!(of(body), None, "{body}");
        }
        assert_eq!(of("{\"n\": 1e999}"), None);
    }
}
