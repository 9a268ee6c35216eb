//! One number from which every random choice of a run follows.

use sha2::{Digest, Sha256};

/// The seed of a run; printed in the report so that a run can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// An independent seed for the part named `purpose` (a shard, a check, a feeder).
    #[must_use]
    pub fn derive(self, purpose: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        hash.update(purpose.as_bytes());
        let digest = hash.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_le_bytes(first))
    }
}
