//! Whether values that are given out one after the other can be foretold.
//!
//! Each verdict has the probability that values drawn at random would look the same: far below one in
//! a million for what is told.

use data_encoding::HEXLOWER;
use md5::Digest as _;
use md5::Md5;
use sha1::Sha1;
use sha2::Sha256;

/// A value, and the second in which it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::scan::checks) struct Sample {
    pub(in crate::scan::checks) value: String,
    pub(in crate::scan::checks) at: u64,
}

/// Why values can be foretold.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::scan::checks) struct Verdict {
    pub(in crate::scan::checks) why: String,
    /// The logarithm to base 10 of the probability that random values look like that.
    pub(in crate::scan::checks) chance: f64,
}

/// Numbers from one value to the next that are a counter's: others come and go meanwhile.
const MAX_STEP: i128 = 50;

/// The same between two hashes of a counter.
const MAX_GAP: u64 = 50;

/// Counters whose hashes are tried.
const MAX_COUNTER: u64 = 20_000;

/// Seconds around the moment of an answer.
const WINDOW: u64 = 3;

/// Fewer than so many bits can be tried.
const FEW_BITS: f64 = 40.0;

/// Chances above it are chance.
const LEAST: f64 = -9.0;

/// Judges values in the order in which they were given.
pub(in crate::scan::checks) fn judge(samples: &[Sample]) -> Option<Verdict> {
    let mut values: Vec<&str> = samples.iter().map(|it| it.value.as_str()).collect();
    values.sort_unstable();
    values.dedup();
    // One value for all is no session's; several for two are.
    if samples.len() < 4 || values.len() < samples.len() {
        return None;
    }
    let found = counter(samples).or_else(|| hashed(samples)).or_else(|| few_bits(samples));
    found.filter(|verdict| verdict.chance <= LEAST)
}

/// Numbers that grow by little, among them the time.
fn counter(samples: &[Sample]) -> Option<Verdict> {
    for radix in [10, 16] {
        let numbers: Option<Vec<i128>> =
            samples.iter().map(|it| i128::from_str_radix(&it.value, radix).ok()).collect();
        let Some(numbers) = numbers else { continue };
        let digits = samples.iter().map(|it| it.value.len()).min().unwrap_or(0);
        let steps: Vec<i128> = numbers.windows(2).map(|two| two[1] - two[0]).collect();
        let is_time = |unit: u64| {
            samples.iter().zip(&numbers).all(|(sample, number)| {
                let at = i128::from(sample.at) * i128::from(unit);
                (number - at).abs() <= i128::from(WINDOW) * i128::from(unit)
            })
        };
        let power = f64::from(radix).log10() * digits as f64;
        for (unit, name) in [(1, "seconds"), (1_000, "milliseconds"), (1_000_000, "microseconds")] {
            if is_time(unit) {
                let width = (2.0 * (WINDOW * unit) as f64 + 1.0).log10();
                let chance = (width - power).min(0.0) * samples.len() as f64;
                return Some(Verdict { why: format!("they are the time in {name}"), chance });
            }
        }
        // What is given to each visitor in turn has few digits, and all of them are a sequence.
        if steps.iter().all(|step| (1..=MAX_STEP).contains(step)) {
            let space = power.max((numbers[0].unsigned_abs() as f64 + 1.0).log10());
            let each = (MAX_STEP as f64).log10() - space;
            let chance = if space < 3.0 {
                // Small numbers in order: as improbable as their order, and they are small.
                -order(samples.len()) - 3.0
            } else {
                each * steps.len() as f64
            };
            let why = format!(
                "they are numbers that grow by at most {} from one to the next",
                steps.iter().max().copied().unwrap_or_default()
            );
            return Some(Verdict { why, chance });
        }
    }
    None
}

/// The logarithm of the number of orders that so many values can have.
fn order(count: usize) -> f64 {
    (1..=count).map(|n| (n as f64).log10()).sum()
}

type Hash = (&'static str, fn(&str) -> String);

/// Hashes of counters and of the time.
fn hashed(samples: &[Sample]) -> Option<Verdict> {
    let (first, second) = (&samples[0], &samples[1]);
    let hashes: [Hash; 3] = [
        ("MD5", |text| HEXLOWER.encode(&Md5::digest(text))),
        ("SHA-1", |text| HEXLOWER.encode(&Sha1::digest(text))),
        ("SHA-256", |text| HEXLOWER.encode(&Sha256::digest(text))),
    ];
    for (name, hash) in hashes {
        let length = hash("").len();
        if samples.iter().any(|sample| sample.value.len() != length) {
            continue;
        }
        let is = |sample: &Sample, number: u64| {
            hash(&number.to_string()) == sample.value.to_ascii_lowercase()
        };
        let start = (0..MAX_COUNTER).find(|number| is(first, *number));
        let goes_on = start.and_then(|start| {
            let next = start + 1..=start + MAX_GAP;
            next.into_iter().find(|number| is(second, *number)).map(|next| (start, next))
        });
        if let Some((start, next)) = goes_on {
            let why = format!("they are {name} of a counter: of {start}, then of {next}");
            return Some(Verdict { why, chance: -30.0 });
        }
        let of_time = |sample: &Sample| {
            let from = sample.at.saturating_sub(WINDOW);
            (from..=sample.at + WINDOW).any(|second| is(sample, second))
        };
        if samples.iter().all(of_time) {
            let why = format!("they are {name} of the time in seconds");
            return Some(Verdict { why, chance: -30.0 });
        }
    }
    None
}

/// Values that differ in few places.
fn few_bits(samples: &[Sample]) -> Option<Verdict> {
    let rows: Vec<&[u8]> = samples.iter().map(|it| it.value.as_bytes()).collect();
    let length = rows[0].len();
    if length < 8 || rows.iter().any(|row| row.len() != length) {
        return None;
    }
    let all = rows.concat();
    let is_hex = all.iter().all(u8::is_ascii_hexdigit);
    let alphabet: f64 = if all.iter().all(u8::is_ascii_digit) {
        10.0
    } else if is_hex {
        16.0
    } else {
        62.0
    };
    let varies = |at: &usize| rows.iter().any(|row| row[*at] != rows[0][*at]);
    let varying = (0..length).filter(varies).count();
    let bits = varying as f64 * alphabet.log2();
    if bits >= FEW_BITS {
        return None;
    }
    // Each place that stays the same does so by chance with alphabet^-(n-1).
    let fixed = (length - varying) as f64;
    let chance = -alphabet.log10() * (samples.len() - 1) as f64 * fixed;
    let why = format!("of {length} characters {varying} change, which is {bits:.0} bits at most");
    Some(Verdict { why, chance })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(value: impl Fn(u64) -> String) -> Option<String> {
        let sample = |n: u64| Sample { value: value(n), at: 1_700_000_000 + n };
        let samples: Vec<Sample> = (0..10).map(sample).collect();
        judge(&samples).map(|verdict| verdict.why)
    }

    #[test]
    fn what_can_be_foretold_is_told() {
        assert!(judged(|n| (10 + n).to_string()).expect("a counter").contains("grow"));
        assert!(
            judged(|n| format!("{:x}", 0xabc0_0000_u64 + n * 7)).expect("hex").contains("grow")
        );
        assert!(judged(|n| (1_700_000_000 + n).to_string()).expect("time").contains("seconds"));
        let md5 = |n: u64| HEXLOWER.encode(&Md5::digest(n.to_string()));
        assert!(judged(|n| md5(n + 3)).expect("a hash").contains("MD5 of a counter"));
        let sha1 = |n: u64| HEXLOWER.encode(&Sha1::digest((1_700_000_000 + n).to_string()));
        assert!(judged(sha1).expect("a hash").contains("SHA-1 of the time"));
        let word = |n: u64| format!("5f3a9c0d7e21b8{:02x}44", n * 37 % 251);
        assert!(judged(word).expect("few bits").contains("change"));
    }

    #[test]
    fn what_is_drawn_is_left_alone() {
        let drawn = |n: u64| HEXLOWER.encode(&Sha256::digest(format!("seed {n}")))[..32].to_owned();
        assert_eq!(judged(drawn), None);
        assert_eq!(judged(|_| "constant".to_owned()), None);
        assert_eq!(judged(|n| ((n * 7_919_317) % 100_003).to_string()), None);
        // A fixed beginning and enough that is drawn.
        assert_eq!(judged(|n| format!("user-session-{}", &drawn(n)[..16])), None);
    }
}
