//! Colours and symbols, and what replaces them where a terminal has neither.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use crate::model::NoticeLevel;
use crate::model::Severity;

/// What the terminal can show. No meaning is carried by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    colour: bool,
    unicode: bool,
}

impl Default for Theme {
    /// Colours and Unicode.
    fn default() -> Self {
        Self { colour: true, unicode: true }
    }
}

impl Theme {
    /// No colours (`NO_COLOR`); bold and reversed text stay.
    pub fn plain() -> Self {
        Self { colour: false, unicode: true }
    }

    /// The same without a character outside ASCII.
    #[must_use]
    pub fn ascii(self) -> Self {
        Self { unicode: false, ..self }
    }

    /// Whether colours are shown.
    pub(super) fn has_colour(self) -> bool {
        self.colour
    }

    /// The last step of every frame: takes away what the terminal cannot show. Doing it here, over
    /// all cells, means that no widget can forget it.
    pub(super) fn finish(self, buffer: &mut Buffer) {
        if self.colour && self.unicode {
            return;
        }
        for cell in &mut buffer.content {
            if !self.colour {
                (cell.fg, cell.bg) = (Color::Reset, Color::Reset);
                cell.underline_color = Color::Reset;
            }
            if !self.unicode && !cell.symbol().is_ascii() {
                let twin = cell.symbol().chars().next().map_or(' ', ascii_twin);
                cell.set_char(twin);
            }
        }
    }
}

/// The symbol that stands beside a severity's colour.
pub(super) fn severity_symbol(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "■",
        Severity::High => "▲",
        Severity::Medium => "◆",
        Severity::Low => "▽",
        Severity::Info => "·",
    }
}

/// A severity's colour.
pub(super) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::new().fg(Color::Magenta).add_modifier(Modifier::BOLD),
        Severity::High => bad(),
        Severity::Medium => warn(),
        Severity::Low => Style::new().fg(Color::Cyan),
        Severity::Info => dim(),
    }
}

/// The symbol and style of a notice's level.
pub(super) fn level_mark(level: NoticeLevel) -> (&'static str, Style) {
    match level {
        NoticeLevel::Info => ("·", dim()),
        NoticeLevel::Warning => ("▲", warn()),
        NoticeLevel::Error => ("■", bad()),
    }
}

/// What went well.
pub(super) fn good() -> Style {
    Style::new().fg(Color::Green)
}

/// What needs a look.
pub(super) fn warn() -> Style {
    Style::new().fg(Color::Yellow)
}

/// What is wrong.
pub(super) fn bad() -> Style {
    Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)
}

/// Labels and hints. Not `DarkGray`, which is invisible on several common palettes.
pub(super) fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

/// Titles.
pub(super) fn strong() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// The selected row, the open screen, the match in a response.
pub(super) fn chosen() -> Style {
    Style::new().add_modifier(Modifier::REVERSED)
}

fn ascii_twin(character: char) -> char {
    match character {
        '│' | '┃' => '|',
        '─' | '━' | '–' | '—' | '▽' | '▃' | '▂' | '░' => '-',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '✓' => '+',
        '█' | '■' => '#',
        '▒' => ':',
        '▇' | '▆' => '%',
        '▅' | '◆' => '*',
        '▄' | '‖' | '▓' => '=',
        '▁' | '·' => '.',
        '▲' => '!',
        '✗' | '×' => 'x',
        '▶' | '▸' | '→' | '≥' => '>',
        '◀' | '←' | '≤' => '<',
        '…' => '~',
        'µ' => 'u',
        '●' => 'o',
        '↑' => '^',
        '↓' | '▾' => 'v',
        _ => '?',
    }
}
