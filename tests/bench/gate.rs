//! The gate: figures that hardly depend on the machine against their committed limits.

use std::process::ExitCode;

use crate::figure::number;
use crate::limits::LIMITS;
use crate::limits::Limit;
use crate::table::RowResult;

/// Every limit must have been measured, and none exceeded.
pub(crate) fn judge(results: &[RowResult]) -> ExitCode {
    println!("\nGate:\n");
    let measured = |limit: &&Limit| results.iter().any(|result| result.row == limit.row);
    let broken: Vec<_> =
        LIMITS.iter().filter(measured).filter_map(|limit| excess(limit, results)).collect();
    for line in &broken {
        println!("* FAILED {line}");
    }
    if broken.is_empty() {
        println!("* passed");
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}

fn excess(limit: &Limit, results: &[RowResult]) -> Option<String> {
    let name = format!("{} · {}", limit.row, limit.figure);
    let result = results.iter().find(|result| result.row == limit.row)?;
    let figure = result.figures.iter().find(|figure| figure.name == limit.figure);
    match figure.map(|figure| (figure.value, &figure.note)) {
        Some((Some(value), _)) if value <= limit.at_most => None,
        Some((Some(value), _)) => Some(format!(
            "{name}: {} is above {} (it was {})",
            number(value),
            number(limit.at_most),
            number(limit.measured)
        )),
        Some((None, why)) => Some(format!("{name}: not measured: {why}")),
        None => {
            let why = result.problem.as_deref().unwrap_or("the row has no such figure");
            Some(format!("{name}: not measured: {why}"))
        }
    }
}
