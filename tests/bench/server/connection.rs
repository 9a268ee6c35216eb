//! One connection of a fixture server.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::recv;
use rustix::net::send;
use rustls::ServerConfig;
use rustls::ServerConnection;

use super::answer::Answers;

/// Buffers that all connections share.
pub(super) struct Buffers {
    pub(super) wire: Vec<u8>,
    plain: Vec<u8>,
    answer: Vec<u8>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self { wire: vec![0; 64 * 1024], plain: vec![0; 64 * 1024], answer: Vec::new() }
    }
}

/// Whether a connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    On,
    Away,
}

pub(super) struct Connection {
    socket: OwnedFd,
    tls: Option<Box<ServerConnection>>,
    /// The beginning of a request whose end has not come.
    partial: Vec<u8>,
    /// What the kernel had no room for.
    unsent: Vec<u8>,
}

impl Connection {
    pub(super) fn new(socket: OwnedFd, tls: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        let tls = tls
            .map(|config| ServerConnection::new(Arc::clone(config)).map(Box::new))
            .transpose()
            .map_err(io::Error::other)?;
        Ok(Self { socket, tls, partial: Vec::new(), unsent: Vec::new() })
    }

    /// Sends what had to wait.
    pub(super) fn writable(&mut self) -> Goes {
        if self.unsent.is_empty() {
            return Goes::On;
        }
        let waiting = std::mem::take(&mut self.unsent);
        self.send(&waiting)
    }

    /// Reads until there is no more, and answers every whole request.
    pub(super) fn readable(&mut self, buffers: &mut Buffers, answers: &mut Answers) -> Goes {
        loop {
            let count = match recv(&self.socket, &mut buffers.wire[..], RecvFlags::empty()) {
                Ok((0, _)) => return Goes::Away,
                Ok((count, _)) => count,
                Err(Errno::AGAIN) => return Goes::On,
                Err(Errno::INTR) => continue,
                Err(_) => return Goes::Away,
            };
            let mut out = std::mem::take(&mut buffers.answer);
            out.clear();
            let taken = self.take(count, buffers, answers, &mut out);
            let goes = if taken.is_ok() { self.send(&out) } else { Goes::Away };
            buffers.answer = out;
            if goes == Goes::Away || count < buffers.wire.len() {
                return goes;
            }
        }
    }

    fn take(
        &mut self,
        count: usize,
        buffers: &mut Buffers,
        answers: &mut Answers,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        let Some(mut tls) = self.tls.take() else {
            self.requests(&buffers.wire[..count], answers, out);
            return Ok(());
        };
        let mut wire = &buffers.wire[..count];
        let mut plain_out = Vec::new();
        while !wire.is_empty() {
            tls.read_tls(&mut wire)?;
            tls.process_new_packets().map_err(io::Error::other)?;
            while let Ok(count @ 1..) = tls.reader().read(&mut buffers.plain) {
                self.requests(&buffers.plain[..count], answers, &mut plain_out);
            }
        }
        tls.writer().write_all(&plain_out)?;
        while tls.wants_write() {
            tls.write_tls(out)?;
        }
        self.tls = Some(tls);
        Ok(())
    }

    /// Requests of benchmarks have no body: each ends with its empty line.
    fn requests(&mut self, bytes: &[u8], answers: &mut Answers, out: &mut Vec<u8>) {
        if !self.partial.is_empty() {
            self.partial.extend_from_slice(bytes);
            let bytes = std::mem::take(&mut self.partial);
            let used = answer_all(&bytes, answers, out);
            self.partial = bytes[used..].to_vec();
            return;
        }
        let used = answer_all(bytes, answers, out);
        self.partial.extend_from_slice(&bytes[used..]);
    }

    fn send(&mut self, bytes: &[u8]) -> Goes {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Goes::On;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            match send(&self.socket, rest, SendFlags::NOSIGNAL) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.unsent.extend_from_slice(rest);
                    return Goes::On;
                }
                Err(_) => return Goes::Away,
            }
        }
        Goes::On
    }
}

/// Answers every whole request in `bytes` and says how much of them that was.
fn answer_all(bytes: &[u8], answers: &mut Answers, out: &mut Vec<u8>) -> usize {
    let mut used = 0;
    while let Some(end) = memchr::memmem::find(&bytes[used..], b"\r\n\r\n") {
        answers.answer(&bytes[used..used + end], out);
        used += end + 4;
    }
    used
}
