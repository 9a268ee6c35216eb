//! Keys: what they change in the view, and what they ask of the run.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::detail;
use super::list::Row;
use super::log;
use super::popup::{HELP_ROWS, Popup};
use super::screens;
use super::state::{Owner, Screen, State};
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
    /// Write the report as far as it is.
    Write,
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

    /// Whether leaving is all that can be done: there is no run of ours to be stopped.
    pub(super) fn may_leave(&self) -> bool {
        self.over || self.owner == Owner::Another
    }

    /// One level further down: stop, cancel, leave. A run that is over is left at once.
    fn wind_down(&mut self) -> Action {
        if self.may_leave() {
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
        let why = match self.live.report.phases.last() {
            _ if self.over => "the run is over",
            _ if self.owner == Owner::Another => {
                "another process runs this: `shakedown control` steers it"
            }
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
        let filter = &mut self.view_mut().filter;
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
            KeyCode::Char('q') if self.may_leave() => return Action::Leave,
            KeyCode::Char('q') => self.popup = Some(Popup::Confirm),
            KeyCode::Char('+') => return self.steer(Action::Step(STEP)),
            KeyCode::Char('-') => return self.steer(Action::Step(-STEP)),
            KeyCode::Char('p') => return self.steer(Action::TogglePause),
            KeyCode::Char('w') => return Action::Write,
            KeyCode::Char('f') => self.freeze(),
            KeyCode::Char('?') => self.popup = Some(Popup::Help(0)),
            KeyCode::Tab => self.screen = self.screen.step(1),
            KeyCode::BackTab => self.screen = self.screen.step(Screen::ALL.len() - 1),
            KeyCode::Char(digit @ '1'..='9') => {
                let place = digit as usize - '1' as usize;
                self.screen = Screen::ALL.get(place).copied().unwrap_or(self.screen);
            }
            _ => self.list_key(code),
        }
        Action::None
    }

    /// Lets the picture stand still, or go on.
    fn freeze(&mut self) {
        if self.over && !self.is_frozen() {
            self.say("the run is over: nothing moves any more");
        } else {
            self.toggle_frozen();
        }
    }

    fn list_key(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char('j') | KeyCode::Down => self.move_by(1),
            KeyCode::Char('k') | KeyCode::Up => self.move_by(-1),
            KeyCode::PageDown => self.move_by(PAGE),
            KeyCode::PageUp => self.move_by(-PAGE),
            KeyCode::Char('G') | KeyCode::End => self.move_by(ALL_THE_WAY),
            KeyCode::Char('g') | KeyCode::Home => self.move_by(-ALL_THE_WAY),
            KeyCode::Char('s') => screens::next_order(self),
            KeyCode::Esc => self.close(),
            _ if !self.screen.has_rows() => {}
            KeyCode::Char('/') => {
                self.view_mut().open = false;
                self.editing = true;
            }
            KeyCode::Enter if self.screen != Screen::Log => {
                let rows = screens::rows(self);
                self.view_mut().open_selected(&rows);
            }
            KeyCode::Char('h') | KeyCode::Left if !self.view().open => {
                let rows = screens::rows(self);
                self.view_mut().fold_or_go_up(&rows);
            }
            KeyCode::Char('l') | KeyCode::Right if !self.view().open => {
                let rows = screens::rows(self);
                self.view_mut().unfold_selected(&rows);
            }
            _ => {}
        }
    }

    /// Positive is down: the selection, or the rows of an open detail.
    fn move_by(&mut self, by: isize) {
        if self.screen == Screen::Log {
            return self.scroll_log(by);
        }
        if self.view().open {
            let last = detail::last_scroll(self);
            let view = self.view_mut();
            view.scroll = view.scroll.min(last).saturating_add_signed(by).min(last);
            return;
        }
        let rows = screens::rows(self);
        self.view_mut().step(&rows, by);
    }

    /// The entry at the bottom; at the newest the log follows.
    fn scroll_log(&mut self, by: isize) {
        let rows: Vec<Row> = log::rows(self);
        let bottom = log::shown(self, &rows).saturating_sub(1);
        let target = bottom.saturating_add_signed(by).min(rows.len().saturating_sub(1));
        let follows = target + 1 >= rows.len();
        self.view_mut().selected = rows.get(target).filter(|_| !follows).map(|row| row.key.clone());
    }

    /// First the detail, then the filter.
    fn close(&mut self) {
        let view = self.view_mut();
        if !std::mem::take(&mut view.open) {
            view.filter.clear();
        }
    }
}
