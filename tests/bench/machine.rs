//! What figures were measured on and with.

use std::fs;

use serde::Serialize;

use crate::bed::Bed;

/// The machine and the programs.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    /// That this process may use.
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    /// Of the last minute, before anything was measured: what else is running.
    pub(crate) load_average: f64,
    /// Name and version.
    pub(crate) programs: Vec<(&'static str, String)>,
}

impl Machine {
    /// Asks the system, and every program for its version.
    pub(crate) fn ask(bed: &Bed) -> Self {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let system = rustix::system::uname();
        Self {
            processor: processor(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: format!(
                "{} {}",
                system.sysname().to_string_lossy(),
                system.release().to_string_lossy()
            ),
            load_average: load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
            programs: bed.programs.versions(),
        }
    }
}

fn processor(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": ")).map(|(_, name)| name);
    name.unwrap_or(std::env::consts::ARCH).to_owned()
}
