//! The page that an unchanged request gives, to compare others with.

use crate::scan::probe::Likeness;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;

/// A page as a few fetches showed it, the value that was sent for it left out.
#[derive(Debug)]
pub(crate) struct KnownPage {
    pub(crate) first: Shot,
    likeness: Likeness,
}

impl KnownPage {
    /// What the point's request shows with a value; `None` where that changes too much by itself.
    pub(crate) async fn at(probe: &mut Probe, value: &str) -> Result<Option<Self>, ProbeStop> {
        let shots = [probe.fire(value).await?, probe.fire(value).await?];
        Ok(Self::of(&shots))
    }

    /// What some answers have in common; `None` where they are not one page.
    pub(crate) fn of(shots: &[Shot]) -> Option<Self> {
        let first = shots.first()?.clone();
        let shapes: Vec<Shape> = shots.iter().map(|shot| shape(shot, &first.value)).collect();
        Some(Self { likeness: Likeness::of(&shapes)?, first })
    }

    /// Whether another answer is the same page, what was sent for it left out.
    pub(crate) fn shows(&self, shot: &Shot) -> bool {
        self.likeness.is(&shape(shot, &self.first.value))
    }

    /// Whether the target calls it no error.
    pub(crate) fn is_fine(&self) -> bool {
        self.first.response().status < 400
    }
}

fn shape(shot: &Shot, instead: &str) -> Shape {
    Shape::of(shot.response(), &shot.value, instead)
}
