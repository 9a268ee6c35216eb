//! The readiness loop of Linux: edge-triggered epoll with nanosecond deadlines.

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;

use nix::sys::socket::sockopt::IpBindAddressNoPort;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, ipproto, sockopt,
};
use rustix::time::{ClockId, clock_gettime};

use super::datagram;
use super::seam::{Accuracy, Idle, Nanos, Reactor, Ready};
use crate::http::clock::Clock;
use crate::http::route::Endpoint;

/// Before an exact deadline, the last of the wait is spent polling: the measured wake-up latency of
/// an idle virtual processor is 45–50 µs, and with 60 µs the median lateness was 0.1 µs.
const SPIN: Nanos = 60_000;

/// The system's timeouts are rounded up to this by everything but `ppoll`.
const MILLISECOND: Nanos = 1_000_000;

/// Events taken per system call.
const BATCH: usize = 256;

/// Everything, once for the life of a connection: with edges only, room for writing costs no
/// wake-up of its own, and no `epoll_ctl` is needed after the connect.
const INTEREST: EventFlags =
    EventFlags::IN.union(EventFlags::OUT).union(EventFlags::RDHUP).union(EventFlags::ET);

#[derive(Debug, Default)]
struct Slot {
    socket: Option<OwnedFd>,
    /// Told apart from the connections that were in this slot before.
    generation: u32,
}

/// One thread's epoll instance and the connections on it.
pub struct SystemReactor {
    clock: Clock,
    idle: Idle,
    epoll: OwnedFd,
    slots: Vec<Slot>,
    events: Vec<epoll::Event>,
    next_event: usize,
    spun: Nanos,
    /// The thread's scheduler statistics. Its processor clock says the same where there is none,
    /// but rustix cannot read a clock under valgrind (it looks for a vDSO that is hidden there),
    /// and instructions per request are measured with valgrind.
    accounting: Option<OwnedFd>,
}

impl SystemReactor {
    /// A reactor for the calling thread, whose timer slack it sets to the least.
    ///
    /// # Errors
    /// What the system says to `epoll_create1`.
    pub fn new(clock: Clock, idle: Idle) -> io::Result<Self> {
        // The default slack adds 50 µs to every wait; where setting it is refused, it just stays.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        Ok(Self {
            clock,
            idle,
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            slots: Vec::new(),
            events: Vec::with_capacity(BATCH),
            next_event: 0,
            spun: 0,
            accounting: rustix::fs::open(
                "/proc/thread-self/schedstat",
                OFlags::RDONLY | OFlags::CLOEXEC,
                Mode::empty(),
            )
            .ok(),
        })
    }

    fn socket(&self, slot: u32) -> io::Result<&OwnedFd> {
        let slot = self.slots.get(slot as usize);
        slot.and_then(|slot| slot.socket.as_ref()).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Takes events, waiting up to `timeout`, which must be whole milliseconds: `rustix` rounds up.
    fn take_events(&mut self, timeout: Nanos) -> io::Result<bool> {
        self.events.clear();
        self.next_event = 0;
        let spare = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, spare, Some(&timespec(timeout))) {
            Ok(count) => Ok(count > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Sleeps to the nanosecond. `epoll_pwait2` would save the second call, but it is missing
    /// before Linux 5.11 and refused by older container profiles, and an open model that waits
    /// this way is not short of processor time.
    fn sleep_below_a_millisecond(&mut self, timeout: Nanos) -> io::Result<bool> {
        let mut interest = [PollFd::new(&self.epoll, PollFlags::IN)];
        match poll(&mut interest, Some(&timespec(timeout))) {
            Ok(0) | Err(Errno::INTR) => Ok(false),
            Ok(_) => self.take_events(0),
            Err(error) => Err(error.into()),
        }
    }

    fn wait_exactly(&mut self, until: Nanos) -> io::Result<()> {
        let margin = match self.idle {
            Idle::Park => 0,
            Idle::Spin => SPIN,
        };
        loop {
            let now = self.now();
            let left = until.saturating_sub(now);
            let sleep = left.saturating_sub(margin);
            let found = if sleep >= MILLISECOND {
                self.take_events(sleep - sleep % MILLISECOND)?
            } else if sleep > 0 {
                self.sleep_below_a_millisecond(sleep)?
            } else {
                let found = self.take_events(0)?;
                if left == 0 {
                    return Ok(());
                }
                self.spun += self.now() - now;
                found
            };
            if found {
                return Ok(());
            }
        }
    }
}

fn timespec(nanos: Nanos) -> Timespec {
    let split = std::time::Duration::from_nanos(nanos);
    Timespec {
        tv_sec: i64::try_from(split.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: split.subsec_nanos().into(),
    }
}

impl Reactor for SystemReactor {
    fn now(&mut self) -> Nanos {
        self.clock.nanos()
    }

    fn wait(&mut self, until: Nanos, accuracy: Accuracy) -> io::Result<()> {
        match accuracy {
            Accuracy::Exact => self.wait_exactly(until),
            Accuracy::Coarse => {
                let left = until.saturating_sub(self.now());
                self.take_events(left.min(3_600_000 * MILLISECOND)).map(|_| ())
            }
        }
    }

    fn next_ready(&mut self) -> Option<Ready> {
        while let Some(event) = self.events.get(self.next_event) {
            self.next_event += 1;
            let (data, flags) = (event.data.u64(), event.flags);
            #[expect(clippy::cast_possible_truncation, reason = "packed from two u32 in `connect`")]
            let (slot, generation) = (data as u32, (data >> 32) as u32);
            if self.slots.get(slot as usize).is_some_and(|slot| slot.generation == generation) {
                return Some(Ready {
                    slot,
                    readable: flags.intersects(EventFlags::IN),
                    writable: flags.intersects(EventFlags::OUT),
                    closed: flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR),
                });
            }
        }
        None
    }

    fn connect(&mut self, slot: u32, to: &Endpoint, from: Option<IpAddr>) -> io::Result<()> {
        self.close(slot);
        let index = slot as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, Slot::default);
        }
        let socket = match to {
            Endpoint::Tcp(address) => connect_tcp(*address, from)?,
            Endpoint::Udp(address) => datagram::connect(*address, from)?,
            Endpoint::Unix(path) => {
                let socket = socket(AddressFamily::UNIX)?;
                started(rustix::net::connect(&socket, &SocketAddrUnix::new(path)?))?;
                socket
            }
        };
        let data = u64::from(slot) | u64::from(self.slots[index].generation) << 32;
        epoll::add(&self.epoll, &socket, EventData::new_u64(data), INTEREST)?;
        self.slots[index].socket = Some(socket);
        Ok(())
    }

    fn connected(&mut self, slot: u32) -> io::Result<()> {
        Ok(sockopt::socket_error(self.socket(slot)?)??)
    }

    fn read(&mut self, slot: u32, buffer: &mut [u8]) -> io::Result<usize> {
        let (count, _) = rustix::net::recv(self.socket(slot)?, buffer, RecvFlags::empty())?;
        Ok(count)
    }

    fn write(&mut self, slot: u32, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(self.socket(slot)?, bytes, SendFlags::NOSIGNAL)?)
    }

    fn read_datagrams(&mut self, slot: u32, buffer: &mut [u8]) -> io::Result<(usize, usize)> {
        datagram::receive(self.socket(slot)?, buffer)
    }

    fn write_datagrams(&mut self, slot: u32, bytes: &[u8], each: usize) -> io::Result<usize> {
        datagram::send(self.socket(slot)?, bytes, each)
    }

    fn close(&mut self, slot: u32) {
        if let Some(slot) = self.slots.get_mut(slot as usize)
            && slot.socket.take().is_some()
        {
            slot.generation = slot.generation.wrapping_add(1);
        }
    }

    fn busy(&self) -> Nanos {
        let used = self.accounting.as_ref().and_then(scheduled_time);
        used.unwrap_or_else(thread_clock).saturating_sub(self.spun)
    }
}

fn connect_tcp(to: SocketAddr, from: Option<IpAddr>) -> io::Result<OwnedFd> {
    let socket = socket(if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 })?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    if let Some(from) = from {
        // The port is chosen when the peer is known: bound at once, it would be taken for all peers
        // alike. Where the system cannot (before Linux 4.2), that is what happens.
        let _ = nix::sys::socket::setsockopt(&socket, IpBindAddressNoPort, &true);
        rustix::net::bind(&socket, &SocketAddr::new(from, 0))?;
    }
    started(rustix::net::connect(&socket, &to))?;
    Ok(socket)
}

fn socket(family: AddressFamily) -> io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let protocol = (family != AddressFamily::UNIX).then_some(ipproto::TCP);
    Ok(rustix::net::socket_with(family, SocketType::STREAM, flags, protocol)?)
}

fn started(outcome: rustix::io::Result<()>) -> io::Result<()> {
    match outcome {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The first number of the scheduler's statistics: time on a processor. It is exact to a tick.
fn scheduled_time(accounting: &OwnedFd) -> Option<Nanos> {
    let mut buffer = [0; 64];
    let count = rustix::io::pread(accounting, &mut buffer, 0).ok()?;
    let text = std::str::from_utf8(&buffer[..count]).ok()?;
    text.split_whitespace().next()?.parse().ok()
}

fn thread_clock() -> Nanos {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(used.tv_sec).unwrap_or(0) * 1_000_000_000;
    seconds + u64::try_from(used.tv_nsec).unwrap_or(0)
}
