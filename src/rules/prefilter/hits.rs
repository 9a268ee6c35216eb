//! What of all that rules ask for is in one response.

use std::collections::HashMap;

use crate::extract::LONGEST;
use crate::model::Scheme;

use super::literals::Literals;
use super::need::{Fact, Place};
use crate::rules::view::ResponseView;

/// One bit per literal and name.
#[derive(Debug)]
pub(in crate::rules) struct Hits {
    body: Bits,
    /// Where literals end in the body whose places are wanted.
    places: Places,
    body_len: usize,
    head: Bits,
    /// Across the border where head and body are put together, in either order.
    seam: Bits,
    names: Bits,
    is_html: bool,
    is_https: bool,
    status: f64,
}

impl Hits {
    pub(super) fn of(
        view: &ResponseView<'_>,
        literals: &Literals,
        names: &HashMap<String, usize>,
    ) -> Self {
        let response = view.response();
        let mut hits = Self {
            body: Bits::new(literals.len()),
            places: Places::default(),
            body_len: response.body.len(),
            head: Bits::new(literals.len()),
            seam: Bits::new(literals.len()),
            names: Bits::new(names.len()),
            is_html: view.is_html(),
            is_https: view.exchange().request.origin.scheme == Scheme::Https,
            status: f64::from(response.status),
        };
        literals.mark_with_places(&response.body, &mut hits.body, &mut hits.places);
        literals.mark(view.head(), &mut hits.head);
        literals.mark(&seam(&response.body, view.head()), &mut hits.seam);
        literals.mark(&seam(view.head(), &response.body), &mut hits.seam);
        hits.mark_names(view, names);
        hits
    }

    fn mark_names(&mut self, view: &ResponseView<'_>, names: &HashMap<String, usize>) {
        for name in view.names() {
            if let Some(id) = names.get(name) {
                self.names.set(*id);
            }
        }
    }

    pub(super) fn has_literal(&self, place: Place, id: usize) -> bool {
        match place {
            Place::Body => self.body.has(id),
            Place::Head => self.head.has(id),
            Place::Whole => self.body.has(id) || self.head.has(id) || self.seam.has(id),
        }
    }

    /// Where these end in the body, in any order; `None` if there are too many to remember.
    pub(super) fn places_of(&self, ids: &[usize]) -> Option<impl Iterator<Item = usize>> {
        let places = self.places.list()?.iter();
        Some(places.filter(|(id, _)| ids.contains(id)).map(|(_, end)| *end))
    }

    pub(super) fn body_len(&self) -> usize {
        self.body_len
    }

    pub(super) fn has_name(&self, id: usize) -> bool {
        self.names.has(id)
    }

    pub(super) fn has_fact(&self, fact: Fact) -> bool {
        match fact {
            Fact::Html => self.is_html,
            Fact::Https => self.is_https,
            Fact::Http => !self.is_https,
        }
    }

    pub(super) fn status(&self) -> f64 {
        self.status
    }
}

/// What a literal across the border of two texts lies in.
fn seam(first: &[u8], second: &[u8]) -> Vec<u8> {
    let end = &first[first.len().saturating_sub(LONGEST - 1)..];
    [end, &second[..second.len().min(LONGEST - 1)]].concat()
}

/// Literals' numbers and where they end.
#[derive(Debug, Default)]
pub(super) struct Places {
    list: Vec<(usize, usize)>,
    is_full: bool,
}

impl Places {
    /// More than this are not remembered.
    const MOST: usize = 16 << 10;

    pub(super) fn push(&mut self, id: usize, end: usize) {
        self.is_full |= self.list.len() == Self::MOST;
        if !self.is_full {
            self.list.push((id, end));
        }
    }

    pub(super) fn forget(&mut self) {
        self.is_full = true;
    }

    pub(super) fn list(&self) -> Option<&[(usize, usize)]> {
        (!self.is_full).then_some(&self.list)
    }
}

/// A set of small numbers.
#[derive(Debug)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    pub(super) fn set(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    pub(super) fn set_all(&mut self) {
        self.0.fill(u64::MAX);
    }

    pub(super) fn has(&self, number: usize) -> bool {
        self.0[number / 64] & (1 << (number % 64)) != 0
    }
}
