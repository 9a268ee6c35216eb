//! `analyzer`: what one answer cannot show is looked for in several, or in the answer's markup.
//!
//! * `time_delay`: `[SLEEPTIME]` in a value is a number of seconds that the target is to be made to
//!   wait. Whether it does, and for as long as it is told, is for whoever sends; the numbers to go by
//!   stand here.
//! * `xss_context`: where in the page a value comes back.
//!
//! In values, `[RANDNUM]` is a number of four digits, `[RANDSTR]` four letters, and `[INFERENCE]` a
//! comparison that is true; each is drawn anew for every request.

use std::time::Duration;

use rand::Rng;
use rand::RngExt as _;
use serde_saphyr::Spanned;

use super::document;
use super::faults::Faults;
use super::refusal::Reason;

/// What is looked for beyond one answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Analyzer {
    /// The target waits as long as it is told.
    TimeDelay(TimeDelay),
    /// A value comes back in a page.
    XssContext,
}

/// The numbers of `time_delay`; those that a template does not give are Nuclei's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeDelay {
    /// `sleep_duration`: the longest wait that is asked for; 2–30 s.
    pub sleep: Duration,
    /// `requests_limit`: measurements with a wait, half of them long and half of them short; 2–20.
    pub requests: u32,
    /// `time_correlation_error_range`: how far below 1 the correlation may be.
    pub correlation_error: f64,
    /// `time_slope_error_range`: how far from 1 second for each second the slope may be.
    pub slope_error: f64,
}

/// The short wait, unless the long one is not much longer.
const SHORT: Duration = Duration::from_secs(3);

const SLEEP: std::ops::RangeInclusive<u64> = 2..=30;
const REQUESTS: std::ops::RangeInclusive<u32> = 2..=20;

const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl Default for TimeDelay {
    fn default() -> Self {
        Self {
            sleep: Duration::from_secs(7),
            requests: 4,
            correlation_error: 0.15,
            slope_error: 0.30,
        }
    }
}

impl TimeDelay {
    /// The wait that is compared with the long one, in whole seconds.
    pub fn short(&self) -> Duration {
        SHORT.min(Duration::from_secs((self.sleep.as_secs() / 2).max(1)))
    }

    /// How long an answer is waited for.
    pub fn timeout(&self) -> Duration {
        self.sleep * 5
    }
}

/// A value with its markers filled in; `delay` is what `[SLEEPTIME]` stands for.
pub fn fill_markers(text: &str, delay: Duration, random: &mut impl Rng) -> String {
    if !text.contains('[') {
        return text.to_owned();
    }
    let number = random.random_range(1000..10_000).to_string();
    let letters: String =
        (0..4).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect();
    let equal: u32 = random.random_range(1000..10_000);
    text.replace("[SLEEPTIME]", &delay.as_secs().to_string())
        .replace("[RANDNUM]", &number)
        .replace("[RANDSTR]", &letters)
        .replace("[INFERENCE]", &format!("{equal}={equal}"))
}

/// Reads `analyzer`; what is wrong with it is reported.
pub(super) fn analyzer(dto: Spanned<document::Analyzer>, faults: &mut Faults) -> Option<Analyzer> {
    let at = dto.referenced;
    match dto.value.name.0.trim() {
        "time_delay" => match time_delay(dto.value.parameters.unwrap_or_default()) {
            Ok(numbers) => Some(Analyzer::TimeDelay(numbers)),
            Err(text) => {
                faults.add(at, Reason::Invalid, text);
                None
            }
        },
        "xss_context" => Some(Analyzer::XssContext),
        other => {
            let text = format!("there is no analyzer `{other}`: time_delay, xss_context");
            faults.add(at, Reason::UnknownType, text);
            None
        }
    }
}

fn time_delay(given: document::Parameters) -> Result<TimeDelay, String> {
    let mut numbers = TimeDelay::default();
    for (name, value) in given {
        let value = value.0.trim();
        let wrong = |what: &str| format!("analyzer: `{name}` is {what}, not `{value}`");
        match name.as_str() {
            "sleep_duration" => {
                let seconds = value.parse().ok().filter(|seconds| SLEEP.contains(seconds));
                let seconds = seconds.ok_or_else(|| wrong("2 to 30 seconds"))?;
                numbers.sleep = Duration::from_secs(seconds);
            }
            "requests_limit" => {
                let requests = value.parse().ok().filter(|requests| REQUESTS.contains(requests));
                numbers.requests = requests.ok_or_else(|| wrong("2 to 20 requests"))?;
            }
            "time_correlation_error_range" | "time_slope_error_range" => {
                let share = value.parse().ok().filter(|share| (0.0..=1.0).contains(share));
                let share = share.ok_or_else(|| wrong("a number from 0 to 1"))?;
                if name == "time_slope_error_range" {
                    numbers.slope_error = share;
                } else {
                    numbers.correlation_error = share;
                }
            }
            _ => return Err(format!("analyzer: `time_delay` has no parameter `{name}`")),
        }
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn markers_are_drawn_anew_and_the_delay_is_in_seconds() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let text = "x [SLEEPTIME] [RANDNUM] [RANDSTR] [INFERENCE] [other]";
        let seconds = Duration::from_secs(7);
        let first = fill_markers(text, seconds, &mut random);
        let words: Vec<&str> = first.split(' ').collect();
        assert_eq!((words[0], words[1], words[5]), ("x", "7", "[other]"));
        assert!(words[2].parse::<u32>().is_ok_and(|number| (1000..10_000).contains(&number)));
        assert!(words[3].len() == 4 && words[3].bytes().all(|byte| byte.is_ascii_alphabetic()));
        let (left, right) = words[4].split_once('=').expect("a comparison");
        assert_eq!(left, right);
        assert_ne!(fill_markers(text, seconds, &mut random), first);
    }

    #[test]
    fn the_short_wait_is_shorter_than_the_long_one() {
        for (sleep, short) in [(2, 1), (3, 1), (5, 2), (6, 3), (7, 3), (30, 3)] {
            let numbers = TimeDelay { sleep: Duration::from_secs(sleep), ..TimeDelay::default() };
            assert_eq!(numbers.short(), Duration::from_secs(short), "{sleep}");
        }
    }
}
