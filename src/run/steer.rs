//! Carries out what users ask of a run, whoever brings it: keys or the control socket.

use crate::http::clock::Clock;
use crate::load::ControlError;
use crate::load::ControlStatus;
use crate::load::LiveControl;
use crate::model::LoadChange;
use crate::model::LoadCommand;
use crate::model::StopLevel;

use super::signals::Interrupts;

/// Where users' wishes go; clones are the same one.
#[derive(Clone)]
pub struct Steering {
    /// What winds the run down.
    pub interrupts: Interrupts,
    /// What changes the load.
    pub control: LiveControl,
    /// The run's.
    pub clock: Clock,
}

impl Steering {
    /// Changes the load for `by`; what will hold and from when on.
    ///
    /// # Errors
    /// Why nothing changes.
    pub fn change(&self, command: LoadCommand, by: &str) -> Result<LoadChange, ControlError> {
        self.control.apply(command, by, self.clock.nanos())
    }

    /// The same for one scenario.
    ///
    /// # Errors
    /// Why nothing changes.
    pub(super) fn change_scenario(
        &self,
        scenario: &str,
        command: LoadCommand,
        by: &str,
    ) -> Result<LoadChange, ControlError> {
        self.control.apply_to(scenario, command, by, self.clock.nanos())
    }

    /// How the load stands now.
    pub(super) fn status(&self) -> ControlStatus {
        self.control.status(self.clock.nanos())
    }

    /// The run is to wind down to `level`; false when it is too busy doing so to be told.
    pub(super) fn wind_down(&self, level: StopLevel, by: &str) -> bool {
        self.interrupts.wind_down(level, by)
    }
}
