//! A mark for each virtual user, by which what is his is known again where he is not.

/// What every mark begins with.
const BEGINNING: &str = "sdc";

/// Hexadecimal digits of the user's number, and of what proves that it is one of ours.
const OF_USER: usize = 8;
const OF_PROOF: usize = 12;

/// The marks of one run: lower-case letters and digits, so that they fit everywhere and no encoding
/// changes them. They tell whose they are, so that answers need not be searched for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canaries {
    key: u64,
}

impl Canaries {
    /// Characters of a mark.
    pub const LENGTH: usize = BEGINNING.len() + OF_USER + OF_PROOF;

    /// Of a run whose values are drawn from that seed.
    pub fn of(key: u64) -> Self {
        Self { key }
    }

    /// The mark of a virtual user, by its number from 1.
    pub fn mark(self, user: u64) -> [u8; Self::LENGTH] {
        let user = user & u64::from(u32::MAX);
        // Numbers that follow each other look like nothing that does.
        let hidden = user ^ (self.key & u64::from(u32::MAX));
        let mut mark = [0; Self::LENGTH];
        let (beginning, rest) = mark.split_at_mut(BEGINNING.len());
        beginning.copy_from_slice(BEGINNING.as_bytes());
        let (of_user, of_proof) = rest.split_at_mut(OF_USER);
        write_hex(hidden, of_user);
        write_hex(self.proof(user), of_proof);
        mark
    }

    /// Whose marks stand in `text`, with where they begin; whatever case they are in.
    pub fn find(self, text: &[u8]) -> impl Iterator<Item = (usize, u64)> {
        let starts = memchr::memchr2_iter(b's', b'S', text);
        starts.filter_map(move |at| Some((at, self.owner(text.get(at..at + Self::LENGTH)?)?)))
    }

    fn owner(self, mark: &[u8]) -> Option<u64> {
        let mark = std::str::from_utf8(mark).ok()?;
        let (beginning, rest) = mark.split_at_checked(BEGINNING.len())?;
        let (user, proof) = rest.split_at_checked(OF_USER)?;
        if !beginning.eq_ignore_ascii_case(BEGINNING) {
            return None;
        }
        let user = u64::from_str_radix(user, 16).ok()? ^ (self.key & u64::from(u32::MAX));
        (u64::from_str_radix(proof, 16).ok()? == self.proof(user)).then_some(user)
    }

    /// The finaliser of `SplitMix64` (G. Steele, D. Lea, C. Flood, OOPSLA 2014), cut to its digits.
    fn proof(self, user: u64) -> u64 {
        let mut mixed = user.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.key;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) >> (64 - 4 * OF_PROOF)
    }
}

/// As many digits as fit, the last ones.
fn write_hex(mut number: u64, out: &mut [u8]) {
    for digit in out.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_again_with_its_owner_and_no_other_text_is_one() {
        let canaries = Canaries::of(7);
        let mark = |user| String::from_utf8(canaries.mark(user).to_vec()).expect("ASCII");
        let (one, other) = (mark(1), mark(4_000_000_000));
        let text = format!("<p>{one}</p>, SDC… {} and sd{other}", other.to_ascii_uppercase());
        let found: Vec<u64> = canaries.find(text.as_bytes()).map(|(_, user)| user).collect();
        assert_eq!(found, [1, 4_000_000_000, 4_000_000_000]);
        // Of another run, cut off, or changed in one place.
        assert_eq!(Canaries::of(8).find(text.as_bytes()).count(), 0);
        assert_eq!(canaries.find(&one.as_bytes()[..Canaries::LENGTH - 1]).count(), 0);
        let mut changed = one.into_bytes();
        changed[5] = if changed[5] == b'0' { b'1' } else { b'0' };
        assert_eq!(canaries.find(&changed).count(), 0);
    }
}
