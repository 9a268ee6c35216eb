//! What is said on one connection, without I/O: bytes go in; answers, and what was learnt, come out.

use super::dns::{self, Zone};
use super::http::{self, Request};
use super::interaction::OobProtocol;
use super::ldap::{self, Message};
use super::lines::{GREETING, Lines};
use super::rmi::{self, Stage, Step};
use super::secure::{HANDSHAKE, Identity, Secured};

/// What comes after so many bytes is not taken.
const MAX_TAKEN: usize = 64 << 10;

/// A line that says which protocol this is comes to an end before that.
const MAX_FIRST_LINE: usize = 8 << 10;

/// A connection is over after so many messages.
const MAX_MESSAGES: u32 = 100;

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// The first bytes say what it is; who says nothing waits for a greeting.
    Any,
    /// DNS over TCP.
    Dns,
    /// LDAP.
    Ldap,
    /// SMTP, with a greeting.
    Smtp,
}

/// One thing that someone said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// In what.
    pub protocol: OobProtocol,
    /// What was asked for, in short.
    pub question: String,
    /// As it came.
    pub request: Vec<u8>,
    /// As it is answered.
    pub response: Vec<u8>,
}

/// What follows from some bytes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Turn {
    /// To be written.
    pub reply: Vec<u8>,
    /// What was learnt.
    pub told: Vec<Told>,
    /// Nothing more is taken.
    pub is_over: bool,
}

/// A conversation on one connection. However its bytes are split, it goes the same way.
#[derive(Debug)]
pub struct Conversation {
    zone: Zone,
    identity: Option<Identity>,
    speech: Speech,
    pending: Vec<u8>,
    taken: usize,
    messages: u32,
    is_over: bool,
}

#[derive(Debug)]
enum Speech {
    Unknown,
    Dns,
    Http { has_gone_on: bool },
    Ldap,
    Lines(Lines),
    Raw,
    Rmi(Stage),
    Tls(Box<Secured>),
}

/// Whether more bytes may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ahead {
    More,
    End,
}

impl Conversation {
    /// A conversation, and what is said before anything comes. Without an identity, TLS is bytes like
    /// any others.
    pub fn new(opening: Opening, zone: &Zone, identity: Option<&Identity>) -> (Self, Vec<u8>) {
        let (speech, greeting) = match opening {
            Opening::Any => (Speech::Unknown, ""),
            Opening::Dns => (Speech::Dns, ""),
            Opening::Ldap => (Speech::Ldap, ""),
            Opening::Smtp => (Speech::Lines(Lines::new()), GREETING),
        };
        let conversation = Self {
            zone: zone.clone(),
            identity: identity.cloned(),
            speech,
            pending: Vec::new(),
            taken: 0,
            messages: 0,
            is_over: false,
        };
        (conversation, greeting.as_bytes().to_vec())
    }

    /// Takes what came.
    pub fn feed(&mut self, bytes: &[u8]) -> Turn {
        let mut turn = Turn::default();
        if self.is_over {
            turn.is_over = true;
            return turn;
        }
        let kept = bytes.len().min(MAX_TAKEN - self.taken);
        self.pending.extend_from_slice(&bytes[..kept]);
        self.taken += kept;
        self.go_on(Ahead::More, &mut turn);
        if self.taken == MAX_TAKEN && !self.is_over {
            self.go_on(Ahead::End, &mut turn);
            self.finish(&mut turn);
        }
        turn.is_over = self.is_over;
        turn
    }

    /// Nothing has come for a while: who waits for a greeting gets one, and who has said something
    /// that has no end has said it.
    pub fn silence(&mut self) -> Turn {
        let mut turn = Turn::default();
        match &mut self.speech {
            Speech::Unknown if self.pending.is_empty() => {
                self.speech = Speech::Lines(Lines::new());
                turn.reply.extend_from_slice(GREETING.as_bytes());
            }
            Speech::Unknown | Speech::Raw => self.finish(&mut turn),
            Speech::Tls(secured) if !self.is_over => {
                secured.silence(&mut turn);
                self.is_over |= turn.is_over;
            }
            _ => {}
        }
        turn.is_over = self.is_over;
        turn
    }

    /// The other side has gone, or its time is over: what it had begun to say counts.
    pub fn end(&mut self) -> Turn {
        let mut turn = Turn::default();
        if !self.is_over {
            self.go_on(Ahead::End, &mut turn);
            self.finish(&mut turn);
        }
        turn.is_over = true;
        turn
    }

    fn finish(&mut self, turn: &mut Turn) {
        if self.is_over {
            return;
        }
        self.is_over = true;
        let rest = std::mem::take(&mut self.pending);
        let protocol = match &mut self.speech {
            Speech::Lines(lines) => return lines.end(&rest, turn),
            Speech::Tls(secured) => return secured.end(&rest, turn),
            // A message that has begun is not told: it has no name yet.
            Speech::Dns => return,
            Speech::Ldap => OobProtocol::Ldap,
            Speech::Rmi(_) => OobProtocol::Rmi,
            Speech::Http { .. } | Speech::Raw | Speech::Unknown => OobProtocol::Tcp,
        };
        if !rest.is_empty() {
            let (question, response) = (String::new(), Vec::new());
            turn.told.push(Told { protocol, question, request: rest, response });
        }
    }

    fn go_on(&mut self, ahead: Ahead, turn: &mut Turn) {
        while !self.is_over && !self.pending.is_empty() {
            let Some(len) = self.step(ahead, turn) else { return };
            self.pending.drain(..len);
            if turn.is_over {
                self.is_over = true;
                // The dialogue's last words may hold something that was not told.
                if let Speech::Lines(lines) = &mut self.speech {
                    lines.end(b"", turn);
                }
            }
        }
    }

    /// One step; how much of what is pending it took, or `None` if it takes more to go on.
    fn step(&mut self, ahead: Ahead, turn: &mut Turn) -> Option<usize> {
        match &mut self.speech {
            Speech::Unknown => {
                self.speech = self.recognised(ahead)?;
                Some(0)
            }
            Speech::Raw => None,
            Speech::Lines(lines) => Some(lines.take(&self.pending, turn)).filter(|len| *len > 0),
            Speech::Tls(secured) => secured.feed(&self.pending, turn),
            Speech::Http { has_gone_on } => {
                match http::request(&self.pending, ahead == Ahead::End) {
                    Request::Partial { waits } => {
                        if waits && !std::mem::replace(has_gone_on, true) {
                            turn.reply.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                        }
                        None
                    }
                    Request::Whole { len, told } => {
                        turn.reply.extend_from_slice(&told.response);
                        turn.told.push(told);
                        turn.is_over = true;
                        Some(len)
                    }
                }
            }
            Speech::Rmi(stage) => match rmi::step(*stage, &self.pending) {
                Step::Partial => None,
                Step::Next(next, len, reply) => {
                    *stage = next;
                    turn.reply.extend_from_slice(reply);
                    Some(len)
                }
                Step::Asked(len, told) => {
                    turn.told.push(told);
                    turn.is_over = true;
                    Some(len)
                }
                Step::Other => {
                    self.speech = Speech::Raw;
                    None
                }
            },
            Speech::Dns => self.dns(turn),
            Speech::Ldap => self.ldap(turn),
        }
    }

    fn recognised(&self, ahead: Ahead) -> Option<Speech> {
        let identity = self.identity.as_ref().filter(|_| self.pending[0] == HANDSHAKE);
        match identity.and_then(|identity| Secured::new(identity, &self.zone)) {
            Some(secured) => Some(Speech::Tls(Box::new(secured))),
            None => recognised(&self.pending, ahead),
        }
    }

    fn dns(&mut self, turn: &mut Turn) -> Option<usize> {
        let (len, behind) = self.pending.split_first_chunk::<2>()?;
        let len = usize::from(u16::from_be_bytes(*len));
        let told = dns::answered(behind.get(..len)?, &self.zone);
        self.messages += 1;
        turn.is_over = told.is_none() || self.messages == MAX_MESSAGES;
        if let Some(told) = told {
            let len = u16::try_from(told.response.len()).unwrap_or(u16::MAX);
            turn.reply.extend_from_slice(&len.to_be_bytes());
            turn.reply.extend_from_slice(&told.response[..usize::from(len)]);
            turn.told.push(told);
        }
        Some(2 + len)
    }

    fn ldap(&mut self, turn: &mut Turn) -> Option<usize> {
        match ldap::message(&self.pending, MAX_TAKEN) {
            Message::Partial => None,
            Message::Invalid => {
                self.speech = Speech::Raw;
                None
            }
            Message::Whole { len, reply, told, is_last } => {
                turn.reply.extend_from_slice(&reply);
                turn.told.extend(told);
                self.messages += 1;
                turn.is_over = is_last || self.messages == MAX_MESSAGES;
                Some(len)
            }
        }
    }
}

/// What the first bytes are; `None` while they may be several things.
fn recognised(bytes: &[u8], ahead: Ahead) -> Option<Speech> {
    match bytes.first()? {
        0x30 => return Some(Speech::Ldap),
        &HANDSHAKE => return Some(Speech::Raw),
        _ => {}
    }
    let seen = bytes.len().min(rmi::MAGIC.len());
    if bytes[..seen] == rmi::MAGIC[..seen] {
        let is_all = seen == rmi::MAGIC.len();
        return if is_all { Some(Speech::Rmi(Stage::default())) } else { None };
    }
    let within = &bytes[..bytes.len().min(MAX_FIRST_LINE)];
    let Some(end) = memchr::memchr(b'\n', within) else {
        let is_undecided = within.len() < MAX_FIRST_LINE && ahead == Ahead::More;
        return if is_undecided { None } else { Some(Speech::Raw) };
    };
    let line = within[..end].trim_ascii_end();
    Some(if memchr::memmem::find(line, b" HTTP/").is_some() {
        Speech::Http { has_gone_on: false }
    } else if Lines::is_spoken(line) {
        Speech::Lines(Lines::new())
    } else {
        Speech::Raw
    })
}
