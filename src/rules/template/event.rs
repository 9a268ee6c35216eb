//! Everything that operators can name about one answer.

use std::borrow::Cow;
use std::sync::Arc;

use super::bindings::Bindings;
use super::block::{Block, numbered};
use super::operators::{Facts, Verdict};
use crate::model::Exchange;
use crate::rules::dsl::{Environment, Value};
use crate::rules::view::{Outline, ResponseView};

/// An answer of an earlier block, by the name under which its parts can be named: `http_1`, or the
/// block's id.
#[derive(Debug)]
pub struct Earlier<'e> {
    /// Without the underscore.
    pub prefix: &'e str,
    /// What came back.
    pub exchange: &'e Exchange,
}

/// One answer, with what is known around it.
#[derive(Debug)]
pub struct Event<'e> {
    view: Option<ResponseView<'e>>,
    history: Vec<Option<ResponseView<'e>>>,
    earlier: Vec<(&'e str, ResponseView<'e>)>,
    bindings: &'e Bindings,
    facts: Bindings,
}

impl<'e> Event<'e> {
    /// The answer in `exchange`, if there was one, to a request made with `bindings`; with its outline
    /// where somebody has looked at it before. `history` is the answers of the block by the number of
    /// their request, from 1.
    pub fn new(
        exchange: Option<&'e Exchange>,
        outline: Option<Arc<Outline>>,
        bindings: &'e Bindings,
        history: &[Option<&'e Exchange>],
        earlier: &[Earlier<'e>],
    ) -> Self {
        Self {
            view: exchange.and_then(|exchange| match outline {
                Some(outline) => ResponseView::with_outline(exchange, outline),
                None => ResponseView::of(exchange),
            }),
            history: history.iter().map(|exchange| exchange.and_then(ResponseView::of)).collect(),
            earlier: earlier
                .iter()
                .filter_map(|earlier| Some((earlier.prefix, ResponseView::of(earlier.exchange)?)))
                .collect(),
            bindings,
            facts: Bindings::default(),
        }
    }

    /// Says more about it: `host`, `matched`, `ip`, what was called.
    pub fn say(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.facts.set(name, value);
    }

    /// What `block` asks, answered.
    pub(crate) fn judge(&self, block: &Block, environment: &mut Environment<'_>) -> Verdict {
        block.operators.judge(self, environment)
    }
}

impl Facts for Event<'_> {
    fn fact(&self, name: &str) -> Option<Value<'_>> {
        if let Some(value) = self.facts.get(name) {
            return Some(value);
        }
        if let Some(value) = self.view.as_ref().and_then(|view| view.sent_variable(name)) {
            return Some(value);
        }
        if let Some((stem, number)) = numbered(name) {
            let past = self.history.get(number - 1).and_then(Option::as_ref);
            if let Some(value) = past.and_then(|view| view.sent_variable(stem)) {
                return Some(value);
            }
        }
        if let Some(value) = self.bindings.get(name) {
            return Some(value);
        }
        for (prefix, view) in &self.earlier {
            let rest = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
            if let Some(value) = rest.and_then(|rest| view.sent_variable(rest)) {
                return Some(value);
            }
        }
        self.view.as_ref().and_then(|view| view.own_variable(name))
    }
}

/// The answers of a chain of redirects that came before the last one count without their bodies.
pub fn without_body(exchange: &Exchange) -> Cow<'_, Exchange> {
    match &exchange.outcome {
        Ok(response) if !response.body.is_empty() => {
            let mut bare = exchange.clone();
            if let Ok(response) = &mut bare.outcome {
                response.body = Vec::new();
            }
            Cow::Owned(bare)
        }
        _ => Cow::Borrowed(exchange),
    }
}
