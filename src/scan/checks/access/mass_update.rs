//! Members of one's own record that a change may not set and sets all the same.
//!
//! Somebody changes their record to what it is already, then once more with other values of members
//! that decide rights or money, which the record has and the request is not known to take, and with one
//! of a random name. Whatever was changed is changed back.

use serde_json::Map;
use serde_json::Value;

use super::extra::Extra;
use super::mass_assignment::point_of;
use super::members::json as document;
use super::members::object_with;
use super::record::Record;
use super::topic::path_of;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::is_password;
use crate::scan::probe::split_words;

/// Requests that are tried.
const MAX_UPDATES: usize = 6;

/// Words of paths at which somebody's own record is.
const OWN: [&str; 8] = ["me", "my", "self", "profile", "account", "user", "member", "customer"];

/// Tries every request that changes a record, as each of these until it is somebody's own.
pub(super) async fn check(probe: &mut SiteProbe, people: &[Person]) -> Result<(), ProbeStop> {
    for update in updates(probe) {
        for person in people {
            if update.judge(probe, person).await? {
                break;
            }
        }
    }
    Ok(())
}

/// A request that changes what is read at its own address.
struct Update {
    node: Node,
    /// What it is known to take.
    body: Map<String, Value>,
}

fn updates(probe: &SiteProbe) -> Vec<Update> {
    let site = probe.site();
    let changes =
        |node: &&Node| matches!(node.method.as_str(), "PUT" | "PATCH") && probe.may_send(node);
    let update = |node: &Node| {
        let body = serde_json::from_slice(&node.examples[0].body).ok()?;
        let Value::Object(body) = body else { return None };
        let has_password = body.keys().any(|name| is_password(name));
        (!has_password).then(|| Update { node: node.clone(), body })
    };
    site.nodes().filter(changes).filter_map(update).take(MAX_UPDATES).collect()
}

impl Update {
    /// Whether the record was this person's, and so was judged.
    async fn judge(&self, probe: &mut SiteProbe, person: &Person) -> Result<bool, ProbeStop> {
        let Some(before) = self.read(probe, person).await? else { return Ok(false) };
        let same = self.kept(&before.object);
        let Some(extra) = Extra::to_gain(probe, &before, &self.body) else { return Ok(true) };
        let control = self.write(probe, person, &same).await?;
        if control.response().status >= 400 {
            return Ok(true);
        }
        let Some(before) = self.read(probe, person).await? else { return Ok(true) };
        let mut more = same.clone();
        more.extend(extra.all());
        // From here on something may be changed: whatever happens, it is changed back.
        let attacked = self.attack(probe, person, &more).await;
        let after = attacked.as_ref().ok().and_then(|(_, record)| record.as_ref());
        let mut back = same;
        back.extend(extra.undone(&before, after));
        let is_changed = after.is_none_or(|after| extra.has_changed(&before, after));
        let is_back = !is_changed || self.restore(probe, person, &back, (&extra, &before)).await?;
        let (shot, after) = attacked?;
        let Some(after) = after else { return Ok(true) };
        if let Some(set) = extra.set_in(&after, &before) {
            let proof = self.proof(person, set, (before, control), (shot, after), is_back);
            let point = point_of(&proof);
            probe.found(&self.node, Some(point), proof);
        }
        Ok(true)
    }

    /// What of the request's members the record has, as it has it.
    fn kept(&self, object: &Value) -> Map<String, Value> {
        let of_record = |name: &String| Some((name.clone(), object.get(name)?.clone()));
        self.body.keys().filter_map(of_record).collect()
    }

    async fn attack(
        &self,
        probe: &mut SiteProbe,
        person: &Person,
        members: &Map<String, Value>,
    ) -> Result<(Shot, Option<Record>), ProbeStop> {
        let shot = self.write(probe, person, members).await?;
        Ok((shot, self.read(probe, person).await?))
    }

    async fn restore(
        &self,
        probe: &mut SiteProbe,
        person: &Person,
        members: &Map<String, Value>,
        (extra, before): (&Extra, &Record),
    ) -> Result<bool, ProbeStop> {
        self.write(probe, person, members).await?;
        let record = self.read(probe, person).await?;
        Ok(record.is_some_and(|record| !extra.has_changed(before, &record)))
    }

    async fn write(
        &self,
        probe: &mut SiteProbe,
        person: &Person,
        members: &Map<String, Value>,
    ) -> Result<Shot, ProbeStop> {
        let mut request = self.node.examples[0].clone();
        request.body = Value::Object(members.clone()).to_string().into_bytes();
        request.headers.retain(|header| !header.is("content-length"));
        probe.ask_as(person.whom, request, "", None).await
    }

    /// The record, if it is the person's own: it has their name, or the address says so and leaves nothing
    /// open.
    async fn read(
        &self,
        probe: &mut SiteProbe,
        person: &Person,
    ) -> Result<Option<Record>, ProbeStop> {
        let base = &self.node.examples[0];
        let request = Request::get(base.origin.clone(), base.path_and_query.clone());
        let shot = probe.ask_as(person.whom, request, "", Some(path_of(base))).await?;
        if shot.response().status >= 300 {
            return Ok(None);
        }
        let Some(document) = document(shot.response()) else { return Ok(None) };
        let takes = |object: &&Value| self.body.keys().any(|name| object.get(name).is_some());
        let named = person.names.iter().find_map(|name| object_with(&document, name));
        let inside = document.as_object().into_iter().flat_map(Map::values);
        let words = split_words(&self.node.path_template);
        let is_own = !self.node.path_template.contains('{')
            && words.iter().any(|word| OWN.contains(&word.as_str()));
        let first = || std::iter::once(&document).chain(inside).find(takes).filter(|_| is_own);
        let object = named.filter(takes).or_else(first).cloned();
        Ok(object.map(|object| Record { shot, object }))
    }

    fn proof(
        &self,
        person: &Person,
        (name, sent, had): (String, Value, Value),
        (before, control): (Record, Shot),
        (attack, after): (Shot, Record),
        is_back: bool,
    ) -> Proof {
        let restored = if is_back { "it was changed back" } else { "it could not be changed back" };
        let detail = format!(
            "`{}` sent {} {} with what their record has already, and `{name}` in it stayed {had}; sent \
             along with the same, `{name}` = {sent} is read back in it, and a member with a random name \
             is not; {restored}",
            person.name, self.node.method, self.node.path_template,
        );
        let highlight = after.shot.find(&format!("\"{name}\""));
        let exhibits = vec![
            Exhibit::new(EvidenceRole::Baseline, control),
            Exhibit::new(EvidenceRole::Control, before.shot),
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::marked(EvidenceRole::Replay, after.shot, highlight),
        ];
        Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads: vec![name] }
    }
}
