//! What happens to a file's text before it is read as YAML.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

/// Characters of a random marker.
const MARKER_LENGTH: usize = 27;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Replaces every `{{randstr}}` and `{{randstr_…}}` of a file by a random word, one for each name, so
/// that a request and the matcher that looks for it agree. Gives the words by their markers.
pub(super) fn randomise(text: &str, random: &mut ChaCha8Rng) -> (String, BTreeMap<String, String>) {
    let mut words = BTreeMap::new();
    if !text.contains("{{randstr") {
        return (text.to_owned(), words);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("{{randstr") {
        let Some(marker) = marker_at(&rest[at..]) else {
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            continue;
        };
        let word = words.entry(marker.to_owned()).or_insert_with(|| word(random));
        out.push_str(&rest[..at]);
        out.push_str(word);
        rest = &rest[at + marker.len()..];
    }
    out.push_str(rest);
    (out, words)
}

/// The marker that `text` begins with.
fn marker_at(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("{{randstr")?;
    let length = inner.find("}}")?;
    let suffix = &inner[..length];
    let is_name = suffix.is_empty()
        || suffix.strip_prefix('_').is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
    is_name.then(|| &text[.."{{randstr".len() + length + 2])
}

fn word(random: &mut ChaCha8Rng) -> String {
    (0..MARKER_LENGTH)
        .map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]))
        .collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn one_word_for_each_name() {
        let text = "a {{randstr}} b {{randstr_1}} c {{randstr}} {{randstring}} {{randstr_";
        let (out, words) = randomise(text, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(words.len(), 2);
        let (first, second) = (&words["{{randstr}}"], &words["{{randstr_1}}"]);
        assert_ne!(first, second);
        assert_eq!(out, format!("a {first} b {second} c {first} {{{{randstring}}}} {{{{randstr_"));
        assert!(first.len() == 27 && first.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
