//! What is wrong with a rule file, and where.

use std::fmt;
use std::path::PathBuf;

use miette::Diagnostic;
use miette::LabeledSpan;
use miette::NamedSource;
use miette::SourceCode;
use miette::SourceSpan;

/// One mistake in a rule file, with the place it stands at.
#[derive(Debug)]
pub struct Fault {
    /// Path as given, or the embedded file's name.
    pub file: String,
    /// From 1; 0 when the parser does not know.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    source: NamedSource<String>,
    span: SourceSpan,
}

impl Fault {
    pub(super) fn new(file: &str, text: &str, at: Place, message: String) -> Self {
        let offset = at.offset.min(text.len());
        Self {
            file: file.to_owned(),
            line: at.line,
            column: at.column,
            message,
            help: None,
            source: NamedSource::new(file, text.to_owned()),
            span: SourceSpan::from((offset, at.length.min(text.len() - offset))),
        }
    }

    pub(super) fn with_help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }
}

/// A place in a rule file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
    /// In bytes.
    pub(super) offset: usize,
    /// In bytes.
    pub(super) length: usize,
}

impl Place {
    pub(super) fn of(location: serde_saphyr::Location) -> Self {
        let span = location.span();
        let bytes = |value: Option<u64>| value.and_then(|value| usize::try_from(value).ok());
        Self {
            line: location.line(),
            column: location.column(),
            offset: bytes(span.byte_offset()).unwrap_or(0),
            length: bytes(span.byte_len()).unwrap_or(0),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

/// Why rules could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// A directory that the user named.
    #[error("reading rule directory {}", path.display())]
    ReadingDirectory {
        /// As given, or below it.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A file in such a directory.
    #[error("reading rule file {}", path.display())]
    ReadingFile {
        /// Which.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A directory without a single rule is most likely the wrong one.
    #[error("rule directory {} holds no .yaml file", path.display())]
    NoRules {
        /// As given.
        path: PathBuf,
    },
    /// A mistake in a file.
    #[error("{0}")]
    Invalid(Box<Fault>),
}

impl From<Fault> for RuleError {
    fn from(fault: Fault) -> Self {
        Self::Invalid(Box::new(fault))
    }
}

impl Diagnostic for RuleError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self {
            Self::Invalid(fault) => {
                fault.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
            }
            Self::NoRules { .. } => Some(Box::new("name the directory that the rule files are in")),
            Self::ReadingDirectory { .. } | Self::ReadingFile { .. } => None,
        }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        match self {
            Self::Invalid(fault) => Some(&fault.source),
            Self::ReadingDirectory { .. } | Self::ReadingFile { .. } | Self::NoRules { .. } => None,
        }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        match self {
            Self::Invalid(fault) => {
                Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, fault.span))))
            }
            Self::ReadingDirectory { .. } | Self::ReadingFile { .. } | Self::NoRules { .. } => None,
        }
    }
}

/// Everything that is wrong with the rules, never empty.
#[derive(Debug)]
pub struct RuleErrors(pub Vec<RuleError>);

impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
            let mut cause = std::error::Error::source(error);
            while let Some(source) = cause {
                write!(f, ": {source}")?;
                cause = source.source();
            }
        }
        Ok(())
    }
}

impl std::error::Error for RuleErrors {}

impl Diagnostic for RuleErrors {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.0.iter().map(|error| error as &dyn Diagnostic)))
    }
}
