//! Values that an iteration has taken out of responses.

/// A value's number among all that a plan names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variable(pub u16);

/// A longer value is none: what a target sends may be of any length, and users are many.
pub const MAX_VALUE: usize = 64 * 1024;

/// The values of one virtual user, one behind the other in a buffer that is used again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    bytes: Vec<u8>,
    /// By variable: where it stands.
    places: Vec<Option<(u32, u32)>>,
}

impl Values {
    /// The value, if it has one.
    pub fn get(&self, variable: Variable) -> Option<&[u8]> {
        let (start, end) = (*self.places.get(usize::from(variable.0))?)?;
        Some(&self.bytes[start as usize..end as usize])
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
        let place = |at: usize| u32::try_from(at).expect("a flow's values are below 4 GiB");
        self.places[index] = is_value.then(|| (place(start), place(self.bytes.len())));
    }

    /// Forgets every value and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.places.fill(None);
    }
}
