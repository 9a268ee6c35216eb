//! What every row is measured on.

use std::time::Duration;

use crate::arguments::Arguments;
use crate::cores::Cores;
use crate::cores::Place;
use crate::cores::raise_descriptors;
use crate::problem::Problem;
use crate::server::Server;
use crate::server::ServerKind;
use crate::server::Transport;
use crate::tools::Programs;

/// Pairs of a smoke run.
const QUICK_PAIRS: u32 = 3;

/// How far rows go that grow with time or requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// As far as shows that the row works.
    Quick,
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
    pub(crate) programs: Programs,
}

impl Bed {
    /// Finds two cores and raises the descriptor limit.
    pub(crate) fn new(arguments: &Arguments) -> Result<Self, Problem> {
        raise_descriptors()?;
        Ok(Self {
            cores: Cores::find()?,
            pairs: if arguments.quick { QUICK_PAIRS } else { arguments.pairs },
            slot: Duration::from_secs(arguments.slot.into()),
            length: match (arguments.quick, arguments.long) {
                (true, _) => Length::Quick,
                (false, false) => Length::Short,
                (false, true) => Length::Full,
            },
            programs: arguments.programs.clone(),
        })
    }

    /// Pairs of all rows but the first.
    pub(crate) fn fewer_pairs(&self) -> u32 {
        self.pairs.div_ceil(2)
    }

    /// How often something is measured that takes many seconds each time.
    pub(crate) fn rounds(&self) -> u32 {
        if self.length == Length::Quick { 1 } else { 3 }
    }

    /// A server on its core, over TCP.
    pub(crate) fn server(&self, kind: ServerKind) -> Result<Server, Problem> {
        Server::start(kind, Transport::Plain, &self.cores, Place::Server)
    }
}
