//! One HTTP/3 connection: streams in lanes, datagrams in and out.

use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use bytes::Bytes;
use h3::ConnectionState as _;
use h3::client::Connection;
use h3::client::SendRequest;
use h3::error::Code;
use h3::error::ConnectionError;

use super::exchange::Mail;
use super::exchange::News;
use super::exchange::exchange;
use super::fault;
use super::quic::Quic;
use super::quic::Shared;
use super::setup::QuicSetup;
use super::streams::Transport;
use crate::http::h1::Head;
use crate::http::lanes::Again;
use crate::http::lanes::LaneSink;
use crate::http::lanes::Lost;
use crate::http::lanes::Room;
use crate::http::message::Message;
use crate::http::reactor::Nanos;
use crate::http::wake::Woken;
use crate::http::wake::lane_waker;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::HttpVersion;

/// Bytes of a header list that are read, as for HTTP/1.1.
const MAX_HEADER_LIST: u64 = 64 * 1024;

/// While a response is outstanding, the server hears of us this often at least: it may take longer
/// over it than a connection may be idle, and RFC 9114 §5.1 leaves it to the client to keep the
/// connection. Idle timeouts of servers begin at some seconds; `quinn-proto` does not say what the
/// server's is. Without an exchange the connection may end.
const SIGN_OF_LIFE: Nanos = 2_000_000_000;

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The server has not answered yet.
    Connecting,
    /// It has: the rest of the handshake is under way.
    Handshaking,
    /// Requests may be sent.
    Open,
}

/// The client's side of one connection.
pub struct Session {
    http: Http,
    lanes: Vec<Lane>,
    quic: Shared,
    woken: Arc<Woken>,
    /// Of whatever is not one of the lanes.
    driver: Waker,
    active: usize,
    /// When the last datagram came or the last sign of life was given, while somebody waits.
    quiet_since: Option<Nanos>,
    /// Lanes whose request is in QUIC's hands whole, since the last look.
    unsent: Vec<u32>,
    /// For writing out a head that somebody looks at.
    scratch: Vec<u8>,
    over: Option<Failure>,
}

type Pending<T> = Pin<Box<dyn Future<Output = T>>>;

type Built = (Connection<Transport, Bytes>, SendRequest<Transport, Bytes>);

/// What `h3` has made of the connection.
enum Http {
    /// Nothing: QUIC's handshake is under way.
    Nothing,
    /// Its own streams are being opened.
    Building(Pending<Result<Built, ConnectionError>>),
    Open(Box<Built>),
}

struct Lane {
    waker: Waker,
    exchange: Option<Pending<Result<(), Lost>>>,
    mail: Rc<Mail>,
    /// It ended as soon as it began.
    outcome: Option<Result<(), Lost>>,
    has_head: bool,
}

impl Session {
    /// Begins a connection to `remote` of so many lanes; its first datagram is there at once.
    ///
    /// # Errors
    /// An address that cannot be one of a server's, or a name that no certificate can show.
    pub fn connect(
        setup: &QuicSetup,
        remote: SocketAddr,
        lanes: usize,
        now: Nanos,
    ) -> Result<Self, Failure> {
        let quic = Quic::connect(setup, remote, now).map_err(|error| fault::start(&error))?;
        let woken = Woken::new(lanes + 1);
        let lane = |lane| Lane {
            waker: lane_waker(&woken, lane),
            exchange: None,
            mail: Rc::default(),
            outcome: None,
            has_head: false,
        };
        Ok(Self {
            http: Http::Nothing,
            lanes: (0..lanes).map(lane).collect(),
            quic: Rc::new(RefCell::new(quic)),
            driver: lane_waker(&woken, lanes),
            woken,
            active: 0,
            quiet_since: None,
            unsent: Vec::new(),
            scratch: Vec::new(),
            over: None,
        })
    }

    /// How far it is.
    pub fn stage(&self) -> Stage {
        match self.http {
            Http::Open(_) => Stage::Open,
            Http::Nothing | Http::Building(_) if self.answered_at().is_some() => Stage::Handshaking,
            Http::Nothing | Http::Building(_) => Stage::Connecting,
        }
    }

    /// When the server's first answer was received, if it was.
    pub fn answered_at(&self) -> Option<Nanos> {
        self.quic.borrow().answered
    }

    /// Whether the handshake went on from an earlier session, once it is done.
    pub fn is_resumed(&self) -> bool {
        let quic = self.quic.borrow();
        quic.connected && quic.verdict.is_none()
    }

    /// Whether another exchange may begin.
    pub fn room(&mut self) -> Room {
        let Http::Open(built) = &self.http else {
            return if self.over.is_some() { Room::Closing } else { Room::Full };
        };
        if self.over.is_some() || built.1.is_closing() {
            return Room::Closing;
        }
        if self.quic.borrow_mut().may_open_request() { Room::Free } else { Room::Full }
    }

    /// Begins an exchange in a lane that is idle, after [`Session::room`] said [`Room::Free`].
    ///
    /// # Errors
    /// The connection is not open.
    pub fn begin(&mut self, lane: u32, message: &Message) -> Result<(), Failure> {
        let Http::Open(built) = &self.http else {
            return Err(Failure::new(FailureClass::Closed, "the connection is not open"));
        };
        let quic = Shared::clone(&self.quic);
        let index = lane as usize;
        let Lane { waker, exchange: slot, mail, outcome, has_head } = &mut self.lanes[index];
        *mail = Rc::default();
        *has_head = false;
        if self.active == 0 {
            // The request itself is a sign of life.
            self.quiet_since = None;
        }
        let future = exchange(built.1.clone(), quic, message.clone(), Rc::clone(mail));
        let mut future: Pending<_> = Box::pin(future);
        self.active += 1;
        // Polled at once: it takes its stream now, before anybody else asks for room.
        match future.as_mut().poll(&mut Context::from_waker(waker)) {
            Poll::Pending if mail.is_sent.get() => self.unsent.push(lane),
            Poll::Pending => {}
            Poll::Ready(ended) => {
                *outcome = Some(ended);
                self.woken.set(index);
            }
        }
        *slot = Some(future);
        Ok(())
    }

    /// Takes one datagram. What it means is heard with [`Session::advance`].
    pub fn receive(&mut self, data: &[u8], now: Nanos) {
        self.quiet_since = Some(now);
        let mut quic = self.quic.borrow_mut();
        quic.set_time(now);
        quic.receive(data);
    }

    /// Does what is due at `now`, and hands on what came.
    pub fn advance<S: LaneSink>(&mut self, now: Nanos, sink: &mut S) {
        {
            let mut quic = self.quic.borrow_mut();
            quic.set_time(now);
            if self.active > 0 {
                let since = self.quiet_since.get_or_insert(now);
                if since.saturating_add(SIGN_OF_LIFE) <= now {
                    quic.connection.ping();
                    *since = now;
                }
            }
            quic.take_events();
        }
        self.poll_http();
        let mut from = 0;
        while let Some(lane) = self.woken.take_from(from) {
            from = lane;
            if lane == self.lanes.len() {
                self.poll_http();
            } else {
                self.poll_lane(lane, sink);
            }
        }
        if let Some(failure) = self.over.clone() {
            // What had its response has it by now.
            self.fail(&failure, sink);
        }
    }

    /// Gives up an exchange: its stream is reset, the others go on. True if there was one.
    pub fn cancel(&mut self, lane: u32) -> bool {
        let lane = &mut self.lanes[lane as usize];
        lane.outcome = None;
        let was_active = lane.exchange.take().is_some();
        self.active -= usize::from(was_active);
        was_active
    }

    /// The connection is of no use any more: every exchange on it ends.
    pub fn fail<S: LaneSink>(&mut self, failure: &Failure, sink: &mut S) {
        self.over.get_or_insert_with(|| failure.clone());
        for lane in 0..self.lanes.len() {
            if self.lanes[lane].exchange.is_some() {
                let again =
                    if self.lanes[lane].has_head { Again::Never } else { Again::IfIdempotent };
                self.end(lane, Err(Lost { failure: failure.clone(), again }), sink);
            }
        }
    }

    /// Whether nothing can be carried any more.
    pub fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Why not, if so.
    pub fn failure(&self) -> Option<&Failure> {
        self.over.as_ref()
    }

    /// Exchanges under way.
    pub fn active(&self) -> usize {
        self.active
    }

    /// When [`Session::advance`] has something to do, whatever comes or does not come.
    pub fn deadline(&self) -> Option<Nanos> {
        let due = self.quic.borrow_mut().deadline();
        let since = self.quiet_since.filter(|_| self.active > 0);
        let quiet = since.map(|since| since.saturating_add(SIGN_OF_LIFE));
        due.into_iter().chain(quiet).min()
    }

    /// Puts datagrams to be sent behind what is in `out`, and says how many bytes each has but the
    /// last. To be called until there are none.
    pub fn transmit(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        self.quic.borrow_mut().transmit(out)
    }

    /// Ends the connection from this side; what tells the server so is in the outbox.
    pub fn close(&mut self, now: Nanos) {
        let mut quic = self.quic.borrow_mut();
        quic.set_time(now);
        quic.close(Code::H3_NO_ERROR.value(), b"");
    }

    /// Lanes whose request was handed to QUIC whole since the last call.
    pub fn take_unsent(&mut self, mut each: impl FnMut(u32)) {
        self.unsent.drain(..).for_each(&mut each);
    }

    /// Carries on with what is nobody's exchange: the handshake, and `h3`'s own streams.
    fn poll_http(&mut self) {
        if self.over.is_some() {
            return;
        }
        let mut context = Context::from_waker(&self.driver);
        if matches!(self.http, Http::Nothing) && self.quic.borrow().connected {
            let transport = Transport(Shared::clone(&self.quic));
            self.http = Http::Building(Box::pin(async move {
                let mut builder = h3::client::builder();
                builder.max_field_section_size(MAX_HEADER_LIST).send_grease(false);
                builder.build(transport).await
            }));
        }
        if let Http::Building(building) = &mut self.http {
            match building.as_mut().poll(&mut context) {
                Poll::Pending => {}
                Poll::Ready(Ok(built)) => self.http = Http::Open(Box::new(built)),
                Poll::Ready(Err(error)) => {
                    self.over = Some(fault::h3_connection(&error, &self.quic.borrow()));
                }
            }
        }
        if let Http::Open(built) = &mut self.http
            && let Poll::Ready(error) = built.0.poll_close(&mut context)
        {
            self.over = Some(fault::h3_connection(&error, &self.quic.borrow()));
        }
        let quic = self.quic.borrow();
        if let Some(reason) = &quic.lost {
            self.over = Some(fault::connection(reason, &quic));
        }
    }

    fn poll_lane<S: LaneSink>(&mut self, index: usize, sink: &mut S) {
        let lane = &mut self.lanes[index];
        let Some(exchange) = &mut lane.exchange else { return };
        let was_sent = lane.mail.is_sent.get();
        let outcome = lane.outcome.take().map_or_else(
            || exchange.as_mut().poll(&mut Context::from_waker(&lane.waker)),
            Poll::Ready,
        );
        let number = u32::try_from(index).expect("lanes are numbered in u32");
        if lane.mail.is_sent.get() && !was_sent {
            self.unsent.push(number);
        }
        let mail = Rc::clone(&lane.mail);
        while let Some(news) = mail.news.borrow_mut().pop_front() {
            match news {
                News::Body(data) => sink.body(number, &data),
                News::Trailers(fields) if sink.wants_fields(number) => {
                    self.scratch.clear();
                    let version = HttpVersion::Http3;
                    let fields = Head::of_fields(version, 0, Some(&fields), &mut self.scratch);
                    sink.trailers(number, &fields);
                }
                News::Trailers(_) => {}
                News::Head(parts) => {
                    self.lanes[index].has_head = true;
                    self.scratch.clear();
                    let fields = sink.wants_fields(number).then_some(&parts.headers);
                    let status = parts.status.as_u16();
                    let head =
                        Head::of_fields(HttpVersion::Http3, status, fields, &mut self.scratch);
                    sink.head(number, &head);
                }
            }
        }
        if let Poll::Ready(outcome) = outcome {
            self.end(index, outcome, sink);
        }
    }

    fn end<S: LaneSink>(&mut self, lane: usize, outcome: Result<(), Lost>, sink: &mut S) {
        let number = u32::try_from(lane).expect("lanes are numbered in u32");
        self.cancel(number);
        sink.end(number, outcome);
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("stage", &self.stage())
            .field("active", &self.active)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
