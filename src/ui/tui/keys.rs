//! Keys: what they change in the view, and what they ask of the run.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::detail;
use super::endpoints;
use super::findings;
use super::popup::{HELP_ROWS, Popup};
use super::state::{Screen, State};
use crate::model::Phase;
use crate::model::StopLevel;

/// Characters a filter may have.
const FILTER_MAX: usize = 60;
/// How much of the plan's load a key adds or takes.
const STEP: f64 = 0.1;
/// Rows that `PgUp` and `PgDn` move by.
const PAGE: isize = 10;
/// More rows than any list has.
const ALL_THE_WAY: isize = isize::MAX / 2;

/// What a key asks of whoever runs the view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// Nothing beyond the view.
    None,
    /// Issue nothing new.
    Stop,
    /// Drop what is in flight too.
    Cancel,
    /// Restore the terminal.
    Leave,
    /// More of the load's rate or users, in steps of what the plan has.
    Step(f64),
    /// Let nothing start, or let it start again.
    TogglePause,
}

impl State {
    /// Takes one key.
    pub fn key(&mut self, key: KeyEvent) -> Action {
        if key.kind == KeyEventKind::Release {
            return Action::None;
        }
        self.said = None;
        if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
            return self.wind_down();
        }
        match self.popup {
            Some(Popup::Help(scroll)) => self.help_key(key.code, scroll),
            Some(Popup::Confirm) => return self.answer(key.code),
            None if self.editing => self.edit_filter(key.code),
            None => return self.screen_key(key.code),
        }
        Action::None
    }

    /// One level further down: stop, cancel, leave. A run that is over is left at once.
    fn wind_down(&mut self) -> Action {
        if self.over {
            return Action::Leave;
        }
        let (level, action) = match self.level {
            StopLevel::Running => (StopLevel::Stopping, Action::Stop),
            StopLevel::Stopping => (StopLevel::Cancelled, Action::Cancel),
            StopLevel::Cancelled => (StopLevel::Cancelled, Action::Leave),
        };
        self.level = level;
        action
    }

    /// The action, where there is a load to be changed; else why there is none.
    fn steer(&mut self, action: Action) -> Action {
        let why = match self.report.phases.last() {
            _ if self.over => "the run is over",
            Some((Phase::Load, false)) if self.level == StopLevel::Running => return action,
            Some((Phase::Load, false)) => "the run is being stopped",
            _ => "no load is running",
        };
        self.say(why);
        Action::None
    }

    /// A sentence for the user, in place of the hints until the next key.
    pub fn say(&mut self, text: &str) {
        self.said = Some(text.to_owned());
    }

    fn help_key(&mut self, code: KeyCode, scroll: usize) {
        self.popup = match code {
            KeyCode::Down | KeyCode::Char('j') => Some(Popup::Help((scroll + 1).min(HELP_ROWS))),
            KeyCode::Up | KeyCode::Char('k') => Some(Popup::Help(scroll.saturating_sub(1))),
            _ => None,
        };
    }

    fn answer(&mut self, code: KeyCode) -> Action {
        match code {
            KeyCode::Char('y' | 'Y') | KeyCode::Enter => {
                self.popup = None;
                self.stopped_by_q = true;
                self.wind_down()
            }
            KeyCode::Char('n' | 'N' | 'q') | KeyCode::Esc => {
                self.popup = None;
                Action::None
            }
            _ => Action::None,
        }
    }

    fn edit_filter(&mut self, code: KeyCode) {
        let Some(filter) = self.filter_mut() else { return };
        match code {
            KeyCode::Char(character) if filter.chars().count() < FILTER_MAX => {
                filter.push(character);
            }
            KeyCode::Backspace => {
                filter.pop();
            }
            KeyCode::Esc => {
                filter.clear();
                self.editing = false;
            }
            KeyCode::Enter => self.editing = false,
            _ => {}
        }
    }

    fn screen_key(&mut self, code: KeyCode) -> Action {
        match code {
            KeyCode::Char('q') if self.over => return Action::Leave,
            KeyCode::Char('q') => self.popup = Some(Popup::Confirm),
            KeyCode::Char('+') => return self.steer(Action::Step(STEP)),
            KeyCode::Char('-') => return self.steer(Action::Step(-STEP)),
            KeyCode::Char('p') => return self.steer(Action::TogglePause),
            KeyCode::Char('?') => self.popup = Some(Popup::Help(0)),
            KeyCode::Tab => self.screen = self.screen.step(1),
            KeyCode::BackTab => self.screen = self.screen.step(Screen::ALL.len() - 1),
            KeyCode::Char(digit @ '1'..='9') => {
                let place = digit as usize - '1' as usize;
                self.screen = Screen::ALL.get(place).copied().unwrap_or(self.screen);
            }
            KeyCode::Char('j') | KeyCode::Down => self.move_by(1),
            KeyCode::Char('k') | KeyCode::Up => self.move_by(-1),
            KeyCode::PageDown => self.move_by(PAGE),
            KeyCode::PageUp => self.move_by(-PAGE),
            KeyCode::Char('G') | KeyCode::End => self.move_by(ALL_THE_WAY),
            KeyCode::Char('g') | KeyCode::Home => self.move_by(-ALL_THE_WAY),
            KeyCode::Enter => self.open(),
            KeyCode::Esc => self.close(),
            KeyCode::Char('s') if self.screen == Screen::Endpoints => self.sort = self.sort.next(),
            KeyCode::Char('/') if self.filter_mut().is_some() => {
                self.close_detail();
                self.editing = true;
            }
            _ => {}
        }
        Action::None
    }

    /// Positive is down: the selection, or the rows of an open detail.
    fn move_by(&mut self, by: isize) {
        let last_row = detail::last_scroll(self);
        let scrolled = |scroll: usize| scroll.min(last_row).saturating_add_signed(by).min(last_row);
        match self.screen {
            Screen::Overview => {}
            Screen::Endpoints if self.endpoints.open => {
                self.endpoints.scroll = scrolled(self.endpoints.scroll);
            }
            Screen::Endpoints => {
                let visible = endpoints::visible(self);
                self.endpoints.step(&visible, by);
            }
            Screen::Findings if self.findings.open => {
                self.findings.scroll = scrolled(self.findings.scroll);
            }
            Screen::Findings => {
                let visible = findings::visible(self);
                self.findings.step(&visible, by);
            }
            Screen::Log => self.log.scroll(-by),
        }
    }

    fn open(&mut self) {
        match self.screen {
            Screen::Endpoints => {
                let visible = endpoints::visible(self);
                self.endpoints.open_selected(&visible);
            }
            Screen::Findings => {
                let visible = findings::visible(self);
                self.findings.open_selected(&visible);
            }
            Screen::Overview | Screen::Log => {}
        }
    }

    /// First the detail, then the filter.
    fn close(&mut self) {
        if !self.close_detail()
            && let Some(filter) = self.filter_mut()
        {
            filter.clear();
        }
    }

    fn close_detail(&mut self) -> bool {
        match self.screen {
            Screen::Endpoints => std::mem::take(&mut self.endpoints.open),
            Screen::Findings => std::mem::take(&mut self.findings.open),
            Screen::Overview | Screen::Log => false,
        }
    }

    fn filter_mut(&mut self) -> Option<&mut String> {
        match self.screen {
            Screen::Endpoints => Some(&mut self.endpoints.filter),
            Screen::Findings => Some(&mut self.findings.filter),
            Screen::Overview | Screen::Log => None,
        }
    }
}
