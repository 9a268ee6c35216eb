//! Two threads against two servers.

use std::time::Duration;

use tempfile::NamedTempFile;

use super::compared::medians;
use super::compared::rate;
use super::compared::ratios;
use crate::bed::Bed;
use crate::cores::Place;
use crate::figure::Bar;
use crate::figure::Figure;
use crate::pairs::Slot;
use crate::pairs::alternate;
use crate::pairs::estimate;
use crate::problem::Problem;
use crate::server::Server;
use crate::server::ServerKind;
use crate::server::Transport;
use crate::tools::Amount;
use crate::tools::Load;
use crate::tools::plan_file;

const CONNECTIONS: u32 = 64;

/// One thread on one server against two threads on two, in alternating slots. With fewer than four
/// cores everybody shares two, and only processor time per request says how it scales.
pub(super) fn two_threads(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let first = bed.server(ServerKind::Small)?;
    let second =
        Server::start(ServerKind::Small, Transport::Plain, &bed.cores, Place::SecondServer)?;
    let plan = plan([&first, &second], bed.slot)?;
    let one = Load::url(&first.url, CONNECTIONS, Amount::For(bed.slot));
    let two = Load::plan(plan.path()).threads(2);
    let slot = |load: &Load, place| {
        Slot::of(&first, bed.slot, || {
            let done = load.run(&bed.cores, place, bed.slot + Duration::from_secs(60))?;
            Ok((done.requests, done.ended))
        })
    };
    let pairs = alternate(
        bed.fewer_pairs(),
        || slot(&two, Place::TwoForClient),
        || slot(&one, Place::Client),
    )?;
    let cpu = estimate(&ratios(&pairs, Slot::cpu));
    let scaling = if bed.cores.are_enough_for_two() {
        "requests/s, two threads / one"
    } else {
        "requests/s, everybody on two cores"
    };
    Ok(vec![
        Figure::new("CPU per request, two threads / one", Bar::None, cpu.median, "×")
            .within(cpu.low, cpu.high)
            .note(format!("{} CPU-s per million", medians(&pairs, Slot::cpu))),
        rate(&pairs, scaling, Bar::None),
    ])
}

/// As many users for each server.
fn plan(servers: [&Server; 2], time: Duration) -> Result<NamedTempFile, Problem> {
    let [first, second] = servers.map(|server| server.url.trim_end_matches('/').to_owned());
    let scenario = |flow| {
        format!(
            "{{ executor: constant-vus, exec: {flow}, vus: {CONNECTIONS}, duration: {}ms }}",
            time.as_millis()
        )
    };
    plan_file(&format!(
        "version: 1\ntarget: {first}\nscope: {{ origins: [auto, '{second}'] }}\n\
         requests:\n  one: {{ get: / }}\n  two: {{ get: '{second}/' }}\n\
         flows:\n  one: [ {{ use: one }} ]\n  two: [ {{ use: two }} ]\n\
         scenarios:\n  one: {}\n  two: {}\n",
        scenario("one"),
        scenario("two")
    ))
}
