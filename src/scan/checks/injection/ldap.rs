//! LDAP injection: a filter is broken and mended, or conditions in it are judged.
//!
//! A filter (RFC 4515) has no operators between its parts, so a condition that is added counts as `and` or
//! as `or` by what stands before it: in the first case true ones keep the page, in the second false ones do.
//! Conditions are made of attributes that every entry has or may have, as those of unknown ones are neither
//! true nor false (RFC 4511 §4.5.1.7).
//!
//! Costs at a clean point: 6 requests, up to 9 where the page takes no offence at anything.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::complaint::Complaint;
use super::complaint::complains;
use super::truth::Ask;
use super::truth::KnownPage;
use super::truth::PageIs;
use super::truth::Trial;
use super::truth::judged;
use super::truth::known_page;
use crate::scan::probe::Checking;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;

/// See the module.
pub(crate) struct LdapInjection;

/// Messages of `OpenLDAP`'s library and its bindings, Java, Python, .NET and Active Directory.
static MESSAGES: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)javax\.naming\.(?:directory\.)?(?:InvalidSearchFilter|Name(?:NotFound)?|Naming|OperationNotSupported)Exception|ldap\.FILTER_ERROR|LDAPInvalidFilterError|LDAPException|com\.sun\.jndi\.ldap|Bad search filter|ldap_(?:search|list|read)\(\)|(?:malformed|invalid|unbalanced|the) (?:ldap )?(?:search )?filter\b.{0,40}(?:is invalid|malformed|unbalanced|parenthes)|malformed filter|Unbalanced parenthesis|search filter is invalid|System\.DirectoryServices|Net::LDAP|Protocol error occurred|Size limit has exceeded|supplied argument is not a valid ldap|(?:missing|unexpected|expected) .{0,20}parenthes.{0,40}filter";
    Regex::new(pattern).expect("the tests compile it")
});

/// The value `«v»` and a condition, true and false; `#` is a random word. The last parenthesis is that of the
/// filter itself.
const CONDITIONS: [(&str, &str); 3] = [
    ("«v»)(objectClass=*", "«v»)(cn=#"),
    ("«v»)(!(cn=#)", "«v»)(!(objectClass=*)"),
    ("«v»)(|(cn=#)(objectClass=*)", "«v»)(&(cn=#)(objectClass=*)"),
];

/// Any value instead of the own one, and none.
const ANYTHING: [(&str, &str); 3] =
    [("*", "#"), ("*)(!(cn=#)", "#)(!(cn=#)"), ("*)(objectClass=*", "#)(objectClass=*")];

impl PointCheck for LdapInjection {
    fn id(&self) -> &'static str {
        "ldap-injection"
    }

    fn root_cause(&self) -> &'static str {
        "ldap-injection"
    }

    fn applies(&self, _point: &InsertionPoint) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let value = probe.point().value.clone();
    let page = match known_page(probe, &value, 2).await? {
        Ok(page) => page,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    if let Some(proof) = broken(probe, &page).await? {
        return Ok(Outcome::Found(Box::new(proof)));
    }
    let mut trials = vec![(&CONDITIONS, PageIs::False), (&ANYTHING, PageIs::False)];
    if page.is_error().is_none() {
        trials.insert(0, (&CONDITIONS, PageIs::True));
    }
    for (conditions, is) in trials {
        if let Some(proof) = judges(probe, &page, conditions, is).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

/// Parentheses bring an error message; written as a filter demands (`\29\28`) they do not.
async fn broken(probe: &mut Probe, page: &KnownPage) -> Result<Option<Proof>, ProbeStop> {
    let value = &page.value;
    let word = probe.word();
    let mended = [format!("{value}\\29\\28"), format!("{value})(cn={word}")];
    let broken = [format!("{value})("), format!("{value}){word}(")];
    let complaint = Complaint {
        of: "an LDAP filter's reader",
        messages: &MESSAGES,
        broken: [&broken[0], &broken[1]],
        mended: &mended,
    };
    complains(probe, &page.first, &complaint).await
}

async fn judges(
    probe: &mut Probe,
    page: &KnownPage,
    conditions: &[(&str, &str); 3],
    is: PageIs,
) -> Result<Option<Proof>, ProbeStop> {
    let payload =
        |word: &str, text: &str| Ask::Value(text.replace('#', word).replace("«v»", &page.value));
    let pairs = |probe: &mut Probe, round: usize| {
        let (yes, no) = conditions[round];
        let word = probe.word();
        (payload(&word, yes), payload(&word, no))
    };
    let broken = |probe: &mut Probe| payload(&probe.word(), "«v»)(#");
    let trial = Trial { pairs: &pairs, rounds: conditions.len(), broken: Some(&broken), page: is };
    judged(probe, page, &trial).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_filters_are_told_from_prose() {
        for text in [
            "ldap.FILTER_ERROR: {'desc': 'Bad search filter'}",
            "javax.naming.directory.InvalidSearchFilterException: Unbalanced parenthesis",
            "Warning: ldap_search(): Search: Bad search filter in /a.php on line 3",
            "The (&(objectClass=user)(cn=x)() search filter is invalid.",
            "malformed filter",
        ] {
            assert!(MESSAGES.is_match(text.as_bytes()), "{text}");
        }
        for text in ["Choose a filter", "filter by price (low to high)", "The filter is empty."] {
            assert!(!MESSAGES.is_match(text.as_bytes()), "{text}");
        }
    }
}
