//! Protocols of lines, in which the server speaks first: SMTP (RFC 5321) to the end of a mail, and
//! FTP (RFC 959) to where a file would be sent.

use super::conversation::{Told, Turn};
use super::interaction::OobProtocol;

/// What a server says first; both protocols understand it.
pub(super) const GREETING: &str = "220 out-of-band ready\r\n";

/// Longer lines are cut into several.
const MAX_LINE: usize = 4096;

/// After so many commands the conversation ends.
const MAX_COMMANDS: u32 = 200;

/// The dialogue so far.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    protocol: OobProtocol,
    /// Sender and recipients, or what was asked for.
    question: String,
    /// Both sides since something was told last.
    request: Vec<u8>,
    response: Vec<u8>,
    is_data: bool,
    commands: u32,
}

impl Lines {
    /// A dialogue in which the server has spoken, or in which the client did not wait for it.
    pub(super) fn new() -> Self {
        Self {
            protocol: OobProtocol::Smtp,
            question: String::new(),
            request: Vec::new(),
            response: Vec::new(),
            is_data: false,
            commands: 0,
        }
    }

    /// Whether a client that begins with this line speaks one of these protocols.
    pub(super) fn is_spoken(line: &[u8]) -> bool {
        let verb = verb(line);
        ["EHLO", "HELO", "LHLO", "USER", "MAIL", "NOOP", "RSET", "QUIT"].contains(&&*verb)
    }

    /// Takes one line from the beginning of `bytes`, and how long it is; 0 if it is not here yet.
    pub(super) fn take(&mut self, bytes: &[u8], turn: &mut Turn) -> usize {
        let within = &bytes[..bytes.len().min(MAX_LINE)];
        let len = match memchr::memchr(b'\n', within) {
            Some(at) => at + 1,
            None if within.len() == MAX_LINE => MAX_LINE,
            None => return 0,
        };
        self.request.extend_from_slice(&bytes[..len]);
        self.line(bytes[..len].trim_ascii_end(), turn);
        len
    }

    /// Tells what has not been told, if it may be of use.
    pub(super) fn end(&mut self, rest: &[u8], turn: &mut Turn) {
        self.request.extend_from_slice(rest);
        if !self.question.is_empty() || !rest.is_empty() || self.is_data {
            self.tell(turn);
        }
    }

    fn tell(&mut self, turn: &mut Turn) {
        turn.told.push(Told {
            protocol: self.protocol,
            question: std::mem::take(&mut self.question),
            request: std::mem::take(&mut self.request),
            response: std::mem::take(&mut self.response),
        });
    }

    fn say(&mut self, text: &str, turn: &mut Turn) {
        self.response.extend_from_slice(text.as_bytes());
        self.response.extend_from_slice(b"\r\n");
        turn.reply.extend_from_slice(text.as_bytes());
        turn.reply.extend_from_slice(b"\r\n");
    }

    fn line(&mut self, line: &[u8], turn: &mut Turn) {
        if self.is_data {
            if line == b"." {
                self.is_data = false;
                self.say("250 taken", turn);
                self.tell(turn);
            }
            return;
        }
        self.commands += 1;
        let verb = verb(line);
        if self.commands > MAX_COMMANDS || verb == "QUIT" {
            self.say("221 bye", turn);
            turn.is_over = true;
            return;
        }
        if verb == "USER" {
            self.protocol = OobProtocol::Ftp;
        }
        if matches!(&*verb, "MAIL" | "RCPT" | "VRFY" | "CWD" | "RETR" | "LIST" | "STOR" | "SIZE") {
            if !self.question.is_empty() {
                self.question.push_str(", ");
            }
            self.question.push_str(&String::from_utf8_lossy(line));
        }
        let answer = self.answer(&verb);
        self.say(answer, turn);
        // A file is asked for: nothing of importance follows.
        if self.protocol == OobProtocol::Ftp && matches!(&*verb, "RETR" | "LIST" | "STOR" | "SIZE")
        {
            self.tell(turn);
        }
    }

    fn answer(&mut self, verb: &str) -> &'static str {
        match verb {
            "EHLO" | "LHLO" => "250-out-of-band\r\n250 8BITMIME",
            "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP" | "CWD" => "250 fine",
            "VRFY" => "252 may be",
            "DATA" => {
                self.is_data = true;
                "354 go on, end with a dot"
            }
            "USER" => "331 password",
            "PASS" => "230 welcome",
            "EPRT" | "MODE" | "PORT" | "STRU" | "TYPE" => "200 fine",
            "SYST" => "215 UNIX Type: L8",
            "PWD" => "257 \"/\"",
            "RETR" | "LIST" | "STOR" | "SIZE" | "NLST" => "550 there is none",
            _ => "502 not here",
        }
    }
}

/// The first word, in upper case.
fn verb(line: &[u8]) -> String {
    let word = line.split(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
    String::from_utf8_lossy(&word[..word.len().min(8)]).to_ascii_uppercase()
}
