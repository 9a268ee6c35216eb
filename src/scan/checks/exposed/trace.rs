//! TRACE: the server sends a request back as it arrived, with what proxies have added to it.
//!
//! A header with a random name and value must come back behind a line that begins with the method,
//! twice. Cost: 1 request for the site.

use super::whole_site::at;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// See the module.
pub(crate) struct Trace;

impl SiteCheck for Trace {
    fn id(&self) -> &'static str {
        "trace-method"
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let Some(attack) = traced(probe).await? else { return Ok(Outcome::Clean) };
    let Some(replay) = traced(probe).await? else { return Ok(Outcome::Clean) };
    let detail =
        format!("TRACE sends `{}` back as it arrived, and again `{}`", attack.value, replay.value);
    let payloads = vec![attack.value.clone(), replay.value.clone()];
    let (mark, replay_mark) = (attack.find(&attack.value), replay.find(&replay.value));
    let base = attack.exchange.request.clone();
    let proof = Proof {
        confidence: Confidence::Confirmed,
        detail,
        payloads,
        exhibits: vec![
            Exhibit::marked(EvidenceRole::Attack, attack, mark),
            Exhibit::marked(EvidenceRole::Replay, replay, replay_mark),
        ],
    };
    probe.found_at(base, None, proof);
    Ok(Outcome::Clean)
}

/// The answer that has what was sent.
async fn traced(probe: &mut SiteProbe) -> Result<Option<Shot>, ProbeStop> {
    let (name, value) = (probe.sender().word(), probe.sender().word());
    let Some(mut request) = at(probe, "TRACE", "/") else { return Ok(None) };
    request.headers.push(Header::new(format!("x-{name}"), value.as_bytes()));
    let line = format!("x-{name}: {value}");
    let shot = probe.ask_as(Whom::Session, request, &line, None).await?;
    let text = shot.response().body_text().to_ascii_lowercase();
    let is_it =
        shot.response().status == 200 && text.starts_with("trace /") && text.contains(&line);
    Ok(is_it.then_some(shot))
}
