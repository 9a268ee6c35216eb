//! What a few requests cost all others, carried out: turns of the burden become commands to the running load.

use std::sync::Arc;
use std::time::Duration;

use crate::http::clock::Clock;
use crate::load::ControlError;
use crate::load::LiveControl;
use crate::model::Event;
use crate::model::LoadChange;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::RuleOutcome;
use crate::model::Stamped;
use crate::model::StopToken;
use crate::plan::Plan;
use crate::rules::Registry;
use crate::scan::ORIGIN_ALIAS;
use crate::stress::Collateral;
use crate::stress::Conclusion;

/// Turns the burden off and on.
pub(super) struct Turns {
    collateral: Option<Collateral>,
    /// For each request of the plan, whether it is sent without the burden.
    kept: Vec<bool>,
    /// The burden, by index.
    burden: Vec<usize>,
    control: LiveControl,
    clock: Clock,
    stop: StopToken,
}

impl Turns {
    /// Those that a plan asks for.
    pub(super) fn of(
        plan: &Plan,
        registry: &Arc<Registry>,
        control: &LiveControl,
        clock: Clock,
        stop: &StopToken,
    ) -> Option<Self> {
        let first = plan.requests.get(*plan.burden.first()?)?.request.clone();
        let names: Vec<String> =
            plan.burden.iter().map(|index| plan.requests[*index].name.clone()).collect();
        // What needs an answer of the burden goes with it.
        let mut kept: Vec<bool> = vec![true; plan.requests.len()];
        for one in plan.apart().iter().filter(|one| names.contains(&one.request)) {
            for (kept, is_sent) in kept.iter_mut().zip(one.without.iter().flatten()) {
                *kept &= *is_sent;
            }
        }
        let with_it = plan.requests.iter().zip(&kept).filter(|(_, kept)| !**kept);
        let with_it = with_it.map(|(request, _)| request.name.clone());
        let beside = with_it.filter(|name| !names.contains(name)).collect();
        let redactor = plan.redactor.clone();
        let registry = Arc::clone(registry);
        Some(Self {
            collateral: Some(Collateral::new(
                (names, beside),
                first,
                registry,
                redactor,
                ORIGIN_ALIAS,
            )),
            kept,
            burden: plan.burden.clone(),
            control: control.clone(),
            clock,
            stop: stop.clone(),
        })
    }

    /// Looks at an event, and does what follows; what is told of it.
    pub(super) fn take(&mut self, stamped: &Stamped) -> Vec<Event> {
        let Some(collateral) = &mut self.collateral else { return Vec::new() };
        match &stamped.event {
            Event::LoadDeclared { series, .. } => {
                collateral.declared(series);
                return collateral.rule().into_iter().map(Event::RuleDeclared).collect();
            }
            Event::LoadWindow(window) => {
                if let Some(is_on) = collateral.take(window) {
                    return self.turn(is_on);
                }
            }
            Event::LoadFinished(_) => return self.conclude(),
            _ => {}
        }
        Vec::new()
    }

    fn turn(&mut self, is_on: bool) -> Vec<Event> {
        // The load that is over needs no turning.
        if self.stop.is_stopping() {
            return Vec::new();
        }
        // Whoever would have waited for it does so all the same.
        let usual = self.collateral.as_ref().map(Collateral::usual).unwrap_or_default();
        let instead = |(index, kept): (usize, &bool)| {
            let time = if self.burden.contains(&index) { usual } else { Duration::ZERO };
            (!is_on && !kept).then_some(time)
        };
        let instead: Vec<_> = self.kept.iter().enumerate().map(instead).collect();
        match self.control.leave_out(&instead, LoadChange::COLLATERAL, self.clock.nanos()) {
            Ok(change) => {
                if let Some(collateral) = &mut self.collateral {
                    collateral.turned(is_on, change.at);
                }
                Vec::new()
            }
            // The last window of a load that is over: its end concludes.
            Err(ControlError::NotRunning) => Vec::new(),
            Err(error) => {
                let text = format!("collateral: the load could not be changed any more: {error}");
                let mut told = vec![Event::Notice(Notice { level: NoticeLevel::Warning, text })];
                told.extend(self.conclude());
                told
            }
        }
    }

    fn conclude(&mut self) -> Vec<Event> {
        let Some(collateral) = self.collateral.take() else { return Vec::new() };
        let mut outcome = RuleOutcome {
            id: collateral.rule().map(|rule| rule.id).unwrap_or_default(),
            requests: 0,
            matched: 0,
            errors: 0,
            skipped: None,
        };
        let told = match collateral.conclude() {
            Conclusion::Harm(finding) => {
                outcome.matched = 1;
                Event::Finding(finding)
            }
            Conclusion::NoHarm(text) => Event::Notice(Notice { level: NoticeLevel::Info, text }),
            Conclusion::TooLittle(text) => {
                outcome.skipped = Some(text.clone());
                Event::Notice(Notice { level: NoticeLevel::Warning, text })
            }
        };
        vec![told, Event::RuleFinished(outcome)]
    }
}
