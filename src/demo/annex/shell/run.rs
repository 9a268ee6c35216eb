//! Runs a script.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use std::time::Instant;

use super::arithmetic;
use super::commands;
use super::words::Piece;
use super::words::PieceKind;
use super::words::Token;
use super::words::Unreadable;
use super::words::tokens;
use crate::demo::clock;
use crate::demo::files::Files;

/// How long one script may take, all its sleeping included.
const TIME_LIMIT: Duration = Duration::from_secs(10);
const OUTPUT_LIMIT: usize = 64 << 10;
const DEPTH: usize = 8;

/// What a script printed, errors included, and its exit status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::demo::annex) struct Output {
    pub(in crate::demo::annex) text: String,
    pub(in crate::demo::annex) status: i32,
}

impl Output {
    /// A message of the shell or of a command.
    pub(super) fn failed(text: String, status: i32) -> Self {
        Self { text, status }
    }
}

/// The shell of one request.
#[derive(Debug, Clone, Copy)]
pub(in crate::demo::annex) struct Shell<'a> {
    pub(super) files: &'a Files,
    ends: Instant,
}

type Running<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl<'a> Shell<'a> {
    /// A shell whose time starts now.
    pub(in crate::demo::annex) fn new(files: &'a Files) -> Self {
        Self { files, ends: clock::now() + TIME_LIMIT }
    }

    /// Runs a script to its end, or to the end of its time.
    pub(in crate::demo::annex) async fn run(&self, script: &str) -> Output {
        self.script(script, 0).await
    }

    /// Waits, but not beyond the script's time.
    pub(super) async fn sleep(&self, duration: Duration) {
        let left = self.ends.saturating_duration_since(clock::now());
        tokio::time::sleep(duration.min(left)).await;
    }

    pub(super) fn script<'b>(&'b self, script: &'b str, depth: usize) -> Running<'b, Output> {
        Box::pin(async move {
            let tokens = match tokens(script) {
                _ if depth > DEPTH => return Output::failed("sh: too deep\n".to_owned(), 2),
                Ok(tokens) => tokens,
                Err(Unreadable(why)) => return Output::failed(format!("sh: 1: {why}\n"), 2),
            };
            self.list(&tokens, depth).await
        })
    }

    /// Pipelines with `;`, `&&` and `||` between them.
    async fn list(&self, tokens: &[Token], depth: usize) -> Output {
        let mut whole = Output::default();
        let mut wanted = true;
        let is_end = |token: &Token| matches!(token, Token::End | Token::And | Token::Or);
        let mut rest = tokens;
        while !rest.is_empty() && whole.text.len() < OUTPUT_LIMIT {
            let length = rest.iter().position(is_end).unwrap_or(rest.len());
            let (pipeline, after) = rest.split_at(length);
            if wanted && !pipeline.is_empty() {
                let output = self.pipeline(pipeline, whole.status, depth).await;
                whole.text.push_str(&output.text);
                whole.status = output.status;
            }
            match after.first() {
                Some(Token::And) => wanted = whole.status == 0,
                Some(Token::Or) => wanted = whole.status != 0,
                _ => wanted = true,
            }
            rest = after.get(1..).unwrap_or_default();
        }
        whole.text.truncate(whole.text.floor_char_boundary(OUTPUT_LIMIT));
        whole
    }

    /// Commands with `|` between them: each reads what the one before has printed.
    async fn pipeline(&self, tokens: &[Token], status: i32, depth: usize) -> Output {
        let mut output = Output { text: String::new(), status };
        for command in tokens.split(|token| *token == Token::Pipe) {
            let mut arguments = Vec::new();
            for token in command {
                if let Token::Word(pieces) = token {
                    self.expand(pieces, output.status, depth, &mut arguments).await;
                }
            }
            // `NAME=value` in front of a command.
            let is_assignment = |word: &String| {
                word.split_once('=').is_some_and(|(name, _)| {
                    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
                })
            };
            let skipped = arguments.iter().take_while(|word| is_assignment(word)).count();
            output = commands::run(self, &arguments[skipped..], output.text, depth).await;
        }
        output
    }

    /// A word's text, which may be several words, or none.
    async fn expand(&self, pieces: &[Piece], status: i32, depth: usize, words: &mut Vec<String>) {
        let mut open: Option<String> = None;
        for Piece { kind, quoted } in pieces {
            let (text, splits) = match kind {
                PieceKind::Text(text) => (text.clone(), false),
                PieceKind::Variable(name) => (variable(name, status), !quoted),
                PieceKind::Arithmetic(inner) => {
                    (arithmetic::value(inner).unwrap_or(0).to_string(), false)
                }
                PieceKind::Substitution(inner) => {
                    let output = self.script(inner, depth + 1).await;
                    (output.text.trim_end_matches('\n').to_owned(), !quoted)
                }
            };
            if !splits {
                open.get_or_insert_default().push_str(&text);
                continue;
            }
            if text.starts_with(char::is_whitespace) {
                words.extend(open.take());
            }
            for (index, part) in text.split_whitespace().enumerate() {
                if index > 0 {
                    words.extend(open.take());
                }
                open.get_or_insert_default().push_str(part);
            }
            if text.ends_with(char::is_whitespace) {
                words.extend(open.take());
            }
        }
        words.extend(open);
    }
}

fn variable(name: &str, status: i32) -> String {
    match name {
        "IFS" => " ",
        "USER" | "LOGNAME" => "shop",
        "HOME" | "PWD" => "/srv/shop",
        "PATH" => "/usr/bin:/bin",
        "SHELL" | "0" => "/bin/sh",
        "HOSTNAME" => "demo-shop",
        "$" => "4711",
        "?" => return status.to_string(),
        _ => "",
    }
    .to_owned()
}
