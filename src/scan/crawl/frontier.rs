//! What is still to be fetched, in an order that shows one of everything early.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;

use url::Url;

use crate::model::OperationSource;
use crate::model::Request;
use crate::model::stateless_shape;
use crate::scan::link;
use crate::scan::link::Class;

/// Requests of one class (method, path shape, parameter set): a calendar or a list of articles is
/// known after a few.
const MAX_PER_CLASS: u32 = 12;

/// Requests of one path shape over all parameter sets.
const MAX_PER_SHAPE: u32 = 48;

/// Something to fetch.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) request: Request,
    pub(crate) url: Url,
    pub(crate) class: Class,
    /// Links from the start.
    pub(crate) depth: u32,
    /// Redirects in a row that led here.
    pub(crate) hops: u32,
    pub(crate) source: OperationSource,
    /// The plan's template.
    pub(crate) path_template: Option<String>,
    /// Statuses that count as reached; empty means below 400.
    pub(crate) expected_statuses: Vec<u16>,
    /// Asked for on a guess (`/robots.txt`, a text that looks like an address): no operation unless it
    /// exists.
    pub(crate) guess: bool,
    /// The page that has loaded it, if it is no page itself.
    pub(crate) page: Option<Url>,
}

impl Item {
    /// The same for every spelling of the same request.
    pub(crate) fn key(&self) -> String {
        let body = String::from_utf8_lossy(&self.request.body);
        format!("{}\0{}\0{body}", self.class.method, link::canonical(&self.url))
    }
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It will be fetched.
    Queued,
    /// It was offered before.
    Known,
    /// There are enough of its kind.
    EnoughOfItsKind,
    /// The queue is full.
    Full,
}

/// The queue: the least-seen class first, then the shallowest, then the oldest.
#[derive(Debug)]
pub(crate) struct Frontier {
    waiting: BTreeMap<Class, VecDeque<Item>>,
    seen: BTreeSet<String>,
    taken: BTreeMap<Class, u32>,
    /// Fetches per directory shape: a thousand slugs in one directory are of one kind too.
    taken_in: BTreeMap<String, u32>,
    offered_class: BTreeMap<Class, u32>,
    offered_shape: BTreeMap<(String, String), u32>,
    length: usize,
    capacity: usize,
}

impl Frontier {
    /// Holds at most `capacity` waiting items.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            waiting: BTreeMap::new(),
            seen: BTreeSet::new(),
            taken: BTreeMap::new(),
            taken_in: BTreeMap::new(),
            offered_class: BTreeMap::new(),
            offered_shape: BTreeMap::new(),
            length: 0,
            capacity,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Whether an item of this key was ever taken.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.seen.contains(key)
    }

    /// Takes an item unless it is known or there are enough of its kind.
    pub(crate) fn offer(&mut self, item: Item) -> Offer {
        if self.length >= self.capacity || self.seen.len() >= self.capacity * 4 {
            return Offer::Full;
        }
        if !self.seen.insert(item.key()) {
            return Offer::Known;
        }
        let of_class = self.offered_class.entry(item.class.clone()).or_insert(0);
        let shape = (item.class.method.clone(), item.class.shape.clone());
        let of_shape = self.offered_shape.entry(shape).or_insert(0);
        // What the plan names is always wanted.
        let capped = item.source == OperationSource::Crawl
            && (*of_class >= MAX_PER_CLASS || *of_shape >= MAX_PER_SHAPE);
        if capped {
            return Offer::EnoughOfItsKind;
        }
        *of_class += 1;
        *of_shape += 1;
        self.length += 1;
        self.waiting.entry(item.class.clone()).or_default().push_back(item);
        Offer::Queued
    }

    /// Takes an item once more that was taken before.
    pub(crate) fn offer_again(&mut self, item: Item) {
        if self.length < self.capacity {
            self.length += 1;
            self.waiting.entry(item.class.clone()).or_default().push_back(item);
        }
    }

    /// The item to fetch next.
    pub(crate) fn take(&mut self) -> Option<Item> {
        let best = self
            .waiting
            .iter()
            .filter_map(|(class, items)| {
                let first = items.front()?;
                let taken = self.taken.get(class).copied().unwrap_or(0);
                let nearby = self.taken_in.get(&directory_shape(&first.url)).copied().unwrap_or(0);
                Some(((taken, first.depth + nearby / 8, first.depth), class))
            })
            .min()?
            .1
            .clone();
        let items = self.waiting.get_mut(&best)?;
        let item = items.pop_front()?;
        if items.is_empty() {
            self.waiting.remove(&best);
        }
        self.length -= 1;
        *self.taken.entry(best).or_insert(0) += 1;
        *self.taken_in.entry(directory_shape(&item.url)).or_insert(0) += 1;
        Some(item)
    }
}

fn directory_shape(url: &Url) -> String {
    stateless_shape(link::directory(url.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(target: &str, depth: u32) -> Item {
        let url = Url::parse(&format!("http://127.0.0.1:1{target}")).expect("a URL");
        Item {
            request: link::get(&url).expect("http"),
            class: Class::of("GET", &url, &[]),
            url,
            depth,
            hops: 0,
            source: OperationSource::Crawl,
            path_template: None,
            expected_statuses: Vec::new(),
            guess: false,
            page: None,
        }
    }

    #[test]
    fn one_of_everything_comes_before_more_of_the_same() {
        let mut frontier = Frontier::new(100);
        for target in ["/p/1", "/p/2", "/p/3"] {
            frontier.offer(item(target, 1));
        }
        frontier.offer(item("/deep", 3));
        let order: Vec<_> =
            std::iter::from_fn(|| frontier.take()).map(|item| item.url.path().to_owned()).collect();
        assert_eq!(order, ["/p/1", "/deep", "/p/2", "/p/3"]);
    }

    #[test]
    fn an_endless_kind_is_capped_and_a_repetition_is_known() {
        let mut frontier = Frontier::new(1000);
        let offers: Vec<_> =
            (0..100).map(|n| frontier.offer(item(&format!("/cal?m={n}"), 1))).collect();
        assert_eq!(offers.iter().filter(|offer| **offer == Offer::Queued).count(), 12);
        assert_eq!(offers[99], Offer::EnoughOfItsKind);
        assert_eq!(frontier.offer(item("/cal?m=1", 2)), Offer::Known);
    }

    #[test]
    fn new_parameter_names_do_not_open_an_endless_kind() {
        let mut frontier = Frontier::new(1000);
        let queued = (0..500)
            .filter(|n| frontier.offer(item(&format!("/cal?k{n}=1"), 1)) == Offer::Queued)
            .count();
        assert_eq!(queued, 48);
    }

    #[test]
    fn memory_is_bounded_whatever_is_offered() {
        let mut frontier = Frontier::new(10);
        for n in 0..1000 {
            frontier.offer(item(&format!("/page-{}", "x".repeat(n)), 1));
        }
        assert_eq!(frontier.len(), 10);
        assert_eq!(frontier.offer(item("/more", 1)), Offer::Full);
    }
}
