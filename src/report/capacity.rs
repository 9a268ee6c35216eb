//! What a search for the capacity found, in words: for the summary and for Markdown.

use crate::model::Capacity;
use crate::model::CapacityModel;
use crate::model::Level;
use crate::model::Report;
use crate::model::Scalability;
use crate::model::SearchEnd;
use crate::model::SecondInstance;
use crate::model::Steadiness;
use crate::model::Used;
use crate::model::UslFit;
use crate::model::format_duration;
use crate::model::format_number;
use crate::model::hit_ratio;
use crate::model::inert;
use crate::model::plural;

use super::figures::percent;
use super::figures::saved_by_cache;

/// Characters of a sentence.
const LINE: usize = 300;

/// What stands in bold: the answer, or that there is none.
pub(super) fn answer(capacity: &Capacity) -> String {
    let amount = |asked| capacity.model.amount(asked);
    match (capacity.answer, &capacity.end) {
        (Some(answer), SearchEnd::MaxReached) => {
            format!("at least {}: the highest level meets the objective", amount(answer))
        }
        (Some(answer), SearchEnd::Generator) => {
            format!("at least {}: above it the generator was at its limit", amount(answer))
        }
        (Some(answer), SearchEnd::CutShort(_)) => {
            format!("at least {}, as far as the search went", amount(answer))
        }
        (Some(answer), SearchEnd::Found | SearchEnd::NoneMet) => amount(answer),
        (None, _) => "no level met the objective".to_owned(),
    }
}

/// Names and sentences, the answer left out.
pub(super) fn facts(report: &Report, capacity: &Capacity) -> Vec<(&'static str, String)> {
    let amount = |asked| capacity.model.amount(asked);
    let mut facts = vec![("objective", capacity.slo.join(", "))];
    facts.extend(bracket(capacity).map(|text| ("between", text)));
    if let SearchEnd::CutShort(why) = &capacity.end {
        facts.push(("cut short", why.clone()));
    }
    if let Some(least) = capacity.at_least {
        let met = capacity.answer.is_some_and(|answer| answer >= least);
        facts.push((
            "wanted",
            format!("at least {}: {}", amount(least), if met { "met" } else { "not met" }),
        ));
    }
    facts.extend(capacity.knee.map(|knee| {
        let mean = format_duration(knee.mean);
        let text = format!(
            "{}: beyond it, time grows faster than throughput ({} requests/s at {mean} on average)",
            amount(knee.asked),
            figure(knee.throughput)
        );
        ("knee", text)
    }));
    if let Some(level) = capacity.in_operation() {
        let text =
            format!("{} in operation keeps {} free", amount(level), percent(capacity.reserve));
        facts.push(("headroom", text));
    }
    facts.push(match &capacity.scalability {
        Scalability::Fitted(fit) => ("law", law(fit, capacity.saturated_levels)),
        Scalability::Refused(why) => ("law", format!("no scalability law: {why}")),
    });
    facts.extend(capacity.second.map(|second| ("second", second_instance(capacity, second))));
    facts.extend(cost(report, capacity).map(|text| ("cost", text)));
    facts.extend(instances(report, capacity).map(|text| ("instances", text)));
    facts.extend(capacity.suspects.iter().map(|suspect| ("suspect", suspect.sentence())));
    facts.extend(capacity.not_isolated.clone().map(|why| ("suspects", format!("left out: {why}"))));
    facts.into_iter().map(|(name, text)| (name, inert(&text, LINE))).collect()
}

/// The two levels on either side of the limit.
fn bracket(capacity: &Capacity) -> Option<String> {
    let (answer, failing) = (capacity.answer?, capacity.failing?);
    let gap = percent(capacity.gap()?);
    let amount = |asked| capacity.model.amount(asked);
    let both = format!("{} meets it, {} does not ({gap} apart)", amount(answer), amount(failing));
    Some(if capacity.end == SearchEnd::Found { both } else { format!("{both}; not narrowed down") })
}

/// The universal scalability law with its unknowns.
fn law(fit: &UslFit, saturated: usize) -> String {
    let parameter = |name: &str, one: &crate::model::Estimate| {
        format!("{name} {} ({}–{})", figure(one.value), figure(one.low), figure(one.high))
    };
    let unknowns = [
        parameter("λ", &fit.lambda),
        parameter("σ", &fit.sigma),
        parameter("κ", &fit.kappa),
        format!("R² {:.3}", fit.r_squared),
    ];
    let peak = match fit.peak() {
        Some((n, x)) => {
            let beyond = if fit.is_extrapolated(n) {
                format!(", extrapolated: {} were measured", figure(fit.measured.1))
            } else {
                String::new()
            };
            format!("at most {} requests/s, with {} at once{beyond}", figure(x), figure(n))
        }
        None => "throughput never falls".to_owned(),
    };
    let left_out = match saturated {
        0 => String::new(),
        some => format!(
            "; without {} at which the generator was at its limit",
            plural(some as u64, "level", "levels")
        ),
    };
    format!("{}; {peak}{left_out}", unknowns.join(", "))
}

fn second_instance(capacity: &Capacity, second: SecondInstance) -> String {
    let amount = |asked| capacity.model.amount(rounded(asked));
    let separate = format!("up to {} if two share nothing", amount(second.separate));
    let shared = second
        .shared
        .map(|shared| format!(", {} if they share what holds one back", amount(shared)));
    format!("{separate}{} (extrapolated)", shared.unwrap_or_default())
}

/// What a million requests cost at the answer.
fn cost(report: &Report, capacity: &Capacity) -> Option<String> {
    let cost = report.run.as_ref()?.cost.as_ref()?;
    let level = capacity.at_answer()?;
    let used = Used::of_level(level, hit_ratio(&report.total()))?;
    let parts = cost.parts(&used);
    // One part is the whole.
    let of = match parts.len() {
        0 | 1 => String::new(),
        _ => {
            let of: Vec<String> = parts
                .iter()
                .map(|(name, amount)| format!("{name} {}", cost.amount(*amount)))
                .collect();
            format!(" ({})", of.join(", "))
        }
    };
    let saved = saved_by_cache(cost, &used, &report.total());
    Some(format!(
        "{} per million requests at {}{of}{}",
        cost.amount(cost.per_million(&used)),
        capacity.model.amount(level.asked),
        saved.map(|saved| format!("; {saved}")).unwrap_or_default()
    ))
}

/// How many instances what was asked for takes.
fn instances(report: &Report, capacity: &Capacity) -> Option<String> {
    let wanted = capacity.wanted?;
    let cost = report.run.as_ref().and_then(|run| run.cost.as_ref());
    let present = report.instances();
    let count = capacity.instances_for(wanted, present)?;
    let price = cost
        .filter(|cost| cost.price_per_hour > 0.0)
        .map(|cost| format!(", {}/h", cost.amount(f64::from(count) * cost.price_per_hour)));
    let free = capacity.headroom(wanted).filter(|free| count <= present && *free >= 0.0);
    let free = free.map(|free| format!(", {} of the measured capacity free", percent(free)));
    let extrapolated =
        if count > present { " (extrapolated: as if they shared nothing)" } else { "" };
    Some(format!(
        "{} for {} with {} free{}{}{extrapolated}",
        plural(u64::from(count), "instance", "instances"),
        capacity.model.amount(wanted),
        percent(capacity.reserve),
        price.unwrap_or_default(),
        free.unwrap_or_default()
    ))
}

/// One level's cells: level, requests/s, p95, failed, state, in a few words.
pub(super) fn row(capacity: &Capacity, level: &Level) -> [String; 6] {
    let p95 = level.latency.map_or_else(|| "-".to_owned(), |[_, p95, ..]| format_duration(p95));
    [
        capacity.model.amount(level.asked),
        format!("{}/s", figure(level.throughput)),
        figure(level.concurrency),
        p95,
        percent(level.failed),
        state(level),
    ]
}

/// Titles of [`row`].
pub(super) fn columns(model: CapacityModel) -> [&'static str; 6] {
    let asked = match model {
        CapacityModel::Rate => "rate",
        CapacityModel::Users => "users",
    };
    [asked, "answered", "at once", "p95", "failed", ""]
}

fn state(level: &Level) -> String {
    let seconds = format_duration(level.length());
    let text = match (&level.generator, level.steadiness) {
        (_, Steadiness::Unfinished) => format!("not finished after {seconds}"),
        (Some(why), _) => why.clone(),
        (None, Steadiness::Noisy) if level.meets() => format!("met over {seconds}, not at rest"),
        (None, _) if level.meets() => format!("met over {seconds}"),
        (None, _) => level.broken.join("; "),
    };
    inert(&text, LINE)
}

/// Below this, zeros behind the point are hard to count.
const SMALL: f64 = 1e-3;

/// Three digits are enough for people.
fn figure(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format_number(value);
    }
    if value.abs() < SMALL {
        return format!("{value:.2e}");
    }
    let rounded = rounded(value);
    if value.abs() < 1.0 { rounded.to_string() } else { format_number(rounded) }
}

/// The same as a number, for what was not measured.
fn rounded(value: f64) -> f64 {
    let scale = 10_f64.powf((2.0 - value.abs().max(1e-9).log10().floor()).max(0.0));
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn three_digits_are_shown() {
        let shown = [9.678e-6, 0.001_234_5, 0.1, 1.236, 41.26, 1234.4, 0.0].map(figure);
        assert_eq!(shown, ["9.68e-6", "0.00123", "0.1", "1.24", "41.3", "1234", "0"]);
    }
}
