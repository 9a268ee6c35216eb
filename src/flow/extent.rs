//! How much one pass of a flow sends at most, and how long it takes at least.

use std::time::Duration;

use super::program::{Flow, Op};

/// Which of several ways counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Most,
    Least,
}

/// How the parts of a way make a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    Sum,
    Longest,
}

impl Flow {
    /// What the heaviest pass sends, when the request of an index weighs `weight`; saturating.
    pub fn most(&self, weight: impl Fn(usize) -> u64) -> u64 {
        let of = |op: &Op| match op {
            Op::Use(request) => weight(*request),
            _ => 0,
        };
        Walk { ops: &self.ops, of: &of, way: Way::Most, whole: Whole::Sum }.all()
    }

    /// The shortest time that a pass pauses.
    pub fn least_pause(&self) -> Duration {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let thinks = |op: &Op| match op {
            Op::Think { min, .. } => nanos(*min),
            _ => 0,
        };
        let paces = |op: &Op| match op {
            Op::Pace { min, .. } => nanos(*min),
            _ => 0,
        };
        let least = |of, whole| Walk { ops: &self.ops, of, way: Way::Least, whole }.all();
        // Until the pass has taken a time, its other pauses count.
        Duration::from_nanos(least(&thinks, Whole::Sum).max(least(&paces, Whole::Longest)))
    }
}

struct Walk<'a> {
    ops: &'a [Op],
    of: &'a dyn Fn(&Op) -> u64,
    way: Way,
    whole: Whole,
}

impl Walk<'_> {
    fn all(&self) -> u64 {
        self.part(0, self.ops.len())
    }

    /// From the first of two places to the second, which is left by whatever leads behind it.
    /// Places only lead forward, but for the ends of loops: each is looked at once, from the back.
    fn part(&self, from: usize, to: usize) -> u64 {
        let mut rest = vec![0; to - from + 1];
        let at = |rest: &[u64], place: u32| {
            let place = (place as usize).clamp(from, to);
            rest[place - from]
        };
        let mut index = to;
        while index > from {
            index -= 1;
            let op = &self.ops[index];
            let next = rest[index + 1 - from];
            rest[index - from] = match op {
                Op::Jump(place) => at(&rest, *place),
                Op::Unless { otherwise, .. } => self.choose(next, at(&rest, *otherwise)),
                Op::Draw(draw) => {
                    let ways = draw.weighted().map(|(_, place)| at(&rest, place));
                    ways.reduce(|one, other| self.choose(one, other)).unwrap_or(next)
                }
                Op::Again { start, .. } if *start as usize > from => {
                    let (body, end) = (*start as usize, index);
                    index = body - 1;
                    self.passes(&self.ops[index], self.part(body, end), next)
                }
                op => self.join((self.of)(op), next),
            };
        }
        rest[0]
    }

    /// A loop and what comes behind it.
    fn passes(&self, op: &Op, body: u64, next: u64) -> u64 {
        let Op::Loop { min, max, .. } = op else { return self.join(body, next) };
        let passes = u64::from(if self.way == Way::Most { *max } else { *min });
        match self.whole {
            Whole::Sum => body.saturating_mul(passes).saturating_add(next),
            Whole::Longest if passes == 0 => next,
            Whole::Longest => body.max(next),
        }
    }

    fn choose(&self, one: u64, other: u64) -> u64 {
        match self.way {
            Way::Most => one.max(other),
            Way::Least => one.min(other),
        }
    }

    fn join(&self, one: u64, other: u64) -> u64 {
        match self.whole {
            Whole::Sum => one.saturating_add(other),
            Whole::Longest => one.max(other),
        }
    }
}
