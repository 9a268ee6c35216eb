//! Serialised objects in values: which format, in which encoding, and the same object written otherwise.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE;

/// What an object is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Python's, protocol 2 and later: <https://docs.python.org/3/library/pickletools.html>.
    Pickle,
    /// <https://docs.oracle.com/en/java/javase/21/docs/specs/serialization/protocol.html>
    Java,
    /// <https://www.php.net/manual/en/function.serialize.php>
    Php,
    /// `BinaryFormatter`: <https://learn.microsoft.com/openspecs/windows_protocols/ms-nrbf>
    DotNet,
    /// Ruby's `Marshal` 4.8.
    Ruby,
    Yaml,
    /// An object in JSON, which node-serialize gives functions to.
    Json,
}

impl Format {
    /// For people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pickle => "Python's pickle",
            Self::Java => "Java serialisation",
            Self::Php => "PHP's serialize",
            Self::DotNet => ".NET's BinaryFormatter",
            Self::Ruby => "Ruby's Marshal",
            Self::Yaml => "YAML",
            Self::Json => "JSON",
        }
    }
}

/// How its bytes become a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Base64 {
        padded: bool,
    },
    Base64Url {
        padded: bool,
    },
    Hex,
    /// Percent-encoded once more than the place demands.
    Percent,
}

impl Encoding {
    pub(crate) fn write(self, bytes: &[u8]) -> String {
        let trimmed = |text: String, padded: bool| {
            if padded { text } else { text.trim_end_matches('=').to_owned() }
        };
        match self {
            Self::Plain => String::from_utf8_lossy(bytes).into_owned(),
            Self::Base64 { padded } => trimmed(BASE64_STANDARD.encode(bytes), padded),
            Self::Base64Url { padded } => trimmed(BASE64_URL_SAFE.encode(bytes), padded),
            Self::Hex => data_encoding::HEXLOWER.encode(bytes),
            Self::Percent => {
                percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC)
                    .to_string()
            }
        }
    }
}

/// An object in a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Serialized {
    pub(crate) format: Format,
    pub(crate) encoding: Encoding,
    pub(crate) bytes: Vec<u8>,
}

/// Finds out what a value is, if it is an object.
pub(crate) fn recognise(value: &str) -> Option<Serialized> {
    readings(value).into_iter().find_map(|(encoding, bytes)| {
        let format = format_of(&bytes)?;
        // JSON as it is, and prose, are what they are and no objects that are made of texts.
        let is_open = encoding == Encoding::Plain;
        let fits = match format {
            Format::Json | Format::Pickle | Format::Java | Format::DotNet | Format::Ruby => {
                !is_open
            }
            Format::Php | Format::Yaml => true,
        };
        fits.then_some(Serialized { format, encoding, bytes })
    })
}

/// What a value may mean, byte by byte.
fn readings(value: &str) -> Vec<(Encoding, Vec<u8>)> {
    let mut found = vec![(Encoding::Plain, value.as_bytes().to_vec())];
    let value = value.trim();
    if value.contains('%') {
        let decoded = percent_encoding::percent_decode_str(value).collect();
        found.push((Encoding::Percent, decoded));
    }
    if value.len() >= 8 {
        let padded = value.ends_with('=') || value.len().is_multiple_of(4);
        let lenient =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let standard = GeneralPurpose::new(&alphabet::STANDARD, lenient);
        let url_safe = GeneralPurpose::new(&alphabet::URL_SAFE, lenient);
        if let Ok(bytes) = data_encoding::HEXLOWER_PERMISSIVE.decode(value.as_bytes()) {
            found.push((Encoding::Hex, bytes));
        }
        // Spaces are pluses that somebody has decoded.
        if let Ok(bytes) = standard.decode(value.replace(' ', "+")) {
            found.push((Encoding::Base64 { padded }, bytes));
        }
        if let Ok(bytes) = url_safe.decode(value) {
            found.push((Encoding::Base64Url { padded }, bytes));
        }
    }
    found
}

fn format_of(bytes: &[u8]) -> Option<Format> {
    match bytes {
        [0x80, 2..=5, .., b'.'] => return Some(Format::Pickle),
        [0xac, 0xed, 0, 5, _, ..] => return Some(Format::Java),
        [0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, ..] => return Some(Format::DotNet),
        [4, 8, kind, ..] if b"{[o\"I:i".contains(kind) => return Some(Format::Ruby),
        _ => {}
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if is_php(text) {
        return Some(Format::Php);
    }
    if text.starts_with("---\n") || text.starts_with("--- ") || text.starts_with("!!") {
        return Some(Format::Yaml);
    }
    let json = serde_json::from_str::<serde_json::Value>(text).ok()?;
    json.is_object().then_some(Format::Json)
}

/// `a:1:{…}`, `O:3:"abc":0:{}`, `s:3:"abc";`.
fn is_php(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let (kind, length, rest) = (parts.next(), parts.next(), parts.next());
    let is_number = length.is_some_and(|it| it.parse::<u32>().is_ok());
    is_number
        && match (kind, rest) {
            (Some("a"), Some(rest)) => rest.starts_with('{') && rest.ends_with('}'),
            (Some("O"), Some(rest)) => rest.starts_with('"') && rest.ends_with('}'),
            (Some("s"), Some(rest)) => rest.starts_with('"') && rest.ends_with("\";"),
            _ => false,
        }
}

impl Serialized {
    pub(crate) fn write(&self, bytes: &[u8]) -> String {
        self.encoding.write(bytes)
    }

    /// The same object with something in it that only who reads the format leaves out, and something of
    /// the same length that he stumbles over; `round` chooses among several.
    pub(crate) fn twins(&self, round: usize) -> Option<(Vec<u8>, Vec<u8>)> {
        let bytes = &self.bytes;
        match self.format {
            // NONE or a small number is pushed and popped again; a pop too many fails.
            Format::Pickle => {
                let (same, broken): (&[u8], &[u8]) =
                    [(b"N0" as &[u8], b"00" as &[u8]), (b"K\x070", b"000"), (b"N0N0", b"N000")]
                        [round % 3];
                Some((inserted(bytes, 2, same), inserted(bytes, 2, broken)))
            }
            // TC_RESET may stand between objects; 1 is no type.
            Format::Java => {
                let same = vec![0x79; round + 1];
                let broken = vec![1; round + 1];
                Some((inserted(bytes, 4, &same), inserted(bytes, 4, &broken)))
            }
            // Older minor versions are read, other major ones are not.
            Format::Ruby => {
                let minor = 7_u8.saturating_sub(u8::try_from(round).unwrap_or(0));
                let with = |major: u8| [&[major, minor], &bytes[2..]].concat();
                Some((with(4), with(5)))
            }
            Format::Php => php_twins(std::str::from_utf8(bytes).ok()?, round),
            Format::DotNet | Format::Yaml | Format::Json => None,
        }
    }

    /// The same object in other bytes.
    pub(crate) fn otherwise(&self) -> Option<Vec<u8>> {
        let followed = |what: &[u8]| Some([&self.bytes, what].concat());
        match self.format {
            Format::Pickle | Format::Java | Format::Ruby | Format::Php => {
                self.twins(0).map(|(same, _)| same)
            }
            // What follows the end of a message is not read.
            Format::DotNet => followed(b"\0"),
            Format::Yaml => followed(b"\n# end\n"),
            Format::Json => followed(b" "),
        }
    }

    /// Ends too early, and in another place.
    pub(crate) fn truncated(&self) -> [Vec<u8>; 2] {
        let length = self.bytes.len();
        [self.bytes[..length - length / 4 - 1].to_vec(), self.bytes[..length - 1].to_vec()]
    }
}

/// A text as `S:3:"\61bc"`, the form in which characters may be escaped, with its own length and with a
/// wrong one.
fn php_twins(text: &str, round: usize) -> Option<(Vec<u8>, Vec<u8>)> {
    let start = text.find("s:")?;
    let (length, rest) = text[start + 2..].split_once(":\"")?;
    let length: usize = length.parse().ok()?;
    let word = rest.get(..length).filter(|word| !word.is_empty() && word.is_ascii())?;
    let after = &rest[length..];
    let escaped = 1 + round % word.len();
    let hex: Vec<String> = word.bytes().take(escaped).map(|byte| format!("\\{byte:02x}")).collect();
    let hex = hex.concat();
    let with = |length: usize| {
        format!("{}S:{length}:\"{hex}{}{after}", &text[..start], &word[escaped..]).into_bytes()
    };
    Some((with(length), with(length + 1)))
}

fn inserted(bytes: &[u8], at: usize, what: &[u8]) -> Vec<u8> {
    [&bytes[..at], what, &bytes[at..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_encodings_are_recognised() {
        for (value, format, encoding) in [
            ("gASVCgAAAAAAAAB9lIwBYZRLAXMu", Format::Pickle, Encoding::Base64 { padded: true }),
            ("80047d942e", Format::Pickle, Encoding::Hex),
            ("rO0ABXNyAAFh", Format::Java, Encoding::Base64 { padded: true }),
            ("a:1:{s:1:\"a\";i:1;}", Format::Php, Encoding::Plain),
            ("O%3A1%3A%22a%22%3A0%3A%7B%7D", Format::Php, Encoding::Percent),
            ("AAEAAAD/////AQAAAAAAAAA", Format::DotNet, Encoding::Base64 { padded: false }),
            ("BAh7BjoGYWkG", Format::Ruby, Encoding::Base64 { padded: true }),
            ("--- a\n", Format::Yaml, Encoding::Plain),
            ("eyJhIjoxfQ==", Format::Json, Encoding::Base64 { padded: true }),
        ] {
            let found = recognise(value).expect(value);
            assert_eq!((found.format, found.encoding), (format, encoding), "{value}");
            assert_eq!(found.write(&found.bytes).to_lowercase(), value.to_lowercase());
        }
        for value in ["", "home", "7", "a:b:c", "{\"a\":1}", "deadbeef", "aGVsbG8gd29ybGQ=", "a: 1"]
        {
            assert_eq!(recognise(value), None, "{value}");
        }
    }

    #[test]
    fn twins_are_the_same_object_and_none() {
        let php = recognise("a:1:{s:2:\"ab\";i:1;}").expect("PHP");
        let (same, broken) = php.twins(0).expect("a text in it");
        assert_eq!(same, b"a:1:{S:2:\"\\61b\";i:1;}");
        assert_eq!(broken, b"a:1:{S:3:\"\\61b\";i:1;}");
        let pickle = recognise("80047d942e").expect("a pickle");
        assert_eq!(pickle.twins(0).expect("always").0, b"\x80\x04N0}\x94.");
    }
}
