//! What is known of one expression of a rule before it is run.

use std::ops::Range;

use crate::extract::LONGEST;
use crate::extract::Pattern;

use super::Hits;
use super::need::{Need, Place};
use crate::rules::view::Anchor;

/// Longer matches make windows that are most of the text.
const LONGEST_MATCH: usize = 300;

/// Shorter texts are searched whole.
const SHORT_TEXT: usize = 4 << 10;

/// An expression's need and, where its matches are short, the literals that each of them has.
#[derive(Debug, Default)]
pub(in crate::rules) struct Gate {
    pub(in crate::rules) need: Need,
    pub(super) near: Option<Near>,
}

/// Literals of which every match contains one.
#[derive(Debug)]
pub(super) struct Near {
    pub(super) literals: Vec<Vec<u8>>,
    /// Their numbers.
    pub(super) ids: Vec<usize>,
    /// No match is longer.
    longest_match: usize,
}

impl Gate {
    /// An expression that is not a pattern.
    pub(in crate::rules) fn new(need: Need) -> Self {
        Self { need, near: None }
    }

    /// A pattern that is looked for at a place.
    pub(in crate::rules) fn of(pattern: &Pattern, place: Option<Place>) -> Self {
        let Some(place) = place else { return Self::default() };
        let (required, longest) = pattern.shape();
        let literals: Vec<Vec<u8>> = required.one_of().into_iter().map(<[u8]>::to_vec).collect();
        let longest = longest.filter(|longest| *longest <= LONGEST_MATCH);
        let near = longest.filter(|_| !literals.is_empty() && place != Place::Head);
        Self {
            need: Need::at(place, required),
            near: near.map(|longest_match| Near { literals, ids: Vec::new(), longest_match }),
        }
    }

    /// Where matches can be in a part, in order and apart; `None` for anywhere.
    pub(in crate::rules) fn windows(
        &self,
        hits: &Hits,
        anchor: Anchor,
        text: &[u8],
    ) -> Option<Vec<Range<usize>>> {
        let near = self.near.as_ref().filter(|_| text.len() > SHORT_TEXT)?;
        let body_len = hits.body_len();
        let reach = near.longest_match + LONGEST;
        // Heads are short, and what crosses the border lies around it.
        let (body_at, whole) = match anchor {
            Anchor::Body => (0, None),
            Anchor::BodyThenHead => (0, Some(body_len.saturating_sub(reach)..text.len())),
            Anchor::HeadThenBody => {
                let head_len = text.len() - body_len;
                (head_len, Some(0..text.len().min(head_len + reach)))
            }
            Anchor::Head | Anchor::Value(_) | Anchor::Nowhere => return None,
        };
        let ends = hits.places_of(&near.ids)?;
        let around = |end: usize| {
            let end = body_at + end;
            // Four bytes more, for what a pattern asks of the neighbours of a match.
            end.saturating_sub(reach)..text.len().min(end + reach + 4)
        };
        Some(merged(ends.map(around).chain(whole).collect()))
    }
}

/// Windows in order, those that touch made one.
fn merged(mut windows: Vec<Range<usize>>) -> Vec<Range<usize>> {
    windows.sort_by_key(|window| window.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for window in windows {
        match merged.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => merged.push(window),
        }
    }
    merged
}
