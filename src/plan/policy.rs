//! Named choices of active checks.

use super::strength::Strength;

/// Which active checks are run where they are not named one by one. A policy goes by the tags of their
/// rules, so that a check that is new is in those that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Policy {
    /// Minutes, on every change: nothing that waits, strains the target, ends sessions, or needs a
    /// browser.
    Ci,
    /// Everything that does not strain the target.
    #[default]
    Standard,
    /// Everything there is.
    Full,
    /// What an interface for programs can have, its limits included; nothing of pages.
    Api,
}

/// Concludes from time, and takes it.
const TIMED: &str = "timed";
/// Asks for much, or often: bounded, but more than a visitor.
const RESOURCE: &str = "resource";
/// Logs out, registers, tries logins: sessions of others may end.
const SESSION: &str = "session";
/// Breaks the rules of HTTP.
const RAW: &str = "raw";
/// Shows pages in a browser.
const BROWSER: &str = "browser";
/// About what browsers make of pages.
const PAGE: &str = "page";

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 4] = [Self::Ci, Self::Standard, Self::Full, Self::Api];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ci => "ci",
            Self::Standard => "standard",
            Self::Full => "full",
            Self::Api => "api",
        }
    }

    /// The policy of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name)
    }

    /// How much its checks try, unless the user says otherwise.
    pub fn strength(self) -> Strength {
        match self {
            Self::Ci => Strength::Low,
            Self::Standard | Self::Api => Strength::Medium,
            Self::Full => Strength::High,
        }
    }

    /// Whether a check with these tags is in it.
    pub fn has(self, tags: &[String]) -> bool {
        let left_out: &[&str] = match self {
            Self::Ci => &[TIMED, RESOURCE, SESSION, RAW, BROWSER],
            Self::Standard => &[RESOURCE, RAW],
            Self::Full => &[],
            Self::Api => &[PAGE, RAW],
        };
        !tags.iter().any(|tag| left_out.contains(&tag.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_leaves_out_what_it_says() {
        let has = |policy: Policy, tag: &str| policy.has(&["active".to_owned(), tag.to_owned()]);
        for policy in Policy::ALL {
            assert!(has(policy, "injection"), "{policy:?}");
            assert_eq!(Policy::parse(policy.as_str()), Some(policy));
        }
        let in_them = |tag: &str| Policy::ALL.map(|policy| has(policy, tag));
        assert_eq!(in_them(TIMED), [false, true, true, true]);
        assert_eq!(in_them(RESOURCE), [false, false, true, true]);
        assert_eq!(in_them(BROWSER), [false, true, true, true]);
        assert_eq!(in_them(RAW), [false, false, true, false]);
        assert_eq!(in_them(PAGE), [true, true, true, false]);
    }
}
