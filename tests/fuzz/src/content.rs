//! Content codings: never more than was allowed, and with less allowed the beginning of the same.

use shakedown::http::content::decoded;

const CODINGS: [&str; 6] = ["gzip", "deflate", "br", "zstd", "gzip, br", "zstd, deflate, gzip"];

/// More than that comes out of no input here.
const LARGE: usize = 1 << 20;

/// A body. The first byte chooses its codings, the second how much may come out, in units of 16.
pub fn any(data: &[u8]) {
    let [coding, limit, body @ ..] = data else { return };
    let codings = CODINGS[usize::from(*coding) % CODINGS.len()];
    let limit = usize::from(*limit) * 16;
    let (small, large) = (decoded(codings, body, limit), decoded(codings, body, LARGE));
    for (decoded, limit) in [(&small, limit), (&large, LARGE)] {
        assert!(decoded.as_ref().is_none_or(|decoded| decoded.body.len() <= limit));
    }
    // Of several, what was cut inside may not be in the outer coding any more.
    if codings.contains(',') {
        return;
    }
    assert_eq!(small.is_some(), large.is_some(), "{codings}");
    if let (Some(small), Some(large)) = (small, large) {
        assert_eq!(small.body, large.body[..large.body.len().min(limit)], "{codings}");
        assert_eq!(small.is_whole, large.is_whole && large.body.len() <= limit, "{codings}");
    }
}
