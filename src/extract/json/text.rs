//! What a JSON string says, its escapes undone piece by piece.

/// Gives the pieces of the string between the quotes of `raw` to `each`; false where an escape
/// stands for no character (half a surrogate pair).
pub(super) fn unescape(raw: &[u8], mut each: impl FnMut(&[u8])) -> bool {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        each(&rest[..at]);
        let Some((character, used)) = escaped(&rest[at..]) else { return false };
        each(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &rest[at + used..];
    }
    each(rest);
    true
}

/// Whether the string between the quotes of `raw` is `wanted`.
pub(super) fn is_text(raw: &[u8], wanted: &[u8]) -> bool {
    if memchr::memchr(b'\\', raw).is_none() {
        return raw == wanted;
    }
    let mut rest = Some(wanted);
    let is_whole = unescape(raw, |piece| {
        rest = rest.and_then(|rest| rest.strip_prefix(piece));
    });
    is_whole && rest == Some(b"")
}

/// The character that the escape at the start of `bytes` stands for, and the escape's length.
fn escaped(bytes: &[u8]) -> Option<(char, usize)> {
    let simple = match bytes.get(1)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(bytes),
        same => char::from(*same),
    };
    Some((simple, 2))
}

fn unicode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = unit(bytes)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, 6));
    }
    let second = unit(&bytes[6..])?;
    if !(0xdc00..0xe000).contains(&second) {
        return None;
    }
    let character = char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))?;
    Some((character, 12))
}

/// The number in the `\uXXXX` at the start of `bytes`.
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}
