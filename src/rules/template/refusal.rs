//! Why a template is not run.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// Why, in one word for machines and one line for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// The file cannot be read.
    Unreadable,
    /// The file is no YAML, or has keys or values that the format does not have.
    Syntax,
    /// A key that must be there is missing, or a value is none of those it may be.
    Invalid,
    /// Keys that exclude each other.
    Conflict,
    /// A matcher or extractor of a type that there is not.
    UnknownType,
    /// A regular expression that is none.
    BadRegex,
    /// An expression that is none, or calls a function that there is not.
    BadExpression,
    /// Hexadecimal digits that are none.
    BadBinary,
    /// A query of a JSON or XML document that is none.
    BadQuery,
    /// A file of payloads that is not there, too large, or outside of the templates' folder.
    Payloads,
    /// The requests are not HTTP: DNS, TCP, TLS, WHOIS, WebSocket.
    OtherProtocol,
    /// Local files are looked at, not a target.
    LocalFiles,
    /// Programs are run on this machine.
    Code,
    /// A browser is driven.
    Headless,
    /// The order of the requests is a program in JavaScript.
    FlowScript,
    /// A function that needs what this tool does not give to templates.
    UnsupportedFunction,
    /// Requests that go to others than the target.
    SelfContained,
    /// A cloud's signature of requests.
    Signature,
    /// It judges traffic that is there, which scans do.
    Passive,
    /// A workflow names a template that is not there.
    Workflow,
}

impl Reason {
    /// All of them, in order.
    pub const ALL: [Self; 20] = [
        Self::Unreadable,
        Self::Syntax,
        Self::Invalid,
        Self::Conflict,
        Self::UnknownType,
        Self::BadRegex,
        Self::BadExpression,
        Self::BadBinary,
        Self::BadQuery,
        Self::Payloads,
        Self::OtherProtocol,
        Self::LocalFiles,
        Self::Code,
        Self::Headless,
        Self::FlowScript,
        Self::UnsupportedFunction,
        Self::SelfContained,
        Self::Signature,
        Self::Passive,
        Self::Workflow,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Syntax => "syntax",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::UnknownType => "unknown-type",
            Self::BadRegex => "bad-regex",
            Self::BadExpression => "bad-expression",
            Self::BadBinary => "bad-binary",
            Self::BadQuery => "bad-query",
            Self::Payloads => "payloads",
            Self::OtherProtocol => "other-protocol",
            Self::LocalFiles => "local-files",
            Self::Code => "code",
            Self::Headless => "headless",
            Self::FlowScript => "flow-script",
            Self::UnsupportedFunction => "unsupported-function",
            Self::SelfContained => "self-contained",
            Self::Signature => "signature",
            Self::Passive => "passive",
            Self::Workflow => "workflow",
        }
    }

    /// Whether the file is wrong, rather than something that this tool does not do.
    pub fn is_mistake(self) -> bool {
        self <= Self::Payloads || self == Self::Workflow
    }
}

/// One template that is not run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// As given on the command line, or below it.
    pub path: String,
    /// Where the file says so.
    pub id: Option<String>,
    /// From 1; 0 where nothing can be pointed at.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// Why.
    pub reason: Reason,
    /// The same in a sentence.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {} ({})", self.message, self.reason.code())
    }
}
