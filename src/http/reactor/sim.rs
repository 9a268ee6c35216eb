//! A network in virtual time: deterministic, and thousands of requests take milliseconds.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;

use super::seam::{Accuracy, Nanos, Reactor, Ready};
use super::sim_server::{Accept, Reply, SimServer};
use crate::http::route::Endpoint;

/// What will happen to a connection.
#[derive(Debug)]
enum Happening {
    Established,
    Refused,
    Arrived(Vec<u8>),
    Datagram(Vec<u8>),
    Closed,
    Reset,
    Writable,
    /// The server's own.
    Turn,
}

/// What the peer has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Present,
    /// Over UDP: what is sent arrives nowhere.
    Absent,
    Refused,
    Closed,
    Reset,
}

#[derive(Debug)]
struct Connection {
    id: u64,
    peer: Peer,
    inbox: VecDeque<u8>,
    /// Of a connection over UDP.
    datagrams: VecDeque<Vec<u8>>,
    /// There is no room for writing.
    blocked: bool,
    /// Request bytes that the server has and that are no whole request yet.
    pending: Vec<u8>,
}

/// A [`Reactor`] whose time passes only by waiting and whose peers are a [`SimServer`].
#[derive(Debug)]
pub struct SimReactor<S> {
    now: Nanos,
    server: S,
    slots: Vec<Option<Connection>>,
    agenda: BTreeMap<(Nanos, u64), (u32, u64, Happening)>,
    ready: VecDeque<(u64, Ready)>,
    sequence: u64,
    write_limit: Option<usize>,
}

/// How long the room for writing is gone after a write that reached the limit.
const WRITE_PAUSE: Nanos = 10_000;

impl<S: SimServer> SimReactor<S> {
    /// A network at time zero.
    pub fn new(server: S) -> Self {
        Self {
            now: 0,
            server,
            slots: Vec::new(),
            agenda: BTreeMap::new(),
            ready: VecDeque::new(),
            sequence: 0,
            write_limit: None,
        }
    }

    /// The same with writes that take at most `limit` bytes and then block for 10 µs.
    #[must_use]
    pub fn with_write_limit(mut self, limit: usize) -> Self {
        self.write_limit = Some(limit);
        self
    }

    /// The server, to ask it afterwards what it saw.
    pub fn server(&self) -> &S {
        &self.server
    }

    fn plan(&mut self, after: Nanos, slot: u32, id: u64, happening: Happening) {
        self.sequence += 1;
        self.agenda.insert((self.now.saturating_add(after), self.sequence), (slot, id, happening));
    }

    fn connection(&mut self, slot: u32) -> io::Result<&mut Connection> {
        self.slots
            .get_mut(slot as usize)
            .and_then(Option::as_mut)
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn happen(&mut self, slot: u32, id: u64, happening: Happening) {
        let Ok(connection) = self.connection(slot) else { return };
        if connection.id != id {
            return;
        }
        let mut ready = Ready { slot, readable: false, writable: false, closed: false };
        match happening {
            Happening::Established => ready.writable = true,
            Happening::Writable => {
                connection.blocked = false;
                ready.writable = true;
            }
            Happening::Refused => {
                connection.peer = Peer::Refused;
                (ready.writable, ready.closed) = (true, true);
            }
            Happening::Arrived(bytes) => {
                connection.inbox.extend(bytes);
                ready.readable = true;
            }
            Happening::Datagram(bytes) => {
                connection.datagrams.push_back(bytes);
                ready.readable = true;
            }
            Happening::Turn => {
                let replies = self.server.turn(self.now, id);
                return self.plan_replies(slot, id, replies);
            }
            Happening::Closed => {
                connection.peer = Peer::Closed;
                (ready.readable, ready.closed) = (true, true);
            }
            Happening::Reset => {
                connection.inbox.clear();
                connection.peer = Peer::Reset;
                (ready.readable, ready.closed) = (true, true);
            }
        }
        self.ready.push_back((id, ready));
    }

    fn plan_replies(&mut self, slot: u32, id: u64, replies: Vec<Reply>) {
        for reply in replies {
            match reply {
                Reply::Bytes { after, bytes } => {
                    self.plan(after, slot, id, Happening::Arrived(bytes));
                }
                Reply::Datagram { after, bytes } => {
                    self.plan(after, slot, id, Happening::Datagram(bytes));
                }
                Reply::Turn { after } => self.plan(after, slot, id, Happening::Turn),
                Reply::Close { after } => self.plan(after, slot, id, Happening::Closed),
                Reply::Reset { after } => self.plan(after, slot, id, Happening::Reset),
            }
        }
    }

    fn answer_whole_requests(&mut self, slot: u32, id: u64) {
        loop {
            let Ok(connection) = self.connection(slot) else { return };
            let Some(length) = whole_request(&connection.pending) else { return };
            let request: Vec<u8> = connection.pending.drain(..length).collect();
            let replies = self.server.answer(self.now, &request);
            self.plan_replies(slot, id, replies);
        }
    }
}

/// Length of the request at the start of `bytes`, if it is there whole.
fn whole_request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let body = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |value| value.trim().parse().expect("our own request has a valid length"));
    (bytes.len() >= head + body).then_some(head + body)
}

impl<S: SimServer> Reactor for SimReactor<S> {
    fn now(&mut self) -> Nanos {
        self.now
    }

    fn wait(&mut self, until: Nanos, _accuracy: Accuracy) -> io::Result<()> {
        match self.agenda.first_key_value() {
            Some((&(at, _), _)) if at <= until => self.now = self.now.max(at),
            _ if until == Nanos::MAX => {
                return Err(io::Error::other("waiting for ever: nothing will happen"));
            }
            _ => self.now = self.now.max(until),
        }
        while let Some(entry) = self.agenda.first_entry()
            && entry.key().0 <= self.now
        {
            let (slot, id, happening) = entry.remove();
            self.happen(slot, id, happening);
        }
        Ok(())
    }

    fn next_ready(&mut self) -> Option<Ready> {
        while let Some((id, ready)) = self.ready.pop_front() {
            if self.connection(ready.slot).is_ok_and(|connection| connection.id == id) {
                return Some(ready);
            }
        }
        None
    }

    fn connect(&mut self, slot: u32, to: &Endpoint, _from: Option<IpAddr>) -> io::Result<()> {
        self.sequence += 1;
        let id = self.sequence;
        if self.slots.len() <= slot as usize {
            self.slots.resize_with(slot as usize + 1, || None);
        }
        let accept = self.server.accept(self.now);
        let is_udp = matches!(to, Endpoint::Udp(_));
        let is_absent = is_udp && !matches!(accept, Accept::After(_));
        self.slots[slot as usize] = Some(Connection {
            id,
            peer: if is_absent { Peer::Absent } else { Peer::Present },
            inbox: VecDeque::new(),
            datagrams: VecDeque::new(),
            blocked: false,
            pending: Vec::new(),
        });
        if is_udp {
            self.plan(0, slot, id, Happening::Established);
        }
        match accept {
            Accept::After(_) if is_udp => {}
            Accept::After(after) => self.plan(after, slot, id, Happening::Established),
            Accept::Refuse(after) => self.plan(after, slot, id, Happening::Refused),
            Accept::Never => {}
        }
        Ok(())
    }

    fn connected(&mut self, slot: u32) -> io::Result<()> {
        if self.connection(slot)?.peer == Peer::Refused {
            Err(io::ErrorKind::ConnectionRefused.into())
        } else {
            Ok(())
        }
    }

    fn read(&mut self, slot: u32, buffer: &mut [u8]) -> io::Result<usize> {
        let connection = self.connection(slot)?;
        if connection.peer == Peer::Reset {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if connection.inbox.is_empty() {
            let ended = connection.peer == Peer::Closed;
            return if ended { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        }
        let count = connection.inbox.len().min(buffer.len());
        for (place, byte) in buffer.iter_mut().zip(connection.inbox.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }

    fn write(&mut self, slot: u32, bytes: &[u8]) -> io::Result<usize> {
        let limit = self.write_limit.unwrap_or(usize::MAX);
        let connection = self.connection(slot)?;
        if connection.peer == Peer::Reset {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if connection.blocked {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = bytes.len().min(limit);
        connection.blocked = count < bytes.len();
        let id = connection.id;
        if count < bytes.len() {
            self.plan(WRITE_PAUSE, slot, id, Happening::Writable);
        }
        if let Some(replies) = self.server.answer_bytes(self.now, id, &bytes[..count]) {
            self.plan_replies(slot, id, replies);
        } else {
            self.connection(slot)?.pending.extend_from_slice(&bytes[..count]);
            self.answer_whole_requests(slot, id);
        }
        Ok(count)
    }

    fn read_datagrams(&mut self, slot: u32, buffer: &mut [u8]) -> io::Result<(usize, usize)> {
        let connection = self.connection(slot)?;
        if connection.peer == Peer::Refused {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let datagram = connection.datagrams.pop_front().ok_or(io::ErrorKind::WouldBlock)?;
        // What does not fit is cut off, as by the system.
        let count = datagram.len().min(buffer.len());
        buffer[..count].copy_from_slice(&datagram[..count]);
        Ok((count, count))
    }

    fn write_datagrams(&mut self, slot: u32, bytes: &[u8], each: usize) -> io::Result<usize> {
        let limit = self.write_limit.unwrap_or(usize::MAX);
        let connection = self.connection(slot)?;
        if connection.peer == Peer::Refused {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        if connection.blocked {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        // One goes out whatever its size.
        let count = if bytes.len() <= limit { bytes.len() } else { (limit / each).max(1) * each };
        let count = count.min(bytes.len());
        connection.blocked = count < bytes.len();
        let (id, is_heard) = (connection.id, connection.peer == Peer::Present);
        if count < bytes.len() {
            self.plan(WRITE_PAUSE, slot, id, Happening::Writable);
        }
        for datagram in bytes[..count].chunks(each).filter(|_| is_heard) {
            let replies = self.server.answer_datagram(self.now, id, datagram);
            self.plan_replies(slot, id, replies);
        }
        Ok(count)
    }

    fn close(&mut self, slot: u32) {
        if let Some(connection) = self.slots.get_mut(slot as usize) {
            *connection = None;
        }
    }

    fn busy(&self) -> Nanos {
        0
    }
}
