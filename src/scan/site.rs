//! The site model: what the target consists of, as far as it is known.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use super::node::Answer;
pub use super::node::Found;
pub use super::node::FoundIn;
pub use super::node::Node;
pub(crate) use super::node::Sighting;
use super::operations::Operations;
use super::room;
use super::room::Room;
use super::structure::Structure;
use super::templates::Merged;
use super::templates::PathId;
use super::templates::Templates;
use crate::model::Event;
use crate::model::Operation;

/// Nodes at most; what is beyond is counted.
const MAX_NODES: usize = 20_000;

/// URLs kept.
const MAX_URLS: usize = 200_000;

/// Parameter sets of one path whose pages are built alike before they count as one node: the facets
/// of one search.
const MAX_FACETS: usize = 8;

/// Hosts of others that are kept.
const MAX_NAMED_HOSTS: usize = 100;

/// Parameters of one node.
const MAX_PARAMETERS: usize = 2000;

type Key = (String, PathId, Arc<BTreeSet<String>>);
type Place = (String, PathId);

/// Everything known of a target.
#[derive(Debug)]
pub struct Site {
    /// `None` for those that were merged into others.
    nodes: Vec<Option<Node>>,
    count: usize,
    by_key: HashMap<Key, usize>,
    by_path: HashMap<PathId, Vec<usize>>,
    /// The nodes to which new parameter sets of a path belong.
    facets: HashMap<Place, usize>,
    /// The plan's names of paths.
    names: HashMap<Place, String>,
    in_links: BTreeMap<Place, u64>,
    operations: Operations,
    urls: Vec<Box<str>>,
    named_hosts: Vec<Box<str>>,
    nodes_room: Room,
    urls_room: Room,
    left_out: (u64, u64),
}

impl Default for Site {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            count: 0,
            by_key: HashMap::new(),
            by_path: HashMap::new(),
            facets: HashMap::new(),
            names: HashMap::new(),
            in_links: BTreeMap::new(),
            operations: Operations::default(),
            urls: Vec::new(),
            named_hosts: Vec::new(),
            nodes_room: Room::of(room::NODES),
            urls_room: Room::of(room::URLS),
            left_out: (0, 0),
        }
    }
}

impl Site {
    /// Nodes in the order of discovery; of a site that is settled by place.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().flatten()
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Operations by method and path template.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter()
    }

    /// Everything in scope that was discovered, requested or not, in the order of discovery.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.urls.iter().map(AsRef::as_ref)
    }

    /// Hosts out of scope that links of the site lead to, each once, in the order of discovery.
    pub(crate) fn named_hosts(&self) -> impl Iterator<Item = &str> {
        self.named_hosts.iter().map(AsRef::as_ref)
    }

    /// Nodes and URLs beyond what is kept.
    pub fn left_out(&self) -> (u64, u64) {
        self.left_out
    }

    /// A URL in scope was discovered.
    pub(crate) fn discover(&mut self, url: &str) {
        if self.urls.len() < MAX_URLS && self.urls_room.take(size_of::<Box<str>>() + url.len()) {
            self.urls.push(url.into());
        } else {
            self.left_out.1 += 1;
        }
    }

    /// A link led to a host out of scope.
    pub(crate) fn name_host(&mut self, host: &str) {
        let is_known = self.named_hosts.iter().any(|known| **known == *host);
        if !is_known && self.named_hosts.len() < MAX_NAMED_HOSTS {
            self.named_hosts.push(host.into());
        }
    }

    /// So many links lead to a path.
    pub(crate) fn link(&mut self, method: &str, path: PathId, links: u64) {
        *self.in_links.entry((method.to_owned(), path)).or_insert(0) += links;
    }

    /// Whether something was found behind a method and path template.
    pub(crate) fn is_reached(&self, operation: &(String, String)) -> bool {
        self.operations.is_reached(operation)
    }

    /// Takes a sighting; gives what has changed of the operations.
    pub(crate) fn see(&mut self, sighting: Sighting, templates: &Templates) -> Vec<Event> {
        let path = templates.current(sighting.path);
        let place = (sighting.request.method.as_str().to_owned(), path);
        let Some(index) = self.node_for(&sighting, &place, templates) else {
            self.left_out.0 += 1;
            return Vec::new();
        };
        let node = self.nodes[index].as_mut().expect("the index has no merged nodes");
        let before = node.weight();
        let has_room = self.nodes_room.has(sighting.weight());
        node.take(if has_room { sighting } else { sighting.light(node) });
        self.nodes_room.resize(before, node.weight());
        let (method, template) = (node.method.clone(), node.path_template.clone());
        let (source, reached, skipped) = (node.source, node.reached, node.skipped.clone());
        let structure = node.structure;
        if structure.is_some() && self.by_path[&path].len() > MAX_FACETS {
            self.fold_facets(&place, index);
        }
        let seen = Operation { method, path_template: template, source, reached, skipped };
        self.operations.see(seen).map(Event::Operation).into_iter().collect()
    }

    /// One path template has become part of another, or has another text.
    pub(crate) fn merge(&mut self, merged: Merged, templates: &Templates) -> Vec<Event> {
        let mut events = Vec::new();
        let mut by_method: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for index in self.by_path.remove(&merged.from).unwrap_or_default() {
            if let Some(node) = &self.nodes[index] {
                by_method.entry(node.method.clone()).or_default().push(index);
            }
        }
        for (method, moved) in by_method {
            self.merge_place(method, moved, merged, templates, &mut events);
        }
        events
    }

    /// Puts the number of links to each node into it.
    pub(crate) fn conclude(&mut self, templates: &Templates) {
        let mut totals: BTreeMap<Place, u64> = BTreeMap::new();
        for ((method, path), count) in std::mem::take(&mut self.in_links) {
            *totals.entry((method, templates.current(path))).or_insert(0) += count;
        }
        for node in self.nodes.iter_mut().flatten() {
            let place = (node.method.clone(), node.path);
            node.in_links = totals.get(&place).copied().unwrap_or(0);
        }
        self.in_links = totals;
    }

    /// What is known at the end, in an order that does not depend on which answer came first: what the
    /// user named, then what is nearer to the root, by name. Nothing more can be added.
    #[must_use]
    pub(crate) fn settled(mut self) -> Self {
        self.nodes.retain(Option::is_some);
        let place = |node: &Option<Node>| {
            let node = node.as_ref()?;
            let request = node.examples.first()?;
            let depth = node.path_template.trim_end_matches('/').matches('/').count();
            let path = node.path_template.clone();
            let rest = (request.origin.to_string(), node.method.clone(), node.parameters.clone());
            Some((node.found.by != FoundIn::Start, depth, path, rest))
        };
        self.nodes.sort_by_cached_key(place);
        self.by_key.clear();
        self.by_path.clear();
        self.facets.clear();
        self
    }

    fn node_for(
        &mut self,
        sighting: &Sighting,
        place: &Place,
        templates: &Templates,
    ) -> Option<usize> {
        let key = (place.0.clone(), place.1, Arc::clone(&sighting.parameters));
        if let Some(&index) = self.by_key.get(&key) {
            return Some(index);
        }
        if let Some(&host) = self.facets.get(place)
            && !sighting.parameters.is_empty()
            && self.is_built_like(host, sighting.structure)
        {
            let node = self.nodes[host].as_mut().expect("a host is no merged node");
            let room = MAX_PARAMETERS.saturating_sub(node.parameters.len());
            node.parameters.extend(sighting.parameters.iter().take(room).cloned());
            return Some(host);
        }
        let is_full = self.count >= MAX_NODES || !self.nodes_room.has(sighting.weight());
        // What the user named is never left out.
        if is_full && sighting.source.is_found() {
            return None;
        }
        if let Some(name) = &sighting.path_template {
            self.names.entry(place.clone()).or_insert_with(|| name.clone());
        }
        let index = self.nodes.len();
        self.by_key.insert(key, index);
        self.by_path.entry(place.1).or_default().push(index);
        self.count += 1;
        self.nodes.push(Some(Node {
            method: place.0.clone(),
            path_template: self.name(place, templates),
            parameters: (*sighting.parameters).clone(),
            source: sighting.source,
            found: sighting.found.clone(),
            in_links: 0,
            examples: Vec::new(),
            status: None,
            answer: None,
            reached: false,
            skipped: None,
            same_as: None,
            path: place.1,
            structure: None,
        }));
        Some(index)
    }

    fn name(&self, place: &Place, templates: &Templates) -> String {
        self.names.get(place).cloned().unwrap_or_else(|| templates.text(place.1))
    }

    fn is_built_like(&self, index: usize, structure: Option<Structure>) -> bool {
        let known = self.nodes[index].as_ref().and_then(|node| node.structure);
        match (known, structure) {
            (Some(known), Some(structure)) => known.is_like(structure),
            _ => true,
        }
    }

    /// Makes one node of all whose pages are built like that of `index`, where they are many.
    fn fold_facets(&mut self, place: &Place, index: usize) {
        let structure = self.nodes[index].as_ref().and_then(|node| node.structure);
        let Some(structure) = structure else { return };
        let alike: Vec<usize> = self.by_path[&place.1]
            .iter()
            .copied()
            .filter(|other| {
                self.nodes[*other].as_ref().is_some_and(|node| {
                    node.method == place.0
                        && !node.parameters.is_empty()
                        && node.structure.is_some_and(|own| own.is_like(structure))
                })
            })
            .collect();
        let Some((&host, rest)) = alike.split_first() else { return };
        if alike.len() < MAX_FACETS {
            return;
        }
        for &one in rest {
            self.absorb(one, host);
        }
        self.facets.insert(place.clone(), host);
    }

    /// Makes `from` part of `host`, which keeps its place.
    fn absorb(&mut self, from: usize, host: usize) {
        let Some(node) = self.nodes[from].take() else { return };
        self.count -= 1;
        if let Some(indices) = self.by_path.get_mut(&node.path) {
            indices.retain(|index| *index != from);
        }
        let key = (node.method.clone(), node.path, Arc::new(node.parameters.clone()));
        self.by_key.insert(key, host);
        self.nodes[host].as_mut().expect("a host is no merged node").absorb(node);
    }

    fn merge_place(
        &mut self,
        method: String,
        moved: Vec<usize>,
        merged: Merged,
        templates: &Templates,
        events: &mut Vec<Event>,
    ) {
        let (old, new) = ((method.clone(), merged.from), (method.clone(), merged.into));
        if let Some(name) = self.names.remove(&old) {
            self.names.entry(new.clone()).or_insert(name);
        }
        if let Some(host) = self.facets.remove(&old) {
            self.facets.entry(new.clone()).or_insert(host);
        }
        let template = self.name(&new, templates);
        // They had one text, and have one again.
        let before = moved
            .first()
            .and_then(|index| self.nodes[*index].as_ref())
            .map(|node| node.path_template.clone());
        for index in moved {
            let Some(node) = &mut self.nodes[index] else { continue };
            node.path = merged.into;
            node.path_template.clone_from(&template);
            let parameters = Arc::new(node.parameters.clone());
            self.by_key.remove(&(method.clone(), merged.from, Arc::clone(&parameters)));
            let key = (method.clone(), merged.into, parameters);
            match self.by_key.get(&key) {
                Some(&host) if host != index => self.absorb(index, host),
                _ => {
                    self.by_key.insert(key, index);
                    self.by_path.entry(merged.into).or_default().push(index);
                }
            }
        }
        if let Some(before) = before.filter(|before| *before != template) {
            events.extend(self.operations.rename(method, before, template));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Markup;
    use crate::extract::Scripting;
    use crate::model::OperationSource;
    use crate::model::Request;
    use crate::model::Target;
    use crate::scan::link::url_of;

    #[derive(Default)]
    struct Bed {
        site: Site,
        templates: Templates,
    }

    impl Bed {
        fn see(&mut self, target: &str, reached: bool) -> Vec<Event> {
            let mut sighting = self.sighting(target, reached);
            let html = (0..12).map(|n| format!("<b class='{}'>", "x".repeat(n)));
            let html = html.collect::<Vec<_>>().concat();
            sighting.structure = Some(Structure::of_markup(&Markup::parse(&html, Scripting::Off)));
            self.site.see(sighting, &self.templates)
        }

        fn sighting(&mut self, target: &str, reached: bool) -> Sighting {
            let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
            let request = Request::get(origin, target);
            let url = url_of(&request).expect("a URL");
            Sighting {
                path: self.templates.place("h", url.path()),
                parameters: Arc::new(
                    url.query_pairs().map(|(name, _)| name.into_owned()).collect(),
                ),
                path_template: None,
                source: OperationSource::Crawl,
                found: Found::start(),
                request,
                answer: None,
                status: Some(if reached { 200 } else { 404 }),
                reached,
                skipped: None,
                structure: None,
                same_as: None,
            }
        }

        fn operations(&self) -> Vec<&str> {
            self.site.operations().map(|operation| operation.path_template.as_str()).collect()
        }
    }

    #[test]
    fn values_do_not_make_nodes_and_parameter_sets_do() {
        let mut bed = Bed::default();
        for target in ["/items/1", "/items/2", "/items/3?full=1", "/items/4?full=0"] {
            bed.see(target, true);
        }
        assert_eq!(bed.site.len(), 2);
        assert_eq!(bed.operations(), ["/items/{id}"], "one operation with two parameter sets");
    }

    #[test]
    fn checks_start_from_an_example_that_works() {
        let mut bed = Bed::default();
        assert_eq!(bed.see("/items/1", false).len(), 1);
        assert_eq!(bed.see("/items/2", true).len(), 1);
        assert_eq!(bed.see("/items/3", false).len(), 0, "reached stays reached");
        let examples = &bed.site.nodes().next().expect("one node").examples;
        assert_eq!(examples[0].path_and_query, b"/items/2");
        assert_eq!(examples.len(), 3);
    }

    #[test]
    fn facets_of_one_search_are_one_node_that_starts_from_most_of_them() {
        let mut bed = Bed::default();
        bed.see("/find", true);
        for n in 0..10 {
            let query: Vec<String> = (0..=n).map(|facet| format!("f{facet}=1")).collect();
            bed.see(&format!("/find?{}", query.join("&")), true);
        }
        assert_eq!(bed.site.len(), 2);
        let node = bed.site.nodes().find(|node| !node.parameters.is_empty()).expect("the facets");
        assert_eq!(node.parameters.len(), 10);
        assert!(node.examples[0].path_and_query_text().contains("f7=1"));
    }

    #[test]
    fn a_settled_site_does_not_depend_on_what_was_seen_first() {
        let seen = ["/a/b/c", "/z", "/a?x=1", "/a", "/b/7", "/a/b/d"];
        let order = |targets: &mut dyn Iterator<Item = &&str>| {
            let mut bed = Bed::default();
            for target in targets {
                let mut sighting = bed.sighting(target, true);
                if *target == "/b/7" {
                    sighting.found = Found { by: FoundIn::Start, page: None };
                } else {
                    sighting.found = Found { by: FoundIn::Page, page: None };
                }
                bed.site.see(sighting, &bed.templates);
            }
            let site = bed.site.settled();
            let shown = |node: &Node| format!("{} {}", node.path_template, node.parameters.len());
            site.nodes().map(shown).collect::<Vec<_>>()
        };
        let forth = order(&mut seen.iter());
        assert_eq!(forth, ["/b/{id} 0", "/a 0", "/a 1", "/z 0", "/a/b/c 0", "/a/b/d 0"]);
        assert_eq!(order(&mut seen.iter().rev()), forth);
    }

    #[test]
    fn nodes_and_operations_follow_their_templates() {
        let mut bed = Bed::default();
        let words = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen"];
        let mut gone = 0;
        for word in words {
            let target = format!("/blog/{word}");
            bed.see(&target, true);
            let structure = bed.site.nodes().last().and_then(|node| node.structure);
            let path = bed.templates.place("h", &target);
            bed.templates.learn(path, &target, structure.expect("a page"));
            for merged in bed.templates.take_merged() {
                let events = bed.site.merge(merged, &bed.templates);
                let is_gone = |event: &&Event| matches!(event, Event::OperationMerged { .. });
                gone += events.iter().filter(is_gone).count();
            }
        }
        assert_eq!(bed.operations(), ["/blog/{slug}"]);
        assert_eq!(gone, words.len());
        assert_eq!(bed.site.len(), 1);
    }
}
