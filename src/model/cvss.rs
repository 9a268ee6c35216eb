//! The base score of a CVSS 3.x vector.

/// The base score, 0.0–10.0, of a CVSS 3.0 or 3.1 vector; `None` when a base metric is missing or
/// unknown. Temporal and environmental metrics are ignored.
///
/// The formula is section 7.1 of <https://www.first.org/cvss/v3.1/specification-document>, its
/// rounding appendix A.
pub fn cvss_base_score(vector: &str) -> Option<f64> {
    let (version, metrics) = vector.split_once('/')?;
    if !matches!(version, "CVSS:3.0" | "CVSS:3.1") {
        return None;
    }
    let value = |name: &str| {
        metrics.split('/').find_map(|metric| metric.split_once(':').filter(|(key, _)| *key == name))
    };
    let scope_changed = match value("S")?.1 {
        "U" => false,
        "C" => true,
        _ => return None,
    };
    let weight = |name: &str, table: &[(&str, f64)]| {
        let (_, level) = value(name)?;
        table.iter().find(|(key, _)| *key == level).map(|(_, weight)| *weight)
    };
    let impact_table = [("H", 0.56), ("L", 0.22), ("N", 0.0)];
    let (confidentiality, integrity, availability) =
        (weight("C", &impact_table)?, weight("I", &impact_table)?, weight("A", &impact_table)?);
    let privileges = if scope_changed {
        weight("PR", &[("N", 0.85), ("L", 0.68), ("H", 0.5)])?
    } else {
        weight("PR", &[("N", 0.85), ("L", 0.62), ("H", 0.27)])?
    };
    let exploitability = 8.22
        * weight("AV", &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)])?
        * weight("AC", &[("L", 0.77), ("H", 0.44)])?
        * privileges
        * weight("UI", &[("N", 0.85), ("R", 0.62)])?;
    let sub_score = 1.0 - (1.0 - confidentiality) * (1.0 - integrity) * (1.0 - availability);
    let impact = if scope_changed {
        7.52 * (sub_score - 0.029) - 3.25 * (sub_score - 0.02).powi(15)
    } else {
        6.42 * sub_score
    };
    if impact <= 0.0 {
        return Some(0.0);
    }
    let sum = impact + exploitability;
    Some(round_up((if scope_changed { 1.08 * sum } else { sum }).min(10.0)))
}

/// The smallest number with one decimal that is not below `value`, immune to binary fractions.
fn round_up(value: f64) -> f64 {
    let scaled = (value * 100_000.0).round();
    if scaled % 10_000.0 == 0.0 {
        scaled / 100_000.0
    } else {
        ((scaled / 10_000.0).floor() + 1.0) / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors and scores as the specification's own examples document publishes them.
    #[test]
    fn published_examples_have_their_published_scores() {
        for (vector, score) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
            ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ] {
            assert_eq!(cvss_base_score(vector), Some(score), "{vector}");
        }
    }

    #[test]
    fn incomplete_and_foreign_vectors_have_no_score() {
        for vector in ["", "CVSS:3.1/", "CVSS:3.1/AV:N", "CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:P/A:P"] {
            assert_eq!(cvss_base_score(vector), None, "{vector}");
        }
    }
}
