//! Frames from a server into messages: any split of the same bytes gives the same messages.

use super::MAX_CONTROL;
use super::Opcode;
use crate::model::Failure;
use crate::model::FailureClass;

/// Takes what a session consists of, in order.
pub trait MessageSink {
    /// The next bytes of a message of text or bytes, never empty.
    fn data(&mut self, piece: &[u8]);
    /// The message is complete.
    fn message(&mut self, opcode: Opcode);
    /// A ping, to be answered with the same payload.
    fn ping(&mut self, payload: &[u8]);
    /// The peer ends the session; nothing comes after it.
    fn close(&mut self, code: Option<u16>, reason: &[u8]);
}

/// Why bytes are no frames of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A bit that only an extension gives a meaning; none was offered.
    #[error("a WebSocket frame uses an extension that was not agreed on")]
    Extension,
    /// An opcode that the protocol does not have.
    #[error("a WebSocket frame has the unknown opcode {0}")]
    Opcode(u8),
    /// Servers do not mask (RFC 6455 §5.1).
    #[error("the server masked a WebSocket frame")]
    Masked,
    /// A control frame in pieces, or with more than 125 bytes.
    #[error("a WebSocket control frame is fragmented or too long")]
    Control,
    /// A message inside another one, or a continuation of none.
    #[error("a WebSocket message's frames are out of order")]
    Order,
    /// A length of 2^63 or more.
    #[error("a WebSocket frame has an impossible length")]
    Length,
    /// A close frame with half a code, or a code that is never sent (RFC 6455 §7.4).
    #[error("a WebSocket close frame has an invalid code")]
    CloseCode,
}

impl From<FrameError> for Failure {
    fn from(error: FrameError) -> Self {
        Self::new(FailureClass::Protocol, error.to_string())
    }
}

/// One session's frames from the server.
#[derive(Debug)]
pub struct Decoder {
    header: [u8; 10],
    header_len: usize,
    /// Where a frame is being read.
    frame: Option<Frame>,
    /// The message whose fragments are coming.
    message: Option<Opcode>,
    control: [u8; MAX_CONTROL],
    control_len: usize,
    is_closed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    is_final: bool,
    left: u64,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            header: [0; 10],
            header_len: 0,
            frame: None,
            message: None,
            control: [0; MAX_CONTROL],
            control_len: 0,
            is_closed: false,
        }
    }
}

impl Decoder {
    /// Goes on with the next bytes of the connection. What stands behind a close is not looked at.
    ///
    /// # Errors
    /// [`FrameError`]; the session cannot go on after one.
    pub fn feed<S: MessageSink>(
        &mut self,
        mut bytes: &[u8],
        sink: &mut S,
    ) -> Result<(), FrameError> {
        while !self.is_closed {
            match self.frame {
                None if bytes.is_empty() => return Ok(()),
                None => bytes = self.feed_header(bytes)?,
                Some(frame) if frame.left == 0 => self.end_frame(frame, sink)?,
                Some(_) if bytes.is_empty() => return Ok(()),
                Some(frame) => bytes = self.feed_payload(frame, bytes, sink),
            }
        }
        Ok(())
    }

    fn feed_header<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], FrameError> {
        let length = |header: &[u8; 10]| match header[1] & 0x7f {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        let wanted = if self.header_len < 2 { 2 } else { length(&self.header) };
        let taken = (wanted - self.header_len).min(bytes.len());
        self.header[self.header_len..self.header_len + taken].copy_from_slice(&bytes[..taken]);
        self.header_len += taken;
        if self.header_len >= 2 && self.header_len == length(&self.header) {
            self.header_len = 0;
            self.begin_frame()?;
        }
        Ok(&bytes[taken..])
    }

    fn begin_frame(&mut self) -> Result<(), FrameError> {
        let [first, second, ..] = self.header;
        if first & 0x70 != 0 {
            return Err(FrameError::Extension);
        }
        if second & 0x80 != 0 {
            return Err(FrameError::Masked);
        }
        let left = match second {
            126 => u64::from(u16::from_be_bytes([self.header[2], self.header[3]])),
            127 => {
                let mut length = [0; 8];
                length.copy_from_slice(&self.header[2..]);
                u64::from_be_bytes(length)
            }
            length => u64::from(length),
        };
        if left >> 63 != 0 {
            return Err(FrameError::Length);
        }
        let is_final = first & 0x80 != 0;
        let opcode = match (first & 0x0f, self.message) {
            (0, Some(opcode)) => opcode,
            (0, None) | (1 | 2, Some(_)) => return Err(FrameError::Order),
            (1, None) => Opcode::Text,
            (2, None) => Opcode::Binary,
            (8, _) => Opcode::Close,
            (9, _) => Opcode::Ping,
            (10, _) => Opcode::Pong,
            (other, _) => return Err(FrameError::Opcode(other)),
        };
        match opcode {
            Opcode::Text | Opcode::Binary => self.message = Some(opcode),
            Opcode::Close | Opcode::Ping | Opcode::Pong => {
                if !is_final || left > MAX_CONTROL as u64 {
                    return Err(FrameError::Control);
                }
                self.control_len = 0;
            }
        }
        self.frame = Some(Frame { opcode, is_final, left });
        Ok(())
    }

    fn feed_payload<'a, S: MessageSink>(
        &mut self,
        frame: Frame,
        bytes: &'a [u8],
        sink: &mut S,
    ) -> &'a [u8] {
        let taken = usize::try_from(frame.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (piece, rest) = bytes.split_at(taken);
        match frame.opcode {
            Opcode::Text | Opcode::Binary => sink.data(piece),
            Opcode::Close | Opcode::Ping | Opcode::Pong => {
                self.control[self.control_len..self.control_len + taken].copy_from_slice(piece);
                self.control_len += taken;
            }
        }
        self.frame = Some(Frame { left: frame.left - taken as u64, ..frame });
        rest
    }

    fn end_frame<S: MessageSink>(&mut self, frame: Frame, sink: &mut S) -> Result<(), FrameError> {
        self.frame = None;
        let payload = &self.control[..self.control_len];
        match frame.opcode {
            Opcode::Text | Opcode::Binary if frame.is_final => {
                self.message = None;
                sink.message(frame.opcode);
            }
            Opcode::Text | Opcode::Binary | Opcode::Pong => {}
            Opcode::Ping => sink.ping(payload),
            Opcode::Close => {
                self.is_closed = true;
                match payload {
                    [] => sink.close(None, &[]),
                    [_] => return Err(FrameError::CloseCode),
                    [high, low, reason @ ..] => {
                        let code = u16::from_be_bytes([*high, *low]);
                        if !is_close_code(code) {
                            return Err(FrameError::CloseCode);
                        }
                        sink.close(Some(code), reason);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Codes that may stand in a close frame (RFC 6455 §7.4.1 and IANA's registry).
fn is_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
