//! Spellings of `Transfer-Encoding: chunked` that one reader takes and another does not.

use crate::model::Header;
use crate::scan::probe::Strength;

/// The header, or what stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Disguise {
    /// For people.
    pub(super) what: &'static str,
    /// Lines of the head: names and values.
    lines: &'static [(&'static str, &'static str)],
}

const NAME: &str = "Transfer-Encoding";

/// The plain one first, then by how often servers differ about them (RFC 9112 §5.1, §5.2 and §6.1 say what
/// is right).
const ALL: [Disguise; 12] = [
    Disguise { what: "Transfer-Encoding: chunked", lines: &[(NAME, "chunked")] },
    Disguise { what: "a blank before the colon", lines: &[("Transfer-Encoding ", "chunked")] },
    Disguise { what: "another coding after it", lines: &[(NAME, "chunked"), (NAME, "x")] },
    Disguise { what: "a tab before the value", lines: &[(NAME, "\tchunked")] },
    Disguise {
        what: "a line that goes on",
        lines: &[("X-Fold", "x\r\n Transfer-Encoding: chunked")],
    },
    Disguise { what: "capitals", lines: &[(NAME, "CHUNKED")] },
    Disguise { what: "a vertical tab before the value", lines: &[(NAME, "\x0bchunked")] },
    Disguise { what: "quotes", lines: &[(NAME, "\"chunked\"")] },
    Disguise { what: "a value with an x in front", lines: &[(NAME, "xchunked")] },
    Disguise {
        what: "a line that ends without a carriage return",
        lines: &[("X-Line", "x\nTransfer-Encoding: chunked")],
    },
    Disguise { what: "an empty coding before it", lines: &[(NAME, ", chunked")] },
    Disguise { what: "a parameter", lines: &[(NAME, "chunked;x=y")] },
];

/// As many as the strength has room for.
pub(super) fn disguises(strength: Strength) -> &'static [Disguise] {
    match strength {
        Strength::Low => &ALL[..1],
        Strength::Medium => &ALL[..5],
        Strength::High => &ALL,
    }
}

impl Disguise {
    pub(super) fn headers(self) -> Vec<Header> {
        self.lines.iter().map(|(name, value)| Header::new(*name, value.as_bytes())).collect()
    }
}
