//! Asking all rules at once finds what asking each finds.

use std::sync::LazyLock;

use proptest::prelude::*;
use shakedown::model::Exchange;
use shakedown::model::Target;
use shakedown::rules::PassiveMatch;
use shakedown::rules::Registry;
use shakedown::rules::ResponseView;

/// Rules of every kind of matcher, place and condition, over words that [`PIECES`] are made of.
const RULES: &str = r#"
id: odd
info: { name: n, author: a, severity: info, description: d, remediation: r }
passive:
  - matchers: [ { type: word, words: [Alpha, betagamma] } ]
  - matchers: [ { type: word, words: [Alpha, betagamma], condition: and, part: all } ]
  - matchers: [ { type: word, words: [ALPHA], case-insensitive: true, part: response } ]
  - matchers: [ { type: word, words: [alpha], part: header, negative: true, name: none }, { type: status, status: [404], name: gone } ]
  - matchers: [ { type: word, words: ["\r\n\r\nalpha", "gammaHTTP/1"], part: response, name: seam }, { type: word, words: ["gammaHTTP/1"], part: all, name: other-seam } ]
  - matchers: [ { type: binary, binary: ["616C706861"] } ]
  - matchers: [ { type: regex, regex: ['(?i)al(?:pha|beta)\s*gam+a', 'betag[ab]mma'] } ]
  - matchers-condition: and
    matchers: [ { type: regex, regex: ['(?i)x-one: (?:alpha|beta)', 'gamma'], part: all_headers, condition: and }, { type: regex, regex: [alpha], part: x_one } ]
  - matchers: [ { type: regex, regex: ['gamma$'], part: x_two, negative: true } ]
  - matchers: [ { type: dsl, dsl: ['contains(to_lower(body), "kelvin")', 'contains_any(header, "alpha", "gamma") && !is_html'] } ]
  - matchers: [ { type: dsl, condition: and, dsl: ['status_code > 200 || x_two == "gamma"', 'body =~ "(?i)alpha" || sid == "beta"'] } ]
  - matchers: [ { type: dsl, dsl: ['regex("beta.amma", response) ? scheme == "https" : status_code < 300'] } ]
  - matchers: [ { type: css, css: [p, 'b.x'] }, { type: css, part: x_one, css: [b], name: header } ]
  - for-each: set_cookie
    matchers: [ { type: word, part: item, words: [alpha] }, { type: dsl, dsl: ['cookie_name == "beta" && cookie_secure'] } ]
  - for-each: x_one
    matchers-condition: and
    matchers: [ { type: regex, part: item, regex: ['^alpha'] }, { type: word, words: [gamma] } ]
  - extractors: [ { type: regex, regex: ['alpha\w+', 'x-(one|two)'], part: all } ]
  - extractors: [ { type: kval, kval: [x_two, sid] } ]
  - extractors: [ { type: regex, regex: ['\\b[a-z]{0,3}alpha\\b.?', '(?i)(?:^|\\s)gamma(?:$|\\s)'] } ]
  - matchers: [ { type: regex, regex: ['(?i)(?:beta|gamma)[ <]?alpha'] }, { type: regex, part: response, name: all, regex: ['(?i)gamma(?:$|[^g])'] } ]
  - extractors: [ { type: regex, name: body, internal: true, part: header, regex: ['al(\w+)'] } ]
    matchers: [ { type: word, words: [alpha] } ]
  - extractors: [ { type: regex, name: x_one, regex: ['gam(ma)'] } ]
    matchers: [ { type: dsl, dsl: ['len(x_one) > 1'] } ]
"#;

const PIECES: &[&str] = &[
    "alpha",
    "ALPHA",
    "Alpha ",
    "beta",
    "betagamma",
    "gamma",
    "alphagamma",
    "\u{212a}elvin",
    "kelvin",
    "<p>",
    "<b class=x>",
    "</b>",
    " ",
    "HTTP/1",
    "\n",
    "x-one",
    "albetagammmma",
];

/// The rules of [`RULES`] beside the built-in ones.
static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let mut sources = vec![("odd.yaml".to_owned(), RULES.to_owned())];
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    collect(&dir, &mut sources);
    Registry::of_sources(&sources).unwrap_or_else(|errors| panic!("{errors}"))
});

fn collect(dir: &std::path::Path, sources: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).expect("rules is readable") {
        let path = entry.expect("rules is readable").path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            let text = std::fs::read_to_string(&path).expect("rules is readable");
            sources.push((path.display().to_string(), text));
        }
    }
}

/// Every exchange that an example writes down.
static EXAMPLES: LazyLock<Vec<&'static Exchange>> = LazyLock::new(|| {
    let rules = REGISTRY.passive().iter();
    rules.flat_map(|rule| rule.examples().iter().map(|example| &example.exchange)).collect()
});

fn one_by_one(view: &ResponseView<'_>) -> Vec<(String, Vec<PassiveMatch>)> {
    let each = REGISTRY.passive().iter().map(|rule| (rule.meta().id.clone(), rule.evaluate(view)));
    each.filter(|(_, found)| !found.is_empty()).collect()
}

fn at_once(view: &ResponseView<'_>) -> Vec<(String, Vec<PassiveMatch>)> {
    let all = REGISTRY.evaluate(view).into_iter();
    all.map(|(rule, found)| (rule.meta().id.clone(), found)).collect()
}

fn same(exchange: &Exchange) -> usize {
    let view = ResponseView::of(exchange).expect("there is a response");
    let found = at_once(&view);
    assert_eq!(one_by_one(&view), found);
    found.len()
}

#[test]
fn every_example_has_the_same_findings_either_way() {
    let found: usize = EXAMPLES.iter().map(|exchange| same(exchange)).sum();
    assert!(found > EXAMPLES.len() / 2, "only {found}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Heads and bodies of several examples in one response.
    #[test]
    fn mixed_examples_have_the_same_findings_either_way(
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), any::<bool>()), 1..6),
        https in any::<bool>(),
        status in prop::option::of(prop::sample::select(vec![200u16, 302, 404, 500])),
    ) {
        let mut mixed = picks[0].0.get(&EXAMPLES).to_owned().clone();
        if https {
            mixed.request.origin = Target::parse("https://shop.example/").expect("a URL").origin;
        }
        let response = mixed.outcome.as_mut().expect("a response");
        response.status = status.unwrap_or(response.status);
        for (pick, head, body) in &picks[1..] {
            let other = pick.get(&EXAMPLES).response().expect("a response");
            if *head {
                response.headers.extend(other.headers.iter().cloned());
            }
            if *body {
                response.body.extend_from_slice(&other.body);
            }
        }
        same(&mixed);
    }

    /// Words that rules of every kind look for, in bodies, headers and cookies.
    #[test]
    fn odd_rules_have_the_same_findings_either_way(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..8),
        // Long texts are not searched whole.
        gaps in prop::collection::vec(0usize..3000, 8),
        one in prop::sample::select(vec!["", "alpha", "beta gamma", "<b>alpha"]),
        twice in any::<bool>(),
        two in prop::option::of(prop::sample::select(vec!["gamma", "gamma x"])),
        cookies in prop::collection::vec(prop::sample::select(vec!["sid=beta", "beta=1; Secure", "a=alpha"]), 0..3),
        html in any::<bool>(),
        status in prop::sample::select(vec![200u16, 404]),
    ) {
        let mut exchange = EXAMPLES[0].clone();
        let response = exchange.outcome.as_mut().expect("a response");
        let header = |name: &str, value: &str| shakedown::model::Header::new(name, value);
        response.status = status;
        response.body.clear();
        for (piece, gap) in pieces.iter().zip(gaps) {
            response.body.extend_from_slice(piece.as_bytes());
            if gap > 500 {
                response.body.extend(std::iter::repeat_n(b'-', gap));
            }
        }
        response.headers = vec![header("Content-Type", if html { "text/html" } else { "text/plain" })];
        for _ in 0..=usize::from(twice) {
            response.headers.push(header("X-One", one));
        }
        response.headers.extend(two.map(|value| header("x-two", value)));
        response.headers.extend(cookies.iter().map(|value| header("Set-Cookie", value)));
        same(&exchange);
    }
}
