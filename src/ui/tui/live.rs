//! The view on its thread: messages in, frames out.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::thread::JoinHandle;

use ratatui::crossterm::event::KeyEvent;

use super::follow::{Follower, LogTail, Tail};
use super::input::Input;
use super::keys::Action;
use super::pace::{Cause, Pace, now};
use super::session::Session;
use super::signals::Signals;
use super::state::State;
use super::theme::Theme;
use crate::model::Amount;
use crate::model::ControlCommand;
use crate::model::LoadCommand;
use crate::model::Report;
use crate::model::Stamped;
use crate::ui::consumer::Consumer;

/// Messages that may wait for the view; beyond them the pump waits.
const MESSAGES_QUEUED: usize = 256;

/// How the view looks and when it ends.
#[derive(Debug, Clone, Copy)]
pub struct TuiOptions {
    /// What the terminal can show.
    pub theme: Theme,
    /// After the run, stay until the user leaves.
    pub stay_open: bool,
}

/// Writes a report and says where to, or why not.
pub type Writer = Box<dyn Fn(&Report) -> Result<String, String> + Send>;

/// What a user may ask for, and who does it; each on the view's thread.
pub struct TuiHands {
    /// Steers the run; why it cannot be done comes back and is shown.
    pub control: Box<dyn Fn(ControlCommand) -> Result<(), String> + Send>,
    /// Writes the report as far as it is; says where to, or why not.
    pub write: Writer,
}

/// What the view's thread is told.
pub(super) enum Message {
    /// The run went on.
    Event(Box<Stamped>),
    /// The log that is followed was begun anew.
    Restarted,
    /// The log that is followed cannot be read any further.
    Broken(String),
    /// The stream is over.
    Finished,
    /// A key.
    Key(KeyEvent),
    /// The terminal has another size.
    Resized,
    /// Somebody wants the program to end.
    Signal,
    /// No key will come any more.
    InputLost(io::Error),
}

/// Shows a running run in the terminal until it is over, or until the user has seen enough.
pub struct LiveTui {
    messages: SyncSender<Message>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl LiveTui {
    /// Takes the terminal. What the user asks for goes to `hands`.
    ///
    /// # Errors
    /// There is no terminal, or it cannot be set up; it is as it was then.
    pub fn start(hands: TuiHands, options: TuiOptions) -> io::Result<Self> {
        let session = Session::enter(options.theme)?;
        let (messages, inbox) = Inbox::open(None)?;
        let mut view =
            View { state: State::new(options.theme), stay_open: options.stay_open, hands, session };
        // The inbox as a whole: naming a field of it here would leave its threads behind, to end.
        let thread =
            thread::Builder::new().name("view".to_owned()).spawn(move || view.run(&inbox))?;
        Ok(Self { messages, thread: Some(thread) })
    }

    fn join(&mut self) -> io::Result<()> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().map_err(|_| io::Error::other("the terminal view panicked"))?
    }
}

impl Consumer for LiveTui {
    fn on_event(&mut self, stamped: &Stamped, _report: &Report) {
        // The user may have left already; the run goes on without a view then.
        let _ = self.messages.send(Message::Event(Box::new(stamped.clone())));
    }

    fn finish(&mut self) -> io::Result<()> {
        let _ = self.messages.send(Message::Finished);
        self.join()
    }
}

impl Drop for LiveTui {
    /// A view that nobody finished does not wait for the user.
    fn drop(&mut self) {
        let _ = self.messages.send(Message::InputLost(io::Error::other("the run broke off")));
        let _ = self.messages.send(Message::Finished);
        // Its error has no reader here.
        let _ = self.join();
    }
}

/// Shows a finished run until the user leaves.
///
/// # Errors
/// There is no terminal, or it was lost.
pub fn view(report: Report, theme: Theme, write: Writer) -> io::Result<()> {
    let session = Session::enter(theme)?;
    let (_messages, inbox) = Inbox::open(None)?;
    watch(State::finished(report, theme), session, write).run(&inbox)
}

/// Shows the run of an event log until the user leaves, and goes on as long as the log does.
///
/// # Errors
/// There is no terminal, or it was lost.
pub fn follow(log: LogTail, theme: Theme, write: Writer) -> io::Result<()> {
    let (tail, state) = log.into_state(theme);
    let session = Session::enter(theme)?;
    let (_messages, inbox) = Inbox::open((!state.is_over()).then_some(tail))?;
    watch(state, session, write).run(&inbox)
}

fn watch(state: State, session: Session, write: Writer) -> View {
    let nobody = |_| Err("there is no run of ours to be steered".to_owned());
    let hands = TuiHands { control: Box::new(nobody), write };
    View { state, stay_open: true, hands, session }
}

/// Messages, and who sends them besides the pump. Dropped in this order: a sender that waits for a
/// place in a full queue has to fail before it can be joined.
struct Inbox {
    messages: Receiver<Message>,
    _signals: Signals,
    _keys: Input,
    _follower: Option<Follower>,
}

impl Inbox {
    /// With whoever follows a log, if there is one to be followed.
    fn open(log: Option<Tail>) -> io::Result<(SyncSender<Message>, Self)> {
        let (sender, messages) = sync_channel(MESSAGES_QUEUED);
        let signals = Signals::start(sender.clone())?;
        let keys = Input::start(sender.clone())?;
        let follower = log.map(|tail| Follower::start(tail, sender.clone())).transpose()?;
        Ok((sender, Self { messages, _signals: signals, _keys: keys, _follower: follower }))
    }
}

/// Whether the view goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Continue,
    End,
}

struct View {
    state: State,
    stay_open: bool,
    hands: TuiHands,
    session: Session,
}

impl View {
    /// Until the run is over, or the user leaves, or the terminal is lost.
    fn run(&mut self, inbox: &Inbox) -> io::Result<()> {
        let mut pace = Pace::new(now());
        loop {
            if !self.session.has_terminal() {
                return Ok(());
            }
            if pace.take_due(now()) {
                self.session.draw(&mut self.state)?;
            }
            let message = match pace.wait(now()) {
                None => inbox.messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => inbox.messages.recv_timeout(wait),
            };
            let message = match message {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let cause = match message {
                Message::Event(_) | Message::Restarted | Message::Broken(_) | Message::Finished => {
                    Cause::Event
                }
                Message::Key(_) | Message::Resized | Message::Signal | Message::InputLost(_) => {
                    Cause::User
                }
            };
            if self.take(message)? == Flow::End {
                return Ok(());
            }
            pace.changed(cause, now());
        }
    }

    fn take(&mut self, message: Message) -> io::Result<Flow> {
        match message {
            Message::Event(stamped) => self.state.apply(&stamped),
            Message::Finished => {
                self.state.end();
                if !self.stay_open || !self.state.lingers() {
                    return Ok(Flow::End);
                }
            }
            Message::Restarted => self.state.restart(),
            Message::Broken(why) => {
                self.state.broke(&why);
            }
            Message::Key(key) => {
                let action = self.state.key(key);
                return Ok(self.act(action));
            }
            Message::Signal if self.state.may_leave() => return Ok(Flow::End),
            Message::Signal | Message::Resized => {}
            // Without keys nobody could leave: show the run, but do not stay.
            Message::InputLost(error) if self.state.is_over() => return Err(error),
            Message::InputLost(_) => self.stay_open = false,
        }
        Ok(Flow::Continue)
    }

    fn act(&mut self, action: Action) -> Flow {
        match action {
            Action::None => {}
            Action::Stop => self.ask(&[ControlCommand::Stop]),
            Action::Cancel => self.ask(&[ControlCommand::Cancel]),
            Action::Leave => return Flow::End,
            Action::Step(step) => {
                let amount = Amount::Step(step);
                let both = [LoadCommand::Rate(amount), LoadCommand::Vus(amount)];
                self.ask(&both.map(ControlCommand::Load));
            }
            Action::TogglePause => {
                let report = self.state.live_report();
                let paused = report.paused(report.elapsed).1;
                let command = if paused { LoadCommand::Resume } else { LoadCommand::Pause };
                self.ask(&[ControlCommand::Load(command)]);
            }
            Action::Write => {
                let (Ok(said) | Err(said)) = (self.hands.write)(self.state.live_report());
                self.state.say(&said);
            }
        }
        Flow::Continue
    }

    /// Asks for each of these; where none can be done, the user is told why.
    fn ask(&mut self, commands: &[ControlCommand]) {
        let answers: Vec<_> =
            commands.iter().map(|command| (self.hands.control)(*command)).collect();
        let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
        if refused.len() == commands.len() {
            self.state.say(&refused.join("; "));
        }
    }
}
