//! A door with a limiter, in memory: what is wrong with it can be chosen, and its time is its own.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::model::Exchange;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::InScope;
use shakedown::model::Request;
use shakedown::model::Response;
use shakedown::model::Timings;
use shakedown::scan::Sending;
use shakedown::scan::Wire;

const WINDOW: Duration = Duration::from_secs(10);

/// What the limiter in memory does: ten in ten seconds, but for this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// Windows begin at full ten seconds, one of them amid what is measured.
    Aligned,
    NoLimit,
    /// Fifteen.
    Higher,
    /// Three backends count for themselves.
    PerProcess,
    /// The address is what `X-Forwarded-For` says.
    TrustsHeader,
    /// Paths are handled in any case, and counted as they are written.
    ReadsCase,
    SaysNothing,
    SaysTooShort,
    SaysTooLong,
    StatesAnother,
    /// Who is logged in is counted; else whoever asks.
    CountsUsers,
    /// The page says that there are too many, with status 200.
    RefusesInWords,
    /// A refusal is a redirect.
    RefusesElsewhere,
    /// An answer takes a second and a half.
    Slow,
}

/// A door with a limiter.
pub(super) struct Door {
    flaw: Flaw,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    now: Duration,
    /// By what is counted: since when, and how many.
    windows: BTreeMap<String, (Duration, u64)>,
    /// Copies at the door, and whatever was sent like them.
    knocks: u64,
    posts: u64,
}

impl Door {
    pub(super) fn new(flaw: Flaw) -> Arc<Self> {
        Arc::new(Self { flaw, state: Mutex::default() })
    }

    pub(super) fn posts(&self) -> u64 {
        self.state.lock().expect("no holder panics").posts
    }

    fn answer(&self, request: &Request) -> Response {
        let mut state = self.state.lock().expect("no holder panics");
        let state = &mut *state;
        let target = request.path_and_query_text().into_owned();
        let path = target.split('?').next().unwrap_or_default();
        if path == "/" {
            // Six copies before a window ends.
            state.now = Duration::from_millis(9_300);
            return respond(200, "<p>A door.</p>", Vec::new());
        }
        let is_door = if self.flaw == Flaw::ReadsCase {
            path.eq_ignore_ascii_case("/enter")
        } else {
            path == "/enter"
        };
        let is_post = request.method.as_str() == "POST";
        state.posts += u64::from(is_post);
        if !is_door || !is_post {
            return respond(404, "<p>Nothing.</p>", Vec::new());
        }
        state.now += Duration::from_millis(match self.flaw {
            Flaw::Slow => 1_500,
            Flaw::Aligned => 100,
            _ => 5,
        });
        let backend = state.knocks % 3;
        state.knocks += 1;
        self.counted(state, request, path, backend)
    }

    fn counted(&self, state: &mut State, request: &Request, path: &str, backend: u64) -> Response {
        let text = |name: &str| request.header(name).map(|header| header.text().into_owned());
        let key = match self.flaw {
            Flaw::PerProcess => backend.to_string(),
            Flaw::TrustsHeader => text("x-forwarded-for").unwrap_or_default(),
            Flaw::ReadsCase => path.to_owned(),
            Flaw::CountsUsers => text("authorization").unwrap_or_default(),
            _ => String::new(),
        };
        let limit = match self.flaw {
            Flaw::NoLimit => u64::MAX,
            Flaw::Higher => 15,
            _ => 10,
        };
        let now = state.now;
        let known = state.windows.get(&key).copied();
        let began = if self.flaw == Flaw::Aligned {
            WINDOW * u32::try_from(now.as_secs() / WINDOW.as_secs()).expect("a short run")
        } else {
            known.filter(|(began, _)| now.saturating_sub(*began) < WINDOW).map_or(now, |it| it.0)
        };
        let used = known.filter(|(before, _)| *before == began).map_or(0, |(_, used)| used);
        let is_in = used < limit;
        state.windows.insert(key, (began, used + u64::from(is_in)));
        let left = (began + WINDOW).saturating_sub(now);
        let seconds = left.as_millis().div_ceil(1000).to_string();
        let mut headers = Vec::new();
        let mut say = |name: &str, value: &str| headers.push(Header::new(name, value));
        match self.flaw {
            Flaw::PerProcess => say("X-Served-By", &format!("app-{backend}")),
            Flaw::StatesAnother => say("X-RateLimit-Limit", "100"),
            Flaw::None => {
                say("RateLimit-Limit", "10");
                say("RateLimit-Remaining", &(limit - used - u64::from(is_in)).to_string());
            }
            _ => {}
        }
        if is_in {
            return respond(200, "<h1>Welcome</h1><p>Come in.</p>", headers);
        }
        match self.flaw {
            Flaw::SaysNothing => {}
            Flaw::SaysTooShort => say("Retry-After", "1"),
            Flaw::SaysTooLong => say("Retry-After", "60"),
            _ => say("Retry-After", &seconds),
        }
        match self.flaw {
            Flaw::RefusesInWords => respond(200, "<h1>Sorry</h1><p>Too many.</p>", headers),
            Flaw::RefusesElsewhere => respond(302, "", headers),
            _ => respond(429, "<h1>Sorry</h1><p>Too many.</p>", headers),
        }
    }
}

fn respond(status: u16, body: &str, mut headers: Vec<Header>) -> Response {
    headers.push(Header::new("Content-Type", "text/html"));
    Response {
        status,
        reason: String::new(),
        version: HttpVersion::Http11,
        headers,
        body: body.as_bytes().to_vec(),
        wire_len: 0,
        truncated: false,
    }
}

impl Wire for Door {
    fn send(&self, request: InScope) -> Sending<'_> {
        let request = request.into_request();
        let outcome = Ok(self.answer(&request));
        let timings = Timings::default();
        Box::pin(async move { Exchange { request, outcome, timings, peer: None, tls: None } })
    }

    fn pause(&self, how_long: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.state.lock().expect("no holder panics").now += how_long;
        Box::pin(std::future::ready(()))
    }

    fn time(&self) -> Option<Duration> {
        Some(self.state.lock().expect("no holder panics").now)
    }
}
