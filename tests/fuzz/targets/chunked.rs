//! A chunked body behind a valid head. The first byte chooses the length of the pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shakedown::http::h1::RequestKind;

fuzz_target!(|data: &[u8]| {
    let [piece, body @ ..] = data else { return };
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bytes = [&head[..], body].concat();
    shakedown_fuzz::same_however_split(RequestKind::Ordinary, usize::from(*piece), &bytes);
});
