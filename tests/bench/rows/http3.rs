//! HTTP/3 beside our own HTTP/2: no other load generator with HTTP/3 is to be had in packages.

use std::time::Duration;

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

use super::compared::MULTIPLEXED;
use super::compared::rate;
use super::compared::ratios;

/// HTTP/3 on quinn and h3 against HTTP/2 over TLS on nginx, in alternating slots. Without a peer
/// there is no bar; the servers differ, so that rates say little and processor time of the client
/// is what counts.
pub(super) fn http3(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let quic = Server::start(ServerKind::Small, Transport::Quic, &bed.cores, Place::Server)?;
    let tcp = Server::nginx(&bed.programs, &bed.cores)?;
    let (connections, streams) = MULTIPLEXED;
    let slot = |server: &Server, protocol: &str| {
        let load = Load::url(&server.url, connections, Amount::For(bed.slot));
        let load = load.with(&[protocol, "-p", &streams.to_string(), "--insecure"]);
        Slot::of(server, bed.slot, || {
            let done = load.run(&bed.cores, Place::Client, bed.slot + Duration::from_secs(60))?;
            Ok((done.requests, done.ended))
        })
    };
    let pairs = alternate(bed.fewer_pairs(), || slot(&quic, "--http3"), || slot(&tcp, "--http2"))?;
    let cpu = |name, side: fn(&(Slot, Slot)) -> &Slot| {
        let micros = estimate(&pairs.iter().map(|pair| side(pair).cpu()).collect::<Vec<_>>());
        let in_user = estimate(&pairs.iter().map(|pair| side(pair).user_cpu()).collect::<Vec<_>>());
        Figure::new(name, Bar::None, micros.median, "µs")
            .within(micros.low, micros.high)
            .note(format!("{:.2} in user mode; {} slots", in_user.median, pairs.len()))
    };
    let ratio = estimate(&ratios(&pairs, Slot::cpu));
    Ok(vec![
        cpu("client CPU per request", |pair| &pair.0),
        cpu("that of HTTP/2 over TLS", |pair| &pair.1),
        Figure::new("HTTP/3 / HTTP/2", Bar::None, ratio.median, "×")
            .within(ratio.low, ratio.high)
            .note("no peer with HTTP/3 is packaged, so there is no bar".to_owned()),
        rate(&pairs, "requests/s, HTTP/3 / HTTP/2", Bar::None),
    ])
}
