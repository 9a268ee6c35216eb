//! From a known request to its changed versions.

use std::cell::RefCell;

use super::address::Address;
use super::bindings::Bindings;
use super::block::Block;
use super::definition::Template;
use super::fuzz::FuzzRule;
use super::make::Making;
use super::operators::Facts;
use super::payload::Attack;
use crate::model::InsertionKind;
use crate::model::Request;
use crate::model::Target;
use crate::rules::dsl::{Environment, Text, Value};

/// Changed requests of one block and one known request, at most.
const MAX_CHANGES: usize = 5000;

/// A place in a known request.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// What kind of place.
    pub kind: InsertionKind,
    /// Its name.
    pub name: &'p str,
    /// What stands there.
    pub value: &'p str,
}

/// What is known when requests are changed.
pub struct FuzzMaking<'m> {
    /// Whose block it is.
    pub template: &'m Template,
    /// A block that fuzzes.
    pub block: &'m Block,
    /// The known request.
    pub base: &'m Request,
    /// The same as a target.
    pub target: &'m Target,
    /// Values that the user gave.
    pub given: &'m Bindings,
    /// In place of the block's own.
    pub attack: Option<Attack>,
    /// Gives a new address for calls from outside.
    pub callback: &'m dyn Fn() -> Option<String>,
}

/// A known request, changed.
#[derive(Debug, Clone)]
pub struct Change {
    /// Places by their index, and what stands there now.
    pub values: Vec<(usize, String)>,
    /// What it was made with.
    pub bindings: Bindings,
    /// Names and values.
    pub payloads: Vec<(String, String)>,
    /// Addresses for calls that stand in it.
    pub callbacks: Vec<String>,
}

impl FuzzMaking<'_> {
    /// Every change that the block's rules make; none where the request is not looked at.
    pub(crate) fn changes(
        &self,
        places: &[Place<'_>],
        environment: &mut Environment<'_>,
    ) -> Vec<Change> {
        let Some(fuzzing) = &self.block.fuzzing else { return Vec::new() };
        if !fuzzing.applies(&RequestFacts(self.base), environment) {
            return Vec::new();
        }
        let rounds =
            self.block.payloads.as_ref().map_or(1, |payloads| payloads.rounds(self.attack));
        let mut changes = Vec::new();
        for rule in &fuzzing.rules {
            let taken: Vec<usize> = (0..places.len())
                .filter(|index| {
                    let place = places[*index];
                    rule.takes(place.kind, place.name, place.value)
                })
                .collect();
            if taken.is_empty() {
                continue;
            }
            for round in 0..rounds {
                let pairs = self.block.payloads.as_ref().map(|p| p.round(self.attack, round));
                let pairs = pairs.unwrap_or_default();
                let round = Round { rule, payloads: &pairs, places };
                self.round(&round, &taken, environment, &mut changes);
                if changes.len() >= MAX_CHANGES {
                    return changes;
                }
            }
        }
        changes
    }

    fn round(
        &self,
        round: &Round<'_>,
        taken: &[usize],
        environment: &mut Environment<'_>,
        changes: &mut Vec<Change>,
    ) {
        for (name, text) in &round.rule.values {
            let wanted = |index: &&usize| {
                name.as_deref().is_none_or(|name| round.places[**index].name == name)
            };
            let indices: Vec<usize> = taken.iter().filter(wanted).copied().collect();
            if indices.is_empty() {
                continue;
            }
            if round.rule.is_multiple {
                changes.extend(self.change(round, text, &indices, environment));
            } else {
                for index in indices {
                    changes.extend(self.change(round, text, &[index], environment));
                }
            }
        }
    }

    fn change(
        &self,
        round: &Round<'_>,
        text: &Text,
        indices: &[usize],
        environment: &mut Environment<'_>,
    ) -> Option<Change> {
        let callbacks = RefCell::new(Vec::new());
        let callback = || {
            let url = (self.callback)()?;
            callbacks.borrow_mut().push(url.clone());
            Some(url)
        };
        let nothing = Bindings::default();
        let making = Making {
            template: self.template,
            block: self.block,
            target: self.target,
            given: self.given,
            dynamic: &nothing,
            headers: &[],
            callback: Some(&callback),
        };
        let address = Address::of(self.target);
        let (mut bindings, payloads) =
            making.bindings(&address, false, round.payloads, &callback, environment).ok()?;
        let mut values = Vec::with_capacity(indices.len());
        for index in indices {
            let place = round.places[*index];
            bindings.set("value", place.value);
            let lookup = super::make::lookup(&bindings, &callback);
            let rendered = text.render(&lookup, environment).ok()?;
            let value = round.rule.change(place.value.as_bytes(), &rendered);
            values.push((*index, String::from_utf8_lossy(&value).into_owned()));
        }
        Some(Change { values, bindings, payloads, callbacks: callbacks.into_inner() })
    }
}

/// One round of payloads of one rule.
struct Round<'r> {
    rule: &'r FuzzRule,
    payloads: &'r [(&'r str, &'r str)],
    places: &'r [Place<'r>],
}

/// What conditions on a known request can name.
struct RequestFacts<'r>(&'r Request);

impl Facts for RequestFacts<'_> {
    fn fact(&self, name: &str) -> Option<Value<'_>> {
        let request = self.0;
        let target = &request.path_and_query;
        let split = memchr::memchr(b'?', target);
        Some(match name {
            "method" => Value::text(request.method.as_str()),
            "path" => Value::bytes(&target[..split.unwrap_or(target.len())]),
            "query" => Value::bytes(split.map_or(&[], |at| &target[at + 1..])),
            "host" | "hostname" => Value::text(&request.origin.host),
            "body" => Value::bytes(&request.body),
            "header" | "headers" | "all_headers" => {
                let lines = request.headers.iter();
                let text: Vec<u8> = lines
                    .flat_map(|header| {
                        [header.name.as_bytes(), b": ", &header.value, b"\r\n"].concat()
                    })
                    .collect();
                Value::owned(text)
            }
            "request" => Value::owned(request.to_wire()),
            other => {
                let named = |header: &&crate::model::Header| {
                    header.name.to_lowercase().replace('-', "_") == other
                };
                Value::bytes(&request.headers.iter().find(named)?.value)
            }
        })
    }
}
