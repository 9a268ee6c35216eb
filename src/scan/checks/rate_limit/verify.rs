//! The course of a limit's verification, and what is made of it.

use super::again;
use super::again::Again;
use super::around;
use super::bench::Bench;
use super::bench::Halt;
use super::cost;
use super::key;
use super::key::Seen;
use super::kind::Usual;
use super::measure;
use super::measure::Run;
use super::proofs;
use super::proofs::made;
use super::series::End;
use super::told::Found;
use super::told::Rule;
use super::told::Told;
use super::verdict;
use super::verdict::Verdict;
use crate::model::Confidence;
use crate::model::NoticeLevel;
use crate::scan::probe::Proof;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// Verifies every limit that the plan declares.
pub(super) async fn verify(probe: &mut SiteProbe) -> Told {
    let limits = probe.rate_limits();
    let mut told = Told { limits: limits.len() as u64, ..Told::default() };
    probe.sender().allow(cost::most_requests_of_limits(&limits));
    probe.sender().want_refusals();
    let budget = probe.sender().budget();
    probe.tell(NoticeLevel::Warning, cost::announcement(&limits, budget)).await;
    probe.sender().stand_alone().await;
    for limit in &limits {
        let whom = match &limit.who {
            None => Some(Whom::Nobody),
            Some(name) => probe.identity(name),
        };
        // Who the plan names is there, unless their login was taken away since.
        let Some(whom) = whom else {
            told.unsure += 1;
            let text = format!(
                "scan: rate limit of `{}`: not verified: who sends it is not there",
                limit.name
            );
            probe.tell(NoticeLevel::Warning, text).await;
            continue;
        };
        let mut bench = Bench::new(probe, limit, whom);
        match course(&mut bench, &mut told.found).await {
            Ok(()) => {}
            Err(Halt::Unsure(why)) => {
                told.unsure += 1;
                bench.tell(NoticeLevel::Warning, &format!("not verified: {why}")).await;
            }
            Err(Halt::Stop(stop)) => {
                told.stop = Some(stop);
                break;
            }
        }
    }
    probe.sender().rejoin();
    told
}

async fn course(bench: &mut Bench<'_>, found: &mut Vec<Found>) -> Result<(), Halt> {
    let is_other_in = key::beforehand(bench).await?;
    let run = measure::first(bench).await?;
    bench.most = bench.most.max(run.measured.let_in);
    match run.measured.end {
        End::Endless | End::TooSlow => without_refusal(bench, &run, found),
        End::Refused => with_refusal(bench, &run, is_other_in, found).await,
    }
}

/// Nothing was refused: of copies that are let in there is nothing else to ask.
fn without_refusal(bench: &Bench<'_>, run: &Run, found: &mut Vec<Found>) -> Result<(), Halt> {
    let allowed = bench.limit.allowed;
    let measured = &run.measured;
    let shown = verdict::shown(allowed, measured);
    let usual = Usual::of(&run.examples).zip(run.last.as_ref());
    if usual.is_some_and(|(usual, last)| usual.has_changed(last)) {
        let text = "answers changed, and their status did not: where that is how it refuses, it cannot \
                    be told";
        return Err(Halt::Unsure(text.to_owned()));
    }
    if let Some(text) = stated_limit(bench, run, None) {
        let proof = proofs::of_headers(bench, run, &Again::default(), &[text]);
        found.push(made(bench, Rule::Header, proof));
    }
    match verdict::verdict(allowed, measured) {
        Verdict::Missing => {
            let proof = proofs::of_series(bench, run, &format!("{shown}: none was refused"));
            found.push(made(bench, Rule::Missing, proof));
            Ok(())
        }
        Verdict::Higher => {
            let proof = proofs::of_series(bench, run, &shown);
            found.push(made(bench, Rule::Exceeded, proof));
            Ok(())
        }
        Verdict::AsDeclared | Verdict::Unreached => Err(Halt::Unsure(format!(
            "{shown}, and none was refused: the pace (`max_rps`) or the target is too slow to reach the \
             limit within its window"
        ))),
    }
}

async fn with_refusal(
    bench: &mut Bench<'_>,
    run: &Run,
    is_other_in: bool,
    found: &mut Vec<Found>,
) -> Result<(), Halt> {
    let Some(usual) = Usual::of(&run.examples) else {
        return Err(Halt::Unsure("nothing was let in".to_owned()));
    };
    let around = around::look(bench, &usual).await?;
    if !around.proven.is_empty() {
        let proof = proofs::of_ways(bench, run, &around.proven);
        found.push(made(bench, Rule::Bypass, proof));
    }
    if around.tried < around.ways {
        let text = format!(
            "{} of {} ways around it were tried: its window ended, or it fills up too quickly to tell",
            around.tried, around.ways
        );
        bench.tell(NoticeLevel::Info, &text).await;
    }
    match key::look(bench, &usual, is_other_in).await? {
        Seen::AsDeclared => {}
        Seen::Untold(why) => bench.tell(NoticeLevel::Info, &why).await,
        Seen::Otherwise(seen) => {
            let proof = proofs::of_key(bench, &seen);
            found.push(made(bench, Rule::Key, proof));
        }
    }
    let again = again::look(bench).await?;
    if let Some(notice) = &again.notice {
        bench.tell(NoticeLevel::Info, notice).await;
    }
    conclude(bench, run, &again, found).await
}

/// What needs a look at another window gets one; then it is told.
async fn conclude(
    bench: &mut Bench<'_>,
    run: &Run,
    again: &Again,
    found: &mut Vec<Found>,
) -> Result<(), Halt> {
    let allowed = bench.limit.allowed;
    let measured = &run.measured;
    let says_less = measured.left_at_first.is_none_or(|left| left + 1 > measured.let_in);
    if measured.let_in + 1 < allowed.count && says_less {
        let text = format!(
            "{}: something refuses before it is reached, so it was not verified",
            verdict::shown(allowed, measured)
        );
        bench.tell(NoticeLevel::Warning, &text).await;
    }
    let is_higher = verdict::verdict(allowed, measured) == Verdict::Higher;
    let is_sure = verdict::is_beyond_two_windows(allowed, measured);
    let fits = verdict::fits_what_is_stated(allowed.window, measured);
    let second = if is_higher && !is_sure || !fits {
        in_another_window(bench, run, again).await?
    } else {
        None
    };
    if is_higher {
        let confidence = match &second {
            _ if is_sure => Some(Confidence::Confirmed),
            Some(second) => confirmed(bench, run, second),
            // Of long windows nobody waits for another one.
            None => verdict::is_short(allowed, measured).then_some(Confidence::Tentative),
        };
        if let Some(confidence) = confidence {
            let shown = verdict::shown(allowed, measured);
            let proof = Proof { confidence, ..proofs::of_series(bench, run, &shown) };
            found.push(made(bench, Rule::Exceeded, proof));
        } else {
            let text = format!(
                "{}; a window may have ended meanwhile, and another did not show it",
                verdict::shown(allowed, measured)
            );
            bench.tell(NoticeLevel::Info, &text).await;
        }
    }
    let mut untrue = again.untrue.clone();
    untrue.extend(stated_limit(bench, run, second.as_ref()));
    if let Some(left) = measured.left_at_last.filter(|left| *left > 1) {
        untrue.push(format!("a request is refused although {left} are said to be left"));
    }
    if !untrue.is_empty() {
        let proof = proofs::of_headers(bench, run, again, &untrue);
        found.push(made(bench, Rule::Header, proof));
    }
    Ok(())
}

/// The same once more, when all that the first look used up is free again.
async fn in_another_window(
    bench: &mut Bench<'_>,
    run: &Run,
    again: &Again,
) -> Result<Option<Run>, Halt> {
    let Some(begun) = &again.let_in else { return Ok(None) };
    let free = run.measured.began + run.measured.lasted + bench.limit.allowed.window;
    if !bench.wait_until(free).await {
        return Ok(None);
    }
    match measure::again(bench, begun).await {
        Ok(run) => Ok(Some(run)),
        // What was seen the first time still was.
        Err(Halt::Unsure(_)) => Ok(None),
        Err(stop) => Err(stop),
    }
}

/// How sure it is that a limit is higher that was measured twice; `None` where it is not.
fn confirmed(bench: &Bench<'_>, first: &Run, second: &Run) -> Option<Confidence> {
    let allowed = bench.limit.allowed;
    if !verdict::is_higher(allowed, &second.measured) {
        return None;
    }
    let is_apart = verdict::are_apart(allowed, &first.measured, &second.measured);
    Some(if is_apart { Confidence::Firm } else { Confidence::Tentative })
}

/// What is wrong with the limit that answers state.
fn stated_limit(bench: &Bench<'_>, first: &Run, second: Option<&Run>) -> Option<String> {
    let window = bench.limit.allowed.window;
    let limit = first.measured.limit?;
    let is_far = first.measured.let_in > limit.saturating_mul(2).saturating_add(1);
    let is_otherwise = |run: &Run| !verdict::fits_what_is_stated(window, &run.measured);
    let is_untrue = is_otherwise(first) && (is_far || second.is_some_and(is_otherwise));
    let let_in = second.map_or(first.measured.let_in, |second| second.measured.let_in);
    is_untrue.then(|| format!("answers state a limit of {limit}, and {let_in} were let in"))
}
