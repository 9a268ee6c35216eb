//! Values made to fit where they stand.

use super::template::Place;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `value` as `place` needs it; false where it cannot stand there.
pub(super) fn write_value(value: &[u8], place: Place, out: &mut Vec<u8>) -> bool {
    match place {
        Place::Url => percent(value, b"%20", out),
        Place::Form => percent(value, b"+", out),
        Place::JsonString => json_text(value, out),
        Place::JsonValue if is_json_scalar(value) => out.extend_from_slice(value),
        Place::JsonValue => {
            out.push(b'"');
            json_text(value, out);
            out.push(b'"');
        }
        Place::Header if value.iter().any(|byte| breaks_header(*byte)) => return false,
        Place::Header | Place::Raw => out.extend_from_slice(value),
    }
    true
}

/// RFC 9110 §5.5: of the control characters, a value may have tabs.
fn breaks_header(byte: u8) -> bool {
    byte < 0x20 && byte != b'\t' || byte == 0x7f
}

fn percent(value: &[u8], space: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(*byte),
            b' ' => out.extend_from_slice(space),
            _ => {
                let [high, low] = [byte >> 4, byte & 15].map(|half| HEX[usize::from(half)]);
                out.extend_from_slice(&[b'%', high, low]);
            }
        }
    }
}

/// JSON is UTF-8: bytes that are not become U+FFFD.
fn json_text(value: &[u8], out: &mut Vec<u8>) {
    for chunk in value.utf8_chunks() {
        escape(chunk.valid().as_bytes(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

fn escape(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        let short = match byte {
            b'"' | b'\\' => *byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..0x20 => {
                let [high, low] = [byte >> 4, byte & 15].map(|half| HEX[usize::from(half)]);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
                continue;
            }
            _ => {
                out.push(*byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
}

/// Whether it is a number, a boolean or null as JSON writes it.
fn is_json_scalar(value: &[u8]) -> bool {
    match value {
        b"true" | b"false" | b"null" => true,
        // White space around a number would be skipped.
        [b'-' | b'0'..=b'9', .., b'0'..=b'9'] | [b'0'..=b'9'] => {
            serde_json::from_slice::<serde_json::Number>(value).is_ok()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: &[u8], place: Place) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(write_value(value, place, &mut out));
        out
    }

    #[test]
    fn json_values_keep_their_type() {
        for (value, expected) in [
            ("17", "17"),
            ("-0.5e3", "-0.5e3"),
            ("007", "\"007\""),
            ("1 ", "\"1 \""),
            ("true", "true"),
            ("null", "null"),
            ("nulls", "\"nulls\""),
            ("", "\"\""),
            ("{}", "\"{}\""),
        ] {
            let written = written(value.as_bytes(), Place::JsonValue);
            assert_eq!(String::from_utf8(written).as_deref(), Ok(expected));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_as_the_value(value in any::<Vec<u8>>()) {
            let lossy = String::from_utf8_lossy(&value);
            let json: String = serde_json::from_slice(&[b"\"", &written(&value, Place::JsonString)[..], b"\""].concat())
                .expect("a string");
            prop_assert_eq!(&json, &lossy);
            let url = written(&value, Place::Url);
            let decoded: Vec<u8> = percent_encoding::percent_decode(&url).collect();
            prop_assert_eq!(&decoded, &value);
            let form = [b"k=", &written(&value, Place::Form)[..]].concat();
            let pairs: Vec<_> = url::form_urlencoded::parse(&form).collect();
            prop_assert_eq!(&pairs[0].1, &lossy);
        }

        #[test]
        fn no_header_value_ends_its_line(value in any::<Vec<u8>>()) {
            let mut out = Vec::new();
            if write_value(&value, Place::Header, &mut out) {
                prop_assert!(!out.contains(&b'\r') && !out.contains(&b'\n') && !out.contains(&0));
            }
        }
    }
}
