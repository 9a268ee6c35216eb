//! TLS around a conversation, without I/O: `https://` before an address for calls works as `http://` does.

use std::io::Read as _;
use std::sync::Arc;

use rcgen::CertificateParams;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::KeyPair;
use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use thiserror::Error;

use super::conversation::{Conversation, Opening, Told, Turn};
use super::dns::Zone;
use super::interaction::OobProtocol;

/// First byte of a handshake message, and what stands before its content.
pub(super) const HANDSHAKE: u8 = 0x16;
const HEADER: usize = 5;

/// A certificate that nobody has signed, made at the start; its key lives as long as the listener.
#[derive(Debug, Clone)]
pub struct Identity(Arc<ServerConfig>);

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// It could not be made.
    #[error("making a certificate")]
    Make(#[from] rcgen::Error),
    /// It could not be used.
    #[error("using a certificate")]
    Use(#[from] rustls::Error),
}

impl Identity {
    /// For these host names and addresses.
    ///
    /// # Errors
    /// A name that cannot stand in a certificate.
    pub fn new(names: Vec<String>) -> Result<Self, IdentityError> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::new(names)?;
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, "out-of-band");
        let certificate = parameters.self_signed(&key)?;
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|text| rustls::Error::General(text.to_owned()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

/// A conversation inside of TLS.
#[derive(Debug)]
pub(super) struct Secured {
    connection: ServerConnection,
    /// The first message, in which a server name may stand: all that is known of who does not trust
    /// the certificate.
    hello: Vec<u8>,
    inner: Box<Conversation>,
    has_told: bool,
}

impl Secured {
    /// `None` where the system has no random numbers.
    pub(super) fn new(identity: &Identity, zone: &Zone) -> Option<Self> {
        let connection = ServerConnection::new(Arc::clone(&identity.0)).ok()?;
        let (inner, _) = Conversation::new(Opening::Any, zone, None);
        Some(Self { connection, hello: Vec::new(), inner: Box::new(inner), has_told: false })
    }

    /// Takes what came, all of it; `None` until the first message is whole.
    pub(super) fn feed(&mut self, mut bytes: &[u8], turn: &mut Turn) -> Option<usize> {
        let len = bytes.len();
        if self.hello.is_empty() {
            self.hello.extend_from_slice(bytes.get(..record_len(bytes)?)?);
        }
        while !bytes.is_empty() && !turn.is_over {
            let taken = self.connection.read_tls(&mut bytes);
            let state = self.connection.process_new_packets();
            let (Ok(1..), Ok(state)) = (taken, state) else {
                turn.is_over = true;
                break;
            };
            let mut text = vec![0; state.plaintext_bytes_to_read()];
            if !text.is_empty() && self.connection.reader().read_exact(&mut text).is_ok() {
                let said = self.inner.feed(&text);
                self.take(said, turn);
            }
            turn.is_over |= state.peer_has_closed();
        }
        self.answer(turn);
        Some(len)
    }

    /// Nothing has come for a while.
    pub(super) fn silence(&mut self, turn: &mut Turn) {
        if !self.connection.is_handshaking() {
            let said = self.inner.silence();
            self.take(said, turn);
            self.answer(turn);
        }
    }

    /// The other side has gone: what it had begun to say counts, and if it said nothing, that it came.
    pub(super) fn end(&mut self, rest: &[u8], turn: &mut Turn) {
        if self.hello.is_empty() {
            self.hello.extend_from_slice(rest);
        }
        let said = self.inner.end();
        self.take(said, turn);
        turn.is_over = true;
        self.answer(turn);
    }

    fn take(&mut self, said: Turn, turn: &mut Turn) {
        self.has_told |= !said.told.is_empty();
        turn.told.extend(said.told.into_iter().map(|told| Told {
            protocol: match told.protocol {
                OobProtocol::Http => OobProtocol::Https,
                other => other,
            },
            ..told
        }));
        // What is written into memory does not fail.
        _ = std::io::Write::write_all(&mut self.connection.writer(), &said.reply);
        turn.is_over |= said.is_over;
    }

    fn answer(&mut self, turn: &mut Turn) {
        if turn.is_over {
            self.connection.send_close_notify();
            if !std::mem::replace(&mut self.has_told, true) && !self.hello.is_empty() {
                turn.told.push(Told {
                    protocol: OobProtocol::Tls,
                    question: String::new(),
                    request: std::mem::take(&mut self.hello),
                    response: Vec::new(),
                });
            }
        }
        while self.connection.wants_write() {
            if self.connection.write_tls(&mut turn.reply).is_err() {
                break;
            }
        }
    }
}

/// How long the record is that begins here.
fn record_len(bytes: &[u8]) -> Option<usize> {
    let length: [u8; 2] = bytes.get(HEADER - 2..HEADER)?.try_into().ok()?;
    Some(HEADER + usize::from(u16::from_be_bytes(length)))
}
