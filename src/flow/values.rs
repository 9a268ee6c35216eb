//! Values that an iteration has taken out of responses.

/// A value's number among all that a plan names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variable(pub u16);

/// A longer value is none: what a target sends may be of any length, and users are many.
pub const MAX_VALUE: usize = 64 * 1024;

/// So much of the buffer may be values that others have replaced.
const MAX_REPLACED: usize = MAX_VALUE;

/// The values of one virtual user, one behind the other in a buffer that is used again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    bytes: Vec<u8>,
    /// By variable: where it stands.
    places: Vec<Option<(u32, u32)>>,
    /// Bytes that no variable has any more.
    replaced: usize,
}

impl Values {
    /// The value, if it has one.
    pub fn get(&self, variable: Variable) -> Option<&[u8]> {
        let (start, end) = (*self.places.get(usize::from(variable.0))?)?;
        Some(&self.bytes[start as usize..end as usize])
    }

    /// Every variable that has a value, and the value.
    pub fn iter(&self) -> impl Iterator<Item = (Variable, &[u8])> {
        let all = (0..).map(Variable).take(self.places.len());
        all.filter_map(|variable| Some((variable, self.get(variable)?)))
    }

    /// Gives the variable the value that `write` appends, or none if it says so or if that is
    /// longer than [`MAX_VALUE`].
    pub fn set(&mut self, variable: Variable, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.bytes.len();
        let is_value = write(&mut self.bytes) && self.bytes.len() - start <= MAX_VALUE;
        if !is_value {
            self.bytes.truncate(start);
        }
        let index = usize::from(variable.0);
        if self.places.len() <= index {
            self.places.resize(index + 1, None);
        }
        let now = is_value.then(|| (place(start), place(self.bytes.len())));
        if let Some((start, end)) = std::mem::replace(&mut self.places[index], now) {
            self.replaced += (end - start) as usize;
            if self.replaced > MAX_REPLACED {
                self.close_up();
            }
        }
    }

    /// Takes over every value of `others` that is another one in `base`.
    pub fn take_over(&mut self, base: &Self, others: &Self) {
        for index in 0..others.places.len() {
            let variable = Variable(u16::try_from(index).expect("variables are numbered in u16"));
            let theirs = others.get(variable);
            if theirs != base.get(variable) {
                self.set(variable, |out| {
                    out.extend_from_slice(theirs.unwrap_or_default());
                    theirs.is_some()
                });
            }
        }
    }

    /// Leaves out what was replaced: a session of many messages takes a value out of each of them.
    #[cold]
    fn close_up(&mut self) {
        let mut kept = Vec::with_capacity(self.bytes.len() - self.replaced);
        for (start, end) in self.places.iter_mut().flatten() {
            let value = &self.bytes[*start as usize..*end as usize];
            *start = place(kept.len());
            kept.extend_from_slice(value);
            *end = place(kept.len());
        }
        (self.bytes, self.replaced) = (kept, 0);
    }

    /// Forgets every value and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.places.fill(None);
        self.replaced = 0;
    }
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a flow's values are below 4 GiB")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_are_those_that_were_set_last_and_their_buffer_is_bounded(
            sets in prop::collection::vec((0..4u16, prop::option::of(0..20_000usize)), 0..40),
        ) {
            let mut values = Values::default();
            let mut last: [Option<Vec<u8>>; 4] = Default::default();
            for (round, (variable, length)) in sets.into_iter().enumerate() {
                let value = length.map(|length| vec![u8::try_from(round).expect("few"); length]);
                values.set(Variable(variable), |out| {
                    out.extend_from_slice(value.as_deref().unwrap_or(b"half"));
                    value.is_some()
                });
                last[usize::from(variable)] = value;
                for (variable, value) in (0..).zip(&last) {
                    prop_assert_eq!(values.get(Variable(variable)), value.as_deref());
                }
                prop_assert!(values.bytes.len() <= MAX_REPLACED + 4 * 20_000);
            }
            values.clear();
            prop_assert!(values.get(Variable(0)).is_none() && values.replaced == 0);
        }
    }
}
