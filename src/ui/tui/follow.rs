//! An event log that may still grow: read as far as it is, then followed like `tail -f`.

use std::fs::File;
use std::io;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use super::live::Message;
use super::state::State;
use super::theme::Theme;
use crate::format::FormatError;
use crate::format::events::LineReader;
use crate::model::Event;
use crate::model::Stamped;

/// Between two looks at a log that did not grow: as often as a frame is drawn.
const PAUSE: Duration = Duration::from_millis(250);
/// Bytes read at once.
const PIECE: usize = 256 * 1024;

/// Why an event log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// The file itself.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What is in it.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// An event log, read up to where it ended when it was looked at.
pub struct LogTail {
    tail: Tail,
    events: Vec<Stamped>,
}

impl LogTail {
    /// Opens a log and reads all of its whole lines.
    ///
    /// # Errors
    /// [`TailError`] when it cannot be opened or read, or a line is no event.
    pub fn open(path: &Path) -> Result<Self, TailError> {
        let mut tail = Tail { file: File::open(path)?, lines: LineReader::default(), read: 0 };
        let mut events = Vec::new();
        while let Grown::By(more) = tail.read_more()? {
            events.extend(more);
        }
        Ok(Self { tail, events })
    }

    /// What a state is after all of them.
    pub(super) fn into_state(self, theme: Theme) -> (Tail, State) {
        let mut state = State::following(theme);
        for stamped in &self.events {
            state.apply(stamped);
        }
        (self.tail, state)
    }
}

/// How a log has grown.
enum Grown {
    /// Not.
    Not,
    /// By these whole lines; none while a long one is being written.
    By(Vec<Stamped>),
    /// It was begun anew: what follows is another run.
    Anew,
}

/// Where reading goes on.
pub(super) struct Tail {
    file: File,
    lines: LineReader,
    read: u64,
}

impl Tail {
    fn read_more(&mut self) -> Result<Grown, TailError> {
        if self.file.metadata()?.len() < self.read {
            self.file.seek(SeekFrom::Start(0))?;
            self.lines = LineReader::default();
            self.read = 0;
            return Ok(Grown::Anew);
        }
        let mut piece = vec![0; PIECE];
        let count = self.file.read(&mut piece)?;
        if count == 0 {
            return Ok(Grown::Not);
        }
        self.read += count as u64;
        Ok(Grown::By(self.lines.take(&piece[..count])?))
    }
}

/// The thread that follows a log; told to end and joined when dropped.
pub(super) struct Follower {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Starts following.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn start(mut tail: Tail, messages: SyncSender<Message>) -> io::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || {
            while !told.load(Ordering::Acquire) && pass_on(&mut tail, &messages).is_some() {}
        })?;
        Ok(Self { ended, thread: Some(thread) })
    }
}

/// Hands on what is new, or waits; `None` when nothing more will come, or nobody wants it.
fn pass_on(tail: &mut Tail, messages: &SyncSender<Message>) -> Option<()> {
    match tail.read_more() {
        Ok(Grown::Not) => thread::park_timeout(PAUSE),
        Ok(Grown::Anew) => messages.send(Message::Restarted).ok()?,
        Ok(Grown::By(events)) => {
            for stamped in events {
                let is_last = matches!(stamped.event, Event::Verdict(_));
                messages.send(Message::Event(Box::new(stamped))).ok()?;
                if is_last {
                    return None;
                }
            }
        }
        Err(error) => {
            let why = format!("the log cannot be read any further: {error}");
            // Whoever took the messages is gone: nobody is left to be told.
            let _ = messages.send(Message::Broken(why));
            return None;
        }
    }
    Some(())
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the thread has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::format::events::write_line;
    use crate::model::Notice;
    use crate::model::NoticeLevel;

    fn line(seq: u64) -> String {
        let notice = Notice { level: NoticeLevel::Info, text: format!("number {seq}") };
        let at = Duration::from_secs(seq);
        write_line(&Stamped { seq, at, event: Event::Notice(notice) })
    }

    fn count(grown: Grown) -> Option<usize> {
        match grown {
            Grown::By(events) => Some(events.len()),
            Grown::Not | Grown::Anew => None,
        }
    }

    #[test]
    fn a_line_counts_once_it_is_whole() {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        let (first, second) = (line(0), line(1));
        write!(file, "{first}\n{}", &second[..9]).expect("writable");
        let mut log = LogTail::open(file.path()).expect("a log");
        assert_eq!(log.events.len(), 1);
        assert!(matches!(log.tail.read_more(), Ok(Grown::Not)));
        writeln!(file, "{}", &second[9..]).expect("writable");
        assert_eq!(log.tail.read_more().ok().and_then(count), Some(1));
    }

    #[test]
    fn a_log_that_is_begun_anew_is_another_run() {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        write!(file, "{}\n{}\n", line(0), line(1)).expect("writable");
        let mut log = LogTail::open(file.path()).expect("a log");
        file.as_file().set_len(0).expect("writable");
        file.as_file_mut().seek(SeekFrom::Start(0)).expect("writable");
        assert!(matches!(log.tail.read_more(), Ok(Grown::Anew)));
        writeln!(file, "{}", line(0)).expect("writable");
        assert_eq!(log.tail.read_more().ok().and_then(count), Some(1));
    }

    #[test]
    fn a_line_that_is_no_event_is_told_with_its_place() {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        write!(file, "{}\nnonsense\n", line(0)).expect("writable");
        let error = LogTail::open(file.path()).err().expect("no event");
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
