//! What each kind of server answers.

use std::io::Write as _;
use std::thread;
use std::time::Duration;

use super::Seen;
use super::ServerKind;
use crate::clock;

/// When the stall begins after the first request, and how long it is.
const STALL_AFTER: u64 = 3_000_000_000;
const STALL: Duration = Duration::from_millis(500);

/// Items that there are.
const ITEMS: usize = 1000;

/// More requests than are ever timed.
const MANY: usize = 1 << 20;

/// Answers one kind.
pub(super) struct Answers {
    kind: ServerKind,
    small: Vec<u8>,
    large: Vec<u8>,
    items: Vec<Vec<u8>>,
    pub(super) seen: Seen,
}

impl Answers {
    pub(super) fn new(kind: ServerKind) -> Self {
        Self {
            kind,
            small: response("", b"Hello, world!"),
            large: response("", &vec![b'x'; 10 * 1024]),
            items: match kind {
                ServerKind::Script => (0..ITEMS).map(item).collect(),
                _ => Vec::new(),
            },
            seen: Seen {
                // Growing would delay the requests that are to be timed.
                arrivals: match kind {
                    ServerKind::Arrivals => Vec::with_capacity(MANY),
                    _ => Vec::new(),
                },
                ..Seen::default()
            },
        }
    }

    /// Whether the loop polls instead of waiting.
    pub(super) fn polls(&self) -> bool {
        self.kind == ServerKind::Arrivals
    }

    /// Appends the response to one request.
    #[inline]
    pub(super) fn answer(&mut self, request: &[u8], out: &mut Vec<u8>) {
        self.seen.requests += 1;
        match self.kind {
            ServerKind::Small => out.extend_from_slice(&self.small),
            ServerKind::Large => out.extend_from_slice(&self.large),
            ServerKind::Changing => self.changing(out),
            ServerKind::Script => out.extend_from_slice(&self.items[asked_for(request)]),
            ServerKind::Stall => {
                self.stall_once();
                out.extend_from_slice(&self.small);
            }
            ServerKind::Arrivals => {
                self.seen.arrivals.push(clock::nanos());
                out.extend_from_slice(&self.small);
            }
        }
    }

    fn changing(&self, out: &mut Vec<u8>) {
        let number = self.seen.requests;
        let cache = if number.is_multiple_of(3) { "MISS" } else { "HIT" };
        write!(
            out,
            "HTTP/1.1 200 OK\r\nServer: fixture\r\nDate: Mon, 02 Nov 2026 {:02}:{:02}:{:02} GMT\r\n\
             X-Cache: {cache}\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!",
            number / 3600 % 24,
            number / 60 % 60,
            number % 60,
        )
        .expect("writing into memory cannot fail");
    }

    fn stall_once(&mut self) {
        let now = clock::nanos();
        if self.seen.requests == 1 {
            self.seen.first = now;
        }
        if self.seen.stall.is_none() && now >= self.seen.first + STALL_AFTER {
            thread::sleep(STALL);
            self.seen.stall = Some((now, clock::nanos()));
        }
    }
}

/// Which item `GET /items/7` asks for; the first for everything else.
fn asked_for(request: &[u8]) -> usize {
    let digits = request.strip_prefix(b"GET /items/").unwrap_or_default();
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |id, digit| (id * 10 + usize::from(digit - b'0')) % ITEMS)
}

/// An object as an API returns it: item 7 names item 8.
fn item(id: usize) -> Vec<u8> {
    let next = (id + 1) % ITEMS;
    let body = format!(
        r#"{{"id":{id},"name":"lamp","price":{{"amount":19.99,"currency":"EUR"}},"tags":["a","b"],"stock":12,"state":"available","next":"{next:03}"}}"#
    );
    response("Content-Type: application/json\r\n", body.as_bytes())
}

fn response(fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nServer: fixture\r\n{fields}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
