//! A receiver of figures on loopback: it keeps what came, and answers as a test says.

use std::io::Read as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use flate2::read::GzDecoder;

/// What came in one request.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Without gzip.
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Receiver {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

type Answering = dyn Fn(usize, &Received) -> Vec<u8> + Send + Sync;

/// An answer with that status and body.
pub(crate) fn answer(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

impl Receiver {
    /// Answers the request of that number as `answering` says, until the test's process ends.
    pub(crate) fn start(
        answering: impl Fn(usize, &Received) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let (noted, answering) =
            (Arc::clone(&received), Arc::<Answering>::from(Box::new(answering) as Box<Answering>));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, answering) = (Arc::clone(&noted), Arc::clone(&answering));
                thread::spawn(move || serve(stream, &noted, &*answering));
            }
        });
        Self { address, received }
    }

    /// Takes all.
    pub(crate) fn willing() -> Self {
        Self::start(|_, _| answer("200 OK", "application/x-protobuf", b""))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("not poisoned").clone()
    }

    /// What came to that path.
    pub(crate) fn at(&self, path: &str) -> Vec<Received> {
        let all = self.received().into_iter();
        all.filter(|received| received.path == path).collect()
    }
}

fn serve(mut stream: TcpStream, noted: &Mutex<Vec<Received>>, answering: &Answering) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("not zero");
    let mut bytes = Vec::new();
    while let Some((request, rest)) = next(&mut stream, bytes) {
        bytes = rest;
        let number = {
            let mut noted = noted.lock().expect("not poisoned");
            noted.push(request.clone());
            noted.len() - 1
        };
        if stream.write_all(&answering(number, &request)).is_err() {
            return;
        }
    }
}

/// The next request, and bytes behind it.
fn next(stream: &mut TcpStream, mut bytes: Vec<u8>) -> Option<(Received, Vec<u8>)> {
    let mut buffer = vec![0; 65536];
    let mut more = |bytes: &mut Vec<u8>| {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        Some(())
    };
    let end = loop {
        match bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(end) => break end,
            None => more(&mut bytes)?,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().expect("a number"));
    while bytes.len() < end + 4 + length {
        more(&mut bytes)?;
    }
    let rest = bytes.split_off(end + 4 + length);
    let mut body = bytes.split_off(end + 4);
    let mut received = Received { path, headers, body: Vec::new() };
    if received.header("content-encoding") == Some("gzip") {
        let packed = std::mem::take(&mut body);
        GzDecoder::new(&*packed).read_to_end(&mut body).expect("gzip");
    }
    received.body = body;
    Some((received, rest))
}
