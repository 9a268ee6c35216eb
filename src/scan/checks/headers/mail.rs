//! Headers in mail: a value of a form becomes a header of a message, and a line break in it another.
//!
//! What a page says is no proof: it may just repeat what was typed. Three differences are:
//!
//! * The address in an added `Cc` turns up more often than the same in an added header that no mailer
//!   knows, and than behind a blank: the page counts it among those who get the message. Twice.
//! * A message that is shown as it was sent has the `Cc` as a line of its own among its other headers, and
//!   behind a blank it has not. Twice.
//! * A `Cc` that is no address makes the answer another, one that is leaves it as it is; the same
//!   nonsense in a header that no mailer knows, or behind a blank, leaves it as well. Twice.
//!
//! Addresses are under `.invalid` (RFC 2606 §2), to which nothing is ever delivered. Cost at a clean
//! point: 6 requests, each of which sends the form; only where its name promises a part of a message.

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::scan::checks::known_page::KnownPage;
use crate::scan::checks::names::promises;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;

/// Names of fields that become headers of a message.
const NAMES: [&str; 14] = [
    "mail",
    "email",
    "from",
    "sender",
    "to",
    "recipient",
    "subject",
    "topic",
    "reply",
    "cc",
    "bcc",
    "contact",
    "invite",
    "name",
];

/// What nobody can send a message to.
const NONSENSE: &str = "@@<<>>@@";

/// See the module.
pub(crate) struct MailHeader;

impl PointCheck for MailHeader {
    fn id(&self) -> &'static str {
        "mail-header-injection"
    }

    fn root_cause(&self) -> &'static str {
        "mail-header-injection"
    }

    fn applies(&self, point: &InsertionPoint) -> bool {
        let kind = point.reference.kind;
        matches!(kind, InsertionKind::Form | InsertionKind::Json | InsertionKind::Query)
            && promises(&point.reference.name, &NAMES)
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    // What only shows something sends nothing.
    if probe.base().method.is_safe() && probe.point().reference.kind != InsertionKind::Query {
        return Ok(Outcome::Clean);
    }
    let value = probe.point().value.clone();
    let Some(page) = KnownPage::at(probe, &value).await? else {
        return Ok(Outcome::Skipped("the page changes too much by itself".to_owned()));
    };
    let first = counted(probe).await?;
    if first.tells() {
        let again = counted(probe).await?;
        if again.tells() {
            return Ok(Outcome::Found(Box::new(counted_proof(&page, first, again))));
        }
    }
    if !page.is_fine() {
        return Ok(Outcome::Clean);
    }
    let Some(first) = broken(probe, &page).await? else { return Ok(Outcome::Clean) };
    let Some(again) = broken(probe, &page).await? else { return Ok(Outcome::Clean) };
    Ok(Outcome::Found(Box::new(broken_proof(&page, first, again))))
}

/// The same address as one who gets the message, in a header of no meaning, and on the same line.
struct Counted {
    address: String,
    copied: Shot,
    unknown: Shot,
    same_line: Shot,
}

impl Counted {
    fn tells(&self) -> bool {
        let count = |shot: &Shot| {
            let body = &shot.response().body;
            memchr::memmem::find_iter(body, self.address.as_bytes()).count()
        };
        let most = count(&self.unknown).max(count(&self.same_line));
        let is_taken = self.copied.response().status < 400;
        is_taken && (count(&self.copied) > most || self.is_header())
    }

    /// Whether the answer shows a message with the address in a header of its own.
    fn is_header(&self) -> bool {
        let line = format!("Cc: {}", self.address);
        let is_in = |shot: &Shot| is_among_headers(&shot.response().body_text(), &line);
        is_in(&self.copied) && !is_in(&self.same_line)
    }
}

async fn counted(probe: &mut Probe) -> Result<Counted, ProbeStop> {
    let value = probe.point().value.clone();
    let word = probe.word();
    let address = format!("{word}@{word}.invalid");
    let copied = probe.fire(&format!("{value}\r\nCc: {address}")).await?;
    let unknown = probe.fire(&format!("{value}\r\nXq: {address}")).await?;
    let same_line = probe.fire(&format!("{value}  Cc: {address}")).await?;
    Ok(Counted { address, copied, unknown, same_line })
}

/// Headers that every message has.
const OF_MESSAGES: [&str; 6] =
    ["to:", "from:", "subject:", "date:", "message-id:", "mime-version:"];

/// Whether a text has the line in one block with at least two headers of a message.
fn is_among_headers(text: &str, line: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let Some(at) = lines.iter().position(|it| *it == line) else { return false };
    let named = |it: &&&str| {
        let text = it.rsplit('>').next().unwrap_or_default().to_ascii_lowercase();
        OF_MESSAGES.iter().any(|name| text.starts_with(name) && text.len() > name.len())
    };
    let is_header = |it: &&&str| it.contains(": ");
    let before = lines[..at].iter().rev().take_while(is_header).filter(named).count();
    let after = lines[at + 1..].iter().take_while(is_header).filter(named).count();
    before + after >= 2
}

fn counted_proof(page: &KnownPage, first: Counted, again: Counted) -> Proof {
    let how = if first.is_header() {
        "made it a header of the message that is shown"
    } else {
        "put that address among those who get the message"
    };
    let detail = format!(
        "a line break and `Cc: {}` behind the value {how}, and again {}; the same on the same line does not",
        first.address, again.address
    );
    let mark = first.copied.find(&first.address);
    let replay_mark = again.copied.find(&again.address);
    Proof {
        confidence: Confidence::Firm,
        detail,
        payloads: vec![first.copied.value.clone(), again.copied.value.clone()],
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, page.first.clone()),
            Exhibit::marked(EvidenceRole::Attack, first.copied, mark),
            Exhibit::new(EvidenceRole::Control, first.unknown),
            Exhibit::new(EvidenceRole::Control, first.same_line),
            Exhibit::marked(EvidenceRole::Replay, again.copied, replay_mark),
        ],
    }
}

/// A header that the mailer cannot use, and that it would not look at.
struct Broken {
    nonsense: Shot,
    mended: Shot,
    unknown: Shot,
}

/// Asks for nonsense first: a page that does not mind it asks for nothing more.
async fn broken(probe: &mut Probe, page: &KnownPage) -> Result<Option<Broken>, ProbeStop> {
    let value = probe.point().value.clone();
    let word = probe.word();
    let nonsense = probe.fire(&format!("{value}\r\nCc: {NONSENSE}{word}")).await?;
    if page.shows(&nonsense) {
        return Ok(None);
    }
    let mended = probe.fire(&format!("{value}\r\nCc: {word}@{word}.invalid")).await?;
    if !page.shows(&mended) {
        return Ok(None);
    }
    let unknown = probe.fire(&format!("{value}\r\nXq: {NONSENSE}{word}")).await?;
    if !page.shows(&unknown) {
        return Ok(None);
    }
    let same_line = probe.fire(&format!("{value}  Cc: {NONSENSE}{word}")).await?;
    Ok(page.shows(&same_line).then_some(Broken { nonsense, mended, unknown }))
}

fn broken_proof(page: &KnownPage, first: Broken, again: Broken) -> Proof {
    let detail = format!(
        "a line break and `Cc: {NONSENSE}…` behind the value make the answer another (status {}), \
         an address that is valid there, the same in a header of no meaning, and on the same line \
         do not; twice",
        first.nonsense.response().status
    );
    Proof {
        confidence: Confidence::Firm,
        detail,
        payloads: [&first.nonsense, &first.mended, &first.unknown, &again.nonsense]
            .map(|shot| shot.value.clone())
            .to_vec(),
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, page.first.clone()),
            Exhibit::new(EvidenceRole::Attack, first.nonsense),
            Exhibit::new(EvidenceRole::Control, first.mended),
            Exhibit::new(EvidenceRole::Control, first.unknown),
            Exhibit::new(EvidenceRole::Replay, again.nonsense),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_of_a_message_is_told_from_a_repeated_text() {
        let line = "Cc: a@a.invalid";
        assert!(is_among_headers("<pre>To: x@y\nSubject: hi\nCc: a@a.invalid\n\ntext</pre>", line));
        assert!(is_among_headers("To: x@y\r\nCc: a@a.invalid\r\nSubject: hi\r\n\r\ntext", line));
        for text in [
            "<textarea>hi\nCc: a@a.invalid</textarea>",
            "Subject: hi\nCc: a@a.invalid\n",
            "To: x@y\nSubject: hi  Cc: a@a.invalid\n",
            "To: x@y\nSubject: hi\n\nCc: a@a.invalid\n",
        ] {
            assert!(!is_among_headers(text, line), "{text}");
        }
    }
}
