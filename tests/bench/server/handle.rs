//! A server as the benchmark sees it: a child that says its port and ends with its standard input.

use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Child;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use super::Seen;
use super::ServerKind;
use super::Transport;
use super::nginx;
use crate::child::ends_within;
use crate::child::not_started;
use crate::cores::Cores;
use crate::cores::Place;
use crate::problem::Problem;
use crate::tools::Programs;

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Of the process that serves.
    process: u32,
    /// With a slash at the end.
    pub(crate) url: String,
    /// Configuration and logs.
    _files: Option<TempDir>,
}

impl Server {
    /// Starts one on a server's core.
    pub(crate) fn start(
        kind: ServerKind,
        transport: Transport,
        cores: &Cores,
        place: Place,
    ) -> Result<Self, Problem> {
        let doing = format!("the server `{}`", value(&kind));
        let program =
            std::env::current_exe().map_err(Problem::doing(format!("starting {doing}")))?;
        let mut command = Command::new(program);
        command.args(["--serve", &value(&kind), "--transport", &value(&transport)]);
        let (child, stdout, port) = started::<u16>(command, &doing, cores, place)?;
        let scheme = match transport {
            Transport::Plain => "http",
            Transport::Tls | Transport::Quic => "https",
        };
        let url = format!("{scheme}://127.0.0.1:{port}/");
        let process = child.id();
        Ok(Self { child, stdout, process, url, _files: None })
    }

    /// Starts nginx on the server's core: one process that speaks HTTP/2 over TLS.
    pub(crate) fn nginx(programs: &Programs, cores: &Cores) -> Result<Self, Problem> {
        let (files, port) = nginx::files()?;
        let command = nginx::command(&programs.nginx, files.path());
        let (child, stdout, process) = started::<u32>(command, "nginx", cores, Place::Server)?;
        let url = format!("https://127.0.0.1:{port}/");
        let server = Self { child, stdout, process, url, _files: Some(files) };
        nginx::wait_until_it_listens(port)?;
        Ok(server)
    }

    /// Processor time that it has used; the servers have one thread.
    pub(crate) fn busy(&self) -> Result<Duration, Problem> {
        let path = format!("/proc/{}/schedstat", self.process);
        let text =
            std::fs::read_to_string(&path).map_err(Problem::doing(format!("reading {path}")))?;
        let nanos = text.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
        nanos.map(Duration::from_nanos).ok_or_else(|| Problem::Unreadable {
            program: path,
            wanted: "processor time",
            said: text.clone(),
        })
    }

    /// Ends it and takes what it saw.
    pub(crate) fn finish(mut self) -> Result<Seen, Problem> {
        drop(self.child.stdin.take());
        let mut line = String::new();
        self.stdout.read_line(&mut line).map_err(Problem::doing("reading what a server saw"))?;
        serde_json::from_str(&line).map_err(|_| Problem::Unreadable {
            program: "the server".to_owned(),
            wanted: "account of what it saw",
            said: line.clone(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if !matches!(ends_within(&self.child, Duration::from_secs(5)), Ok(true)) {
            // Already gone, then.
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// A child on a core, and the number that it says first.
fn started<N: std::str::FromStr>(
    mut command: Command,
    name: &str,
    cores: &Cores,
    place: Place,
) -> Result<(Child, BufReader<ChildStdout>, N), Problem> {
    let mut child = cores.at(place, || {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        piped.spawn().map_err(|cause| not_started(name, cause))
    })?;
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).map_err(Problem::doing(format!("starting {name}")))?;
    let number = line.trim().parse().map_err(|_| Problem::Unreadable {
        program: name.to_owned(),
        wanted: "number first",
        said: line.clone(),
    })?;
    Ok((child, stdout, number))
}

fn value(kind: &impl clap::ValueEnum) -> String {
    kind.to_possible_value().expect("no kind is skipped").get_name().to_owned()
}
