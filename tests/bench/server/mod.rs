//! Fixture servers: what clients are measured against must be faster than they are, and known.
//!
//! A server is this program again, as a child: one thread, one readiness loop, one core; nginx for
//! HTTP/2, quinn and h3 for HTTP/3. It ends with its standard input, so that none outlives the benchmark whatever happens to it.

mod answer;
mod certificate;
mod connection;
mod handle;
mod nginx;
mod quic;
mod serve;

use clap::ValueEnum;
use serde::Deserialize;
use serde::Serialize;

pub(crate) use handle::Server;
pub(crate) use serve::serve;

/// What a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServerKind {
    /// 13 bytes of body, the same head each time.
    Small,
    /// 10 KB of body.
    Large,
    /// 13 bytes of body; `Date` and `X-Cache` change from one response to the next.
    Changing,
    /// JSON whose `next` names what is to be asked for next.
    Script,
    /// Like `small`, but answers nothing for half a second, three seconds after the first request.
    Stall,
    /// Like `small`, but polls without pause and notes when each request came.
    Arrivals,
}

/// How a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    /// TCP.
    Plain,
    /// TLS, with a certificate of its own making.
    Tls,
    /// HTTP/3 over QUIC, with such a certificate too.
    Quic,
}

/// What a server saw, told when it ends.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) requests: u64,
    pub(crate) connections: u64,
    /// When the first request came.
    pub(crate) first: u64,
    /// From when to when nothing was answered.
    pub(crate) stall: Option<(u64, u64)>,
    /// When each request came, where that is noted.
    pub(crate) arrivals: Vec<u64>,
}
