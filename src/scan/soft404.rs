//! What the target says to a path that does not exist, per directory and extension.
//!
//! Sites that answer unknown paths with 200 (or a redirect) would fill the site model with pages
//! that are not there. Two random names are asked for in each directory; what their answers have in
//! common is the fingerprint. Directories of one path template are one.
//!
//! Calibration may not cost more than the crawl: beyond [`FREE`] directories there is one for
//! [`PAGES_PER_CALIBRATION`] pages. What is not calibrated on its own is compared with every
//! fingerprint that is known, because a site has few ways of saying that something is not there.

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
use super::traffic::Errand;
use super::traffic::Traffic;
use crate::model::Response;
use crate::model::Seed;

/// Directories with extension that are calibrated in any case.
const FREE: usize = 16;

/// Pages that pay for one calibration more: with two requests each, four in a hundred.
const PAGES_PER_CALIBRATION: u64 = 50;

/// Fingerprints kept, and directories remembered.
const MAX_FINGERPRINTS: usize = 32;
const MAX_DIRECTORIES: usize = 10_000;

/// The fingerprints learnt so far.
pub(crate) struct Soft404 {
    seed: Seed,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    directories: BTreeMap<String, Arc<OnceCell<Option<Arc<Likeness>>>>>,
    /// Different ones.
    fingerprints: Vec<Arc<Likeness>>,
    judged: u64,
}

/// How a page is judged.
enum Judge {
    /// By the calibration of its directory.
    Own(Arc<OnceCell<Option<Arc<Likeness>>>>),
    /// By whatever is known.
    Any(Vec<Arc<Likeness>>),
}

impl Soft404 {
    pub(crate) fn new(seed: Seed) -> Self {
        Self { seed: seed.derive("soft-404"), known: Mutex::new(Known::default()) }
    }

    /// Whether a response to `url` is what the target says to any unknown path there; `directory` is
    /// the template of the directory that it stands in.
    pub(crate) async fn is_missing(
        &self,
        traffic: &Traffic,
        url: &Url,
        directory: &str,
        page: &Response,
    ) -> bool {
        let path = url.path();
        // A directory's own page answers for itself, even if it also answers for what is below it.
        if path.ends_with('/') {
            return false;
        }
        let origin = url.origin().ascii_serialization();
        let key = format!("{origin}{directory}*.{}", link::extension(path));
        let name = path.rsplit('/').next().unwrap_or_default();
        match self.judge(&key) {
            Judge::Own(cell) => {
                let likeness = cell.get_or_init(|| self.calibrate(traffic, url, &key)).await;
                likeness.as_ref().is_some_and(|known| known.is(&Shape::of(page, name, "")))
            }
            Judge::Any(known) if known.is_empty() => false,
            Judge::Any(known) => {
                let shape = Shape::of(page, name, "");
                known.iter().any(|one| one.is(&shape))
            }
        }
    }

    fn judge(&self, key: &str) -> Judge {
        let mut known = self.known.lock().expect("no holder panics");
        known.judged += 1;
        if let Some(cell) = known.directories.get(key) {
            return Judge::Own(Arc::clone(cell));
        }
        let paid = usize::try_from(known.judged / PAGES_PER_CALIBRATION).unwrap_or(usize::MAX);
        if known.directories.len() >= FREE.saturating_add(paid).min(MAX_DIRECTORIES) {
            return Judge::Any(known.fingerprints.clone());
        }
        Judge::Own(Arc::clone(known.directories.entry(key.to_owned()).or_default()))
    }

    async fn calibrate(&self, traffic: &Traffic, url: &Url, key: &str) -> Option<Arc<Likeness>> {
        let likeness = Arc::new(self.fingerprint(traffic, url, key).await?);
        let mut known = self.known.lock().expect("no holder panics");
        if known.fingerprints.len() < MAX_FINGERPRINTS && !known.fingerprints.contains(&likeness) {
            known.fingerprints.push(Arc::clone(&likeness));
        }
        Some(likeness)
    }

    async fn fingerprint(&self, traffic: &Traffic, url: &Url, key: &str) -> Option<Likeness> {
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
            let asked = traffic.exchange_for(request, Some(directory), &Errand::Crawl).await;
            let exchange = asked.ok()?;
            let response = exchange.response()?;
            if response.status >= 400 {
                return None;
            }
            shapes.push(Shape::of(response, &name, ""));
        }
        Likeness::of(&shapes)
    }
}
