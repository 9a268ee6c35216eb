//! Measures rows one after the other and shows them.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::bed::Bed;
use crate::clock;
use crate::figure::Figure;
use crate::figure::Noise;
use crate::figure::Row;
use crate::figure::number;
use crate::problem::Problem;
use crate::rows::ALL;

/// What came of a row.
#[derive(Debug, Serialize)]
pub(crate) struct RowResult {
    pub(crate) row: &'static str,
    pub(crate) what: &'static str,
    pub(crate) figures: Vec<Figure>,
    /// Why the row as a whole could not be measured.
    pub(crate) problem: Option<String>,
    pub(crate) seconds: f64,
}

/// Prints what there is.
pub(crate) fn list() {
    for row in ALL {
        let gate = if row.noise == Noise::Steady { "gate" } else { "" };
        println!("{:16} {gate:5} {}", row.name, row.what);
    }
}

/// Measures and prints; a row that cannot be measured does not keep the others from it.
pub(crate) fn measure(rows: &[&'static Row], bed: &Bed) -> Vec<RowResult> {
    rows.iter()
        .map(|row| {
            let start = clock::nanos();
            println!("{}: {}", row.name, row.what);
            let (figures, problem) = match (row.measure)(bed) {
                Ok(figures) => (figures, None),
                Err(problem) => (Vec::new(), Some(problem.to_string())),
            };
            let seconds = (clock::nanos() - start) as f64 / 1e9;
            let result = RowResult { row: row.name, what: row.what, figures, problem, seconds };
            print(&result);
            result
        })
        .collect()
}

/// Writes everything as JSON.
pub(crate) fn write_json(path: &Path, results: &[RowResult]) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(results).expect("results are plain data");
    fs::write(path, text + "\n").map_err(|cause| Problem::Write { path: path.to_owned(), cause })
}

fn print(result: &RowResult) {
    for figure in &result.figures {
        let value = figure.value.map(|value| format!("{} {}", number(value), figure.unit));
        println!(
            "  {:12} {:34} {:>18}  {:10} {}",
            figure.verdict(),
            figure.name,
            value.unwrap_or_default().trim_end(),
            figure.bar.to_string(),
            figure.note
        );
    }
    if let Some(problem) = &result.problem {
        println!("  not measured: {problem}");
    }
}
