//! A chain of templated requests: each URL comes from the JSON before, each body is matched.

use crate::bed::Bed;
use crate::figure::Bar;
use crate::figure::Figure;
use crate::problem::Problem;
use crate::server::Server;
use crate::server::ServerKind;
use crate::tools::Load;
use crate::tools::Peer;
use crate::tools::Script;
use crate::tools::Users;
use crate::tools::goose;
use crate::tools::k6;
use crate::tools::plan_file;
use crate::tools::wrk;

use super::compared::Comparison;
use super::compared::JudgedBy;
use super::compared::rate;

const USERS: u32 = 64;

/// Requests of an iteration; the first starts the chain anew.
const STEPS: u32 = 10;

/// Slots of four seconds: k6 and goose need part of a short one to start.
const SLOT: u32 = 4;

/// Against wrk, which sends the first request of the chain again and again and looks at nothing;
/// against k6 and goose, which do the same as we do.
pub(super) fn scripted(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = bed.server(ServerKind::Script)?;
    let time = bed.slot * SLOT;
    let script = Script::Chain { steps: STEPS };
    let users = Users { vus: USERS, rate: None };
    let bare = format!("{}items/000", server.url);
    let peers: [(&'static str, Bar, Result<Peer, Problem>); 3] = [
        ("requests/s / wrk's bare", Bar::AtLeast(0.90), Ok(wrk(&bed.programs, &bare, USERS, time))),
        (
            "requests/s / k6's",
            Bar::AtLeast(8.0),
            k6(&bed.programs, &server.url, users, time, script),
        ),
        (
            "requests/s / goose's",
            Bar::AtLeast(2.5),
            Ok(goose(&bed.programs, &server.url, USERS, time, script)),
        ),
    ];
    let plan = plan_file(&plan(&server, bed))?;
    let compared = peers.map(|(name, bar, peer)| {
        let measured = peer.and_then(|theirs| {
            let ours = Load::plan(plan.path());
            let server = &server;
            let judged_by = JudgedBy::Nothing;
            Comparison { server, ours, theirs, judged_by }.pairs(&bed.cores, bed.fewer_pairs())
        });
        match measured {
            Ok(pairs) => rate(&pairs, name, bar),
            Err(problem) => Figure::missing(name, bar, &problem),
        }
    });
    Ok(compared.to_vec())
}

fn plan(server: &Server, bed: &Bed) -> String {
    let steps = "{ use: item, extract: { id: { jsonpath: $.next } } }, ";
    let rest = steps.repeat(usize::try_from(STEPS - 1).expect("it is small"));
    let check = r#"checks: [ { regex: '"state":"available"' } ]"#;
    format!(
        "version: 1\ntarget: {}\nrequests:\n  \
         first: {{ get: /items/000, {check} }}\n  item: {{ get: '/items/${{id}}', {check} }}\n\
         flows:\n  chain: [ {{ use: first, extract: {{ id: {{ jsonpath: $.next }} }} }}, {rest} ]\n\
         scenarios:\n  load: {{ executor: constant-vus, exec: chain, vus: {USERS}, duration: {}ms }}\n",
        server.url.trim_end_matches('/'),
        (bed.slot * SLOT).as_millis()
    )
}
