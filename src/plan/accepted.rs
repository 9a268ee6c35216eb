//! Findings that somebody accepted: a list of fingerprints, each with a reason, an owner and an
//! end. An acceptance that has expired is none.

use std::path::Path;

use jiff::civil::Date;

use super::bounded;
use super::document::{self, Node};
use super::error::{PlanErrors, Problem};
use super::reader::{Keys, Reader};

/// A larger file is no list of findings.
const MAX_FILE: u64 = 4 << 20;

/// Digits of a fingerprint that its short form has.
const SHORT: usize = 10;

/// A finding that somebody accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The finding's fingerprint, or its id (`SD-…`).
    pub fingerprint: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it is accepted.
    pub expires: Date,
    /// That day is over.
    pub expired: bool,
}

impl Accepted {
    /// Whether what has that fingerprint is meant.
    pub fn names(&self, fingerprint: &str) -> bool {
        match self.fingerprint.strip_prefix("SD-") {
            Some(short) => fingerprint.chars().take(SHORT).eq(short.chars()),
            None => self.fingerprint == fingerprint,
        }
    }

    /// Whether what has that fingerprint is meant, and the acceptance still holds.
    pub fn covers(&self, fingerprint: &str) -> bool {
        self.names(fingerprint) && !self.expired
    }
}

/// Reads the list at `path`; `today` says what has expired.
///
/// # Errors
/// Every mistake found, or why the file could not be read.
pub fn load_accepted(path: &Path, today: Date) -> Result<Vec<Accepted>, PlanErrors> {
    let name = path.display().to_string();
    let failed = |text: &str, problem| PlanErrors::new(&name, text, vec![problem]);
    let bytes = bounded::read(path, MAX_FILE)
        .map_err(|error| failed("", Problem::of_file(format!("cannot be read: {error}"))))?;
    let text =
        String::from_utf8(bytes).map_err(|_| failed("", Problem::of_file("is not UTF-8")))?;
    accepted(&text, today).map_err(|problems| PlanErrors::new(&name, &text, problems))
}

pub(super) fn accepted(text: &str, today: Date) -> Result<Vec<Accepted>, Vec<Problem>> {
    let tree = document::parse(text).map_err(|problem| vec![problem])?;
    let mut reader = Reader::default();
    let items = reader.list(&tree, "accepted findings");
    let accepted: Vec<Accepted> =
        items.iter().filter_map(|item| one(item, today, &mut reader)).collect();
    if reader.problems.is_empty() { Ok(accepted) } else { Err(reader.problems) }
}

fn one(item: &Node, today: Date, reader: &mut Reader) -> Option<Accepted> {
    // A table of its own would belong to the schema of plans, and this is another file.
    let keys = Keys {
        of: "an accepted finding",
        known: &["fingerprint", "reason", "owner", "expires"],
        later: &[],
    };
    let fields = reader.fields(item, &item.at, &keys)?;
    let fingerprint = reader
        .require(&fields, "fingerprint")
        .and_then(|node| reader.parsed(node, "a fingerprint", fingerprint));
    let mut said = |key: &str| {
        let node = reader.require(&fields, key)?;
        let text = reader.text(node, "a text")?.trim().to_owned();
        if text.is_empty() {
            reader.problem(&node.at, format!("`{key}` is empty"));
            return None;
        }
        Some(text)
    };
    let (reason, owner) = (said("reason"), said("owner"));
    let expires = reader.require(&fields, "expires").and_then(|node| {
        reader.parsed(node, "a day like 2031-12-31", |text| {
            text.parse::<Date>().map_err(|_| format!("`{text}` is no day like 2031-12-31"))
        })
    })?;
    Some(Accepted {
        fingerprint: fingerprint?,
        reason: reason?,
        owner: owner?,
        expires,
        expired: expires < today,
    })
}

fn fingerprint(text: &str) -> Result<String, String> {
    let (digits, length) = match text.strip_prefix("SD-") {
        Some(digits) => (digits, SHORT),
        None => (text, 32),
    };
    let is_one = digits.len() == length
        && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if is_one {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is no fingerprint: 32 hexadecimal digits (`fingerprint` in the report), or an id \
         like SD-0e1ee5f65a"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Accepted>, String> {
        accepted(text, Date::constant(2031, 5, 4))
            .map_err(|problems| PlanErrors::new("accepted.yml", text, problems).render(false))
    }

    #[test]
    fn an_acceptance_holds_to_the_end_of_its_last_day() {
        let list = read(
            "- { fingerprint: SD-0e1ee5f65a, reason: behind the VPN, owner: team-a, expires: 2031-05-04 }\n\
             - { fingerprint: 0123456789abcdef0123456789abcdef, reason: r, owner: o, expires: 2031-05-03 }\n",
        )
        .expect("valid");
        assert_eq!(list.iter().map(|one| one.expired).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn what_nobody_answers_for_is_not_accepted() {
        let said = read(
            "- { fingerprint: 0123, reason: r, owner: o, expires: 2031-05-03 }\n\
             - { fingerprint: SD-0e1ee5f65a, reason: '', owner: o, expires: soon }\n\
             - { fingerprint: SD-0e1ee5f65a, ownr: o }\n",
        )
        .expect_err("refused");
        for part in [
            "`0123` is no fingerprint",
            "`reason` is empty",
            "`soon` is no day",
            "did you mean `owner`?",
            "needs `owner`",
            "needs `reason`",
            "needs `expires`",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(read("accepted: []\n").is_err());
        assert_eq!(read("[]\n"), Ok(Vec::new()));
    }
}
