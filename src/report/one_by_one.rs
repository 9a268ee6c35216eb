//! Long lists of JSON documents: made one item at a time, as they are written.

use serde::Serialize;
use serde::Serializer;

/// A list of what the function gives; ten thousand items at once would be many times the file.
pub(super) struct OneByOne<F>(pub(super) F);

impl<I: IntoIterator<Item: Serialize>, F: Fn() -> I> Serialize for OneByOne<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// Indented, ending in a line feed.
pub(super) fn pretty(document: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).expect("every key is a string");
    bytes.push(b'\n');
    bytes
}
