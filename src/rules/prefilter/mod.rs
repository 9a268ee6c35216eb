//! Which rules a response can match at all, found in one pass over it.
//!
//! A [`Need`] is what must be true for a part of a rule to hold: a literal that the body or the head
//! contains, a header that is there, a kind of document, a range of statuses. The literals of all
//! rules make one automaton; what of it occurs in a response is one bit each ([`Hits`]). A rule whose
//! need is not met is not evaluated, and within a rule no expression runs whose own need is not met.
//! Needs are necessary conditions only, so that what is found is the same as without them.

mod gate;
mod hits;
mod learn;
mod literals;
mod need;

pub(super) use gate::Gate;
pub(super) use hits::Hits;
pub(super) use need::{Fact, Need, Place};

use std::collections::HashMap;

use super::passive::PassiveRule;
use super::view::ResponseView;
use crate::extract::Required;
use literals::Literals;

/// The needs of all passive rules of a registry.
#[derive(Debug)]
pub(super) struct Prefilter {
    literals: Literals,
    /// Names that are asked for, by name.
    names: HashMap<String, usize>,
    /// Of each rule, in the registry's order.
    needs: Vec<Need>,
    /// Of a policy in the document itself.
    meta_policy: Need,
}

impl Prefilter {
    /// The needs of `rules`; tells their matchers and extractors which of them are theirs.
    pub(super) fn of(rules: &mut [PassiveRule]) -> Self {
        let mut index = Index::default();
        let needs = rules
            .iter_mut()
            .map(|rule| {
                let blocks = rule.blocks.iter_mut().map(|block| {
                    let need = learn::learn(block);
                    block.gates_mut().for_each(|gate| index.add_gate(gate));
                    need
                });
                let mut need = Need::any(blocks);
                index.add(&mut need);
                need
            })
            .collect();
        let policy = Required::literal(b"content-security-policy");
        let mut meta_policy = Need::at(Place::Body, policy);
        index.add(&mut meta_policy);
        let literals = Literals::new(&index.literals, &index.placed);
        Self { literals, names: index.names, needs, meta_policy }
    }

    /// What of all that is asked for is in the response.
    pub(super) fn look(&self, view: &ResponseView<'_>) -> Hits {
        let hits = Hits::of(view, &self.literals, &self.names);
        if !self.meta_policy.is_met(&hits) {
            view.has_no_meta_policy();
        }
        hits
    }

    /// Which rules may match, by their place in the registry.
    pub(super) fn candidates(&self, hits: &Hits) -> impl Iterator<Item = usize> {
        let needs = self.needs.iter().enumerate();
        needs.filter(|(_, need)| need.is_met(hits)).map(|(index, _)| index)
    }
}

/// Gives literals and names their numbers.
#[derive(Debug, Default)]
struct Index {
    numbers: HashMap<Vec<u8>, usize>,
    literals: Vec<Vec<u8>>,
    names: HashMap<String, usize>,
    /// Literals of which the places are wanted.
    placed: Vec<usize>,
}

impl Index {
    fn add_gate(&mut self, gate: &mut Gate) {
        self.add(&mut gate.need);
        if let Some(near) = &mut gate.near {
            near.ids = near.literals.iter().map(|literal| self.number(literal)).collect();
            self.placed.extend(&near.ids);
        }
    }

    fn number(&mut self, literal: &[u8]) -> usize {
        *self.numbers.entry(literal.to_vec()).or_insert_with(|| {
            self.literals.push(literal.to_vec());
            self.literals.len() - 1
        })
    }

    fn add(&mut self, need: &mut Need) {
        match need {
            Need::Nothing | Need::Fact(_) | Need::Status { .. } => {}
            Need::Literal { text, id, .. } => *id = self.number(text),
            Need::Name { name, id } => {
                let next = self.names.len();
                *id = *self.names.entry(name.clone()).or_insert(next);
            }
            Need::All(list) | Need::Any(list) => list.iter_mut().for_each(|one| self.add(one)),
        }
    }
}
