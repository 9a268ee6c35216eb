//! Keys, read on a thread of their own.

use std::fs::File;
use std::io::{self, IsTerminal, Stdin};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::live::Message;

/// How soon the thread notices that it is no longer wanted.
const POLL: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// How long crossterm looks: with no time at all it does not look once.
const LOOK: Duration = Duration::from_millis(1);

/// The thread; told to end and joined when dropped.
pub(super) struct Input {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Input {
    /// Starts reading. A failure to read is a message too.
    ///
    /// # Errors
    /// There is no terminal to read from, or the thread cannot be started.
    pub(super) fn start(messages: SyncSender<Message>) -> io::Result<Self> {
        // Sets up the reader: a resize between the first frame and the thread's first poll would
        // be lost without it.
        event::poll(LOOK)?;
        let keyboard = Keyboard::open()?;
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let thread = thread::Builder::new().name("keys".to_owned()).spawn(move || {
            if let Err(error) = read(&keyboard, &messages, &told) {
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
fn read(keyboard: &Keyboard, messages: &SyncSender<Message>, ended: &AtomicBool) -> io::Result<()> {
    while !ended.load(Ordering::Acquire) {
        keyboard.wait()?;
        while event::poll(LOOK)? {
            let message = match event::read()? {
                Event::Key(key) => Message::Key(key),
                Event::Resize(..) => Message::Resized,
                Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Paste(_) => {
                    continue;
                }
            };
            if messages.send(message).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Where keys come from: standard input, or the controlling terminal when that is something else,
/// as crossterm chooses too.
enum Keyboard {
    StandardInput(Stdin),
    Terminal(File),
}

impl Keyboard {
    fn open() -> io::Result<Self> {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Ok(Self::StandardInput(stdin));
        }
        File::open("/dev/tty").map(Self::Terminal)
    }

    /// Waits for a key or a signal, at most [`POLL`]. crossterm is asked only after this, because it
    /// reads a terminal that was hung up in an endless loop.
    fn wait(&self) -> io::Result<()> {
        let terminal = match self {
            Self::StandardInput(stdin) => stdin.as_fd(),
            Self::Terminal(file) => file.as_fd(),
        };
        let mut watched = [PollFd::from_borrowed_fd(terminal, PollFlags::IN)];
        match poll(&mut watched, Some(&POLL)) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        if watched[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return Err(io::Error::other("the terminal was closed"));
        }
        Ok(())
    }
}
