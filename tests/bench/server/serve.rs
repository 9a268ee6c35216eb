//! The readiness loop of a fixture server.

use std::io;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::event::Timespec;
use rustix::event::epoll;
use rustix::event::epoll::EventData;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::accept_with;
use rustix::net::sockopt;
use rustls::ServerConfig;

use super::ServerKind;
use super::Transport;
use super::answer::Answers;
use super::certificate::server_config;
use super::connection::Buffers;
use super::connection::Connection;
use super::connection::Goes;
use super::quic;
use crate::problem::Problem;

/// Tokens that are no connection's.
const LISTENER: u64 = u64::MAX;
const INPUT: u64 = u64::MAX - 1;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// Serves until standard input ends; says its port first and what it saw last.
pub(crate) fn serve(kind: ServerKind, transport: Transport) -> Result<(), Problem> {
    let tls = match transport {
        Transport::Plain => None,
        Transport::Tls => Some(Arc::new(server_config())),
        Transport::Quic => return quic::serve(kind),
    };
    Loop::new(kind, tls).and_then(Loop::run).map_err(Problem::doing("serving"))
}

struct Loop {
    epoll: OwnedFd,
    listener: OwnedFd,
    tls: Option<Arc<ServerConfig>>,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    answers: Answers,
    buffers: Buffers,
}

impl Loop {
    fn new(kind: ServerKind, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let listener =
            rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        rustix::net::bind(&listener, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        rustix::net::listen(&listener, BACKLOG)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        epoll::add(&epoll, io::stdin().as_fd(), EventData::new_u64(INPUT), EventFlags::IN)?;
        Ok(Self {
            epoll,
            listener,
            tls,
            connections: Vec::new(),
            free: Vec::new(),
            answers: Answers::new(kind),
            buffers: Buffers::new(),
        })
    }

    fn run(mut self) -> io::Result<()> {
        let address = SocketAddr::try_from(rustix::net::getsockname(&self.listener)?)?;
        let mut out = io::stdout();
        writeln!(out, "{}", address.port())?;
        out.flush()?;
        let no_wait = Timespec { tv_sec: 0, tv_nsec: 0 };
        let timeout = self.answers.polls().then_some(&no_wait);
        let mut events = Vec::with_capacity(1024);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), timeout) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &events {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    // Nothing is ever written to it: this is its end.
                    INPUT => {
                        let seen = serde_json::to_string(&self.answers.seen)?;
                        return writeln!(out, "{seen}");
                    }
                    token => self.happened(token, event.flags),
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        loop {
            let socket = match accept_with(&self.listener, flags) {
                Ok(socket) => socket,
                Err(Errno::AGAIN | Errno::MFILE | Errno::NFILE) => return Ok(()),
                Err(Errno::INTR | Errno::CONNABORTED) => continue,
                Err(error) => return Err(error.into()),
            };
            sockopt::set_tcp_nodelay(&socket, true)?;
            let index = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            let interest = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
            epoll::add(&self.epoll, &socket, EventData::new_u64(index as u64), interest)?;
            self.connections[index] = Some(Connection::new(socket, self.tls.as_ref())?);
            self.answers.seen.connections += 1;
        }
    }

    fn happened(&mut self, token: u64, flags: EventFlags) {
        let index = usize::try_from(token).expect("a token is an index");
        let Some(connection) = &mut self.connections[index] else { return };
        let mut goes = Goes::On;
        if flags.contains(EventFlags::OUT) {
            goes = connection.writable();
        }
        if goes == Goes::On && flags.contains(EventFlags::IN) {
            goes = connection.readable(&mut self.buffers, &mut self.answers);
        }
        let over = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        if goes == Goes::Away || flags.intersects(over) {
            self.connections[index] = None;
            self.free.push(index);
        }
    }
}
