//! What a client offers (RFC 5246 §7.4.1.2, RFC 2246, RFC 6101).

/// Versions in whose handshakes the server's part can be read by anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// SSL 3.0, RFC 6101.
    Ssl30,
    /// TLS 1.0, RFC 2246.
    Tls10,
    /// TLS 1.1, RFC 4346.
    Tls11,
    /// TLS 1.2, RFC 5246.
    Tls12,
}

impl Version {
    /// Every one, the oldest first.
    pub const ALL: [Self; 4] = [Self::Ssl30, Self::Tls10, Self::Tls11, Self::Tls12];

    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ssl30 => "SSL 3.0",
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::Tls12 => "TLS 1.2",
        }
    }

    pub(super) fn number(self) -> u16 {
        match self {
            Self::Ssl30 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
        }
    }

    pub(super) fn of(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.number() == number)
    }
}

/// An offer: the highest version, and suites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The highest version; a server may choose a lower one.
    pub version: Version,
    /// Code points, the dearest first.
    pub suites: Vec<u16>,
    /// The client's random bytes: other ones for each offer.
    pub random: [u8; 32],
    /// The name that is asked for; no address.
    pub server_name: Option<String>,
}

/// Who renegotiates must say so; servers refuse clients that do not know it (RFC 5746 §3.3).
const RENEGOTIATION_INFO: u16 = 0x00ff;

/// X25519, P-256, P-384, P-521, X448, ffdhe2048 and ffdhe3072.
const GROUPS: [u16; 7] = [0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x0100, 0x0101];

/// Whatever a server may want to sign with, SHA-1 too.
const SIGNATURES: [u16; 15] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203,
    0x0201, 0x0202, 0x0402,
];

impl Offer {
    /// The record to send.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = self.version.number().to_be_bytes().to_vec();
        body.extend_from_slice(&self.random);
        // No session.
        body.push(0);
        let suites = self.suites.iter().copied().chain([RENEGOTIATION_INFO]);
        body.extend(prefixed_by_two(&suites.flat_map(u16::to_be_bytes).collect::<Vec<u8>>()));
        // No compression.
        body.extend([1, 0]);
        if self.version > Version::Ssl30 {
            body.extend(prefixed_by_two(&self.extensions()));
        }
        let mut message = vec![1];
        message.extend(&length(body.len())[1..]);
        message.extend(body);
        // Old servers look at the version of the record too.
        let record = self.version.number().min(Version::Tls10.number());
        let mut bytes = vec![22];
        bytes.extend(record.to_be_bytes());
        bytes.extend(prefixed_by_two(&message));
        bytes
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut add = |kind: u16, content: &[u8]| {
            all.extend(kind.to_be_bytes());
            all.extend(prefixed_by_two(content));
        };
        if let Some(name) = &self.server_name {
            let entry = [&[0], prefixed_by_two(name.as_bytes()).as_slice()].concat();
            add(0, &prefixed_by_two(&entry));
        }
        add(10, &prefixed_by_two(&GROUPS.map(u16::to_be_bytes).concat()));
        add(11, &[1, 0]);
        if self.version == Version::Tls12 {
            add(13, &prefixed_by_two(&SIGNATURES.map(u16::to_be_bytes).concat()));
        }
        all
    }
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("an offer is short").to_be_bytes()
}

fn prefixed_by_two(content: &[u8]) -> Vec<u8> {
    [&length(content.len())[2..], content].concat()
}
