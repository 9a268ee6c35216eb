//! Values drawn by chance, which repeat with the plan's seed.

use std::ops::Range;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;

use super::template::Context;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Random {
    /// One of a hundred English words.
    Word,
    /// A whole number, both ends included.
    Int {
        /// Least.
        min: i64,
        /// Greatest; not below `min`.
        max: i64,
    },
    /// A version 4 UUID (RFC 9562).
    Uuid,
    /// So many hexadecimal digits, up to [`Random::MAX_LEN`].
    Hex(u8),
    /// So many decimal digits, up to [`Random::MAX_LEN`].
    Digits(u8),
}

const WORDS: [&str; 100] = [
    "amber", "anchor", "apple", "april", "arrow", "autumn", "badge", "bamboo", "barn", "basket",
    "beach", "bell", "bird", "blanket", "boat", "book", "bottle", "branch", "bread", "bridge",
    "brush", "butter", "button", "cabin", "candle", "canvas", "carpet", "castle", "chair",
    "cherry", "circle", "clock", "cloud", "coffee", "copper", "cotton", "cradle", "crystal", "cup",
    "desk", "door", "dream", "eagle", "earth", "engine", "fabric", "feather", "field", "flower",
    "forest", "garden", "glass", "glove", "grape", "green", "hammer", "harbor", "hat", "honey",
    "house", "island", "ivory", "jacket", "kettle", "kite", "ladder", "lamp", "leaf", "lemon",
    "letter", "lily", "linen", "marble", "meadow", "melon", "mirror", "morning", "mountain",
    "music", "needle", "north", "oak", "ocean", "orange", "paper", "pebble", "pencil", "pillow",
    "pine", "planet", "plate", "pocket", "purple", "quilt", "rabbit", "rain", "river", "silver",
    "stone", "window",
];

impl Random {
    /// No value is longer.
    pub const MAX_LEN: usize = 64;

    /// Draws into `out`, and says how much of it was used.
    ///
    /// Each slot has a generator of its own, seeded from where it stands: so the values of a run
    /// do not depend on what other users did in between.
    pub(super) fn draw<'a>(
        self,
        context: &Context<'_>,
        number: u32,
        out: &'a mut [u8; Self::MAX_LEN],
    ) -> &'a [u8] {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed(context, number));
        match self {
            Self::Word => {
                let word = WORDS[rng.random_range(0..WORDS.len())].as_bytes();
                out[..word.len()].copy_from_slice(word);
                &out[..word.len()]
            }
            Self::Int { min, max } => {
                let mut buffer = itoa::Buffer::new();
                let digits = buffer.format(rng.random_range(min..=max)).as_bytes();
                out[..digits.len()].copy_from_slice(digits);
                &out[..digits.len()]
            }
            Self::Uuid => uuid(&mut rng, out),
            Self::Hex(count) => digits(&mut rng, 0..16, &mut out[..usize::from(count)]),
            Self::Digits(count) => digits(&mut rng, 0..10, &mut out[..usize::from(count)]),
        }
    }
}

/// A number below `end`, which is above 0.
pub(super) fn below(end: u64, context: &Context<'_>) -> u64 {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed(context, NO_SLOT));
    rng.random_range(0..end)
}

/// Slots are numbered from 0 on.
const NO_SLOT: u32 = u32::MAX;

/// One number of all that a draw depends on; the generator's own seeding mixes it once more.
fn seed(context: &Context<'_>, number: u32) -> u64 {
    let place = u64::from(context.step) << 32 | u64::from(number);
    let message = u64::from(context.message) << 32;
    let parts = [context.user, context.iteration ^ message, place];
    // The multiply-and-fold step of wyhash: every bit of both halves reaches every bit.
    parts.into_iter().fold(context.seed, |seed, part| {
        let product =
            u128::from(seed ^ 0x9e37_79b9_7f4a_7c15) * u128::from(part ^ 0xe703_7ed1_a0b4_28db);
        #[expect(clippy::cast_possible_truncation, reason = "its two halves")]
        let halves = (product as u64, (product >> 64) as u64);
        (halves.0 ^ halves.1).wrapping_add(part)
    })
}

fn digits<'a>(rng: &mut Xoshiro256PlusPlus, of: Range<u8>, out: &'a mut [u8]) -> &'a [u8] {
    for place in &mut *out {
        *place = b"0123456789abcdef"[usize::from(rng.random_range(of.clone()))];
    }
    out
}

fn uuid<'a>(rng: &mut Xoshiro256PlusPlus, out: &'a mut [u8; Random::MAX_LEN]) -> &'a [u8] {
    let mut bytes: [u8; 16] = rng.random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut at = 0;
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out[at] = b'-';
            at += 1;
        }
        for half in [byte >> 4, byte & 15] {
            out[at] = b"0123456789abcdef"[usize::from(half)];
            at += 1;
        }
    }
    &out[..at]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn drawn(random: Random, iteration: u64) -> String {
        let context = Context { values: None, user: 1, iteration, step: 1, message: 0, seed: 5 };
        let mut out = [0; Random::MAX_LEN];
        String::from_utf8(random.draw(&context, 0, &mut out).to_vec()).expect("ASCII")
    }

    #[test]
    fn every_kind_has_its_form() {
        let uuid = regex::Regex::new(
            "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        )
        .expect("a pattern");
        for iteration in 0..200 {
            assert!(uuid.is_match(&drawn(Random::Uuid, iteration)));
            let hex = drawn(Random::Hex(64), iteration);
            assert!(hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let digits = drawn(Random::Digits(8), iteration);
            assert!(digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit()));
            assert!(WORDS.contains(&drawn(Random::Word, iteration).as_str()));
        }
        let widest = Random::Int { min: i64::MIN, max: i64::MAX };
        assert!(drawn(widest, 0).parse::<i64>().is_ok());
        assert_eq!(drawn(Random::Int { min: 3, max: 3 }, 0), "3");
    }

    #[test]
    fn draws_reach_both_ends_and_everything_between() {
        let values: BTreeSet<_> =
            (0..2_000).map(|iteration| drawn(Random::Int { min: -2, max: 2 }, iteration)).collect();
        assert_eq!(values, ["-1", "-2", "0", "1", "2"].map(str::to_owned).into());
        let words: BTreeSet<_> = (0..5_000).map(|n| drawn(Random::Word, n)).collect();
        assert_eq!(words.len(), WORDS.len(), "no word is there twice, and each is drawn");
        let distinct: BTreeSet<_> = (0..5_000).map(|n| drawn(Random::Uuid, n)).collect();
        assert_eq!(distinct.len(), 5_000);
    }
}
