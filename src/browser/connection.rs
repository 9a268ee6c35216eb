//! Calls and events over the two pipes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::error::CallError;
use super::frames::Frame;
use super::frames::Frames;
use super::message::CdpEvent;
use super::message::Message;
use super::message::Unreadable;
use super::message::reply_id;

/// A message of the browser is at most this long; a snapshot of a large page has a few MB.
const MAX_MESSAGE: usize = 32 << 20;

/// Messages on their way out.
const OUTGOING: usize = 64;

/// Events that wait for whoever takes them.
const EVENTS: usize = 1024;

/// The way to a browser; clones share it.
#[derive(Debug, Clone)]
pub struct Connection {
    outgoing: mpsc::Sender<Vec<u8>>,
    calls: Arc<Mutex<Calls>>,
}

#[derive(Debug, Default)]
struct Calls {
    last: u64,
    waiting: BTreeMap<u64, oneshot::Sender<Result<Value, Unanswered>>>,
    is_over: bool,
}

/// Why a call was not answered with something to read.
#[derive(Debug)]
enum Unanswered {
    Gone,
    Refused(String),
    Unreadable,
}

impl Connection {
    /// Speaks over a pair of pipes, by tasks in `tasks` that end when the browser hangs up. Whoever
    /// holds the receiver must always take what comes, and await no call while it does: replies
    /// come by the same pipe.
    pub fn open(
        from: impl AsyncRead + Send + Unpin + 'static,
        to: impl AsyncWrite + Send + Unpin + 'static,
        tasks: &mut JoinSet<()>,
    ) -> (Self, mpsc::Receiver<CdpEvent>) {
        let (outgoing, queue) = mpsc::channel(OUTGOING);
        let (events, received) = mpsc::channel(EVENTS);
        let calls = Arc::<Mutex<Calls>>::default();
        tasks.spawn(write(to, queue));
        tasks.spawn(read(from, Arc::clone(&calls), events));
        (Self { outgoing, calls }, received)
    }

    /// Calls a method of the browser, or of the page or worker `session`.
    ///
    /// Cancel safe: what was called may be done nevertheless, and its answer is left unread.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
        patience: Duration,
    ) -> Result<Value, CallError> {
        let (answer, answered) = oneshot::channel();
        let id = {
            let mut calls = self.calls.lock().expect("no holder panics");
            if calls.is_over {
                return Err(CallError::Gone);
            }
            calls.last += 1;
            let id = calls.last;
            calls.waiting.insert(id, answer);
            id
        };
        let waiting = Waiting { calls: &self.calls, id };
        let exchange = async {
            self.send(id, session, method, &params).await?;
            Ok(answered.await.unwrap_or(Err(Unanswered::Gone)))
        };
        let outcome = tokio::time::timeout(patience, exchange).await;
        drop(waiting);
        let method = method.to_owned();
        match outcome {
            Err(_elapsed) => Err(CallError::Silent { method, seconds: patience.as_secs() }),
            Ok(Err(gone)) => Err(gone),
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(Unanswered::Gone))) => Err(CallError::Gone),
            Ok(Ok(Err(Unanswered::Refused(message)))) => {
                Err(CallError::Refused { method, message })
            }
            Ok(Ok(Err(Unanswered::Unreadable))) => Err(CallError::Unreadable { method }),
        }
    }

    /// The same without waiting for an answer.
    ///
    /// # Errors
    /// [`CallError::Gone`].
    pub async fn tell(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<(), CallError> {
        let id = {
            let mut calls = self.calls.lock().expect("no holder panics");
            calls.last += 1;
            calls.last
        };
        self.send(id, session, method, &params).await
    }

    async fn send(
        &self,
        id: u64,
        session: Option<&str>,
        method: &str,
        params: &Value,
    ) -> Result<(), CallError> {
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.outgoing.send(bytes).await.map_err(|_closed| CallError::Gone)
    }
}

/// Forgets a call whose caller does not wait any more.
struct Waiting<'c> {
    calls: &'c Mutex<Calls>,
    id: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Ok(mut calls) = self.calls.lock() {
            calls.waiting.remove(&self.id);
        }
    }
}

async fn write(mut to: impl AsyncWrite + Unpin, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = queue.recv().await {
        // The reader sees the end too, and tells everybody who waits.
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn read(
    mut from: impl AsyncRead + Unpin,
    calls: Arc<Mutex<Calls>>,
    events: mpsc::Sender<CdpEvent>,
) {
    let mut reader = Frames::new(MAX_MESSAGE);
    let mut buffer = vec![0; 64 << 10];
    let mut frames = Vec::new();
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        reader.feed(&buffer[..count], &mut frames);
        for frame in frames.drain(..) {
            if let Some(event) = take(&calls, &frame) {
                // Nobody listens any more: replies are still wanted.
                let _gone = events.send(event).await;
            }
        }
    }
    let mut calls = calls.lock().expect("no holder panics");
    calls.is_over = true;
    for (_, waiting) in std::mem::take(&mut calls.waiting) {
        let _gone = waiting.send(Err(Unanswered::Gone));
    }
}

/// Hands a reply to its caller; gives an event back.
fn take(calls: &Mutex<Calls>, frame: &Frame) -> Option<CdpEvent> {
    let read = match frame {
        Frame::Whole(bytes) => Message::read(bytes),
        Frame::TooLong { beginning } => Err(Unreadable { id: reply_id(beginning) }),
    };
    let (id, outcome) = match read {
        Ok(Message::Event(event)) => return Some(event),
        Ok(Message::Reply { id, outcome }) => (Some(id), outcome.map_err(Unanswered::Refused)),
        Err(Unreadable { id }) => (id, Err(Unanswered::Unreadable)),
    };
    let mut calls = calls.lock().expect("no holder panics");
    if let Some(waiting) = id.and_then(|id| calls.waiting.remove(&id)) {
        let _gone = waiting.send(outcome);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A browser that answers every call with `answers`, in any order.
    fn with(answers: &[&str]) -> (Connection, mpsc::Receiver<CdpEvent>, JoinSet<()>) {
        let mut tasks = JoinSet::new();
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (from, to) = tokio::io::split(ours);
        let (connection, events) = Connection::open(from, to, &mut tasks);
        let text: Vec<u8> = answers.iter().flat_map(|it| [it.as_bytes(), b"\0"].concat()).collect();
        tasks.spawn(async move {
            let (mut from, mut to) = tokio::io::split(theirs);
            let mut first = [0; 1];
            if from.read_exact(&mut first).await.is_ok() && to.write_all(&text).await.is_ok() {
                let _end = to.shutdown().await;
            }
        });
        (connection, events, tasks)
    }

    #[tokio::test]
    async fn an_answer_reaches_its_caller_and_an_event_its_listener() {
        let answers =
            [r#"{"method":"A.b","params":{}}"#, "nonsense", r#"{"id":1,"result":{"v":2}}"#];
        let (connection, mut events, _tasks) = with(&answers);
        let answer = connection.call(None, "X.y", json!({}), PATIENCE).await.expect("answered");
        assert_eq!(answer, json!({"v": 2}));
        assert_eq!(events.recv().await.expect("an event").method, "A.b");
    }

    #[tokio::test]
    async fn a_browser_that_hangs_up_leaves_no_caller_waiting() {
        let (connection, mut events, _tasks) = with(&[]);
        let answer = connection.call(Some("S"), "X.y", json!({}), PATIENCE).await;
        assert_eq!(answer, Err(CallError::Gone));
        assert_eq!(events.recv().await, None);
        assert_eq!(connection.call(None, "X.y", json!({}), PATIENCE).await, Err(CallError::Gone));
    }

    #[tokio::test]
    async fn a_refusal_and_an_answer_that_makes_no_sense_are_errors_of_the_call() {
        let (connection, _events, _tasks) = with(&[r#"{"id":1,"error":{"message":"no"}}"#]);
        let refused = CallError::Refused { method: "X.y".to_owned(), message: "no".to_owned() };
        assert_eq!(connection.call(None, "X.y", json!({}), PATIENCE).await, Err(refused));
        let (connection, _events, _tasks) = with(&["{\"id\":1,\"result\":["]);
        let unreadable = CallError::Unreadable { method: "X.y".to_owned() };
        assert_eq!(connection.call(None, "X.y", json!({}), PATIENCE).await, Err(unreadable));
    }

    #[tokio::test]
    async fn whoever_gives_up_is_forgotten() {
        let mut tasks = JoinSet::new();
        let (ours, _theirs) = tokio::io::duplex(1 << 16);
        let (from, to) = tokio::io::split(ours);
        let (connection, _events) = Connection::open(from, to, &mut tasks);
        let answer = connection.call(None, "X.y", json!({}), Duration::ZERO).await;
        assert!(matches!(answer, Err(CallError::Silent { .. })), "{answer:?}");
        assert!(connection.calls.lock().expect("no panic").waiting.is_empty());
    }
}
