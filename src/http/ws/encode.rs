//! Frames as a client writes them: masked, one per message.

use super::Opcode;

/// Appends one final frame to `out`, masked with `mask` as a client has to (RFC 6455 §5.3).
pub fn frame(opcode: Opcode, payload: &[u8], mask: [u8; 4], out: &mut Vec<u8>) {
    const FINAL: u8 = 0x80;
    const MASKED: u8 = 0x80;
    out.push(FINAL | opcode as u8);
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => out.push(MASKED | short),
        (_, Ok(length)) => {
            out.push(MASKED | 0x7e);
            out.extend_from_slice(&length.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(MASKED | 0x7f);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    let masked = out.len();
    out.extend_from_slice(payload);
    for chunk in out[masked..].chunks_mut(4) {
        for (byte, mask) in chunk.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
}

/// Appends a close frame with `code` and no reason.
pub fn close_frame(code: u16, mask: [u8; 4], out: &mut Vec<u8>) {
    frame(Opcode::Close, &code.to_be_bytes(), mask, out);
}
