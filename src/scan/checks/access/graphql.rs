//! Fields of a GraphQL interface that give people's records to whoever asks for them.
//!
//! Queries that need no arguments and have members with private names are asked as nobody, then as an
//! ordinary user. Records count that have a personal value, or one under a name that leaves no doubt. It
//! is the flaw if two of them are of different people, by what the field is called, or if one is of
//! somebody whom the plan names and who is not asking; and if the same comes back under a random alias.
//!
//! A clean site costs 1 request for each such query, and 1 more where there are people.

use std::collections::BTreeSet;

use serde_json::Value;
use url::form_urlencoded;

use super::members::Member;
use super::members::json;
use super::members::members;
use super::private::is_private;
use super::private::personal_values;
use super::topic::Topic;
use super::topic::path_of;
use super::topic::topic_of_name;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::scan::checks::query::document;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;
use crate::scan::probe::Whom;

/// What fields are called that give people's records.
const PEOPLE: [&str; 14] = [
    "users",
    "customers",
    "members",
    "accounts",
    "patients",
    "clients",
    "subscribers",
    "persons",
    "people",
    "students",
    "guests",
    "tenants",
    "profiles",
    "participants",
];

/// Parts of names whose values are nobody else's business, whatever the page is for.
const STRICT: [&str; 16] = [
    "secret",
    "passw",
    "token",
    "apikey",
    "api_key",
    "card",
    "iban",
    "ssn",
    "phone",
    "mobile",
    "street",
    "salary",
    "diagnosis",
    "birth",
    "balance",
    "passport",
];

/// Records that are looked at.
const MAX_RECORDS: usize = 500;

/// See the module.
pub(in crate::scan::checks) struct GraphqlAuthorization;

impl SiteCheck for GraphqlAuthorization {
    fn id(&self) -> &'static str {
        "graphql-authorization"
    }

    fn budget(&self) -> u64 {
        100
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let queries = queries(probe);
    if queries.is_empty() {
        return Ok(Outcome::Skipped("no query is known that has private members".to_owned()));
    }
    let people = probe.people();
    let ordinary = people
        .iter()
        .rev()
        .find(|person| !person.role.as_deref().is_some_and(super::function_level::is_admin));
    for query in queries {
        for asker in std::iter::once(None).chain(ordinary.map(Some)) {
            if query.judge(probe, asker, &people).await? {
                break;
            }
        }
    }
    Ok(Outcome::Clean)
}

/// A query without arguments.
struct Query {
    node: Node,
    document: String,
    field: String,
}

fn queries(probe: &mut SiteProbe) -> Vec<Query> {
    let most = match probe.sender().strength() {
        Strength::Low => 10,
        Strength::Medium => 30,
        Strength::High => 100,
    };
    let site = probe.site();
    let query = |node: &Node| {
        let document = document(&node.examples[0])?;
        let (head, fields) = document.split_once('{')?;
        let is_plain = head.trim_start().starts_with("query") && !document.contains('(');
        let (field, members) = fields.split_once('{')?;
        let field = field.trim().to_owned();
        let is_name = !field.is_empty() && field.chars().all(|c| c.is_alphanumeric() || c == '_');
        let has_private = members.split(|c: char| !c.is_alphanumeric() && c != '_').any(is_private);
        let document = document.clone();
        (is_plain && is_name && has_private).then(|| Query { node: node.clone(), document, field })
    };
    let allowed = site.nodes().filter(|node| probe.may_send(node));
    allowed.filter_map(query).take(most).collect()
}

/// Records of people in an answer.
struct Shown {
    /// Those with something private in them.
    count: usize,
    /// A private value of the first, with its name.
    example: (String, String),
    /// Of somebody whom the plan names.
    named: Option<String>,
}

impl Query {
    /// Whether it is the flaw as this person asks, or as nobody.
    async fn judge(
        &self,
        probe: &mut SiteProbe,
        asker: Option<&Person>,
        people: &[Person],
    ) -> Result<bool, ProbeStop> {
        let whom = asker.map_or(Whom::Nobody, |person| person.whom);
        let first = self.ask(probe, whom, "").await?;
        let Some(shown) = self.shown(&first, &self.field, asker, people) else { return Ok(false) };
        let alias = probe.sender().word();
        let replay = self.ask(probe, whom, &alias).await?;
        let again = self.shown(&replay, &alias, asker, people);
        if again.is_none_or(|again| again.example != shown.example) {
            return Ok(false);
        }
        let who = asker.map_or("whoever asks".to_owned(), |person| format!("`{}`", person.name));
        let (name, _) = &shown.example;
        let named = shown.named.as_ref();
        let named = named.map_or(String::new(), |it| format!(", that of `{it}` among them"));
        let detail = format!(
            "`{}` gives {who} {} records of others with `{name}` in them{named}, twice, the second time \
             under a random alias",
            self.field, shown.count,
        );
        let highlight = first.find(&shown.example.1);
        let confidence =
            if shown.named.is_some() { Confidence::Confirmed } else { Confidence::Firm };
        let exhibits = vec![
            Exhibit::marked(EvidenceRole::Attack, first, highlight),
            Exhibit::new(EvidenceRole::Replay, replay),
        ];
        let payloads = vec![self.document.clone()];
        let point = InsertionRef { kind: InsertionKind::Json, name: "/query".to_owned() };
        let point = (self.node.method == "POST").then_some(point);
        probe.found(&self.node, point, Proof { confidence, detail, exhibits, payloads });
        Ok(true)
    }

    async fn ask(&self, probe: &mut SiteProbe, whom: Whom, alias: &str) -> Result<Shot, ProbeStop> {
        let document = if alias.is_empty() {
            self.document.clone()
        } else {
            let (head, fields) = self.document.split_once('{').unwrap_or_default();
            format!("{head}{{ {alias}: {}", fields.trim_start())
        };
        let base = &self.node.examples[0];
        let request = with_document(base, &document);
        probe.ask_as(whom, request, &document, Some(path_of(base))).await
    }

    /// What an answer shows of others; `None` where that may be meant for all.
    fn shown(
        &self,
        shot: &Shot,
        key: &str,
        asker: Option<&Person>,
        people: &[Person],
    ) -> Option<Shown> {
        let answer = json(shot.response())?;
        let mut records = Vec::new();
        collect(answer.get("data")?.get(key)?, &mut records);
        let is_own = |text: &str| asker.is_some_and(|asker| asker.named_in(text).is_some());
        let mut values: BTreeSet<String> = BTreeSet::new();
        let mut found: Vec<(Member, Option<String>)> = Vec::new();
        for record in records {
            let text = record.to_string();
            let plain = members(record);
            let Some(private) = plain.into_iter().find(|it| is_given(it, asker.is_some())) else {
                continue;
            };
            if is_own(&text) || !values.insert(private.value.clone()) {
                continue;
            }
            let named = people.iter().find(|person| person.named_in(&text).is_some());
            found.push((private, named.map(|person| person.name.clone())));
        }
        let is_of_people = {
            let people: Topic = PEOPLE.iter().flat_map(|name| topic_of_name(name)).collect();
            !people.is_disjoint(&topic_of_name(&self.field))
        };
        let named = found.iter().find_map(|(_, named)| named.clone());
        let enough = named.is_some() || is_of_people && found.len() >= 2;
        let (member, _) = found.first().filter(|_| enough)?;
        let example = (member.name.clone(), member.value.clone());
        Some(Shown { count: found.len(), example, named })
    }
}

/// Whether a member has something of a person. What is no secret among users may be one to others.
fn is_given(member: &Member, among_users: bool) -> bool {
    let lower = member.name.to_ascii_lowercase();
    let is_strict = STRICT.iter().any(|part| lower.contains(part)) && member.value.len() > 2;
    is_strict || !among_users && !personal_values(&member.value).is_empty()
}

/// Objects with plain members, those in lists one by one.
fn collect<'v>(value: &'v Value, records: &mut Vec<&'v Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, records)),
        Value::Object(_) if records.len() < MAX_RECORDS => records.push(value),
        _ => {}
    }
}

/// The request with another document, which travels as the first did.
fn with_document(base: &Request, document: &str) -> Request {
    let mut request = base.clone();
    if let Ok(mut body) = serde_json::from_slice::<Value>(&base.body) {
        body["query"] = Value::from(document);
        request.body = body.to_string().into_bytes();
        request.headers.retain(|header| !header.is("content-length"));
        return request;
    }
    let target = base.path_and_query_text().into_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = if name == "query" { document.into() } else { value };
        pairs.append_pair(&name, &value);
    }
    request.path_and_query = format!("{path}?{}", pairs.finish()).into_bytes();
    request
}
