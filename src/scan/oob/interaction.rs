//! What came by.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::dns;
use super::id::OobId;

/// In what someone spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OobProtocol {
    /// A name was looked up, over UDP or TCP.
    Dns,
    /// An FTP client logged in.
    Ftp,
    /// A request.
    Http,
    /// A request over TLS.
    Https,
    /// A directory was asked.
    Ldap,
    /// A Java registry was asked.
    Rmi,
    /// A mail.
    Smtp,
    /// Bytes that are none of the others.
    Tcp,
    /// The first message of a TLS connection that came to nothing: mostly, the certificate was not
    /// trusted.
    Tls,
}

impl OobProtocol {
    /// Its name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Ftp => "ftp",
            Self::Http => "http",
            Self::Https => "https",
            Self::Ldap => "ldap",
            Self::Rmi => "rmi",
            Self::Smtp => "smtp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

impl fmt::Display for OobProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that came by with an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interaction {
    /// In what it spoke.
    pub protocol: OobProtocol,
    /// The payload that sent it.
    pub id: OobId,
    /// Who it was; of a name looked up, mostly a resolver.
    pub remote: SocketAddr,
    /// When, since the listener was started.
    pub at: Duration,
    /// What was asked for, in short: method, target and host of a request; name and type looked up;
    /// sender and recipients of a mail; what a directory or registry was asked for.
    pub question: String,
    /// What was said, as it came; of a mail, the dialogue's other side.
    pub raw_request: Vec<u8>,
    /// What was answered.
    pub raw_response: Vec<u8>,
}

impl Interaction {
    /// What was said, as a text to look for something in: DNS messages in the form in which zone
    /// files have them, everything else as it came.
    pub fn request_text(&self) -> Vec<u8> {
        match self.protocol {
            OobProtocol::Dns => dns::text(&self.raw_request).into_bytes(),
            _ => self.raw_request.clone(),
        }
    }

    /// What was answered, in the same form.
    pub fn response_text(&self) -> Vec<u8> {
        match self.protocol {
            OobProtocol::Dns => dns::text(&self.raw_response).into_bytes(),
            _ => self.raw_response.clone(),
        }
    }
}
