//! What all QUIC connections to one origin have in common.

use std::sync::Arc;
use std::time::Duration;

use quinn_proto::ClientConfig;
use quinn_proto::EndpointConfig;
use quinn_proto::IdleTimeout;
use quinn_proto::TransportConfig;
use quinn_proto::VarInt;
use quinn_proto::crypto::rustls::QuicClientConfig;
use rustls::pki_types::ServerName;

use crate::http::tls::HTTP_3;
use crate::http::tls::TlsSetup;

/// What a server may send ahead on one stream, and in all. Smaller than HTTP/2's: behind a gap,
/// which TCP keeps in the kernel, all of it lies in our memory.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
const WINDOW: u32 = 16 * 1024 * 1024;

/// What of request bodies is taken before it was acknowledged, like a socket's send buffer.
const SEND_WINDOW: u64 = 4 * 1024 * 1024;

/// A connection on which nothing was heard for so long is lost.
const IDLE: Duration = Duration::from_secs(30);

/// HTTP/3 has three streams in one direction for each side, and kinds that are unknown to us
/// (RFC 9114 §6.2).
const SERVERS_STREAMS: u32 = 16;

/// TLS and transport, made once; sessions of earlier connections are in it.
#[derive(Debug, Clone)]
pub struct QuicSetup {
    pub(super) client: ClientConfig,
    pub(super) endpoint: Arc<EndpointConfig>,
    pub(super) name: String,
}

impl QuicSetup {
    /// For connections whose certificate is to show `name`; `tls` must allow TLS 1.3, the only one
    /// that QUIC speaks.
    ///
    /// # Panics
    /// Never with ring, which has the cipher suite that QUIC begins with.
    pub fn new(tls: &TlsSetup, name: &ServerName<'_>) -> Self {
        let config = Arc::clone(tls.offering(&[HTTP_3]).config());
        let crypto = QuicClientConfig::try_from(config)
            .expect("ring has the suite that QUIC begins with, and TLS 1.3 is allowed");
        let mut transport = TransportConfig::default();
        let idle = IdleTimeout::try_from(IDLE).expect("30 s are few milliseconds");
        transport
            .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
            .receive_window(VarInt::from_u32(WINDOW))
            .send_window(SEND_WINDOW)
            .max_idle_timeout(Some(idle))
            .max_concurrent_bidi_streams(VarInt::from_u32(0))
            .max_concurrent_uni_streams(VarInt::from_u32(SERVERS_STREAMS))
            .datagram_receive_buffer_size(None);
        let mut client = ClientConfig::new(Arc::new(crypto));
        client.transport_config(Arc::new(transport));
        let name = name.to_str().into_owned();
        Self { client, endpoint: Arc::new(EndpointConfig::default()), name }
    }
}
