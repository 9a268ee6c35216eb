//! The search for the capacity, carried out: its orders become commands to the running load.

use crate::http::clock::Clock;
use crate::insight::CapacityWatch;
use crate::insight::Order;
use crate::insight::Parts;
use crate::insight::Possible;
use crate::insight::Sent;
use crate::load::ControlError;
use crate::load::LiveControl;
use crate::model::Amount;
use crate::model::Capacity;
use crate::model::CapacityModel;
use crate::model::ControlCommand;
use crate::model::Event;
use crate::model::LoadChange;
use crate::model::LoadCommand;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::Stamped;
use crate::model::StopToken;
use crate::plan::Apart;
use crate::plan::Plan;

/// Turns the load from level to level.
pub(super) struct Search {
    watch: CapacityWatch,
    model: CapacityModel,
    /// What can be sent without which others, and what each request of the plan is called.
    apart: Vec<Apart>,
    names: Vec<String>,
    control: LiveControl,
    clock: Clock,
    stop: StopToken,
}

impl Search {
    /// The search that a plan asks for.
    pub(super) fn of(
        plan: &Plan,
        control: &LiveControl,
        clock: Clock,
        stop: &StopToken,
    ) -> Option<Self> {
        let aim = plan.capacity.clone()?;
        let apart = plan.apart();
        let possible = |one: &Apart| {
            let possible = Possible { alone: one.alone.is_some(), without: one.without.is_some() };
            (one.request.clone(), possible)
        };
        let parts: Parts = apart.iter().map(possible).collect();
        Some(Self {
            model: aim.model,
            watch: CapacityWatch::new(aim, parts),
            apart,
            names: plan.requests.iter().map(|request| request.name.clone()).collect(),
            control: control.clone(),
            clock,
            stop: stop.clone(),
        })
    }

    /// Looks at an event, and does what follows; what the user is to hear of it.
    pub(super) fn take(&mut self, stamped: &Stamped) -> Vec<Event> {
        let mut told = Vec::new();
        let before = self.watch.levels();
        for order in self.watch.take(stamped) {
            match order {
                Order::Tell(text) => {
                    told.push(Event::Notice(Notice { level: NoticeLevel::Info, text }));
                }
                Order::End => self.stop.apply(ControlCommand::Stop),
                Order::Ask(asked) => self.turn(match self.model {
                    CapacityModel::Rate => LoadCommand::Rate(Amount::Total(asked)),
                    CapacityModel::Users => LoadCommand::Vus(Amount::Total(asked)),
                }),
                Order::Pause => self.turn(LoadCommand::Pause),
                Order::Resume => self.turn(LoadCommand::Resume),
                Order::Send(sent) => self.send(&sent),
            }
        }
        if self.watch.levels() > before {
            told.push(Event::Capacity(Box::new(self.watch.so_far())));
        }
        told
    }

    /// What was found until now.
    pub(super) fn finish(self, report: &Report) -> Capacity {
        self.watch.finish(report.stopped.as_ref())
    }

    fn turn(&mut self, command: LoadCommand) {
        // The load that is over needs no turning: its end is seen by itself.
        if self.stop.is_stopping() {
            return;
        }
        let changed = self.control.apply(command, LoadChange::SEARCH, self.clock.nanos());
        let is_level = matches!(command, LoadCommand::Rate(_) | LoadCommand::Vus(_));
        self.take_change(changed, is_level);
    }

    /// Sends so much of the plan.
    fn send(&mut self, sent: &Sent) {
        if self.stop.is_stopping() {
            return;
        }
        let find = |name: &String| self.apart.iter().find(|one| one.request == *name);
        let (kept, waits) = match sent {
            Sent::All => (None, None),
            Sent::Alone(name, waits) => {
                (find(name).and_then(|one| one.alone.as_ref()), Some(waits))
            }
            Sent::Without(name, waits) => {
                (find(name).and_then(|one| one.without.as_ref()), Some(waits))
            }
        };
        let instead = |(index, name): (usize, &String)| {
            let is_sent = kept.is_none_or(|kept| kept[index]);
            let usual = waits.and_then(|waits| waits.get(name)).copied();
            (!is_sent).then(|| usual.unwrap_or_default())
        };
        let instead: Vec<_> = self.names.iter().enumerate().map(instead).collect();
        let changed = self.control.leave_out(&instead, LoadChange::SEARCH, self.clock.nanos());
        self.take_change(changed, true);
    }

    fn take_change(&mut self, changed: Result<LoadChange, ControlError>, is_measured: bool) {
        match changed {
            Ok(change) if is_measured => self.watch.changed(change.at),
            Ok(_) => {}
            Err(error) => {
                self.watch.give_up(format!("the load could not be changed: {error}"));
                self.stop.apply(ControlCommand::Stop);
            }
        }
    }
}
