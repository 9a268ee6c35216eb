//! LDAP (RFC 4511): who binds is welcome, who searches finds nothing.

use super::conversation::Told;
use super::interaction::OobProtocol;

/// What stands before a name in a message: an entry is not given, so nothing is loaded from anywhere.
const SUCCESS: u8 = 0;
const UNWILLING: u8 = 53;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const BIND: u8 = 0x60;
const SEARCH: u8 = 0x63;
const UNBIND: u8 = 0x42;
const ABANDON: u8 = 0x50;
const DELETE: u8 = 0x4a;
const EXTENDED: u8 = 0x77;

/// What the next bytes of a connection are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Not yet a whole message.
    Partial,
    /// No message of LDAP.
    Invalid,
    /// One, in so many bytes; what is answered may be nothing. `None` in place of what was told: it
    /// names nothing.
    Whole { len: usize, reply: Vec<u8>, told: Option<Told>, is_last: bool },
}

/// A tag, what it encloses and what stands behind it.
struct Element<'b> {
    tag: u8,
    content: &'b [u8],
    rest: &'b [u8],
}

/// The message at the beginning of `bytes`, which is not longer than `limit`.
pub(super) fn message(bytes: &[u8], limit: usize) -> Message {
    let Some(len) = element_len(bytes) else {
        // A length takes six bytes at most.
        return if bytes.len() < 6 { Message::Partial } else { Message::Invalid };
    };
    if bytes[0] != SEQUENCE || len > limit {
        return Message::Invalid;
    }
    let Some(message) = bytes.get(..len) else { return Message::Partial };
    read(message).unwrap_or(Message::Invalid)
}

fn read(message: &[u8]) -> Option<Message> {
    let id = element(element(message)?.content)?;
    if id.tag != INTEGER || id.content.len() > 4 {
        return None;
    }
    let operation = element(id.rest)?;
    let name = match operation.tag {
        BIND => element(element(operation.content)?.rest),
        DELETE => Some(Element { tag: OCTET_STRING, ..operation }),
        _ => element(operation.content),
    };
    let name = name.filter(|name| name.tag == OCTET_STRING).map_or(&b""[..], |name| name.content);
    let reply = match response_tag(operation.tag) {
        Some(tag) => {
            let is_fine = matches!(operation.tag, BIND | SEARCH);
            response(id.content, tag, if is_fine { SUCCESS } else { UNWILLING })
        }
        None => Vec::new(),
    };
    let is_told = !name.is_empty() || operation.tag == SEARCH;
    let told = is_told.then(|| Told {
        protocol: OobProtocol::Ldap,
        question: String::from_utf8_lossy(name).into_owned(),
        request: message.to_vec(),
        response: reply.clone(),
    });
    Some(Message::Whole { len: message.len(), reply, told, is_last: operation.tag == UNBIND })
}

fn response_tag(operation: u8) -> Option<u8> {
    match operation {
        UNBIND | ABANDON => None,
        SEARCH => Some(0x65),
        DELETE => Some(0x6b),
        EXTENDED => Some(0x78),
        other => Some(other | 1),
    }
}

/// An operation's result, without a name and a text.
fn response(id: &[u8], tag: u8, code: u8) -> Vec<u8> {
    let result = [0x0a, 1, code, OCTET_STRING, 0, OCTET_STRING, 0];
    let mut inner = vec![INTEGER, length(id.len())];
    inner.extend_from_slice(id);
    inner.extend_from_slice(&[tag, length(result.len())]);
    inner.extend_from_slice(&result);
    let mut message = vec![SEQUENCE, length(inner.len())];
    message.append(&mut inner);
    message
}

fn length(len: usize) -> u8 {
    u8::try_from(len).ok().filter(|len| *len < 0x80).expect("what is written here is short")
}

/// How long the element at the beginning is, tag and length included; `None` if that is not known
/// yet or not definite (X.690 §8.1.3).
fn element_len(bytes: &[u8]) -> Option<usize> {
    let [_, first, behind @ ..] = bytes else { return None };
    if *first < 0x80 {
        return Some(2 + usize::from(*first));
    }
    let count = usize::from(first & 0x7f);
    let digits = behind.get(..count).filter(|_| (1..=4).contains(&count))?;
    let len = digits.iter().fold(0_usize, |len, digit| len << 8 | usize::from(*digit));
    Some(2 + count + len)
}

fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let len = element_len(bytes)?;
    let (whole, rest) = bytes.split_at_checked(len)?;
    let header = if whole[1] < 0x80 { 2 } else { 2 + usize::from(whole[1] & 0x7f) };
    Some(Element { tag: whole[0], content: &whole[header..], rest })
}
