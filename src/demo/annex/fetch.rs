//! The shop's HTTP client for addresses that visitors name. Whatever it is asked for, it connects
//! to loopback only and looks nothing up: another address is refused as if a firewall did it.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use url::Host;
use url::Url;

const CONNECT_LIMIT: Duration = Duration::from_secs(1);
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
const SIZE_LIMIT: u64 = 64 << 10;

/// What came back.
#[derive(Debug)]
pub(in crate::demo) struct Fetched {
    pub(in crate::demo) status: u16,
    pub(in crate::demo) content_type: String,
    pub(in crate::demo) body: String,
}

/// Why nothing came back, as client libraries say it.
#[derive(Debug, Error)]
pub(in crate::demo) enum FetchError {
    /// Not an address at all.
    #[error("malformed URL")]
    Malformed,
    /// A scheme the client does not speak.
    #[error("protocol \"{0}\" not supported")]
    Scheme(String),
    /// Not a loopback address.
    #[error("could not resolve host: {0}")]
    Unreachable(String),
    /// Nobody listens there.
    #[error("failed to connect to {0}: connection refused")]
    Refused(SocketAddr),
    /// Connected, but no HTTP came.
    #[error("empty reply from server")]
    Empty,
}

/// Gets a page of this machine.
pub(in crate::demo) async fn fetch(address: &str) -> Result<Fetched, FetchError> {
    let url = Url::parse(address.trim()).map_err(|_| FetchError::Malformed)?;
    if url.scheme() != "http" {
        return Err(FetchError::Scheme(url.scheme().to_owned()));
    }
    let peer = loopback(&url)
        .ok_or_else(|| FetchError::Unreachable(url.host_str().unwrap_or("").to_owned()))?;
    let connecting = tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(peer));
    let Ok(Ok(stream)) = connecting.await else {
        return Err(FetchError::Refused(peer));
    };
    let answer = tokio::time::timeout(ANSWER_LIMIT, exchange(stream, &url)).await;
    let answer = answer.ok().and_then(Result::ok).ok_or(FetchError::Empty)?;
    parsed(&String::from_utf8_lossy(&answer)).ok_or(FetchError::Empty)
}

/// Where the URL leads, if that is this machine.
fn loopback(url: &Url) -> Option<SocketAddr> {
    let address = match url.host()? {
        Host::Ipv4(address) if address.is_loopback() => IpAddr::V4(address),
        Host::Ipv6(address) if address == Ipv6Addr::LOCALHOST => IpAddr::V6(address),
        Host::Ipv6(address) => IpAddr::V4(address.to_ipv4_mapped().filter(Ipv4Addr::is_loopback)?),
        Host::Domain(name) if name == "localhost" || name.ends_with(".localhost") => {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        }
        Host::Ipv4(_) | Host::Domain(_) => return None,
    };
    Some(SocketAddr::new(address, url.port_or_known_default()?))
}

async fn exchange(mut stream: TcpStream, url: &Url) -> std::io::Result<Vec<u8>> {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let host = url.host_str().unwrap_or("");
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    // 1.0, so that the answer is neither chunked nor kept open.
    let request = format!(
        "GET {}{query} HTTP/1.0\r\nHost: {host}{port}\r\nUser-Agent: FernShop-Import/1.4\r\nAccept: */*\r\n\r\n",
        url.path()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(SIZE_LIMIT).read_to_end(&mut answer).await?;
    Ok(answer)
}

fn parsed(answer: &str) -> Option<Fetched> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let content_type = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map(|(_, value)| value.trim().to_owned());
    Some(Fetched { status, content_type: content_type.unwrap_or_default(), body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::loopback;
    use url::Url;

    #[test]
    fn only_this_machine_is_reached() {
        for inside in [
            "http://127.0.0.1/",
            "http://127.9.9.9:81/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://localhost:8080/",
            "http://x.localhost/",
        ] {
            let peer = loopback(&Url::parse(inside).expect("a URL"));
            assert!(peer.is_some_and(|peer| peer.ip().is_loopback()), "{inside}");
        }
        for outside in [
            "http://10.0.0.1/",
            "http://shop.example/",
            "http://[fe80::1]/",
            "http://localhost.example/",
            "http://0.0.0.0/",
        ] {
            assert_eq!(loopback(&Url::parse(outside).expect("a URL")), None, "{outside}");
        }
    }
}
