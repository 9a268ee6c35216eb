//! Names and passwords that a scan may try: only those that the user lists, because trying passwords is
//! something that whoever answers for the service has to allow.

use std::io::ErrorKind;
use std::path::Path;

use super::bounded;
use super::document::Node;
use super::document::Value;
use super::reader::Reader;

/// What a list looks like.
const EXPECTED: &str = "a file with lines like admin:admin, or a list of such pairs";

/// A longer list is one for guessing passwords, which a scan does not do.
const MAX_PAIRS: usize = 500;

/// The same as a file.
const MAX_BYTES: u64 = 64 << 10;

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Who logs in.
    pub user: String,
    /// With what; may be empty.
    pub password: String,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("reading credentials from {path}: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// A line is no pair.
    #[error("{path}:{line}: `user:password` is expected")]
    NoPair {
        /// The file.
        path: String,
        /// From 1.
        line: usize,
    },
    /// There is nothing in it.
    #[error("{0} lists no credentials")]
    Empty(String),
    /// There is too much in it.
    #[error(
        "{0} lists more than {MAX_PAIRS} credentials: a scan tries known ones, it does not guess"
    )]
    TooMany(String),
}

impl Credential {
    /// `user:password`; what follows the first colon is the password.
    pub fn parse(text: &str) -> Option<Self> {
        let (user, password) = text.split_once(':')?;
        let is_whole = !user.is_empty() && !text.contains(['\r', '\n', '\0']);
        is_whole.then(|| Self { user: user.to_owned(), password: password.to_owned() })
    }

    /// Those of a file, a line each; empty lines and those that begin with `#` are none.
    ///
    /// # Errors
    /// [`CredentialsError`]
    pub fn read(path: &Path) -> Result<Vec<Self>, CredentialsError> {
        let shown = || path.display().to_string();
        let unreadable = |cause| CredentialsError::Unreadable { path: shown(), cause };
        let bytes = bounded::read(path, MAX_BYTES).map_err(|cause| match cause.kind() {
            ErrorKind::FileTooLarge => CredentialsError::TooMany(shown()),
            _ => unreadable(cause),
        })?;
        let text = String::from_utf8(bytes)
            .map_err(|_| unreadable(std::io::Error::new(ErrorKind::InvalidData, "not UTF-8")))?;
        let mut pairs = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let none = || CredentialsError::NoPair { path: shown(), line: number + 1 };
            pairs.push(Self::parse(line).ok_or_else(none)?);
        }
        match pairs.len() {
            0 => Err(CredentialsError::Empty(shown())),
            1..=MAX_PAIRS => Ok(pairs),
            _ => Err(CredentialsError::TooMany(shown())),
        }
    }
}

/// The plan's `scan.credentials`: a file beside the plan, or pairs.
pub(super) fn credentials(node: Option<&Node>, reader: &mut Reader) -> Vec<Credential> {
    let Some(node) = node else { return Vec::new() };
    if !matches!(node.value, Value::List(_)) {
        let Some(name) = reader.text(node, EXPECTED).map(str::to_owned) else { return Vec::new() };
        let path = reader.beside(&node.at, &name);
        return Credential::read(&path).unwrap_or_else(|error| {
            reader.problem_with_help(&node.at, error.to_string(), EXPECTED);
            Vec::new()
        });
    }
    let mut pairs = Vec::new();
    for (text, at) in reader.texts(node, "pairs like admin:admin") {
        match Credential::parse(text) {
            Some(pair) => pairs.push(pair),
            // It may be a password that was written alone.
            None => reader.problem(at, "a pair is `user:password`"),
        }
    }
    if pairs.len() > MAX_PAIRS {
        reader.problem(&node.at, format!("these are more than {MAX_PAIRS} pairs"));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_told_by_their_first_colon() {
        let pair = |user: &str, password: &str| {
            Some(Credential { user: user.to_owned(), password: password.to_owned() })
        };
        assert_eq!(Credential::parse("admin:a:b "), pair("admin", "a:b "));
        assert_eq!(Credential::parse("root:"), pair("root", ""));
        for text in ["admin", ":x", "", "a:b\nc:d"] {
            assert_eq!(Credential::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn files_say_where_they_are_wrong() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("list");
        let read = |text: &str| {
            std::fs::write(&path, text).expect("it can be written");
            Credential::read(&path).map(|pairs| pairs.len()).map_err(|error| error.to_string())
        };
        assert_eq!(read("# vendor\nadmin:admin\n\nroot:\n"), Ok(2));
        let said = |text: &str| read(text).expect_err("it is wrong");
        assert!(said("admin:admin\nroot\n").contains("list:2:"), "{}", said("admin\n"));
        assert!(said("# nothing\n").contains("lists no credentials"));
        assert!(said(&"a:b\n".repeat(501)).contains("more than 500"));
        assert!(said(&"a:b\n".repeat(40_000)).contains("more than 500"));
    }
}
