//! Records and passwords of people that others can change.

use super::bola::shows;
use super::members::object_with;
use super::objects::with_canaries;
use super::topic::path_of;
use super::write::Writer;
use super::write::called;
use super::write::value_of;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::model::Request;
use crate::scan::probe::DoorKind;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Gate;
use crate::scan::probe::Node;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;
use crate::scan::probe::insertion_points_in;
use crate::scan::probe::with_point;

/// Requests of each kind that are tried.
const MAX_TRIED: usize = 6;

/// Tries every request that names a person, as `other`, for `owner`.
pub(super) async fn check(
    probe: &mut SiteProbe,
    writers: &[Writer],
    (other, owner): (&Person, &Person),
) -> Result<(), ProbeStop> {
    let of_people = || writers.iter().filter(|writer| writer.names_person());
    if of_people().next().is_none() {
        return Ok(());
    }
    let (names, own) = called(probe, owner).await?;
    let own: Vec<Request> = own.into_iter().map(|page| page.request).collect();
    for writer in of_people().filter(|it| !it.texts.is_empty()).take(MAX_TRIED) {
        record(probe, writer, (other, owner), (&names, &own)).await?;
    }
    let passwords: Vec<&Writer> = of_people()
        .filter(|it| !it.passwords.is_empty() && !it.asks_for_old())
        .take(MAX_TRIED)
        .collect();
    if passwords.is_empty() {
        return Ok(());
    }
    for door in probe.doors(DoorKind::Login) {
        let Some(gate) = Gate::learn(probe, &door, owner).await? else { continue };
        for writer in passwords {
            for name in &names {
                if password(probe, writer, (other, owner), (&gate, name)).await? {
                    break;
                }
            }
        }
        break;
    }
    Ok(())
}

/// Pages on which a record of that name may be seen, by its owner.
fn pages(probe: &SiteProbe, writer: &Writer, name: &str, own: &[Request]) -> Vec<Request> {
    let site = probe.site();
    let near = |node: &&Node| {
        node.method == "GET" && probe.may_send(node) && writer.is_about(&node.path_template)
    };
    let mut pages: Vec<Request> = own.to_vec();
    for node in site.nodes().filter(near).take(3) {
        let base = &node.examples[0];
        let points = insertion_points_in(base, &node.path_template);
        let place = points.iter().rfind(|point| point.reference.kind == InsertionKind::Path);
        pages.push(place.map_or_else(|| base.clone(), |place| place.place(base, name)));
    }
    pages
}

async fn look(
    probe: &mut SiteProbe,
    pages: &[Request],
    whom: Whom,
) -> Result<Vec<Shot>, ProbeStop> {
    let mut shots = Vec::new();
    for page in pages {
        shots.push(probe.ask_as(whom, page.clone(), "", Some(path_of(page))).await?);
    }
    Ok(shots)
}

/// Whether a word stands in what an answer shows of the owner. A list has the sender's own record
/// too, in which the word says nothing.
fn is_of(shot: &Shot, word: &str, (owner, other): (&Person, &Person)) -> bool {
    if !shows(shot, word) {
        return false;
    }
    let document = super::members::json(shot.response());
    let record = document.as_ref().and_then(|it| object_with(it, word)).map(ToString::to_string);
    let text = record.unwrap_or_else(|| shot.response().body_text().into_owned());
    let target = shot.exchange.request.path_and_query_text();
    match (owner.named_in(&text), other.named_in(&text)) {
        (Some(_), None) => true,
        (_, Some(_)) => false,
        // Nobody is named: it is whoever the address says, or who looks.
        (None, None) => other.named_in(&target).is_none(),
    }
}

/// Whether the other can write into the owner's record.
async fn record(
    probe: &mut SiteProbe,
    writer: &Writer,
    (other, owner): (&Person, &Person),
    (names, own): (&[String], &[Request]),
) -> Result<(), ProbeStop> {
    let Some(name) = names.first() else { return Ok(()) };
    let seen_at = pages(probe, writer, name, own);
    let before = look(probe, &seen_at, owner.whom).await?;
    // The target may take it for the sender's own record, which must not stay changed.
    let theirs = pages(probe, writer, other.names.first().unwrap_or(name), own);
    let kept = look(probe, &theirs, other.whom).await?;
    let originals = |shots: &[Shot], person: &Person| -> Vec<Option<String>> {
        let of = |field: &str| shots.iter().find_map(|shot| value_of(shot, field, person));
        writer.texts.iter().map(|point| of(&point.reference.name)).collect()
    };
    let (owners, others) = (originals(&before, owner), originals(&kept, other));
    if !other.is_registered && others.iter().any(Option::is_none) {
        return Ok(());
    }
    let base = writer.at(name);
    let (request, canaries) = with_canaries(probe, &base, &writer.texts);
    let counted = Some(path_of(&writer.base));
    let attack =
        probe.send_form(other.whom, &writer.node, request.clone(), name, counted.clone()).await?;
    let after = look(probe, &seen_at, owner.whom).await?;
    let seen = after.iter().find_map(|shot| {
        let mut words = canaries.iter().map(|(_, word)| word);
        let word = words.find(|word| is_of(shot, word, (owner, other)))?;
        Some((shot.clone(), word.clone()))
    });
    let (person, values) = if seen.is_some() { (owner, owners) } else { (other, others) };
    let mut back = base;
    for (point, value) in writer.texts.iter().zip(&values) {
        let value = value.as_ref().unwrap_or(&point.value);
        back = with_point(&back, &point.reference, value).unwrap_or(back);
    }
    probe.send_form(person.whom, &writer.node, back, name, counted).await?;
    let Some((shot, word)) = seen else { return Ok(()) };
    let again = look(probe, &seen_at, owner.whom).await?;
    let is_back = !again.iter().any(|shot| shows(shot, &word));
    let restored = if is_back { "it was changed back" } else { "it could not be changed back" };
    let detail = format!(
        "`{}` sent {} {} in the name of `{}` with the random word `{word}`, and `{}` then reads it in \
         their own record; {restored}",
        other.name, writer.node.method, writer.node.path_template, owner.name, owner.name,
    );
    let highlight = shot.find(&word);
    let exhibits = vec![
        Exhibit::new(EvidenceRole::Attack, attack),
        Exhibit::marked(EvidenceRole::Control, shot, highlight),
    ];
    let proof = Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads: vec![word] };
    let place = Some(writer.place.reference.clone());
    probe.found_in(request, writer.node.path_template.clone(), place, proof);
    Ok(())
}

/// Whether the other can set the owner's password.
async fn password(
    probe: &mut SiteProbe,
    writer: &Writer,
    (other, owner): (&Person, &Person),
    (gate, name): (&Gate, &str),
) -> Result<bool, ProbeStop> {
    let (Some((user, old)), Some((own_user, own))) = (owner.credentials(), other.credentials())
    else {
        return Ok(false);
    };
    let new = format!("Zz9-{}", probe.sender().word());
    let counted = Some(path_of(&writer.base));
    let request = writer.with_password(name, &new);
    let attack =
        probe.send_form(other.whom, &writer.node, request.clone(), name, counted.clone()).await?;
    let (by_new, with_new) = gate.admits(probe, &user, &new).await?;
    let (by_old, with_old) = gate.admits(probe, &user, &old).await?;
    if !by_new {
        // It may have been taken for the sender's own.
        let (is_other, knock) = gate.admits(probe, &own_user, &new).await?;
        if is_other {
            let back = writer.with_password(name, &own);
            probe.send_form(knock.whom, &writer.node, back, name, counted).await?;
        }
        return Ok(false);
    }
    let back = writer.with_password(name, &old);
    probe.send_form(with_new.whom, &writer.node, back.clone(), name, counted.clone()).await?;
    let mut is_back = gate.admits(probe, &user, &old).await?.0;
    if !is_back {
        probe.send_form(other.whom, &writer.node, back, name, counted).await?;
        is_back = gate.admits(probe, &user, &old).await?.0;
    }
    if by_old {
        return Ok(false);
    }
    let restored = if is_back { "it was changed back" } else { "it could not be changed back" };
    let detail = format!(
        "`{}` sent {} {} in the name of `{}` with a new password; `{}` then logs in with that one and \
         not any more with the old one; {restored}",
        other.name, writer.node.method, writer.node.path_template, owner.name, owner.name,
    );
    let exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, gate.right.clone()),
        Exhibit::new(EvidenceRole::Attack, attack),
        Exhibit::new(EvidenceRole::Control, with_new.shot),
        Exhibit::new(EvidenceRole::Control, with_old.shot),
    ];
    let payloads = vec![new];
    let proof = Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads };
    let place = Some(writer.place.reference.clone());
    probe.found_in(request, writer.node.path_template.clone(), place, proof);
    Ok(true)
}
