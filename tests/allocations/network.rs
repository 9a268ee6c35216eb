//! A network without a clock, a socket or an allocation: every request is answered at once.

use std::io;
use std::io::Write as _;
use std::net::IpAddr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use shakedown::http::reactor::Accuracy;
use shakedown::http::reactor::Nanos;
use shakedown::http::reactor::Reactor;
use shakedown::http::reactor::Ready;
use shakedown::http::route::Endpoint;

use crate::load_bed::START;

/// Requests between which allocations are counted: the first ones are the warm-up.
const WATCHED: (u64, u64) = (10_000, 45_000);

/// Connections that there may be.
const SLOTS: usize = 64;

/// What responses begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heads {
    Same,
    /// A header's value, and its length, differ from one response to the next.
    Changing,
}

/// Blocks allocated in all when the watched stretch began and when it ended.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    first: AtomicU64,
    last: AtomicU64,
}

impl Watched {
    pub(crate) fn allocations(&self) -> u64 {
        let (first, last) = (self.first.load(Ordering::SeqCst), self.last.load(Ordering::SeqCst));
        assert!(0 < first && first <= last, "the run was watched: {self:?}");
        last - first
    }
}

/// The engine's view of the network.
pub(crate) struct Network<'a> {
    heads: Heads,
    watched: &'a Watched,
    now: Nanos,
    turns: u64,
    requests: u64,
    /// By slot: bytes of the response that wait to be read.
    inbox: [([u8; 128], usize); SLOTS],
    /// By slot: what the next wait finds, and what the last one found.
    happened: [Option<Ready>; SLOTS],
    found: [Option<Ready>; SLOTS],
}

impl<'a> Network<'a> {
    pub(crate) fn new(heads: Heads, watched: &'a Watched) -> Self {
        Self {
            heads,
            watched,
            now: START,
            turns: 0,
            requests: 0,
            inbox: [([0; 128], 0); SLOTS],
            happened: [None; SLOTS],
            found: [None; SLOTS],
        }
    }

    fn watch(&self) {
        let place = if self.requests == WATCHED.0 {
            &self.watched.first
        } else if self.requests == WATCHED.1 {
            &self.watched.last
        } else {
            return;
        };
        place.store(dhat::HeapStats::get().total_blocks, Ordering::SeqCst);
    }
}

impl Reactor for Network<'_> {
    fn now(&mut self) -> Nanos {
        self.now
    }

    /// Time passes unevenly, and in all by less than a window.
    fn wait(&mut self, _until: Nanos, _accuracy: Accuracy) -> io::Result<()> {
        self.turns += 1;
        self.now += self.turns * 7_919 % 1_000_000;
        self.found = std::mem::replace(&mut self.happened, [None; SLOTS]);
        Ok(())
    }

    fn next_ready(&mut self) -> Option<Ready> {
        self.found.iter_mut().find_map(Option::take)
    }

    fn connect(&mut self, slot: u32, _to: &Endpoint, _from: Option<IpAddr>) -> io::Result<()> {
        let ready = Ready { slot, readable: false, writable: true, closed: false };
        self.happened[slot as usize] = Some(ready);
        Ok(())
    }

    fn connected(&mut self, _slot: u32) -> io::Result<()> {
        Ok(())
    }

    fn read(&mut self, slot: u32, buffer: &mut [u8]) -> io::Result<usize> {
        let (bytes, len) = &mut self.inbox[slot as usize];
        let count = std::mem::take(len);
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        buffer[..count].copy_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn write(&mut self, slot: u32, bytes: &[u8]) -> io::Result<usize> {
        self.requests += 1;
        self.watch();
        let number = match self.heads {
            Heads::Same => 0,
            Heads::Changing => self.requests * 7 % 13 * 101,
        };
        let (inbox, len) = &mut self.inbox[slot as usize];
        let mut rest = &mut inbox[..];
        write!(rest, "HTTP/1.1 200 OK\r\nX-Number: {number}\r\nContent-Length: 2\r\n\r\nok")?;
        *len = 128 - rest.len();
        self.happened[slot as usize] =
            Some(Ready { slot, readable: true, writable: false, closed: false });
        Ok(bytes.len())
    }

    fn read_datagrams(&mut self, _slot: u32, _buffer: &mut [u8]) -> io::Result<(usize, usize)> {
        unreachable!("nobody speaks HTTP/3 here")
    }

    fn write_datagrams(&mut self, _slot: u32, _bytes: &[u8], _each: usize) -> io::Result<usize> {
        unreachable!("nobody speaks HTTP/3 here")
    }

    fn close(&mut self, slot: u32) {
        self.happened[slot as usize] = None;
        self.found[slot as usize] = None;
    }

    fn busy(&self) -> Nanos {
        0
    }
}
