//! Texts that look like addresses, and how many of them may lead nowhere.
//!
//! Of a hundred requests, four may be mistakes; a crawl that is small makes one, once there is nothing
//! else to do. A right guess costs nothing. So the surest come first: what a script hands to something
//! that asks for it, then what looks like an address below directories that are known, then the lists
//! that sites have by convention. Documents are judged by what came of their guesses: one whose guesses
//! are mostly wrong steps back, and one of which nearly all were is asked no more. What is left when
//! the crawl ends is counted and said.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::Arc;

use url::Url;

use super::item::Item;
use crate::model::Guessed;
use crate::scan::room;
use crate::scan::room::Room;
use crate::scan::site::FoundIn;

/// Requests for which one mistake may be made: 4 of 100, so that links that are dead fit into 5.
const PER_MISTAKE: u64 = 25;

/// Mistakes that a small crawl makes when nothing else is left.
const LAST: u64 = 1;

/// Mistakes after which a document is asked no more, unless more than a third of its guesses were
/// right.
const MAX_MISTAKES: u32 = 3;

/// Guesses that wait at most.
const MAX_WAITING: usize = 20_000;

/// Documents whose guesses are judged on their own; those of further ones are judged together.
const MAX_GROUPS: usize = 2000;

/// First segments of paths that are remembered.
const MAX_ROOTS: usize = 10_000;

/// What makes somebody guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Doubt {
    /// A script hands it to something that asks for it.
    Called,
    /// The text looks like an address.
    Likely,
    /// A list of pages that many sites have.
    List,
    /// A path that some sites have.
    Convention,
    /// The text may be something else.
    Weak,
}

/// What became of a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There is something.
    Right,
    /// There is nothing.
    Wrong,
    /// Nobody knows: it was not sent, or not answered.
    Unknown,
}

/// How sure the guesses of a group are, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Called,
    Likely,
    List,
    /// Of a document whose guesses were wrong more often than right.
    Doubtful,
    // What follows waits until nothing else is left.
    /// Where nothing is known of the first directory.
    Strange,
    Convention,
    Weak,
    StrangeAndWeak,
}

/// Where guesses stand together: what they are and the document that they stand in.
type GroupKey = (Doubt, bool, Option<Arc<str>>);

#[derive(Debug)]
struct Group {
    waiting: VecDeque<(u64, Item, u64)>,
    doubt: Doubt,
    /// Nothing is known of their first directories.
    is_strange: bool,
    right: u32,
    wrong: u32,
    place: Option<Place>,
}

/// How sure, mistakes, age.
type Place = (Rank, u32, u64);

impl Group {
    /// `None` once it is hopeless.
    fn rank(&self) -> Option<Rank> {
        if self.wrong >= MAX_MISTAKES && self.wrong > self.right.saturating_mul(2) {
            return None;
        }
        let is_doubtful = self.wrong > self.right;
        Some(match (self.doubt, self.is_strange) {
            (Doubt::Called | Doubt::Likely, false) if is_doubtful => Rank::Doubtful,
            (Doubt::Called, true) if is_doubtful => Rank::Strange,
            (Doubt::List, _) if is_doubtful => Rank::Convention,
            (Doubt::Called, _) => Rank::Called,
            (Doubt::Likely, false) => Rank::Likely,
            (Doubt::Likely, true) => Rank::Strange,
            (Doubt::List, _) => Rank::List,
            (Doubt::Convention, _) => Rank::Convention,
            (Doubt::Weak, false) => Rank::Weak,
            (Doubt::Weak, true) => Rank::StrangeAndWeak,
        })
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Guesses {
    groups: Vec<Group>,
    by_key: HashMap<GroupKey, usize>,
    order: BTreeSet<(Place, usize)>,
    /// Of those that were asked for and have no answer yet, the group.
    open: HashMap<u64, usize>,
    parked: HashSet<u64>,
    roots: HashSet<String>,
    right: u64,
    wrong: u64,
    number: u64,
    room: Room,
    /// Guesses that found no room.
    dropped: u64,
}

impl Default for Guesses {
    fn default() -> Self {
        Self {
            groups: Vec::new(),
            by_key: HashMap::new(),
            order: BTreeSet::new(),
            open: HashMap::new(),
            parked: HashSet::new(),
            roots: HashSet::new(),
            right: 0,
            wrong: 0,
            number: 0,
            room: Room::of(room::GUESSES),
            dropped: 0,
        }
    }
}

impl Guesses {
    /// Keeps a guess until there is room for it.
    pub(crate) fn park(&mut self, item: Item, key: u64, doubt: Doubt) {
        if self.parked.contains(&key) || self.open.contains_key(&key) {
            return;
        }
        if self.parked.len() >= MAX_WAITING || !self.room.take(item.weight()) {
            self.dropped += 1;
            return;
        }
        self.parked.insert(key);
        let is_strange =
            item.found.by != FoundIn::Convention && !self.roots.contains(root(&item.url));
        let index = self.group((doubt, is_strange, item.found.page.clone()));
        self.number += 1;
        self.groups[index].waiting.push_back((key, item, self.number));
        self.settle(index);
    }

    /// The surest guess, if `asked` requests leave room for a mistake. The doubtful ones wait until
    /// there is nothing else to do.
    pub(crate) fn release(&mut self, asked: u64, is_idle: bool) -> Option<(Item, u64)> {
        if !self.has_room(asked, is_idle) || !is_idle && self.is_doubtful() {
            return None;
        }
        let (_, index) = *self.order.first()?;
        let (key, item, _) = self.groups[index].waiting.pop_front()?;
        self.parked.remove(&key);
        self.room.free(item.weight());
        self.open.insert(key, index);
        self.settle(index);
        Some((item, key))
    }

    /// Whether one more may be wrong.
    pub(crate) fn has_room(&self, asked: u64, is_idle: bool) -> bool {
        let paid = (asked + 1) / PER_MISTAKE;
        let room = if is_idle { paid.max(LAST) } else { paid };
        self.wrong + (self.open.len() as u64) < room
    }

    /// Whether nothing is left that is likely.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.order.first().is_none_or(|((rank, ..), _)| *rank > Rank::Doubtful)
    }

    /// What became of a guess that was released.
    pub(crate) fn conclude(&mut self, key: u64, outcome: Outcome) {
        let Some(index) = self.open.remove(&key) else { return };
        let group = &mut self.groups[index];
        match outcome {
            Outcome::Right => {
                self.right += 1;
                group.right += 1;
            }
            Outcome::Wrong => {
                self.wrong += 1;
                group.wrong += 1;
            }
            Outcome::Unknown => return,
        }
        self.settle(index);
    }

    /// There is something at this address.
    pub(crate) fn confirm(&mut self, url: &Url) {
        let root = root(url);
        if self.roots.len() < MAX_ROOTS && !self.roots.contains(root) {
            self.roots.insert(root.to_owned());
        }
    }

    /// Guesses that were not asked for.
    pub(crate) fn left(&self) -> u64 {
        self.parked.len() as u64 + self.dropped
    }

    /// What was guessed, as far as it is known what came of it.
    pub(crate) fn guessed(&self) -> Guessed {
        Guessed { asked: self.right + self.wrong, right: self.right }
    }

    fn group(&mut self, key: GroupKey) -> usize {
        let key = if self.groups.len() >= MAX_GROUPS && !self.by_key.contains_key(&key) {
            (key.0, key.1, None)
        } else {
            key
        };
        if let Some(&known) = self.by_key.get(&key) {
            return known;
        }
        self.groups.push(Group {
            waiting: VecDeque::new(),
            doubt: key.0,
            is_strange: key.1,
            right: 0,
            wrong: 0,
            place: None,
        });
        let index = self.groups.len() - 1;
        self.by_key.insert(key, index);
        index
    }

    /// Puts a group where it belongs in the order.
    fn settle(&mut self, index: usize) {
        let group = &mut self.groups[index];
        let first = group.waiting.front().map(|(_, _, number)| *number);
        let next = first.and_then(|number| Some((group.rank()?, group.wrong, number)));
        if let Some(place) = std::mem::replace(&mut group.place, next) {
            self.order.remove(&(place, index));
        }
        if let Some(place) = next {
            self.order.insert((place, index));
        }
    }
}

/// The first segment of a path.
fn root(url: &Url) -> &str {
    url.path().trim_start_matches('/').split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::OperationSource;
    use crate::scan::link;
    use crate::scan::site::Found;
    use crate::scan::templates::Templates;

    fn item(path: &str, page: &str) -> Item {
        let url = Url::parse(&format!("http://127.0.0.1:1{path}")).expect("a URL");
        Item {
            request: link::get(&url).expect("http"),
            path: Templates::default().place("h", url.path()),
            url,
            parameters: Arc::new(BTreeSet::new()),
            depth: 1,
            hops: 0,
            source: OperationSource::Crawl,
            found: Found {
                by: if page == "/" { FoundIn::Convention } else { FoundIn::Script },
                page: Some(Arc::from(page)),
            },
            path_template: None,
            expected_statuses: Vec::new(),
            guess: Some(Doubt::Likely),
            page: None,
            imports: None,
        }
    }

    fn parked(paths: &[(&str, &str, Doubt)]) -> Guesses {
        let mut guesses = Guesses::default();
        guesses.confirm(&Url::parse("http://h/shop/").expect("a URL"));
        for (key, (path, page, doubt)) in (0..).zip(paths) {
            guesses.park(item(path, page), key, *doubt);
        }
        guesses
    }

    /// What is asked for at the end of a crawl of so many requests, in order; `is_wrong` says what
    /// is not there.
    fn asked(guesses: &mut Guesses, requests: u64, is_wrong: impl Fn(&str) -> bool) -> Vec<String> {
        let mut order = Vec::new();
        while let Some((item, key)) = guesses.release(requests + order.len() as u64, true) {
            let outcome = if is_wrong(item.url.path()) { Outcome::Wrong } else { Outcome::Right };
            guesses.conclude(key, outcome);
            order.push(item.url.path().to_owned());
        }
        order
    }

    #[test]
    fn mistakes_are_a_small_part_of_all_requests_whatever_is_guessed() {
        for pages in [20, 30, 100, 500, 5000] {
            let mut guesses = Guesses::default();
            for n in 0..5000 {
                guesses.park(item(&format!("/x{n}"), &format!("/{}.js", n / 2)), n, Doubt::Weak);
            }
            let (mut sent, mut wrong) = (0_u64, 0_u64);
            for page in 1..=pages {
                sent += 1;
                while let Some((_, key)) = guesses.release(sent, page == pages) {
                    guesses.conclude(key, Outcome::Wrong);
                    wrong += 1;
                    sent += 1;
                }
            }
            assert!(wrong > 0 && wrong * 100 <= sent * 5, "{wrong} of {sent}");
            assert_eq!(guesses.left(), 5000 - wrong);
            assert_eq!(guesses.guessed(), Guessed { asked: wrong, right: 0 });
        }
    }

    #[test]
    fn right_guesses_cost_nothing() {
        let paths: Vec<String> = (0..100).map(|n| format!("/shop/{n}")).collect();
        let list: Vec<_> = paths.iter().map(|path| (&**path, "/a.js", Doubt::Likely)).collect();
        let mut guesses = parked(&list);
        assert_eq!(asked(&mut guesses, 1, |_| false).len(), 100);
        assert_eq!((guesses.left(), guesses.guessed()), (0, Guessed { asked: 100, right: 100 }));
    }

    #[test]
    fn guesses_wait_until_a_crawl_has_paid_for_a_mistake_or_has_nothing_else_to_do() {
        let mut guesses = parked(&[("/shop/x", "/a.js", Doubt::Called)]);
        assert!(guesses.release(20, false).is_none());
        assert!(guesses.release(24, false).is_some());
        let mut guesses = parked(&[("/shop/x", "/a.js", Doubt::Weak)]);
        assert!(guesses.release(1000, false).is_none(), "too doubtful");
        assert!(guesses.release(3, true).is_some());
    }

    #[test]
    fn the_surest_come_first() {
        let mut guesses = parked(&[
            ("/etc/weak", "/app.js", Doubt::Weak),
            ("/shop/weak", "/app.js", Doubt::Weak),
            ("/.well-known/x", "/", Doubt::Convention),
            ("/etc/a", "/vendor.js", Doubt::Likely),
            ("/robots.txt", "/", Doubt::List),
            ("/shop/a", "/app.js", Doubt::Likely),
            ("/api/a", "/app.js", Doubt::Called),
        ]);
        let expected = [
            "/api/a",
            "/shop/a",
            "/robots.txt",
            "/etc/a",
            "/.well-known/x",
            "/shop/weak",
            "/etc/weak",
        ];
        assert_eq!(asked(&mut guesses, 0, |_| false), expected);
    }

    #[test]
    fn documents_are_judged_by_their_guesses() {
        let guesses = || {
            parked(&[
                ("/shop/v1", "/vendor.js", Doubt::Likely),
                ("/shop/v2", "/vendor.js", Doubt::Likely),
                ("/shop/v3", "/vendor.js", Doubt::Likely),
                ("/shop/v4", "/vendor.js", Doubt::Likely),
                ("/shop/a1", "/app.js", Doubt::Likely),
                ("/robots.txt", "/", Doubt::List),
                ("/sitemap.xml", "/", Doubt::List),
            ])
        };
        let wrong = |path: &str| path.starts_with("/shop/v");
        let mut large = guesses();
        let order = asked(&mut large, 1000, wrong);
        let expected =
            ["/shop/v1", "/shop/a1", "/robots.txt", "/sitemap.xml", "/shop/v2", "/shop/v3"];
        assert_eq!(order, expected, "three in vain are enough");
        assert_eq!(large.left(), 1);
        let mut small = guesses();
        assert_eq!(asked(&mut small, 20, wrong), ["/shop/v1"]);
        assert_eq!(small.left(), 6);
    }
}
