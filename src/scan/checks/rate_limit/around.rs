//! Ways around a limit: the same request, written in a way that the limiter takes for another.
//!
//! A way is proven where it is let in twice, and a plain copy is refused before, between and behind. What is
//! let in because the window has ended is so for plain copies too.

use super::bench::Bench;
use super::bench::Halt;
use super::bench::Sent;
use super::kind::Kind;
use super::kind::Usual;
use crate::model::Header;
use crate::model::Method;
use crate::model::Request;

/// Headers in which a proxy says for whom it asks.
const SENDERS: [&str; 5] =
    ["X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "X-Client-IP"];

/// Networks that are only for documentation (RFC 5737): nobody has these addresses.
const NETWORKS: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];

/// One way of writing the request.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Way {
    /// For people.
    name: String,
    request: Request,
    /// What a page may repeat of it, and what stood there otherwise.
    sent: String,
    instead: String,
}

/// A way that leads around the limit.
#[derive(Debug, Clone)]
pub(super) struct Proven {
    pub(super) name: String,
    /// Plain copies, which were refused.
    pub(super) controls: [Sent; 3],
    /// What was let in between them.
    pub(super) let_in: [Sent; 2],
}

/// What came of all ways.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub(super) proven: Vec<Proven>,
    pub(super) tried: usize,
    pub(super) ways: usize,
}

/// Tries every way while the limit is in force.
pub(super) async fn look(bench: &mut Bench<'_>, usual: &Usual) -> Result<Around, Halt> {
    let ways = drawn(bench);
    let mut around = Around { ways: ways.len(), ..Around::default() };
    let mut before = bench.plain().await?;
    for way in ways {
        if before.kind != Kind::Refused {
            break;
        }
        let Some(first) = let_in(bench, usual, &way).await? else {
            around.tried += 1;
            continue;
        };
        let between = bench.plain().await?;
        if between.kind != Kind::Refused {
            // It was the window that ended.
            break;
        }
        let Some(second) = let_in(bench, usual, &way).await? else {
            around.tried += 1;
            before = between;
            continue;
        };
        let after = bench.plain().await?;
        if after.kind == Kind::Refused && !bench.may_have_filled(&before, &second) {
            around.tried += 1;
            let controls = [before, between, after.clone()];
            around.proven.push(Proven { name: way.name, controls, let_in: [first, second] });
        }
        before = after;
    }
    Ok(around)
}

async fn let_in(bench: &mut Bench<'_>, usual: &Usual, way: &Way) -> Result<Option<Sent>, Halt> {
    let sent = bench.otherwise(way.request.clone(), &way.name).await?;
    let is_in =
        |sent: &Sent| sent.kind == Kind::LetIn && usual.is(&sent.shot, &way.sent, &way.instead);
    Ok(sent.filter(is_in))
}

/// The ways, with addresses and a word that nobody has sent.
fn drawn(bench: &mut Bench<'_>) -> Vec<Way> {
    let word = bench.probe.sender().word();
    let numbers = SENDERS.map(|_| bench.probe.sender().number());
    ways(&bench.limit.request, &numbers.map(address), &word)
}

/// An address of documentation.
fn address(number: u32) -> String {
    let number = number as usize;
    let network = NETWORKS[number % NETWORKS.len()];
    format!("{network}.{}", number / NETWORKS.len() % 254 + 1)
}

fn ways(base: &Request, addresses: &[String; 5], word: &str) -> Vec<Way> {
    let senders = SENDERS.into_iter().zip(addresses);
    let mut ways: Vec<Way> =
        senders.map(|(name, address)| by_header(base, name, address)).collect();
    if let Ok(target) = std::str::from_utf8(&base.path_and_query) {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let joined = |path: &str| match query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let paths = [
            ("another case of the path", other_case(path)),
            ("a slash at the end of the path", other_end(path)),
            ("a doubled slash in the path", doubled(path)),
        ];
        for (name, other) in paths {
            let Some(other) = other else { continue };
            let request = Request { path_and_query: joined(&other).into_bytes(), ..base.clone() };
            let name = format!("{name} ({other})");
            ways.push(Way { name, request, sent: other, instead: path.to_owned() });
        }
        let sign = if query.is_some() { '&' } else { '?' };
        let longer = format!("{target}{sign}{word}=1").into_bytes();
        let request = Request { path_and_query: longer, ..base.clone() };
        let name = format!("one parameter more ({word}=1)");
        ways.push(Way { name, request, sent: word.to_owned(), instead: String::new() });
    }
    if base.method == Method::get() {
        let request = Request { method: Method::new("HEAD"), ..base.clone() };
        let (sent, instead) = (String::new(), String::new());
        ways.push(Way { name: "HEAD".to_owned(), request, sent, instead });
    }
    ways
}

fn by_header(base: &Request, name: &str, address: &str) -> Way {
    let mut request = base.clone();
    request.headers.retain(|header| !header.is(name));
    let value = if name == "Forwarded" { format!("for={address}") } else { address.to_owned() };
    let shown = format!("{name}: {value}");
    request.headers.push(Header::new(name, value));
    Way { name: shown, request, sent: address.to_owned(), instead: String::new() }
}

/// The last part of the path that has letters, in capitals, or in small letters where it has none.
fn other_case(path: &str) -> Option<String> {
    let letter = path.rfind(|c: char| c.is_ascii_alphabetic())?;
    let start = path[..letter].rfind('/').map_or(0, |slash| slash + 1);
    let (before, last) = path.split_at(start);
    let has_small = last.bytes().any(|byte| byte.is_ascii_lowercase());
    let other = if has_small { last.to_ascii_uppercase() } else { last.to_ascii_lowercase() };
    Some(format!("{before}{other}"))
}

fn other_end(path: &str) -> Option<String> {
    match path.strip_suffix('/') {
        Some("") => None,
        Some(without) => Some(without.to_owned()),
        None => Some(format!("{path}/")),
    }
}

fn doubled(path: &str) -> Option<String> {
    let slash = path.trim_end_matches('/').rfind('/')?;
    Some(format!("{}/{}", &path[..slash], &path[slash..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    fn base(method: &str, path: &str) -> Request {
        let origin = Target::parse("http://127.0.0.1:8080/").expect("a target").origin;
        Request { method: Method::new(method), ..Request::get(origin, path) }
    }

    fn all(request: &Request) -> Vec<Way> {
        ways(request, &[1000, 1001, 1002, 1003, 9999].map(address), "abcdefghij")
    }

    fn paths(request: &Request) -> Vec<String> {
        let all = all(request).into_iter();
        let paths = all.map(|way| way.request.path_and_query_text().into_owned());
        paths.filter(|path| *path != request.path_and_query_text()).collect()
    }

    #[test]
    fn every_way_differs_in_one_thing() {
        let get = base("GET", "/api/login?a=1");
        let written = paths(&get);
        assert_eq!(
            written,
            ["/api/LOGIN?a=1", "/api/login/?a=1", "/api//login?a=1", "/api/login?a=1&abcdefghij=1"]
        );
        assert_eq!(all(&get).len() as u64, super::super::cost::MOST_WAYS);
        let post = base("POST", "/");
        assert_eq!(paths(&post), ["/?abcdefghij=1"]);
        assert!(all(&post).iter().all(|way| way.request.method == post.method));
        assert_eq!(paths(&base("POST", "/A/"))[..2], ["/a/", "/A"]);
    }

    #[test]
    fn addresses_are_nobodys_and_replace_what_the_request_says() {
        let mut request = base("GET", "/");
        request.headers.push(Header::new("x-real-ip", "10.0.0.1"));
        for (index, way) in all(&request).iter().take(SENDERS.len()).enumerate() {
            let header = way.request.header(SENDERS[index]).expect("it is there");
            let text = header.text().into_owned();
            let address = text.trim_start_matches("for=");
            assert!(NETWORKS.iter().any(|network| address.starts_with(network)), "{text}");
            let address = address.parse::<std::net::Ipv4Addr>().expect("an address");
            assert!(address.is_documentation() && address.octets()[3] > 0);
        }
        let own = all(&request)[1].request.headers.iter().filter(|it| it.is("X-Real-IP")).count();
        assert_eq!(own, 1);
    }
}
