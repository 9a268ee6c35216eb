//! What a run is compared with, and what the target costs.

use std::path::PathBuf;

use super::reader::{Fields, Keys, Reader};
use super::types::BaselineFiles;
use crate::model::Cost;

pub(super) const BASELINE: Keys =
    Keys { of: "a baseline", known: &["run", "accepted"], later: &[] };

pub(super) const COST: Keys =
    Keys { of: "the cost", known: &["instances", "price_per_hour", "currency"], later: &[] };

/// What stands before the name of a run of the history.
const HISTORY: &str = "history:";

/// The files to compare with, relative to the plan.
pub(super) fn baseline(plan: &Fields<'_>, reader: &mut Reader) -> BaselineFiles {
    let Some(entry) = plan.entry("baseline") else { return BaselineFiles::default() };
    let Some(fields) = reader.fields(&entry.node, &entry.key_at, &BASELINE) else {
        return BaselineFiles::default();
    };
    if fields.entries().is_empty() {
        reader.problem(&entry.key_at, "a baseline needs `run` or `accepted`");
    }
    let mut file = |key: &str| -> Option<PathBuf> {
        let node = fields.get(key)?;
        let text = reader.text(node, "a file name")?;
        // Which run that is, and whether there is one, is known where the history is.
        if key == "run" && text.starts_with(HISTORY) {
            return Some(PathBuf::from(text));
        }
        let path = reader.beside(&node.at, text);
        if !path.is_file() {
            reader.problem(&node.at, format!("`{}` is not a file", path.display()));
            return None;
        }
        Some(path)
    };
    BaselineFiles { run: file("run"), accepted: file("accepted") }
}

/// What the target costs.
pub(super) fn cost(plan: &Fields<'_>, reader: &mut Reader) -> Option<Cost> {
    let entry = plan.entry("cost")?;
    let fields = reader.fields(&entry.node, &entry.key_at, &COST)?;
    let instances = match fields.get("instances") {
        None => Some(1),
        Some(node) => reader.number(node, "a number of instances from 1 to 1000000", |n| {
            (1..=1_000_000).contains(&n)
        }),
    };
    let price = reader.require(&fields, "price_per_hour").and_then(|node| {
        reader.number(node, "a price from 0 to 1000000", |price: f64| (0.0..=1e6).contains(&price))
    });
    let currency = reader.require(&fields, "currency").and_then(|node| {
        reader.parsed(node, "a currency like USD", |text| {
            let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
            if is_code {
                Ok(text.to_owned())
            } else {
                Err(format!(
                    "expected a currency of three capital letters, like USD; found `{text}`"
                ))
            }
        })
    });
    Some(Cost { instances: instances?, price_per_hour: price?, currency: currency? })
}
