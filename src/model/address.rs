//! Where a request goes: scheme, host and port, and the target that a run is aimed at.

use std::fmt;
use std::net::IpAddr;

use url::Url;

/// The two schemes Shakedown speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The port used when a URL names none: 80 or 443.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Scheme, host and port; the host is lower-case and IPv6 addresses carry no brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// DNS name or address literal, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// Why a text is not a target.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OriginError {
    /// The text is no URL at all.
    #[error("`{text}` is not a URL: {cause}; write it like http://127.0.0.1:8080/")]
    NotAUrl {
        /// What was given.
        text: String,
        /// The parser's word.
        cause: String,
    },
    /// Another scheme than http and https.
    #[error("`{text}` has the scheme `{scheme}`; only http and https are supported")]
    Scheme {
        /// What was given.
        text: String,
        /// Its scheme.
        scheme: String,
    },
    /// A URL with a user or a password, which would not be sent.
    #[error(
        "a user and password in a URL are not sent; give them as a header, \
         `Authorization: Basic …`, and leave them out of the URL"
    )]
    Credentials,
    /// A URL without a host.
    #[error("`{text}` names no host")]
    NoHost {
        /// What was given.
        text: String,
    },
}

impl Origin {
    /// The origin of a parsed URL.
    ///
    /// # Errors
    /// [`OriginError::Scheme`] for anything but http(s), [`OriginError::NoHost`] without a host.
    pub fn of(url: &Url) -> Result<Self, OriginError> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => {
                return Err(OriginError::Scheme {
                    text: url.to_string(),
                    scheme: other.to_owned(),
                });
            }
        };
        let host = match url.host() {
            Some(url::Host::Domain(name)) => name.to_ascii_lowercase(),
            Some(url::Host::Ipv4(ip)) => ip.to_string(),
            Some(url::Host::Ipv6(ip)) => ip.to_string(),
            None => return Err(OriginError::NoHost { text: url.to_string() }),
        };
        let port = url.port().unwrap_or(scheme.default_port());
        Ok(Self { scheme, host, port })
    }

    /// The value of a `Host` header: brackets around IPv6, default ports left out.
    pub fn host_header(&self) -> String {
        let host = self.bracketed_host();
        if self.port == self.scheme.default_port() { host } else { format!("{host}:{}", self.port) }
    }

    /// The address, if the host is a literal.
    pub fn literal_ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    fn bracketed_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host_header())
    }
}

/// What a run is aimed at: an origin and the path and query that the user gave.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Where to connect.
    pub origin: Origin,
    /// Path and query as the user's URL had them, at least `/`.
    pub path_and_query: String,
}

impl Target {
    /// Parses a URL; a text without a scheme gets `http://`, as `curl` does it.
    ///
    /// # Errors
    /// [`OriginError`] with what to write instead.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let with_scheme =
            if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&with_scheme).map_err(|cause| OriginError::NotAUrl {
            text: text.to_owned(),
            cause: cause.to_string(),
        })?;
        let origin = Origin::of(&url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError::Credentials);
        }
        let mut path_and_query = url.path().to_owned();
        if path_and_query.is_empty() {
            path_and_query.push('/');
        }
        if let Some(query) = url.query() {
            path_and_query.push('?');
            path_and_query.push_str(query);
        }
        Ok(Self { origin, path_and_query })
    }

    /// The absolute URL.
    pub fn url(&self) -> String {
        format!("{}{}", self.origin, self.path_and_query)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_url_are_refused_and_not_repeated() {
        let error = Target::parse("http://me:hunter2@127.0.0.1/").expect_err("not sent");
        assert_eq!(error, OriginError::Credentials);
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn host_header_brackets_ipv6_and_drops_default_port() {
        let target = Target::parse("https://[::1]/x?y=1").expect("a valid URL");
        assert_eq!(target.origin.host_header(), "[::1]");
        assert_eq!(target.path_and_query, "/x?y=1");
        assert_eq!(target.url(), "https://[::1]/x?y=1");
    }

    #[test]
    fn scheme_is_optional_and_path_defaults_to_root() {
        assert_eq!(Target::parse("localhost:8080").expect("valid").url(), "http://localhost:8080/");
    }

    #[test]
    fn other_schemes_are_refused_by_name() {
        let error = Target::parse("ftp://x/").expect_err("ftp is not supported");
        assert!(error.to_string().contains("`ftp`"), "{error}");
    }
}
