//! The operations of a report: in the order of discovery, and each found by its name at once.

use std::collections::BTreeMap;
use std::collections::HashMap;

use super::scan::Operation;

/// Operations, one for each method and path template, in the order of discovery. To set or to remove
/// one costs O(log n), however many there are: a crawl of a large site does so for every page.
#[derive(Debug, Clone, Default)]
pub struct Operations {
    by_age: BTreeMap<u64, Operation>,
    ages: HashMap<(String, String), u64>,
    next: u64,
}

impl Operations {
    /// Adds an operation, or replaces the one of its method and path template, which keeps its place.
    pub fn set(&mut self, operation: Operation) {
        let name = (operation.method.clone(), operation.path_template.clone());
        let next = &mut self.next;
        let age = *self.ages.entry(name).or_insert_with(|| {
            *next += 1;
            *next
        });
        self.by_age.insert(age, operation);
    }

    /// Takes out the operation of that name, if it is known.
    pub fn remove(&mut self, method: &str, path_template: &str) -> Option<Operation> {
        let age = self.ages.remove(&(method.to_owned(), path_template.to_owned()))?;
        self.by_age.remove(&age)
    }

    /// In the order of discovery.
    pub fn iter(&self) -> impl Iterator<Item = &Operation> + '_ {
        self.by_age.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_age.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_age.is_empty()
    }
}

/// The same operations in the same order are the same, whatever was removed between them.
impl PartialEq for Operations {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Operations {}

impl Extend<Operation> for Operations {
    fn extend<I: IntoIterator<Item = Operation>>(&mut self, operations: I) {
        operations.into_iter().for_each(|operation| self.set(operation));
    }
}

impl FromIterator<Operation> for Operations {
    fn from_iter<I: IntoIterator<Item = Operation>>(operations: I) -> Self {
        let mut all = Self::default();
        all.extend(operations);
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::OperationSource;

    fn operation(path: u8, reached: bool) -> Operation {
        Operation {
            method: "GET".to_owned(),
            path_template: format!("/{path}"),
            source: OperationSource::Crawl,
            reached,
            skipped: None,
        }
    }

    proptest! {
        /// As a list that is searched from its beginning.
        #[test]
        fn operations_keep_their_places(steps in prop::collection::vec((0_u8..8, any::<Option<bool>>()), 0..60)) {
            let (mut operations, mut list) = (Operations::default(), Vec::<Operation>::new());
            for (path, step) in steps {
                let place = list.iter().position(|known| known.path_template == format!("/{path}"));
                match (step, place) {
                    (Some(reached), Some(place)) => list[place] = operation(path, reached),
                    (Some(reached), None) => list.push(operation(path, reached)),
                    (None, Some(place)) => _ = list.remove(place),
                    (None, None) => {}
                }
                match step {
                    Some(reached) => operations.set(operation(path, reached)),
                    None => _ = operations.remove("GET", &format!("/{path}")),
                }
            }
            prop_assert_eq!(operations.iter().collect::<Vec<_>>(), list.iter().collect::<Vec<_>>());
            prop_assert_eq!(operations.len(), list.len());
            prop_assert_eq!(operations, list.into_iter().collect());
        }
    }
}
