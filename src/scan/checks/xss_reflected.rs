//! Reflected cross-site scripting, by context.
//!
//! A random marker shows where the value comes back; for each place a payload is built that would
//! break out of just that place; and the answer is parsed to see whether an element, attribute or
//! piece of code with our random name has come into being. Nothing that runs is ever sent.

use super::xss_context::Context;
use super::xss_context::Sign;
use super::xss_context::attempts;
use super::xss_context::contexts;
use super::xss_context::shows;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Markup;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Scripting;
use crate::scan::probe::Shot;

/// Contexts of one page that are tried.
const MAX_CONTEXTS: usize = 6;

/// See the module.
pub(super) struct XssReflected;

impl PointCheck for XssReflected {
    fn id(&self) -> &'static str {
        "xss-reflected"
    }

    fn root_cause(&self) -> &'static str {
        "cross-site-scripting"
    }

    fn applies(&self, _point: &InsertionPoint) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    // Some pages repeat only what begins with a valid value.
    for prefix in [String::new(), probe.point().value.clone()] {
        let marker = probe.word();
        let marked = probe.fire_and_see(&format!("{prefix}{marker}")).await?;
        let Some(markup) = page(&marked) else { continue };
        let found = contexts(&markup, &marker);
        for context in found.iter().take(MAX_CONTEXTS) {
            if let Some(proof) = try_context(probe, &prefix, context, &marked).await? {
                return Ok(Outcome::Found(Box::new(proof)));
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    Ok(Outcome::Clean)
}

/// The response as a browser would parse it; `None` if it would not.
fn page(shot: &Shot) -> Option<Markup> {
    let response = shot.response();
    // A redirect's body is never shown.
    let shown = !(300..400).contains(&response.status);
    (shown && response.is_html()).then(|| Markup::parse(&response.body_text(), Scripting::On))
}

async fn try_context(
    probe: &mut Probe,
    prefix: &str,
    context: &Context,
    marked: &Shot,
) -> Result<Option<Proof>, ProbeStop> {
    let count = attempts(context, "x").len();
    for index in 0..count {
        let Some(attack) = attempt(probe, prefix, context, index).await? else { continue };
        let Some(replay) = attempt(probe, prefix, context, index).await? else { continue };
        return Ok(Some(proof(context, marked, attack, replay)));
    }
    Ok(None)
}

/// Sends one payload with a new name; gives the shot and the sign if it broke out.
async fn attempt(
    probe: &mut Probe,
    prefix: &str,
    context: &Context,
    index: usize,
) -> Result<Option<(Shot, Sign)>, ProbeStop> {
    let word = probe.word();
    let (payload, sign) = attempts(context, &word).swap_remove(index);
    let shot = probe.fire_and_see(&format!("{prefix}{payload}")).await?;
    let broke_out = page(&shot).is_some_and(|markup| shows(&markup, &sign));
    Ok(broke_out.then_some((shot, sign)))
}

fn proof(
    context: &Context,
    marked: &Shot,
    (attack, sign): (Shot, Sign),
    (replay, replay_sign): (Shot, Sign),
) -> Proof {
    let policy = match attack.response().header("content-security-policy") {
        Some(_) => "; a Content-Security-Policy is set, which may keep scripts from running",
        None => "",
    };
    let detail = format!(
        "the value comes back {}, and `{}` made {} there; `{}` with another name did the \
         same{policy}",
        context.place(),
        attack.value,
        sign.result(),
        replay.value
    );
    let payloads =
        [marked, &attack, &replay].iter().map(|shot| shot.value.clone()).collect::<Vec<_>>();
    let attack_mark = attack.find(sign.word());
    let replay_mark = replay.find(replay_sign.word());
    Proof {
        confidence: Confidence::Firm,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, marked.clone()),
            Exhibit::marked(EvidenceRole::Attack, attack, attack_mark),
            Exhibit::marked(EvidenceRole::Replay, replay, replay_mark),
        ],
        payloads,
    }
}
