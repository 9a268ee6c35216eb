//! Counts per value of observed response headers (backend, cache state): a capped table.

use super::budget::OTHER;
use super::recorder::Recorder;
use crate::http::h1::FieldHint;
use crate::http::h1::Head;
use crate::http::reactor::Nanos;
use crate::model::Digits;
use crate::model::Observed;
use crate::model::inert;

/// Characters kept of a value.
const MAX_VALUE_CHARS: usize = 64;

/// Bytes of a value that are looked at: what differs only behind them is the same. A value fills a
/// head at most, and thousands of series would keep sixteen each.
const MAX_RAW: usize = 256;

/// No such header in the response.
pub(super) const ABSENT: u16 = u16::MAX;

/// One value of one header.
#[derive(Debug)]
struct Value {
    /// Index of the header's name.
    header: usize,
    /// As sent, to compare with.
    raw: Vec<u8>,
    text: String,
    count: u64,
    duration: Recorder,
}

/// The table of one series and interval. Entries stay from interval to interval, so that values
/// already known cost no allocation.
#[derive(Debug)]
pub(super) struct ObservedTable {
    values: Vec<Value>,
    /// Told apart per header.
    most: u32,
    /// By header: where it was found.
    hints: Vec<FieldHint>,
}

impl ObservedTable {
    /// Tells `most` values of each header apart.
    pub(super) fn new(most: u32) -> Self {
        Self { values: Vec::new(), hints: Vec::new(), most }
    }

    /// Finds (or notes) the value of every header of `names`; `seen` takes one number per name.
    pub(super) fn look(&mut self, names: &[String], head: &Head<'_>, seen: &mut [u16]) {
        if self.hints.len() != names.len() {
            self.hints.resize(names.len(), FieldHint::default());
        }
        for (header, (name, seen)) in names.iter().zip(seen).enumerate() {
            *seen = match head.hinted_field(name, &mut self.hints[header]) {
                None => ABSENT,
                Some(value) => self.number_of(header, value),
            };
        }
    }

    /// Counts a response with the values that `seen` names.
    pub(super) fn count(&mut self, seen: &[u16], duration: Nanos) {
        for number in seen.iter().filter(|number| **number != ABSENT) {
            let value = &mut self.values[usize::from(*number)];
            value.count += 1;
            value.duration.record_us(duration / 1000);
        }
    }

    /// What was counted since the last call.
    pub(super) fn take(&mut self, names: &[String]) -> Vec<Observed> {
        let counted = self.values.iter_mut().filter(|value| value.count > 0);
        counted
            .map(|value| Observed {
                header: names[value.header].clone(),
                value: value.text.clone(),
                count: std::mem::take(&mut value.count),
                duration: value.duration.take().to_histogram(Digits::Two),
            })
            .collect()
    }

    #[inline]
    fn number_of(&mut self, header: usize, raw: &[u8]) -> u16 {
        let raw = &raw[..raw.len().min(MAX_RAW)];
        let known = self.values.iter().position(|value| value.header == header && value.raw == raw);
        let number = known.unwrap_or_else(|| self.note(header, raw));
        // Headers are few and values capped, so the number fits by far.
        u16::try_from(number).unwrap_or(ABSENT)
    }

    #[cold]
    fn note(&mut self, header: usize, raw: &[u8]) -> usize {
        let of_header = |value: &&Value| value.header == header;
        let is_full = self.values.iter().filter(of_header).count() >= self.most as usize;
        let (text, raw) = if is_full {
            (OTHER.to_owned(), Vec::new())
        } else {
            (inert(&String::from_utf8_lossy(raw), MAX_VALUE_CHARS), raw.to_vec())
        };
        let same = |value: &Value| value.header == header && value.text == text;
        self.values.iter().position(same).unwrap_or_else(|| {
            let duration = Recorder::new(Digits::Two);
            self.values.push(Value { header, raw, text, count: 0, duration });
            self.values.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::h1::ResponseParser;
    use crate::http::h1::ResponseSink;

    struct Look<'a>(&'a mut ObservedTable, &'a [String]);

    impl ResponseSink for Look<'_> {
        fn head(&mut self, head: &Head<'_>) {
            let mut seen = vec![0; self.1.len()];
            self.0.look(self.1, head, &mut seen);
            self.0.count(&seen, 5_000);
        }

        fn body(&mut self, _data: &[u8]) {}
    }

    fn respond(table: &mut ObservedTable, names: &[String], headers: &str) {
        let text = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 0\r\n\r\n");
        let fed = ResponseParser::default().feed(text.as_bytes(), &mut Look(table, names));
        assert_eq!(fed.expect("valid").consumed, text.len());
    }

    #[test]
    fn a_long_value_is_known_by_its_beginning() {
        let names = ["X-Cache".to_owned()];
        let mut table = ObservedTable::new(16);
        let long = "a".repeat(MAX_RAW);
        for end in ["b", "c"] {
            respond(&mut table, &names, &format!("X-Cache: {long}{end}\r\n"));
        }
        let [kept] = table.values.as_slice() else { panic!("one value") };
        assert_eq!((kept.raw.len(), kept.count), (MAX_RAW, 2));
    }

    #[test]
    fn values_beyond_the_cap_are_counted_as_other() {
        let names = ["X-Cache".to_owned(), "X-Served-By".to_owned()];
        let mut table = ObservedTable::new(16);
        for index in 0..40 {
            let headers = format!("x-cache: v{index}\r\nX-Served-By: a\r\n");
            respond(&mut table, &names, &headers);
        }
        respond(&mut table, &names, "X-Other: 1\r\n");
        let taken = table.take(&names);
        assert_eq!(taken.len(), 16 + 2);
        let count = |value: &str| {
            taken.iter().find(|observed| observed.value == value).map(|observed| observed.count)
        };
        assert_eq!(count(OTHER), Some(24));
        assert_eq!(count("a"), Some(40));
        assert_eq!(taken[0].header, "X-Cache");
        assert!(table.take(&names).is_empty());
    }
}
