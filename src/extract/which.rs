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
    /// All of them, as a JSON array of texts.
    All,
    /// How many there are; none is 0.
    Count,
}

impl Which {
    /// The first one.
    pub const FIRST: Self = Self::Nth(0);

    /// Appends it to `out`; false if there is none. `drawn` is any number, and decides where one is
    /// taken by chance.
    pub fn take(
        self,
        mut found: impl Iterator<Item = String>,
        drawn: u64,
        out: &mut Vec<u8>,
    ) -> bool {
        let one = match self {
            Self::Nth(place) => found.nth(place),
            Self::Last => found.last(),
            Self::Random => {
                let mut all: Vec<String> = found.collect();
                let place = drawn.checked_rem(all.len() as u64);
                place.and_then(|place| Some(all.swap_remove(usize::try_from(place).ok()?)))
            }
            Self::All => {
                let all: Vec<String> = found.collect();
                (!all.is_empty()).then(|| serde_json::Value::from(all).to_string())
            }
            Self::Count => Some(found.count().to_string()),
        };
        one.is_some_and(|one| {
            out.extend_from_slice(one.as_bytes());
            true
        })
    }
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
