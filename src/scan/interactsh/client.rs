//! A session that is asked as long as the run lasts.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;

use super::error::CallbackServerError;
use super::keys::Keys;
use super::mailbox::Mailbox;
use super::options::CallbackServerOptions;
use super::session::{Session, Way};
use crate::model::Event;
use crate::model::EventSender;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::scan::declarative::Callback;
use crate::scan::declarative::Callbacks;
use crate::scan::declarative::Settling;
use crate::scan::wire::Wire;

/// The last question and the taking back of the session take no longer, however the server behaves.
const MAX_FAREWELL: Duration = Duration::from_secs(5);

/// Troubles that are told one by one.
const MAX_TOLD: u64 = 10;

/// A callback server with a session for this run.
pub struct CallbackServer {
    shared: Arc<Shared>,
    asking: Mutex<JoinSet<()>>,
}

struct Shared {
    session: Session,
    mailbox: Mutex<Mailbox>,
    events: EventSender,
    unreadable: AtomicU64,
    told: AtomicU64,
    /// One question at a time.
    question: tokio::sync::Mutex<State>,
}

/// How the last question went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Answered,
    Unanswered,
}

impl CallbackServer {
    /// Registers a session at the first of the named servers that gives one, and asks it for calls
    /// until [`Self::end`]. `wire` leads to them; troubles later on are told to `events`.
    ///
    /// Needs a Tokio runtime. Cancel safe: a session that was registered expires at the server.
    ///
    /// # Errors
    /// [`CallbackServerError`] where none of the servers will do.
    pub async fn register(
        wire: Arc<dyn Wire>,
        options: &CallbackServerOptions,
        events: EventSender,
    ) -> Result<Self, CallbackServerError> {
        let keys = tokio::task::spawn_blocking(Keys::new).await;
        let keys = keys.map_err(|fault| CallbackServerError::Keys(fault.to_string()))??;
        let keys = Arc::new(keys);
        let way = Way { wire, scope: Arc::new(options.scope()), token: options.token.clone() };
        let mut last = None;
        for server in &options.servers {
            match Session::register(way.clone(), server.clone(), Arc::clone(&keys)).await {
                Ok(session) => return Ok(Self::start(session, options.poll, events)),
                Err(error) => last = Some(error),
            }
        }
        let last = last.expect("at least one server is named");
        Err(match options.servers.len() {
            1 => last,
            count => CallbackServerError::None { count, last: Box::new(last) },
        })
    }

    fn start(session: Session, poll: Duration, events: EventSender) -> Self {
        let shared = Arc::new(Shared {
            session,
            mailbox: Mutex::default(),
            events,
            unreadable: AtomicU64::new(0),
            told: AtomicU64::new(0),
            question: tokio::sync::Mutex::new(State::Answered),
        });
        let mut asking = JoinSet::new();
        let asked = Arc::clone(&shared);
        asking.spawn(async move {
            loop {
                tokio::time::sleep(poll).await;
                asked.ask().await;
            }
        });
        Self { shared, asking: Mutex::new(asking) }
    }

    /// The server that gave the session.
    pub fn server(&self) -> String {
        self.shared.session.server()
    }

    /// Asks no more, takes the session back, and tells what could not be used.
    pub async fn end(&self) {
        let mut asking = std::mem::take(&mut *self.asking.lock().expect("no holder panics"));
        asking.shutdown().await;
        let shared = &self.shared;
        match tokio::time::timeout(MAX_FAREWELL, shared.session.deregister()).await {
            Ok(Ok(()) | Err(CallbackServerError::Forgotten { .. })) => {}
            Ok(Err(error)) => {
                let text = format!("calls: the session was not taken back: {error}");
                shared.tell(NoticeLevel::Warning, text).await;
            }
            Err(_) => {
                let text = "calls: the session was not taken back: the server takes too long";
                shared.tell(NoticeLevel::Warning, text.to_owned()).await;
            }
        }
        let unreadable = shared.unreadable.load(Ordering::Relaxed);
        let dropped = shared.mailbox().dropped;
        for (count, what) in [
            (unreadable, "could not be read: they are not encrypted for this session"),
            (dropped, "were not kept: too many came"),
        ] {
            if count > 0 {
                shared.tell(NoticeLevel::Warning, format!("calls: {count} {what}")).await;
            }
        }
    }
}

impl Callbacks for CallbackServer {
    fn new_url(&self) -> String {
        let name = self.shared.session.new_name();
        self.shared.mailbox().expect(&name);
        format!("{name}.{}", self.shared.session.host())
    }

    fn take(&self, url: &str) -> Vec<Callback> {
        let name = url.split('.').next().unwrap_or_default();
        self.shared.mailbox().take(name)
    }

    fn settle(&self) -> Settling<'_> {
        Box::pin(async move {
            _ = tokio::time::timeout(MAX_FAREWELL, self.shared.ask()).await;
        })
    }
}

impl Shared {
    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().expect("no holder panics")
    }

    /// Asks once, and again right away where the session had to be registered anew.
    async fn ask(&self) {
        let mut state = self.question.lock().await;
        match self.session.poll().await {
            Ok(polled) => {
                self.unreadable.fetch_add(polled.unreadable, Ordering::Relaxed);
                self.mailbox().put_all(polled.interactions);
                if *state == State::Unanswered {
                    let text = format!("calls: {} answers again", self.session.server());
                    self.trouble(NoticeLevel::Info, text).await;
                }
                *state = State::Answered;
            }
            Err(error @ CallbackServerError::Forgotten { .. }) => {
                let again = self.session.register_again().await;
                let text = match again {
                    Ok(()) => format!(
                        "calls: {error}; it was registered anew, and what called since the last \
                         question is lost"
                    ),
                    Err(again) => format!("calls: {error}, and it cannot be registered: {again}"),
                };
                self.trouble(NoticeLevel::Warning, text).await;
            }
            Err(error) => {
                if *state == State::Answered {
                    let text = format!("calls cannot be asked for: {error}; it is tried again");
                    self.trouble(NoticeLevel::Warning, text).await;
                }
                *state = State::Unanswered;
            }
        }
    }

    /// Tells a trouble, as long as there have not been too many.
    async fn trouble(&self, level: NoticeLevel, text: String) {
        if self.told.fetch_add(1, Ordering::Relaxed) < MAX_TOLD {
            self.tell(level, text).await;
        }
    }

    async fn tell(&self, level: NoticeLevel, text: String) {
        // An error means that the run is over.
        _ = self.events.send(Event::Notice(Notice { level, text })).await;
    }
}
