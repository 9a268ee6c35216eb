//! A response, whatever it is split into. The first byte chooses the request (0 ordinary, 1 HEAD,
//! 2 CONNECT), the second the length of the pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shakedown::http::h1::RequestKind;

fuzz_target!(|data: &[u8]| {
    let [kind, piece, bytes @ ..] = data else { return };
    let kind = match kind % 3 {
        0 => RequestKind::Ordinary,
        1 => RequestKind::Head,
        _ => RequestKind::Connect,
    };
    shakedown_fuzz::same_however_split(kind, usize::from(*piece), bytes);
});
