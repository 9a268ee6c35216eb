//! A rate over time, and the area under it: pure arithmetic.
//!
//! An area, and the moment at which it is reached, are computed anew for every question: nothing is
//! added up, so nothing drifts.

use std::time::Duration;

use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::plan::Executor;
use crate::plan::Stage;

const NANOS_PER_SECOND: f64 = 1e9;

/// A rate over time: straight lines, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// Those with an area, in order.
    pieces: Vec<Piece>,
    /// Area in all.
    total: f64,
    /// The area at which the first arrival is.
    pub(super) first: f64,
}

/// The rate goes from one value to another along a line.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    start: Nanos,
    seconds: f64,
    from: f64,
    to: f64,
    /// Area before it.
    before: f64,
    /// Its own area.
    area: f64,
}

impl Rate {
    /// The same from start to end. The first arrival is at the start, and a started one counts, as
    /// k6's `constant-arrival-rate` has it: 1/s for 2.5 s are three arrivals.
    pub fn constant(per_second: f64, duration: Duration) -> Self {
        let stage = Stage { target: per_second, duration };
        Self { first: 0.0, ..Self::ramp(per_second, &[stage]) }
    }

    /// From `start` along `stages`, in arrivals per second. An arrival is where the area is a whole
    /// number, from 1 on, as k6's `ramping-arrival-rate` has it: a rate that begins at zero has no
    /// arrival at its start, and what a stretch of silence leaves of an arrival waits for its end.
    pub fn ramp(start: f64, stages: &[Stage<f64>]) -> Self {
        let mut rate = Self { pieces: Vec::new(), total: 0.0, first: 1.0 };
        let (mut begin, mut from): (Nanos, f64) = (0, start);
        for stage in stages {
            let (to, seconds) = (stage.target, stage.duration.as_secs_f64());
            let area = f64::midpoint(from, to) * seconds;
            if area > 0.0 {
                rate.pieces.push(Piece {
                    start: begin,
                    seconds,
                    from,
                    to,
                    before: rate.total,
                    area,
                });
                rate.total += area;
            }
            begin = begin.saturating_add(nanos(stage.duration));
            from = to;
        }
        rate
    }

    /// The rate of an executor; `None` for one that has no schedule.
    pub fn of(executor: &Executor) -> Option<Self> {
        match executor {
            Executor::ConstantArrivalRate { rate, duration, .. } => {
                Some(Self::constant(*rate, *duration))
            }
            Executor::RampingArrivalRate { start_rate, stages, .. } => {
                Some(Self::ramp(*start_rate, stages))
            }
            Executor::ConstantVus { .. }
            | Executor::RampingVus { .. }
            | Executor::SharedIterations { .. }
            | Executor::PerVuIterations { .. } => None,
        }
    }

    /// The area under all of it: how many arrivals there are, but for a part of one.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The area from the start to `at`.
    pub fn area_until(&self, at: Nanos) -> f64 {
        self.pieces.iter().map(|piece| piece.area_until(at)).sum()
    }

    /// Arrivals per second at `at`; at a jump, those from then on.
    pub fn per_second_at(&self, at: Nanos) -> f64 {
        let piece = self
            .pieces
            .iter()
            .find(|piece| at >= piece.start && piece.seconds_until(at) < piece.seconds);
        piece.map_or(0.0, |piece| piece.rate_after(piece.seconds_until(at)))
    }

    /// 0.1/s × 30 s is 3.0000000000000004 in floating point, and means 3.
    fn tolerance(&self) -> f64 {
        self.total.mul_add(1e-12, 1e-9)
    }

    /// What the area of an arrival must stay below.
    pub(super) fn limit(&self) -> f64 {
        if self.first > 0.0 { self.total + self.tolerance() } else { self.total - self.tolerance() }
    }

    /// The first moment at which the area reaches `area`, if it does; `piece` is where to begin to
    /// look, and moves on.
    pub(super) fn time_of(&self, area: f64, piece: &mut usize) -> Option<Nanos> {
        let tolerance = self.tolerance();
        loop {
            let here = self.pieces.get(*piece)?;
            if area <= here.before + here.area + tolerance {
                return Some(here.time_of((area - here.before).clamp(0.0, here.area)));
            }
            *piece += 1;
        }
    }
}

impl Piece {
    fn seconds_until(&self, at: Nanos) -> f64 {
        (at.saturating_sub(self.start) as f64 / NANOS_PER_SECOND).min(self.seconds)
    }

    fn rate_after(&self, seconds: f64) -> f64 {
        self.from + (self.to - self.from) * seconds / self.seconds
    }

    fn area_until(&self, at: Nanos) -> f64 {
        let seconds = self.seconds_until(at);
        f64::midpoint(self.from, self.rate_after(seconds)) * seconds
    }

    /// When the area since the piece's start is `area`.
    ///
    /// The area of the line is a parabola, and its inverse is written without the difference of two
    /// near values: x = 2a / (f + √(f² + 2as)), from the end with the greater rate behind it.
    fn time_of(&self, area: f64) -> Nanos {
        let slope = (self.to - self.from).abs() / self.seconds;
        let along = |area: f64, from: f64| {
            if area > 0.0 {
                2.0 * area / (from + (2.0 * area).mul_add(slope, from * from).sqrt())
            } else {
                0.0
            }
        };
        let seconds = if self.to < self.from {
            self.seconds - along(self.area - area, self.to)
        } else if self.to > self.from {
            along(area, self.from)
        } else {
            area / self.from
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the piece's length; the cast saturates"
        )]
        let since = (seconds.clamp(0.0, self.seconds) * NANOS_PER_SECOND) as Nanos;
        self.start.saturating_add(since)
    }
}
