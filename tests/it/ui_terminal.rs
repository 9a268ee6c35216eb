//! A real pseudo-terminal: whatever happens, it is given back as it was.
//!
//! The views run in a child process: this very test binary, told by the environment to play a part
//! instead of testing.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use shakedown::model::{ControlCommand, Report};
use shakedown::ui::Consumer;
use shakedown::ui::plain::{Plain, PlainOptions, Talk};
use shakedown::ui::tui::{LiveTui, Theme, TuiHands, TuiOptions, view};

use crate::ui_plain::play;
use crate::ui_run;

/// Which part the child plays.
const PART: &str = "SHAKEDOWN_TEST_TERMINAL_PART";
/// Nothing here takes long; this bounds a failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the child does when [`PART`] is set; an empty test when the suite runs.
#[test]
fn part_in_a_terminal() {
    #[expect(clippy::disallowed_methods, reason = "how the parent of this test talks to it")]
    let Ok(part) = std::env::var(PART) else { return };
    let report = Report::of(&ui_run::whole());
    let options = |stay_open| TuiOptions { theme: Theme::default(), stay_open };
    match part.as_str() {
        "view" => view(report, Theme::default(), Box::new(|_| Ok("wrote it".to_owned())))
            .expect("a terminal"),
        "panic" => {
            let _tui = LiveTui::start(hands(|_| Ok(())), options(true)).expect("a terminal");
            panic!("a bug elsewhere");
        }
        "closing" => {
            let mut tui = LiveTui::start(hands(|_| Ok(())), options(false)).expect("a terminal");
            play(&mut tui, &ui_run::whole());
            tui.finish().expect("a terminal");
        }
        "stopping" => {
            let (sender, commands) = sync_channel(8);
            let control = move |command| {
                sender.send(command).map_err(|_| "the test listens no more".to_owned())
            };
            let mut tui = LiveTui::start(hands(control), options(true)).expect("a terminal");
            play(&mut tui, &ui_run::loading());
            assert_eq!(commands.recv(), Ok(ControlCommand::Stop));
            assert_eq!(commands.recv(), Ok(ControlCommand::Cancel));
            play(&mut tui, &ui_run::interrupted()[ui_run::loading().len()..]);
            tui.finish().expect("a terminal");
        }
        "bar" => {
            let options = PlainOptions { colour: true, talk: Talk::Usual, unicode: true };
            let mut plain = Plain::on_terminal(options);
            play(&mut plain, &ui_run::loading());
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).expect("a terminal");
            plain.finish().expect("a terminal");
        }
        other => unreachable!("no part `{other}`"),
    }
    println!("the end");
}

fn hands(control: impl Fn(ControlCommand) -> Result<(), String> + Send + 'static) -> TuiHands {
    TuiHands { control: Box::new(control), write: Box::new(|_| Ok("wrote it".to_owned())) }
}

/// A child in a pseudo-terminal, and the screen as a terminal would show it.
pub(crate) struct Stage {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    before: String,
}

impl Stage {
    fn open(part: &str) -> Self {
        let mut command = CommandBuilder::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "ui_terminal::part_in_a_terminal", "--nocapture"]);
        command.env(PART, part);
        Self::run(command)
    }

    /// Any program, in a terminal of 80 by 24.
    pub(crate) fn run(mut command: CommandBuilder) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("the system has pseudo-terminals");
        let (master, slave) = (pair.master, pair.slave);
        let before = modes(master.as_ref());
        command.env("TERM", "xterm-256color");
        command.env("RUST_BACKTRACE", "0");
        let child = slave.spawn_command(command).expect("this program starts");
        // The child's is the only one left: its end is the end of the output.
        drop(slave);
        let keys = master.take_writer().expect("taken once");
        let mut reader = master.try_clone_reader().expect("a second handle");
        let (sender, output) = sync_channel(1024);
        // Ends with the child's output.
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let screen = vt100::Parser::new(cells(24), cells(80), 0);
        Self { master, child, keys, output, screen, before }
    }

    /// Reads until the screen is as wished.
    fn until(&mut self, wish: &str, holds: impl Fn(&vt100::Screen) -> bool) {
        while !holds(self.screen.screen()) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{wish}: not on\n{}", self.screen.screen().contents());
                }
            }
        }
    }

    pub(crate) fn until_shown(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// The hints stand in the last of so many rows: a frame of that size is whole.
    pub(crate) fn until_drawn(&mut self, rows: u16) {
        self.until("a frame of the new size", |screen| {
            screen.contents_between(rows - 1, 0, rows - 1, 40).contains("? keys")
        });
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the child listens");
        self.keys.flush().expect("the child listens");
    }

    pub(crate) fn resize(&mut self, rows: u16, cols: u16) {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).expect("the child listens");
        self.screen.screen_mut().set_size(cells(rows), cells(cols));
    }

    /// What the terminal shows now.
    pub(crate) fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = self.child.process_id().expect("it runs");
        let pid = rustix::process::Pid::from_raw(pid.try_into().expect("a process id"));
        let pid = pid.expect("a process id is not zero");
        rustix::process::kill_process(pid, signal).expect("a child of ours");
    }

    /// The view has the terminal.
    pub(crate) fn assert_taken(&self) {
        assert!(self.screen.screen().alternate_screen());
        assert!(self.screen.screen().hide_cursor());
        assert_ne!(modes(self.master.as_ref()), self.before, "raw mode is on");
    }

    /// The child has ended, and `last` can be read on a terminal like the one it was given; its exit
    /// code.
    pub(crate) fn assert_restored(&mut self, last: &str) -> u32 {
        self.until_shown(last);
        let status = self.child.wait().expect("a child of ours");
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.screen.process(&bytes);
        }
        let contents = self.screen.screen().contents();
        assert!(contents.contains(last), "said on the screen that stays\n{contents}");
        assert!(!self.screen.screen().alternate_screen(), "the alternate screen is left");
        assert!(!self.screen.screen().hide_cursor(), "the cursor is shown");
        assert_eq!(modes(self.master.as_ref()), self.before, "raw mode is off");
        status.exit_code()
    }
}

impl Drop for Stage {
    /// A failed test leaves no child behind.
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a screen has cells")
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal has modes"))
}

#[test]
fn q_gives_the_terminal_back() {
    let mut stage = Stage::open("view");
    stage.until_shown("failed, exit 81");
    stage.assert_taken();
    stage.press("5");
    stage.until_shown("SQL injection");
    stage.press("q");
    stage.assert_restored("the end");
}

#[test]
fn a_resize_is_followed_and_forgotten() {
    let mut stage = Stage::open("view");
    stage.until_shown("q leave");
    stage.resize(10, 40);
    stage.until_shown("1 Overview  2 3 4");
    stage.resize(24, 80);
    stage.until_shown("2 Endp");
    stage.press("q");
    stage.assert_restored("the end");
}

#[test]
fn a_panic_in_any_thread_gives_the_terminal_back_before_it_is_told() {
    let mut stage = Stage::open("panic");
    stage.assert_restored("a bug elsewhere");
}

#[test]
fn a_view_that_is_not_to_stay_ends_with_the_run() {
    let mut stage = Stage::open("closing");
    stage.assert_restored("the end");
}

#[test]
fn termination_gives_the_terminal_back() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::HUP] {
        let mut stage = Stage::open("view");
        stage.until_shown("failed, exit 81");
        stage.signal(signal);
        stage.assert_restored("the end");
    }
}

#[test]
fn ctrl_c_reaches_the_run_and_a_run_that_was_interrupted_ends_the_view() {
    let mut stage = Stage::open("stopping");
    stage.until_shown("● running");
    stage.until_shown("7.00s");
    stage.assert_taken();
    stage.press("\u{3}");
    stage.until_shown("● stopping");
    stage.press("\u{3}");
    stage.assert_restored("the end");
}

#[test]
fn the_bar_stands_below_the_lines() {
    let mut stage = Stage::open("bar");
    stage.until_shown("after 100 requests");
    stage.until_shown("4.00s left");
    let contents = stage.screen.screen().contents();
    let place = |text: &str| contents.lines().position(|line| line.contains(text));
    assert!(place("after 100 requests") < place("4.00s left"), "{contents}");
    // The end of input, which a terminal does not echo.
    stage.press("\u{4}");
    stage.assert_restored("the end");
    let contents = stage.screen.screen().contents();
    assert!(!contents.contains("4.00s left"), "the bar is taken away\n{contents}");
}
