//! What the analyzers of templates that fuzz look for beyond one answer.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;

use super::fuzz::placed;
use super::hit::Analysis;
use super::reflection::context;
use super::shared::{Shared, Stop};
use crate::http::SendOptions;
use crate::model::Exchange;
use crate::model::Request;
use crate::model::Target;
use crate::rules::template::{Analyzer, TimeDelay, fill_markers};
use crate::scan::delay::DelayTrial;
use crate::scan::point::InsertionPoint;

/// A change that was sent, and how to send it again.
pub(super) struct Question<'q> {
    pub(super) target: &'q Target,
    pub(super) base: &'q Request,
    pub(super) points: &'q [InsertionPoint],
    /// Values with their markers.
    pub(super) change: &'q [(usize, String)],
    /// The same as they were sent.
    pub(super) sent: &'q [(usize, String)],
    pub(super) options: &'q SendOptions,
}

/// How long an answer is waited for, where that is not as long as usual.
pub(super) fn timeout(analyzer: &Analyzer) -> Option<Duration> {
    match analyzer {
        Analyzer::TimeDelay(numbers) => Some(numbers.timeout()),
        Analyzer::XssContext => None,
    }
}

/// Values with their markers filled in; without an analyzer there are none.
pub(super) fn filled(
    analyzer: Option<&Analyzer>,
    values: &[(usize, String)],
    delay: Option<Duration>,
    random: &mut ChaCha8Rng,
) -> Vec<(usize, String)> {
    let longest = match analyzer {
        None => return values.to_vec(),
        Some(Analyzer::TimeDelay(numbers)) => numbers.sleep,
        Some(Analyzer::XssContext) => Duration::ZERO,
    };
    let delay = delay.unwrap_or(longest);
    let filled = |(index, value): &(usize, String)| (*index, fill_markers(value, delay, random));
    values.iter().map(filled).collect()
}

/// What the analyzer finds about a change and its answer, if it is what it looks for.
pub(super) async fn analysed(
    shared: &Shared,
    analyzer: &Analyzer,
    question: &Question<'_>,
    exchange: &Exchange,
    random: &mut ChaCha8Rng,
) -> Result<Option<Analysis>, Stop> {
    match analyzer {
        Analyzer::TimeDelay(numbers) => delay(shared, numbers, question, exchange, random).await,
        Analyzer::XssContext => Ok(reflection(question, exchange)),
    }
}

fn reflection(question: &Question<'_>, exchange: &Exchange) -> Option<Analysis> {
    let page = exchange.response()?.body_text();
    let found = question.sent.iter().find_map(|(_, value)| context(&page, value))?;
    Some(Analysis { details: format!("xss-reflected in {found}"), is_proof: false })
}

/// One trial at a time: those of others would be its noise.
async fn delay(
    shared: &Shared,
    numbers: &TimeDelay,
    question: &Question<'_>,
    first: &Exchange,
    random: &mut ChaCha8Rng,
) -> Result<Option<Analysis>, Stop> {
    if first.timings.wait < numbers.sleep {
        return Ok(None);
    }
    let _turn = shared.trial.lock().await;
    let mut trial = DelayTrial::new(*numbers, random);
    while let Some(wait) = trial.next() {
        let analyzer = Analyzer::TimeDelay(*numbers);
        let values = filled(Some(&analyzer), question.change, Some(wait), random);
        let request = placed(question.base, question.points, &values);
        match shared.send(question.target, request, question.options).await {
            Ok(exchange) => trial.take(exchange.timings.wait),
            Err(Stop::NoAnswer) => return Ok(None),
            Err(stop) => return Err(stop),
        }
    }
    Ok(trial.proof().map(|details| Analysis { details, is_proof: true }))
}
