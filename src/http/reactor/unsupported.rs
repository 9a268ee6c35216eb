//! Systems without a readiness loop of ours: creating one says so, everything else builds.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;

use super::seam::{Accuracy, Idle, Nanos, Reactor, Ready};
use crate::http::clock::Clock;
use crate::http::route::Endpoint;

/// The readiness loop of this system: there is none.
#[derive(Debug)]
pub struct SystemReactor(Infallible);

impl SystemReactor {
    /// Says that this system is not supported.
    ///
    /// # Errors
    /// Always.
    pub fn new(_clock: Clock, _idle: Idle) -> io::Result<Self> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "load generation needs Linux (epoll); run it in a Linux container or machine",
        ))
    }
}

impl Reactor for SystemReactor {
    fn now(&mut self) -> Nanos {
        match self.0 {}
    }

    fn wait(&mut self, _until: Nanos, _accuracy: Accuracy) -> io::Result<()> {
        match self.0 {}
    }

    fn next_ready(&mut self) -> Option<Ready> {
        match self.0 {}
    }

    fn connect(&mut self, _slot: u32, _to: &Endpoint, _from: Option<IpAddr>) -> io::Result<()> {
        match self.0 {}
    }

    fn connected(&mut self, _slot: u32) -> io::Result<()> {
        match self.0 {}
    }

    fn read(&mut self, _slot: u32, _buffer: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }

    fn write(&mut self, _slot: u32, _bytes: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    fn read_datagrams(&mut self, _slot: u32, _buffer: &mut [u8]) -> io::Result<(usize, usize)> {
        match self.0 {}
    }

    fn write_datagrams(&mut self, _slot: u32, _bytes: &[u8], _each: usize) -> io::Result<usize> {
        match self.0 {}
    }

    fn close(&mut self, _slot: u32) {
        match self.0 {}
    }

    fn busy(&self) -> Nanos {
        match self.0 {}
    }
}
