//! Documents that refer to others: whatever they hold, what is read of them is bounded.

use shakedown::extract::addresses;

/// By the first byte, `a` the first.
const KINDS: [&str; 9] = [
    "text/html",
    "text/css",
    "text/javascript",
    "application/json",
    "application/xml",
    "text/markdown",
    "application/vnd.apple.mpegurl",
    "application/pdf",
    "text/plain",
];

/// More than any reader gives of one document.
const MOST: usize = 5000;

/// Longer ones are no addresses.
const LONGEST: usize = 2048;

/// No document stops its reader, and none gives without end.
pub fn any(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let kind = KINDS[usize::from(first.wrapping_sub(b'a')) % KINDS.len()];
    let found = addresses(kind, rest);
    assert!(found.len() <= MOST, "{} addresses", found.len());
    for address in &found {
        assert!(!address.is_empty() && address.len() <= LONGEST, "{} bytes", address.len());
    }
}
