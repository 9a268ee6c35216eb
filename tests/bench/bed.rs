//! What every row is measured on.

use std::time::Duration;

use crate::arguments::Arguments;
use crate::cores::Cores;
use crate::cores::raise_descriptors;
use crate::problem::Problem;
use crate::server::Server;
use crate::server::ServerKind;
use crate::server::Transport;

/// How far rows go that grow with time or requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// As far as shows the growth.
    Short,
    /// All the way.
    Full,
}

/// The machine and what was asked for.
#[derive(Debug)]
pub(crate) struct Bed {
    pub(crate) cores: Cores,
    pub(crate) pairs: u32,
    pub(crate) slot: Duration,
    pub(crate) length: Length,
}

impl Bed {
    /// Finds two cores and raises the descriptor limit.
    pub(crate) fn new(arguments: &Arguments) -> Result<Self, Problem> {
        raise_descriptors()?;
        Ok(Self {
            cores: Cores::find()?,
            pairs: arguments.pairs,
            slot: Duration::from_secs(arguments.slot.into()),
            length: if arguments.long { Length::Full } else { Length::Short },
        })
    }

    /// A server on its core, over TCP.
    pub(crate) fn server(&self, kind: ServerKind) -> Result<Server, Problem> {
        Server::start(kind, Transport::Plain, self.cores)
    }
}
