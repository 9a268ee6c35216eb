//! Flags of `explain`, and what shells complete for it.

use std::ffi::OsStr;

use clap::Arg;
use clap::Args;
use clap::Command;
use clap::builder::PossibleValue;
use clap::builder::StringValueParser;
use clap::builder::TypedValueParser;

use super::known::every_word;

/// `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown explain http_req_latency          a metric: what it counts, and a gate on it
  shakedown explain 84                        an exit code, and what to do
  shakedown explain xss-reflected             a rule
  shakedown explain contention                a cause of slowness, and how it is found out
  shakedown explain coordinated omission      a term of reports and plans
  shakedown explain run.json                  why that run passed or failed, in numbers
  shakedown explain history:latest            the same of the last run
  shakedown explain                           everything that can be explained

What nobody knows is exit code 2, with what is near to it.")]
pub(in crate::cli) struct ExplainArgs {
    /// A metric, rule id, exit code, cause of slowness or term; or a report, an event log, `history:RUN`.
    #[arg(value_name = "WHAT", value_parser = Words, hide_possible_values = true)]
    pub(super) what: Vec<String>,
    /// As JSON, on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

/// Takes any text: what is known is there for shells to complete.
#[derive(Clone)]
struct Words;

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        // A word with a space would have to be quoted in each shell's way.
        let words = every_word().into_iter().filter(|word| !word.contains([' ', '(']));
        Some(Box::new(words.map(PossibleValue::new)))
    }
}
