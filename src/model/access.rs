//! Who may do what: operations by identities, as a run saw it, and beside it what is expected.
//!
//! Whether a difference is a flaw is said by its direction: what opens is one, what closes locks
//! people out. Where nothing could be told (`error`), nothing differs.

use super::text::inert;
use super::units::plural;

/// What the identity is called that is nobody.
pub const ANONYMOUS: &str = "anonymous";

/// Names that one sentence has; the rest is a number.
const NAMED: usize = 10;

/// Characters of a name.
const NAME: usize = 120;

/// What somebody gets of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// They are refused, or led to a login.
    Deny,
    /// An answer of their own.
    Allow,
    /// The same data as the first identity that is let in.
    Same,
    /// It cannot be told: no answer, an error of the target, or one that says nothing.
    Error,
}

impl Access {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Deny, Self::Allow, Self::Same, Self::Error];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
            Self::Same => "same",
            Self::Error => "error",
        }
    }

    /// The one of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.as_str() == name)
    }

    /// Whether somebody is let in.
    pub fn is_granted(self) -> bool {
        matches!(self, Self::Allow | Self::Same)
    }

    /// How this differs from what was expected.
    pub fn change_from(self, expected: Self) -> Option<AccessChange> {
        match (expected, self) {
            (Self::Deny, Self::Allow | Self::Same) => Some(AccessChange::Opened),
            (Self::Allow | Self::Same, Self::Deny) => Some(AccessChange::Closed),
            (Self::Allow, Self::Same) => Some(AccessChange::Shared),
            (Self::Same, Self::Allow) => Some(AccessChange::Parted),
            (Self::Deny, Self::Deny)
            | (Self::Allow, Self::Allow)
            | (Self::Same, Self::Same)
            | (Self::Error, _)
            | (_, Self::Error) => None,
        }
    }
}

/// How a cell differs from what is expected of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccessChange {
    /// Who was refused is let in.
    Opened,
    /// Who had an answer of their own gets that of somebody else.
    Shared,
    /// Who got the answer of somebody else has one of their own.
    Parted,
    /// Who was let in is refused.
    Closed,
}

/// What one identity gets of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessCell {
    /// As the run saw it.
    pub now: Access,
    /// As it should be, where that is known.
    pub expected: Option<Access>,
}

impl AccessCell {
    /// One of which nothing is expected.
    pub fn new(now: Access) -> Self {
        Self { now, expected: None }
    }

    /// How it differs from what is expected.
    pub fn change(self) -> Option<AccessChange> {
        self.now.change_from(self.expected?)
    }
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRow {
    /// The method.
    pub method: String,
    /// `/api/orders/{id}`
    pub path_template: String,
    /// In the order of the identities.
    pub cells: Vec<AccessCell>,
    /// What is expected has it too.
    pub is_listed: bool,
}

impl AccessRow {
    /// `GET /api/orders/{id}`
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path_template)
    }

    /// Cells that differ from what is expected, by the index of their identity.
    pub fn changes(&self) -> impl Iterator<Item = (usize, AccessChange)> + '_ {
        let cells = self.cells.iter().enumerate();
        cells.filter_map(|(index, cell)| Some((index, cell.change()?)))
    }

    /// Whether any cell differs from what is expected.
    pub fn has_changed(&self) -> bool {
        self.changes().next().is_some()
    }
}

/// Operations by identities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessMatrix {
    /// In the order in which they are asked; [`ANONYMOUS`] is nobody.
    pub identities: Vec<String>,
    /// By path, then by method.
    pub operations: Vec<AccessRow>,
    /// Operations that were not asked for, because of the limit of requests.
    pub left_out: u64,
    /// There is something to compare with.
    pub is_compared: bool,
    /// Operations of which something is expected, and that were not reached.
    pub vanished: Vec<String>,
}

impl AccessMatrix {
    /// The row of an operation.
    pub fn row(&self, method: &str, path_template: &str) -> Option<&AccessRow> {
        let mut rows = self.operations.iter();
        rows.find(|row| row.method == method && row.path_template == path_template)
    }

    /// What somebody gets at an operation.
    pub fn cell(&self, row: &AccessRow, identity: &str) -> Option<AccessCell> {
        let index = self.identities.iter().position(|known| known == identity)?;
        row.cells.get(index).copied()
    }

    /// Operations that refuse whom they let in, in a sentence; `None` where there is none.
    pub fn lockouts(&self) -> Option<String> {
        let found = self.operations_where(|cell| cell.change() == Some(AccessChange::Closed));
        let what = plural(found.len() as u64, "operation refuses", "operations refuse");
        let names = shortlist(&found);
        (!found.is_empty()).then(|| format!("access matrix: {what} whom it lets in: {names}"))
    }

    /// Operations of which it could not be told what somebody gets, with whom: `GET /a (member)`.
    pub fn unclear(&self) -> Vec<String> {
        self.operations_where(|cell| cell.now == Access::Error)
    }

    /// Operations with such cells, and whose they are.
    fn operations_where(&self, is_meant: impl Fn(AccessCell) -> bool) -> Vec<String> {
        let named = |row: &AccessRow| {
            let pairs = self.identities.iter().zip(&row.cells);
            let names: Vec<&str> =
                pairs.filter(|(_, cell)| is_meant(**cell)).map(|(name, _)| name.as_str()).collect();
            (!names.is_empty()).then(|| format!("{} ({})", row.name(), names.join(", ")))
        };
        self.operations.iter().filter_map(named).collect()
    }

    /// What the two do not have in common, a sentence each: operations that are new, or gone.
    pub fn gaps(&self) -> Vec<String> {
        let unlisted = self.operations.iter().filter(|row| self.is_compared && !row.is_listed);
        let unlisted: Vec<String> = unlisted.map(AccessRow::name).collect();
        let mut gaps = Vec::new();
        if !unlisted.is_empty() {
            let what = plural(unlisted.len() as u64, "operation is", "operations are");
            let names = shortlist(&unlisted);
            gaps.push(format!("access matrix: {what} not in it: {names}"));
        }
        if !self.vanished.is_empty() {
            let what = plural(self.vanished.len() as u64, "operation", "operations");
            let names = shortlist(&self.vanished);
            gaps.push(format!("access matrix: {what} of it could not be reached: {names}"));
        }
        if self.is_compared && self.left_out > 0 {
            let what = plural(self.left_out, "operation was", "operations were");
            gaps.push(format!("access matrix: {what} not compared, for want of requests"));
        }
        gaps
    }
}

/// The first of several names, and how many more there are.
pub fn shortlist(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| inert(name, NAME)).collect();
    if let Some(more @ 1..) = names.len().checked_sub(NAMED) {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str, cells: [(Access, Option<Access>); 2]) -> AccessRow {
        AccessRow {
            method: "GET".to_owned(),
            path_template: path.to_owned(),
            cells: cells.map(|(now, expected)| AccessCell { now, expected }).to_vec(),
            is_listed: cells[0].1.is_some(),
        }
    }

    #[test]
    fn an_error_is_never_a_change() {
        for access in Access::ALL {
            assert_eq!(Access::Error.change_from(access), None, "{access:?}");
            assert_eq!(access.change_from(Access::Error), None, "{access:?}");
            assert_eq!(access.change_from(access), None, "{access:?}");
            assert_eq!(Access::parse(access.as_str()), Some(access));
        }
        assert_eq!(Access::Same.change_from(Access::Deny), Some(AccessChange::Opened));
        assert_eq!(Access::Deny.change_from(Access::Same), Some(AccessChange::Closed));
        assert_eq!(Access::Same.change_from(Access::Allow), Some(AccessChange::Shared));
        assert_eq!(Access::Allow.change_from(Access::Same), Some(AccessChange::Parted));
    }

    #[test]
    fn who_is_locked_out_and_what_is_new_or_gone_is_named() {
        use Access::{Allow, Deny, Same};
        let mut matrix = AccessMatrix {
            identities: vec![ANONYMOUS.to_owned(), "member".to_owned()],
            operations: vec![
                row("/a", [(Deny, Some(Deny)), (Deny, Some(Same))]),
                row("/b", [(Allow, None), (Same, None)]),
            ],
            is_compared: true,
            vanished: vec!["GET /c".to_owned()],
            ..AccessMatrix::default()
        };
        let lockouts = matrix.lockouts().expect("one is locked out");
        assert!(lockouts.ends_with("1 operation refuses whom it lets in: GET /a (member)"));
        let gaps = matrix.gaps();
        assert!(gaps[0].ends_with("GET /b") && gaps[1].ends_with("GET /c"), "{gaps:?}");
        matrix.is_compared = false;
        assert_eq!(matrix.gaps().len(), 1, "where nothing is compared, nothing is new");
        let many: Vec<String> = (0..12).map(|n| format!("GET /{n}")).collect();
        assert!(shortlist(&many).ends_with("GET /9, 2 more"));
    }
}
