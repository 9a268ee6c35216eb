//! Three unknowns, and the two distributions that say how well they are known.

/// Solves `a · x = b`; `None` where the equations do not determine `x`.
pub(super) fn solve(mut a: [[f64; 3]; 3], mut b: [f64; 3]) -> Option<[f64; 3]> {
    for column in 0..3 {
        let pivot = (column..3)
            .max_by(|one, other| a[*one][column].abs().total_cmp(&a[*other][column].abs()))?;
        if a[pivot][column].abs() < 1e-300 {
            return None;
        }
        a.swap(column, pivot);
        b.swap(column, pivot);
        for row in column + 1..3 {
            let factor = a[row][column] / a[column][column];
            let upper = a[column];
            for (entry, above) in a[row].iter_mut().zip(upper) {
                *entry -= factor * above;
            }
            b[row] -= factor * b[column];
        }
    }
    let mut x = [0.0; 3];
    for row in (0..3).rev() {
        let known: f64 = (row + 1..3).map(|column| a[row][column] * x[column]).sum();
        x[row] = (b[row] - known) / a[row][row];
    }
    x.iter().all(|value| value.is_finite()).then_some(x)
}

/// The diagonal of the inverse.
pub(super) fn inverse_diagonal(a: [[f64; 3]; 3]) -> Option<[f64; 3]> {
    let mut diagonal = [0.0; 3];
    for (place, value) in diagonal.iter_mut().enumerate() {
        let mut unit = [0.0; 3];
        unit[place] = 1.0;
        *value = solve(a, unit)?[place];
    }
    Some(diagonal)
}

/// Between −t and t lie 95 % of Student's distribution with so many degrees of freedom.
pub(super) fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042,
    ];
    match freedom {
        0 => f64::INFINITY,
        few @ 1..=30 => TABLE[few - 1],
        // Within 0.001 of the true value.
        many => 1.96 + 2.46 / many as f64,
    }
}

/// How often chance alone gives an F of two and so many degrees of freedom that is as great: the one
/// case of the distribution that has a closed form.
pub(super) fn chance_of_f(f: f64, freedom: usize) -> f64 {
    let d = freedom as f64;
    (1.0 + 2.0 * f.max(0.0) / d).powf(-d / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved_whatever_their_order() {
        let a = [[0.0, 2.0, 1.0], [1.0, 1.0, 1.0], [2.0, 0.0, 3.0]];
        let x = solve(a, [7.0, 6.0, 11.0]).expect("determined");
        for (row, b) in a.iter().zip([7.0, 6.0, 11.0]) {
            let sum: f64 = row.iter().zip(x).map(|(a, x)| a * x).sum();
            assert!((sum - b).abs() < 1e-12);
        }
        assert_eq!(solve([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 0.0, 1.0]], [1.0; 3]), None);
    }

    #[test]
    fn tables_are_those_of_the_books() {
        assert!((student(40) - 2.021).abs() < 2e-3);
        assert!((student(120) - 1.980).abs() < 2e-3);
        // F(2, 10) is above 4.103 once in twenty.
        assert!((chance_of_f(4.103, 10) - 0.05).abs() < 1e-4);
    }
}
