//! Listeners for messages that take them from anybody.
//!
//! A page that listens for messages is shown in a frame of a page of another origin, which posts what
//! the listeners' source says that they read, each message with a name of its own. A name that is
//! evaluated in the page of the target, or a word that stands in it afterwards, is what another site
//! has brought in: the message alone must do it again twice, and one with a value that cannot run, or none at
//! all, must not.

use serde_json::Value;
use serde_json::json;

use super::listener::Reads;
use super::payloads::Payload;
use super::scripts::PageScripts;
use super::scripts::Scripts;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::NO_BROWSER;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::POSTED;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Scene;
use crate::scan::probe::Shot;
use crate::scan::probe::Shown;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;

/// Pages that are shown.
const MAX_PAGES: usize = 40;

/// See the module.
pub(in crate::scan::checks) struct PostMessageOrigin;

impl SiteCheck for PostMessageOrigin {
    fn id(&self) -> &'static str {
        "postmessage-origin"
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    if !probe.has_browser() {
        return Ok(Outcome::Skipped(NO_BROWSER.to_owned()));
    }
    let mut scripts = Scripts::default();
    let mut pages = 0;
    for node in Scripts::pages(probe) {
        let Some(page) = scripts.of(probe, &node).await? else { continue };
        if !listens(&page) || !scripts.is_worth_it(&page, 1) {
            continue;
        }
        pages += 1;
        if pages > MAX_PAGES {
            return Ok(Outcome::Skipped(format!(
                "more than {MAX_PAGES} pages listen for messages"
            )));
        }
        if let Some(proof) = try_page(probe, &node, &page).await? {
            probe.found(&node, None, proof);
        }
    }
    Ok(Outcome::Clean)
}

fn listens(page: &PageScripts) -> bool {
    let named = ["'message'", "\"message\"", "`message`", "onmessage"];
    page.texts.iter().any(|text| named.iter().any(|name| text.contains(name)))
}

/// A message and the name in it.
#[derive(Debug, Clone)]
struct Message {
    body: Value,
    word: String,
}

async fn try_page(
    probe: &mut SiteProbe,
    node: &Node,
    page: &PageScripts,
) -> Result<Option<Proof>, ProbeStop> {
    let url = node.examples[0].url();
    let plain = Scene { url: url.clone(), ..Scene::default() };
    let Some(shown) = probe.show(&plain).await? else { return Ok(None) };
    if shown.listeners.is_empty() {
        return Ok(None);
    }
    let listeners = shown.listeners.iter().map(String::as_str);
    let around =
        page.texts.iter().map(AsRef::as_ref).filter(|text: &&str| text.contains("message"));
    // A listener may be one of a library, which calls the page's own.
    for reads in [Reads::of(listeners), Reads::of(around)] {
        for payload in Payload::ALL {
            let messages = messages(probe, &reads, payload);
            let Some(shown) = post(probe, &url, &messages).await? else { continue };
            let ran = messages.iter().find(|message| shown.ran.contains(&message.word));
            if let Some(message) = ran {
                let proof = confirm(probe, &url, message, Effect::Ran(payload)).await?;
                if proof.is_some() {
                    return Ok(proof);
                }
            }
            let written = messages.iter().find(|message| shown.written.contains(&message.word));
            if let Some(message) = written.filter(|_| payload == Payload::Code) {
                let proof = confirm(probe, &url, message, Effect::Written).await?;
                if proof.is_some() {
                    return Ok(proof);
                }
            }
        }
    }
    Ok(None)
}

fn messages(probe: &mut SiteProbe, reads: &Reads, payload: Payload) -> Vec<Message> {
    let mut words = Vec::new();
    let bodies = reads.messages(|| {
        words.push(probe.sender().word());
        payload.with(&words[words.len() - 1])
    });
    bodies.into_iter().zip(words).map(|((body, _), word)| Message { body, word }).collect()
}

/// What a message does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// It is run.
    Ran(Payload),
    /// It stands in the page.
    Written,
}

impl Effect {
    fn value(self, word: &str) -> String {
        match self {
            Self::Ran(payload) => payload.with(word),
            Self::Written => word.to_owned(),
        }
    }

    fn is_seen(self, shown: &Shown, word: &str) -> bool {
        match self {
            Self::Ran(_) => shown.ran.contains(word),
            Self::Written => shown.written.contains(word),
        }
    }
}

/// One message alone: twice with new names, once as what must have no effect.
async fn confirm(
    probe: &mut SiteProbe,
    url: &str,
    message: &Message,
    effect: Effect,
) -> Result<Option<Proof>, ProbeStop> {
    let first = match effect {
        Effect::Ran(payload) => payload.with(&message.word),
        Effect::Written => Payload::Code.with(&message.word),
    };
    let mut shots = Vec::new();
    for is_attack in [true, false, true] {
        let word = probe.sender().word();
        let value = if is_attack { effect.value(&word) } else { format!("x{word}x") };
        let body = with_value(&message.body, &first, &value);
        let posted = Message { body, word: word.clone() };
        let list =
            if is_attack || effect != Effect::Written { vec![posted.clone()] } else { vec![] };
        let Some(shown) = post(probe, url, &list).await? else { return Ok(None) };
        if effect.is_seen(&shown, &word) != is_attack {
            return Ok(None);
        }
        let Some(exchange) = shown.page.filter(|page| page.response().is_some()) else {
            return Ok(None);
        };
        let value = list.first().map(|it| it.body.to_string()).unwrap_or_default();
        shots.push(Shot { value, exchange });
    }
    let [attack, control, replay] = <[Shot; 3]>::try_from(shots).expect("three were pushed");
    Ok(Some(proof(effect, attack, control, replay)))
}

/// The message with another value wherever the first one stands.
fn with_value(body: &Value, first: &str, value: &str) -> Value {
    match body {
        Value::String(text) => {
            // A text that is JSON has the value as JSON writes it.
            let quoted = |text: &str| {
                let json = Value::String(text.to_owned()).to_string();
                json[1..json.len() - 1].to_owned()
            };
            if text.contains(first) {
                Value::String(text.replace(first, value))
            } else {
                Value::String(text.replace(&quoted(first), &quoted(value)))
            }
        }
        Value::Object(members) => members
            .iter()
            .map(|(name, inner)| (name.clone(), with_value(inner, first, value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// Shows the page in a frame of another site, which posts the messages one after the other.
async fn post(
    probe: &mut SiteProbe,
    url: &str,
    messages: &[Message],
) -> Result<Option<Shown>, ProbeStop> {
    let scheme = url.split("://").next().unwrap_or("http");
    let site = format!("{scheme}://{}.invalid/", probe.sender().word());
    let words: Vec<String> = messages.iter().map(|message| message.word.clone()).collect();
    let bodies: Vec<&Value> = messages.iter().map(|message| &message.body).collect();
    let scene = Scene {
        url: url.to_owned(),
        looked_for: words.clone(),
        words,
        from: Some((site, other_site(url, &bodies))),
        ..Scene::default()
    };
    probe.show(&scene).await
}

/// A page that frames another and posts to it; its title says when it is done.
fn other_site(url: &str, messages: &[&Value]) -> String {
    // Nothing of what stands in it may end the script.
    let inert = |value: Value| value.to_string().replace('<', "\\u003c");
    format!(
        "<!doctype html><title>another site</title><body><script>
        const frame = document.createElement('iframe'), all = {messages};
        let next = -5;
        frame.onload = () => {{ frame.onload = null; const timer = setInterval(() => {{
            if (next >= 0 && next < all.length) frame.contentWindow.postMessage(all[next], '*');
            next += 1;
            if (next < all.length + 10) return;
            clearInterval(timer);
            document.title = '{POSTED}';
        }}, 40); }};
        frame.src = {url};
        document.body.append(frame);
        </script>",
        messages = inert(json!(messages)),
        url = inert(json!(url)),
    )
}

fn proof(effect: Effect, attack: Shot, control: Shot, replay: Shot) -> Proof {
    let origin = "a page of another origin";
    let (confidence, did) = match effect {
        Effect::Ran(_) => (Confidence::Confirmed, "ran what it carried, in its own origin"),
        Effect::Written => (Confidence::Firm, "wrote what it carried into itself"),
    };
    let instead = match effect {
        Effect::Ran(_) => "one with a mere word ran nothing",
        Effect::Written => "without a message nothing of the kind stood there",
    };
    let detail = format!(
        "{origin} posted `{}` to this page, which {did}; again with `{}`; {instead}",
        attack.value, replay.value
    );
    let payloads = vec![attack.value.clone(), replay.value.clone()];
    Proof {
        confidence,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Control, control),
            Exhibit::new(EvidenceRole::Replay, replay),
        ],
        payloads,
    }
}
