//! Where connections go, when that is not where the URL says; curl's words and meaning.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::address::Origin;
use super::proxy::Proxy;
use super::proxy::ProxyKind;

/// How an origin is reached. [`Default`] is straight: the URL's host by the system's resolver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// Another host and port for some (`--connect-to`); the first that matches counts.
    pub connect_to: Vec<ConnectTo>,
    /// Addresses instead of the resolver's (`--resolve`).
    pub resolve: Vec<Resolve>,
    /// Which of a name's addresses are used.
    pub family: Family,
    /// Every connection goes to this socket, and nothing is resolved.
    pub unix_socket: Option<PathBuf>,
    /// Connections come from these addresses, one after the other; none leaves it to the system.
    pub sources: Vec<IpAddr>,
    /// Every connection goes through it.
    pub proxy: Option<Proxy>,
}

/// `HOST1:PORT1:HOST2:PORT2`: what is for the first goes to the second. TLS and `Host` still name
/// the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectTo {
    /// `None` matches every host.
    pub host: Option<String>,
    /// `None` matches every port.
    pub port: Option<u16>,
    /// `None` keeps the host.
    pub to_host: Option<String>,
    /// `None` keeps the port.
    pub to_port: Option<u16>,
}

/// `HOST:PORT:ADDRESS[,ADDRESS…]`: what the name means for that port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// `None` (`*`) is every host.
    pub host: Option<String>,
    /// The port.
    pub port: u16,
    /// Never none.
    pub addresses: Vec<IpAddr>,
}

/// Which addresses of a name are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Family {
    /// All.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    /// Whether `address` is one of it.
    pub fn includes(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// Whether a connection carries more than one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConnectionReuse {
    /// As many as the server lets it.
    #[default]
    On,
    /// One: every request connects anew and says `Connection: close`.
    Off,
}

/// Source addresses that one range may name; each has tens of thousands of ports.
const MAX_SOURCES: u32 = 4096;

impl Route {
    /// Lets what `other` says go before what is here; where it says nothing, all stays.
    pub fn put_before(&mut self, other: &Self) {
        self.connect_to.splice(..0, other.connect_to.iter().cloned());
        self.resolve.splice(..0, other.resolve.iter().cloned());
        if other.family != Family::Any {
            self.family = other.family;
        }
        if other.unix_socket.is_some() {
            self.unix_socket.clone_from(&other.unix_socket);
        }
        if !other.sources.is_empty() {
            self.sources.clone_from(&other.sources);
        }
        if other.proxy.is_some() {
            self.proxy.clone_from(&other.proxy);
        }
    }

    /// What cannot hold together: one of the two would do nothing.
    ///
    /// # Errors
    /// Which, in the words of the command line and the plan alike.
    pub fn check(&self) -> Result<(), String> {
        let given = [
            ("connect-to", !self.connect_to.is_empty()),
            ("resolve", !self.resolve.is_empty()),
            ("local addresses", !self.sources.is_empty()),
            ("a proxy", self.proxy.is_some()),
            ("an address family", self.family != Family::Any),
        ];
        if self.unix_socket.is_some()
            && let Some((what, _)) = given.into_iter().find(|(_, given)| *given)
        {
            return Err(format!(
                "a unix socket is where every connection goes: {what} does nothing"
            ));
        }
        let asks_proxy = self.proxy.as_ref().is_some_and(|proxy| proxy.kind != ProxyKind::Socks5);
        if asks_proxy && !self.resolve.is_empty() {
            return Err("the proxy resolves names itself: resolve does nothing (socks5:// is a \
                        proxy for which we resolve)"
                .to_owned());
        }
        Ok(())
    }

    /// Host and port that a connection for `origin` is made to.
    pub fn dialled(&self, origin: &Origin) -> (String, u16) {
        let rule = self.connect_to.iter().find(|rule| rule.matches(origin));
        let host = rule.and_then(|rule| rule.to_host.clone());
        let port = rule.and_then(|rule| rule.to_port);
        (host.unwrap_or_else(|| origin.host.clone()), port.unwrap_or(origin.port))
    }

    /// The addresses that the user gave for a host and port, if any.
    pub fn addresses(&self, host: &str, port: u16) -> Option<&[IpAddr]> {
        let rule = self.resolve.iter().find(|rule| {
            rule.port == port
                && rule.host.as_ref().is_none_or(|named| named.eq_ignore_ascii_case(host))
        });
        rule.map(|rule| rule.addresses.as_slice())
    }
}

impl ConnectTo {
    /// Parses `HOST1:PORT1:HOST2:PORT2`; each part may be empty, IPv6 stands in brackets.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not HOST:PORT:HOST2:PORT2, like example.com:443:127.0.0.1:8443")
        };
        let (host, rest) = host_and_rest(text).ok_or_else(wrong)?;
        let (port, rest) = rest.split_once(':').ok_or_else(wrong)?;
        let (to_host, to_port) = host_and_rest(rest).ok_or_else(wrong)?;
        Ok(Self {
            host,
            port: optional_port(port).map_err(|NoPort| wrong())?,
            to_host,
            to_port: optional_port(to_port).map_err(|NoPort| wrong())?,
        })
    }

    fn matches(&self, origin: &Origin) -> bool {
        self.host.as_ref().is_none_or(|host| host.eq_ignore_ascii_case(&origin.host))
            && self.port.is_none_or(|port| port == origin.port)
    }
}

impl Resolve {
    /// Parses `HOST:PORT:ADDRESS[,ADDRESS…]`; `*` is every host.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not HOST:PORT:ADDRESS, like example.com:443:127.0.0.1");
        let (host, rest) = host_and_rest(text).ok_or_else(wrong)?;
        let (port, addresses) = rest.split_once(':').ok_or_else(wrong)?;
        let host = host.ok_or_else(wrong)?;
        let address = |text: &str| bare(text.trim()).parse().map_err(|_| wrong());
        Ok(Self {
            host: (host != "*").then_some(host),
            port: optional_port(port).ok().flatten().ok_or_else(wrong)?,
            addresses: addresses.split(',').map(address).collect::<Result<_, _>>()?,
        })
    }
}

/// Parses source addresses: `A[,B…]`, and ranges like `127.0.0.2-127.0.0.50`.
///
/// # Errors
/// What to write instead.
pub fn parse_sources(text: &str) -> Result<Vec<IpAddr>, String> {
    let mut sources = Vec::new();
    for part in text.split(',').map(str::trim) {
        match part.split_once('-') {
            Some((first, last)) => range(part, first.trim(), last.trim(), &mut sources)?,
            None => sources.push(bare(part).parse().map_err(|_| {
                format!("`{part}` is not an address of this machine; write 127.0.0.2 or 127.0.0.2-127.0.0.9")
            })?),
        }
    }
    Ok(sources)
}

fn range(part: &str, first: &str, last: &str, sources: &mut Vec<IpAddr>) -> Result<(), String> {
    let parsed = first.parse::<Ipv4Addr>().ok().zip(last.parse::<Ipv4Addr>().ok());
    let (first, last) = parsed.ok_or_else(|| {
        format!("`{part}` is not a range of IPv4 addresses; write it like 127.0.0.2-127.0.0.9")
    })?;
    let (first, last) = (u32::from(first), u32::from(last));
    if first > last || last - first >= MAX_SOURCES {
        return Err(format!("`{part}` is not a range of 1 to {MAX_SOURCES} addresses"));
    }
    sources.extend((first..=last).map(|address| IpAddr::from(Ipv4Addr::from(address))));
    Ok(())
}

/// What stands before the first colon outside of brackets (`None` for nothing), and what after it.
fn host_and_rest(text: &str) -> Option<(Option<String>, &str)> {
    let end = match text.strip_prefix('[') {
        Some(inside) => inside.find(']')? + 2,
        None => text.find(':')?,
    };
    let rest = text.get(end..)?.strip_prefix(':')?;
    let host = bare(&text[..end]);
    Some(((!host.is_empty()).then(|| host.to_ascii_lowercase()), rest))
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// `None` for nothing.
fn optional_port(text: &str) -> Result<Option<u16>, NoPort> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().ok().filter(|port| *port > 0).map(Some).ok_or(NoPort)
}

/// The text is no port.
struct NoPort;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    fn origin(url: &str) -> Origin {
        Target::parse(url).expect("valid").origin
    }

    #[test]
    fn connect_to_matches_and_replaces_what_is_named() {
        let rule = |text: &str| ConnectTo::parse(text).expect(text);
        let cases = [
            ("a.example:443:127.0.0.1:8443", "https://A.example/", ("127.0.0.1", 8443)),
            ("a.example:443:127.0.0.1:8443", "https://b.example/", ("b.example", 443)),
            ("a.example:80:127.0.0.1:8443", "https://a.example/", ("a.example", 443)),
            ("::127.0.0.1:", "https://b.example/", ("127.0.0.1", 443)),
            ("::[::1]:8443", "https://b.example/", ("::1", 8443)),
            ("[::1]:80::81", "http://[::1]/", ("::1", 81)),
        ];
        for (text, url, (host, port)) in cases {
            let route = Route { connect_to: vec![rule(text)], ..Route::default() };
            assert_eq!(route.dialled(&origin(url)), (host.to_owned(), port), "{text} {url}");
        }
    }

    #[test]
    fn resolve_gives_addresses_to_a_name_and_port() {
        let resolve = ["a.example:80:127.0.0.2,[::1]", "*:443:127.0.0.9"];
        let resolve = resolve.map(|text| Resolve::parse(text).expect(text)).to_vec();
        let route = Route { resolve, ..Route::default() };
        let given = |host, port| {
            route.addresses(host, port).map(|found| found.iter().map(ToString::to_string).collect())
        };
        let list = |texts: &[&str]| Some(texts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(given("A.example", 80), list(&["127.0.0.2", "::1"]));
        assert_eq!(given("b.example", 443), list(&["127.0.0.9"]));
        assert_eq!(given("b.example", 80), None);
    }

    #[test]
    fn what_is_no_rule_is_refused_with_an_example() {
        for text in ["a:1:b", "a:x:b:1", "a:1:b:0", "a:1:b:70000", "[::1:1:b:1", "", "a"] {
            assert!(ConnectTo::parse(text).expect_err(text).contains("127.0.0.1:8443"), "{text}");
        }
        for text in ["a:1:b", "a::127.0.0.1", ":1:127.0.0.1", "a:1:", "a", ""] {
            assert!(Resolve::parse(text).expect_err(text).contains("example.com"), "{text}");
        }
    }

    #[test]
    fn sources_are_addresses_and_ranges() {
        let texts = |sources: Vec<IpAddr>| {
            sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let sources = parse_sources("127.0.0.9, 127.0.0.255-127.0.1.1,::1").expect("addresses");
        assert_eq!(texts(sources), "127.0.0.9 127.0.0.255 127.0.1.0 127.0.1.1 ::1");
        for text in ["", "127.0.0.3-127.0.0.2", "127.0.0.0-127.255.0.0", "::1-::2", "eth0"] {
            assert!(parse_sources(text).is_err(), "{text}");
        }
    }
}
