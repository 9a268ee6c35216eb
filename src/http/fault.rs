//! What the system's and TLS's errors are counted under.

use std::io;

use crate::http::tls;
use crate::model::Failure;
use crate::model::FailureClass;

/// The class of an error while connecting over TCP.
pub fn connect_class(error: &io::Error) -> FailureClass {
    if is_own_limit(error) {
        return FailureClass::LocalLimit;
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => FailureClass::ConnectRefused,
        io::ErrorKind::TimedOut => FailureClass::ConnectTimeout,
        _ => FailureClass::Connect,
    }
}

/// The class of an error on a connection that stands, TLS errors inside it included.
pub fn stream_class(error: &io::Error) -> FailureClass {
    if let Some(error) = tls_error(error) {
        return tls::class(error);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => FailureClass::Closed,
        // A broken pipe is a reset that was noticed while sending; what the system calls a timeout
        // is a peer that acknowledges nothing any more.
        _ => FailureClass::Reset,
    }
}

/// `error` while doing `what` ("connecting to 127.0.0.1:80"), classed by `class`, with its cure.
pub(super) fn failure(class: FailureClass, what: &str, error: &io::Error) -> Failure {
    let cause =
        tls_error(error).map_or_else(|| error.to_string(), |error| tls::failure(error).detail);
    Failure::new(class, format!("{what}: {cause}"))
}

/// `error` while doing `what`, a TLS handshake. A server that ends it by closing has mostly said why
/// in an alert that nobody reads any more once writing has failed.
pub(super) fn handshake(what: &str, error: &io::Error) -> Failure {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    if tls_error(error).is_none()
        && matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
    {
        let detail = format!(
            "{what}: the server ended it ({error}); it may want a client certificate (--cert, \
             --key) or another version of TLS (--tls-min, --tls-max)"
        );
        return Failure::new(FailureClass::Tls, detail);
    }
    failure(stream_class(error), what, error)
}

/// Whether it is us who have no descriptor, port or memory left. A port that is taken (and not the
/// last one) is met where the system has to choose it before it knows the peer.
fn is_own_limit(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let limits = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::ADDRNOTAVAIL,
        Errno::ADDRINUSE,
        Errno::NOBUFS,
        Errno::NOMEM,
    ];
    Errno::from_io_error(error).is_some_and(|errno| limits.contains(&errno))
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn what_we_ran_out_of_is_not_the_targets_failure() {
        let cases = [
            (Errno::MFILE, FailureClass::LocalLimit),
            (Errno::NFILE, FailureClass::LocalLimit),
            (Errno::ADDRNOTAVAIL, FailureClass::LocalLimit),
            (Errno::CONNREFUSED, FailureClass::ConnectRefused),
            (Errno::TIMEDOUT, FailureClass::ConnectTimeout),
            (Errno::HOSTUNREACH, FailureClass::Connect),
        ];
        for (errno, class) in cases {
            assert_eq!(connect_class(&errno.into()), class, "{errno}");
        }
    }
}
