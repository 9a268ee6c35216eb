//! One handshake by itself: can the target be reached over QUIC?

use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::time::Duration;

use super::session::Session;
use super::session::Stage;
use super::setup::QuicSetup;
use crate::http::clock::Clock;
use crate::http::fault;
use crate::http::h1::Head;
use crate::http::lanes::LaneSink;
use crate::http::lanes::Lost;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::http::route::Way;
use crate::model::Failure;
use crate::model::FailureClass;

/// The largest datagram there is.
const DATAGRAM: usize = 65_535;

/// Shakes hands at the first address that answers, sends nothing and closes. Blocks the thread, up
/// to `limit` for each address.
///
/// # Errors
/// Why the first address was of no use, if none is.
pub fn reach(setup: &QuicSetup, way: &Way, clock: Clock, limit: Duration) -> Result<(), Failure> {
    let mut first = None;
    for endpoint in &way.endpoints {
        let Some(address) = endpoint.address() else { continue };
        let attempt = Attempt { setup, clock, end: later(clock.nanos(), limit) };
        let outcome = attempt.run(address, way.source(endpoint, 0)).map_err(|error| match error {
            Ended::Session(failure) => failure,
            Ended::Socket(error) => {
                fault::failure(fault::connect_class(&error), &way.connecting(endpoint), &error)
            }
        });
        match outcome {
            Ok(()) => return Ok(()),
            Err(failure) => {
                first.get_or_insert(failure);
            }
        }
    }
    let nowhere = || Failure::new(FailureClass::Connect, "there is no address for datagrams");
    Err(first.unwrap_or_else(nowhere))
}

struct Attempt<'a> {
    setup: &'a QuicSetup,
    clock: Clock,
    end: Nanos,
}

enum Ended {
    Session(Failure),
    Socket(io::Error),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

impl Attempt<'_> {
    fn run(&self, to: SocketAddr, from: Option<IpAddr>) -> Result<(), Ended> {
        let any = if to.is_ipv4() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED)
        } else {
            IpAddr::V6(Ipv6Addr::UNSPECIFIED)
        };
        let socket = UdpSocket::bind((from.unwrap_or(any), 0))?;
        socket.connect(to)?;
        let mut session =
            Session::connect(self.setup, to, 1, self.clock.nanos()).map_err(Ended::Session)?;
        let mut buffer = vec![0; DATAGRAM];
        loop {
            let now = self.clock.nanos();
            session.advance(now, &mut Nobody);
            send(&socket, &mut session)?;
            if let Some(failure) = session.failure() {
                return Err(Ended::Session(failure.clone()));
            }
            if session.stage() == Stage::Open {
                session.close(now);
                return Ok(send(&socket, &mut session)?);
            }
            if now >= self.end {
                return Err(Ended::Session(timed_out(session.stage())));
            }
            let until = session.deadline().unwrap_or(Nanos::MAX).min(self.end);
            // No time at all would mean for ever.
            let wait =
                Duration::from_nanos(until.saturating_sub(now)).max(Duration::from_micros(1));
            socket.set_read_timeout(Some(wait))?;
            match socket.recv(&mut buffer) {
                Ok(count) => session.receive(&buffer[..count], self.clock.nanos()),
                Err(error) if is_no_news(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn send(socket: &UdpSocket, session: &mut Session) -> io::Result<()> {
    let mut out = Vec::new();
    while let Some(each) = session.transmit(&mut out) {
        for datagram in out.chunks(each.max(1)) {
            match socket.send(datagram) {
                Err(error) if !is_no_news(&error) => return Err(error),
                _ => {}
            }
        }
        out.clear();
    }
    Ok(())
}

fn is_no_news(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

fn later(now: Nanos, limit: Duration) -> Nanos {
    now.saturating_add(nanos(limit))
}

fn timed_out(stage: Stage) -> Failure {
    match stage {
        Stage::Connecting => {
            let detail = "no answer over QUIC (UDP) within the timeout";
            Failure::new(FailureClass::ConnectTimeout, detail)
        }
        Stage::Handshaking | Stage::Open => {
            let detail = "no end of the QUIC handshake within the timeout";
            Failure::new(FailureClass::TlsTimeout, detail)
        }
    }
}

/// Nobody asked for anything.
struct Nobody;

impl LaneSink for Nobody {
    fn wants_fields(&self, _lane: u32) -> bool {
        false
    }

    fn head(&mut self, _lane: u32, _head: &Head<'_>) {}

    fn body(&mut self, _lane: u32, _data: &[u8]) {}

    fn end(&mut self, _lane: u32, _outcome: Result<(), Lost>) {}
}
