//! Answers that show secrets of others: passwords, hashes, tokens, numbers of cards.
//!
//! A member counts by its name and by a value that is no placeholder and not masked, in a record of
//! somebody else (a name or address stands beside it), the same twice. In one's own record it counts if
//! it is the password, or by name and form a hash of it: nobody needs that back. Confirmed if it is the
//! password of somebody whom the plan names.
//!
//! A clean site costs 1 request for each JSON answer that it gives.

use super::members::json;
use super::secrets::shown;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;
use crate::scan::probe::Whom;

/// See the module.
pub(in crate::scan::checks) struct ExcessiveData;

impl SiteCheck for ExcessiveData {
    fn id(&self) -> &'static str {
        "excessive-data"
    }

    fn budget(&self) -> u64 {
        300
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let most = match probe.sender().strength() {
        Strength::Low => 15,
        Strength::Medium => 40,
        Strength::High => 150,
    };
    let site = probe.site();
    let is_json = |node: &&Node| {
        let kind = node.answer.as_ref().map(|answer| answer.media_type.clone());
        node.method == "GET"
            && kind.is_none_or(|kind| kind.contains("json") || kind.is_empty())
            && probe.may_send(node)
    };
    let nodes: Vec<Node> = site.nodes().filter(is_json).take(most).cloned().collect();
    let (people, ways) = (probe.people(), probe.one_of_each_way());
    for node in nodes {
        judge(probe, &node, (&people, &ways)).await?;
    }
    Ok(Outcome::Clean)
}

/// The least that is needed to see something: nobody first.
async fn judge(
    probe: &mut SiteProbe,
    node: &Node,
    (people, ways): (&[Person], &[Person]),
) -> Result<(), ProbeStop> {
    let request = node.examples[0].clone();
    let askers = std::iter::once(None).chain(ways.iter().map(Some));
    for asker in askers {
        let whom = asker.map_or(Whom::Nobody, |person| person.whom);
        let first = probe.ask_as(whom, request.clone(), "", None).await?;
        let found = json(first.response()).map(|it| shown(&it, asker)).unwrap_or_default();
        if !(200..300).contains(&first.response().status) {
            continue;
        }
        let Some(secret) = found.first().cloned() else { continue };
        let again = probe.ask_as(whom, request, "", None).await?;
        let later = json(again.response()).map(|it| shown(&it, asker)).unwrap_or_default();
        if !later.contains(&secret) {
            return Ok(());
        }
        let known = people
            .iter()
            .find(|person| found.iter().any(|it| person.password.as_ref() == Some(&it.value)));
        let who = asker.map_or("whoever asks".to_owned(), |person| format!("`{}`", person.name));
        let shown = match known {
            Some(person) => format!("; one of them is the password of `{}`", person.name),
            None => String::new(),
        };
        let of_others = found.iter().filter(|it| !it.is_own).count();
        let whose = match of_others {
            0 => {
                "their own, which nobody needs back and every copy of the answer gives away".into()
            }
            count => format!("`{}`; the answer has {count} such values of others", secret.whose),
        };
        let detail = format!(
            "{who} is shown `{}` of {whose}, twice the same, not masked{shown}",
            secret.name
        );
        let highlight = first.find(&secret.value);
        let exhibits = vec![
            Exhibit::marked(EvidenceRole::Attack, first, highlight),
            Exhibit::new(EvidenceRole::Replay, again),
        ];
        let confidence = if known.is_some() { Confidence::Confirmed } else { Confidence::Firm };
        let proof = Proof { confidence, detail, exhibits, payloads: Vec::new() };
        probe.found(node, None, proof);
        return Ok(());
    }
    Ok(())
}
