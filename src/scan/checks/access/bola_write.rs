//! Objects of others that can be changed.
//!
//! One identity makes an object, another sends the request that changes it with new random words, and
//! the owner reads them back: what the request was answered with counts for nothing. Passwords the
//! same way: it is the flaw if the owner logs in with the one that the other has set, and not any more
//! with their own. Whatever was changed is changed back.
//!
//! A clean site costs 3 requests for each pair of an object and a request that could change it, and
//! about 8 for each that changes a password, after what it takes to make the objects.

use super::bola::shows;
use super::items::Item;
use super::items::items;
use super::items::lists;
use super::members::links;
use super::objects::Made;
use super::objects::Share;
use super::objects::make;
use super::objects::makers;
use super::objects::with_canaries;
use super::takeover;
use super::topic::path_of;
use super::topic::topic;
use super::write::Writer;
use super::write::writers;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::with_point;

/// See the module.
pub(in crate::scan::checks) struct BolaWrite;

impl SiteCheck for BolaWrite {
    fn id(&self) -> &'static str {
        "bola-write"
    }

    fn budget(&self) -> u64 {
        300
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
    let [other, owner, ..] = people.as_slice() else {
        return Ok(Outcome::Skipped("there are no two identities to compare".to_owned()));
    };
    let writers = writers(probe);
    if writers.is_empty() {
        return Ok(Outcome::Skipped("no request that changes something may be sent".to_owned()));
    }
    for node in makers(probe, Share::Half) {
        let path = node.path_template.clone();
        let near: Vec<&Writer> = writers
            .iter()
            .filter(|it| it.is_about(&path) && !it.texts.is_empty())
            .filter(|it| it.node.path_template != path)
            .collect();
        if near.is_empty() {
            continue;
        }
        let Some(made) = make(probe, &node, owner).await? else { continue };
        let Some(item) = items(probe, &made, owner).await?.into_iter().next() else { continue };
        if is_offered(probe, &made, &item, other).await? {
            continue;
        }
        for writer in near {
            let case = Case { made: &made, item: &item, writer, owner, other };
            case.judge(probe).await?;
        }
    }
    takeover::check(probe, &writers, (other, owner)).await?;
    Ok(Outcome::Clean)
}

/// Whether the other's own pages lead to the object: then it is meant for them.
async fn is_offered(
    probe: &mut SiteProbe,
    made: &Made,
    item: &Item,
    other: &Person,
) -> Result<bool, ProbeStop> {
    let url = item.request.url();
    let shown = lists(probe, &made.node, &topic(&item.template), other.whom).await?;
    Ok(shown.iter().any(|list| links(list).iter().any(|link| link.as_str().starts_with(&url))))
}

/// One object, and one request that could change it.
struct Case<'a> {
    made: &'a Made,
    item: &'a Item,
    writer: &'a Writer,
    owner: &'a Person,
    other: &'a Person,
}

impl Case<'_> {
    async fn judge(&self, probe: &mut SiteProbe) -> Result<(), ProbeStop> {
        let before = self.read(probe).await?;
        if !shows(&before, &self.item.canary) {
            return Ok(());
        }
        let base = self.writer.at(&self.item.handle);
        let (request, canaries) = with_canaries(probe, &base, &self.writer.texts);
        let attack = self.write(probe, self.other, request.clone()).await?;
        let after = self.read(probe).await?;
        let seen = canaries.iter().find(|(_, word)| shows(&after, word));
        let Some((_, word)) = seen else { return Ok(()) };
        let back = self.restore(probe, base).await?;
        let restored = if back { "it was changed back" } else { "it could not be changed back" };
        let detail = format!(
            "`{}` made an object and sees it at {}; `{}` sent {} {} for it with the random word \
             `{word}`, and `{}` then reads that word in it; {restored}",
            self.owner.name,
            self.item.template,
            self.other.name,
            self.writer.node.method,
            self.writer.node.path_template,
            self.owner.name,
        );
        let highlight = after.find(word);
        let exhibits = vec![
            Exhibit::new(EvidenceRole::Baseline, before),
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::marked(EvidenceRole::Control, after, highlight),
        ];
        let payloads = vec![word.clone()];
        let proof = Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads };
        let place = self.writer.place.reference.clone();
        probe.found_in(request, self.writer.node.path_template.clone(), Some(place), proof);
        Ok(())
    }

    /// What the owner sees of it.
    async fn read(&self, probe: &mut SiteProbe) -> Result<Shot, ProbeStop> {
        let counted = Some(self.item.stands_for.clone());
        let handle = &self.item.handle;
        probe.ask_as(self.owner.whom, self.item.request.clone(), handle, counted).await
    }

    async fn write(
        &self,
        probe: &mut SiteProbe,
        whom: &Person,
        request: Request,
    ) -> Result<Shot, ProbeStop> {
        let counted = Some(path_of(&self.writer.base));
        let handle = self.item.handle.clone();
        probe.send_form(whom.whom, &self.writer.node, request, &handle, counted).await
    }

    /// Writes what was there before, as the owner; whether it is there again.
    async fn restore(&self, probe: &mut SiteProbe, base: Request) -> Result<bool, ProbeStop> {
        let mut request = base;
        for point in &self.writer.texts {
            let name = |pointer: &str| pointer.rsplit('/').next().unwrap_or_default().to_owned();
            let same = |known: &str| name(known) == name(&point.reference.name);
            let known = self.made.canaries.iter().find(|(known, _)| same(&known.name));
            let value = known.map_or(&point.value, |(_, word)| word);
            request = with_point(&request, &point.reference, value).unwrap_or(request);
        }
        self.write(probe, self.owner, request).await?;
        let again = self.read(probe).await?;
        Ok(shows(&again, &self.item.canary))
    }
}
