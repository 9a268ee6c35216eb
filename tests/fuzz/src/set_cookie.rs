//! `Set-Cookie` lines: what comes back as `Cookie` cannot break out of its header, and the jar stays
//! bounded.

use shakedown::http::CookieJar;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::Response;
use shakedown::model::Target;

/// Lines, each a header.
pub fn any(data: &[u8]) {
    let origin = Target::parse("http://a.example.com/x/y").expect("valid").origin;
    let headers = data
        .split(|byte| *byte == b'\n')
        .map(|line| Header { name: "Set-Cookie".to_owned(), value: line.to_vec() })
        .collect();
    let response = Response {
        status: 200,
        reason: String::new(),
        version: HttpVersion::Http11,
        headers,
        body: Vec::new(),
        wire_len: 0,
        truncated: false,
    };
    let mut jar = CookieJar::default();
    jar.store(&origin, b"/x/y?z", &response, 1_800_000_000);
    assert!(jar.cookies().len() <= 300, "a jar is bounded");
    for now in [0, 1_800_000_000, u64::MAX] {
        if let Some(header) = jar.header(&origin, b"/x/y", now) {
            assert!(!header.value.contains(&b'\r') && !header.value.contains(&b'\n'));
        }
    }
}
