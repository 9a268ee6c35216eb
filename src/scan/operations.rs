//! The operations of a site: methods and path templates, whatever the parameters.

use std::collections::BTreeMap;

use crate::model::Event;
use crate::model::Operation;

/// By method and path template.
#[derive(Debug, Default)]
pub(super) struct Operations(BTreeMap<(String, String), Operation>);

impl Operations {
    /// By method and path template.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.0.values()
    }

    /// Whether there is something behind it.
    pub(super) fn is_reached(&self, key: &(String, String)) -> bool {
        self.0.get(key).is_some_and(|known| known.reached)
    }

    /// Takes what is known now; gives it if it is new. What was reached stays reached.
    pub(super) fn see(&mut self, seen: Operation) -> Option<Operation> {
        let key = (seen.method.clone(), seen.path_template.clone());
        let before = self.0.get(&key);
        let reached = before.is_some_and(|known| known.reached) || seen.reached;
        let after = Operation {
            source: before.map_or(seen.source, |known| known.source),
            reached,
            skipped: if reached { None } else { seen.skipped },
            method: seen.method,
            path_template: seen.path_template,
        };
        if before == Some(&after) {
            return None;
        }
        self.0.insert(key, after.clone());
        Some(after)
    }

    /// One path template has become part of another, or has another text; gives what has changed.
    pub(super) fn rename(&mut self, method: String, from: String, into: String) -> Vec<Event> {
        let Some(old) = self.0.remove(&(method.clone(), from.clone())) else { return Vec::new() };
        let gone = Event::OperationMerged { method, from, into: into.clone() };
        let changed = self.see(Operation { path_template: into, ..old });
        std::iter::once(gone).chain(changed.map(Event::Operation)).collect()
    }
}
