//! Which level is next: up in geometric steps until one fails, then halving between the last that
//! met the objective and the first that did not.
//!
//! One measurement is noise. Far from the limit that does not matter; the two levels on either side
//! of it are measured again, and the majority counts.

use crate::model::CapacityAim;
use crate::model::CapacityModel;
use crate::model::Level;
use crate::model::PRECISION;
use crate::model::SearchEnd;
use crate::model::same;

/// From one level to the next, while none has failed.
const GROWTH: f64 = 1.5;

/// The same where a failure was refuted: the limit is near.
const SMALL_GROWTH: f64 = 1.1;

/// The lowest level is the start divided by this.
const DESCENT: f64 = 8.0;

/// Measurements of one level at most.
const REPEATS: usize = 5;

/// Levels at most: a search that needs more does not come to an end.
const LEVELS: usize = 60;

/// A level at which this share of the requests fails is a wall of errors.
const WALL: f64 = 0.5;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Measure this level: iterations per second, or users.
    Measure(f64),
    /// Nothing more is to be learnt.
    Done(SearchEnd),
}

/// What the measurements of one level say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Meets,
    Fails,
    /// The generator could not do it.
    Saturated,
    /// As many say the one as the other, or none counts.
    Open,
}

/// One level with all of its measurements.
#[derive(Debug, Clone, Copy)]
struct Rung {
    asked: f64,
    meets: usize,
    fails: usize,
    saturated: usize,
    /// The generator has done a higher level: what it could not do here was chance.
    is_possible: bool,
}

impl Rung {
    fn verdict(&self) -> Verdict {
        match self.meets.cmp(&self.fails) {
            std::cmp::Ordering::Greater => Verdict::Meets,
            std::cmp::Ordering::Less => Verdict::Fails,
            std::cmp::Ordering::Equal if self.meets == 0 && self.saturated < self.patience() => {
                Verdict::Open
            }
            std::cmp::Ordering::Equal if self.meets == 0 => Verdict::Saturated,
            // What cannot be told after so many is not safely met.
            std::cmp::Ordering::Equal if self.meets + self.fails + 1 >= REPEATS => Verdict::Fails,
            std::cmp::Ordering::Equal => Verdict::Open,
        }
    }

    /// How often the generator may be at its limit before that is believed.
    fn patience(&self) -> usize {
        if self.is_possible { REPEATS } else { 2 }
    }

    /// Whether another measurement would make its verdict surer.
    fn wants_repeat(&self) -> bool {
        self.verdict() != Verdict::Saturated && self.meets + self.fails < 2
    }
}

/// The step after these levels.
pub fn next(aim: &CapacityAim, levels: &[Level]) -> Step {
    if levels.len() >= LEVELS {
        return cut(format!("after {LEVELS} levels there was no answer"));
    }
    let rungs = rungs(levels);
    if is_broken(&rungs, levels) {
        return cut(
            "the target does not recover: it failed most requests at a level that it had met before"
                .to_owned(),
        );
    }
    if let Some(open) = rungs.iter().find(|rung| rung.verdict() == Verdict::Open) {
        return Step::Measure(open.asked);
    }
    let above =
        rungs.iter().find(|rung| matches!(rung.verdict(), Verdict::Fails | Verdict::Saturated));
    let below = rungs
        .iter()
        .rev()
        .filter(|rung| above.is_none_or(|above| rung.asked < above.asked))
        .find(|rung| rung.verdict() == Verdict::Meets);
    // Before more is asked of a target that has failed nearly everything twice, it must show that it is there.
    if let (Some(below), [.., before, last]) = (below, levels)
        && is_wall(before)
        && is_wall(last)
    {
        return Step::Measure(below.asked);
    }
    match (below, above) {
        (None, None) => Step::Measure(aim.start),
        (Some(below), None) => upwards(aim, &rungs, below),
        (None, Some(above)) => downwards(aim, above),
        (Some(below), Some(above)) => between(aim, below, above),
    }
}

fn cut(why: String) -> Step {
    Step::Done(SearchEnd::CutShort(why))
}

/// Ascending.
fn rungs(levels: &[Level]) -> Vec<Rung> {
    let mut rungs: Vec<Rung> = Vec::new();
    for level in levels {
        let place = rungs.iter().position(|rung| same(rung.asked, level.asked));
        let place = place.unwrap_or_else(|| {
            let asked = level.asked;
            rungs.push(Rung { asked, meets: 0, fails: 0, saturated: 0, is_possible: false });
            rungs.len() - 1
        });
        let rung = &mut rungs[place];
        match level {
            level if level.meets() => rung.meets += 1,
            level if level.counts() => rung.fails += 1,
            level if level.generator.is_some() => rung.saturated += 1,
            _ => {}
        }
    }
    rungs.sort_by(|one, other| one.asked.total_cmp(&other.asked));
    let mut is_possible = false;
    for rung in rungs.iter_mut().rev() {
        rung.is_possible = is_possible;
        is_possible |= rung.meets + rung.fails > 0;
    }
    rungs
}

/// Whether most requests failed.
fn is_wall(level: &Level) -> bool {
    level.counts() && level.failed >= WALL
}

/// Whether the last two levels were walls of errors, the last of them where there was none before.
fn is_broken(rungs: &[Rung], levels: &[Level]) -> bool {
    let [.., before, last] = levels else { return false };
    let was_met = rungs.iter().any(|rung| rung.meets > 0 && rung.asked >= last.asked);
    is_wall(before) && is_wall(last) && was_met
}

fn upwards(aim: &CapacityAim, rungs: &[Rung], below: &Rung) -> Step {
    if below.asked >= aim.max || same(below.asked, aim.max) {
        return if below.wants_repeat() {
            Step::Measure(below.asked)
        } else {
            Step::Done(SearchEnd::MaxReached)
        };
    }
    let was_refuted = rungs.iter().any(|rung| rung.fails > 0);
    let growth = if was_refuted { SMALL_GROWTH } else { GROWTH };
    let higher = rounded(aim, below.asked * growth).max(above_by_one(aim, below.asked));
    Step::Measure(higher.min(aim.max))
}

fn downwards(aim: &CapacityAim, above: &Rung) -> Step {
    let lowest = rounded(aim, aim.start / DESCENT).max(least(aim));
    if above.asked <= lowest || same(above.asked, lowest) {
        return match above.verdict() {
            Verdict::Saturated => Step::Done(SearchEnd::Generator),
            _ if above.wants_repeat() => Step::Measure(above.asked),
            _ => Step::Done(SearchEnd::NoneMet),
        };
    }
    Step::Measure(rounded(aim, above.asked / 2.0).max(lowest))
}

fn between(aim: &CapacityAim, below: &Rung, above: &Rung) -> Step {
    let middle = rounded(aim, (below.asked * above.asked).sqrt());
    let is_between = middle > below.asked && middle < above.asked;
    if is_between && above.asked / below.asked > PRECISION * (1.0 + 1e-9) {
        return Step::Measure(middle);
    }
    // The lower one first: it is what will be promised.
    match [below, above].into_iter().find(|rung| rung.wants_repeat()) {
        Some(unsure) => Step::Measure(unsure.asked),
        None if above.verdict() == Verdict::Saturated => Step::Done(SearchEnd::Generator),
        None => Step::Done(SearchEnd::Found),
    }
}

/// The lowest level that there is.
fn least(aim: &CapacityAim) -> f64 {
    match aim.model {
        CapacityModel::Rate => 0.01,
        CapacityModel::Users => 1.0,
    }
}

/// The next level that is more, where levels are whole.
fn above_by_one(aim: &CapacityAim, asked: f64) -> f64 {
    match aim.model {
        CapacityModel::Rate => asked,
        CapacityModel::Users => asked + 1.0,
    }
}

/// Users are whole; a rate has four digits, which people can read and type.
fn rounded(aim: &CapacityAim, asked: f64) -> f64 {
    match aim.model {
        CapacityModel::Users => asked.round().max(1.0),
        CapacityModel::Rate => {
            let digit = 10_f64.powf(asked.log10().floor() - 3.0);
            // Dividing by a whole number keeps 0.3 from being 0.30000000000000004.
            if digit < 1.0 {
                let parts = (1.0 / digit).round();
                (asked * parts).round() / parts
            } else {
                (asked / digit).round() * digit
            }
        }
    }
}
