//! Keys, read on a thread of their own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event};

use super::live::Message;

/// How soon the thread notices that it is no longer wanted.
const POLL: Duration = Duration::from_millis(100);

/// The thread; told to end and joined when dropped.
pub(super) struct Input {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Input {
    /// Starts reading. A failure to read is a message too.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn start(messages: SyncSender<Message>) -> io::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let thread = thread::Builder::new().name("keys".to_owned()).spawn(move || {
            if let Err(error) = read(&messages, &told) {
                // Whoever took the messages is gone: nobody is left to be told.
                let _ = messages.send(Message::InputLost(error));
            }
        })?;
        Ok(Self { ended, thread: Some(thread) })
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

/// Returns when told to, or when nobody takes the keys any more.
fn read(messages: &SyncSender<Message>, ended: &AtomicBool) -> io::Result<()> {
    while !ended.load(Ordering::Acquire) {
        if !event::poll(POLL)? {
            continue;
        }
        let message = match event::read()? {
            Event::Key(key) => Message::Key(key),
            Event::Resize(..) => Message::Resized,
            Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Paste(_) => continue,
        };
        if messages.send(message).is_err() {
            return Ok(());
        }
    }
    Ok(())
}
