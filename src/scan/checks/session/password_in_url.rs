//! Logins that put the password into an address: they take it in the query, or lead on to an address
//! that has it. It is seen in histories, logs and `Referer` headers.
//!
//! It counts where the right password is taken there and a wrong one is not; forms that merely look
//! like it are a passive rule's (`password-in-query`). It costs 3 requests at each of two doors.

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::scan::probe::Checking;
use crate::scan::probe::DoorKind;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Gate;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;

/// See the module.
pub(in crate::scan::checks) struct PasswordInUrl;

impl SiteCheck for PasswordInUrl {
    fn id(&self) -> &'static str {
        "password-in-url"
    }

    fn budget(&self) -> u64 {
        20
    }

    fn wants_people(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let Some(person) = probe.with_password() else {
        return Ok(Outcome::Skipped("nobody's password is known".to_owned()));
    };
    let doors = probe.doors(DoorKind::Login);
    if doors.is_empty() {
        return Ok(Outcome::Skipped("no login was found".to_owned()));
    }
    for door in doors.into_iter().take(2) {
        let Some(gate) = Gate::learn(probe, &door, &person).await? else { continue };
        let Some((_, password)) = person.credentials() else { continue };
        let sent = gate.right.exchange.request.path_and_query_text().into_owned();
        let location = gate.right.response().header("location").map(|it| it.text().into_owned());
        let is_in = |text: &str| {
            let encoded: String =
                url::form_urlencoded::byte_serialize(password.as_bytes()).collect();
            password.len() >= 4 && (text.contains(&password) || text.contains(&encoded))
        };
        let what = if is_in(&sent) {
            "takes the password in its query"
        } else if location.as_deref().is_some_and(is_in) {
            "leads on to an address with the password in it"
        } else {
            continue;
        };
        let detail = format!(
            "the login of `{}` at {} {what}; it lets them in with the right one and not with a wrong one",
            person.name, gate.door.path_template
        );
        let points = gate.door.passwords.iter();
        let point = points.clone().find(|point| point.kind == InsertionKind::Query).cloned();
        let request = gate.wrong.exchange.request.clone();
        let exhibits = vec![
            Exhibit::new(EvidenceRole::Attack, gate.right),
            Exhibit::new(EvidenceRole::Control, gate.wrong),
        ];
        let proof =
            Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads: Vec::new() };
        probe.found_at(request, point, proof);
    }
    Ok(Outcome::Clean)
}
