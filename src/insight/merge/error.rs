//! Why reports are not the parts of one run.

/// Why reports cannot be merged; parts are named by their place on the command line, from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// No report.
    #[error("there is nothing to merge")]
    Nothing,
    /// A report of no part.
    #[error(
        "report {0} is no part of a run: parts are made with `--part K/N`, and two whole runs are \
         compared, not merged"
    )]
    NoPart(usize),
    /// Parts of different numbers.
    #[error("report {place} is part {found}, and report 1 is one of {of}")]
    OtherNumber {
        /// Which report.
        place: usize,
        /// As it says.
        found: String,
        /// Parts that the first says there are.
        of: u32,
    },
    /// The same part twice.
    #[error("reports {first} and {second} are both part {part}: its requests would count twice")]
    Twice {
        /// Which report.
        first: usize,
        /// And which.
        second: usize,
        /// The part.
        part: String,
    },
    /// Parts that nobody named.
    #[error("{} of {of}: missing", parts_of(.missing))]
    Missing {
        /// Their numbers.
        missing: Vec<u32>,
        /// How many there are.
        of: u32,
    },
    /// Something that all parts of a run have in common differs.
    #[error("report {place} has another {what} than report 1: they are not of one run{cure}")]
    Differs {
        /// Which report.
        place: usize,
        /// What differs.
        what: &'static str,
        /// What to do.
        cure: &'static str,
    },
    /// A part without a verdict.
    #[error("report {0} is partial: its run was cut short before it could be judged")]
    Partial(usize),
    /// Parts that ran at different times.
    #[error(
        "report {place} began its load {seconds} s away from report 1, after which none or before \
         which all of it was over: start parts together, with `--start-at`"
    )]
    Apart {
        /// Which report.
        place: usize,
        /// By how much.
        seconds: u64,
    },
}

/// `part 2` or `parts 2, 3`.
fn parts_of(numbers: &[u32]) -> String {
    let shown: Vec<String> = numbers.iter().take(20).map(ToString::to_string).collect();
    let more = if numbers.len() > shown.len() { ", …" } else { "" };
    let noun = if numbers.len() == 1 { "part" } else { "parts" };
    format!("{noun} {}{more}", shown.join(", "))
}
