//! The universal scalability law, fitted to levels, or the reason why not.
//!
//! What is fitted is the logarithm of the throughput, because a second differs from the next by a
//! share and not by a number. The least squares are found by Levenberg and Marquardt's method (J.
//! Moré, 1978), begun where the law's linear form `N/X = (1 + σ(N−1) + κN(N−1))/λ` has them. σ and κ
//! are no less than 0: of the fits in which each is free or 0, the best that keeps to that is taken.
//! The intervals come from the free fit's Jacobian and Student's distribution.

use std::array;

use super::solve::chance_of_f;
use super::solve::inverse_diagonal;
use super::solve::solve;
use super::solve::student;
use crate::model::Estimate;
use crate::model::Level;
use crate::model::Scalability;
use crate::model::Steadiness;
use crate::model::UslFit;
use crate::model::same;

/// Levels of different concurrency that a fit of three unknowns needs.
const LEVELS: usize = 6;

/// Below this concurrency the law says nothing: it counts what requests do to each other.
const ALONE: f64 = 1.0;

/// A level at which more requests fail is no measurement of throughput.
const FAILED: f64 = 0.05;

/// A straight line explains as much as the law where chance does it this often.
const CHANCE: f64 = 0.05;

/// A law that explains less than this of the differences is not the target's.
const EXPLAINED: f64 = 0.8;

/// Steps of the method.
const STEPS: usize = 200;

/// λ, σ, κ.
type Law = [f64; 3];

/// Concurrency and throughput.
type Point = (f64, f64);

/// The law of these levels, or why there is none; and how many levels were left out because the
/// generator was at its limit.
pub fn scalability(levels: &[Level]) -> (Scalability, usize) {
    let saturated = levels.iter().filter(|level| level.generator.is_some()).count();
    let usable = levels.iter().filter(|level| {
        let at_rest = matches!(level.steadiness, Steadiness::Steady | Steadiness::Noisy);
        level.counts() && at_rest && level.failed <= FAILED && level.throughput > 0.0
    });
    let (alone, points): (Vec<Point>, Vec<Point>) = usable
        .map(|level| (level.concurrency, level.throughput))
        .partition(|(concurrency, _)| *concurrency < ALONE);
    match fit(&points) {
        Ok(fitted) => (Scalability::Fitted(fitted), saturated),
        Err(why) => {
            let mut why = why.to_string();
            if !alone.is_empty() && distinct(&points) < LEVELS {
                let few = alone.len();
                why = format!(
                    "{why}; {few} more had fewer than one request under way on average, where \
                     requests do not meet"
                );
            }
            if saturated > 0 {
                why = format!("{why}; at {saturated} the generator was at its limit");
            }
            (Scalability::Refused(why), saturated)
        }
    }
}

/// Why there is no fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
enum Refusal {
    #[error(
        "{0} levels at rest with different concurrency are too few for a law with three unknowns, \
         which needs {LEVELS}"
    )]
    Few(usize),
    #[error(
        "no curvature: a straight line explains the levels as well, so nothing is known of what \
         comes beyond {0:.3} requests at once"
    )]
    Straight(f64),
    #[error("the law does not describe the levels: it explains {:.0} % of their differences", .0 * 100.0)]
    Unlike(f64),
    #[error("the levels do not determine the law's unknowns")]
    Undetermined,
}

fn distinct(points: &[Point]) -> usize {
    let mut seen: Vec<f64> = Vec::new();
    for (concurrency, _) in points {
        // Levels of one rate differ a little in concurrency.
        if !seen.iter().any(|known| same(*known, *concurrency) || near(*known, *concurrency)) {
            seen.push(*concurrency);
        }
    }
    seen.len()
}

fn near(one: f64, other: f64) -> bool {
    (one / other).ln().abs() < 0.01
}

fn fit(points: &[Point]) -> Result<UslFit, Refusal> {
    let levels = distinct(points);
    if levels < LEVELS {
        return Err(Refusal::Few(levels));
    }
    let free = least(points, begin(points), [true; 3]).ok_or(Refusal::Undetermined)?;
    let freedom = points.len() - 3;
    let most = points.iter().map(|(n, _)| *n).fold(0.0, f64::max);
    let line = least(points, [slope(points), 0.0, 0.0], [true, false, false])
        .ok_or(Refusal::Undetermined)?;
    let (rest, straight) = (squares(points, &free), squares(points, &line));
    let f = (straight - rest) / 2.0 / (rest / freedom as f64).max(1e-300);
    let is_exact = straight < 1e-18 * points.len() as f64;
    if is_exact || chance_of_f(f, freedom) > CHANCE {
        return Err(Refusal::Straight(most));
    }
    let law = bounded(points, free).ok_or(Refusal::Undetermined)?;
    let [lambda, sigma, kappa] = estimates(points, law, free)
        .filter(|all| all.iter().all(|one| one.low.is_finite() && one.high.is_finite()))
        .ok_or(Refusal::Undetermined)?;
    let fewest = points.iter().map(|(n, _)| *n).fold(f64::INFINITY, f64::min);
    let fitted = UslFit {
        lambda,
        sigma,
        kappa,
        r_squared: explained(points, &law),
        levels,
        measured: (fewest, most),
    };
    if fitted.r_squared < EXPLAINED {
        return Err(Refusal::Unlike(fitted.r_squared.max(0.0)));
    }
    Ok(fitted)
}

/// Throughput per request under way, where they are fewest.
fn slope(points: &[Point]) -> f64 {
    let lowest = points.iter().min_by(|one, other| one.0.total_cmp(&other.0));
    lowest.map_or(1.0, |(n, x)| x / n)
}

/// By how much requests are slowed down by each other.
fn slowed(n: f64, [_, sigma, kappa]: &Law) -> f64 {
    1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0)
}

/// The linear form's least squares.
fn begin(points: &[Point]) -> Law {
    let (mut a, mut b) = ([[0.0; 3]; 3], [0.0; 3]);
    for (n, x) in points {
        let weight = x / n;
        let row = [1.0, n - 1.0, n * (n - 1.0)].map(|value| value * weight);
        for (line, value) in row.iter().enumerate() {
            b[line] += value;
            for (entry, other) in a[line].iter_mut().zip(row) {
                *entry += value * other;
            }
        }
    }
    match solve(a, b) {
        Some([inverse, sigma, kappa]) if inverse > 0.0 => {
            let law = [1.0 / inverse, sigma / inverse, kappa / inverse];
            let fits = points.iter().all(|(n, _)| slowed(*n, &law) > 0.0);
            if fits { law } else { [slope(points), 0.01, 0.0001] }
        }
        _ => [slope(points), 0.01, 0.0001],
    }
}

/// What is left between a point and the law, as a share; `None` outside of the law.
fn residual((n, x): &Point, law: &Law) -> Option<f64> {
    let slowed = slowed(*n, law);
    (slowed > 0.0 && law[0] > 0.0).then(|| x.ln() - law[0].ln() - n.ln() + slowed.ln())
}

/// The residual's derivatives by ln λ, σ and κ.
fn derivatives((n, _): &Point, law: &Law) -> [f64; 3] {
    let slowed = slowed(*n, law);
    [-1.0, (n - 1.0) / slowed, n * (n - 1.0) / slowed]
}

fn squares(points: &[Point], law: &Law) -> f64 {
    points
        .iter()
        .map(|point| residual(point, law).map_or(f64::INFINITY, |residual| residual.powi(2)))
        .sum()
}

/// The normal equations at a law; what is not free is left as it is.
fn normal(points: &[Point], law: &Law, free: [bool; 3]) -> ([[f64; 3]; 3], [f64; 3]) {
    let (mut a, mut b) = ([[0.0; 3]; 3], [0.0; 3]);
    for point in points {
        let residual = residual(point, law).unwrap_or(0.0);
        let row = derivatives(point, law);
        for line in (0..3).filter(|line| free[*line]) {
            b[line] -= row[line] * residual;
            for column in (0..3).filter(|column| free[*column]) {
                a[line][column] += row[line] * row[column];
            }
        }
    }
    for place in (0..3).filter(|place| !free[*place]) {
        a[place][place] = 1.0;
    }
    (a, b)
}

/// The least squares from a law on, where only some unknowns are free.
fn least(points: &[Point], from: Law, free: [bool; 3]) -> Option<Law> {
    let mut law = from;
    let mut best = squares(points, &law);
    let mut damping = 1e-3;
    for _ in 0..STEPS {
        let (mut a, b) = normal(points, &law, free);
        for (place, row) in a.iter_mut().enumerate() {
            row[place] *= 1.0 + damping;
        }
        let step = solve(a, b)?;
        let tried = [law[0] * step[0].clamp(-5.0, 5.0).exp(), law[1] + step[1], law[2] + step[2]];
        let squares = squares(points, &tried);
        if squares < best {
            let gained = best - squares;
            (law, best) = (tried, squares);
            damping = (damping / 10.0).max(1e-12);
            if gained <= 1e-14 * best {
                break;
            }
        } else {
            damping *= 10.0;
            if damping > 1e12 {
                break;
            }
        }
    }
    best.is_finite().then_some(law)
}

/// The best law whose σ and κ are no less than 0.
fn bounded(points: &[Point], free: Law) -> Option<Law> {
    if free[1] >= 0.0 && free[2] >= 0.0 {
        return Some(free);
    }
    let start = slope(points);
    let candidates = [
        least(points, [start, 0.01, 0.0], [true, true, false]),
        least(points, [start, 0.0, 1e-4], [true, false, true]),
        least(points, [start, 0.0, 0.0], [true, false, false]),
    ];
    let keeps = candidates.into_iter().flatten().filter(|law| law[1] >= 0.0 && law[2] >= 0.0);
    keeps.min_by(|one, other| squares(points, one).total_cmp(&squares(points, other)))
}

/// Each unknown of the law with its interval, which is the free fit's as far as it makes sense.
fn estimates(points: &[Point], law: Law, free: Law) -> Option<[Estimate; 3]> {
    let freedom = points.len() - 3;
    let (a, _) = normal(points, &free, [true; 3]);
    let variance = squares(points, &free) / freedom as f64;
    let errors = inverse_diagonal(a)?.map(|value| (value.max(0.0) * variance).sqrt());
    let wide = errors.map(|error| error * student(freedom));
    Some(array::from_fn(|place| {
        let (value, middle) = (law[place], free[place]);
        // λ's error is that of its logarithm.
        let (low, high) = match place {
            0 => (middle * (-wide[0]).exp(), middle * wide[0].exp()),
            _ => (middle - wide[place], middle + wide[place]),
        };
        Estimate { value, low: low.clamp(0.0, value), high: high.max(value) }
    }))
}

/// R² of the throughputs.
fn explained(points: &[Point], law: &Law) -> f64 {
    let mean = points.iter().map(|(_, x)| x).sum::<f64>() / points.len() as f64;
    let of = |(n, x): &Point| (x - law[0] * n / slowed(*n, law)).powi(2);
    let left: f64 = points.iter().map(of).sum();
    let all: f64 = points.iter().map(|(_, x)| (x - mean).powi(2)).sum();
    if all > 0.0 { 1.0 - left / all } else { 0.0 }
}
