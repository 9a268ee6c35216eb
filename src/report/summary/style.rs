//! How text is painted: colour and symbols, or neither.

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// Symbols beyond ASCII.
    pub unicode: bool,
    /// Columns; tables are cut to it.
    pub width: usize,
}

/// The colour of a piece of text: what it means, not how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
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
pub(super) const INFALLIBLE: &str = "writing to a string cannot fail";

/// The narrowest terminal that tables are laid out for.
const MIN_WIDTH: usize = 60;

impl Style {
    /// `text` in `ink`, if colours are wanted.
    pub(super) fn paint(self, ink: Ink, text: &str) -> String {
        if !self.color || ink == Ink::Plain || text.is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{}m{text}\x1b[0m", ink.sgr())
    }

    /// Columns that tables may take.
    pub(super) fn columns(self) -> usize {
        self.width.max(MIN_WIDTH)
    }

    /// The mark of a gate, padded to the same width.
    pub(super) fn mark(self, pass: bool) -> String {
        let (text, ink) = match (pass, self.unicode) {
            (true, true) => ("✓", Ink::Good),
            (false, true) => ("✗", Ink::Bad),
            (true, false) => ("ok  ", Ink::Good),
            (false, false) => ("FAIL", Ink::Bad),
        };
        self.paint(ink, text)
    }

    /// A section's title with a line behind it.
    pub(super) fn title(self, text: &str) -> String {
        let line = if self.unicode { "─" } else { "-" };
        let rest = self.columns().saturating_sub(text.chars().count() + 1);
        format!(
            "{} {}\n",
            self.paint(Ink::Strong, text),
            self.paint(Ink::Faint, &line.repeat(rest))
        )
    }

    /// Ends a text that was cut.
    pub(super) fn ellipsis(self) -> char {
        if self.unicode { '…' } else { '~' }
    }

    /// What stands between parts of one line.
    pub(super) fn dot(self) -> &'static str {
        if self.unicode { " · " } else { ", " }
    }

    /// The finished text; without Unicode every other character is put in ASCII.
    pub(super) fn finish(self, text: String) -> String {
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
                _ => out.extend(character.escape_unicode()),
            }
        }
        out
    }
}
