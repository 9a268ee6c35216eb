//! Which statuses are a success.

/// Statuses that count as success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::load) struct StatusSet([u64; 16]);

impl StatusSet {
    /// `statuses`, or 200–399 where there is none.
    pub(in crate::load) fn of(statuses: &[u16]) -> Self {
        let mut set = Self([0; 16]);
        for status in statuses {
            set.insert(*status);
        }
        if statuses.is_empty() {
            for status in 200..400 {
                set.insert(status);
            }
        }
        set
    }

    pub(in crate::load) fn contains(&self, status: u16) -> bool {
        let word = self.0.get(usize::from(status / 64));
        word.is_some_and(|word| word >> (status % 64) & 1 == 1)
    }

    fn insert(&mut self, status: u16) {
        if let Some(word) = self.0.get_mut(usize::from(status / 64)) {
            *word |= 1 << (status % 64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_is_200_to_399_unless_said_otherwise() {
        let usual = StatusSet::of(&[]);
        for (status, expected) in [(199, false), (200, true), (399, true), (400, false)] {
            assert_eq!(usual.contains(status), expected, "{status}");
        }
        let named = StatusSet::of(&[404, 999]);
        for (status, expected) in [(404, true), (200, false), (999, true), (65535, false)] {
            assert_eq!(named.contains(status), expected, "{status}");
        }
    }
}
