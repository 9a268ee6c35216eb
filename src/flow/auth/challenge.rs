//! `WWW-Authenticate` as servers send it (RFC 9110 §11.6.1): several challenges in one line, with
//! commas that separate both challenges and parameters.

/// Longer header values are not read to their end.
const MAX_LEN: usize = 8 * 1024;

/// One challenge: its scheme in lower case and its parameters, names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) scheme: String,
    pub(super) parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Every challenge of a header's value; what makes no sense is left out.
pub(super) fn challenges(value: &str) -> Vec<Challenge> {
    let mut rest = &value[..value.floor_char_boundary(MAX_LEN)];
    let mut found: Vec<Challenge> = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return found;
        }
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let value_of = after.trim_start().strip_prefix('=');
        match (value_of, found.last_mut()) {
            // A `token68` (`Basic YWJj=`) has `=` at its end, and nothing behind it.
            (Some(text), Some(last)) if !word.is_empty() => {
                let (value, after) = parameter(text.trim_start());
                last.parameters.push((word.to_ascii_lowercase(), value));
                rest = after;
            }
            (Some(text), _) => rest = text,
            (None, _) => {
                found.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
                rest = after;
            }
        }
    }
}

/// A token or a quoted string, and what stands behind it.
fn parameter(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn several_challenges_stand_in_one_line() {
        let line =
            r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#;
        let found = challenges(line);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].scheme.as_str(), found[0].get("type")), ("newauth", Some("1")));
        assert_eq!(found[0].get("title"), Some("Login to \"apps\""));
        assert_eq!((found[1].scheme.as_str(), found[1].get("realm")), ("basic", Some("simple")));
    }

    #[test]
    fn odd_ones_are_read_as_far_as_they_make_sense() {
        assert_eq!(challenges("").len(), 0);
        assert_eq!(challenges(" , ,").len(), 0);
        assert_eq!(challenges("Digest")[0].parameters, []);
        assert_eq!(challenges("Digest nonce=\"open")[0].get("nonce"), Some("open"));
        assert_eq!(challenges("Digest nonce = abc , qop=auth")[0].get("qop"), Some("auth"));
        assert_eq!(challenges("=x Basic")[0].scheme, "x");
    }

    proptest! {
        #[test]
        fn no_line_stops_the_reader(line in "([a-z=,\" \\\\é]|Digest |nonce=){0,80}") {
            for challenge in challenges(&line) {
                prop_assert!(!challenge.scheme.contains(' '));
            }
        }
    }
}
