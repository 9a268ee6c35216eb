//! The order in which operations are sent, each operation written once.

use std::collections::HashMap;
use std::time::Duration;

use super::operation::{Imported, Operation};

/// A step of the plan's flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Sends the operation of that index.
    Use(usize),
    /// Waits.
    Think(Duration),
}

/// Writes what is sent twice only once, and has the steps say how often.
pub(super) fn fold(imported: &mut Imported) {
    if imported.steps.is_empty() {
        imported.steps = (0..imported.operations.len()).map(Step::Use).collect();
    }
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<Operation> = Vec::new();
    let mut becomes = Vec::new();
    for operation in std::mem::take(&mut imported.operations) {
        let own = Operation { name: String::new(), ..operation.clone() };
        let index = *known.entry(format!("{own:?}")).or_insert_with(|| {
            kept.push(operation);
            kept.len() - 1
        });
        becomes.push(index);
    }
    imported.operations = kept;
    while imported.steps.pop_if(|step| matches!(step, Step::Think(_))).is_some() {}
    for step in &mut imported.steps {
        if let Step::Use(index) = step {
            *index = becomes[*index];
        }
    }
    if imported.steps.len() == imported.operations.len()
        && imported.steps.iter().enumerate().all(|(at, step)| *step == Step::Use(at))
    {
        imported.steps.clear();
    }
}

/// Leaves operations out, and the steps that send them.
pub(super) fn retain(imported: &mut Imported, keep: impl Fn(&Operation) -> bool) {
    let mut becomes = Vec::new();
    let mut kept = 0;
    imported.operations.retain(|operation| {
        let stays = keep(operation);
        becomes.push(stays.then_some(kept));
        kept += usize::from(stays);
        stays
    });
    imported.steps = imported
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Use(index) => becomes[*index].map(Step::Use),
            Step::Think(_) => Some(*step),
        })
        .collect();
}
