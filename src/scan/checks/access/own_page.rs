//! The page of an object that is somebody's own, and who else gets it.

use std::collections::BTreeSet;

use super::bola::shows;
use super::own::Own;
use super::private::personal_values;
use super::topic::path_of;
use super::topic::topic;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;
use crate::scan::probe::has_word;

/// How far beside a number it is looked.
const NEIGHBOURS: [i64; 6] = [1, -1, 2, -2, 3, -3];

/// What is one person's affair by its name, as [`topic`] has it.
const AFFAIRS: [&str; 20] = [
    "orders",
    "invoices",
    "receipts",
    "payments",
    "bookings",
    "reservations",
    "messages",
    "inbox",
    "tickets",
    "addresses",
    "accounts",
    "wallets",
    "carts",
    "baskets",
    "subscriptions",
    "prescriptions",
    "appointments",
    "statements",
    "transactions",
    "claims",
];

/// Texts that an object's page must have of its own, where nothing personal stands in it.
const FEWEST_TEXTS: usize = 2;

/// Texts that are compared, of so many pieces of a page.
const MOST_TEXTS: usize = 40;
const MOST_PIECES: usize = 20_000;

/// The page of an object as its owner sees it, twice.
pub(super) struct Page {
    own: Own,
    pub(super) shot: Shot,
    pub(super) again: Shot,
    absent: Shot,
    nobody: Shot,
    /// One of the other's own, as they see it.
    pub(super) others: Option<Shot>,
    /// What is the owner's in it and on no page of an object that does not exist.
    marker: Option<String>,
    /// What stands in it and neither on such a page, nor on the list that led there, nor on the other's
    /// own.
    texts: Vec<String>,
}

impl Page {
    /// Asks for it; `None` where the owner is refused. `written` are random words of the owner's.
    pub(super) async fn of(
        probe: &mut SiteProbe,
        own: Own,
        (owner, other): (&Person, Option<&Person>),
        written: &[String],
    ) -> Result<Option<Self>, ProbeStop> {
        let request = own.request.clone();
        let shot = probe.ask_as(owner.whom, request.clone(), "", None).await?;
        if shot.response().status >= 300 {
            return Ok(None);
        }
        let nobody = probe.ask_as(Whom::Nobody, request.clone(), "", None).await?;
        let again = probe.ask_as(owner.whom, request, "", None).await?;
        let absent = match own.point.value.parse::<u64>() {
            Ok(_) => format!("{}{}", probe.sender().number(), probe.sender().number()),
            Err(_) => probe.sender().word(),
        };
        let absent = own.point.place(&own.request, &absent);
        let counted = Some(path_of(&own.request));
        let absent = probe.ask_as(owner.whom, absent, "", counted.clone()).await?;
        let others = match (&own.others, other) {
            (Some(theirs), Some(other)) => {
                Some(probe.ask_as(other.whom, theirs.clone(), "", counted).await?)
            }
            _ => None,
        };
        let is_written = |word: &&String| shows(&shot, word) && !shows(&absent, word);
        let mut markers: Vec<String> = written.iter().filter(is_written).cloned().collect();
        markers.extend(personal_markers(&shot, &absent, owner));
        markers.retain(|marker| shows(&again, marker));
        let texts = Vec::new();
        let mut page = Self { own, shot, again, absent, nobody, others, marker: None, texts };
        // What stands on the page that led here may be a greeting.
        let frame = page.own.from.clone();
        let is_of_frame = |marker: &String| frame.as_ref().is_some_and(|it| shows(it, marker));
        let first = markers.iter().find(|marker| !is_of_frame(marker)).cloned();
        page.texts = page.own_texts();
        page.marker = match first {
            None if page.texts.is_empty() => markers.into_iter().next(),
            first => first,
        };
        Ok(Some(page))
    }

    /// A page of the owner's that is not about this object.
    pub(super) fn frame(&self) -> &Shot {
        self.own.from.as_ref().unwrap_or(&self.shot)
    }

    /// Texts of this object alone; none where another's own page cannot tell which.
    fn own_texts(&self) -> Vec<String> {
        let others = self.others.as_ref().filter(|shot| shot.response().status < 300);
        let (Some(others), Some(from)) = (others, &self.own.from) else { return Vec::new() };
        let mut texts = texts(&self.shot);
        let again = texts_of(&self.again);
        let frame = [from, others, &self.absent, &self.nobody].map(texts_of);
        texts.retain(|text| {
            again.contains(text)
                && !has_word(text, &self.own.point.value)
                && !frame.iter().any(|known| known.contains(text))
        });
        texts.truncate(MOST_TEXTS);
        if texts.len() < FEWEST_TEXTS { Vec::new() } else { texts }
    }

    /// What must stand in it wherever it is shown: the marker, else the texts of this object alone.
    fn marks(&self) -> Vec<&str> {
        match &self.marker {
            Some(marker) => vec![marker],
            None => self.texts.iter().map(String::as_str).collect(),
        }
    }

    fn is_in(&self, shot: &Shot) -> bool {
        let marks = self.marks();
        !marks.is_empty() && marks.iter().all(|mark| shows(shot, mark))
    }

    /// Whether nobody gets it without a login, and objects that do not exist are told from it.
    fn is_guarded(&self) -> bool {
        let is_refused = |shot: &Shot| shot.response().status >= 300;
        let told_by_texts = is_refused(&self.nobody) && is_refused(&self.absent);
        !self.is_in(&self.nobody)
            && !self.is_in(&self.absent)
            && (self.marker.is_some() || told_by_texts)
    }

    /// Whether somebody else gets the same page.
    pub(super) async fn read_by(
        &self,
        probe: &mut SiteProbe,
        owner: &Person,
        other: &Person,
    ) -> Result<Option<Proof>, ProbeStop> {
        let is_theirs = self.marker.as_ref().is_some_and(|marker| other.names.contains(marker));
        let Some(mark) = self.marks().first().map(|mark| (*mark).to_owned()) else {
            return Ok(None);
        };
        if is_theirs || !self.is_guarded() {
            return Ok(None);
        }
        let mut shots = Vec::new();
        for _ in 0..2 {
            let shot = probe.ask_as(other.whom, self.own.request.clone(), "", None).await?;
            // The frame of the page may greet whoever sees it, so that it is not quite the same.
            if shot.response().status != self.shot.response().status || !self.is_in(&shot) {
                return Ok(None);
            }
            shots.push(shot);
        }
        let path = path_of(&self.own.request);
        let nobody = self.nobody.response().status;
        let (confidence, shown) = if self.marker.is_some() {
            let shown = format!(
                "only the pages of `{}` lead to {path}; `{}` gets it too, twice, with `{mark}` in it, \
                 while without a login the answer is {nobody} and an object that does not exist shows \
                 no such thing",
                owner.name, other.name,
            );
            (Confidence::Firm, shown)
        } else {
            let shown = format!(
                "the same page leads `{}` to {path} and `{}` to others of the kind alone; `{}` gets it \
                 too, twice, with all {} texts that tell it from theirs, while without a login the answer \
                 is {nobody} and for an object that does not exist {}",
                owner.name,
                other.name,
                other.name,
                self.texts.len(),
                self.absent.response().status,
            );
            let is_firm = is_affair(&self.own.template);
            (if is_firm { Confidence::Firm } else { Confidence::Tentative }, shown)
        };
        Ok(Some(self.proof(confidence, shown, shots, &mark)))
    }

    /// Whether an object beside it by number is somebody else's.
    pub(super) async fn beside(
        &self,
        probe: &mut SiteProbe,
        owner: &Person,
        (other, offered): (Option<&Person>, &BTreeSet<String>),
    ) -> Result<Option<Proof>, ProbeStop> {
        let Ok(number) = self.own.point.value.parse::<i64>() else { return Ok(None) };
        if self.marker.is_none() || !self.is_guarded() {
            return Ok(None);
        }
        let own = personal_values(&self.shot.response().body_text());
        let absent = personal_values(&self.absent.response().body_text());
        for neighbour in NEIGHBOURS.iter().map(|step| number + step).filter(|it| *it > 0) {
            let request = self.own.point.place(&self.own.request, &neighbour.to_string());
            if offered.contains(&request.url()) {
                continue;
            }
            let counted = Some(path_of(&self.own.request));
            let value = neighbour.to_string();
            let shot = probe.ask_as(owner.whom, request.clone(), &value, counted.clone()).await?;
            if shot.response().status != self.shot.response().status {
                continue;
            }
            let text = shot.response().body_text().into_owned();
            let named = other.and_then(|other| other.named_in(&text)).map(str::to_owned);
            let values = personal_values(&text);
            let value = || values.iter().find(|it| !own.contains(*it) && !absent.contains(*it));
            let Some(mark) = named.or_else(|| value().cloned()) else { continue };
            let nobody = probe.ask_as(Whom::Nobody, request.clone(), "", counted.clone()).await?;
            let again = probe.ask_as(owner.whom, request, "", counted).await?;
            if shows(&nobody, &mark) || !shows(&again, &mark) {
                continue;
            }
            let detail = format!(
                "the pages of `{}` lead to {} and not to number {neighbour}, which they get all the \
                 same, twice, with `{mark}` in it; without a login the answer is {}, and an object that \
                 does not exist shows no such thing",
                owner.name,
                path_of(&self.own.request),
                nobody.response().status,
            );
            return Ok(Some(self.proof(Confidence::Firm, detail, vec![shot, again], &mark)));
        }
        Ok(None)
    }

    fn proof(&self, confidence: Confidence, detail: String, shots: Vec<Shot>, mark: &str) -> Proof {
        let mut exhibits = vec![
            Exhibit::new(EvidenceRole::Baseline, self.shot.clone()),
            Exhibit::new(EvidenceRole::Control, self.nobody.clone()),
            Exhibit::new(EvidenceRole::Control, self.absent.clone()),
        ];
        let others = self.others.iter().filter(|_| self.marker.is_none());
        exhibits.extend(others.map(|shot| Exhibit::new(EvidenceRole::Control, shot.clone())));
        let roles = [EvidenceRole::Attack, EvidenceRole::Replay];
        exhibits.extend(roles.into_iter().zip(shots).map(|(role, shot)| {
            let highlight = shot.find(mark);
            Exhibit::marked(role, shot, highlight)
        }));
        let payloads = vec![self.own.point.value.clone()];
        Proof { confidence, detail, exhibits, payloads }
    }

    pub(super) fn tell(&self, probe: &mut SiteProbe, proof: Proof) {
        let point = Some(self.own.point.reference.clone());
        probe.found_in(self.own.request.clone(), self.own.template.clone(), point, proof);
    }
}

/// Whether what a path is about is one person's affair by its name.
pub(super) fn is_affair(path: &str) -> bool {
    let about = topic(path);
    AFFAIRS.iter().any(|name| !topic(name).is_disjoint(&about))
}

/// What is personal on the page of an object and not on that of none, the owner's own first.
fn personal_markers(shot: &Shot, absent: &Shot, owner: &Person) -> Vec<String> {
    let text = shot.response().body_text().into_owned();
    let outside = absent.response().body_text().into_owned();
    let elsewhere = personal_values(&outside);
    let values = personal_values(&text).into_iter().filter(|it| !elsewhere.contains(it));
    let (mut markers, others): (Vec<String>, Vec<String>) =
        values.partition(|value| owner.named_in(value).is_some());
    let named = owner.named_in(&text).filter(|_| owner.named_in(&outside).is_none());
    markers.extend(named.map(str::to_owned));
    markers.extend(others);
    markers
}

/// What a page says, piece by piece, in order.
fn texts(shot: &Shot) -> Vec<String> {
    let text = shot.response().body_text();
    let pieces = text.split(['<', '>', '\n', ',', '{', '}']).map(str::trim);
    pieces.filter(|piece| piece.len() > 1).take(MOST_PIECES).map(str::to_owned).collect()
}

fn texts_of(shot: &Shot) -> BTreeSet<String> {
    texts(shot).into_iter().collect()
}
