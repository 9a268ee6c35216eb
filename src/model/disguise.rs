//! A secret under whatever a server or a browser may have made of it: percent-encoded, as a form, a
//! JSON string or HTML has it, in base64.
//!
//! Encoders differ in which characters they encode, so the forms are not listed and searched for:
//! the secret is matched character by character, each as it is or in any of its encodings.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::redact::Disguise;

/// The longest way to write one character: two units of UTF-16 as `\uXXXX`, or an entity.
const MAX_ENTITY: usize = 12;

/// A secret and how it may be written.
pub(super) struct Disguises {
    plain: Needle,
    /// What is sure to stand in base64 of a text that has the secret in it, by where in a group of
    /// three bytes it begins.
    base64: Vec<Needle>,
}

impl Disguises {
    pub(super) fn of(secret: &str) -> Self {
        let mut base64: Vec<String> = Vec::new();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            for before in 0..3 {
                let text = [&[0; 3][..before], secret.as_bytes()].concat();
                let encoded = engine.encode(&text);
                // Characters that hold bits of what stands before or behind are not the secret's.
                let from = (before * 8).div_ceil(6);
                let fragment = encoded[from..text.len() * 8 / 6].to_owned();
                if !base64.contains(&fragment) {
                    base64.push(fragment);
                }
            }
        }
        let base64 = base64.iter().map(|text| Needle::new(text)).collect();
        Self { plain: Needle::new(secret), base64 }
    }

    /// The secret itself.
    pub(super) fn secret(&self) -> &str {
        &self.plain.text
    }

    /// Where it stands; places may overlap.
    pub(super) fn find_all(&self, data: &[u8]) -> Vec<(Range<usize>, Disguise)> {
        let mut found = Vec::new();
        for range in self.plain.find_all(data) {
            let is_plain = data[range.clone()] == *self.plain.text.as_bytes();
            found.push((range, if is_plain { Disguise::Plain } else { Disguise::Encoded }));
        }
        for needle in &self.base64 {
            for Range { start, end } in needle.find_all(data) {
                // Its neighbours hold some of the secret's bits.
                let is_digit = |at: Option<&u8>| {
                    at.is_some_and(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(b))
                };
                let before = usize::from(start > 0 && is_digit(data.get(start - 1)));
                let after = usize::from(is_digit(data.get(end)));
                found.push((start - before..end + after, Disguise::Base64));
            }
        }
        found
    }
}

struct Needle {
    text: String,
    chars: Vec<char>,
    /// Bytes that its first character may begin with.
    starts: [bool; 256],
}

impl Needle {
    fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut starts = [false; 256];
        if let Some(first) = chars.first() {
            let raw = first.encode_utf8(&mut [0; 4]).as_bytes()[0];
            for byte in [raw, b'%', b'\\', b'&'] {
                starts[usize::from(byte)] = true;
            }
            starts[usize::from(b'+')] |= *first == ' ';
        }
        Self { text: text.to_owned(), chars, starts }
    }

    fn find_all(&self, data: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < data.len() {
            if self.starts[usize::from(data[at])]
                && let Some(end) = self.end_at(data, at)
            {
                found.push(at..end);
                at = end;
            } else {
                at += 1;
            }
        }
        found
    }

    /// Where the secret ends that begins at `at`; the furthest of several ways to read it.
    fn end_at(&self, data: &[u8], at: usize) -> Option<usize> {
        let mut ends = vec![at];
        let mut next = Vec::new();
        for c in &self.chars {
            for end in &ends {
                ways(*c, &data[*end..], |length| {
                    if !next.contains(&(end + length)) {
                        next.push(end + length);
                    }
                });
            }
            if next.is_empty() {
                return None;
            }
            std::mem::swap(&mut ends, &mut next);
            next.clear();
        }
        ends.into_iter().max()
    }
}

/// Tells the length of every way in which `data` begins with `c`.
fn ways(c: char, data: &[u8], mut tell: impl FnMut(usize)) {
    let mut buffer = [0; 4];
    let raw = c.encode_utf8(&mut buffer).as_bytes();
    let Some(first) = data.first() else { return };
    if data.starts_with(raw) {
        tell(raw.len());
    }
    match first {
        b'%' => percent(raw, data, tell),
        b'+' if c == ' ' => tell(1),
        b'\\' => backslash(c, data, tell),
        b'&' => entity(c, data, tell),
        _ => {}
    }
}

/// `%C3%A9`, and the same encoded once or twice more: `%25C3%25A9`.
fn percent(raw: &[u8], data: &[u8], mut tell: impl FnMut(usize)) {
    for again in 0..3 {
        let mut at = 0;
        let is_written = raw.iter().all(|byte| {
            let Some(rest) = data.get(at..).and_then(|rest| rest.strip_prefix(b"%")) else {
                return false;
            };
            let skipped = 2 * again;
            let is_again =
                rest.get(..skipped).is_some_and(|text| text.chunks(2).all(|c| c == b"25"));
            at += 1 + skipped + 2;
            is_again && hex(rest.get(skipped..skipped + 2)) == Some(u32::from(*byte))
        });
        if is_written {
            tell(at);
        }
    }
}

/// JSON's and JavaScript's escapes, and Rust's of what is no ASCII.
fn backslash(c: char, data: &[u8], mut tell: impl FnMut(usize)) {
    let short = match c {
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        c if c.is_ascii_punctuation() => c,
        _ => '\0',
    };
    if data.get(1).is_some_and(|byte| *byte == short as u8) && short != '\0' {
        tell(2);
    }
    if data.get(1) == Some(&b'x') && hex(data.get(2..4)) == Some(u32::from(c)) {
        tell(4);
    }
    let mut units = [0; 2];
    let units = c.encode_utf16(&mut units);
    let is_unit = |(index, unit): (usize, &u16)| {
        let text = data.get(6 * index..6 * index + 6);
        text.is_some_and(|text| {
            text.starts_with(b"\\u") && hex(Some(&text[2..])) == Some(u32::from(*unit))
        })
    };
    if units.iter().enumerate().all(is_unit) {
        tell(6 * units.len());
    }
    if let Some(rest) = data.strip_prefix(b"\\u{")
        && let Some(end) = rest.iter().take(7).position(|byte| *byte == b'}')
        && hex(rest.get(..end)) == Some(u32::from(c))
    {
        tell(3 + end + 1);
    }
}

/// HTML's names and numbers.
fn entity(c: char, data: &[u8], mut tell: impl FnMut(usize)) {
    let Some(end) = data.iter().take(MAX_ENTITY).position(|byte| *byte == b';') else { return };
    let is_it = match &data[1..end] {
        [b'#', b'x' | b'X', digits @ ..] => hex(Some(digits)) == Some(u32::from(c)),
        [b'#', digits @ ..] => {
            let number = std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok());
            number == Some(u32::from(c))
        }
        b"amp" => c == '&',
        b"lt" => c == '<',
        b"gt" => c == '>',
        b"quot" => c == '"',
        b"apos" => c == '\'',
        _ => false,
    };
    if is_it {
        tell(end + 1);
    }
}

fn hex(digits: Option<&[u8]>) -> Option<u32> {
    let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn disguises(secret: &str, data: &str) -> Vec<(String, Disguise)> {
        let found = Disguises::of(secret).find_all(data.as_bytes());
        found.into_iter().map(|(range, disguise)| (data[range].to_owned(), disguise)).collect()
    }

    #[test]
    fn encodings_of_every_kind_are_known() {
        let secret = "p&s \"w<'/é😀%";
        for written in [
            "p%26s%20%22w%3C%27%2F%C3%A9%F0%9F%98%80%25",
            "p%26s+%22w%3c'/%c3%a9%f0%9f%98%80%25",
            "p%2526s%2520%2522w%253C%2527%252F%25C3%25A9%25F0%259F%2598%2580%2525",
            r#"p&s \"w<'\/\u00e9\ud83d\ude00%"#,
            r#"p\u0026s \"w\u003C\'/é😀%"#,
            r#"p&s \"w<'/\u{e9}\u{1f600}%"#,
            r"p\x26s\x20\x22w\x3c\x27\x2f\xe9😀%",
            "p&amp;s &quot;w&lt;&#39;/é😀%",
            "p&amp;s &#34;w&lt;&#x27;&#x2F;&#233;&#x1F600;%",
            "p&#38;s&#32;&quot;w&lt;&apos;/é😀&#37;",
        ] {
            let text = format!("<{written}>");
            assert_eq!(disguises(secret, &text), [(written.to_owned(), Disguise::Encoded)]);
        }
        let plain = format!("<{secret}{secret}>");
        assert_eq!(disguises(secret, &plain), vec![(secret.to_owned(), Disguise::Plain); 2]);
    }

    #[test]
    fn what_is_something_else_stays() {
        for text in
            ["hunter2", "hunter%32", "hunter%3", "&#;hunter", "hunter\\u003", "&hunter;", "%"]
        {
            assert_eq!(disguises("hunter22", text), []);
        }
    }

    #[test]
    fn a_percent_sign_may_be_itself_or_begin_an_encoding() {
        for (secret, written) in [("a%25b", "a%25b"), ("a%b%", "a%25b%25"), ("a%25b", "a%2525b")] {
            assert_eq!(disguises(secret, written).len(), 1, "{secret} in {written}");
        }
    }

    proptest! {
        #[test]
        fn no_bit_of_it_is_left_of_base64(
            secret in "[ -~é]{4,40}", before in "[ -~]{0,9}", after in "[ -~]{0,9}",
            is_url in any::<bool>(),
        ) {
            let text = format!("{before}{secret}{after}");
            let engine = if is_url { &URL_SAFE_NO_PAD } else { &STANDARD };
            let encoded = engine.encode(&text);
            let found = Disguises::of(&secret).find_all(encoded.as_bytes());
            let hidden = |index: usize| found.iter().any(|(range, _)| range.contains(&index));
            let bits = before.len() * 8..(before.len() + secret.len()) * 8;
            for index in bits.start / 6..bits.end.div_ceil(6) {
                prop_assert!(hidden(index), "{encoded}: {index} of {found:?}");
            }
        }

        #[test]
        fn it_is_found_in_what_usual_encoders_write(secret in "\\PC{2,12}[a-z]{4}", around in "\\PC{0,5}") {
            let percent: String =
                percent_encoding::utf8_percent_encode(&secret, percent_encoding::NON_ALPHANUMERIC)
                    .collect();
            let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            let json = serde_json::Value::from(secret.as_str()).to_string();
            let html: String = secret.chars().flat_map(|c| ["&#".to_owned(), u32::from(c).to_string(), ";".to_owned()]).collect();
            for text in [secret.clone(), percent, form, json, format!("{secret:?}"), html] {
                let found = Disguises::of(&secret).find_all(format!("{around}{text}").as_bytes());
                prop_assert!(found.iter().any(|(_, kind)| *kind != Disguise::Base64), "{text}");
            }
        }
    }
}
