//! The search for the capacity, carried out: its orders become commands to the running load.

use crate::http::clock::Clock;
use crate::insight::CapacityWatch;
use crate::insight::Order;
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
use crate::plan::Plan;

/// Turns the load from level to level.
pub(super) struct Search {
    watch: CapacityWatch,
    model: CapacityModel,
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
        Some(Self {
            model: aim.model,
            watch: CapacityWatch::new(aim),
            control: control.clone(),
            clock,
            stop: stop.clone(),
        })
    }

    /// Looks at an event, and does what follows; what the user is to hear of it.
    pub(super) fn take(&mut self, stamped: &Stamped) -> Vec<Event> {
        let mut told = Vec::new();
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
            }
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
        match self.control.apply(command, LoadChange::SEARCH, self.clock.nanos()) {
            Ok(change) => {
                if matches!(command, LoadCommand::Rate(_) | LoadCommand::Vus(_)) {
                    self.watch.changed(change.at);
                }
            }
            Err(error) => {
                self.watch.give_up(format!("the load could not be changed: {error}"));
                self.stop.apply(ControlCommand::Stop);
            }
        }
    }
}
