//! Templates that change requests which are known already.

use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::analysis;
use super::analysis::Question;
use super::hit::{ChangedAt, Hit};
use super::judge::Answered;
use super::pending::Pending;
use super::shared::{Shared, Stop};
use super::tally::Effort;
use crate::http::SendOptions;
use crate::model::InsertionKind;
use crate::model::Request;
use crate::model::Target;
use crate::rules::template::{Change, Environment, FuzzMaking, Made, Place, Template};
use crate::scan::point::InsertionPoint;
use crate::scan::point::insertion_points;

/// Runs the fuzzing blocks of a template on one known request; what was found before an early end
/// counts.
pub(super) async fn fuzz(
    shared: &Shared,
    template: &Arc<Template>,
    base: &Request,
    effort: &Effort,
) -> (Vec<Hit>, Result<(), Stop>) {
    let target = target_of(base);
    let points = insertion_points(base);
    let mut hits = Vec::new();
    for (index, block) in template.blocks.iter().enumerate() {
        if block.fuzzing.is_none() {
            continue;
        }
        let places: Vec<Place<'_>> = points
            .iter()
            .map(|point| Place {
                kind: point.reference.kind,
                name: &point.reference.name,
                value: &point.value,
            })
            .collect();
        let changes = changes(shared, template, index, base, &target, &places);
        let analyzer = block.fuzzing.as_ref().and_then(|fuzzing| fuzzing.analyzer);
        let mut random = random(shared, template, index, base, "analyzer");
        let timeout = block.longest_timeout().max(analyzer.as_ref().and_then(analysis::timeout));
        for change in changes {
            let values = analysis::filled(analyzer.as_ref(), &change.values, None, &mut random);
            let request = placed(base, &points, &values);
            let place = place_of(base, &points, &change.values);
            let mut made = Made {
                request: request.clone(),
                bytes: None,
                url: request.url(),
                bindings: change.bindings,
                payloads: change.payloads,
                callbacks: change.callbacks,
                timeout,
                server_name: None,
            };
            let options = SendOptions { timeout: made.timeout, ..SendOptions::default() };
            let exchange = match shared.send(&target, request, &options).await {
                Ok(exchange) => exchange,
                Err(Stop::NoAnswer) => {
                    effort.unanswered();
                    continue;
                }
                Err(stop) => return (hits, Err(stop)),
            };
            effort.answered(1);
            let analysis = match &analyzer {
                None => None,
                Some(analyzer) => {
                    let question = Question {
                        target: &target,
                        base,
                        points: &points,
                        change: &change.values,
                        sent: &values,
                        options: &options,
                    };
                    let asked =
                        analysis::analysed(shared, analyzer, &question, &exchange, &mut random);
                    match asked.await {
                        Ok(analysis) => analysis,
                        Err(stop) => return (hits, Err(stop)),
                    }
                }
            };
            if let Some(analysis) = &analysis {
                made.bindings.set("analyzer", "true");
                made.bindings.set("analyzer_details", analysis.details.as_str());
            }
            let answered = Answered::new(template, &target, block, &made, &exchange);
            let mut found = answered.hits(&answered.judge(shared));
            for hit in &mut found {
                hit.place = Some(place.clone());
                hit.analysis.clone_from(&analysis);
            }
            let has_found = !found.is_empty();
            hits.extend(found);
            if !made.callbacks.is_empty() {
                effort.wait();
                shared.wait_for(Pending {
                    template: Arc::clone(template),
                    target: target.clone(),
                    block: index,
                    made,
                    exchange,
                    history: Vec::new(),
                    place: Some(place),
                });
            }
            if has_found && (block.stop_at_first_match || template.stop_at_first_match) {
                break;
            }
        }
    }
    (hits, Ok(()))
}

fn changes(
    shared: &Shared,
    template: &Template,
    index: usize,
    base: &Request,
    target: &Target,
    places: &[Place<'_>],
) -> Vec<Change> {
    let mut random = random(shared, template, index, base, "");
    let mut environment = Environment::new(&mut random, shared.now_unix());
    let callbacks = shared.callbacks.as_ref();
    let callback = move || callbacks.map(|callbacks| callbacks.new_url());
    let making = FuzzMaking {
        template,
        block: &template.blocks[index],
        base,
        target,
        given: &shared.options.given,
        attack: shared.options.attack,
        callback: &callback,
    };
    making.changes(places, &mut environment)
}

/// The same seed gives the same values to the same request, in whatever order templates run.
fn random(
    shared: &Shared,
    template: &Template,
    index: usize,
    base: &Request,
    what: &str,
) -> ChaCha8Rng {
    let name = format!("{} {} {index}{what}", template.info.path, base.url());
    ChaCha8Rng::seed_from_u64(shared.seed.derive(&name).0)
}

/// A known request as a target.
pub(super) fn target_of(request: &Request) -> Target {
    Target {
        origin: request.origin.clone(),
        path_and_query: request.path_and_query_text().into_owned(),
    }
}

/// Where the change is, for whoever reads of it.
fn place_of(base: &Request, points: &[InsertionPoint], values: &[(usize, String)]) -> ChangedAt {
    let path_and_query = base.path_and_query_text();
    let one = match values {
        [(index, _)] => points.get(*index),
        _ => None,
    };
    let plain = || path_and_query.split('?').next().unwrap_or_default().to_owned();
    ChangedAt {
        point: one.map(|point| point.reference.clone()),
        path: one.map_or_else(plain, |point| point.open_path(&path_and_query)),
    }
}

/// Where places are escaped, payloads are written with their escapes: `%0d%0a` is a line break there.
fn written(kind: InsertionKind, value: &str) -> Cow<'_, str> {
    match kind {
        InsertionKind::Query | InsertionKind::Form | InsertionKind::Path => {
            percent_decode_str(value).decode_utf8().unwrap_or(Cow::Borrowed(value))
        }
        InsertionKind::Json
        | InsertionKind::Header
        | InsertionKind::Cookie
        | InsertionKind::Xml
        | InsertionKind::File
        | InsertionKind::ParameterName
        | InsertionKind::RawQuery
        | InsertionKind::HeaderName => Cow::Borrowed(value),
    }
}

/// A known request with other values in some places.
pub(super) fn placed(
    base: &Request,
    points: &[InsertionPoint],
    values: &[(usize, String)],
) -> Request {
    let mut request = base.clone();
    for (index, value) in values {
        if let Some(point) = points.get(*index) {
            request = point.place(&request, &written(point.reference.kind, value));
        }
    }
    request
}
