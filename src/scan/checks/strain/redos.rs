//! Patterns that try for ever: a value of a certain shape makes the target search for a match in more
//! ways than it has time for.
//!
//! One value of each shape, short enough that the worst pattern takes about a second, and longer ones
//! while answers are slower than they should be; only an answer that is late is looked into, alone on the way and not more than once a second. Then three lengths of
//! which each must take at least twice as long as the one before, although it is hardly longer (or, for
//! patterns that only grow with the square, at least three times as long for twice the length); a text
//! of the same length without the shape must not take long; and the longest again with another letter.
//! Nothing is sent that is expected to take more than two seconds. Cost at a clean point: 9 requests,
//! where the name promises that the value is looked at by a pattern (at high strength, everywhere).

use std::time::Duration;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::scan::checks::names::promises;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::Strength;

/// Names of parameters whose values patterns look at.
const NAMES: [&str; 32] = [
    "mail",
    "email",
    "name",
    "user",
    "username",
    "phone",
    "url",
    "uri",
    "date",
    "time",
    "zip",
    "postcode",
    "reference",
    "ref",
    "code",
    "number",
    "serial",
    "sku",
    "iban",
    "vat",
    "isbn",
    "domain",
    "token",
    "tag",
    "pattern",
    "regex",
    "match",
    "filter",
    "address",
    "color",
    "version",
    "host",
];

/// What is around what is repeated: letters, digits, parts of names and of addresses. The end is what
/// no such pattern takes. `a` stands for a letter, which is another one in the replay.
const SHAPES: [(&str, &str, &str); 5] =
    [("", "a", "!"), ("", "0", "!"), ("", "a.", "!"), ("a@", "a", "!"), ("", "a ", "!")];

/// What is long and told by the square of its length.
const LONG_SHAPES: [(&str, &str, &str); 2] = [("", " ", "a!"), ("", "a", "\n!")];

/// Repetitions of the first question; a pattern that doubles with each takes about a second.
const SHORT: usize = 20;

/// The same for those that grow with the square.
const LONG: usize = 3000;

/// How much longer than [`SHORT`] the first questions become.
const MOST_LONGER: usize = 8;

/// An answer that takes less is not looked into.
const LATE: Duration = Duration::from_millis(100);

/// One that takes less is no reason to ask with more.
const SLOW: Duration = Duration::from_millis(15);

/// Measurements of what is late: others may have kept the target busy.
const ATTEMPTS: usize = 2;

/// The longest answer that is asked for.
const MOST: Duration = Duration::from_secs(2);

/// After a late answer nothing is asked for so long.
const REST: Duration = Duration::from_secs(1);

/// So many times longer than a text without the shape.
const TIMES: u32 = 5;

/// See the module.
pub(crate) struct Redos;

impl PointCheck for Redos {
    fn id(&self) -> &'static str {
        "redos"
    }

    fn root_cause(&self) -> &'static str {
        "redos"
    }

    fn goes_first(&self) -> bool {
        true
    }

    fn applies(&self, point: &InsertionPoint) -> bool {
        point.reference.kind != InsertionKind::Path && !point.is_aside()
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

/// How answers get longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    Doubling,
    Square,
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    if !promises(&probe.point().reference.name, &NAMES) && probe.strength() < Strength::High {
        return Ok(Outcome::Clean);
    }
    let mut usual = took(&probe.fire(&"!".repeat(SHORT)).await?);
    usual = usual.min(took(&probe.fire(&"!".repeat(SHORT)).await?));
    let shapes = SHAPES.iter().map(|shape| (shape, Growth::Doubling));
    let long = LONG_SHAPES.iter().map(|shape| (shape, Growth::Square));
    let mut suspect = None;
    for (shape, growth) in shapes.chain(long) {
        for attempt in 1..=ATTEMPTS {
            let Some(late) = late(probe, *shape, growth, usual).await? else { break };
            probe.sender().stand_alone().await;
            let judged = alone(probe, *shape, growth, late).await;
            probe.sender().rejoin();
            match judged? {
                Alone::Quick => break,
                Alone::Late if attempt == ATTEMPTS => suspect = Some(text(*shape, late.0, 'a')),
                Alone::Late => {}
                Alone::Growing(proof) => return Ok(Outcome::Found(proof)),
            }
        }
    }
    Ok(match suspect {
        Some(value) => Outcome::Skipped(format!(
            "`{value}` is answered late, and longer values not as late as a pattern would make them"
        )),
        None => Outcome::Clean,
    })
}

/// What answers are like with nobody else on the way.
enum Alone {
    /// It was others who kept the target busy.
    Quick,
    /// Late, and not as late as a pattern would make them.
    Late,
    Growing(Box<Proof>),
}

async fn alone(
    probe: &mut Probe,
    shape: (&str, &str, &str),
    growth: Growth,
    (length, first): (usize, Duration),
) -> Result<Alone, ProbeStop> {
    let value = text(shape, length, 'a');
    let control = timed(probe, &"!".repeat(value.len())).await?;
    let again = timed(probe, &value).await?;
    if took(&again) < LATE || took(&again) < took(&control) * TIMES {
        return Ok(Alone::Quick);
    }
    let proof = growing(probe, shape, growth, (length, first.min(took(&again)))).await?;
    Ok(proof.map_or(Alone::Late, |proof| Alone::Growing(Box::new(proof))))
}

/// The length from which answers to a shape are late, and how late.
async fn late(
    probe: &mut Probe,
    shape: (&str, &str, &str),
    growth: Growth,
    usual: Duration,
) -> Result<Option<(usize, Duration)>, ProbeStop> {
    let lengths = match growth {
        Growth::Doubling => (SHORT..=SHORT + MOST_LONGER).step_by(2),
        Growth::Square => (LONG..=LONG).step_by(1),
    };
    for length in lengths {
        let first = took(&probe.fire(&text(shape, length, 'a')).await?);
        if first < SLOW || first < usual * TIMES {
            return Ok(None);
        }
        if first >= LATE {
            return Ok(Some((length, first)));
        }
    }
    Ok(None)
}

fn text((before, repeated, after): (&str, &str, &str), times: usize, letter: char) -> String {
    let text = format!("{before}{}{after}", repeated.repeat(times));
    text.replace('a', &letter.to_string())
}

/// From the last byte of the request to the first of the answer.
fn took(shot: &Shot) -> Duration {
    shot.exchange.timings.wait
}

/// Asks, and rests.
async fn timed(probe: &mut Probe, value: &str) -> Result<Shot, ProbeStop> {
    probe.sender().pause(REST).await;
    probe.fire(value).await
}

async fn growing(
    probe: &mut Probe,
    shape: (&str, &str, &str),
    growth: Growth,
    (length, first): (usize, Duration),
) -> Result<Option<Proof>, ProbeStop> {
    let (lengths, least) = match growth {
        // Four times as long for each two more: what took half a second would take eight.
        Growth::Doubling if first * 4 > MOST => ([length - 4, length - 2, length], 2.0),
        Growth::Doubling => ([length - 2, length, length + 2], 2.0),
        Growth::Square if first * 4 > MOST => ([length / 4, length / 2, length], 3.0),
        Growth::Square => ([length / 2, length, length * 2], 3.0),
    };
    let mut shots: Vec<Shot> = Vec::new();
    for length in lengths {
        let shot = timed(probe, &text(shape, length, 'a')).await?;
        let is_growing = shots.last().is_none_or(|last| {
            took(&shot).as_secs_f64() >= took(last).as_secs_f64().max(0.001) * least
        });
        if !is_growing {
            return Ok(None);
        }
        shots.push(shot);
    }
    let [_, _, longest] = lengths;
    let size = text(shape, longest, 'a').len();
    let control = timed(probe, &"!".repeat(size)).await?;
    let replay = timed(probe, &text(shape, longest, 'b')).await?;
    let attack = shots.pop().expect("three were asked");
    let enough = took(&control).max(Duration::from_millis(1)) * TIMES;
    if took(&attack) < enough.max(LATE) || took(&replay) < enough.max(LATE) {
        return Ok(None);
    }
    let shots: Vec<_> = shots.into_iter().collect();
    Ok(Some(proof(shots, lengths, attack, replay, control)))
}

fn proof(
    shorter: Vec<Shot>,
    lengths: [usize; 3],
    attack: Shot,
    replay: Shot,
    control: Shot,
) -> Proof {
    let seconds = |shot: &Shot| format!("{:.3} s", took(shot).as_secs_f64());
    let times: Vec<_> = shorter.iter().chain([&attack]).map(&seconds).collect();
    let detail = format!(
        "values with {} repetitions take {}; the last with another letter {}, and a text of the \
         same length without the shape {}",
        lengths.map(|length| length.to_string()).join(", "),
        times.join(", "),
        seconds(&replay),
        seconds(&control)
    );
    let payloads = vec![attack.value.clone(), replay.value.clone(), control.value.clone()];
    let mut exhibits: Vec<_> =
        shorter.into_iter().map(|shot| Exhibit::new(EvidenceRole::Baseline, shot)).collect();
    exhibits.push(Exhibit::new(EvidenceRole::Attack, attack));
    exhibits.push(Exhibit::new(EvidenceRole::Replay, replay));
    exhibits.push(Exhibit::new(EvidenceRole::Control, control));
    Proof { confidence: Confidence::Firm, detail, exhibits, payloads }
}
