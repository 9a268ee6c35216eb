//! What a server answers to an offer, read as it comes in. All of it is hostile.

use super::offer::Offer;
use super::offer::Version;

/// Bytes of an answer that are read; a chain of certificates has a few thousand.
const MOST: usize = 128 * 1024;

/// Certificates that are kept of a chain.
const MOST_CERTIFICATES: usize = 12;

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It agrees.
    Agreed {
        /// The version that it chose.
        version: Version,
        /// The suite that it chose, one of the offered.
        suite: u16,
        /// Its certificates as DER, its own first; none where the suite needs none, or where it did not send
        /// them in time.
        certificates: Vec<Vec<u8>>,
        /// Bits of the prime of its Diffie-Hellman group, where it sends one.
        prime_bits: Option<usize>,
    },
    /// It does not.
    Refused(Refusal),
}

/// How a server refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// An alert, by its number (RFC 8446 §6).
    Alert(u8),
    /// It closes the connection.
    Closed,
    /// It answers what was not offered.
    NotOffered,
    /// It does not speak TLS.
    NotTls,
}

/// Reads an answer piece by piece.
#[derive(Debug)]
pub struct ReplyReader {
    version: Version,
    suites: Vec<u16>,
    /// Bytes of records that are not whole.
    pending: Vec<u8>,
    /// Bytes of handshake messages that are not whole.
    messages: Vec<u8>,
    read: usize,
    hello: Option<(Version, u16)>,
    certificates: Vec<Vec<u8>>,
    prime_bits: Option<usize>,
    end: Option<End>,
}

/// Why no more is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// All of interest has come.
    Whole,
    Refused(Refusal),
}

impl ReplyReader {
    /// For the answer to an offer.
    pub fn new(offer: &Offer) -> Self {
        Self {
            version: offer.version,
            suites: offer.suites.clone(),
            pending: Vec::new(),
            messages: Vec::new(),
            read: 0,
            hello: None,
            certificates: Vec::new(),
            prime_bits: None,
            end: None,
        }
    }

    /// Takes what has come; whether that is all that is of interest.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        self.read = self.read.saturating_add(bytes.len());
        if self.end.is_none() {
            self.pending.extend_from_slice(bytes);
            self.records();
        }
        if self.end.is_none() && self.read > MOST {
            self.end = Some(End::Refused(Refusal::NotTls));
        }
        self.end.is_some()
    }

    /// What it comes to, whether all has come or not.
    pub fn finish(self) -> Reply {
        match (self.hello, self.end) {
            // What follows an agreement does not undo it: it may not like our silence.
            (Some((version, suite)), _) => Reply::Agreed {
                version,
                suite,
                certificates: self.certificates,
                prime_bits: self.prime_bits,
            },
            (None, Some(End::Refused(refusal))) => Reply::Refused(refusal),
            (None, Some(End::Whole) | None) => Reply::Refused(Refusal::Closed),
        }
    }

    fn records(&mut self) {
        while self.end.is_none() {
            let Some(head) = self.pending.first_chunk::<5>().copied() else {
                // What cannot become a record is none.
                if self.pending.first().is_some_and(|kind| !matches!(kind, 20..=23)) {
                    self.end = Some(End::Refused(Refusal::NotTls));
                }
                return;
            };
            let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
            if !matches!(head[0], 20..=23) || head[1] != 3 || length > (1 << 14) + 2048 {
                self.end = Some(End::Refused(Refusal::NotTls));
                return;
            }
            if self.pending.len() < 5 + length {
                return;
            }
            let content: Vec<u8> = self.pending.drain(..5 + length).skip(5).collect();
            match head[0] {
                22 => self.handshake(&content),
                21 => {
                    let number = content.get(1).copied().unwrap_or(0);
                    self.end = Some(End::Refused(Refusal::Alert(number)));
                }
                _ => self.end = Some(End::Refused(Refusal::NotTls)),
            }
        }
    }

    fn handshake(&mut self, content: &[u8]) {
        self.messages.extend_from_slice(content);
        while let Some(head) = self.messages.first_chunk::<4>().copied()
            && self.end.is_none()
        {
            let length = usize::try_from(u32::from_be_bytes([0, head[1], head[2], head[3]]))
                .unwrap_or(usize::MAX);
            if length > MOST {
                self.end = Some(End::Refused(Refusal::NotTls));
                return;
            }
            if self.messages.len() < 4 + length {
                return;
            }
            let body: Vec<u8> = self.messages.drain(..4 + length).skip(4).collect();
            self.message(head[0], &body);
        }
    }

    fn message(&mut self, kind: u8, body: &[u8]) {
        match (kind, self.hello) {
            (2, None) => self.server_hello(body),
            (11, Some(_)) => self.certificates = certificates(body).unwrap_or_default(),
            (12, Some((_, suite))) => self.prime_bits = prime_bits(suite, body),
            (14, Some(_)) => self.end = Some(End::Whole),
            // A request for a certificate, a stapled answer: of no interest.
            (_, Some(_)) => {}
            (_, None) => self.end = Some(End::Refused(Refusal::NotTls)),
        }
    }

    fn server_hello(&mut self, body: &[u8]) {
        let read = || {
            let version = u16::from_be_bytes(*body.first_chunk()?);
            let session = usize::from(*body.get(34)?);
            let suite = u16::from_be_bytes(body.get(35 + session..37 + session)?.try_into().ok()?);
            Some((version, suite))
        };
        let Some((version, suite)) = read() else {
            self.end = Some(End::Refused(Refusal::NotTls));
            return;
        };
        let version = Version::of(version).filter(|version| *version <= self.version);
        match version.filter(|_| self.suites.contains(&suite)) {
            Some(version) => self.hello = Some((version, suite)),
            None => self.end = Some(End::Refused(Refusal::NotOffered)),
        }
    }
}

/// RFC 5246 §7.4.2.
fn certificates(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut rest, mut found) = (by_three(body)?.0, Vec::new());
    while !rest.is_empty() && found.len() < MOST_CERTIFICATES {
        let (certificate, behind) = by_three(rest)?;
        found.push(certificate.to_vec());
        rest = behind;
    }
    Some(found)
}

/// What stands behind a length of three bytes, and what follows it.
fn by_three(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<3>()?;
    let length = usize::try_from(u32::from_be_bytes([0, head[0], head[1], head[2]])).ok()?;
    rest.split_at_checked(length)
}

/// RFC 5246 §7.4.3: the prime comes first.
fn prime_bits(suite: u16, body: &[u8]) -> Option<usize> {
    let name = super::suite_name(suite);
    if !name.starts_with("TLS_DHE_") && !name.starts_with("TLS_DH_anon_") {
        return None;
    }
    let (length, rest) = body.split_first_chunk::<2>()?;
    let prime = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    let first = prime.iter().position(|byte| *byte != 0)?;
    let top = usize::try_from(prime[first].leading_zeros()).ok()?;
    Some((prime.len() - first) * 8 - top)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn offer(version: Version, suites: &[u16]) -> Offer {
        Offer { version, suites: suites.to_vec(), random: [7; 32], server_name: None }
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).expect("short").to_be_bytes();
        [&[kind], &length[1..], body].concat()
    }

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        [&[kind, 3, 1], length.as_slice(), content].concat()
    }

    fn hello(version: u16, suite: u16) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend([9; 32]);
        body.extend([2, 1, 1]);
        body.extend(suite.to_be_bytes());
        body.push(0);
        message(2, &body)
    }

    fn read(offer: &Offer, bytes: &[u8], step: usize) -> Reply {
        let mut reader = ReplyReader::new(offer);
        for piece in bytes.chunks(step) {
            if reader.feed(piece) {
                break;
            }
        }
        reader.finish()
    }

    #[test]
    fn an_agreement_is_read_however_it_is_cut() {
        let chain = [&[0, 0, 10][..], &[0, 0, 2, 1, 2], &[0, 0, 2, 3, 4]].concat();
        let mut key = vec![0, 128];
        key.extend([0x7f; 128]);
        let all = [hello(0x0302, 0x0033), message(11, &chain), message(12, &key), message(14, &[])]
            .concat();
        for step in [1, 3, 1000] {
            let records: Vec<u8> = all.chunks(50).flat_map(|part| record(22, part)).collect();
            let reply = read(&offer(Version::Tls12, &[0x0033, 0x002f]), &records, step);
            let expected = Reply::Agreed {
                version: Version::Tls11,
                suite: 0x0033,
                certificates: vec![vec![1, 2], vec![3, 4]],
                prime_bits: Some(1023),
            };
            assert_eq!(reply, expected, "{step}");
        }
    }

    #[test]
    fn what_was_not_offered_is_no_agreement() {
        let refused = |refusal| Reply::Refused(refusal);
        let old = offer(Version::Tls10, &[0x002f]);
        for (bytes, expected) in [
            (record(22, &hello(0x0303, 0x002f)), refused(Refusal::NotOffered)),
            (record(22, &hello(0x0301, 0xc02f)), refused(Refusal::NotOffered)),
            (record(22, &hello(0x0304, 0x002f)), refused(Refusal::NotOffered)),
            (record(21, &[2, 70]), refused(Refusal::Alert(70))),
            (record(21, &[]), refused(Refusal::Alert(0))),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), refused(Refusal::NotTls)),
            (record(22, &message(11, &[])), refused(Refusal::NotTls)),
            (record(22, &message(2, &[3, 1])), refused(Refusal::NotTls)),
            (record(23, b"x"), refused(Refusal::NotTls)),
            (vec![22, 3, 1, 0xff, 0xff], refused(Refusal::NotTls)),
            (record(22, &[2, 0xff, 0xff, 0xff]), refused(Refusal::NotTls)),
            (Vec::new(), refused(Refusal::Closed)),
            (vec![22, 3], refused(Refusal::Closed)),
        ] {
            assert_eq!(read(&old, &bytes, 7), expected, "{bytes:?}");
        }
    }

    #[test]
    fn an_offer_is_one_whole_record() {
        for version in Version::ALL {
            let offer = Offer {
                server_name: Some("shop.example".to_owned()),
                ..offer(version, &super::super::suites(None))
            };
            let bytes = offer.to_bytes();
            let length = usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
            assert_eq!((bytes[0], bytes.len()), (22, 5 + length));
            assert_eq!(bytes[9..11], version.number().to_be_bytes());
            let has_name = bytes.windows(12).any(|part| part == b"shop.example");
            assert_eq!(has_name, version > Version::Ssl30);
        }
    }

    proptest! {
        #[test]
        fn no_answer_is_too_much(bytes in prop::collection::vec(any::<u8>(), 0..400), step in 1..50_usize) {
            let offer = offer(Version::Tls12, &[0x0033, 0x002f]);
            let _any = read(&offer, &bytes, step);
            let shaped: Vec<u8> = bytes.chunks(40).flat_map(|part| record(22, part)).collect();
            let _any = read(&offer, &shaped, step);
            let after = [record(22, &hello(0x0303, 0x0033)), record(22, &message(12, &bytes)), record(22, &message(11, &bytes))];
            let _any = read(&offer, &after.concat(), step);
        }
    }
}
