//! A host that speaks HTTPS and answers without it too, in place of leading there.
//!
//! Only where the plan has both in its scope. Cost: 1 request for each such host.

use super::agreement::shown;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
use crate::scan::probe::Attempt;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// See the module.
pub(in crate::scan::checks) struct NotRedirected;

impl SiteCheck for NotRedirected {
    fn id(&self) -> &'static str {
        "https-not-enforced"
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let mut is_any = false;
    for secured in probe.secured() {
        let host = secured.origin.host.clone();
        for plain in probe.unsecured().into_iter().filter(|plain| plain.host == host) {
            is_any = true;
            let request = Request::get(plain, "/");
            let Some(attack) = answered(probe, &request).await? else { continue };
            let Some(replay) = answered(probe, &request).await? else { continue };
            let status = attack.exchange.response().map_or(0, |response| response.status);
            let detail = format!(
                "{} speaks HTTPS, and {} is answered with {status} in place of a redirect there, twice",
                secured.origin, request.origin,
            );
            let control = shown(probe, &secured).await?;
            let exhibits = vec![
                Exhibit::attempted(EvidenceRole::Attack, attack),
                Exhibit::attempted(EvidenceRole::Replay, replay),
                Exhibit { role: EvidenceRole::Control, ..control },
            ];
            let confidence = Confidence::Confirmed;
            probe.found_at(
                request,
                None,
                Proof { confidence, detail, exhibits, payloads: Vec::new() },
            );
        }
    }
    let why = "no host is in scope with HTTPS and without";
    Ok(if is_any { Outcome::Clean } else { Outcome::Skipped(why.to_owned()) })
}

/// The answer that shows something without encryption.
async fn answered(probe: &mut SiteProbe, request: &Request) -> Result<Option<Attempt>, ProbeStop> {
    let sent = probe.attempt_as(Whom::Nobody, request.clone(), "").await?;
    let is_plain = sent.exchange.response().is_some_and(|response| {
        let location = response.header("location").map(|header| header.text().into_owned());
        let leads_there =
            location.is_some_and(|to| to.to_ascii_lowercase().starts_with("https://"));
        response.status < 400 && !leads_there
    });
    Ok(is_plain.then_some(sent))
}
