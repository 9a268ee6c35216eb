//! From an origin to the sockets that a connection may be made to, and what lies between.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::ToSocketAddrs as _;
use std::path::Path;
use std::path::PathBuf;

use super::tunnel::TunnelTo;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Family;
use crate::model::Origin;
use crate::model::OutOfScope;
use crate::model::Proxy;
use crate::model::ProxyKind;
use crate::model::Request;
use crate::model::Route;
use crate::model::Scheme;
use crate::model::Scope;

/// What a connection is made to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Address and port.
    Tcp(SocketAddr),
    /// Address and port, for datagrams.
    Udp(SocketAddr),
    /// A Unix socket by its path.
    Unix(PathBuf),
}

impl Endpoint {
    /// The address, if it has one.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) | Self::Udp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) | Self::Udp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// How an origin is reached.
#[derive(Debug, Clone)]
pub struct Way {
    /// Every one admitted by the scope, or the proxy's; never none.
    pub endpoints: Vec<Endpoint>,
    /// Addresses to connect from; every endpoint has one of its family, or there is none.
    sources: Vec<IpAddr>,
    /// What lies between.
    pub via: Via,
}

/// What lies between us and the target.
#[derive(Debug, Clone)]
pub enum Via {
    /// Nothing.
    Nothing,
    /// An HTTP proxy that takes requests in absolute form.
    Forward(Proxy),
    /// A proxy that connects us to the target.
    Tunnel(TunnelTo),
}

impl Via {
    /// The proxy, for messages.
    pub fn proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Nothing => None,
            Self::Forward(proxy) => Some(proxy),
            Self::Tunnel(to) => Some(to.proxy()),
        }
    }
}

/// Makes of an encoded `request` what lies on its way takes: the absolute form for a forwarding
/// proxy (RFC 9112 §3.2.2), and who we are, which nobody but the proxy gets to see.
pub fn dress(route: &Route, request: &Request, bytes: &mut Vec<u8>) {
    let Some(proxy) = forwarder(route, &request.origin) else { return };
    if let Some(value) = proxy.authorization() {
        let line = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |feed| feed + 1);
        let header = format!("Proxy-Authorization: {value}\r\n");
        bytes.splice(line..line, header.into_bytes());
    }
    let path = request.method.as_str().len() + 1;
    bytes.splice(path..path, request.origin.to_string().into_bytes());
}

/// The proxy that takes requests to `origin` in absolute form, if one does.
fn forwarder<'a>(route: &'a Route, origin: &Origin) -> Option<&'a Proxy> {
    let proxy = route.proxy.as_ref().filter(|proxy| proxy.kind.speaks_http())?;
    let is_itself = route.dialled(origin) == (origin.host.clone(), origin.port);
    (origin.scheme == Scheme::Http && is_itself).then_some(proxy)
}

impl Way {
    /// The way of `origin` under `route`. Blocks as long as the system's resolver does.
    ///
    /// # Errors
    /// Class `Dns` where a name does not resolve, `OutOfScope` where no address is in scope.
    pub fn find_blocking(origin: &Origin, route: &Route, scope: &Scope) -> Result<Self, Failure> {
        match Lookup::of(origin, route, scope)? {
            Lookup::Done(way) => Ok(way),
            Lookup::Name(wanted) => {
                let name = (wanted.host.as_str(), wanted.port);
                let found = name.to_socket_addrs().map_err(|error| wanted.unresolved(&error))?;
                wanted.found(found.collect(), route, scope)
            }
        }
    }

    /// [`Way::find_blocking`] without blocking the runtime.
    ///
    /// Cancel safe: the lookup goes on on its own thread and its result is dropped.
    ///
    /// # Errors
    /// As [`Way::find_blocking`].
    pub async fn find(origin: &Origin, route: &Route, scope: &Scope) -> Result<Self, Failure> {
        match Lookup::of(origin, route, scope)? {
            Lookup::Done(way) => Ok(way),
            Lookup::Name(wanted) => {
                let found = tokio::net::lookup_host((wanted.host.as_str(), wanted.port)).await;
                let found = found.map_err(|error| wanted.unresolved(&error))?.collect();
                wanted.found(found, route, scope)
            }
        }
    }

    /// Where the connection of number `turn` to `endpoint` comes from; `None` is the system's
    /// choice.
    pub fn source(&self, endpoint: &Endpoint, turn: usize) -> Option<IpAddr> {
        let to = endpoint.address()?;
        let of_family = || self.sources.iter().filter(|from| from.is_ipv4() == to.is_ipv4());
        let count = of_family().count();
        if count == 0 { None } else { of_family().nth(turn % count).copied() }
    }

    /// The same addresses over UDP, for HTTP/3; a Unix socket stays what it is.
    #[must_use]
    pub fn over_udp(mut self) -> Self {
        for endpoint in &mut self.endpoints {
            if let Endpoint::Tcp(address) = *endpoint {
                *endpoint = Endpoint::Udp(address);
            }
        }
        self
    }

    /// "connecting to …", and through what.
    pub fn connecting(&self, endpoint: &Endpoint) -> String {
        match self.via.proxy() {
            Some(proxy) => format!("connecting to the proxy {proxy} ({endpoint})"),
            None => format!("connecting to {endpoint}"),
        }
    }
}

/// Who judges the addresses that a name has.
#[derive(Debug)]
enum Owner {
    /// The target's: scope does.
    Target,
    /// The proxy's: the user named it.
    Proxy,
}

/// A name to be looked up, and what its addresses are for.
#[derive(Debug)]
struct Wanted {
    host: String,
    port: u16,
    owner: Owner,
    /// For SOCKS5 with local resolution: the tunnel's own end is looked up after the proxy's.
    via: Via,
    /// Where `via` is to lead once the name is known.
    tunnel_of: Option<Proxy>,
}

#[derive(Debug)]
enum Lookup {
    Done(Way),
    Name(Wanted),
}

impl Lookup {
    /// Everything that needs no resolver.
    fn of(origin: &Origin, route: &Route, scope: &Scope) -> Result<Self, Failure> {
        if let Some(path) = &route.unix_socket {
            return Ok(Self::Done(Way::to_socket(path)));
        }
        let (host, port) = route.dialled(origin);
        let Some(proxy) = &route.proxy else {
            return Self::addresses(
                Wanted { host, port, owner: Owner::Target, via: Via::Nothing, tunnel_of: None },
                route,
                scope,
            );
        };
        let via = match proxy.kind {
            ProxyKind::Socks5 => {
                let wanted = Wanted {
                    host,
                    port,
                    owner: Owner::Target,
                    via: Via::Nothing,
                    tunnel_of: Some(proxy.clone()),
                };
                return Self::addresses(wanted, route, scope);
            }
            ProxyKind::Http | ProxyKind::Https | ProxyKind::Socks5Named => {
                scope.admit_name(&host).map_err(|reason| out_of_scope(&reason))?;
                match forwarder(route, origin) {
                    Some(proxy) => Via::Forward(proxy.clone()),
                    None => Via::Tunnel(TunnelTo::new(proxy.clone(), host, port)),
                }
            }
        };
        Self::proxy(proxy, via, route, scope)
    }

    fn proxy(proxy: &Proxy, via: Via, route: &Route, scope: &Scope) -> Result<Self, Failure> {
        let (host, port) = (proxy.host.clone(), proxy.port);
        let wanted = Wanted { host, port, owner: Owner::Proxy, via, tunnel_of: None };
        Self::addresses(wanted, route, scope)
    }

    /// A literal, what the user gave, or a name to look up.
    fn addresses(wanted: Wanted, route: &Route, scope: &Scope) -> Result<Self, Failure> {
        let given = match wanted.owner {
            Owner::Target => route.addresses(&wanted.host, wanted.port),
            Owner::Proxy => None,
        };
        let literal = wanted.host.parse::<IpAddr>().ok();
        let known = given.map(<[IpAddr]>::to_vec).or(literal.map(|ip| vec![ip]));
        let Some(known) = known else { return Ok(Self::Name(wanted)) };
        let port = wanted.port;
        let found = known.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
        wanted.found(found, route, scope).map(Self::Done)
    }
}

impl Wanted {
    fn unresolved(&self, error: &io::Error) -> Failure {
        let whose = match self.owner {
            Owner::Target => "",
            Owner::Proxy => "the proxy ",
        };
        Failure::new(FailureClass::Dns, format!("resolving {whose}{}: {error}", self.host))
    }

    /// A name with addresses inside and outside of scope is dialled inside only; nothing is
    /// dialled twice.
    fn found(self, found: Vec<SocketAddr>, route: &Route, scope: &Scope) -> Result<Way, Failure> {
        let (mut addresses, mut refused) = (Vec::new(), None);
        let has_source = |address: &SocketAddr| {
            let mut sources = route.sources.iter();
            route.sources.is_empty() || sources.any(|from| from.is_ipv4() == address.is_ipv4())
        };
        for address in found.into_iter().filter(|address| route.family.includes(address.ip())) {
            let judged = match self.owner {
                Owner::Target => scope.admit_address(&self.host, address.ip()),
                Owner::Proxy => Ok(()),
            };
            match judged {
                Ok(()) if addresses.contains(&address) => {}
                Ok(()) => addresses.push(address),
                Err(reason) => refused = Some(out_of_scope(&reason)),
            }
        }
        if addresses.is_empty() {
            return Err(refused.unwrap_or_else(|| self.without_address(route)));
        }
        if let Some(proxy) = self.tunnel_of {
            let end = addresses[0].ip().to_string();
            let via = Via::Tunnel(TunnelTo::new(proxy.clone(), end, self.port));
            return proxy_way(&proxy, via, route, scope);
        }
        addresses.retain(has_source);
        if addresses.is_empty() {
            let detail = format!("no source address is of the family of {}'s", self.host);
            return Err(Failure::new(FailureClass::Connect, detail));
        }
        Ok(Way {
            endpoints: addresses.into_iter().map(Endpoint::Tcp).collect(),
            sources: route.sources.clone(),
            via: self.via,
        })
    }

    fn without_address(&self, route: &Route) -> Failure {
        let kind = match route.family {
            Family::Any => "address",
            Family::V4 => "IPv4 address",
            Family::V6 => "IPv6 address",
        };
        Failure::new(FailureClass::Dns, format!("resolving {}: it has no {kind}", self.host))
    }
}

/// The proxy's own addresses, after the target's were looked up: proxies are few and near, so
/// this lookup may block.
fn proxy_way(proxy: &Proxy, via: Via, route: &Route, scope: &Scope) -> Result<Way, Failure> {
    match Lookup::proxy(proxy, via, route, scope)? {
        Lookup::Done(way) => Ok(way),
        Lookup::Name(wanted) => {
            let name = (wanted.host.as_str(), wanted.port);
            let found = name.to_socket_addrs().map_err(|error| wanted.unresolved(&error))?;
            wanted.found(found.collect(), route, scope)
        }
    }
}

impl Way {
    fn to_socket(path: &Path) -> Self {
        let endpoints = vec![Endpoint::Unix(path.to_owned())];
        Self { endpoints, sources: Vec::new(), via: Via::Nothing }
    }
}

fn out_of_scope(reason: &OutOfScope) -> Failure {
    Failure::new(FailureClass::OutOfScope, reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ConnectTo;
    use crate::model::Resolve;
    use crate::model::Target;

    fn origin(url: &str) -> Origin {
        Target::parse(url).expect("valid").origin
    }

    fn find(url: &str, route: &Route) -> Result<Way, Failure> {
        let origin = origin(url);
        Way::find_blocking(&origin, route, &Scope::of_origin(origin.clone()))
    }

    fn shown(way: &Way) -> String {
        way.endpoints.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    fn resolving(text: &str) -> Route {
        Route { resolve: vec![Resolve::parse(text).expect("a rule")], ..Route::default() }
    }

    #[test]
    fn literals_are_not_looked_up() {
        for (url, expected) in
            [("http://127.0.0.1:80/", "127.0.0.1:80"), ("http://[::1]/", "[::1]:80")]
        {
            assert_eq!(shown(&find(url, &Route::default()).expect("local")), expected);
        }
    }

    #[test]
    fn addresses_out_of_scope_are_left_out_and_none_is_dialled_twice() {
        let route = resolving("h:80:8.8.8.8,::1,127.0.0.1,::1");
        assert_eq!(
            shown(&find("http://h/", &route).expect("two are local")),
            "[::1]:80 127.0.0.1:80"
        );
        let route = resolving("h:80:169.254.169.254");
        let failure = find("http://h/", &route).expect_err("link-local");
        assert_eq!(failure.class, FailureClass::OutOfScope);
    }

    #[test]
    fn another_address_or_host_is_judged_as_what_is_dialled() {
        let to = |text: &str| vec![ConnectTo::parse(text).expect("a rule")];
        let route = Route { connect_to: to("h:80:127.0.0.1:8080"), ..Route::default() };
        assert_eq!(shown(&find("http://h/", &route).expect("local")), "127.0.0.1:8080");
        let route = Route { connect_to: to("127.0.0.1:80:8.8.8.8:"), ..Route::default() };
        let failure = find("http://127.0.0.1/", &route).expect_err("somebody else's");
        assert_eq!(failure.class, FailureClass::OutOfScope);
    }

    #[test]
    fn a_family_without_an_address_is_a_dns_failure() {
        let mut route = resolving("h:80:127.0.0.1,::1");
        for (family, expected) in [(Family::V4, "127.0.0.1:80"), (Family::V6, "[::1]:80")] {
            route.family = family;
            assert_eq!(shown(&find("http://h/", &route).expect("one of each")), expected);
        }
        let failure = find("http://127.0.0.1/", &route).expect_err("not IPv6");
        assert_eq!(failure.class, FailureClass::Dns);
        assert!(failure.detail.contains("IPv6"), "{failure}");
    }

    #[test]
    fn sources_take_turns_within_the_family() {
        let sources = ["127.0.0.2", "::1", "127.0.0.3"].map(|text| text.parse().expect("valid"));
        let route = Route { sources: sources.to_vec(), ..Route::default() };
        let way = find("http://127.0.0.1/", &route).expect("local");
        let turns = [0, 1, 2].map(|turn| way.source(&way.endpoints[0], turn));
        assert_eq!(turns, [Some(sources[0]), Some(sources[2]), Some(sources[0])]);
        let route = Route { sources: vec![sources[1]], ..Route::default() };
        assert!(find("http://127.0.0.1/", &route).is_err());
    }

    #[test]
    fn a_name_that_cannot_exist_is_a_dns_failure() {
        // An empty label is refused by the resolver itself: no query leaves the machine.
        let origin = Origin { scheme: Scheme::Http, host: "no..name.invalid".into(), port: 80 };
        let scope = Scope::of_origin(origin.clone());
        let failure = Way::find_blocking(&origin, &Route::default(), &scope);
        assert_eq!(failure.expect_err("no such name").class, FailureClass::Dns);
    }

    #[test]
    fn a_forwarding_proxy_gets_the_absolute_form_and_our_name() {
        let proxy = Some(Proxy::parse("http://me:pw@127.0.0.1:3128").expect("a proxy"));
        let route = Route { proxy, ..Route::default() };
        let request = Request::get(origin("http://[::1]:81/"), "/a?b");
        let mut bytes = b"GET /a?b HTTP/1.1\r\nHost: [::1]:81\r\n\r\n".to_vec();
        dress(&route, &request, &mut bytes);
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            "GET http://[::1]:81/a?b HTTP/1.1\r\nProxy-Authorization: Basic bWU6cHc=\r\n\
             Host: [::1]:81\r\n\r\n"
        );
        let before = bytes.clone();
        dress(&Route::default(), &request, &mut bytes);
        assert_eq!(bytes, before);
    }

    #[test]
    fn a_proxy_takes_what_it_can_forward_and_tunnels_the_rest() {
        let through = |proxy: &str, url: &str| {
            let proxy = Some(Proxy::parse(proxy).expect("a proxy"));
            find(url, &Route { proxy, ..Route::default() }).expect("local")
        };
        let way = through("http://127.0.0.1:3128", "http://127.0.0.1:80/");
        assert_eq!(shown(&way), "127.0.0.1:3128");
        assert!(matches!(way.via, Via::Forward(_)));
        for (proxy, url) in [
            ("http://127.0.0.1:3128", "https://127.0.0.1/"),
            ("socks5://127.0.0.1:3128", "http://127.0.0.1/"),
            ("socks5h://127.0.0.1:3128", "http://localhost/"),
        ] {
            let way = through(proxy, url);
            assert_eq!(shown(&way), "127.0.0.1:3128");
            assert!(matches!(way.via, Via::Tunnel(_)), "{proxy} {url}");
        }
        let proxy = Some(Proxy::parse("127.0.0.1:3128").expect("a proxy"));
        let route = Route { proxy, ..Route::default() };
        let failure = find("http://shop.example/", &route).expect_err("it may be anywhere");
        assert_eq!(failure.class, FailureClass::OutOfScope);
    }
}
