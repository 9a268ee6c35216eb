//! What a run is compared with, and what the target costs.

use std::path::PathBuf;

use super::document::Node;
use super::reader::{Fields, Keys, Reader};
use super::types::BaselineFiles;
use crate::model::Cost;
use crate::model::Egress;
use crate::model::Serverless;

pub(super) const BASELINE: Keys =
    Keys { of: "a baseline", known: &["run", "accepted"], later: &[] };

pub(super) const COST: Keys = Keys {
    of: "the cost",
    known: &["instances", "price_per_hour", "currency", "serverless", "egress"],
    later: &[],
};

pub(super) const SERVERLESS: Keys = Keys {
    of: "the cost of functions",
    known: &["per_million_requests", "per_gb_second", "memory_mib"],
    later: &[],
};

pub(super) const EGRESS: Keys = Keys {
    of: "the cost of traffic",
    known: &["per_gb", "origin_per_gb", "hit_ratio"],
    later: &[],
};

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
    let by_use = fields.get("serverless").is_some() || fields.get("egress").is_some();
    // Who pays by use may have nothing that is paid by the hour.
    let price = match fields.get("price_per_hour") {
        None if by_use => Some(0.0),
        _ => reader.require(&fields, "price_per_hour").and_then(|node| price(node, reader)),
    };
    let serverless = serverless(&fields, reader);
    let egress = egress(&fields, reader);
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
    Some(Cost {
        instances: instances?,
        price_per_hour: price?,
        currency: currency?,
        serverless,
        egress,
    })
}

fn price(node: &Node, reader: &mut Reader) -> Option<f64> {
    reader.number(node, "a price from 0 to 1000000", |price: f64| (0.0..=1e6).contains(&price))
}

fn serverless(cost: &Fields<'_>, reader: &mut Reader) -> Option<Serverless> {
    let entry = cost.entry("serverless")?;
    let fields = reader.fields(&entry.node, &entry.key_at, &SERVERLESS)?;
    let mut paid = |key| reader.require(&fields, key).and_then(|node| price(node, reader));
    let (requests, seconds) = (paid("per_million_requests"), paid("per_gb_second"));
    let memory = reader.require(&fields, "memory_mib").and_then(|node| {
        reader.number(node, "mebibytes from 1 to 1000000", |mib: f64| (1.0..=1e6).contains(&mib))
    });
    Some(Serverless {
        per_million_requests: requests?,
        per_gb_second: seconds?,
        memory_mib: memory?,
    })
}

fn egress(cost: &Fields<'_>, reader: &mut Reader) -> Option<Egress> {
    let entry = cost.entry("egress")?;
    let fields = reader.fields(&entry.node, &entry.key_at, &EGRESS)?;
    let per_gb = reader.require(&fields, "per_gb").and_then(|node| price(node, reader));
    let origin = fields.get("origin_per_gb").map_or(Some(0.0), |node| price(node, reader));
    let hit_ratio = fields.get("hit_ratio").and_then(|node| {
        reader.number(node, "a share from 0 to 1", |share: f64| (0.0..=1.0).contains(&share))
    });
    Some(Egress { per_gb: per_gb?, origin_per_gb: origin?, hit_ratio })
}
