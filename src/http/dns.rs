//! From a host to the addresses that scope lets us dial.

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::ToSocketAddrs as _;

use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Scope;

/// The addresses of `host` that are in scope, in the resolver's order, without repetition and
/// never none. Address literals are not looked up. Blocks as long as the system's resolver does.
///
/// # Errors
/// Class `Dns` where the name does not resolve, `OutOfScope` where no address is in scope.
pub fn resolve_blocking(host: &str, port: u16, scope: &Scope) -> Result<Vec<SocketAddr>, Failure> {
    if let Some(address) = literal(host, port) {
        return admitted(host, [address], scope);
    }
    let found = (host, port).to_socket_addrs().map_err(|error| unresolved(host, &error))?;
    admitted(host, found, scope)
}

/// [`resolve_blocking`] without blocking the runtime.
///
/// Cancel safe: the lookup goes on on its own thread and its result is dropped.
///
/// # Errors
/// As [`resolve_blocking`].
pub async fn resolve(host: &str, port: u16, scope: &Scope) -> Result<Vec<SocketAddr>, Failure> {
    if let Some(address) = literal(host, port) {
        return admitted(host, [address], scope);
    }
    let found = tokio::net::lookup_host((host, port)).await;
    admitted(host, found.map_err(|error| unresolved(host, &error))?, scope)
}

fn literal(host: &str, port: u16) -> Option<SocketAddr> {
    host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port))
}

fn unresolved(host: &str, error: &io::Error) -> Failure {
    Failure::new(FailureClass::Dns, format!("resolving {host}: {error}"))
}

/// A name with addresses inside and outside of scope is dialled inside only.
fn admitted(
    host: &str,
    found: impl IntoIterator<Item = SocketAddr>,
    scope: &Scope,
) -> Result<Vec<SocketAddr>, Failure> {
    let mut addresses = Vec::new();
    let mut refused = None;
    for address in found {
        match scope.admit_address(host, address.ip()) {
            Ok(()) if addresses.contains(&address) => {}
            Ok(()) => addresses.push(address),
            Err(reason) => refused = Some(reason),
        }
    }
    if !addresses.is_empty() {
        return Ok(addresses);
    }
    Err(match refused {
        Some(reason) => Failure::new(FailureClass::OutOfScope, reason.to_string()),
        None => Failure::new(FailureClass::Dns, format!("resolving {host}: it has no address")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    fn scope() -> Scope {
        Scope::of_origin(Target::parse("http://localhost/").expect("valid").origin)
    }

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().expect("valid")).collect()
    }

    #[test]
    fn literals_are_not_looked_up() {
        for host in ["127.0.0.1", "::1"] {
            let found = resolve_blocking(host, 80, &scope()).expect("a literal in scope");
            assert_eq!(found[0].ip().to_string(), host);
        }
    }

    #[test]
    fn addresses_out_of_scope_are_left_out() {
        let found = addresses(&["8.8.8.8:1", "[::1]:1", "127.0.0.1:1", "[::1]:1"]);
        let kept = admitted("h", found, &scope()).expect("two are local");
        assert_eq!(kept, addresses(&["[::1]:1", "127.0.0.1:1"]));
    }

    #[test]
    fn nothing_in_scope_is_another_failure_than_nothing_at_all() {
        let outside = admitted("h", addresses(&["169.254.169.254:80"]), &scope());
        assert_eq!(outside.expect_err("link-local").class, FailureClass::OutOfScope);
        let nothing = admitted("h", [], &scope());
        assert_eq!(nothing.expect_err("no address").class, FailureClass::Dns);
        let public = resolve_blocking("8.8.8.8", 80, &scope());
        assert_eq!(public.expect_err("not local").class, FailureClass::OutOfScope);
    }

    #[tokio::test]
    async fn a_name_that_cannot_exist_is_a_dns_failure() {
        // An empty label is refused by the resolver itself: no query leaves the machine.
        let name = "no..name.invalid";
        let blocking = resolve_blocking(name, 80, &scope()).expect_err("no such name");
        let asynchronous = resolve(name, 80, &scope()).await.expect_err("no such name");
        assert_eq!((blocking.class, asynchronous.class), (FailureClass::Dns, FailureClass::Dns));
    }
}
