//! What the user decides about TLS, apart from whom to trust.

use std::path::PathBuf;

/// How handshakes are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// Shown to servers that ask who we are.
    pub identity: Option<ClientIdentity>,
    /// Named in the handshake (SNI), and looked for in the certificate, instead of the URL's host.
    pub server_name: Option<String>,
    /// Which versions are offered.
    pub versions: TlsVersions,
    /// Whether sessions are resumed.
    pub sessions: SessionReuse,
}

/// A client certificate and its key, as PEM files; one file may hold both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The certificate, followed by those that lead to the authority.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// The versions of TLS that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2, RFC 5246.
    V1_2,
    /// TLS 1.3, RFC 8446.
    V1_3,
}

impl TlsVersion {
    /// `1.2` or `1.3`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }

    /// The version of that number.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "1.2" => Ok(Self::V1_2),
            "1.3" => Ok(Self::V1_3),
            "1.0" | "1.1" => Err(format!("TLS {text} is broken and not supported; use 1.2 or 1.3")),
            _ => Err(format!("`{text}` is not a version of TLS; write 1.2 or 1.3")),
        }
    }
}

/// A range of versions that is never empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsVersions {
    /// Both; the server chooses.
    #[default]
    Any,
    /// This one alone.
    Only(TlsVersion),
}

impl TlsVersions {
    /// From `min` to `max`; what is not given is not limited.
    ///
    /// # Errors
    /// The two exclude each other.
    pub fn between(min: Option<TlsVersion>, max: Option<TlsVersion>) -> Result<Self, String> {
        match (min, max) {
            (Some(TlsVersion::V1_3), Some(TlsVersion::V1_2)) => {
                Err("no version of TLS is at least 1.3 and at most 1.2".to_owned())
            }
            (Some(TlsVersion::V1_3), _) => Ok(Self::Only(TlsVersion::V1_3)),
            (_, Some(TlsVersion::V1_2)) => Ok(Self::Only(TlsVersion::V1_2)),
            (None | Some(TlsVersion::V1_2), None | Some(TlsVersion::V1_3)) => Ok(Self::Any),
        }
    }

    /// Whether `version` is offered.
    pub fn allow(self, version: TlsVersion) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == version,
        }
    }
}

/// What a new connection does with the session of an earlier one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SessionReuse {
    /// It resumes it, as browsers do: the handshake is shorter.
    #[default]
    On,
    /// Every handshake is a full one, as new clients make it.
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_the_version_make_a_range_that_is_not_empty() {
        let version = |text: &str| Some(TlsVersion::parse(text).expect("a version"));
        let cases = [
            (None, None, Ok(TlsVersions::Any)),
            (version("1.2"), version("1.3"), Ok(TlsVersions::Any)),
            (version("1.3"), None, Ok(TlsVersions::Only(TlsVersion::V1_3))),
            (None, version("1.2"), Ok(TlsVersions::Only(TlsVersion::V1_2))),
        ];
        for (min, max, range) in cases {
            assert_eq!(TlsVersions::between(min, max), range, "{min:?} {max:?}");
        }
        assert!(TlsVersions::between(version("1.3"), version("1.2")).is_err());
        assert!(TlsVersion::parse("1.1").expect_err("too old").contains("1.2"));
    }
}
