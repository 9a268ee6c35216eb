//! The browser's processes and its profile, from start to end.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::io::PipeReader;
use std::io::PipeWriter;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use command_fds::CommandFdExt;
use command_fds::FdMapping;
use serde_json::json;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::connection::Connection;
use super::error::BrowserError;
use super::message::CdpEvent;
use super::profile::Profile;

/// Until it must have said its first word. On a busy machine it takes seconds.
const START: Duration = Duration::from_secs(30);

/// For ending by itself, which lets it end its own children.
const END: Duration = Duration::from_secs(2);

/// What Chromium is started with.
///
/// The second half cuts it off: every connection would go through a proxy whose name does not
/// resolve, loopback included; the resolver knows no name; what bypasses both (QUIC, WebRTC over
/// UDP) is off. Site isolation is off so that frames of all origins stand in one tree; nothing but
/// the target's pages is ever loaded, so there is no other site to protect from them.
const FLAGS: [&str; 36] = [
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--mute-audio",
    "--hide-scrollbars",
    "--password-store=basic",
    "--use-mock-keychain",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--disable-default-apps",
    "--disable-popup-blocking",
    "--disable-prompt-on-repost",
    "--disable-hang-monitor",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-ipc-flooding-protection",
    "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process,HttpsUpgrades,HttpsFirstBalancedMode,\
     LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,MediaRouter,OptimizationHints,\
     OptimizationGuideModelDownloading,Translate,AutofillServerCommunication,\
     CertificateTransparencyComponentUpdater,InterestFeedContentSuggestions",
    "--proxy-server=http://nowhere.invalid:9",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--dns-prefetch-disable",
    "--no-pings",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-client-side-phishing-detection",
    "--disable-sync",
];

/// A browser that runs; dropping it ends all of its processes and removes its profile.
#[derive(Debug)]
pub struct Browser {
    connection: Connection,
    process: Process,
    is_sandboxed: bool,
    /// What speaks with it.
    tasks: JoinSet<()>,
}

impl Browser {
    /// Starts `program` with a fresh profile and without network. As root, where Chromium refuses
    /// its sandbox, it runs without one.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub async fn start(program: &Path) -> Result<(Self, mpsc::Receiver<CdpEvent>), BrowserError> {
        let is_sandboxed = !rustix::process::geteuid().is_root();
        let (process, read, written) = Process::start(program, is_sandboxed)?;
        let mut tasks = JoinSet::new();
        let (connection, events) = Connection::open(read, written, &mut tasks);
        let browser = Self { connection, process, is_sandboxed, tasks };
        match browser.connection.call(None, "Browser.getVersion", json!({}), START).await {
            Ok(_) => Ok((browser, events)),
            Err(cause) => Err(BrowserError::Mute {
                program: program.to_owned(),
                cause,
                said: browser.process.last_words(),
            }),
        }
    }

    /// The way to it.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether pages are kept from the rest of the machine by more than their process.
    pub fn is_sandboxed(&self) -> bool {
        self.is_sandboxed
    }

    /// Lets it end by itself, and makes it end if it does not.
    pub async fn close(mut self) {
        let _gone = self.connection.call(None, "Browser.close", json!({}), END).await;
        // It hangs up when it has ended.
        let _late = tokio::time::timeout(END, self.tasks.join_next()).await;
    }
}

/// All processes of one browser.
#[derive(Debug)]
struct Process {
    child: Child,
    /// Goes after the child has ended.
    profile: Profile,
}

impl Process {
    fn start(
        program: &Path,
        is_sandboxed: bool,
    ) -> Result<(Self, pipe::Receiver, pipe::Sender), BrowserError> {
        let profile = Profile::new(&std::env::temp_dir()).map_err(BrowserError::Profile)?;
        let spawn_error = |source| BrowserError::Spawn { program: program.to_owned(), source };
        let (calls, our_calls) = std::io::pipe().map_err(spawn_error)?;
        let (our_replies, replies) = std::io::pipe().map_err(spawn_error)?;
        let child = command(program, profile.path(), is_sandboxed, calls, replies)
            .map_err(spawn_error)?
            .spawn()
            .map_err(spawn_error)?;
        // From here on, whatever happens ends it.
        let process = Self { child, profile };
        let read = pipe::Receiver::from_owned_fd(our_replies.into()).map_err(spawn_error)?;
        let written = pipe::Sender::from_owned_fd(our_calls.into()).map_err(spawn_error)?;
        Ok((process, read, written))
    }

    /// The end of what it wrote on standard error.
    fn last_words(&self) -> String {
        let text = std::fs::read(self.profile.path().join("stderr")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text[text.len().saturating_sub(2000)..]).into_owned();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(3)..].join(" | ");
        if last.is_empty() { String::new() } else { format!(" ({last})") }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its group is its own, so this ends its children too, and nobody else.
        let group = rustix::process::Pid::from_child(&self.child);
        let _ended = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _waited = self.child.wait();
    }
}

fn command(
    program: &Path,
    profile: &Path,
    is_sandboxed: bool,
    calls: PipeReader,
    replies: PipeWriter,
) -> std::io::Result<Command> {
    let mut command = Command::new(program);
    command
        .args(FLAGS)
        .arg(OsString::from_iter([OsStr::new("--user-data-dir="), profile.as_os_str()]))
        .arg("about:blank")
        // Nothing of the user's is read or written: no profile, no certificates, no settings.
        .env("HOME", profile)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("XDG_DATA_HOME")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("DISPLAY")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(profile.join("stderr"))?)
        .process_group(0);
    if !is_sandboxed {
        command.arg("--no-sandbox");
    }
    command
        .fd_mappings(vec![
            FdMapping { parent_fd: OwnedFd::from(calls), child_fd: 3 },
            FdMapping { parent_fd: OwnedFd::from(replies), child_fd: 4 },
        ])
        .map_err(std::io::Error::other)?;
    Ok(command)
}
