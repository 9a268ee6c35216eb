//! How users say which run: `12`, `latest`, `latest~1`, or its name.

use super::error::HistoryError;

/// The last run.
const LATEST: &str = "latest";

/// Characters of a name.
const NAME_MAX: usize = 60;

/// Which run is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunRef {
    /// The run of this number.
    Id(u64),
    /// So many runs before the last one.
    Latest(u64),
    /// The run that a user called so.
    Name(String),
}

impl RunRef {
    /// Reads `12`, `latest`, `latest~1` or a name.
    ///
    /// # Errors
    /// [`HistoryError::Name`] for what could be none of them.
    pub fn parse(text: &str) -> Result<Self, HistoryError> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        if text == LATEST {
            return Ok(Self::Latest(0));
        }
        if let Some(back) = text.strip_prefix(LATEST).and_then(|rest| rest.strip_prefix('~')) {
            let back = back.parse().map_err(|_| {
                HistoryError::Name(text.to_owned(), "behind `latest~` goes a number of runs")
            })?;
            return Ok(Self::Latest(back));
        }
        run_name(text).map(Self::Name)
    }
}

impl std::fmt::Display for RunRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Latest(0) => f.write_str(LATEST),
            Self::Latest(back) => write!(f, "{LATEST}~{back}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// A name that a run can have: it cannot be taken for anything else, nor do harm in a terminal.
pub(super) fn run_name(text: &str) -> Result<String, HistoryError> {
    let refused = |why| Err(HistoryError::Name(text.chars().take(NAME_MAX).collect(), why));
    let is_plain = |c: char| c.is_alphanumeric() || "._-/".contains(c);
    if text.is_empty() || text.chars().count() > NAME_MAX {
        return refused("it has from 1 to 60 characters");
    }
    if !text.chars().all(is_plain) || !text.starts_with(char::is_alphanumeric) {
        return refused("letters, digits, `.`, `_`, `-` and `/` make one, a letter or digit first");
    }
    if text.chars().all(|c| c.is_ascii_digit()) {
        return refused("a number is that of a run");
    }
    if text == LATEST {
        return refused("that is the last run");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_is_what_is_written() {
        for (text, meant) in [
            ("12", RunRef::Id(12)),
            ("latest", RunRef::Latest(0)),
            ("latest~3", RunRef::Latest(3)),
            ("release/1.2", RunRef::Name("release/1.2".to_owned())),
            ("latest-good", RunRef::Name("latest-good".to_owned())),
        ] {
            let read = RunRef::parse(text).expect("one of them");
            assert_eq!(read, meant);
            assert_eq!(read.to_string(), text);
        }
        for wrong in ["", "latest~", "latest~x", "a b", "\u{1b}[31m", "-x", &"x".repeat(61)] {
            assert!(RunRef::parse(wrong).is_err(), "{wrong}");
        }
        assert!(run_name("12").is_err() && run_name("latest").is_err());
    }
}
