//! Which of several things that were found is taken.

/// Which of several things that were found is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one of that place, from 0.
    Nth(usize),
    /// The last one.
    Last,
    /// One of them by chance.
    Random,
    /// All of them, as a JSON array: of texts, of a JSON document's values as they stand.
    All,
    /// How many there are; none is 0.
    Count,
}

impl Which {
    /// The first one.
    pub const FIRST: Self = Self::Nth(0);

    /// The one that is meant of those that were found; `None` if there is none. `drawn` is any number,
    /// and decides where one is taken by chance.
    pub fn pick<T>(self, mut found: impl Iterator<Item = T>, drawn: u64) -> Option<Picked<T>> {
        match self {
            Self::Nth(place) => found.nth(place).map(Picked::One),
            Self::Last => found.last().map(Picked::One),
            Self::Random => {
                let mut all: Vec<T> = found.collect();
                let place = drawn.checked_rem(all.len() as u64)?;
                Some(Picked::One(all.swap_remove(usize::try_from(place).ok()?)))
            }
            Self::All => {
                let all: Vec<T> = found.collect();
                (!all.is_empty()).then_some(Picked::All(all))
            }
            Self::Count => Some(Picked::Count(found.count() as u64)),
        }
    }

    /// Appends it to `out`, all of them as a JSON array of texts; false if there is none.
    pub fn take<T: AsRef<[u8]>>(
        self,
        found: impl Iterator<Item = T>,
        drawn: u64,
        out: &mut Vec<u8>,
    ) -> bool {
        match self.pick(found, drawn) {
            None => return false,
            Some(Picked::One(one)) => out.extend_from_slice(one.as_ref()),
            Some(Picked::All(all)) => {
                let text = |one: &T| String::from_utf8_lossy(one.as_ref()).into_owned();
                let all: Vec<String> = all.iter().map(text).collect();
                out.extend_from_slice(serde_json::Value::from(all).to_string().as_bytes());
            }
            Some(Picked::Count(count)) => out.extend_from_slice(count.to_string().as_bytes()),
        }
        true
    }
}

/// What was picked of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked<T> {
    /// One of them.
    One(T),
    /// All, one at least.
    All(Vec<T>),
    /// How many there are.
    Count(u64),
}

impl std::fmt::Display for Which {
    /// What stands behind the place it is taken from, where that is not simply the first one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nth(0) => Ok(()),
            Self::Nth(place) => write!(f, " [{place}]"),
            Self::Last => f.write_str(" [last]"),
            Self::Random => f.write_str(" [random]"),
            Self::All => f.write_str(" [all]"),
            Self::Count => f.write_str(" [count]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(which: Which, found: &[&str], drawn: u64) -> Option<String> {
        let mut out = Vec::new();
        let found = found.iter().map(|one| (*one).to_owned());
        which.take(found, drawn, &mut out).then(|| String::from_utf8(out).expect("text"))
    }

    #[test]
    fn nothing_is_none_of_them_but_counts_as_0() {
        for which in [Which::FIRST, Which::Last, Which::Random, Which::All] {
            assert_eq!(taken(which, &[], 5), None, "{which:?}");
        }
        assert_eq!(taken(Which::Count, &[], 5).as_deref(), Some("0"));
    }

    #[test]
    fn one_is_taken_by_what_was_drawn() {
        let all = ["a", "b\"", "c"];
        let drawn: Vec<_> = (0..4).filter_map(|drawn| taken(Which::Random, &all, drawn)).collect();
        assert_eq!(drawn, ["a", "b\"", "c", "a"]);
        assert_eq!(taken(Which::All, &all, 0).as_deref(), Some(r#"["a","b\"","c"]"#));
        assert_eq!(taken(Which::Nth(2), &all, 0).as_deref(), Some("c"));
        assert_eq!(taken(Which::Last, &all, 0).as_deref(), Some("c"));
    }
}
