//! Asking a proxy for a connection to the target: `CONNECT` (RFC 9110 §9.3.6) and SOCKS5
//! (RFC 1928, RFC 1929). Bytes in, bytes out; both drivers move them.

use std::net::IpAddr;

use super::h1::Head;
use super::h1::Progress;
use super::h1::RequestKind;
use super::h1::ResponseParser;
use super::h1::ResponseSink;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Proxy;
use crate::model::ProxyKind;
use crate::model::inert;

/// A proxy, and where it is to connect us.
#[derive(Debug, Clone)]
pub struct TunnelTo {
    proxy: Proxy,
    host: String,
    port: u16,
}

impl TunnelTo {
    pub(super) fn new(proxy: Proxy, host: String, port: u16) -> Self {
        Self { proxy, host, port }
    }

    /// The proxy.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }
}

/// The conversation with the proxy until the connection stands.
#[derive(Debug)]
pub struct Tunnel {
    to: TunnelTo,
    stage: Stage,
    /// To be sent, from `sent` on.
    out: Vec<u8>,
    sent: usize,
    /// Received and not understood yet.
    pending: Vec<u8>,
}

#[derive(Debug)]
enum Stage {
    /// `CONNECT` is out.
    Connect(Box<ResponseParser>),
    /// SOCKS5: which method of authentication the proxy wants.
    Method,
    /// SOCKS5: whether user and password are right.
    Password,
    /// SOCKS5: whether the target was reached.
    Reached,
}

impl Tunnel {
    /// Begins: there is something to send.
    pub fn new(to: &TunnelTo) -> Self {
        let (stage, out) = match to.proxy.kind {
            ProxyKind::Http | ProxyKind::Https => {
                let mut parser = Box::new(ResponseParser::default());
                parser.reset(RequestKind::Connect);
                (Stage::Connect(parser), connect_request(to))
            }
            ProxyKind::Socks5 | ProxyKind::Socks5Named => {
                // No authentication, and user and password if we have them.
                let methods: &[u8] = if to.proxy.credentials.is_some() { &[0, 2] } else { &[0] };
                let count = u8::try_from(methods.len()).expect("one or two");
                (Stage::Method, [&[5, count], methods].concat())
            }
        };
        Self { to: to.clone(), stage, out, sent: 0, pending: Vec::new() }
    }

    /// What is to be sent now.
    pub fn outgoing(&self) -> &[u8] {
        &self.out[self.sent..]
    }

    /// So much of it was sent.
    pub fn sent(&mut self, count: usize) {
        self.sent += count;
    }

    /// Takes what came; true once the target is at the other end.
    ///
    /// # Errors
    /// Class `Proxy`: the proxy refuses, cannot reach the target, or does not speak its protocol.
    pub fn take(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        if let Stage::Connect(parser) = &mut self.stage {
            let mut answer = Answer::default();
            let fed = parser.feed(bytes, &mut answer).map_err(|error| {
                self.to.failure(&format!("did not answer CONNECT in HTTP: {error}"))
            })?;
            if let Some((status, reason)) =
                answer.0.filter(|(status, _)| !(200..300).contains(status))
            {
                return Err(self.to.failure(&refused(status, &reason)));
            }
            let is_open = fed.progress == Progress::Complete;
            return if is_open && fed.consumed < bytes.len() {
                Err(self.to.unasked())
            } else {
                Ok(is_open)
            };
        }
        self.pending.extend_from_slice(bytes);
        while let Some(message) = self.next_message()? {
            if self.answer(&message)? {
                return if self.pending.is_empty() { Ok(true) } else { Err(self.to.unasked()) };
            }
        }
        Ok(false)
    }

    /// What it means that the proxy closed the connection.
    pub fn closed(&self) -> Failure {
        self.to.failure("closed the connection instead of making one")
    }

    /// The next message of SOCKS5, if it is there whole.
    fn next_message(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let length = match self.stage {
            Stage::Connect(_) | Stage::Method | Stage::Password => 2,
            Stage::Reached => match self.pending.get(3..5) {
                None => return Ok(None),
                Some([1, _]) => 4 + 4 + 2,
                Some([4, _]) => 4 + 16 + 2,
                Some([3, length]) => 4 + 1 + usize::from(*length) + 2,
                Some(_) => return Err(self.to.failure("does not speak SOCKS5")),
            },
        };
        if self.pending.len() < length {
            return Ok(None);
        }
        Ok(Some(self.pending.drain(..length).collect()))
    }

    /// Goes on after a message of SOCKS5; true at the end.
    fn answer(&mut self, message: &[u8]) -> Result<bool, Failure> {
        match (&self.stage, message) {
            (Stage::Method, [5, 0]) | (Stage::Password, [_, 0]) => self.ask_for_target(),
            (Stage::Method, [5, 2]) if self.to.proxy.credentials.is_some() => {
                let credentials = self.to.proxy.credentials.as_ref();
                let (user, password) = credentials.expect("checked above");
                let mut out = vec![1];
                for text in [user, password] {
                    out.push(u8::try_from(text.len()).expect("at most 255, by its parser"));
                    out.extend_from_slice(text.as_bytes());
                }
                self.say(Stage::Password, out);
            }
            (Stage::Method, [5, _]) => {
                return Err(self
                    .to
                    .failure("wants to know who we are: put USER:PASSWORD@ before its host"));
            }
            (Stage::Password, _) => return Err(self.to.failure("refused the user and password")),
            (Stage::Reached, [5, 0, ..]) => return Ok(true),
            (Stage::Reached, [5, code, ..]) => return Err(self.to.failure(socks_reason(*code))),
            _ => return Err(self.to.failure("does not speak SOCKS5")),
        }
        Ok(false)
    }

    fn ask_for_target(&mut self) {
        let mut out = vec![5, 1, 0];
        match self.to.host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => {
                out.push(1);
                out.extend_from_slice(&address.octets());
            }
            Ok(IpAddr::V6(address)) => {
                out.push(4);
                out.extend_from_slice(&address.octets());
            }
            Err(_) => {
                // A DNS name has at most 253 bytes; of a longer one the proxy finds nothing.
                let name = &self.to.host.as_bytes()[..self.to.host.len().min(255)];
                out.extend_from_slice(&[3, u8::try_from(name.len()).expect("cut above")]);
                out.extend_from_slice(name);
            }
        }
        out.extend_from_slice(&self.to.port.to_be_bytes());
        self.say(Stage::Reached, out);
    }

    fn say(&mut self, stage: Stage, out: Vec<u8>) {
        (self.stage, self.out, self.sent) = (stage, out, 0);
    }
}

impl TunnelTo {
    fn failure(&self, what: &str) -> Failure {
        Failure::new(FailureClass::Proxy, format!("the proxy {} {what}", self.proxy))
    }

    fn unasked(&self) -> Failure {
        self.failure("sent something that nobody asked for")
    }
}

fn connect_request(to: &TunnelTo) -> Vec<u8> {
    let host = if to.host.contains(':') { format!("[{}]", to.host) } else { to.host.clone() };
    let authority = format!("{host}:{}", to.port);
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
    if let Some(value) = to.proxy.authorization() {
        request.push_str("Proxy-Authorization: ");
        request.push_str(&value);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request.into_bytes()
}

fn refused(status: u16, reason: &str) -> String {
    let cure = match status {
        407 => ": put USER:PASSWORD@ before its host",
        _ => "",
    };
    format!("refused CONNECT with {status} {reason}{cure}")
}

/// RFC 1928 §6.
fn socks_reason(code: u8) -> &'static str {
    match code {
        2 => "does not allow this connection",
        3 => "says that the network is unreachable",
        4 => "says that the host is unreachable",
        5 => "says that the target refused the connection",
        6 => "says that the time to live expired",
        7 => "does not support connecting",
        8 => "does not support this kind of address",
        _ => "failed to connect to the target",
    }
}

/// Status and reason of the answer to `CONNECT`.
#[derive(Default)]
struct Answer(Option<(u16, String)>);

impl ResponseSink for Answer {
    fn head(&mut self, head: &Head<'_>) {
        self.0 = Some((head.status, inert(&String::from_utf8_lossy(head.reason()), 80)));
    }

    fn body(&mut self, _data: &[u8]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tunnel(proxy: &str, host: &str) -> Tunnel {
        let proxy = Proxy::parse(proxy).expect("a proxy");
        Tunnel::new(&TunnelTo::new(proxy, host.to_owned(), 443))
    }

    /// What is said in turn with `answers`, each of them in single bytes, and how it ends.
    fn talk(tunnel: &mut Tunnel, answers: &[&[u8]]) -> (Vec<Vec<u8>>, Result<bool, Failure>) {
        let mut said = Vec::new();
        let mut ready = Ok(false);
        for answer in answers {
            said.push(tunnel.outgoing().to_vec());
            tunnel.sent(tunnel.outgoing().len());
            for byte in *answer {
                assert_eq!(ready, Ok(false), "it goes on only until the end");
                ready = tunnel.take(&[*byte]);
                if ready.is_err() {
                    return (said, ready);
                }
            }
        }
        (said, ready)
    }

    #[test]
    fn connect_says_where_to_and_who() {
        let mut tunnel = tunnel("http://me:pw@127.0.0.1:3128", "::1");
        let (said, ready) = talk(&mut tunnel, &[b"HTTP/1.1 200 Connection established\r\n\r\n"]);
        assert_eq!(ready, Ok(true));
        let request = String::from_utf8_lossy(&said[0]).into_owned();
        assert_eq!(
            request,
            "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\
             Proxy-Authorization: Basic bWU6cHc=\r\n\r\n"
        );
    }

    #[test]
    fn socks_says_where_to_and_who() {
        let reached: &[u8] = &[5, 0, 0, 1, 127, 0, 0, 1, 0, 80];
        let mut named = tunnel("socks5h://127.0.0.1", "a.example");
        let (said, ready) = talk(&mut named, &[&[5, 0], reached]);
        assert_eq!(ready, Ok(true));
        assert_eq!(said[0], [5, 1, 0]);
        assert_eq!(said[1], [&[5, 1, 0, 3, 9], b"a.example".as_slice(), &[1, 187]].concat());
        let mut known = tunnel("socks5://me:pw@127.0.0.1", "127.0.0.9");
        let by_name: &[u8] = &[5, 0, 0, 3, 1, b'h', 0, 80];
        let (said, ready) = talk(&mut known, &[&[5, 2], &[1, 0], by_name]);
        assert_eq!(ready, Ok(true));
        assert_eq!(said[0], [5, 2, 0, 2]);
        assert_eq!(said[1], *b"\x01\x02me\x02pw");
        assert_eq!(said[2], [5, 1, 0, 1, 127, 0, 0, 9, 1, 187]);
    }

    #[test]
    fn every_refusal_is_the_proxys_and_says_why() {
        let cases: [(&str, &[&[u8]], &str); 8] = [
            ("http://127.0.0.1:1", &[b"HTTP/1.1 407 Who\r\n\r\n"], "USER:PASSWORD@"),
            ("http://127.0.0.1:1", &[b"HTTP/1.1 502 Bad Gateway\r\n\r\n"], "502 Bad"),
            ("http://127.0.0.1:1", &[b"SSH-2.0-x\r\n\r\n"], "did not answer CONNECT"),
            ("socks5://127.0.0.1:1", &[&[5, 255]], "who we are"),
            ("socks5://127.0.0.1:1", &[b"HTTP/1.1 400 Bad"], "does not speak SOCKS5"),
            ("socks5://u:p@127.0.0.1:1", &[&[5, 2], &[1, 1]], "user and password"),
            ("socks5://127.0.0.1:1", &[&[5, 0], &[5, 5, 0, 1, 0]], "refused the connection"),
            ("socks5://127.0.0.1:1", &[&[5, 0], &[5, 0, 0, 9, 0]], "does not speak SOCKS5"),
        ];
        for (proxy, answers, told) in cases {
            let mut tunnel = tunnel(proxy, "127.0.0.1");
            let whole = answers.last().is_some_and(|last| last.len() == 5 && last[1] == 5);
            let padded = [answers, if whole { &[&[0; 5]] } else { &[] }].concat();
            let (_, ready) = talk(&mut tunnel, &padded);
            let failure = ready.expect_err(told);
            assert_eq!(failure.class, FailureClass::Proxy);
            assert!(failure.detail.contains(told), "{failure}");
        }
        assert!(tunnel("socks5://127.0.0.1:1", "h").closed().detail.contains("127.0.0.1:1"));
    }
}
