//! Texts that look like addresses, and how many of them may lead nowhere.
//!
//! A guess is asked for when there is room for a mistake: a few are free, and more come with every
//! request that the crawl makes. A right guess costs nothing. The surest come first: those whose
//! text looks most like an address, below directories that are known, and from documents whose
//! guesses were right so far. What is left when the crawl ends is counted and said.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::Arc;

use url::Url;

use super::item::Item;
use crate::scan::site::FoundIn;

/// Mistakes that any crawl may make.
const FREE: u64 = 6;

/// Requests for which one more mistake may be made: 3 of 100, so that the free ones and links that
/// are dead fit into 5.
const PER_MISTAKE: u64 = 30;

/// Guesses that wait at most.
const MAX_WAITING: usize = 20_000;

/// Documents whose guesses are judged on their own; those of further ones are judged together.
const MAX_GROUPS: usize = 2000;

/// First segments of paths that are remembered.
const MAX_ROOTS: usize = 10_000;

/// How doubtful a guess is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Doubt {
    /// The text looks like an address.
    Likely,
    /// A path that some sites have.
    Convention,
    /// The text may be something else.
    Weak,
    /// A path that some sites have, but this one does not seem to.
    Unlikely,
}

/// Conventions that are tried in vain before all else goes first.
const MAX_CONVENTIONS: u32 = 3;

/// Where guesses stand together: what they are and the document that they stand in.
type GroupKey = (Doubt, bool, Option<Arc<str>>);

#[derive(Debug)]
struct Group {
    waiting: VecDeque<(u64, Item, u64)>,
    doubt: Doubt,
    is_strange: bool,
    mistakes: u32,
    place: Option<Place>,
}

/// Strange to the site, doubt, mistakes, age.
type Place = (bool, Doubt, u32, u64);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    groups: Vec<Group>,
    by_key: HashMap<GroupKey, usize>,
    order: BTreeSet<(Place, usize)>,
    /// Of those that were asked for and have no answer yet, the group.
    open: HashMap<u64, usize>,
    parked: HashSet<u64>,
    roots: HashSet<String>,
    mistakes: u64,
    number: u64,
    /// Guesses that found no room.
    dropped: u64,
}

impl Guesses {
    /// Keeps a guess until there is room for it.
    pub(crate) fn park(&mut self, item: Item, key: u64, doubt: Doubt) {
        if self.parked.contains(&key) || self.open.contains_key(&key) {
            return;
        }
        if self.parked.len() >= MAX_WAITING {
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
        if !is_idle && self.is_doubtful() {
            return None;
        }
        if self.mistakes + self.open.len() as u64 >= FREE + asked / PER_MISTAKE {
            return None;
        }
        let (_, index) = *self.order.first()?;
        let (key, item, _) = self.groups[index].waiting.pop_front()?;
        self.parked.remove(&key);
        self.open.insert(key, index);
        self.settle(index);
        Some((item, key))
    }

    /// Whether nothing is left that is likely.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.order
            .first()
            .is_none_or(|((is_strange, doubt, ..), _)| *is_strange || *doubt > Doubt::Convention)
    }

    /// What became of a guess that was released.
    pub(crate) fn conclude(&mut self, key: u64, is_mistake: bool) {
        let Some(index) = self.open.remove(&key) else { return };
        if is_mistake {
            self.mistakes += 1;
            self.groups[index].mistakes += 1;
            self.settle(index);
        }
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
            mistakes: 0,
            place: None,
        });
        let index = self.groups.len() - 1;
        self.by_key.insert(key, index);
        index
    }

    /// Puts a group where it belongs in the order.
    fn settle(&mut self, index: usize) {
        let group = &mut self.groups[index];
        let is_unlikely = group.doubt == Doubt::Convention && group.mistakes >= MAX_CONVENTIONS;
        let doubt = if is_unlikely { Doubt::Unlikely } else { group.doubt };
        let next = group.waiting.front().map(|(_, _, number)| {
            (group.is_strange || is_unlikely, doubt, group.mistakes, *number)
        });
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
        }
    }

    #[test]
    fn mistakes_are_a_small_part_of_all_requests_whatever_is_guessed() {
        let mut guesses = Guesses::default();
        for n in 0..5000 {
            guesses.park(item(&format!("/x{n}"), "/a.js"), n, Doubt::Weak);
        }
        let (mut asked, mut wrong) = (0_u64, 0_u64);
        for _ in 0..2000 {
            asked += 1;
            while let Some((_, key)) = guesses.release(asked, true) {
                guesses.conclude(key, true);
                wrong += 1;
                asked += 1;
            }
        }
        assert!(wrong * 100 <= asked * 5, "{wrong} of {asked}");
        assert_eq!(guesses.left(), 5000 - wrong);
    }

    #[test]
    fn right_guesses_cost_nothing() {
        let mut guesses = Guesses::default();
        for n in 0..100 {
            guesses.park(item(&format!("/x{n}"), "/a.js"), n, Doubt::Likely);
        }
        let mut found = 0;
        while let Some((_, key)) = guesses.release(1, true) {
            guesses.conclude(key, false);
            found += 1;
        }
        assert_eq!((found, guesses.left()), (100, 0));
    }

    #[test]
    fn the_surest_come_first_and_documents_are_judged_by_their_guesses() {
        let mut guesses = Guesses::default();
        guesses.confirm(&Url::parse("http://h/shop/").expect("a URL"));
        let parked = [
            ("/etc/a", "/vendor.js", Doubt::Likely),
            ("/shop/weak", "/app.js", Doubt::Weak),
            ("/shop/v1", "/vendor.js", Doubt::Likely),
            ("/shop/v2", "/vendor.js", Doubt::Likely),
            ("/shop/a1", "/app.js", Doubt::Likely),
            ("/.well-known/x", "/", Doubt::Convention),
        ];
        for (key, (path, page, doubt)) in (0..).zip(parked) {
            guesses.park(item(path, page), key, doubt);
        }
        let mut order = Vec::new();
        while let Some((item, key)) = guesses.release(0, true) {
            guesses.conclude(key, item.url.path().starts_with("/shop/v"));
            order.push(item.url.path().to_owned());
        }
        let expected =
            ["/shop/v1", "/shop/a1", "/shop/v2", "/.well-known/x", "/shop/weak", "/etc/a"];
        assert_eq!(order, expected);
    }
}
