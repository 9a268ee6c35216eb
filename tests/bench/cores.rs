//! Which core a process runs on. Children inherit it, so a core is taken before they are started.

use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::getrlimit;
use rustix::process::setrlimit;
use rustix::thread::CpuSet;
use rustix::thread::sched_getaffinity;
use rustix::thread::sched_setaffinity;

use crate::problem::Problem;

/// Where a process may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The first core.
    Server,
    /// The second core.
    Client,
    /// Any of the two.
    Both,
}

/// The two cores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cores {
    server: usize,
    client: usize,
}

impl Cores {
    /// The first two of those that this process may use.
    pub(crate) fn find() -> Result<Self, Problem> {
        let allowed = sched_getaffinity(None).map_err(Problem::doing("asking for the cores"))?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        match (cores.next(), cores.next()) {
            (Some(server), Some(client)) => Ok(Self { server, client }),
            (first, _) => Err(Problem::Cores(first.iter().count())),
        }
    }

    /// Moves this process, and with it every child started from now on.
    pub(crate) fn take(self, place: Place) -> Result<(), Problem> {
        let mut set = CpuSet::new();
        if place != Place::Client {
            set.set(self.server);
        }
        if place != Place::Server {
            set.set(self.client);
        }
        sched_setaffinity(None, &set).map_err(Problem::doing("moving to a core"))
    }
}

/// As many descriptors as are allowed, for this process and its children.
pub(crate) fn raise_descriptors() -> Result<(), Problem> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).map_err(Problem::doing("raising the descriptor limit"))
}
