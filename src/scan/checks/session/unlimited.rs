//! Logins that can be tried without end, and so with every password.
//!
//! One after the other, wrong passwords are shown for somebody who is not the session; then the right
//! one is still taken. Any answer that is not the usual refusal (429, a lock, a question for people)
//! ends it, and so do answers that take longer and longer. Forms for a new password and for one-time
//! codes are tried in the same way (see `repeated`).
//!
//! It costs 28 requests at each login, with a page before each where there is a form; it is run last.

use std::time::Duration;

use super::repeated::without_end;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Exchange;
use crate::scan::probe::Checking;
use crate::scan::probe::DoorKind;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Gate;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;
use crate::scan::probe::Whom;

/// Answers that take so much longer in the end are a brake.
const SLOWER: u32 = 3;
const LEAST_BRAKE: Duration = Duration::from_millis(150);

/// Logins at which somebody's password is tried, and at which it is found to be good.
const MAX_DOORS: usize = 8;
const MAX_GATES: usize = 8;

/// See the module.
pub(in crate::scan::checks) struct LoginUnlimited;

impl SiteCheck for LoginUnlimited {
    fn id(&self) -> &'static str {
        "login-unlimited"
    }

    fn budget(&self) -> u64 {
        700
    }

    fn wants_people(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

fn tries(strength: Strength) -> u32 {
    match strength {
        Strength::Low => 15,
        Strength::Medium => 25,
        Strength::High => 50,
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let Some(victim) = probe.expendable() else {
        let why = "there is nobody but the session whose password is known";
        return Ok(Outcome::Skipped(why.to_owned()));
    };
    let mut is_any = false;
    let mut gates = 0;
    for door in probe.doors(DoorKind::Login).into_iter().take(MAX_DOORS) {
        for person in probe.callers_at(&door) {
            let is_spared = person.whom == Whom::Session || gates >= MAX_GATES;
            if is_spared {
                continue;
            }
            let Some(gate) = Gate::learn(probe, &door, &person).await? else { continue };
            (is_any, gates) = (true, gates + 1);
            login(probe, &gate, &person).await?;
            break;
        }
    }
    let fewer = tries(probe.sender().strength()) / 2;
    for kind in [DoorKind::Reset, DoorKind::Code] {
        for door in probe.doors(kind).into_iter().take(2) {
            is_any = true;
            // Mail to somebody who exists is not for a test to send.
            if victim.is_registered || kind == DoorKind::Code {
                without_end(probe, &door, &victim, fewer).await?;
            }
        }
    }
    Ok(if is_any {
        Outcome::Clean
    } else {
        Outcome::Skipped("no login was found that tells right from wrong passwords".to_owned())
    })
}

async fn login(probe: &mut SiteProbe, gate: &Gate, victim: &Person) -> Result<(), ProbeStop> {
    let Some((user, password)) = victim.credentials() else { return Ok(()) };
    let count = tries(probe.sender().strength());
    let mut took = Vec::new();
    let mut last = None;
    for _ in 0..count {
        let wrong = format!("Aa1-{}", probe.sender().word());
        let (_, knock) = gate.admits(probe, &user, &wrong).await?;
        if !gate.is_closed(&knock.shot, &user) {
            return Ok(());
        }
        took.push(duration(&knock.shot.exchange));
        last = Some(knock.shot);
    }
    let (is_in, right) = gate.admits(probe, &user, &password).await?;
    let Some(last) = last.filter(|_| is_in && !slows(&took)) else { return Ok(()) };
    let spent: Duration = took.iter().sum();
    let detail = format!(
        "{count} wrong passwords for `{}` were answered alike within {:.1} s, without a lock, a 429 or \
         a delay that grows, and the right one was taken at once after them",
        victim.name,
        spent.as_secs_f64(),
    );
    let request = last.exchange.request.clone();
    let exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, gate.wrong.clone()),
        Exhibit::new(EvidenceRole::Attack, last),
        Exhibit::new(EvidenceRole::Control, right.shot),
    ];
    let proof = Proof { confidence: Confidence::Firm, detail, exhibits, payloads: Vec::new() };
    probe.found_at(request, gate.door.passwords.first().cloned(), proof);
    Ok(())
}

fn duration(exchange: &Exchange) -> Duration {
    exchange.timings.duration()
}

/// Whether the last ones took much longer than the first.
fn slows(took: &[Duration]) -> bool {
    let middle = |part: &[Duration]| {
        let mut sorted = part.to_vec();
        sorted.sort();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    };
    let third = (took.len() / 3).max(1);
    let (first, last) = (middle(&took[..third]), middle(&took[took.len() - third..]));
    last > first * SLOWER && last.saturating_sub(first) > LEAST_BRAKE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brake_is_told_from_noise() {
        let all =
            |step: u64| (0..25).map(|n| Duration::from_millis(20 + n * step)).collect::<Vec<_>>();
        assert!(slows(&all(40)));
        assert!(!slows(&all(0)) && !slows(&all(2)));
    }
}
