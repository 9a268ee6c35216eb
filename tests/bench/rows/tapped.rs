//! What it costs to look at a share of load's own answers.

use std::time::Duration;

use crate::bed::Bed;
use crate::cores::Place;
use crate::figure::Bar;
use crate::figure::Figure;
use crate::figure::number;
use crate::pairs::Slot;
use crate::pairs::alternate;
use crate::pairs::estimate;
use crate::problem::Problem;
use crate::server::Server;
use crate::server::ServerKind;
use crate::tools::Load;
use crate::tools::plan_file;

const USERS: u32 = 64;

/// Slots of four seconds: what is looked at in the first tenths of a second is more than later.
const SLOT: u32 = 4;

/// For the start and the end of a run.
const GRACE: Duration = Duration::from_secs(30);

/// All that can be watched, at 1 %, against the same plan without.
const WATCH: &str = "under_load: { watch: [passive, bleed, cache, leaks, posture], sample: 1% }\n";

/// The rate with the tap as a share of the rate without.
pub(super) fn tap(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = bed.server(ServerKind::Small)?;
    let time = bed.slot * SLOT;
    let (with, without) =
        (plan_file(&plan(&server, time, WATCH))?, plan_file(&plan(&server, time, ""))?);
    let run = |load: &Load| {
        Slot::of(&server, time, || {
            let done = load.run(&bed.cores, Place::Client, time + GRACE)?;
            Ok((done.requests, done.ended))
        })
    };
    let (with, without) = (Load::plan(with.path()), Load::plan(without.path()));
    let pairs = alternate(bed.fewer_pairs(), || run(&with), || run(&without))?;
    let ratios: Vec<f64> = pairs.iter().map(|(tapped, bare)| tapped.rate() / bare.rate()).collect();
    let ratio = estimate(&ratios);
    let rates: Vec<f64> = pairs.iter().map(|(_, bare)| bare.rate()).collect();
    let note = format!("without: {}/s", number(estimate(&rates).median));
    let figure = Figure::new("requests/s with / without", Bar::AtLeast(0.97), ratio.median, "");
    Ok(vec![figure.within(ratio.low, ratio.high).note(note)])
}

fn plan(server: &Server, time: Duration, watch: &str) -> String {
    format!(
        "version: 1\ntarget: {}\n{watch}requests:\n  \
         page: {{ get: /, headers: {{ X-Member: '${{canary}}' }} }}\n\
         flows:\n  visit: [ {{ use: page }} ]\n\
         scenarios:\n  load: {{ executor: constant-vus, exec: visit, vus: {USERS}, duration: {}ms }}\n",
        server.url.trim_end_matches('/'),
        time.as_millis()
    )
}
