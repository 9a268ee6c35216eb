//! Changes that a link or a plain form can send: the endpoint does mutations by GET, or as a form.
//!
//! The mutation asks for the name of its own type and nothing else: it changes nothing. It must come
//! back under a random name, twice, and must not be the name of the type of queries. Cost: 2 requests
//! for each endpoint.

use serde_json::Value;
use url::form_urlencoded;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::Method;
use crate::model::Request;
use crate::scan::checks::query::document;
use crate::scan::checks::query::path_of;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::RequestCheck;
use crate::scan::probe::RequestProbe;
use crate::scan::probe::Shot;

/// See the module.
pub(crate) struct GraphqlGet;

impl RequestCheck for GraphqlGet {
    fn id(&self) -> &'static str {
        "graphql-get-mutation"
    }

    fn root_cause(&self, node: &Node) -> String {
        path_of(&node.examples[0])
    }

    fn applies(&self, node: &Node) -> bool {
        node.examples.iter().any(|request| document(request).is_some())
    }

    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

/// How a document travels without a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Address,
    Form,
}

async fn check(probe: &mut RequestProbe) -> Result<Outcome, ProbeStop> {
    for carrier in [Carrier::Address, Carrier::Form] {
        let Some((attack, name)) = ask(probe, carrier, "mutation").await? else { continue };
        let Some((replay, again)) = ask(probe, carrier, "mutation").await? else { continue };
        let query = ask(probe, carrier, "query").await?;
        // An endpoint that takes every document for a query does no mutation.
        if name != again || query.as_ref().is_some_and(|(_, of_queries)| *of_queries == name) {
            continue;
        }
        let how = match carrier {
            Carrier::Address => "by GET",
            Carrier::Form => "as a form",
        };
        let detail = format!(
            "a mutation that asks for the name of its own type is done {how}: `{name}`, twice, under \
             random names"
        );
        let payloads = vec![attack.value.clone(), replay.value.clone()];
        let mut exhibits = vec![
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Replay, replay),
        ];
        exhibits.extend(query.map(|(shot, _)| Exhibit::new(EvidenceRole::Control, shot)));
        let proof = Proof { confidence: Confidence::Firm, detail, exhibits, payloads };
        return Ok(Outcome::Found(Box::new(proof)));
    }
    Ok(Outcome::Clean)
}

/// The answer with the name of the operation's type.
async fn ask(
    probe: &mut RequestProbe,
    carrier: Carrier,
    operation: &str,
) -> Result<Option<(Shot, String)>, ProbeStop> {
    let word = probe.sender().word();
    let document = format!("{operation}{{{word}:__typename}}");
    let pair =
        form_urlencoded::Serializer::new(String::new()).append_pair("query", &document).finish();
    let base = probe.base();
    let path = path_of(base);
    let headers = base.headers.iter().filter(|header| !header.is("content-type"));
    let mut request = Request {
        headers: headers.filter(|header| !header.is("content-length")).cloned().collect(),
        body: Vec::new(),
        ..base.clone()
    };
    match carrier {
        Carrier::Address => {
            request.method = Method::get();
            request.path_and_query = format!("{path}?{pair}").into_bytes();
        }
        Carrier::Form => {
            request.method = Method::new("POST");
            request.path_and_query = path.into_bytes();
            let kind = "application/x-www-form-urlencoded";
            request.headers.push(Header::new("Content-Type", kind));
            request.body = pair.into_bytes();
        }
    }
    let shot = probe.ask(request, &document).await?;
    let body: Value = serde_json::from_slice(&shot.response().body).unwrap_or_default();
    let name = body["data"][&word].as_str().map(str::to_owned);
    Ok(name.map(|name| (shot, name)))
}
