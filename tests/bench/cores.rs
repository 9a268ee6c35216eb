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
    /// That of a second server: a core of its own where there are four.
    SecondServer,
    /// The second core.
    Client,
    /// Two cores for one client: away from the servers where there are four.
    TwoForClient,
    /// Wherever this process may.
    Anywhere,
}

/// Cores for up to two servers and two threads of a client.
#[derive(Debug, Clone)]
pub(crate) struct Cores {
    allowed: CpuSet,
    servers: [usize; 2],
    clients: [usize; 2],
}

impl Cores {
    /// The first four of those that this process may use, or two that everybody shares.
    pub(crate) fn find() -> Result<Self, Problem> {
        let allowed = sched_getaffinity(None).map_err(Problem::doing("asking for the cores"))?;
        let cores: Vec<_> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
        match cores[..] {
            [a, b, c, d, ..] => Ok(Self { allowed, servers: [a, c], clients: [b, d] }),
            [a, b, ..] => Ok(Self { allowed, servers: [a, b], clients: [b, a] }),
            _ => Err(Problem::Cores(cores.len())),
        }
    }

    /// Whether two servers and two threads have a core each.
    pub(crate) fn are_enough_for_two(&self) -> bool {
        !self.servers.contains(&self.clients[0])
    }

    /// Moves this process, and with it every child started from now on.
    fn take(&self, place: Place) -> Result<(), Problem> {
        let cores: &[usize] = match place {
            Place::Server => &self.servers[..1],
            Place::SecondServer => &self.servers[1..],
            Place::Client => &self.clients[..1],
            Place::TwoForClient => &self.clients,
            Place::Anywhere => &[],
        };
        let mut set = if cores.is_empty() { self.allowed } else { CpuSet::new() };
        for core in cores {
            set.set(*core);
        }
        sched_setaffinity(None, &set).map_err(Problem::doing("moving to a core"))
    }

    /// Does `start` there, and moves back.
    pub(crate) fn at<T>(
        &self,
        place: Place,
        start: impl FnOnce() -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.take(place)?;
        let started = start();
        self.take(Place::Anywhere)?;
        started
    }
}

/// As many descriptors as are allowed, for this process and its children.
pub(crate) fn raise_descriptors() -> Result<(), Problem> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).map_err(Problem::doing("raising the descriptor limit"))
}
