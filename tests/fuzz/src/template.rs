//! Templates that send requests. Whatever a file says, it is a template or refused with a reason; what
//! a template asks and judges follows from file, target and seed; and but for `unsafe` ones, what it
//! sends is one request, whatever its words have in them.

use std::sync::LazyLock;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use shakedown::model::Exchange;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::Request;
use shakedown::model::Response;
use shakedown::model::Target;
use shakedown::model::Timings;
use shakedown::rules::Environment;
use shakedown::rules::template::Bindings;
use shakedown::rules::template::Block;
use shakedown::rules::template::Made;
use shakedown::rules::template::Making;
use shakedown::rules::template::Template;
use shakedown::rules::template::Unmade;
use shakedown::rules::template::compile_one;

/// Rounds and requests that are looked at, of each block.
const MOST: usize = 3;

static ANSWER: LazyLock<Exchange> = LazyLock::new(|| {
    let target = target();
    Exchange {
        request: Request::get(target.origin, target.path_and_query),
        outcome: Ok(Response {
            status: 200,
            reason: "OK".to_owned(),
            version: HttpVersion::Http11,
            headers: vec![
                Header::new("Content-Type", "application/json; charset=utf-8"),
                Header::new("Set-Cookie", "token=abc123; Path=/"),
            ],
            body: br#"{"version":"1.2.3","html":"<p class=\"a\">admin</p>","list":[1,2,{"key":"value"}]}"#
                .to_vec(),
            wire_len: 0,
            truncated: false,
        }),
        timings: Timings::default(),
        peer: None,
        tls: None,
    }
});

fn target() -> Target {
    Target::parse("http://127.0.0.1:8080/shop/?page=2").expect("a URL")
}

/// A file.
pub fn any(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let template = match compile_one("fuzzed.yaml", text) {
        Ok(template) => template,
        Err(refusals) => {
            assert!(!refusals.is_empty());
            assert!(refusals.iter().all(|refusal| !refusal.message.is_empty()), "{refusals:?}");
            return;
        }
    };
    assert!(template.faults().iter().all(|fault| !fault.message.is_empty()));
    assert!(template.blocks.is_empty() || template.request_total() > 0 || has_no_rounds(&template));
    assert_eq!(template.matches(&ANSWER), template.matches(&ANSWER));
    for block in &template.blocks {
        let rounds = block.payloads.as_ref().map_or(1, |payloads| payloads.rounds(None));
        for round in 0..rounds.min(MOST as u64) {
            for request in 0..block.request_count().min(MOST) {
                let made = make(&template, block, round, request);
                assert_eq!(shown(&made), shown(&make(&template, block, round, request)));
                if let Ok(made) = made {
                    is_one_request(block, &made);
                }
            }
        }
    }
}

fn has_no_rounds(template: &Template) -> bool {
    let is_empty = |block: &Block| {
        block.fuzzing.is_some()
            || block.request_count() == 0
            || block.payloads.as_ref().is_some_and(|payloads| payloads.rounds(None) == 0)
    };
    template.blocks.iter().all(is_empty)
}

fn make(template: &Template, block: &Block, round: u64, request: usize) -> Result<Made, Unmade> {
    let payloads = block.payloads.as_ref().map(|payloads| payloads.round(None, round));
    let none = Bindings::default();
    let callback = || Some("127.0.0.1:9/c0".to_owned());
    let target = target();
    let making = Making {
        template,
        block,
        target: &target,
        given: &none,
        dynamic: &none,
        headers: &[],
        callback: Some(&callback),
    };
    let mut random = StdRng::seed_from_u64(1);
    let mut environment = Environment::new(&mut random, 1_700_000_000);
    making.make(request, &payloads.unwrap_or_default(), &mut environment)
}

fn shown(made: &Result<Made, Unmade>) -> String {
    match made {
        Ok(made) => format!("{:?} {:?} {}", made.request, made.bytes, made.url),
        Err(unmade) => unmade.to_string(),
    }
}

fn is_one_request(block: &Block, made: &Made) {
    if block.is_unsafe {
        return;
    }
    let request = &made.request;
    assert!(Header::is_name(request.method.as_str()), "{request:?}");
    let is_sendable = |byte: &u8| !matches!(byte, 0..=b' ' | 0x7f);
    assert!(request.path_and_query.iter().all(is_sendable), "{request:?}");
    for header in &request.headers {
        assert!(Header::is_name(&header.name), "{header:?}");
        assert!(!header.value.iter().any(|byte| matches!(byte, b'\r' | b'\n')), "{header:?}");
    }
}
