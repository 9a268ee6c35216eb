//! `as`: an identity, or an auth whose identities take turns.

use super::super::data::Data;
use super::super::document::{Node, Value};
use super::super::reader::{Fields, Reader};
use super::super::types::Scenario;
use crate::flow::Flow;
use crate::flow::Variable;
use crate::flow::auth::Sessions;
use crate::flow::auth::Who;
use crate::model::RequestTemplate;

/// Reads `as` of requests and scenarios; `scenarios` are the names of those that were read.
pub(in crate::plan) fn users(
    plan: &Fields<'_>,
    sessions: &mut Sessions,
    (requests, scenarios): (&[RequestTemplate], &[&str]),
    reader: &mut Reader,
) {
    let requests: Vec<&str> = requests.iter().map(|template| template.name.as_str()).collect();
    sessions.requests = section(plan, "requests", &requests, sessions, reader);
    sessions.scenarios = section(plan, "scenarios", scenarios, sessions, reader);
}

/// As whom the scan is done.
pub(in crate::plan) fn scan_as(
    plan: &Fields<'_>,
    sessions: &Sessions,
    reader: &mut Reader,
) -> Option<Who> {
    let node = plan.get("scan")?.get("as")?;
    let who = who(node, sessions, reader)?;
    // One session is enough to look at a site, and its name stands in the report.
    let first = sessions.of_auth(who.auth).first().copied();
    Some(Who { identity: who.identity.or(first), ..who })
}

/// The flow of each scenario is fed with what its logins take of data files too.
pub(in crate::plan) fn feed(
    data: &mut Data,
    scenarios: &[Scenario],
    flows: &[Flow],
    sessions: &Sessions,
) {
    for (index, scenario) in scenarios.iter().enumerate() {
        let of_scenario = sessions.scenarios.get(index).copied().flatten();
        let of_request = |request: usize| sessions.requests.get(request).copied().flatten();
        let sent = flows[scenario.flow].requests();
        let who = sent.filter_map(|request| of_request(request).or(of_scenario));
        let fed = who.flat_map(|who| &sessions.auths[who.auth].fed).copied();
        let feeders = data.giving(fed);
        if feeders.is_empty() {
            continue;
        }
        if data.of_flow.len() <= scenario.flow {
            data.of_flow.resize(scenario.flow + 1, Vec::new());
        }
        let known = &mut data.of_flow[scenario.flow];
        known.extend(feeders);
        known.sort_unstable();
        known.dedup();
    }
}

/// Whether some login or identity has the value.
pub(in crate::plan) fn provides(sessions: &Sessions, variable: Variable) -> bool {
    let has = |vars: &[(Variable, String)]| vars.iter().any(|(known, _)| *known == variable);
    sessions.identities.iter().any(|identity| has(&identity.vars))
        || sessions.auths.iter().any(|auth| auth.gives.contains(&variable))
}

fn section(
    plan: &Fields<'_>,
    key: &str,
    names: &[&str],
    sessions: &Sessions,
    reader: &mut Reader,
) -> Vec<Option<Who>> {
    let Some(Value::Map(entries)) = plan.get(key).map(|node| &node.value) else {
        return Vec::new();
    };
    let named = |name: &&str| entries.iter().find(|entry| entry.key == *name);
    let read: Vec<Option<Who>> =
        names.iter().map(|name| who(named(name)?.node.get("as")?, sessions, reader)).collect();
    if read.iter().all(Option::is_none) { Vec::new() } else { read }
}

fn who(node: &Node, sessions: &Sessions, reader: &mut Reader) -> Option<Who> {
    let name = reader.text(node, "the name of an identity or of an auth")?;
    if let Some(index) = sessions.identities.iter().position(|known| known.name == name) {
        let auth = sessions.identities[index].auth;
        return Some(Who { auth, identity: Some(index) });
    }
    if let Some(auth) = sessions.auths.iter().position(|known| known.name == name) {
        return Some(Who { auth, identity: None });
    }
    let identities = sessions.identities.iter().map(|identity| identity.name.as_str());
    let auths = sessions.auths.iter().map(|auth| auth.name.as_str());
    reader.unknown(&node.at, "identity or auth", name, identities.chain(auths));
    None
}
