//! Frames from a server: any split of the same bytes gives the same messages and the same error.

use shakedown::http::ws::Decoder;
use shakedown::http::ws::FrameError;
use shakedown::http::ws::MessageSink;
use shakedown::http::ws::Opcode;

/// The longest payload of a control frame (RFC 6455 §5.5).
const MAX_CONTROL: usize = 125;

#[derive(Debug, Default, PartialEq)]
struct Messages {
    piece: Vec<u8>,
    all: Vec<(u8, Vec<u8>)>,
    is_closed: bool,
}

impl MessageSink for Messages {
    fn data(&mut self, piece: &[u8]) {
        assert!(!piece.is_empty() && !self.is_closed);
        self.piece.extend_from_slice(piece);
    }

    fn message(&mut self, opcode: Opcode) {
        assert!(matches!(opcode, Opcode::Text | Opcode::Binary) && !self.is_closed);
        self.all.push((opcode as u8, std::mem::take(&mut self.piece)));
    }

    fn ping(&mut self, payload: &[u8]) {
        assert!(payload.len() <= MAX_CONTROL && !self.is_closed);
        self.all.push((Opcode::Ping as u8, payload.to_vec()));
    }

    fn close(&mut self, code: Option<u16>, reason: &[u8]) {
        assert!(reason.len() <= MAX_CONTROL && !std::mem::replace(&mut self.is_closed, true));
        let code = code.map_or(Vec::new(), |code| code.to_be_bytes().to_vec());
        self.all.push((Opcode::Close as u8, [&code[..], reason].concat()));
    }
}

fn read(pieces: &[&[u8]]) -> (Messages, Result<(), FrameError>) {
    let (mut decoder, mut messages) = (Decoder::default(), Messages::default());
    let outcome = pieces.iter().try_for_each(|piece| decoder.feed(piece, &mut messages));
    (messages, outcome)
}

/// Frames. The first byte chooses the length of the pieces.
pub fn any(data: &[u8]) {
    let [piece, bytes @ ..] = data else { return };
    let whole = read(&[bytes]);
    let heard: usize = whole.0.all.iter().map(|(_, message)| message.len()).sum();
    assert!(heard + whole.0.piece.len() <= bytes.len(), "nothing is made up");
    for pieces in super::splits(bytes, *piece) {
        assert_eq!(read(&pieces), whole, "in {} pieces", pieces.len());
    }
}
