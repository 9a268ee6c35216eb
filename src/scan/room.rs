//! What a crawl may take of memory for what the target decides upon.
//!
//! Everything that grows with a site has a number that it may have at most, and what is made of the
//! target's texts (URLs, bodies, headers, parameter names) a number of bytes beside it: a site that
//! names pages with 2,000 characters each takes no more than one with short names, it is known less
//! far. What finds no room is counted and said.
//!
//! | what | most | megabytes |
//! |--|--|--|
//! | waiting URLs and their kinds | 50,000 and 100,000 | 64 |
//! | guesses | 20,000 | 16 |
//! | nodes, their examples and answers | 20,000 | 64 |
//! | the same, as the report has them | 20,000 | 64 |
//! | known addresses | 200,000 | 32 |
//! | pages whose content is known | 200,000 | 32 |
//! | path templates and what they were learnt from | 120,000 segments | 64 |
//! | hashes of what was seen | 800,000 | 32 |
//! | tokens of forms | 64,000 | 4 |
//! | answers on their way and pages taken apart | `concurrency` of 4 MB | 128 at 10 |
//!
//! Together 500 MB, whatever the site does; a browser and `--resume` are apart. A site with links as
//! people write them takes a tenth of that.

/// Bytes for items that wait, and for their kinds.
pub(crate) const QUEUE: usize = 64 << 20;

/// Bytes for guesses that wait.
pub(crate) const GUESSES: usize = 16 << 20;

/// Bytes for what is known of nodes.
pub(crate) const NODES: usize = 64 << 20;

/// Bytes for known addresses.
pub(crate) const URLS: usize = 32 << 20;

/// Bytes for pages whose content is known.
pub(crate) const CONTENTS: usize = 32 << 20;

/// Bytes for the texts of path templates.
pub(crate) const TEMPLATES: usize = 8 << 20;

/// Bytes for tokens of forms.
pub(crate) const TOKENS: usize = 4 << 20;

/// What a name costs where it stands in a set, beside its letters.
pub(crate) const PER_NAME: usize = 64;

/// A number of bytes, of which some are taken.
#[derive(Debug)]
pub(crate) struct Room {
    left: usize,
}

impl Room {
    /// So many bytes, all of them free.
    pub(crate) const fn of(bytes: usize) -> Self {
        Self { left: bytes }
    }

    /// Takes so many, unless there are fewer.
    #[must_use]
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// Whether there are so many.
    pub(crate) fn has(&self, bytes: usize) -> bool {
        self.left >= bytes
    }

    /// Gives back what was taken.
    pub(crate) fn free(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes);
    }

    /// Something has another size now, whether there is room for that or not.
    pub(crate) fn resize(&mut self, before: usize, after: usize) {
        self.left = self.left.saturating_add(before).saturating_sub(after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_taken_than_there_is() {
        let mut room = Room::of(10);
        assert!(room.take(6) && !room.take(5) && room.has(4));
        room.free(2);
        assert!(room.take(6) && !room.has(1));
        room.resize(3, 1);
        assert!(room.has(2) && !room.has(3));
    }
}
