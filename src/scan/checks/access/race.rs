//! Limits that hold for requests that follow each other, and not for many at one instant.
//!
//! A race of the plan says what is sent many times and which number must stay within bounds. First the
//! copies follow each other: as many as later at once, because a limit that fewer do not reach would
//! hold without anybody guarding it. Only if the number stays within its bounds then, it is looked at
//! before and behind rounds in which all copies end at one instant. The number alone decides, never that
//! two answers say yes; where it cannot be read, nothing is claimed.
//!
//! What it costs at most follows from the plan ([`Race::most_requests`]).

use std::sync::Arc;

use super::race_rounds::Control;
use super::race_rounds::Reading;
use super::race_rounds::Rounds;
use super::race_rounds::at_once;
use super::race_rounds::one_by_one;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::NoticeLevel;
use crate::model::format_number;
use crate::scan::probe::Attempt;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Halt;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Probing;
use crate::scan::probe::Proof;
use crate::scan::probe::Race;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Staged;

/// See the module.
pub(in crate::scan::checks) struct RaceCondition;

impl SiteCheck for RaceCondition {
    fn id(&self) -> &'static str {
        "race"
    }

    fn planned_budget(&self, probing: &Probing) -> Option<u64> {
        Some(probing.races.iter().map(Race::most_requests).sum())
    }

    fn left_out(&self, probing: &Probing) -> Option<&'static str> {
        probing.races.is_empty().then_some("the plan defines no races")
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    // What others send at the same time may count towards the limit too.
    probe.sender().stand_alone().await;
    let mut judged = 0;
    for race in probe.races() {
        match judge(probe, &race).await {
            Ok(()) => judged += 1,
            Err(Halt::Stop(stop)) => return Err(stop),
            Err(Halt::Unclear(why)) => {
                let text = format!("race `{}` was not judged: {why}", race.name);
                probe.tell(NoticeLevel::Warning, text).await;
            }
        }
    }
    probe.sender().rejoin();
    Ok(if judged > 0 {
        Outcome::Clean
    } else {
        Outcome::Skipped("none of the plan's races could be judged".to_owned())
    })
}

async fn judge(probe: &mut SiteProbe, race: &Race) -> Result<(), Halt> {
    let mut staged = Staged::default();
    let control = one_by_one(probe, race, &mut staged).await?;
    let mut rounds = Rounds::default();
    let ended = at_once(probe, race, &mut staged, &mut rounds).await;
    if rounds.broken.is_empty() {
        ended?;
        tell_held(probe, race, &control, &rounds).await;
        return Ok(());
    }
    tell_flaw(probe, race, &control, &rounds);
    match ended {
        // What was seen before stands.
        Err(Halt::Unclear(why)) => {
            let text = format!("race `{}`: not all rounds were judged: {why}", race.name);
            probe.tell(NoticeLevel::Info, text).await;
            Ok(())
        }
        ended => ended,
    }
}

/// Says that the invariant holds, and if that says little.
async fn tell_held(probe: &SiteProbe, race: &Race, control: &Control, rounds: &Rounds) {
    let name = &race.name;
    let (level, text) = if rounds.accepted == 0 {
        let when = if control.accepted == 0 { "" } else { " at one instant" };
        let text = format!(
            "race `{name}`: no copy was accepted{when} (the last one after the other was answered \
             with {}), so little is said by the invariant that holds; requests under `before` can \
             give them something to take",
            control.status
        );
        (NoticeLevel::Warning, text)
    } else {
        let (value, limit) = (shown(control.after.value), race.invariant.limit());
        let text = format!(
            "race `{name}`: {} stays {value} ({limit}), whether {} copies follow each other or \
             come at one instant",
            race.invariant.name(),
            race.copies
        );
        (NoticeLevel::Info, text)
    };
    probe.tell(level, text).await;
    if rounds.unanswered > 0 || rounds.limited > 0 {
        let text = format!(
            "race `{name}`: of the copies at one instant {} got no answer and {} were refused as too \
             many, so fewer came at once than were sent",
            rounds.unanswered, rounds.limited
        );
        probe.tell(NoticeLevel::Warning, text).await;
    }
}

fn tell_flaw(probe: &mut SiteProbe, race: &Race, control: &Control, rounds: &Rounds) {
    let excess = |reading: &Reading| race.invariant.excess(reading.value);
    let worst = rounds.broken.iter().max_by(|a, b| excess(&a.after).total_cmp(&excess(&b.after)));
    let Some(worst) = worst else { return };
    let copy = Arc::clone(&worst.copy);
    let (broken, begun) = (rounds.broken.len(), rounds.begun);
    let name = race.invariant.name();
    let mut detail = format!(
        "{broken} of {begun} rounds: {name} {} ({}) after {} copies at one instant; one after the \
         other it stays {}; race `{}`",
        shown(worst.after.value),
        race.invariant.limit(),
        race.copies,
        shown(control.after.value),
        race.name
    );
    if rounds.is_stuck {
        detail.push_str("; it stayed so, and no round could follow (`before` can undo it)");
    }
    let request = copy.request.clone();
    let copy = Attempt { value: String::new(), exchange: copy };
    let proof = Proof {
        confidence: if broken > 1 { Confidence::Confirmed } else { Confidence::Firm },
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, worst.before.shot.clone()),
            Exhibit::attempted(EvidenceRole::Attack, copy),
            Exhibit::new(EvidenceRole::Attack, worst.after.shot.clone()),
            Exhibit::new(EvidenceRole::Control, control.after.shot.clone()),
        ],
        payloads: Vec::new(),
    };
    let path = probe.path_of(&race.request);
    // Two races of one request are two flaws.
    let plain = path.split(['?', '#']).next().unwrap_or_default();
    let open_path = format!("{plain}/race:{}", race.name);
    probe.found_planned(request, path, open_path, proof);
}

/// A number of any size.
pub(super) fn shown(value: f64) -> String {
    if value.abs() < 1e15 { format_number(value) } else { format!("{value:e}") }
}
