//! Checks of the whole site, one after the other: they log in and out, write and read back.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use super::board::guarded;
use super::finding::Spot;
use super::finding::tell_flaw;
use super::run::Round;
use super::run::run_at;
use crate::model::NoticeLevel;
use crate::model::Request;
use crate::scan::probe::NativeCheck;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Sender;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Sited;
use crate::scan::register;

/// Runs every check of the whole site.
pub(super) async fn test_site(round: &Arc<Round>) {
    let checks = || {
        round.active.checks.iter().filter_map(|selected| match &selected.check {
            NativeCheck::Site(check) => Some(check),
            NativeCheck::Point(_) | NativeCheck::Request(_) => None,
        })
    };
    if checks().any(|check| check.wants_people()) {
        register_people(round).await;
    }
    for (index, selected) in round.active.checks.iter().enumerate() {
        let NativeCheck::Site(check) = &selected.check else { continue };
        if round.active.means.traffic.is_stopping() {
            return;
        }
        test(round, index, check).await;
    }
}

/// Somebody to compare with, where the plan has nobody.
async fn register_people(round: &Arc<Round>) {
    let means = round.active.means.clone();
    let traffic = Arc::clone(&means.traffic);
    let sender = Sender::new(means, "register", register::BUDGET, Arc::default());
    let mut probe = SiteProbe::new(sender, Arc::clone(&round.site));
    let ended =
        guarded(
            async move { register::register(&mut probe, &traffic).await.map(|()| Outcome::Clean) },
        )
        .await;
    let why = match ended {
        Ok(Ok(_) | Err(ProbeStop::Stopped)) => return,
        Ok(Err(stop)) => stop.to_string(),
        Err(panic) => format!("a fault of ours: {panic}"),
    };
    let text = format!("scan: nobody more could register: {why}");
    round.active.means.traffic.notice(NoticeLevel::Info, text).await;
}

async fn test(round: &Arc<Round>, index: usize, check: &Arc<dyn SiteCheck>) {
    let Some(start) = round.site.nodes().next().map(|node| node.examples[0].clone()) else {
        return;
    };
    let sent = Arc::new(AtomicU64::new(0));
    let means = round.active.means.clone();
    let counted = Arc::clone(&sent);
    let sender = match check.planned_budget(&means.probing) {
        Some(budget) => Sender::exactly(means, check.id(), budget, counted),
        None => Sender::new(means, check.id(), check.budget(), counted),
    };
    let mut probe = SiteProbe::new(sender, Arc::clone(&round.site));
    let running = Arc::clone(check);
    let found: Arc<Mutex<Vec<Sited>>> = Arc::default();
    let sited = Arc::clone(&found);
    let work = async move {
        let outcome = running.run(&mut probe).await;
        *sited.lock().expect("no holder panics") = probe.take_found();
        (outcome, probe.sender().take_expected())
    };
    run_at(round, index, &whole(start), &sent, work).await;
    let found = std::mem::take(&mut *found.lock().expect("no holder panics"));
    for Sited { base, path_template, point, open_path, proof } in found {
        let spot = Spot { base, path_template, point, open_path };
        round.board.count_match(check.id());
        tell_flaw(round, &round.active.checks[index], &spot, &proof).await;
    }
}

/// The site itself as a place.
fn whole(start: Request) -> Spot {
    let path = start.path_and_query_text().into_owned();
    let path = path.split('?').next().unwrap_or_default().to_owned();
    Spot { base: start, path_template: path.clone(), point: None, open_path: path }
}
