//! The pattern `^([a-zA-Z0-9]+ ?)+$`, matched as a backtracking engine does (CWE-1333).

use std::time::Duration;
use std::time::Instant;

use crate::demo::clock;

/// When the engine gives up: a thread of the shop must not be busy for ever.
const TIME_LIMIT: Duration = Duration::from_secs(3);
/// Steps between two looks at the clock.
const STRIDE: u64 = 1 << 16;

/// Whether all of `text` is words with at most one space behind each.
pub(super) fn is_reference(text: &str) -> bool {
    Engine { steps: 0, ends: clock::now() + TIME_LIMIT, over: false }.matches(text.as_bytes())
}

struct Engine {
    steps: u64,
    ends: Instant,
    over: bool,
}

impl Engine {
    fn matches(&mut self, text: &[u8]) -> bool {
        let word = text.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        // The longest word first, then every shorter one: that is what makes it slow.
        for length in (1..=word).rev() {
            self.steps += 1;
            if self.over || (self.steps.is_multiple_of(STRIDE) && clock::now() > self.ends) {
                self.over = true;
                return false;
            }
            let rest = &text[length..];
            let after = rest.strip_prefix(b" ").unwrap_or(rest);
            if after.is_empty() || self.matches(after) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::Engine;
    use crate::demo::clock;

    #[test]
    fn it_matches_what_the_pattern_says_and_doubles_its_work() {
        let steps = |text: &str| {
            let mut engine = Engine { steps: 0, ends: clock::now(), over: false };
            (engine.matches(text.as_bytes()), engine.steps)
        };
        assert!(steps("order 17 blue").0);
        assert!(!steps("order  17").0);
        let (first, second) = (steps("aaaaaaaaaaaa!"), steps("aaaaaaaaaaaaa!"));
        assert!(!first.0 && second.1 > first.1 * 3 / 2, "{first:?} {second:?}");
    }
}
