//! Runs the real binary, and servers for it to run against.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The program with an environment that decides nothing.
pub(crate) fn shakedown() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
    for name in [
        "SHAKEDOWN_COLOR",
        "SHAKEDOWN_CI",
        "SHAKEDOWN_EXIT_CODE_STYLE",
        "SHAKEDOWN_THREADS",
        "SHAKEDOWN_AUTHORISED_BY",
        "SHAKEDOWN_TARGET",
        "SHAKEDOWN_INTERACTSH_TOKEN",
        "BASE_URL",
    ] {
        command.env_remove(name);
    }
    // Runs of tests are no history of whoever runs them.
    command.env("SHAKEDOWN_HISTORY", "off");
    command.env("LANG", "C.UTF-8").env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Runs to the end and collects everything.
pub(crate) fn run(args: &[&str]) -> Output {
    shakedown().args(args).output().expect("the binary can be started")
}

/// Exit code, standard output and standard error as text.
pub(crate) fn told(args: &[&str]) -> (i32, String, String) {
    let output = run(args);
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// The demo shop in a process of its own; ends when dropped.
pub(crate) struct Shop {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
}

impl Shop {
    pub(crate) fn flawed() -> Self {
        Self::start(&[])
    }

    pub(crate) fn safe() -> Self {
        Self::start(&["--safe"])
    }

    /// On a port that is known to be free.
    pub(crate) fn on_port(port: u16) -> Self {
        Self::start(&["--port", &port.to_string()])
    }

    /// The safe twin on a port that is known to be free.
    pub(crate) fn safe_on_port(port: u16) -> Self {
        Self::start(&["--safe", "--port", &port.to_string()])
    }

    fn start(extra: &[&str]) -> Self {
        let mut child = shakedown()
            .args(["demo", "--serve", "--with-parent"])
            .args(extra)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("the shop says where it listens");
        let address = line.split_whitespace().nth(2).expect("`listening on URL`");
        Self { child, url: address.trim_end_matches('/').to_owned() }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It ends with its standard input, and removes its files then.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A TCP server that does something odd with every connection; ends when dropped.
pub(crate) struct OddServer {
    pub(crate) address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl OddServer {
    /// `behave` owns each accepted connection on a thread of its own.
    pub(crate) fn start(behave: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let behave = Arc::new(behave);
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                let behave = Arc::clone(&behave);
                std::thread::spawn(move || behave(stream));
            }
        });
        Self { address, stop, thread: Some(thread) }
    }

    /// Reads the request and answers with these bytes, for every request of the connection.
    pub(crate) fn answering(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        Self::start(move |mut stream| {
            while read_head(&mut stream) {
                if stream.write_all(&response).is_err() {
                    return;
                }
            }
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for OddServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads up to the end of a request head; false at the end of the stream.
pub(crate) fn read_head(stream: &mut TcpStream) -> bool {
    read_head_text(stream).is_some()
}

/// The same, to look at it.
pub(crate) fn read_head_text(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// Writes a file and gives its path as text.
pub(crate) fn write(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).expect("a temporary directory is writable");
    path.to_str().expect("UTF-8").to_owned()
}
