//! The operations of a run in the order of a tree, kept sorted as they come in: a large site has
//! thousands, and a frame must not sort them.

use std::collections::BTreeMap;

use crate::model::Operation;

/// One operation's place in the tree. Ordered by its segments, not by its text: `/a/b` stands before
/// `/a-b`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Of the path, without the first slash.
    pub(super) segments: Vec<String>,
    pub(super) method: String,
    /// As the report has it.
    pub(super) path: String,
}

impl Place {
    /// The place of an operation.
    pub(super) fn of(method: &str, path: &str) -> Self {
        let below = path.strip_prefix('/').unwrap_or(path);
        Self {
            segments: below.split('/').map(str::to_owned).collect(),
            method: method.to_owned(),
            path: path.to_owned(),
        }
    }

    /// The segments that are directories.
    pub(super) fn directory(&self) -> &[String] {
        self.segments.split_last().map_or(&[], |(_, directory)| directory)
    }

    /// The last segment; `/` for a path that ends with one.
    pub(super) fn name(&self) -> &str {
        self.segments.last().map(String::as_str).filter(|name| !name.is_empty()).unwrap_or("/")
    }
}

/// Every operation once, in the order of the tree.
#[derive(Debug, Clone, Default)]
pub(super) struct SiteTree(BTreeMap<Place, Operation>);

/// What is below a directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Below {
    pub(super) known: usize,
    pub(super) reached: usize,
}

impl SiteTree {
    /// Adds an operation, or says how it stands now.
    pub(super) fn set(&mut self, operation: &Operation) {
        let place = Place::of(&operation.method, &operation.path_template);
        self.0.insert(place, operation.clone());
    }

    /// The operation of that name, if it is known.
    pub(super) fn get(&self, method: &str, path: &str) -> Option<&Operation> {
        self.0.get(&Place::of(method, path))
    }

    /// Takes an operation out.
    pub(super) fn remove(&mut self, method: &str, path: &str) {
        self.0.remove(&Place::of(method, path));
    }

    /// In the order of the tree.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Place, &Operation)> {
        self.0.iter()
    }
}

/// Counts by directory, all above included.
pub(super) fn below<'a>(
    places: impl Iterator<Item = (&'a Place, bool)>,
) -> BTreeMap<&'a [String], Below> {
    let mut counts: BTreeMap<&[String], Below> = BTreeMap::new();
    for (place, reached) in places {
        let directory = place.directory();
        for depth in 0..=directory.len() {
            let below = counts.entry(&directory[..depth]).or_default();
            below.known += 1;
            below.reached += usize::from(reached);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OperationSource;

    fn paths(tree: &SiteTree) -> Vec<&str> {
        tree.iter().map(|(place, _)| place.path.as_str()).collect()
    }

    fn operation(path: &str, reached: bool) -> Operation {
        Operation {
            method: "GET".to_owned(),
            path_template: path.to_owned(),
            source: OperationSource::Crawl,
            reached,
            skipped: None,
        }
    }

    #[test]
    fn what_is_below_a_directory_stands_together() {
        let mut tree = SiteTree::default();
        for path in ["/a-b", "/a/c", "/", "/a", "/a/b/", "/a/b"] {
            tree.set(&operation(path, false));
            tree.set(&operation(path, true));
        }
        assert_eq!(paths(&tree), ["/", "/a", "/a/b", "/a/b/", "/a/c", "/a-b"]);
        assert!(tree.iter().all(|(_, operation)| operation.reached));
        tree.remove("GET", "/a/b");
        tree.remove("POST", "/a");
        assert_eq!(paths(&tree), ["/", "/a", "/a/b/", "/a/c", "/a-b"]);
    }

    #[test]
    fn a_directory_counts_everything_below_it() {
        let places = ["/", "/a/b", "/a/c/d"].map(|path| Place::of("GET", path));
        let counts = below(places.iter().map(|place| (place, place.path == "/a/b")));
        let a = ["a".to_owned()];
        assert_eq!(counts[&a[..0]], Below { known: 3, reached: 1 });
        assert_eq!(counts[&a[..]], Below { known: 2, reached: 1 });
    }
}
