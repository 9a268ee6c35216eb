//! Requests that change something that is there already, and whose it is.

use super::members::members_of;
use super::members::object_with;
use super::objects::is_in_body;
use super::objects::is_text;
use super::topic::is_about;
use super::topic::topic;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::scan::probe::Guarded;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Node;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::insertion_points_in;
use crate::scan::probe::is_password;
use crate::scan::probe::with_point;

/// Words of paths and holes that stand for people.
const PEOPLE: [&str; 9] =
    ["user", "username", "account", "member", "customer", "profile", "person", "people", "owner"];

/// A request that changes something, and where it says what.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub(super) node: Node,
    pub(super) base: Request,
    /// Where the object is named.
    pub(super) place: InsertionPoint,
    pub(super) texts: Vec<InsertionPoint>,
    pub(super) passwords: Vec<InsertionRef>,
}

/// Those of the site that may be sent.
pub(super) fn writers(probe: &SiteProbe) -> Vec<Writer> {
    let site = probe.site();
    let changes = |node: &&Node| {
        matches!(node.method.as_str(), "PUT" | "PATCH" | "POST") && probe.may_send(node)
    };
    site.nodes().filter(changes).filter_map(writer).collect()
}

fn writer(node: &Node) -> Option<Writer> {
    let base = node.examples[0].clone();
    let points = insertion_points_in(&base, &node.path_template);
    let of_path = |point: &&InsertionPoint| point.reference.kind == InsertionKind::Path;
    let names = |point: &&InsertionPoint| {
        let name = point.reference.name.rsplit('/').next().unwrap_or_default();
        let lower = name.to_ascii_lowercase();
        lower == "id" || lower.ends_with("_id") || name.ends_with("Id") || is_people(&lower)
    };
    let place = points.iter().rfind(of_path).or_else(|| points.iter().find(names))?.clone();
    let body: Vec<InsertionPoint> = points
        .into_iter()
        .filter(|point| is_in_body(point) && point.reference != place.reference)
        .collect();
    let (passwords, others): (Vec<_>, Vec<_>) =
        body.into_iter().partition(|point| is_password(&point.reference.name));
    let texts: Vec<InsertionPoint> = others.into_iter().filter(is_text).collect();
    let passwords: Vec<InsertionRef> = passwords.into_iter().map(|it| it.reference).collect();
    let writes = !texts.is_empty() || !passwords.is_empty();
    writes.then(|| Writer { node: node.clone(), base, place, texts, passwords })
}

fn is_people(word: &str) -> bool {
    let word = word.strip_suffix("_id").unwrap_or(word);
    PEOPLE.iter().any(|known| word == *known || word.strip_suffix('s') == Some(known))
}

impl Writer {
    /// Whether it is about the same as a path.
    pub(super) fn is_about(&self, path: &str) -> bool {
        is_about(&self.node.path_template, &topic(path))
    }

    /// Whether what it names is a person.
    pub(super) fn names_person(&self) -> bool {
        if self.place.reference.kind != InsertionKind::Path {
            return is_people(
                &self.place.reference.name.rsplit('/').next().unwrap_or_default().to_lowercase(),
            );
        }
        let index = self.place.reference.name.parse::<usize>().unwrap_or_default();
        let segments: Vec<&str> = self.node.path_template.split('/').collect();
        let hole = segments.get(index).map(|hole| hole.trim_matches(['{', '}']).to_lowercase());
        // Versions may stand between: `/users/v1/{name}`.
        let before = segments.iter().take(index).rev().take(2);
        hole.is_some_and(|hole| is_people(&hole))
            || before.into_iter().any(|segment| is_people(&segment.to_lowercase()))
    }

    /// The request for an object.
    pub(super) fn at(&self, handle: &str) -> Request {
        self.place.place(&self.base, handle)
    }

    /// The same with a password.
    pub(super) fn with_password(&self, handle: &str, password: &str) -> Request {
        let start = self.at(handle);
        self.passwords
            .iter()
            .fold(start, |request, point| with_point(&request, point, password).unwrap_or(request))
    }

    /// Whether it asks for the password of now.
    pub(super) fn asks_for_old(&self) -> bool {
        let says = |point: &InsertionRef| {
            let name = point.name.to_ascii_lowercase();
            ["old", "current", "previous"].iter().any(|word| name.contains(word))
        };
        self.passwords.iter().any(says)
    }
}

/// What somebody is called in addresses: their name, and the id that their own pages show beside it.
pub(super) async fn called(
    probe: &mut SiteProbe,
    person: &Person,
) -> Result<(Vec<String>, Vec<Guarded>), ProbeStop> {
    let pages = Guarded::find(probe, person, 3).await?;
    let mut names: Vec<String> = person.names.clone();
    for page in &pages {
        names.extend(ids_beside(&page.inside, person));
    }
    names.dedup();
    names.truncate(4);
    Ok((names, pages))
}

fn ids_beside(shot: &Shot, person: &Person) -> Vec<String> {
    let Some(document) = super::members::json(shot.response()) else { return Vec::new() };
    let objects = person.names.iter().filter_map(|name| object_with(&document, name));
    let own = objects.flat_map(|object| object.as_object().into_iter().flatten());
    let ids = own.filter(|(name, _)| name.eq_ignore_ascii_case("id") || name.ends_with("uuid"));
    ids.map(|(_, value)| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}

/// The value of a field as an answer shows it: a member of that name, in the object that is about
/// the person where there is one.
pub(super) fn value_of(shot: &Shot, field: &str, person: &Person) -> Option<String> {
    let field = field.rsplit('/').next().unwrap_or_default();
    let document = super::members::json(shot.response())?;
    let about = person.names.iter().find_map(|name| object_with(&document, name));
    let beside = about.and_then(|object| object.get(field)).and_then(|value| value.as_str());
    if let Some(value) = beside {
        return Some(value.to_owned());
    }
    let members = members_of(shot.response());
    let mut named = members.into_iter().filter(|member| member.name == field);
    let first = named.next()?;
    named.next().is_none().then_some(first.value)
}
