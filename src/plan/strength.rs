//! How much active checks try.

/// How many values are tried at how many places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Strength {
    /// What is most likely: the values of queries, forms, bodies and paths, and the usual contexts.
    Low,
    /// Also cookies, and headers once for each path.
    #[default]
    Medium,
    /// Also the names of parameters, the query as a whole, and everything that checks know.
    High,
}

impl Strength {
    /// Every strength, least first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The strength of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strength| strength.as_str() == name)
    }

    /// A budget of requests that is meant for medium strength.
    pub fn scale(self, budget: u64) -> u64 {
        match self {
            Self::Low => budget.div_ceil(2),
            Self::Medium => budget,
            Self::High => budget.saturating_mul(3),
        }
    }
}
