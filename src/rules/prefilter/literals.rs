//! All literals in one automaton, and which of them a text contains.

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton as _;
use aho_corasick::automaton::StateID;
use aho_corasick::dfa::DFA;

use crate::extract::LONGEST;

use super::hits::{Bits, Places};

/// A text is walked by this many walkers at once, each a stretch of it: a step of one has to wait
/// for the table's answer to its last, so one walker leaves the processor idle most of the time.
const LANES: usize = 4;

/// Bytes that are lower-cased and walked at a time; it fits into the nearest cache.
const CHUNK: usize = 16 << 10;

/// Shorter texts are walked by one walker.
const SHORT: usize = LANES * LONGEST * 4;

/// With more literals the table would be too large to be fast; then each counts as found.
const MOST_LITERALS: usize = 20_000;

/// Which literals of a list are in a text.
#[derive(Debug)]
pub(super) struct Literals {
    automaton: Option<DFA>,
    count: usize,
    /// Those of which the places are wanted.
    placed: Bits,
}

impl Literals {
    /// Of lower-case literals of at most [`LONGEST`] bytes.
    pub(super) fn new(literals: &[Vec<u8>], placed: &[usize]) -> Self {
        let few = literals.len() <= MOST_LITERALS;
        let automaton = few.then(|| DFA::builder().prefilter(false).build(literals).ok()).flatten();
        let mut wanted = Bits::new(literals.len());
        for id in placed {
            wanted.set(*id);
        }
        Self { automaton, count: literals.len(), placed: wanted }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Sets the bits of those that `text` contains, whatever its ASCII case.
    pub(super) fn mark(&self, text: &[u8], bits: &mut Bits) {
        let Some(automaton) = &self.automaton else { return bits.set_all() };
        Walk { automaton, bits, placed: None, start: 0 }.all(text);
    }

    /// The same, and remembers where those end whose places are wanted.
    pub(super) fn mark_with_places(&self, text: &[u8], bits: &mut Bits, places: &mut Places) {
        let Some(automaton) = &self.automaton else {
            places.forget();
            return bits.set_all();
        };
        Walk { automaton, bits, placed: Some((&self.placed, places)), start: 0 }.all(text);
    }
}

struct Walk<'w> {
    automaton: &'w DFA,
    bits: &'w mut Bits,
    placed: Option<(&'w Bits, &'w mut Places)>,
    /// Where the chunk starts in the text.
    start: usize,
}

impl Walk<'_> {
    /// Chunks overlap by one byte less than the longest literal, so that none is cut.
    fn all(mut self, text: &[u8]) {
        let mut lower = Vec::with_capacity(text.len().min(CHUNK + LONGEST));
        let mut start = 0;
        while start < text.len() {
            let end = text.len().min(start + CHUNK);
            lower.clear();
            self.start = start.saturating_sub(LONGEST - 1);
            lower.extend_from_slice(&text[self.start..end]);
            lower.make_ascii_lowercase();
            self.chunk(&lower);
            start = end;
        }
    }

    fn chunk(&mut self, text: &[u8]) {
        let begin = self.begin();
        if text.len() < SHORT {
            self.lane(begin, text, 0);
            return;
        }
        let stretch = text.len() / LANES;
        let (first, rest) = text.split_at(stretch);
        let (second, rest) = rest.split_at(stretch);
        let (third, fourth) = rest.split_at(stretch);
        let mut states = [begin; LANES];
        let lanes = first.iter().zip(second).zip(third).zip(fourth);
        for (at, (((a, b), c), d)) in lanes.enumerate() {
            states = [
                self.step(states[0], *a, at),
                self.step(states[1], *b, stretch + at),
                self.step(states[2], *c, 2 * stretch + at),
                self.step(states[3], *d, 3 * stretch + at),
            ];
        }
        // Each goes on a little into the next stretch, the last to the end.
        self.lane(states[0], &second[..LONGEST - 1], stretch);
        self.lane(states[1], &third[..LONGEST - 1], 2 * stretch);
        self.lane(states[2], &fourth[..LONGEST - 1], 3 * stretch);
        self.lane(states[3], &fourth[stretch..], 4 * stretch);
    }

    fn begin(&self) -> StateID {
        let begin = self.automaton.start_state(Anchored::No);
        begin.expect("the automaton is built for searches anywhere")
    }

    fn lane(&mut self, mut state: StateID, text: &[u8], start: usize) {
        for (at, byte) in text.iter().enumerate() {
            state = self.step(state, *byte, start + at);
        }
    }

    #[inline]
    fn step(&mut self, state: StateID, byte: u8, at: usize) -> StateID {
        let next = self.automaton.next_state(Anchored::No, state, byte);
        if self.automaton.is_special(next) {
            self.mark(next, at);
        }
        next
    }

    #[cold]
    fn mark(&mut self, state: StateID, at: usize) {
        if !self.automaton.is_match(state) {
            return;
        }
        for index in 0..self.automaton.match_len(state) {
            let id = self.automaton.match_pattern(state, index).as_usize();
            self.bits.set(id);
            if let Some((_, places)) = self.placed.as_mut().filter(|(placed, _)| placed.has(id)) {
                places.push(id, self.start + at + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        #[test]
        fn what_is_found_is_what_is_there(
            literals in prop::collection::btree_set("[abc]{3,16}", 1..30),
            start in 0usize..3000,
            text in "[abcABC]{0,300}",
        ) {
            let literals: Vec<Vec<u8>> = literals.into_iter().map(String::into_bytes).collect();
            let mut text = [vec![b'.'; start], text.into_bytes()].concat();
            text.truncate(3300);
            // The border of two chunks, too.
            text.splice(0..0, vec![b'.'; CHUNK - 1500]);
            let mut bits = Bits::new(literals.len());
            let mut places = Places::default();
            Literals::new(&literals, &[0]).mark_with_places(&text, &mut bits, &mut places);
            let ends: BTreeSet<usize> = places.list().expect("few").iter().map(|(_, end)| *end).collect();
            let lower = text.to_ascii_lowercase();
            let there: BTreeSet<usize> = (literals[0].len()..=lower.len())
                .filter(|end| lower[..*end].ends_with(&literals[0]))
                .collect();
            prop_assert_eq!(ends, there);
            for (index, literal) in literals.iter().enumerate() {
                let is_there = memchr::memmem::find(&lower, literal).is_some();
                prop_assert_eq!(bits.has(index), is_there);
            }
        }
    }

    #[test]
    fn of_too_many_each_counts_as_found() {
        let many: Vec<Vec<u8>> =
            (0..=MOST_LITERALS).map(|n| format!("n{n}").into_bytes()).collect();
        let mut bits = Bits::new(many.len());
        Literals::new(&many, &[]).mark(b"", &mut bits);
        assert!((0..many.len()).all(|index| bits.has(index)));
    }
}
