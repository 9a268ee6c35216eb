//! Sockets: whoever comes is served within bounds, and what he says goes into the book.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio::time::timeout;

use super::book::Book;
use super::conversation::{Conversation, Opening, Turn};
use super::dns::{self, Zone};
use super::secure::Identity;

/// So many connections are open at once on one port; others are closed at once.
const MAX_CONNECTIONS: usize = 128;

/// A connection lasts no longer.
const MAX_TIME: Duration = Duration::from_secs(10);

/// After so much silence a client is taken to wait for the server.
const SILENCE: Duration = Duration::from_secs(1);

/// So long, and so many bytes, are spent on what is sent after the end: a connection closed with
/// something unread would take the answer with it.
const MAX_FAREWELL: Duration = Duration::from_millis(500);
const MAX_UNREAD: usize = 1 << 20;

/// Between attempts while the system has no sockets or memory left.
const PAUSE: Duration = Duration::from_millis(50);

/// Longer datagrams are cut off: no query is as long.
const MAX_DATAGRAM: usize = 4096;

/// What every server has.
#[derive(Debug, Clone)]
pub(super) struct Room {
    pub(super) book: Arc<Book>,
    pub(super) zone: Arc<Zone>,
    pub(super) identity: Identity,
}

/// Serves connections until it is dropped, and they with it.
pub(super) async fn connections(listener: TcpListener, opening: Opening, room: Room) {
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = open.join_next() => continue,
        };
        match accepted {
            Ok((stream, remote)) if open.len() < MAX_CONNECTIONS => {
                open.spawn(connection(stream, remote, opening, room.clone()));
            }
            Ok(_) => room.book.drop_one(),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Answers datagrams of DNS until it is dropped.
pub(super) async fn datagrams(socket: UdpSocket, room: Room) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let Ok((len, remote)) = socket.recv_from(&mut buffer).await else {
            sleep(PAUSE).await;
            continue;
        };
        let Some(told) = dns::answered(&buffer[..len], &room.zone) else { continue };
        room.book.record(remote, &told);
        // Who does not get an answer asks again.
        _ = socket.send_to(&told.response, remote).await;
    }
}

async fn connection(mut stream: TcpStream, remote: SocketAddr, opening: Opening, room: Room) {
    let (mut conversation, greeting) = Conversation::new(opening, &room.zone, Some(&room.identity));
    let talk = async {
        if stream.write_all(&greeting).await.is_ok() {
            talk(&mut stream, remote, &mut conversation, &room.book).await;
        }
    };
    _ = timeout(MAX_TIME, talk).await;
    let last = conversation.end();
    learn(&last, remote, &room.book);
    _ = timeout(MAX_FAREWELL, farewell(&mut stream, &last.reply)).await;
}

async fn talk(
    stream: &mut TcpStream,
    remote: SocketAddr,
    conversation: &mut Conversation,
    book: &Book,
) {
    let mut buffer = [0; 4096];
    loop {
        let turn = match timeout(SILENCE, stream.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return,
            Ok(Ok(len)) => conversation.feed(&buffer[..len]),
            Err(_) => conversation.silence(),
        };
        // First the book: who has an answer may rely on it.
        learn(&turn, remote, book);
        if stream.write_all(&turn.reply).await.is_err() || turn.is_over {
            return;
        }
    }
}

fn learn(turn: &Turn, remote: SocketAddr, book: &Book) {
    for told in &turn.told {
        book.record(remote, told);
    }
}

async fn farewell(stream: &mut TcpStream, reply: &[u8]) {
    if stream.write_all(reply).await.is_err() || stream.shutdown().await.is_err() {
        return;
    }
    let mut buffer = [0; 4096];
    let mut unread = 0;
    while unread < MAX_UNREAD {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(len) => unread += len,
        }
    }
}
