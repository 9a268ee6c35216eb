//! Measures rows one after the other and shows them as Markdown.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::bed::Bed;
use crate::clock;
use crate::figure::Figure;
use crate::figure::Noise;
use crate::figure::Row;
use crate::figure::number;
use crate::machine::Machine;
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

/// Everything, for machines.
#[derive(Debug, Serialize)]
struct Document<'a> {
    machine: &'a Machine,
    rows: &'a [RowResult],
}

/// Prints what there is and how long it takes.
pub(crate) fn list(bed: &Bed) {
    for row in ALL {
        let gate = if row.noise == Noise::Steady { "gate" } else { "" };
        println!("{:16} {:>8}  {gate:4}  {}", row.name, duration((row.seconds)(bed)), row.what);
    }
}

/// Measures and prints; a row that cannot be measured does not keep the others from it.
pub(crate) fn measure(rows: &[&'static Row], bed: &Bed, machine: &Machine) -> Vec<RowResult> {
    let all = rows.iter().map(|row| (row.seconds)(bed)).sum();
    eprintln!("bench: {} rows, about {} on a quiet machine", rows.len(), duration(all));
    heading(machine);
    rows.iter()
        .map(|row| {
            eprintln!("bench: {}, about {}", row.name, duration((row.seconds)(bed)));
            let start = clock::nanos();
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
pub(crate) fn write_json(
    path: &Path,
    machine: &Machine,
    rows: &[RowResult],
) -> Result<(), Problem> {
    let text =
        serde_json::to_string_pretty(&Document { machine, rows }).expect("results are plain data");
    fs::write(path, text + "\n").map_err(|cause| Problem::Write { path: path.to_owned(), cause })
}

fn heading(machine: &Machine) {
    println!(
        "Measured on {} ({} cores, {}), load average {} before.\n",
        machine.processor,
        machine.cores,
        machine.kernel,
        number(machine.load_average)
    );
    for (name, version) in &machine.programs {
        println!("* {name}: {version}");
    }
    println!("\n| row | figure | bar | measured | interval | verdict | beside it |");
    println!("|--|--|--|--|--|--|--|");
}

fn print(result: &RowResult) {
    for figure in &result.figures {
        let value = figure.value.map(|value| format!("{} {}", number(value), figure.unit));
        let interval =
            figure.interval.map(|(low, high)| format!("{} – {}", number(low), number(high)));
        println!(
            "| {} | {} | {} | {} | {} | {} | {} |",
            result.row,
            figure.name,
            figure.bar,
            value.unwrap_or_default().trim_end(),
            interval.unwrap_or_default(),
            figure.verdict(),
            figure.note
        );
    }
    if let Some(problem) = &result.problem {
        let problem = problem.replace('|', "/");
        println!("| {} | {} | | | | not measured | {problem} |", result.row, result.what);
    }
}

fn duration(seconds: f64) -> String {
    if seconds < 100.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}
