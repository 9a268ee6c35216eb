//! Ids that connect what comes by with the payload that sent it.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::model::Seed;

/// A letter and 19 letters and digits: 98 bits.
const LEN: usize = 20;

/// The first character: a name should not begin with a digit.
const FIRST: u8 = b'c';

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// An id of a payload: 20 lower-case letters and digits, fit for a host name, a path and whatever else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OobId([u8; LEN]);

impl OobId {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("letters and digits")
    }
}

impl fmt::Display for OobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for OobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OobId({self})")
    }
}

/// Makes ids: the same ones for the same seed and salt, and no others can be told from some of them.
#[derive(Debug)]
pub(super) struct Ids {
    seed: Seed,
    salt: u64,
    next: u64,
}

impl Ids {
    pub(super) fn new(seed: Seed, salt: u64) -> Self {
        Self { seed: seed.derive("out-of-band ids"), salt, next: 0 }
    }

    pub(super) fn draw(&mut self) -> OobId {
        let mut hash = Sha256::new();
        hash.update(self.seed.0.to_le_bytes());
        hash.update(self.salt.to_le_bytes());
        hash.update(self.next.to_le_bytes());
        self.next += 1;
        let digest = hash.finalize();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        let mut rest = u128::from_le_bytes(first);
        let mut id = [FIRST; LEN];
        for place in &mut id[1..] {
            *place = DIGITS[usize::try_from(rest % 36).expect("less than 36")];
            rest /= 36;
        }
        OobId(id)
    }
}

/// Whatever has the form of an id in `bytes`, in any case and with anything around it.
pub(super) fn candidates(bytes: &[u8]) -> impl Iterator<Item = OobId> + '_ {
    bytes.windows(LEN).filter_map(|window| {
        let is_id =
            window[0].eq_ignore_ascii_case(&FIRST) && window.iter().all(u8::is_ascii_alphanumeric);
        let mut id: [u8; LEN] = window.try_into().ok().filter(|_| is_id)?;
        id.make_ascii_lowercase();
        Some(OobId(id))
    })
}
