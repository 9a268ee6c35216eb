//! What the terminal can show; the only place that reads the environment for it.

use std::io::IsTerminal as _;

use super::args::ColorChoice;
use crate::model::TimeUnit;
use crate::report::Style;

/// What standard output and standard error are, and what may be written there.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each looked at by name")]
#[derive(Debug, Clone)]
pub(super) struct Terminal {
    /// Standard output is a terminal.
    pub(super) stdout: bool,
    /// Standard error is a terminal.
    pub(super) stderr: bool,
    /// Standard input is a terminal, so keys can be read.
    pub(super) stdin: bool,
    /// Colour is wanted where the stream is a terminal, or everywhere.
    color: ColorChoice,
    no_color_env: bool,
    /// Symbols outside ASCII can be shown.
    pub(super) unicode: bool,
    /// Columns.
    pub(super) width: usize,
    /// Warnings and errors only.
    pub(super) quiet: bool,
    /// What the summary writes measured times in; `None` takes what fits each.
    pub(super) unit: Option<TimeUnit>,
}

impl Terminal {
    /// Looks at the streams and at `NO_COLOR`, `TERM`, `LC_ALL`, `LC_CTYPE` and `LANG`.
    #[expect(clippy::disallowed_methods, reason = "cli is where the environment is read")]
    pub(super) fn detect(color: ColorChoice, quiet: bool) -> Self {
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let no_color = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
            .unwrap_or_default()
            .to_ascii_lowercase();
        let width = ratatui::crossterm::terminal::size().map_or(100, |(columns, _)| columns);
        Self {
            stdout: std::io::stdout().is_terminal(),
            stderr: std::io::stderr().is_terminal(),
            stdin: std::io::stdin().is_terminal(),
            color,
            no_color_env: no_color || dumb,
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            width: usize::from(width).clamp(60, 160),
            quiet,
            unit: None,
        }
    }

    /// Whether a stream (a terminal or not) gets colour.
    pub(super) fn color_on(&self, is_terminal: bool) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !self.no_color_env,
        }
    }

    /// Whether the terminal UI can run: it needs keys and both streams.
    pub(super) fn can_show_tui(&self) -> bool {
        self.stdin && self.stdout && self.stderr && !self.quiet
    }

    /// Whether any stream leads to a terminal, so that its going away matters.
    pub(super) fn is_watched(&self) -> bool {
        self.stdin || self.stdout || self.stderr
    }

    /// The same terminal without colour, for `--ci`.
    pub(super) fn without_color(&self) -> Self {
        Self { color: ColorChoice::Never, ..self.clone() }
    }

    /// How text looks on a stream that is a terminal or not.
    pub(super) fn style(&self, is_terminal: bool) -> Style {
        Style {
            color: self.color_on(is_terminal),
            unicode: self.unicode,
            width: self.width,
            unit: None,
        }
    }

    /// The same with the summary's times in `unit`, and without a summary if `quiet`.
    pub(super) fn telling(&self, unit: Option<TimeUnit>, quiet: bool) -> Self {
        Self { unit, quiet: self.quiet || quiet, ..self.clone() }
    }
}

/// A variable of the environment, for plans.
#[expect(clippy::disallowed_methods, reason = "cli is where the environment is read")]
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Every name that is a text, for whoever mistypes one.
pub(super) fn environment_names() -> Vec<String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
}
