//! Arguments of the control socket: of runs that have one, and of `control`, which uses it.

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;

use crate::model::Amount;

/// In place of a path: we choose one.
pub(super) const CHOSEN: &str = "auto";

/// For everything that loads.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ControlArgs {
    /// Let `shakedown control` steer the run over a Unix socket of yours alone; without PATH at a
    /// place where it is found, printed at the start.
    #[arg(
        long,
        value_name = "PATH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = CHOSEN,
        help_heading = "Control"
    )]
    pub(super) control: Option<PathBuf>,
}

/// `control`.
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  shakedown load http://127.0.0.1:8080/ -z 10m -q 500 --control
  shakedown control status
  shakedown control rate 150%           of what the plan has
  shakedown control rate 750            a second over all scenarios, now
  shakedown control rate +10%           of the plan's more than now
  shakedown control vus 20
  shakedown control rate 2x --scenario browse     of a plan with several
  shakedown control pause
  shakedown control snapshot -o so-far.json
  shakedown control --socket /run/load.sock stop

Exit codes: 0 done; 2 no such run, several without --socket, or it cannot do
that now; 1 the connection broke.

The socket takes one JSON object per line and answers each with one:
  {\"cmd\":\"rate\",\"to\":\"150%\"}  {\"cmd\":\"vus\",\"to\":20}  {\"cmd\":\"pause\"}  {\"cmd\":\"resume\"}
  {\"cmd\":\"rate\",\"to\":75,\"scenario\":\"browse\"}
  {\"cmd\":\"stop\"}  {\"cmd\":\"cancel\"}  {\"cmd\":\"status\"}  {\"cmd\":\"watch\"}  {\"cmd\":\"snapshot\"}"
)]
pub(super) struct ControlCommandArgs {
    /// The run's socket; not needed where one run has --control without a PATH.
    #[arg(long, value_name = "PATH", global = true)]
    pub(super) socket: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(super) action: ControlAction,
}

/// What `control` does.
#[derive(Debug, Subcommand)]
pub(super) enum ControlAction {
    /// Change the arrival rate: 150%, 2x, +10%, -10% of the plan's, or 750, 600/m over all.
    Rate {
        /// How much.
        #[arg(value_name = "AMOUNT", allow_hyphen_values = true, value_parser = Amount::parse_rate)]
        to: Amount,
        /// Only of this scenario; a number is its own then.
        #[arg(long, value_name = "NAME")]
        scenario: Option<String>,
    },
    /// Change the number of virtual users: 150%, 2x, +10%, -10% of the plan's, or 20 over all.
    Vus {
        /// How much.
        #[arg(value_name = "AMOUNT", allow_hyphen_values = true, value_parser = Amount::parse_vus)]
        to: Amount,
        /// Only of this scenario; a number is its own then.
        #[arg(long, value_name = "NAME")]
        scenario: Option<String>,
    },
    /// Let nothing start; the plan waits.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Stop the run as Ctrl-C does: what is under way may finish, then the report follows.
    Stop,
    /// Stop the run and drop what is under way, as a second Ctrl-C does.
    Cancel,
    /// Say how the run stands.
    Status {
        /// As one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say how the run stands, every second until it is over.
    Watch {
        /// As lines of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write the report so far as JSON.
    Snapshot {
        /// Where to write; standard output by default.
        #[arg(short = 'o', long, value_name = "FILE", default_value = "-")]
        output: PathBuf,
    },
}
