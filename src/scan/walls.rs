//! Whether a wall stands between the scan and the target: a firewall or bot wall that refuses whoever
//! scans, so that everything looks safe.
//!
//! One refused payload is the wall's work and says nothing of the rest. Where many answers in a row come
//! from a wall, something that was let in before is asked for again: if that is let in, the wall stops
//! payloads; if it is refused too, the wall stops whoever sends, and nothing that follows would say anything
//! about the target.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::model::Exchange;
use crate::model::Method;
use crate::model::Origin;
use crate::model::Request;
use crate::model::Wall;

/// Refusals of a wall in a row, after which it is asked.
const MANY: u32 = 12;

/// How many more each time.
const MORE: u32 = 4;

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Walls {
    states: Mutex<BTreeMap<Origin, State>>,
}

#[derive(Debug)]
struct State {
    /// Refusals of a wall since the last answer that was none.
    in_a_row: u32,
    /// As many as that, and it is asked.
    enough: u32,
    /// Refusals of a wall in all, and the last of them.
    refused: u64,
    wall: Option<Wall>,
    /// The first that was let in: what a scan begins with.
    open: Option<Request>,
    /// Somebody asks just now.
    is_asked: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { in_a_row: 0, enough: MANY, refused: 0, wall: None, open: None, is_asked: false }
    }
}

/// A wall that may stop whoever sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suspicion {
    pub(super) wall: Wall,
    /// What was let in before; `None` where nothing was.
    pub(super) control: Option<Request>,
}

/// Somebody asks for the control.
pub(super) struct Asking<'w> {
    walls: &'w Walls,
    origin: Origin,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut states = self.walls.states.lock().expect("no holder panics");
        if let Some(state) = states.get_mut(&self.origin) {
            state.is_asked = false;
        }
    }
}

impl Walls {
    /// Learns from what came back. Whoever gets a suspicion asks ([`Walls::asking`]).
    pub(super) fn learn(&self, exchange: &Exchange) -> Option<Suspicion> {
        let response = exchange.response()?;
        let found = Wall::of(response);
        let mut states = self.states.lock().expect("no holder panics");
        let state = states.entry(exchange.request.origin.clone()).or_default();
        let Some(wall) = found else {
            state.in_a_row = 0;
            let is_open = (200..300).contains(&response.status);
            if is_open && state.open.is_none() && exchange.request.method == Method::get() {
                state.open = Some(exchange.request.clone());
            }
            return None;
        };
        state.in_a_row += 1;
        state.refused += 1;
        state.wall = Some(wall.clone());
        if state.in_a_row < state.enough || state.is_asked {
            return None;
        }
        state.is_asked = true;
        Some(Suspicion { wall, control: state.open.clone() })
    }

    /// The wall lets in what it let in before, so it stops payloads: it is asked less often.
    pub(super) fn settle(&self, origin: &Origin) {
        let mut states = self.states.lock().expect("no holder panics");
        let state = states.entry(origin.clone()).or_default();
        state.in_a_row = 0;
        state.enough = state.enough.saturating_mul(MORE);
    }

    /// Until it is dropped, nobody else asks.
    pub(super) fn asking(&self, origin: &Origin) -> Asking<'_> {
        Asking { walls: self, origin: origin.clone() }
    }

    /// Which walls refused something, and how often.
    pub(super) fn refused(&self) -> Vec<(Wall, u64)> {
        let states = self.states.lock().expect("no holder panics");
        states.values().filter_map(|state| Some((state.wall.clone()?, state.refused))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;
    use crate::model::HttpVersion;
    use crate::model::Response;
    use crate::model::Target;
    use crate::model::Timings;

    fn exchange(path: &str, status: u16) -> Exchange {
        let target = Target::parse("http://127.0.0.1/").expect("an address");
        let mitigated = (status == 403).then(|| Header::new("cf-mitigated", "challenge"));
        let response = Response {
            status,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: mitigated.into_iter().collect(),
            body: Vec::new(),
            wire_len: 0,
            truncated: false,
        };
        Exchange {
            request: Request::get(target.origin, path),
            outcome: Ok(response),
            timings: Timings::default(),
            peer: None,
            tls: None,
        }
    }

    #[test]
    fn many_refusals_in_a_row_ask_for_what_was_let_in() {
        let walls = Walls::default();
        assert_eq!(walls.learn(&exchange("/open", 200)), None);
        assert_eq!(walls.learn(&exchange("/other", 200)), None);
        for _ in 1..MANY {
            assert_eq!(walls.learn(&exchange("/x", 403)), None);
        }
        let suspicion = walls.learn(&exchange("/x", 403)).expect("enough of them");
        assert_eq!(suspicion.wall.by, "Cloudflare");
        let control = suspicion.control.expect("what was let in");
        assert_eq!(control.path_and_query_text(), "/open");
        // One asks, and the others do not.
        assert_eq!(walls.learn(&exchange("/x", 403)), None);
        let origin = exchange("/", 200).request.origin;
        walls.settle(&origin);
        drop(walls.asking(&origin));
        for _ in 0..MANY * 2 {
            assert_eq!(walls.learn(&exchange("/x", 403)), None, "later each time");
        }
        let refused: Vec<u64> = walls.refused().into_iter().map(|(_, count)| count).collect();
        assert_eq!(refused, [u64::from(3 * MANY + 1)]);
    }

    #[test]
    fn refusals_among_other_answers_are_payloads() {
        let walls = Walls::default();
        for _ in 0..10 * MANY {
            assert_eq!(walls.learn(&exchange("/x", 403)), None);
            assert_eq!(walls.learn(&exchange("/y", 404)), None);
        }
    }
}
