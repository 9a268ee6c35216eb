//! Payloads: sets of values, and how rounds are made of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;

/// A file of payloads may be this large, in bytes.
pub(super) const MAX_FILE: u64 = 32 << 20;

/// How sets combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// One set after the other, one value a round.
    BatteringRam,
    /// The n-th values of all sets together; ends with the shortest.
    Pitchfork,
    /// Every combination; the first set varies fastest.
    ClusterBomb,
}

impl Attack {
    /// By its name in templates.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "batteringram" => Some(Self::BatteringRam),
            "pitchfork" => Some(Self::Pitchfork),
            "clusterbomb" => Some(Self::ClusterBomb),
            _ => None,
        }
    }
}

/// One set.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) name: String,
    pub(super) values: Values,
}

/// Where a set's values are.
#[derive(Debug)]
pub(super) enum Values {
    Inline(Vec<String>),
    /// Read when first needed, one value a line.
    File {
        path: PathBuf,
        lines: OnceLock<Arc<[String]>>,
    },
}

impl Set {
    /// The values; none of a file that has gone since it was found.
    pub(super) fn values(&self) -> &[String] {
        match &self.values {
            Values::Inline(values) => values,
            Values::File { path, lines } => lines.get_or_init(|| {
                let bytes = std::fs::read(path).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes);
                text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
            }),
        }
    }
}

/// The sets of a block.
#[derive(Debug)]
pub struct Payloads {
    pub(super) attack: Attack,
    pub(super) sets: Vec<Set>,
}

impl Payloads {
    /// How many rounds there are.
    pub fn rounds(&self, attack: Option<Attack>) -> u64 {
        let lengths = self.sets.iter().map(|set| set.values().len() as u64);
        match attack.unwrap_or(self.attack) {
            Attack::BatteringRam => lengths.sum(),
            Attack::Pitchfork => lengths.min().unwrap_or(0),
            Attack::ClusterBomb => lengths.fold(1, u64::saturating_mul),
        }
    }

    /// Names and values of round `index`, which is below [`Self::rounds`].
    pub fn round(&self, attack: Option<Attack>, index: u64) -> Vec<(&str, &str)> {
        match attack.unwrap_or(self.attack) {
            Attack::BatteringRam => {
                let mut rest = index;
                for set in &self.sets {
                    let length = set.values().len() as u64;
                    if rest < length {
                        return value_at(set, rest).into_iter().collect();
                    }
                    rest -= length;
                }
                Vec::new()
            }
            Attack::Pitchfork => self.sets.iter().filter_map(|set| value_at(set, index)).collect(),
            Attack::ClusterBomb => {
                let mut rest = index;
                let mut pairs = Vec::with_capacity(self.sets.len());
                for set in &self.sets {
                    let length = (set.values().len() as u64).max(1);
                    pairs.extend(value_at(set, rest % length));
                    rest /= length;
                }
                pairs
            }
        }
    }
}

fn value_at(set: &Set, index: u64) -> Option<(&str, &str)> {
    let value = set.values().get(usize::try_from(index).ok()?)?;
    Some((&set.name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payloads(attack: Attack) -> Payloads {
        let set = |name: &str, values: &[&str]| Set {
            name: name.to_owned(),
            values: Values::Inline(values.iter().map(|value| (*value).to_owned()).collect()),
        };
        Payloads { attack, sets: vec![set("a", &["1", "2"]), set("b", &["x", "y", "z"])] }
    }

    fn rounds(attack: Attack) -> Vec<String> {
        let payloads = payloads(attack);
        (0..payloads.rounds(None))
            .map(|index| {
                let pairs = payloads.round(None, index);
                let pairs: Vec<String> =
                    pairs.iter().map(|(name, value)| [*name, *value].concat()).collect();
                pairs.concat()
            })
            .collect()
    }

    #[test]
    fn the_three_ways() {
        assert_eq!(rounds(Attack::BatteringRam), ["a1", "a2", "bx", "by", "bz"]);
        assert_eq!(rounds(Attack::Pitchfork), ["a1bx", "a2by"]);
        assert_eq!(rounds(Attack::ClusterBomb), ["a1bx", "a2bx", "a1by", "a2by", "a1bz", "a2bz"]);
    }
}
