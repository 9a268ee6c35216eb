//! UDP by Linux: several datagrams per system call in either direction.
//!
//! A datagram costs a trip through the whole network stack; with segmentation offload (GSO, Linux
//! 4.18) and its counterpart (GRO, 5.0) a batch of them costs one. Where a system or a network card
//! has neither, the same calls move one datagram each.

use std::io;
use std::io::IoSlice;
use std::io::IoSliceMut;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::os::fd::OwnedFd;

use nix::sys::socket::ControlMessage;
use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::cmsg_space;
use nix::sys::socket::recvmsg;
use nix::sys::socket::sendmsg;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::UdpGroSegment;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::ipproto;
use rustix::net::sockopt;
use rustix::net::sockopt::Ipv4PathMtuDiscovery;
use rustix::net::sockopt::Ipv6PathMtuDiscovery;

/// What a response may bring at once without loss, as far as the system grants it
/// (`net.core.rmem_max`).
const RECEIVE_BUFFER: usize = 2 * 1024 * 1024;

/// A socket that sends to `to` only, and takes from there only.
pub(super) fn connect(to: SocketAddr, from: Option<IpAddr>) -> io::Result<OwnedFd> {
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, Some(ipproto::UDP))?;
    // Each of these helps, and its refusal does not hurt. Datagrams of a probed size must not be
    // fragmented on the way (RFC 9000 §14).
    let _ = match to {
        SocketAddr::V4(_) => sockopt::set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::PROBE),
        SocketAddr::V6(_) => sockopt::set_ipv6_mtu_discover(&socket, Ipv6PathMtuDiscovery::PROBE),
    };
    let _ = sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
    let _ = setsockopt(&socket, UdpGroSegment, &true);
    if let Some(from) = from {
        rustix::net::bind(&socket, &SocketAddr::new(from, 0))?;
    }
    rustix::net::connect(&socket, &to)?;
    Ok(socket)
}

/// Sends datagrams of `each` bytes, and how many bytes that were.
pub(super) fn send(socket: &OwnedFd, bytes: &[u8], each: usize) -> io::Result<usize> {
    let first = &bytes[..bytes.len().min(each)];
    if first.len() < bytes.len()
        && let Ok(segment) = u16::try_from(each)
    {
        let control = [ControlMessage::UdpGsoSegments(&segment)];
        let flags = MsgFlags::MSG_NOSIGNAL;
        match sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], &control, flags, None) {
            // No offload on this way: one at a time.
            Err(nix::Error::EIO | nix::Error::EINVAL | nix::Error::EMSGSIZE) => {}
            outcome => return Ok(outcome?),
        }
    }
    match rustix::net::send(socket, first, SendFlags::NOSIGNAL) {
        // A probe for a larger size that does not fit here is a datagram that was lost.
        Err(Errno::MSGSIZE) => Ok(first.len()),
        outcome => Ok(outcome?),
    }
}

/// Receives datagrams: how many bytes, and the size of each but the last.
pub(super) fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<(usize, usize)> {
    let mut control = [0; cmsg_space::<i32>()];
    let mut slices = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::empty();
    let received = recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut control), flags)?;
    let count = received.bytes;
    let each = received.cmsgs().ok().and_then(|mut messages| {
        messages.find_map(|message| match message {
            ControlMessageOwned::UdpGroSegments(each) => usize::try_from(each).ok(),
            _ => None,
        })
    });
    Ok((count, each.filter(|each| *each > 0).unwrap_or(count)))
}
