//! How text is painted: colour and symbols, or neither; and in which unit times are written.

use std::time::Duration;

use crate::model::TimeUnit;
use crate::model::format_duration;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// Symbols beyond ASCII.
    pub unicode: bool,
    /// Columns; tables are cut to it.
    pub width: usize,
    /// What measured times are written in; `None` takes the unit that fits each.
    pub unit: Option<TimeUnit>,
}

/// The colour of a piece of text: what it means, not how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Ink {
    Plain,
    Strong,
    Faint,
    Good,
    Warn,
    Bad,
}

impl Ink {
    /// The parameters of ECMA-48's SGR.
    fn sgr(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "1;31",
        }
    }
}

/// Why a `write!` here cannot fail.
pub(in crate::report) const INFALLIBLE: &str = "writing to a string cannot fail";

/// The narrowest terminal that tables are laid out for.
const MIN_WIDTH: usize = 60;

impl Style {
    /// What stands in a file: no colours, and as wide as most terminals are.
    pub fn in_a_file() -> Self {
        Self { color: false, unicode: true, width: 100, unit: None }
    }

    /// `text` in `ink`, if colours are wanted.
    pub(in crate::report) fn paint(self, ink: Ink, text: &str) -> String {
        if !self.color || ink == Ink::Plain || text.is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{}m{text}\x1b[0m", ink.sgr())
    }

    /// A measured time.
    pub(in crate::report) fn time(self, value: Duration) -> String {
        self.unit.map_or_else(|| format_duration(value), |unit| unit.format(value))
    }

    /// The same, or the sign for none.
    pub(in crate::report) fn time_or_none(self, value: Option<Duration>) -> String {
        value.map_or_else(|| "-".to_owned(), |value| self.time(value))
    }

    /// Columns that tables may take.
    pub(in crate::report) fn columns(self) -> usize {
        self.width.max(MIN_WIDTH)
    }

    /// The mark of a gate, padded to the same width.
    pub(in crate::report) fn mark(self, pass: bool) -> String {
        let (text, ink) = match (pass, self.unicode) {
            (true, true) => ("✓", Ink::Good),
            (false, true) => ("✗", Ink::Bad),
            (true, false) => ("ok  ", Ink::Good),
            (false, false) => ("FAIL", Ink::Bad),
        };
        self.paint(ink, text)
    }

    /// A section's title with a line behind it.
    pub(in crate::report) fn title(self, text: &str) -> String {
        let line = if self.unicode { "─" } else { "-" };
        let rest = self.columns().saturating_sub(text.chars().count() + 1);
        format!(
            "{} {}\n",
            self.paint(Ink::Strong, text),
            self.paint(Ink::Faint, &line.repeat(rest))
        )
    }

    /// `head` and the text behind it as lines that fit, broken at spaces; the second and later
    /// ones stand under the text's first character. A word that is too long for a line stays in
    /// one piece, so that an address can still be copied.
    pub fn hang(self, head: &str, text: &str) -> String {
        let indent = visible(head);
        let room = self.columns().saturating_sub(indent);
        let mut out = head.to_owned();
        let mut used = 0;
        for (index, word) in words(text).into_iter().enumerate() {
            let width = visible(word);
            if index > 0 && used + 1 + width > room {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                used = 0;
            } else if index > 0 {
                out.push(' ');
                used += 1;
            }
            out.push_str(word);
            used += width;
        }
        out.push('\n');
        out
    }

    /// Ends a text that was cut.
    pub(in crate::report) fn ellipsis(self) -> char {
        if self.unicode { '…' } else { '~' }
    }

    /// What stands between parts of one line.
    pub(in crate::report) fn dot(self) -> &'static str {
        if self.unicode { " · " } else { ", " }
    }

    /// The finished text; without Unicode every other character is put in ASCII.
    pub fn finish(self, text: String) -> String {
        if self.unicode {
            return text;
        }
        let mut out = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                _ if character.is_ascii() => out.push(character),
                'µ' => out.push('u'),
                '…' => out.push_str("..."),
                '×' => out.push('x'),
                '→' => out.push_str("->"),
                _ => out.extend(character.escape_unicode()),
            }
        }
        out
    }
}

/// The pieces between spaces; the dot between two parts stays with the one before it.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(space) = rest.find(' ') {
        let after = &rest[space + 1..];
        let end = if after.starts_with("· ") { space + 1 + '·'.len_utf8() } else { space };
        words.push(&rest[..end]);
        rest = &rest[end + 1..];
    }
    words.push(rest);
    words
}

/// Characters that take a column: all but those of our own colours.
fn visible(text: &str) -> usize {
    let mut in_escape = false;
    let shown = text.chars().filter(|character| {
        let escape = in_escape || *character == '\x1b';
        in_escape = escape && *character != 'm';
        !escape
    });
    shown.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: Style = Style { color: false, unicode: true, width: MIN_WIDTH, unit: None };

    #[test]
    fn a_long_text_hangs_under_its_beginning() {
        let text = "alpha beta ".repeat(8);
        let lines = NARROW.hang("  label ", text.trim_end());
        for (index, line) in lines.lines().enumerate() {
            assert!(line.chars().count() <= MIN_WIDTH, "{line}");
            assert!(index == 0 || line.starts_with("        a") || line.starts_with("        b"));
        }
        assert_eq!(lines.split_whitespace().count(), 17);
    }

    #[test]
    fn a_line_never_begins_with_a_dot() {
        for pad in 40..60 {
            let text = format!("{} · end", "x".repeat(pad));
            let lines = NARROW.hang("", &text);
            assert!(lines.lines().all(|line| !line.starts_with('·')), "{lines}");
        }
    }

    #[test]
    fn an_address_stays_whole_and_colours_take_no_columns() {
        let address = format!("http://127.0.0.1/{}", "a".repeat(90));
        assert_eq!(NARROW.hang("  ", &format!("GET {address}")), format!("  GET\n  {address}\n"));
        let painted = Style { color: true, ..NARROW }.paint(Ink::Bad, &"x".repeat(55));
        assert_eq!(NARROW.hang("", &format!("a {painted}")), format!("a {painted}\n"));
    }
}
