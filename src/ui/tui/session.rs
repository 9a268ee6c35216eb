//! The terminal while the view has it, and its return in every case.

use std::io::{self, Stderr, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::style::force_color_output;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::Size;

use super::draw::draw;
use super::state::State;
use super::theme::Theme;

/// Alternate screen and raw mode; given back when dropped, and before a panic of any thread prints.
///
/// Draws on standard error, so that standard output can be a pipe.
pub(super) struct Session {
    terminal: Terminal<CrosstermBackend<FrameWriter>>,
    // After the terminal, so that it is dropped last and has the last word on the screen.
    guard: Guard,
}

impl Session {
    /// Takes the terminal.
    ///
    /// # Errors
    /// There is none, or it cannot be set up; what was changed is changed back.
    pub(super) fn enter(theme: Theme) -> io::Result<Self> {
        if theme.has_colour() {
            // Whoever chose the theme has weighed `NO_COLOR` already.
            force_color_output(true);
        }
        let guard = Guard::take()?;
        let writer = FrameWriter {
            terminal: io::stderr(),
            frame: Vec::new(),
            taken: Arc::clone(&guard.taken),
        };
        let terminal = Terminal::new(CrosstermBackend::new(writer))?;
        Ok(Self { terminal, guard })
    }

    /// Draws one frame and tells the state its size.
    pub(super) fn draw(&mut self, state: &mut State) -> io::Result<()> {
        self.terminal.autoresize()?;
        let area = self.terminal.get_frame().area();
        state.resize(Size::new(area.width, area.height));
        self.terminal.draw(|frame| draw(state, frame))?;
        Ok(())
    }

    /// Whether the terminal is still ours: a panic elsewhere gives it back at once.
    pub(super) fn has_terminal(&self) -> bool {
        self.guard.taken.load(Ordering::Acquire)
    }
}

type Hook = Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

struct Guard {
    taken: Arc<AtomicBool>,
    previous_hook: Hook,
}

impl Guard {
    fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        let taken = Arc::new(AtomicBool::new(true));
        let previous_hook: Hook = Arc::from(panic::take_hook());
        let (in_hook, previous) = (Arc::clone(&taken), Arc::clone(&previous_hook));
        panic::set_hook(Box::new(move |info| {
            give_back(&in_hook);
            previous(info);
        }));
        let guard = Self { taken, previous_hook };
        execute!(io::stderr(), EnterAlternateScreen, Hide)?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back(&self.taken);
        // A panicking thread may not change the hook; it has run by then.
        if !std::thread::panicking() {
            let previous = Arc::clone(&self.previous_hook);
            panic::set_hook(Box::new(move |info| previous(info)));
        }
    }
}

/// Gives the terminal back when the view cannot: somebody leaves without waiting for its thread.
/// Harmless on a terminal that nobody took.
pub fn restore() {
    if ratatui::crossterm::terminal::is_raw_mode_enabled().unwrap_or(false) {
        give_back(&AtomicBool::new(true));
    }
}

/// Restores the terminal, once. Errors have no reader: the terminal is gone then.
fn give_back(taken: &AtomicBool) {
    // Held while a frame is written too, so that none lands on the restored screen.
    let mut terminal = io::stderr().lock();
    if taken.swap(false, Ordering::AcqRel) {
        let _ = execute!(terminal, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// Collects a frame and writes it in one piece, as long as the terminal is ours.
struct FrameWriter {
    terminal: Stderr,
    frame: Vec<u8>,
    taken: Arc<AtomicBool>,
}

impl Write for FrameWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut terminal = self.terminal.lock();
        if self.taken.load(Ordering::Acquire) {
            terminal.write_all(&self.frame)?;
            terminal.flush()?;
        }
        self.frame.clear();
        Ok(())
    }
}
