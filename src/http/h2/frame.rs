//! Frames as bytes (RFC 9113 §4, §6).

/// Bytes of a frame's head.
pub(super) const HEAD: usize = 9;

/// A payload's length at most, both ways: nobody asks for more, and everybody has to take it.
pub(super) const MAX_PAYLOAD: usize = 16_384;

/// What a client says first.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames.
pub(super) mod kind {
    pub(in crate::http::h2) const DATA: u8 = 0;
    pub(in crate::http::h2) const HEADERS: u8 = 1;
    pub(in crate::http::h2) const RST_STREAM: u8 = 3;
    pub(in crate::http::h2) const SETTINGS: u8 = 4;
    pub(in crate::http::h2) const PUSH_PROMISE: u8 = 5;
    pub(in crate::http::h2) const PING: u8 = 6;
    pub(in crate::http::h2) const GOAWAY: u8 = 7;
    pub(in crate::http::h2) const WINDOW_UPDATE: u8 = 8;
    pub(in crate::http::h2) const CONTINUATION: u8 = 9;
}

/// Flags, each with the kinds that know it.
pub(super) mod flag {
    /// SETTINGS, PING.
    pub(in crate::http::h2) const ACK: u8 = 1;
    /// DATA, HEADERS.
    pub(in crate::http::h2) const END_STREAM: u8 = 1;
    /// HEADERS, CONTINUATION.
    pub(in crate::http::h2) const END_HEADERS: u8 = 4;
    /// DATA, HEADERS.
    pub(in crate::http::h2) const PADDED: u8 = 8;
    /// HEADERS.
    pub(in crate::http::h2) const PRIORITY: u8 = 32;
}

/// Names of settings.
pub(super) mod setting {
    pub(in crate::http::h2) const HEADER_TABLE_SIZE: u16 = 1;
    pub(in crate::http::h2) const ENABLE_PUSH: u16 = 2;
    pub(in crate::http::h2) const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub(in crate::http::h2) const INITIAL_WINDOW_SIZE: u16 = 4;
    pub(in crate::http::h2) const MAX_FRAME_SIZE: u16 = 5;
    pub(in crate::http::h2) const MAX_HEADER_LIST_SIZE: u16 = 6;
}

/// Why something was ended (RFC 9113 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reason(pub(super) u32);

impl Reason {
    pub(super) const NO_ERROR: Self = Self(0);
    pub(super) const PROTOCOL_ERROR: Self = Self(1);
    pub(super) const FLOW_CONTROL_ERROR: Self = Self(3);
    pub(super) const FRAME_SIZE_ERROR: Self = Self(6);
    pub(super) const REFUSED_STREAM: Self = Self(7);
    pub(super) const CANCEL: Self = Self(8);
    pub(super) const COMPRESSION_ERROR: Self = Self(9);
    pub(super) const ENHANCE_YOUR_CALM: Self = Self(11);
}

/// By their numbers.
const REASONS: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match usize::try_from(self.0).ok().and_then(|number| REASONS.get(number)) {
            Some(name) => f.write_str(name),
            None => write!(f, "error {:#x}", self.0),
        }
    }
}

/// A frame's head.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameHead {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    /// 0 for the connection.
    pub(super) stream: u32,
}

impl FrameHead {
    pub(super) fn parse(bytes: &[u8; HEAD]) -> Self {
        let [a, b, c, kind, flags, stream @ ..] = *bytes;
        Self {
            length: usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c),
            kind,
            flags,
            // The first bit means nothing.
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
        }
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// A frame's head; what follows has `length` bytes, below 2^24.
fn head(length: usize, kind: u8, flags: u8, stream: u32) -> [u8; HEAD] {
    let mut bytes = [0, 0, 0, kind, flags, 0, 0, 0, 0];
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    bytes[..3].copy_from_slice(&length[1..]);
    bytes[5..].copy_from_slice(&stream.to_be_bytes());
    bytes
}

pub(super) fn put_head(out: &mut Vec<u8>, length: usize, kind: u8, flags: u8, stream: u32) {
    out.extend_from_slice(&head(length, kind, flags, stream));
}

pub(super) fn put_settings(out: &mut Vec<u8>, settings: &[(u16, u32)]) {
    put_head(out, settings.len() * 6, kind::SETTINGS, 0, 0);
    for (name, value) in settings {
        out.extend_from_slice(&name.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

pub(super) fn put_reset(out: &mut Vec<u8>, stream: u32, reason: Reason) {
    put_head(out, 4, kind::RST_STREAM, 0, stream);
    out.extend_from_slice(&reason.0.to_be_bytes());
}

pub(super) fn put_window_update(out: &mut Vec<u8>, stream: u32, more: u32) {
    put_head(out, 4, kind::WINDOW_UPDATE, 0, stream);
    out.extend_from_slice(&more.to_be_bytes());
}

/// We have seen nothing of the peer's own making: the last stream is 0.
pub(super) fn put_go_away(out: &mut Vec<u8>, reason: Reason) {
    put_head(out, 8, kind::GOAWAY, 0, 0);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&reason.0.to_be_bytes());
}

/// Puts the header block that stands behind `from` and [`HEAD`] bytes of room into as many frames
/// as it takes.
pub(super) fn seal_block(out: &mut Vec<u8>, from: usize, stream: u32, flags: u8) {
    let block = from + HEAD;
    let first = (out.len() - block).min(MAX_PAYLOAD);
    let rest = out.split_off(block + first);
    let end = if rest.is_empty() { flag::END_HEADERS } else { 0 };
    out[from..block].copy_from_slice(&head(first, kind::HEADERS, flags | end, stream));
    let mut pieces = rest.chunks(MAX_PAYLOAD).peekable();
    while let Some(piece) = pieces.next() {
        let end = if pieces.peek().is_none() { flag::END_HEADERS } else { 0 };
        put_head(out, piece.len(), kind::CONTINUATION, end, stream);
        out.extend_from_slice(piece);
    }
}
