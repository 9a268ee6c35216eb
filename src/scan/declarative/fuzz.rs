//! Templates that change requests which are known already.

use std::sync::Arc;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::hit::Hit;
use super::pending::Pending;
use super::run::{hits_of, judged};
use super::shared::{Shared, Stop};
use crate::http::SendOptions;
use crate::model::Request;
use crate::model::Target;
use crate::rules::template::{Change, Environment, FuzzMaking, Made, Place, Template};
use crate::scan::point::InsertionPoint;
use crate::scan::point::insertion_points;

/// Runs the fuzzing blocks of a template on one known request.
pub(super) async fn fuzz(
    shared: &Shared,
    template: &Arc<Template>,
    base: &Request,
) -> Result<Vec<Hit>, Stop> {
    let target = Target {
        origin: base.origin.clone(),
        path_and_query: base.path_and_query_text().into_owned(),
    };
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
        for change in changes {
            let request = placed(base, &points, &change.values);
            let made = Made {
                request: request.clone(),
                bytes: None,
                url: request.url(),
                bindings: change.bindings,
                payloads: change.payloads,
                callbacks: change.callbacks,
                timeout: block.longest_timeout(),
                server_name: None,
            };
            let options = SendOptions { timeout: made.timeout, ..SendOptions::default() };
            let exchange = match shared.send(&target, request, &options).await {
                Ok(exchange) => exchange,
                Err(Stop::NoAnswer) => continue,
                Err(stop) => return Err(stop),
            };
            let verdict =
                judged(shared, template, &target, block, &made, &exchange, &[], &[], None);
            let found = hits_of(template, &target, &verdict, &made, &exchange);
            let has_found = !found.is_empty();
            hits.extend(found);
            if !made.callbacks.is_empty() {
                shared.wait_for(Pending {
                    template: Arc::clone(template),
                    target: target.clone(),
                    block: index,
                    made,
                    exchange,
                    history: Vec::new(),
                });
            }
            if has_found && (block.stop_at_first_match || template.stop_at_first_match) {
                break;
            }
        }
    }
    Ok(hits)
}

fn changes(
    shared: &Shared,
    template: &Template,
    index: usize,
    base: &Request,
    target: &Target,
    places: &[Place<'_>],
) -> Vec<Change> {
    let seed = shared.seed.derive(&format!("{} {} {index}", template.info.path, base.url()));
    let mut random = ChaCha8Rng::seed_from_u64(seed.0);
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

fn placed(base: &Request, points: &[InsertionPoint], values: &[(usize, String)]) -> Request {
    let mut request = base.clone();
    for (index, value) in values {
        if let Some(point) = points.get(*index) {
            request = point.place(&request, value);
        }
    }
    request
}
