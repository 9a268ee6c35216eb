//! What is still to be fetched, in an order that shows one of everything early.
//!
//! Items of one kind (method, path template, parameter set) wait in one queue. The kind that was
//! fetched least comes first, then the one nearest to the start; directories of which much was
//! fetched step back. A kind is left when so many of its pages in a row have led to nothing new: a
//! calendar, a catalogue or a session in the URL is known after a few.
//!
//! Kinds are ordered within their directory and directories among each other, and only the entries
//! of what was touched move, so that an offer or a take costs O(log n) however much is known.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

use super::item::Item;
use crate::model::Method;
use crate::scan::room;
use crate::scan::room::Room;
use crate::scan::templates::PathId;

/// Parameter sets of one method and path that are kinds of their own; those of a search with facets
/// are as many as there are subsets.
const MAX_PARAMETER_SETS: usize = 8;

/// Items of one kind that wait, where the kind is bounded.
const MAX_WAITING: usize = 256;

/// Keys remembered per waiting item.
const SEEN_PER_ITEM: usize = 8;

/// Kinds at most.
const MAX_KINDS: usize = 100_000;

/// Fetches from a directory that put its other pages back as far as one link more from the start.
const NEARBY: u32 = 8;

/// What the frontier holds at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Waiting items.
    pub(crate) capacity: usize,
    /// Pages of one kind in a row that lead to nothing new before the kind is left; `None` is no
    /// bound.
    pub(crate) per_kind: Option<u32>,
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It will be fetched.
    Queued {
        /// Nothing of its kind was offered before.
        first: bool,
    },
    /// There are enough of its kind.
    EnoughOfItsKind,
    /// The queue is full.
    Full,
}

/// A kind of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KindId(u32);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    method: Method,
    path: PathId,
    /// `None` for those beyond [`MAX_PARAMETER_SETS`].
    parameters: Option<Arc<BTreeSet<String>>>,
}

#[derive(Debug)]
struct KindState {
    kind: Kind,
    directory: usize,
    /// With the number of its offer.
    waiting: VecDeque<(u64, Item)>,
    taken: u32,
    links: u64,
    /// Pages in a row that led to nothing new.
    dry: u32,
    /// Its place in its directory.
    place: Option<(u32, u32, u64)>,
    merged_into: Option<KindId>,
}

#[derive(Debug, Default)]
struct Directory {
    /// Fetches, depth and age of the first item, kind.
    kinds: BTreeSet<((u32, u32, u64), KindId)>,
    taken: u32,
    place: Option<(u32, u32, u64)>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Frontier {
    bounds: Bounds,
    kinds: Vec<KindState>,
    by_kind: HashMap<Kind, KindId>,
    by_path: HashMap<PathId, Vec<KindId>>,
    directories: Vec<Directory>,
    by_directory: HashMap<PathId, usize>,
    /// Fetches, depth and distance, age of the first item, directory.
    order: BTreeSet<((u32, u32, u64), usize)>,
    /// What was offered, and of which kind it was.
    seen: HashMap<u64, KindId>,
    length: usize,
    offers: u64,
    room: Room,
}

impl Frontier {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            kinds: Vec::new(),
            by_kind: HashMap::new(),
            by_path: HashMap::new(),
            directories: Vec::new(),
            by_directory: HashMap::new(),
            order: BTreeSet::new(),
            seen: HashMap::new(),
            length: 0,
            offers: 0,
            room: Room::of(room::QUEUE),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Whether an item of this key was ever offered.
    pub(crate) fn knows(&self, key: u64) -> bool {
        self.seen.contains_key(&key)
    }

    /// Counts a link to an item of this key; whether it is known.
    pub(crate) fn visit(&mut self, key: u64) -> bool {
        let Some(&id) = self.seen.get(&key) else { return false };
        let id = self.current(id);
        self.kinds[id.0 as usize].links += 1;
        true
    }

    /// Links to known items, by method and path.
    pub(crate) fn links(&self) -> impl Iterator<Item = (&Method, PathId, u64)> {
        self.kinds.iter().map(|state| (&state.kind.method, state.kind.path, state.links))
    }

    /// Takes an item that is not known, unless there are enough of its kind. `directory` is where its
    /// path stands.
    pub(crate) fn offer(&mut self, item: Item, key: u64, directory: PathId) -> Offer {
        if self.length >= self.bounds.capacity
            || self.seen.len() >= self.bounds.capacity.saturating_mul(SEEN_PER_ITEM)
        {
            return Offer::Full;
        }
        let Some((id, first)) = self.kind_for(&item, directory) else { return Offer::Full };
        self.seen.insert(key, id);
        let kind = &mut self.kinds[id.0 as usize];
        kind.links += 1;
        // What the plan names is always wanted.
        if let Some(per_kind) = self.bounds.per_kind
            && item.source.is_found()
            && (kind.dry >= per_kind || kind.waiting.len() >= MAX_WAITING)
        {
            return Offer::EnoughOfItsKind;
        }
        if !self.room.has(item.weight()) {
            return Offer::Full;
        }
        self.push(id, item);
        Offer::Queued { first }
    }

    /// Notes an item that was fetched by other means; `None` if it is known.
    pub(crate) fn note(&mut self, item: &Item, key: u64, directory: PathId) -> Option<KindId> {
        if self.visit(key) || self.seen.len() >= self.bounds.capacity.saturating_mul(SEEN_PER_ITEM)
        {
            return None;
        }
        let (id, _) = self.kind_for(item, directory)?;
        self.seen.insert(key, id);
        self.kinds[id.0 as usize].links += 1;
        Some(id)
    }

    /// Takes an item once more that was taken before.
    pub(crate) fn offer_again(&mut self, item: Item, directory: PathId) {
        if let Some((id, _)) = self.kind_for(&item, directory) {
            self.push(id, item);
        }
    }

    /// The item to fetch next, and its kind.
    pub(crate) fn take(&mut self) -> Option<(Item, KindId)> {
        let (_, directory) = *self.order.first()?;
        let (_, id) = *self.directories[directory].kinds.first()?;
        let kind = &mut self.kinds[id.0 as usize];
        let (_, item) = kind.waiting.pop_front()?;
        kind.taken += 1;
        self.length -= 1;
        self.room.free(item.weight());
        self.directories[directory].taken += 1;
        self.settle(id);
        Some((item, id))
    }

    /// Whether an item of the kind led to something new; gives how many of its kind are left out now.
    pub(crate) fn conclude(&mut self, id: KindId, led_on: bool) -> u64 {
        let id = self.current(id);
        let kind = &mut self.kinds[id.0 as usize];
        kind.dry = if led_on { 0 } else { kind.dry.saturating_add(1) };
        let Some(per_kind) = self.bounds.per_kind else { return 0 };
        if kind.dry < per_kind || kind.waiting.is_empty() {
            return 0;
        }
        let before = kind.waiting.len();
        kind.waiting.retain(|(_, item)| {
            let is_left_out = item.source.is_found();
            self.room.free(if is_left_out { item.weight() } else { 0 });
            !is_left_out
        });
        let left_out = before - kind.waiting.len();
        self.length -= left_out;
        self.settle(id);
        left_out as u64
    }

    /// The path of a kind.
    pub(crate) fn path(&self, id: KindId) -> PathId {
        self.kinds[self.current(id).0 as usize].kind.path
    }

    /// One path template has become part of another, which stands in `directory`.
    pub(crate) fn merge(&mut self, from: PathId, into: PathId, directory: PathId) {
        if from == into {
            return;
        }
        for id in self.by_path.remove(&from).unwrap_or_default() {
            let old = self.kinds[id.0 as usize].kind.clone();
            self.by_kind.remove(&old);
            self.withdraw(id);
            let kind = self.fitting(Kind { path: into, ..old });
            if let Some(&host) = self.by_kind.get(&kind) {
                self.absorb(id, host);
                continue;
            }
            let place = self.directory(directory);
            let state = &mut self.kinds[id.0 as usize];
            state.kind = kind.clone();
            state.directory = place;
            self.by_kind.insert(kind, id);
            self.by_path.entry(into).or_default().push(id);
            self.settle(id);
        }
    }

    fn absorb(&mut self, id: KindId, host: KindId) {
        let from = &mut self.kinds[id.0 as usize];
        from.merged_into = Some(host);
        let (waiting, taken) = (std::mem::take(&mut from.waiting), from.taken);
        let state = &mut self.kinds[host.0 as usize];
        state.waiting.extend(waiting);
        state.waiting.make_contiguous().sort_by_key(|(number, _)| *number);
        state.taken = state.taken.saturating_add(taken);
        self.settle(host);
    }

    fn push(&mut self, id: KindId, item: Item) {
        self.offers += 1;
        self.length += 1;
        self.room.resize(0, item.weight());
        self.kinds[id.0 as usize].waiting.push_back((self.offers, item));
        self.settle(id);
    }

    /// The kind, and whether it is new; `None` if there is no room for another.
    fn kind_for(&mut self, item: &Item, directory: PathId) -> Option<(KindId, bool)> {
        let kind = self.fitting(Kind {
            method: item.request.method.clone(),
            path: item.path,
            parameters: Some(Arc::clone(&item.parameters)),
        });
        if let Some(&known) = self.by_kind.get(&kind) {
            return Some((known, false));
        }
        let names = item.parameters.iter().map(|name| room::PER_NAME + name.len());
        let weight = size_of::<KindState>() + size_of::<Kind>() + names.sum::<usize>();
        if self.kinds.len() >= MAX_KINDS || !self.room.take(weight) {
            return None;
        }
        let id = KindId(u32::try_from(self.kinds.len()).expect("one per key at most"));
        let directory = self.directory(directory);
        self.by_kind.insert(kind.clone(), id);
        self.by_path.entry(kind.path).or_default().push(id);
        self.kinds.push(KindState {
            kind,
            directory,
            waiting: VecDeque::new(),
            taken: 0,
            links: 0,
            dry: 0,
            place: None,
            merged_into: None,
        });
        Some((id, true))
    }

    /// The kind itself, or the one for all parameter sets beyond the first few.
    fn fitting(&self, kind: Kind) -> Kind {
        if self.by_kind.contains_key(&kind) {
            return kind;
        }
        let same = self.by_path.get(&kind.path).into_iter().flatten();
        let sets = same.filter(|id| self.kinds[id.0 as usize].kind.method == kind.method).count();
        if sets >= MAX_PARAMETER_SETS { Kind { parameters: None, ..kind } } else { kind }
    }

    fn directory(&mut self, path: PathId) -> usize {
        *self.by_directory.entry(path).or_insert_with(|| {
            self.directories.push(Directory::default());
            self.directories.len() - 1
        })
    }

    fn current(&self, mut id: KindId) -> KindId {
        while let Some(into) = self.kinds[id.0 as usize].merged_into {
            id = into;
        }
        id
    }

    /// Takes a kind out of the order.
    fn withdraw(&mut self, id: KindId) {
        let kind = &mut self.kinds[id.0 as usize];
        let directory = kind.directory;
        if let Some(place) = kind.place.take() {
            self.directories[directory].kinds.remove(&(place, id));
        }
        self.settle_directory(directory);
    }

    /// Puts a kind where it belongs in the order.
    fn settle(&mut self, id: KindId) {
        let kind = &mut self.kinds[id.0 as usize];
        let directory = kind.directory;
        let next = kind.waiting.front().map(|(number, item)| (kind.taken, item.depth, *number));
        let last = std::mem::replace(&mut kind.place, next);
        let kinds = &mut self.directories[directory].kinds;
        if let Some(place) = last {
            kinds.remove(&(place, id));
        }
        if let Some(place) = next {
            kinds.insert((place, id));
        }
        self.settle_directory(directory);
    }

    fn settle_directory(&mut self, index: usize) {
        let directory = &mut self.directories[index];
        let next = directory.kinds.first().map(|((taken, depth, number), _)| {
            (*taken, depth.saturating_add(directory.taken / NEARBY), *number)
        });
        if directory.place == next {
            return;
        }
        if let Some(place) = std::mem::replace(&mut directory.place, next) {
            self.order.remove(&(place, index));
        }
        if let Some(place) = next {
            self.order.insert((place, index));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OperationSource;
    use crate::scan::link;
    use crate::scan::site::Found;
    use crate::scan::templates::Templates;
    use url::Url;

    struct Bed {
        frontier: Frontier,
        templates: Templates,
        keys: u64,
    }

    impl Bed {
        fn new(capacity: usize, per_kind: u32) -> Self {
            let bounds = Bounds { capacity, per_kind: Some(per_kind) };
            Self { frontier: Frontier::new(bounds), templates: Templates::default(), keys: 0 }
        }

        fn offer(&mut self, target: &str, depth: u32) -> Offer {
            let url = Url::parse(&format!("http://127.0.0.1:1{target}")).expect("a URL");
            let path = self.templates.place("h", url.path());
            let names = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            let item = Item {
                request: link::get(&url).expect("http"),
                url,
                path,
                parameters: Arc::new(names),
                depth,
                hops: 0,
                source: OperationSource::Crawl,
                found: Found::start(),
                path_template: None,
                expected_statuses: Vec::new(),
                guess: None,
                page: None,
                imports: None,
            };
            self.keys += 1;
            self.frontier.offer(item, self.keys, self.templates.directory(path))
        }

        /// Fetches everything, and nothing leads on.
        fn drain(&mut self) -> Vec<String> {
            let mut order = Vec::new();
            while let Some((item, kind)) = self.frontier.take() {
                order.push(item.url.path().to_owned());
                self.frontier.conclude(kind, false);
            }
            order
        }
    }

    #[test]
    fn one_of_everything_comes_before_more_of_the_same() {
        let mut bed = Bed::new(100, 12);
        for target in ["/p/1", "/p/2", "/p/3"] {
            bed.offer(target, 1);
        }
        bed.offer("/deep", 3);
        assert_eq!(bed.drain(), ["/p/1", "/deep", "/p/2", "/p/3"]);
    }

    #[test]
    fn a_kind_that_leads_to_nothing_new_is_left() {
        let mut bed = Bed::new(1000, 12);
        for n in 0..100 {
            bed.offer(&format!("/cal?m={n}"), 1);
        }
        assert_eq!(bed.drain().len(), 12);
        assert_eq!(bed.offer("/cal?m=777", 2), Offer::EnoughOfItsKind);
        assert_eq!(bed.frontier.len(), 0);
    }

    #[test]
    fn a_kind_that_leads_on_is_followed() {
        let mut bed = Bed::new(1000, 3);
        for n in 0..20 {
            bed.offer(&format!("/list?page={n}"), 1);
        }
        let mut taken = 0;
        while let Some((_, kind)) = bed.frontier.take() {
            taken += 1;
            bed.frontier.conclude(kind, taken % 3 == 0);
        }
        assert_eq!(taken, 20);
    }

    #[test]
    fn new_parameter_names_do_not_open_an_endless_kind() {
        let mut bed = Bed::new(1000, 12);
        for n in 0..500 {
            bed.offer(&format!("/cal?k{n}=1"), 1);
        }
        assert_eq!(bed.drain().len(), 8 + 12);
    }

    #[test]
    fn kinds_merge_with_their_paths() {
        let mut bed = Bed::new(100, 12);
        for target in ["/blog/a", "/blog/b", "/other/c"] {
            bed.offer(target, 1);
        }
        let [a, b] = ["/blog/a", "/blog/b"].map(|path| bed.templates.place("h", path));
        let directory = bed.templates.directory(b);
        let (_, kind) = bed.frontier.take().expect("the first");
        bed.frontier.merge(a, b, directory);
        assert_eq!(bed.frontier.path(kind), b);
        bed.offer("/new/d", 1);
        assert_eq!(bed.drain(), ["/other/c", "/new/d", "/blog/b"], "one of its kind was fetched");
    }

    #[test]
    fn memory_is_bounded_whatever_is_offered() {
        let mut bed = Bed::new(10, 12);
        for n in 0..1000 {
            bed.offer(&format!("/page-{}", "x".repeat(n)), 1);
        }
        assert_eq!(bed.frontier.len(), 10);
        assert_eq!(bed.offer("/more", 1), Offer::Full);
    }

    #[test]
    fn long_urls_and_many_names_take_no_more_than_short_ones() {
        let mut bed = Bed::new(50_000, 12);
        bed.frontier.bounds.per_kind = None;
        let names: Vec<String> = (0..300).map(|n| format!("n{n}")).collect();
        let query = names.join("&");
        let queued =
            (0..4000).filter(|n| bed.offer(&format!("/x?{query}&m{n}"), 1) != Offer::Full).count();
        assert!(queued < 3500, "{queued} with 20 KB of names each");
        while bed.frontier.take().is_some() {}
        assert!(matches!(bed.offer("/x", 1), Offer::Queued { .. }), "what was taken makes room");
    }
}
