//! Why a file is not one of ours.

/// Why a file could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FormatError {
    /// Not JSON, or not the JSON that the format asks for.
    #[error("line {line}, column {column}{}: {problem}", at(.path))]
    Content {
        /// From 1.
        line: usize,
        /// From 1; 0 where the parser knows only the line.
        column: usize,
        /// Where in the document, as `findings[3].severity`; empty for the document itself.
        path: String,
        /// What was wrong, and what was expected.
        problem: String,
    },
    /// Written by a newer Shakedown.
    #[error(
        "this {what} has format version {found}, this Shakedown reads {supported}: \
         use the Shakedown that wrote it, or a newer one"
    )]
    Newer {
        /// `report` or `event log`.
        what: &'static str,
        /// As the file says.
        found: String,
        /// The newest version that can be read.
        supported: &'static str,
    },
    /// JSON, but none of what can be read.
    #[error("neither a Shakedown report, an event log nor Nuclei's results: {problem}")]
    NotOurs {
        /// What is missing.
        problem: String,
    },
    /// An event log whose numbering has a gap or goes back.
    #[error("line {line}: event {found} stands where event {expected} belongs; the log is damaged")]
    Sequence {
        /// From 1.
        line: usize,
        /// The number that should follow.
        expected: u64,
        /// The number that stands there.
        found: u64,
    },
    /// The source of the bytes failed.
    #[error("reading line {line}: {problem}")]
    Read {
        /// From 1.
        line: usize,
        /// The system's word.
        problem: String,
    },
}

impl FormatError {
    /// A parser's error; `line` counts the lines before the text that was parsed.
    pub(super) fn content(
        error: &serde_path_to_error::Error<serde_json::Error>,
        line: usize,
    ) -> Self {
        let path = error.path().to_string();
        let cause = error.inner();
        let problem = cause.to_string();
        // serde_json ends its messages with the place, which stands in fields of its own here.
        let place = format!(" at line {} column {}", cause.line(), cause.column());
        Self::Content {
            line: line + cause.line(),
            column: cause.column(),
            path: if path == "." { String::new() } else { path },
            problem: problem.strip_suffix(&place).unwrap_or(&problem).to_owned(),
        }
    }
}

/// Parses `text` into `T`; `line` counts the lines before it.
pub(super) fn parse<T: serde::de::DeserializeOwned>(
    text: &[u8],
    line: usize,
) -> Result<T, FormatError> {
    let mut parser = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut parser)
        .map_err(|error| FormatError::content(&error, line))?;
    parser.end().map_err(|error| FormatError::Content {
        line: line + error.line(),
        column: error.column(),
        path: String::new(),
        problem: "something follows the end of the document".to_owned(),
    })?;
    Ok(value)
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(", at `{path}`") }
}
