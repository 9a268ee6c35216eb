//! `XPath` injection: an expression is broken and mended, or conditions in it are judged.
//!
//! The conditions call functions that other query languages read as something else (`string-length` is a
//! subtraction in SQL), so that no flaw is found twice. `or` is asked too: `XPath` only reads, and a login
//! that finds nobody shows nothing else.
//!
//! Costs at a clean point: 7 requests at medium strength, 9 at high, 5 at low; where the page takes offence
//! at a quote 3 more (4 at high).

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
use super::truth::takes_offence;
use crate::scan::probe::Checking;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Strength;

/// See the module.
pub(crate) struct XpathInjection;

/// Messages of libxml2 and its bindings, Java, .NET, Ruby and JavaScript.
static MESSAGES: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)XPathException|XPathEvalError|XPathExpressionException|SimpleXMLElement::xpath\(|DOMXPath::(?:query|evaluate)\(|xmlXPath(?:Eval|CompOpEval|Compile)|lxml\.etree\.XPath|javax\.xml\.xpath|System\.Xml\.XPath|Nokogiri::XML::XPath|Expected token '.{1,3}' found|(?:unfinished literal|invalid (?:predicate|expression)).{0,80}xpath|xpath.{0,80}(?:unfinished literal|invalid (?:predicate|expression|syntax|token)|syntax error|unclosed string)|has an invalid (?:token|qualified name)\.";
    Regex::new(pattern).expect("the tests compile it")
});

/// A value that finds something `«v»`, and a condition `«c»`; `#` is a random word.
const ANDS: [&str; 4] = [
    "«v»' and «c» and '#'='#",
    "«v» and «c»",
    "«v»') and «c» and contains('#','#",
    "«v»\" and «c» and \"#\"=\"#",
];

/// The same for values that find nothing.
const ORS: [&str; 2] = ["«v»' or «c» or '#'='##", "«v»\" or «c» or \"#\"=\"##"];

/// True and false; `#` is the word again, of ten letters. Quotes are those of the context.
const CONDITIONS: [(&str, &str); 4] = [
    ("string-length('#')=10", "string-length('#')=11"),
    ("not(false())", "not(true())"),
    ("count(/*)=1", "count(/*)=0"),
    ("starts-with('#n','#')", "starts-with('#','#n')"),
];

impl PointCheck for XpathInjection {
    fn id(&self) -> &'static str {
        "xpath-injection"
    }

    fn root_cause(&self) -> &'static str {
        "xpath-injection"
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
    let strength = probe.strength();
    let ors = if strength == Strength::High { 2 } else { 1 };
    let ors = ORS[..ors].iter().map(|context| (context, PageIs::False));
    let mut trials: Vec<_> = ors.collect();
    if takes_offence(probe, &page).await? && page.is_error().is_none() {
        let ands = if strength == Strength::High { ANDS.len() } else { 3 };
        let ands = ANDS[..ands].iter().map(|context| (context, PageIs::True));
        trials.splice(0..0, ands);
    }
    for (context, is) in trials {
        if let Some(proof) = judges(probe, &page, context, is).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

/// A quote brings an error message, a condition with as many quotes does not.
async fn broken(probe: &mut Probe, page: &KnownPage) -> Result<Option<Proof>, ProbeStop> {
    let value = &page.value;
    let quotes: &[&str] = if probe.strength() == Strength::Low { &["'"] } else { &["'", "\""] };
    for quote in quotes {
        let word = probe.word();
        let mended = [
            format!("{value}{quote} and {quote}{word}{quote}={quote}{word}"),
            format!("{value}{quote}{word}{quote}"),
            format!("{value} and 1=1"),
        ];
        let broken = [format!("{value}{quote}"), format!("{value}{quote}{word}")];
        let complaint = Complaint {
            of: "an XPath processor",
            messages: &MESSAGES,
            broken: [&broken[0], &broken[1]],
            mended: &mended,
        };
        if let Some(proof) = complains(probe, &page.first, &complaint).await? {
            return Ok(Some(proof));
        }
    }
    Ok(None)
}

async fn judges(
    probe: &mut Probe,
    page: &KnownPage,
    context: &str,
    is: PageIs,
) -> Result<Option<Proof>, ProbeStop> {
    let payload = |word: &str, condition: &str| {
        let quoted = if context.contains('"') {
            condition.replace('\'', "\"")
        } else {
            condition.to_owned()
        };
        let filled = context.replace("«c»", &quoted).replace('#', word);
        Ask::Value(filled.replace("«v»", &page.value))
    };
    let pairs = |probe: &mut Probe, round: usize| {
        let (yes, no) = CONDITIONS[round];
        let word = probe.word();
        (payload(&word, yes), payload(&word, no))
    };
    let broken = |probe: &mut Probe| payload(&probe.word(), "not(");
    let trial = Trial { pairs: &pairs, rounds: CONDITIONS.len(), broken: Some(&broken), page: is };
    judged(probe, page, &trial).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_processors_are_told_from_prose() {
        for text in [
            "lxml.etree.XPathEvalError: Invalid predicate",
            "Warning: SimpleXMLElement::xpath(): Unfinished literal in /a.php",
            "javax.xml.xpath.XPathExpressionException: A location path was expected",
            "'//a[b='x'']' has an invalid token.",
        ] {
            assert!(MESSAGES.is_match(text.as_bytes()), "{text}");
        }
        for text in ["Learn XPath today", "an unexpected error", "Your token is invalid."] {
            assert!(!MESSAGES.is_match(text.as_bytes()), "{text}");
        }
    }
}
