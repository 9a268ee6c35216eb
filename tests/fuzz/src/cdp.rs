//! Messages of a browser over its pipe: any split gives the messages between the zero bytes, and each
//! says what any reader of JSON finds in it.

use serde_json::Value;
use shakedown::browser::Frame;
use shakedown::browser::Frames;
use shakedown::browser::Message;

/// Bytes of a message at most.
const LIMIT: usize = 100;

/// Kept of a longer one at most.
const BEGINNING: usize = 64;

/// Messages, each with its zero byte, and the beginning of another. The first byte chooses the length
/// of the pieces.
pub fn any(data: &[u8]) {
    let [piece, stream @ ..] = data else { return };
    let mut expected: Vec<&[u8]> = stream.split(|byte| *byte == 0).collect();
    // Behind the last zero byte stands no message yet.
    expected.pop();
    for pieces in super::splits(stream, *piece) {
        let (mut reader, mut frames) = (Frames::new(LIMIT), Vec::new());
        for piece in &pieces {
            reader.feed(piece, &mut frames);
        }
        assert_eq!(frames.len(), expected.len(), "in {} pieces", pieces.len());
        for (frame, bytes) in frames.iter().zip(&expected) {
            match frame {
                Frame::Whole(whole) => assert!(whole == bytes && whole.len() <= LIMIT),
                Frame::TooLong { beginning } => {
                    assert!(bytes.len() > LIMIT && beginning.len() <= BEGINNING);
                    assert!(bytes.starts_with(beginning));
                }
            }
        }
    }
    for bytes in expected {
        message(bytes);
    }
}

fn message(bytes: &[u8]) {
    let value: Option<Value> = serde_json::from_slice(bytes).ok();
    let field = |name: &str| value.as_ref().and_then(|value| value.get(name));
    match Message::read(bytes) {
        Ok(Message::Reply { id, outcome }) => {
            assert_eq!(field("id").and_then(Value::as_u64), Some(id));
            assert_eq!(outcome.is_err(), field("error").is_some());
            if let Ok(result) = outcome {
                assert_eq!(&result, field("result").unwrap_or(&Value::Null));
            }
        }
        Ok(Message::Event(event)) => {
            assert_eq!(field("method").and_then(Value::as_str), Some(event.method.as_str()));
            assert_eq!(field("sessionId").and_then(Value::as_str), event.session.as_deref());
            assert_eq!(field("id").and_then(Value::as_u64), None);
        }
        Err(_) => {
            let is_reply = field("id").is_some_and(Value::is_u64);
            let is_event = field("method").is_some_and(Value::is_string);
            assert!(!is_reply && !is_event, "{}", bytes.escape_ascii());
        }
    }
}
