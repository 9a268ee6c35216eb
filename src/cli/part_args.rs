//! `--part` and `--start-at`: one part of a run that several processes share.

use std::time::Duration;

use clap::Args;

use crate::http::clock::Clock;
use crate::model::RunPart;
use crate::model::format_duration;
use crate::model::parse_duration;

use super::error::CliError;

/// Further ahead is a slip of the pen.
const MOST_AHEAD: Duration = Duration::from_secs(7 * 24 * 3600);

/// Which part, and when.
#[derive(Debug, Clone, Args)]
pub(super) struct PartArgs {
    /// Run this part of the load only, the K-th of N: every N-th arrival, its share of the users, and
    /// of the rows of data files. Write its report with --json FILE, and put the parts together with
    /// `shakedown merge`. Without --seed all parts have seed 0.
    #[arg(long, value_name = "K/N", value_parser = RunPart::parse, help_heading = "Parts")]
    part: Option<RunPart>,
    /// When load is to start: RFC 3339 (2031-05-01T12:00:00Z), seconds since 1970, or +30s from now.
    #[arg(long, value_name = "TIME", value_parser = start_at, help_heading = "Parts")]
    start_at: Option<StartAt>,
}

/// When load starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StartAt {
    /// Milliseconds since 1970.
    Unix(u64),
    /// From now.
    In(Duration),
}

impl PartArgs {
    /// The part; `None` for a whole run.
    pub(super) fn part(&self) -> Option<RunPart> {
        self.part
    }

    /// When load starts, milliseconds since 1970.
    ///
    /// # Errors
    /// A moment that has passed, or one that is too far ahead to be meant.
    pub(super) fn start_at_unix_ms(&self) -> Result<Option<u64>, CliError> {
        let now = Clock::start().unix_millis();
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let at = match self.start_at {
            None => return Ok(None),
            Some(StartAt::In(ahead)) => now.saturating_add(millis(ahead)),
            Some(StartAt::Unix(at)) => at,
        };
        if at < now {
            let ago = format_duration(Duration::from_millis(now - at));
            let text = format!("--start-at: that was {ago} ago; name a moment to come, or +30s");
            return Err(CliError::Usage(text));
        }
        if at - now > millis(MOST_AHEAD) {
            let text =
                "--start-at: that is more than a week ahead; seconds since 1970 have ten digits";
            return Err(CliError::Usage(text.to_owned()));
        }
        Ok(Some(at))
    }
}

fn start_at(text: &str) -> Result<StartAt, String> {
    if let Some(ahead) = text.strip_prefix('+') {
        return parse_duration(ahead).map(StartAt::In).map_err(|error| error.to_string());
    }
    if let Ok(seconds) = text.parse::<f64>() {
        let millis = Duration::try_from_secs_f64(seconds).map(|at| at.as_millis());
        let millis = millis.ok().and_then(|millis| u64::try_from(millis).ok());
        return millis
            .map(StartAt::Unix)
            .ok_or_else(|| "seconds since 1970 are positive".to_owned());
    }
    let expected = "a time is 2031-05-01T12:00:00Z, seconds since 1970, or +30s";
    let at: jiff::Timestamp = text.parse().map_err(|error| format!("{expected}: {error}"))?;
    u64::try_from(at.as_millisecond()).map(StartAt::Unix).map_err(|_| expected.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_a_date_a_number_or_a_while_ahead() {
        let unix = Ok(StartAt::Unix(1_935_403_200_000));
        assert_eq!(start_at("2031-05-01T12:00:00Z"), unix);
        assert_eq!(start_at("2031-05-01T14:00:00+02:00"), unix);
        assert_eq!(start_at("1935403200"), unix);
        assert_eq!(start_at("+1m30s"), Ok(StartAt::In(Duration::from_secs(90))));
        for wrong in ["", "soon", "-5", "+", "2031-05-01", "12:00", "NaN", "1e300"] {
            assert!(start_at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_past_and_next_month_are_refused() {
        let at = |start_at| PartArgs { part: None, start_at: Some(start_at) }.start_at_unix_ms();
        assert!(at(StartAt::Unix(1_000_000_000_000)).is_err());
        assert!(at(StartAt::In(Duration::from_secs(30 * 24 * 3600))).is_err());
        assert!(at(StartAt::In(Duration::from_secs(30))).is_ok());
    }
}
