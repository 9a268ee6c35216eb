//! A proxy between us and the target.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;

/// A proxy as the user named it. [`fmt::Debug`] and [`fmt::Display`] leave its password out.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What it speaks.
    pub kind: ProxyKind,
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User and password, percent encoding removed.
    pub credentials: Option<(String, String)>,
}

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// Requests in absolute form, and `CONNECT` for https.
    Http,
    /// The same over TLS, so that nobody on the way to the proxy sees where to, or the password.
    Https,
    /// SOCKS5 with an address that we resolve, as curl's `socks5://`.
    Socks5,
    /// SOCKS5 with a name that the proxy resolves, as curl's `socks5h://`.
    Socks5Named,
}

/// curl's default for every kind of proxy but those over TLS.
const DEFAULT_PORT: u16 = 1080;

impl ProxyKind {
    /// Whether it takes requests in absolute form, and `CONNECT`.
    pub fn speaks_http(self) -> bool {
        match self {
            Self::Http | Self::Https => true,
            Self::Socks5 | Self::Socks5Named => false,
        }
    }
}

impl Proxy {
    /// Parses `[http://|https://|socks5://|socks5h://][USER:PASSWORD@]HOST[:PORT]`, curl's meaning of `-x`.
    ///
    /// # Errors
    /// What to write instead; the text itself is not repeated where it may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let with_scheme =
            if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&with_scheme)
            .map_err(|cause| format!("the proxy is no URL: {cause}; {EXAMPLE}"))?;
        let kind = match url.scheme() {
            "http" => ProxyKind::Http,
            "https" => ProxyKind::Https,
            "socks5" => ProxyKind::Socks5,
            "socks5h" => ProxyKind::Socks5Named,
            other => {
                return Err(format!(
                    "proxies with the scheme `{other}` are not supported; {EXAMPLE}"
                ));
            }
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| format!("the proxy has no host; {EXAMPLE}"))?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(format!("a proxy has no path; {EXAMPLE}"));
        }
        // The port of `http://` is left out by the parser when it is 80.
        let names_port_80 = with_scheme.trim_end_matches('/').ends_with(":80");
        let default_port = match kind {
            ProxyKind::Https => 443,
            ProxyKind::Http if names_port_80 => 80,
            ProxyKind::Http | ProxyKind::Socks5 | ProxyKind::Socks5Named => DEFAULT_PORT,
        };
        let port = url.port().unwrap_or(default_port);
        Ok(Self {
            kind,
            host: host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase(),
            port,
            credentials: credentials(&url)?,
        })
    }

    /// The value of `Proxy-Authorization`, if the proxy wants to know who we are.
    pub fn authorization(&self) -> Option<String> {
        let (user, password) = self.credentials.as_ref()?;
        Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
    }
}

const EXAMPLE: &str = "write it like http://127.0.0.1:3128 or socks5://127.0.0.1:1080";

fn credentials(url: &Url) -> Result<Option<(String, String)>, String> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
    // SOCKS5 counts each in one byte (RFC 1929), and Basic has no colon in its user (RFC 7617).
    if user.contains(':') || user.len() > 255 || password.len() > 255 {
        return Err("the proxy's user has a colon, or it or the password is longer than 255 bytes"
            .to_owned());
    }
    Ok(Some((user, password)))
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            ProxyKind::Http => "http",
            ProxyKind::Https => "https",
            ProxyKind::Socks5 => "socks5",
            ProxyKind::Socks5Named => "socks5h",
        };
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        write!(f, "{scheme}://{host}:{}", self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.credentials.as_ref().map(|(user, _)| user);
        let mut shown = f.debug_struct("Proxy");
        shown.field("at", &self.to_string()).field("user", &who).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read_as_curl_reads_them() {
        let cases = [
            ("127.0.0.1", ProxyKind::Http, "http://127.0.0.1:1080"),
            ("http://Proxy.example:80", ProxyKind::Http, "http://proxy.example:80"),
            ("http://[::1]:3128/", ProxyKind::Http, "http://[::1]:3128"),
            ("https://proxy.example", ProxyKind::Https, "https://proxy.example:443"),
            ("https://127.0.0.1:8443", ProxyKind::Https, "https://127.0.0.1:8443"),
            ("socks5://localhost", ProxyKind::Socks5, "socks5://localhost:1080"),
            ("socks5h://localhost:9050", ProxyKind::Socks5Named, "socks5h://localhost:9050"),
        ];
        for (text, kind, shown) in cases {
            let proxy = Proxy::parse(text).expect(text);
            assert_eq!((proxy.kind, proxy.to_string().as_str()), (kind, shown));
            assert_eq!(proxy.authorization(), None);
        }
    }

    #[test]
    fn a_password_is_sent_and_never_shown() {
        let proxy = Proxy::parse("http://me:hun%40ter2@127.0.0.1:1").expect("a proxy");
        assert_eq!(proxy.authorization().as_deref(), Some("Basic bWU6aHVuQHRlcjI="));
        for shown in [proxy.to_string(), format!("{proxy:?}")] {
            assert!(!shown.contains("ter2"), "{shown}");
        }
        let refused = Proxy::parse("ftp://me:hunter2@127.0.0.1:1").expect_err("no proxy");
        assert!(!refused.contains("hunter2"), "{refused}");
    }

    #[test]
    fn what_is_no_proxy_is_refused_with_an_example() {
        for text in ["ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://h/path", "a b"]
        {
            let error = Proxy::parse(text).expect_err(text);
            assert!(error.contains("socks5://"), "{text}: {error}");
        }
    }
}
