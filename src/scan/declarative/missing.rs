//! What a target says to paths that are not there, to the letter, so that a template does not ask for one of
//! them again and again.
//!
//! For a folder, a method and an ending of the name, two random names are asked for. Where both answers are
//! the same (status and body, with the name asked for taken out of it), that is an answer to what is not
//! there; where they differ, the folder says nothing. A page is missing if it is answered so, there or
//! anywhere else at the same origin: sites have few ways of saying it, so most folders cost nothing.
//!
//! Deliberately not more than that: that one path is missing says nothing about any other path, nor about
//! another method.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use tokio::sync::OnceCell;

use super::shared::{Shared, Stop};
use crate::http::SendOptions;
use crate::model::Exchange;
use crate::model::Method;
use crate::model::Origin;
use crate::model::Request;
use crate::model::Target;

/// Folders that are remembered.
const MAX_FOLDERS: usize = 10_000;

/// Different answers that are remembered of one origin and method.
const MAX_ANSWERS: usize = 16;

/// Letters of a random name.
const NAME: usize = 12;

/// What is answered, without what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: u16,
    location: Option<Vec<u8>>,
    body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Folder {
    origin: Origin,
    method: Method,
    path: String,
    ending: String,
}

/// Answers by folder.
#[derive(Debug, Default)]
pub(super) struct Missing {
    known: Mutex<HashMap<Folder, Arc<OnceCell<Option<Answer>>>>>,
    /// What was learnt anywhere, by origin and method.
    answers: Mutex<HashMap<(Origin, Method), Vec<Answer>>>,
}

impl Missing {
    /// Whether an answer is the one to what is not there. Asks twice for each new folder.
    pub(super) async fn is_missing(
        &self,
        shared: &Shared,
        target: &Target,
        exchange: &Exchange,
    ) -> Result<bool, Stop> {
        let request = &exchange.request;
        // Other methods change something, or have no body to compare.
        if !matches!(request.method.as_str(), "GET" | "POST") {
            return Ok(false);
        }
        let Some(seen) = answer(exchange) else { return Ok(false) };
        let way = (request.origin.clone(), request.method.clone());
        if self.answers().get(&way).is_some_and(|answers| answers.contains(&seen)) {
            return Ok(true);
        }
        let path = path(request);
        let Some((folder, name)) = path.rsplit_once('/').filter(|(_, name)| !name.is_empty())
        else {
            return Ok(false);
        };
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let place = Folder {
            origin: request.origin.clone(),
            method: request.method.clone(),
            path: folder.to_owned(),
            ending: ending.to_owned(),
        };
        let cell = {
            let mut known = self.known.lock().expect("no holder panics");
            if known.len() >= MAX_FOLDERS && !known.contains_key(&place) {
                return Ok(false);
            }
            Arc::clone(known.entry(place.clone()).or_default())
        };
        let learnt = cell.get_or_try_init(|| learn(shared, target, &place)).await?;
        if let Some(learnt) = learnt {
            let mut all = self.answers();
            let answers = all.entry(way).or_default();
            if !answers.contains(learnt) && answers.len() < MAX_ANSWERS {
                answers.push(learnt.clone());
            }
        }
        Ok(learnt.as_ref() == Some(&seen))
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<(Origin, Method), Vec<Answer>>> {
        self.answers.lock().expect("no holder panics")
    }
}

/// What two random names have in common, if that is everything.
async fn learn(shared: &Shared, target: &Target, place: &Folder) -> Result<Option<Answer>, Stop> {
    let seed = shared.seed.derive(&format!("missing {place:?}"));
    let mut random = ChaCha8Rng::seed_from_u64(seed.0);
    let mut answers = Vec::new();
    for _ in 0..2 {
        let mut path = format!("{}/", place.path);
        path.extend((0..NAME).map(|_| char::from(random.random_range(b'a'..=b'z'))));
        if !place.ending.is_empty() {
            path.push('.');
            path.push_str(&place.ending);
        }
        let mut request = Request::get(place.origin.clone(), path);
        request.method = place.method.clone();
        match shared.send(target, request, &SendOptions::default()).await {
            Ok(exchange) => answers.push(answer(&exchange)),
            Err(Stop::NoAnswer | Stop::OutOfScope) => return Ok(None),
            Err(stop) => return Err(stop),
        }
    }
    let [Some(first), Some(second)] = &answers[..] else { return Ok(None) };
    Ok((first == second).then(|| first.clone()))
}

fn path(request: &Request) -> String {
    let text = request.path_and_query_text();
    text.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// An answer without what was asked for; `None` where it is not whole.
fn answer(exchange: &Exchange) -> Option<Answer> {
    let response = exchange.response().filter(|response| !response.truncated)?;
    let target = exchange.request.path_and_query_text().into_owned();
    let path = path(&exchange.request);
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    // The longest first: what is left of it would be another text each time.
    let without = |text: &[u8]| {
        let mut text = String::from_utf8_lossy(text).into_owned();
        for asked in [&target, &path, &name] {
            if asked.len() > 1 {
                text = text.replace(asked.as_str(), "");
            }
        }
        text.into_bytes()
    };
    Some(Answer {
        status: response.status,
        location: response.header("location").map(|header| without(&header.value)),
        body: without(&response.body),
    })
}
