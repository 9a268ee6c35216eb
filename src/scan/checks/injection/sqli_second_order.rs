//! SQL injection of second order: a value is stored without harm, and becomes a part of a statement when
//! another page is made.
//!
//! Two ways to see it. Every place that takes values ([`SiteProbe::trails`]) gets a quote, and every page
//! is read once: of one that shows a database's error or fails, it is found out which value does it; with
//! the quote doubled it must be whole again, twice, in random order. And where a page near the
//! place depends on what is stored, a condition that holds must change nothing and one that does not
//! must, in three rounds. The answer to the writing itself must be the usual one: else it is
//! injection of first order, which other checks find. In the end the old value is stored again.

use std::sync::Arc;

use super::db_errors::db_errors;
use super::statement::sql_by_design;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
use crate::scan::probe::Checking;
use crate::scan::probe::Entry;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Likeness;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;
use crate::scan::probe::Trail;

/// Pages that broke, and places that are tried for each.
const MAX_BROKEN: usize = 6;
const MAX_SUSPECTS: usize = 30;

/// Pages near a place.
const MAX_NEAR: usize = 3;

/// Conditions that are tried, each true and false.
const ROUNDS: usize = 3;

/// See the module.
pub(crate) struct SqliSecondOrder;

impl SiteCheck for SqliSecondOrder {
    fn id(&self) -> &'static str {
        "sqli-second-order"
    }

    fn budget(&self) -> u64 {
        2500
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let trails = probe.trails().await?;
    let is_written = |trail: &&Trail| !trail.entry.node.examples[0].method.is_safe();
    let written: Vec<&Trail> = trails.list.iter().filter(is_written).collect();
    if written.is_empty() {
        return Ok(Outcome::Skipped("no request that writes may be sent".to_owned()));
    }
    let mut found: Vec<&Trail> = Vec::new();
    for page in broken(probe, &written, &trails.pages).await? {
        let suspects = suspects(&written, &page);
        if let Some((trail, proof)) = culprit(probe, &suspects, &page).await? {
            tell(probe, trail, proof);
            found.push(trail);
        }
    }
    let most = match probe.sender().strength() {
        Strength::Low => 20,
        Strength::Medium => 60,
        Strength::High => 200,
    };
    for trail in written.into_iter().take(most) {
        let is_known = found.iter().any(|known| std::ptr::eq(*known, trail));
        if is_known || sql_by_design(&trail.entry.point.value).is_some() {
            continue;
        }
        if let Some(proof) = by_condition(probe, trail).await? {
            tell(probe, trail, proof);
        }
    }
    Ok(Outcome::Clean)
}

fn tell(probe: &mut SiteProbe, trail: &Trail, proof: Proof) {
    let entry = &trail.entry;
    probe.found(&entry.node, Some(entry.point.reference.clone()), proof);
}

/// Pages that fail while a quote is stored at every place, and do not once everything is as it was.
async fn broken(
    probe: &mut SiteProbe,
    written: &[&Trail],
    pages: &[Request],
) -> Result<Vec<Request>, ProbeStop> {
    for several in written.chunk_by(|a, b| Arc::ptr_eq(&a.entry.node, &b.entry.node)) {
        let texts = several.iter().map(|trail| &trail.entry).filter(|entry| !entry.is_strict);
        let texts: Vec<_> =
            texts.map(|entry| (entry, format!("{}'", probe.sender().word()))).collect();
        probe.write_all(&texts).await?;
    }
    let mut broken = Vec::new();
    for page in pages {
        let read = probe.try_ask(page.clone(), "", None).await?;
        if broken.len() < MAX_BROKEN && read.is_some_and(|read| is_broken(&read)) {
            broken.push(page.clone());
        }
    }
    for several in written.chunk_by(|a, b| Arc::ptr_eq(&a.entry.node, &b.entry.node)) {
        put_back(probe, &several[0].entry).await?;
    }
    let mut whole = Vec::new();
    for page in broken {
        let read = probe.try_ask(page.clone(), "", None).await?;
        if read.is_some_and(|read| !is_broken(&read)) {
            whole.push(page);
        }
    }
    Ok(whole)
}

/// Places whose value the page may be made of: those that it shows and those nearby come first.
fn suspects<'t>(written: &[&'t Trail], page: &Request) -> Vec<&'t Trail> {
    let url = page.url();
    let mut suspects: Vec<&Trail> = written.to_vec();
    suspects.sort_by_key(|trail| {
        let is_shown = trail.sights.iter().any(|sight| sight.asked == *page);
        let form = trail.entry.node.found.page.as_deref();
        (!is_shown, form != Some(url.as_str()))
    });
    suspects.truncate(MAX_SUSPECTS);
    suspects
}

/// The place that breaks a page, proven.
async fn culprit<'t>(
    probe: &mut SiteProbe,
    suspects: &[&'t Trail],
    page: &Request,
) -> Result<Option<(&'t Trail, Proof)>, ProbeStop> {
    for trail in suspects {
        let entry = &trail.entry;
        let proof = match store(probe, entry, page, "'").await? {
            Some(stored) if is_broken(&stored.read) && !is_broken(&stored.written) => {
                repaired(probe, entry, page).await?
            }
            _ => None,
        };
        put_back(probe, entry).await?;
        if let Some(proof) = proof {
            return Ok(Some((trail, proof)));
        }
    }
    Ok(None)
}

/// A value as it was written, and a page after that.
#[derive(Debug)]
struct Stored {
    written: Shot,
    read: Shot,
}

/// Stores a new word with something behind it, and reads a page.
async fn store(
    probe: &mut SiteProbe,
    entry: &Entry,
    page: &Request,
    behind: &str,
) -> Result<Option<Stored>, ProbeStop> {
    let word = probe.sender().word();
    let Some(written) = probe.write(entry, &format!("{word}{behind}")).await? else {
        return Ok(None);
    };
    let read = probe.try_ask(page.clone(), "", None).await?;
    Ok(read.map(|read| Stored { written, read }))
}

/// Whether each quote breaks the page and each doubled one, and each mere word, leaves it whole.
async fn repaired(
    probe: &mut SiteProbe,
    entry: &Entry,
    page: &Request,
) -> Result<Option<Proof>, ProbeStop> {
    let mut order = ["'", "''", "", "'", "''", ""];
    probe.sender().shuffle(&mut order);
    let (mut broken, mut whole) = (Vec::new(), Vec::new());
    for behind in order {
        let Some(stored) = store(probe, entry, page, behind).await? else { return Ok(None) };
        let should_break = behind == "'";
        if is_broken(&stored.read) != should_break || is_broken(&stored.written) {
            return Ok(None);
        }
        if should_break {
            broken.push(stored);
        } else if behind == "''" {
            whole.push(stored);
        }
    }
    let path = page.path_and_query_text();
    let error =
        broken.first().and_then(|it| db_errors(&it.read.response().body).into_iter().next());
    let said = match &error {
        Some(error) => format!("shows a {} error", error.product),
        None => format!("fails with {}", broken[0].read.response().status),
    };
    let detail = format!(
        "with `{}` stored here, {path} {said}; with `{}` it does not, nor with a mere word, each twice in \
         random order: what is stored is part of the text of an SQL statement there",
        broken[0].written.value, whole[0].written.value
    );
    Ok(Some(proof(detail, broken, whole)))
}

/// Whether a page is an error, or shows one of a database.
fn is_broken(shot: &Shot) -> bool {
    let response = shot.response();
    response.status >= 500 || !db_errors(&response.body).is_empty()
}

/// Exhibits of what was stored as attacks, and as controls.
fn proof(detail: String, attacks: Vec<Stored>, controls: Vec<Stored>) -> Proof {
    let payloads = attacks.iter().chain(&controls).map(|it| it.written.value.clone()).collect();
    let mut exhibits = Vec::new();
    for (index, Stored { written, read }) in attacks.into_iter().take(2).enumerate() {
        let role = if index == 0 { EvidenceRole::Attack } else { EvidenceRole::Replay };
        let error = db_errors(&read.response().body).into_iter().next();
        let mark = error.map(|error| read.in_body(error.at));
        exhibits.push(Exhibit::new(role, written));
        exhibits.push(Exhibit::marked(role, read, mark));
    }
    for Stored { written, read } in controls.into_iter().take(1) {
        exhibits.push(Exhibit::new(EvidenceRole::Control, written));
        exhibits.push(Exhibit::new(EvidenceRole::Control, read));
    }
    Proof { confidence: Confidence::Firm, detail, exhibits, payloads }
}

/// Stores the value of before.
async fn put_back(probe: &mut SiteProbe, entry: &Entry) -> Result<Option<Shot>, ProbeStop> {
    probe.try_ask(entry.node.examples[0].clone(), &entry.point.value, None).await
}

/// A page as it is with the value of before.
struct Known {
    page: Request,
    likeness: Likeness,
}

impl Known {
    fn shows(&self, read: &Shot, sent: &str, entry: &Entry) -> bool {
        self.likeness.is(&Shape::of(read.response(), sent, &entry.point.value))
    }
}

/// Whether a page near the place follows conditions that are stored.
async fn by_condition(probe: &mut SiteProbe, trail: &Trail) -> Result<Option<Proof>, ProbeStop> {
    let entry = &trail.entry;
    if entry.point.value.is_empty() {
        return Ok(None);
    }
    let mut proof = None;
    for known in known_pages(probe, trail).await? {
        let Some(other) = store(probe, entry, &known.page, "").await? else { continue };
        // Most pages are made of something else.
        if known.shows(&other.read, &other.written.value, entry) {
            continue;
        }
        proof = match store(probe, entry, &known.page, "'").await? {
            Some(stored) if is_broken(&stored.read) && !is_broken(&stored.written) => {
                repaired(probe, entry, &known.page).await?
            }
            _ => follows(probe, entry, &known).await?,
        };
        if proof.is_some() {
            break;
        }
    }
    put_back(probe, entry).await?;
    Ok(proof)
}

/// Pages that may be made of the value, as they are with the one of before.
async fn known_pages(probe: &mut SiteProbe, trail: &Trail) -> Result<Vec<Known>, ProbeStop> {
    let Some(written) = put_back(probe, &trail.entry).await? else { return Ok(Vec::new()) };
    let mut pages = SiteProbe::pages_near(&trail.entry.node, &written);
    pages.extend(trail.sights.iter().map(|sight| sight.asked.clone()));
    let mut known: Vec<Known> = Vec::new();
    for page in pages {
        if known.len() == MAX_NEAR || known.iter().any(|it| it.page.url() == page.url()) {
            continue;
        }
        let mut shapes = Vec::new();
        for _ in 0..2 {
            let read = probe.try_ask(page.clone(), "", None).await?;
            let fine = read.filter(|read| read.response().status < 400);
            shapes.extend(fine.map(|read| Shape::of(read.response(), "", "")));
        }
        known.extend(Likeness::of(&shapes).map(|likeness| Known { page, likeness }));
    }
    Ok(known)
}

async fn follows(
    probe: &mut SiteProbe,
    entry: &Entry,
    known: &Known,
) -> Result<Option<Proof>, ProbeStop> {
    let is_number = entry.point.value.parse::<i64>().is_ok();
    for quote in [Some("'"), None].into_iter().filter(|quote| quote.is_some() || is_number) {
        let (mut held, mut failed) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let mut order = [true, false];
            probe.sender().shuffle(&mut order);
            for holds in order {
                let value = condition(probe, &entry.point.value, quote, holds);
                let Some(stored) = store_value(probe, entry, known, &value).await? else {
                    return Ok(None);
                };
                if known.shows(&stored.read, &value, entry) != holds {
                    break;
                }
                if holds { held.push(stored) } else { failed.push(stored) }
            }
            if held.len() != failed.len() || held.is_empty() {
                break;
            }
        }
        if held.len() == ROUNDS && failed.len() == ROUNDS {
            let detail = format!(
                "with `{}` stored here, {} is the page that it is with `{}`, and with `{}` it is another, \
                 {ROUNDS} times with other numbers: what is stored is part of the text of an SQL \
                 statement there",
                held[0].written.value,
                known.page.path_and_query_text(),
                entry.point.value,
                failed[0].written.value
            );
            return Ok(Some(proof(detail, failed, held)));
        }
    }
    Ok(None)
}

/// The value with a condition that holds or does not.
fn condition(probe: &mut SiteProbe, value: &str, quote: Option<&str>, holds: bool) -> String {
    let number = probe.sender().number();
    let other = if holds { number } else { number + 1 };
    match quote {
        Some(quote) => format!("{value}{quote} AND {quote}{number}{quote}={quote}{other}"),
        None => format!("{value} AND {number}={other}"),
    }
}

async fn store_value(
    probe: &mut SiteProbe,
    entry: &Entry,
    known: &Known,
    value: &str,
) -> Result<Option<Stored>, ProbeStop> {
    let base = &entry.node.examples[0];
    let path = base.path_and_query_text().into_owned();
    let request = entry.point.place(base, value);
    let Some(written) = probe.try_ask(request, value, Some(path)).await? else { return Ok(None) };
    let read = probe.try_ask(known.page.clone(), "", None).await?;
    Ok(read.map(|read| Stored { written, read }))
}
