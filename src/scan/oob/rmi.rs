//! The beginning of Java's RMI: enough to be told the name that a registry is asked for.

use super::conversation::Told;
use super::interaction::OobProtocol;

/// How a client begins, before two bytes of version and one of protocol.
pub(super) const MAGIC: &[u8; 4] = b"JRMI";
const HELLO_LEN: usize = 7;

/// A protocol in which the call follows at once.
const SINGLE_CALL: u8 = 0x4c;

/// "I speak that protocol too", and whom the client seems to be: host `localhost`, no port.
const WELCOME: &[u8] = b"\x4e\x00\x09localhost\x00\x00\x00\x00";

/// Call, serialisation's beginning, a block of this many bytes, then a string.
const CALL: &[u8] = b"\x50\xac\xed\x00\x05\x77";
const STRING: u8 = 0x74;

/// How far a client has come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Hello,
    Endpoint,
    Call,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Partial,
    /// So many bytes, and an answer.
    Next(Stage, usize, &'static [u8]),
    /// The name that was asked for, in so many bytes.
    Asked(usize, Told),
    Other,
}

/// Looks at what stands at the beginning of `bytes`.
pub(super) fn step(stage: Stage, bytes: &[u8]) -> Step {
    match stage {
        Stage::Hello if bytes.len() < HELLO_LEN => Step::Partial,
        Stage::Hello if bytes[HELLO_LEN - 1] == SINGLE_CALL => {
            Step::Next(Stage::Call, HELLO_LEN, b"")
        }
        Stage::Hello => Step::Next(Stage::Endpoint, HELLO_LEN, WELCOME),
        Stage::Endpoint => match text(bytes) {
            // Behind the host there is a port.
            Some((_, rest)) if rest.len() >= 4 => {
                Step::Next(Stage::Call, bytes.len() - rest.len() + 4, b"")
            }
            _ => Step::Partial,
        },
        Stage::Call => call(bytes),
    }
}

fn call(bytes: &[u8]) -> Step {
    let seen = bytes.len().min(CALL.len());
    if bytes[..seen] != CALL[..seen] {
        return Step::Other;
    }
    let Some((len, block)) = bytes.get(CALL.len()..).and_then(<[u8]>::split_first) else {
        return Step::Partial;
    };
    match block.get(usize::from(*len)..).and_then(<[u8]>::split_first) {
        None => Step::Partial,
        Some((tag, _)) if *tag != STRING => Step::Other,
        Some((_, string)) => match text(string) {
            None => Step::Partial,
            Some((name, rest)) => {
                let len = bytes.len() - rest.len();
                let question = String::from_utf8_lossy(name).into_owned();
                let (request, response) = (bytes[..len].to_vec(), Vec::new());
                Step::Asked(len, Told { protocol: OobProtocol::Rmi, question, request, response })
            }
        },
    }
}

/// Two bytes of length and as many of text, and what stands behind.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, behind) = bytes.split_first_chunk::<2>()?;
    behind.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}
