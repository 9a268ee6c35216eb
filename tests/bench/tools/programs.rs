//! Where the other tools are, and which versions.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use clap::Args;

use crate::child;

/// A version is told at once.
const BOUND: Duration = Duration::from_secs(10);

/// Other tools: on the path unless the environment says otherwise.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Other tools")]
pub(crate) struct Programs {
    /// wrk.
    #[arg(long, value_name = "PROGRAM", env = "WRK", default_value = "wrk")]
    pub(crate) wrk: PathBuf,
    /// wrk2, under this name: its own build calls it wrk too.
    #[arg(long, value_name = "PROGRAM", env = "WRK2", default_value = "wrk2")]
    pub(crate) wrk2: PathBuf,
    /// oha.
    #[arg(long, value_name = "PROGRAM", env = "OHA", default_value = "oha")]
    pub(crate) oha: PathBuf,
    /// k6.
    #[arg(long, value_name = "PROGRAM", env = "K6", default_value = "k6")]
    pub(crate) k6: PathBuf,
    /// The load test of tests/bench/goose.
    #[arg(long, value_name = "PROGRAM", env = "GOOSE", default_value = "goose-load")]
    pub(crate) goose: PathBuf,
    /// h2load.
    #[arg(long, value_name = "PROGRAM", env = "H2LOAD", default_value = "h2load")]
    pub(crate) h2load: PathBuf,
    /// nginx, the server for HTTP/2.
    #[arg(long, value_name = "PROGRAM", env = "NGINX", default_value = "nginx")]
    pub(crate) nginx: PathBuf,
}

impl Programs {
    /// Name and version of everything that figures depend on; what is not there says so.
    pub(crate) fn versions(&self) -> Vec<(&'static str, String)> {
        let asked: [(&'static str, &Path, &str); 11] = [
            ("shakedown", Path::new(env!("CARGO_BIN_EXE_shakedown")), "--version"),
            ("rustc", Path::new("rustc"), "--version"),
            ("wrk", &self.wrk, "-v"),
            ("wrk2", &self.wrk2, "-v"),
            ("oha", &self.oha, "--version"),
            ("k6", &self.k6, "version"),
            ("goose", &self.goose, "--version"),
            ("h2load", &self.h2load, "--version"),
            ("nginx", &self.nginx, "-v"),
            ("valgrind", Path::new("valgrind"), "--version"),
            ("strace", Path::new("strace"), "-V"),
        ];
        asked
            .map(|(name, program, flag)| {
                (name, version(program, flag).unwrap_or_else(|| "not there".to_owned()))
            })
            .to_vec()
    }
}

/// The first line with a digit of what it answers to `flag`, on whichever stream and whatever its
/// exit code: wrk prints its version as part of an error.
fn version(program: &Path, flag: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.arg(flag);
    let ended = child::run(command, BOUND).ok()?;
    let said = [ended.stdout, ended.stderr].concat();
    let line = said.lines().find(|line| line.contains(|c: char| c.is_ascii_digit()))?;
    Some(line.trim().to_owned())
}
