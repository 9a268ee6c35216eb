//! What a message says.

use serde_json::Value;

/// Something that the browser tells unasked.
#[derive(Debug, Clone, PartialEq)]
pub struct CdpEvent {
    /// `Domain.event`.
    pub method: String,
    /// The page or worker that it is about; `None` for the browser itself.
    pub session: Option<String>,
    /// What it says, an object.
    pub params: Value,
}

/// A message of the browser.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// The answer to a call.
    Reply {
        /// The call's number.
        id: u64,
        /// What it gave, or why it was refused.
        outcome: Result<Value, String>,
    },
    /// Unasked.
    Event(CdpEvent),
}

/// A message that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable {
    /// The call that it seems to answer.
    pub id: Option<u64>,
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// [`Unreadable`] for what is no JSON, is nested too deeply, or is neither reply nor event.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let unreadable = Unreadable { id: reply_id(bytes) };
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(bytes) else {
            return Err(unreadable);
        };
        if let Some(id) = fields.get("id").and_then(Value::as_u64) {
            let outcome = match (fields.remove("error"), fields.remove("result")) {
                (Some(error), _) => Err(error["message"].as_str().unwrap_or_default().to_owned()),
                (None, result) => Ok(result.unwrap_or_default()),
            };
            return Ok(Self::Reply { id, outcome });
        }
        let text = |value: Option<Value>| match value {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let Some(method) = text(fields.remove("method")) else { return Err(unreadable) };
        let session = text(fields.remove("sessionId"));
        Ok(Self::Event(CdpEvent {
            method,
            session,
            params: fields.remove("params").unwrap_or_default(),
        }))
    }
}

/// The number of the call that a message which begins like this answers: Chromium writes it first.
pub(super) fn reply_id(beginning: &[u8]) -> Option<u64> {
    let digits = beginning.strip_prefix(b"{\"id\":")?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn replies_refusals_and_events_are_told_apart() {
        let read = |text: &str| Message::read(text.as_bytes());
        let outcome = Ok(json!({"a": 1}));
        assert_eq!(read(r#"{"id":3,"result":{"a":1}}"#), Ok(Message::Reply { id: 3, outcome }));
        let outcome = Err("no".to_owned());
        assert_eq!(
            read(r#"{"id":4,"error":{"code":-1,"message":"no"}}"#),
            Ok(Message::Reply { id: 4, outcome })
        );
        let event = CdpEvent {
            method: "A.b".to_owned(),
            session: Some("S".to_owned()),
            params: json!({"x": []}),
        };
        assert_eq!(
            read(r#"{"method":"A.b","params":{"x":[]},"sessionId":"S"}"#),
            Ok(Message::Event(event))
        );
    }

    #[test]
    fn what_is_nested_too_deeply_is_refused_and_still_answers_its_call() {
        let deep = format!("{{\"id\":9,\"result\":{}", "[".repeat(100_000));
        assert_eq!(Message::read(deep.as_bytes()), Err(Unreadable { id: Some(9) }));
        for text in ["", "[]", "{}", "{\"id\":-1}", "{\"method\":7}", "\u{fffd}"] {
            assert_eq!(Message::read(text.as_bytes()), Err(Unreadable { id: None }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Message::read(&bytes);
            let framed = [b"{\"id\":".as_slice(), &bytes].concat();
            let _ = Message::read(&framed);
        }
    }
}
