//! Things that whoever has their address may see, and whether that can be foretold.

use std::collections::BTreeMap;
use std::sync::Mutex;

use shakedown::model::Confidence;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::scan;

const RULE: &str = "predictable-address";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Numbers,
    /// Of a hash that nobody can guess.
    Drawn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// By a redirect.
    ToTheMaker,
    /// By a link in the answer.
    InTheAnswer,
    /// On a page for everybody.
    ToAll,
    /// By a redirect to a page that says no more than that there is something.
    AsANumber,
}

#[derive(Default)]
struct Pastes {
    kept: BTreeMap<String, String>,
    made: u32,
}

async fn scanned(names: Names, told: Told) -> Scanned {
    let setup = Setup { active: vec![RULE], allow_unsafe: true, ..Setup::default() };
    let pastes = Mutex::new(Pastes::default());
    scan(setup, move |ask| answer(&mut pastes.lock().expect("no panic"), ask, names, told)).await
}

fn answer(pastes: &mut Pastes, ask: &Ask, names: Names, told: Told) -> Response {
    match (ask.method.as_str(), ask.path.as_str()) {
        ("GET", "/") => html("<a href=/paste>new</a> <a href=/recent>recent</a>"),
        ("GET", "/paste") => html(
            "<form method=post action=/paste><textarea name=text>hello</textarea><button>Go</button></form>",
        ),
        ("GET", "/recent") => {
            let listed = |name: &String| format!("<li><a href='/p/{name}'>paste</a>");
            let all: String = pastes.kept.keys().map(listed).collect();
            html(if told == Told::ToAll { all } else { "<p>none</p>".to_owned() })
        }
        ("POST", "/paste") => {
            pastes.made += 1;
            let name = match names {
                Names::Numbers => (40_310 + pastes.made).to_string(),
                Names::Drawn => drawn(pastes.made),
            };
            pastes.kept.insert(name.clone(), ask.get("text").to_owned());
            if told == Told::InTheAnswer {
                return html(format!("<p>Kept at <a href='/p/{name}'>this address</a>.</p>"));
            }
            redirect(&format!("/p/{name}"))
        }
        ("GET", path) => match path.strip_prefix("/p/").and_then(|name| pastes.kept.get(name)) {
            Some(_) if told == Told::AsANumber => html("<p>We have got it.</p>"),
            Some(text) => html(format!("<pre>{}</pre>", escape(text))),
            None => not_found(),
        },
        _ => not_found(),
    }
}

/// Thirty-two digits that have nothing to do with those of the next.
fn drawn(number: u32) -> String {
    let mix = |salt: u64| {
        let mut state = u64::from(number).wrapping_add(salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state ^ (state >> 27)
    };
    format!("{:016x}{:016x}", mix(7), mix(1 << 40))
}

#[tokio::test]
async fn an_address_that_counts_up_is_told_where_nothing_else_protects_it() {
    for told in [Told::ToTheMaker, Told::InTheAnswer] {
        let scanned = scanned(Names::Numbers, told).await;
        let [finding] = scanned.found(RULE)[..] else {
            panic!("{told:?}: {:?}", scanned.notices())
        };
        assert_eq!(finding.path_template, "/p/{id}");
        assert_eq!(finding.confidence, Confidence::Firm);
        assert!(finding.detail.contains("grow by at most"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn what_nobody_can_guess_or_all_are_told_is_no_secret_that_is_lost() {
    for (names, told) in [
        (Names::Drawn, Told::ToTheMaker),
        (Names::Drawn, Told::InTheAnswer),
        (Names::Numbers, Told::ToAll),
        (Names::Numbers, Told::AsANumber),
    ] {
        let scanned = scanned(names, told).await;
        assert!(scanned.found(RULE).is_empty(), "{names:?} {told:?}");
        let asked = scanned.requests.iter().filter(|it| it.method.as_str() == "POST").count();
        assert!(asked >= 2, "{names:?} {told:?}: {asked} were made");
    }
}
