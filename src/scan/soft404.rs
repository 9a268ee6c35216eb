//! What the target says to a path that does not exist, per directory and extension.
//!
//! Sites that answer unknown paths with 200 (or a redirect) would fill the site model with pages
//! that are not there. Two random names are asked for in each directory; what their answers have in
//! common is the fingerprint.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use tokio::sync::OnceCell;
use url::Url;

use super::likeness::Likeness;
use super::likeness::Shape;
use super::link;
use super::traffic::Traffic;
use crate::model::Response;
use crate::model::Seed;

/// Directories (with extension) that are calibrated on their own; the rest is taken as found.
const MAX_CALIBRATED: usize = 64;

/// The fingerprints learnt so far.
pub(crate) struct Soft404 {
    seed: Seed,
    known: Mutex<BTreeMap<String, Arc<OnceCell<Option<Likeness>>>>>,
}

impl Soft404 {
    pub(crate) fn new(seed: Seed) -> Self {
        Self { seed: seed.derive("soft-404"), known: Mutex::new(BTreeMap::new()) }
    }

    /// Whether a response to `url` is what the target says to any unknown path there.
    pub(crate) async fn is_missing(&self, traffic: &Traffic, url: &Url, page: &Response) -> bool {
        let path = url.path();
        // A directory's own page answers for itself, even if it also answers for what is below it.
        if path.ends_with('/') {
            return false;
        }
        let key = format!("{}*.{}", link::directory(path), link::extension(path));
        let Some(cell) = self.cell(&key) else { return false };
        let likeness = cell.get_or_init(|| self.calibrate(traffic, url, &key)).await;
        let name = path.rsplit('/').next().unwrap_or_default();
        likeness.as_ref().is_some_and(|known| known.is(&Shape::of(page, name, "")))
    }

    /// Directories that could not be calibrated any more are judged by status alone.
    fn cell(&self, key: &str) -> Option<Arc<OnceCell<Option<Likeness>>>> {
        let mut known = self.known.lock().expect("no holder panics");
        if !known.contains_key(key) && known.len() >= MAX_CALIBRATED {
            return None;
        }
        Some(Arc::clone(known.entry(key.to_owned()).or_default()))
    }

    async fn calibrate(&self, traffic: &Traffic, url: &Url, key: &str) -> Option<Likeness> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed.derive(key).0);
        let extension = link::extension(url.path());
        let mut shapes = Vec::new();
        for _ in 0..2 {
            let word: String = (0..14).map(|_| rng.random_range('a'..='z')).collect();
            let name = if extension.is_empty() { word } else { format!("{word}.{extension}") };
            let mut probe = url.clone();
            probe.set_query(None);
            probe.set_path(&format!("{}{name}", link::directory(url.path())));
            let directory = link::directory(url.path()).to_owned();
            let request = link::get(&probe)?;
            let exchange = traffic.exchange_for(request, Some(directory)).await.ok()?;
            let response = exchange.response()?;
            if response.status >= 400 {
                return None;
            }
            shapes.push(Shape::of(response, &name, ""));
        }
        Likeness::of(&shapes)
    }
}
