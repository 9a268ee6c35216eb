//! A fixture server as the benchmark sees it: a child that says its port.

use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Child;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;

use super::Seen;
use super::ServerKind;
use super::Transport;
use crate::child::ends_within;
use crate::cores::Cores;
use crate::cores::Place;
use crate::problem::Problem;

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// With a slash at the end.
    pub(crate) url: String,
}

impl Server {
    /// Starts one on the server's core.
    pub(crate) fn start(
        kind: ServerKind,
        transport: Transport,
        cores: Cores,
    ) -> Result<Self, Problem> {
        let doing = || format!("starting the server `{}`", value(&kind));
        let program = std::env::current_exe().map_err(Problem::doing(doing()))?;
        cores.take(Place::Server)?;
        let child = Command::new(program)
            .args(["--serve", &value(&kind), "--transport", &value(&transport)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        cores.take(Place::Both)?;
        let mut child = child.map_err(Problem::doing(doing()))?;
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).map_err(Problem::doing(doing()))?;
        let port: u16 = line.trim().parse().map_err(|_| Problem::Unreadable {
            program: doing(),
            wanted: "port",
            said: line.clone(),
        })?;
        let scheme = match transport {
            Transport::Plain => "http",
            Transport::Tls => "https",
        };
        Ok(Self { child, stdout, url: format!("{scheme}://127.0.0.1:{port}/") })
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

fn value(kind: &impl clap::ValueEnum) -> String {
    kind.to_possible_value().expect("no kind is skipped").get_name().to_owned()
}

pub(super) fn server_config() -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])
        .expect("a certificate can be made");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports both versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("the key belongs to the certificate");
    Arc::new(config)
}
