//! The base score of a CVSS 3.x vector (<https://www.first.org/cvss/v3.1/specification-document>,
//! §7; its rounding is appendix A).

/// The base score of a CVSS 3.0 or 3.1 vector, 0.0–10.0; temporal and environmental metrics behind
/// the base metrics are ignored.
///
/// # Errors
/// Which part of the vector is wrong, as a sentence.
pub fn cvss_base_score(vector: &str) -> Result<f64, String> {
    let rest = vector
        .strip_prefix("CVSS:3.1/")
        .or_else(|| vector.strip_prefix("CVSS:3.0/"))
        .ok_or_else(|| format!("`{vector}` does not start with CVSS:3.1/ or CVSS:3.0/"))?;
    let parts: Vec<(&str, &str)> =
        rest.split('/').map(|part| part.split_once(':').unwrap_or((part, ""))).take(8).collect();
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    if names != ["AV", "AC", "PR", "UI", "S", "C", "I", "A"] {
        return Err(format!("`{vector}` does not list AV AC PR UI S C I A in this order"));
    }
    let changed = choose(parts[4], &[("U", 0.0), ("C", 1.0)])? > 0.0;
    let privileges = if changed {
        [("N", 0.85), ("L", 0.68), ("H", 0.5)]
    } else {
        [("N", 0.85), ("L", 0.62), ("H", 0.27)]
    };
    let exploitability = 8.22
        * choose(parts[0], &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)])?
        * choose(parts[1], &[("L", 0.77), ("H", 0.44)])?
        * choose(parts[2], &privileges)?
        * choose(parts[3], &[("N", 0.85), ("R", 0.62)])?;
    let mut kept = 1.0;
    for part in &parts[5..] {
        kept *= 1.0 - choose(*part, &[("N", 0.0), ("L", 0.22), ("H", 0.56)])?;
    }
    Ok(score(1.0 - kept, exploitability, changed))
}

fn choose((name, value): (&str, &str), weights: &[(&str, f64)]) -> Result<f64, String> {
    let found = weights.iter().find(|(known, _)| *known == value);
    found.map(|(_, weight)| *weight).ok_or_else(|| format!("`{name}:{value}` is not in CVSS 3"))
}

fn score(base: f64, exploitability: f64, changed: bool) -> f64 {
    let impact =
        if changed { 7.52 * (base - 0.029) - 3.25 * (base - 0.02).powi(15) } else { 6.42 * base };
    if impact <= 0.0 {
        return 0.0;
    }
    let factor = if changed { 1.08 } else { 1.0 };
    round_up((factor * (impact + exploitability)).min(10.0))
}

/// The smallest tenth that is not smaller, on five decimals (Appendix A: no floating-point drift).
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
    use super::cvss_base_score;

    /// Scores published with the specification's examples and in the NVD.
    #[test]
    fn published_scores_are_reproduced() {
        for (vector, score) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
            ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
            ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
            ("CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:N", 0.0),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O", 9.8),
        ] {
            let found = cvss_base_score(vector).expect("a valid vector");
            assert!((found - score).abs() < 1e-9, "{vector}: {found}");
        }
    }

    #[test]
    fn wrong_vectors_are_named() {
        assert!(cvss_base_score("AV:N").is_err_and(|text| text.contains("CVSS:3.1/")));
        assert!(cvss_base_score("CVSS:3.1/AV:N/AC:L").is_err_and(|text| text.contains("AV AC PR")));
        assert!(
            cvss_base_score("CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
                .is_err_and(|text| text.contains("`AV:X`"))
        );
    }
}
