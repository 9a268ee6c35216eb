//! Objects that others can read (broken object level authorisation).
//!
//! With requests that write, somebody makes an object with a different random word in every text
//! field and finds the page at which they see it again. It is the flaw if somebody else sees a word
//! of it there too, which stands neither in their own lists nor on the page of an object that does
//! not exist, while nobody is refused. Without, what only one person's pages lead to is asked for as
//! another (`own`). A status alone says nothing.
//!
//! What somebody uploads is an object too (`uploads`).
//!
//! A clean site costs about 15 requests for each of the few nodes that make something, 20 for each that
//! takes files, and 3 to 8 for each page that is somebody's own.

use super::items::Item;
use super::items::items;
use super::items::lists;
use super::members::links;
use super::objects::Made;
use super::objects::Share;
use super::objects::make;
use super::objects::makers;
use super::own;
use super::private::is_private;
use super::topic::topic;
use super::uploads;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// See the module.
pub(in crate::scan::checks) struct Bola;

impl SiteCheck for Bola {
    fn id(&self) -> &'static str {
        "bola"
    }

    fn budget(&self) -> u64 {
        500
    }

    fn wants_people(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let people = probe.people();
    let Some((owner, others)) = people.split_first() else {
        return Ok(Outcome::Skipped("nobody is logged in: the plan has no identity".to_owned()));
    };
    let mut written = Vec::new();
    if let Some(other) = others.first() {
        for node in makers(probe, Share::All) {
            let Some(made) = make(probe, &node, owner).await? else { continue };
            written.extend(made.canaries.iter().map(|(_, word)| word.clone()));
            for item in items(probe, &made, owner).await? {
                if let Some(proof) = seen_by_other(probe, (&made, &item), (owner, other)).await? {
                    let point = item.point.as_ref().map(|point| point.reference.clone());
                    probe.found_in(item.request.clone(), item.template.clone(), point, proof);
                }
            }
        }
    }
    uploads::check(probe, owner, others.first()).await?;
    own::check(probe, owner, others.first(), &written).await?;
    Ok(match others {
        [] => Outcome::Skipped("there is one identity only: nobody to compare with".to_owned()),
        _ => Outcome::Clean,
    })
}

/// Whether somebody else sees an object that is none of their business.
async fn seen_by_other(
    probe: &mut SiteProbe,
    (made, item): (&Made, &Item),
    (owner, other): (&Person, &Person),
) -> Result<Option<Proof>, ProbeStop> {
    let counted = Some(item.stands_for.clone());
    let ask = (item.request.clone(), item.handle.as_str());
    let attack = probe.ask_as(other.whom, ask.0.clone(), ask.1, counted.clone()).await?;
    if !shows(&attack, &item.canary) {
        return Ok(None);
    }
    let nobody = probe.ask_as(Whom::Nobody, ask.0, ask.1, counted.clone()).await?;
    if shows(&nobody, &item.canary) {
        return Ok(None);
    }
    let Some(absent) = item.absent(probe) else { return Ok(None) };
    let absent = probe.ask_as(other.whom, absent, "", counted).await?;
    if shows(&absent, &item.canary) {
        return Ok(None);
    }
    let shown = lists(probe, &made.node, &topic(&item.template), other.whom).await?;
    let is_offered = shown.iter().any(|list| {
        let target = item.request.url();
        shows(list, &item.canary) || links(list).iter().any(|link| link.as_str() == target)
    });
    let knows = shown.iter().any(|list| made.canaries.iter().any(|(_, word)| shows(list, word)));
    // What everybody may list, everybody may read, unless it is private by its name.
    if is_offered || knows && !is_private(&item.field) {
        return Ok(None);
    }
    Ok(Some(proof((made, item), (owner, other), (attack, nobody, absent))))
}

fn proof(
    (made, item): (&Made, &Item),
    (owner, other): (&Person, &Person),
    (attack, nobody, absent): (Shot, Shot, Shot),
) -> Proof {
    let detail = format!(
        "`{}` made an object with the random word `{}` in `{}` ({} {}); `{}` reads it at {}, where \
         without a login the answer is {} and an absent object shows no such word; no list of `{}` has it; \
         the object stays",
        owner.name,
        item.canary,
        item.field.trim_start_matches('/'),
        made.request.method,
        made.node.path_template,
        other.name,
        item.template,
        nobody.response().status,
        other.name,
    );
    let highlight = attack.find(&item.canary);
    let payloads = vec![item.canary.clone(), item.handle.clone()];
    let exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, made.shot.clone()),
        Exhibit::new(EvidenceRole::Control, item.shot.clone()),
        Exhibit::marked(EvidenceRole::Attack, attack, highlight),
        Exhibit::new(EvidenceRole::Control, nobody),
        Exhibit::new(EvidenceRole::Control, absent),
    ];
    Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads }
}

/// Whether a word stands in an answer that is no error.
pub(super) fn shows(shot: &Shot, word: &str) -> bool {
    let response = shot.response();
    response.status < 400 && memchr::memmem::find(&response.body, word.as_bytes()).is_some()
}
