//! A proxy on loopback that speaks HTTP and SOCKS5 and remembers what it was asked.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

pub(crate) struct ProxyServer {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Who may use it: `me` with the password `secret`, or everybody.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guests {
    All,
    Known,
}

impl ProxyServer {
    pub(crate) fn start(guests: Guests) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        // All threads end with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                thread::spawn(move || serve(stream, guests, &log));
            }
        });
        Self { address, asked }
    }

    /// The same behind TLS.
    pub(crate) fn secured(guests: Guests, config: ServerConfig) -> Self {
        let inner = Self::start(guests);
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        listener.set_nonblocking(true).expect("a socket can be");
        let behind = inner.address;
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(unwrap_tls(listener, config, behind));
        });
        Self { address, asked: inner.asked }
    }

    /// Request lines, and where SOCKS was to lead, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

/// Ends with the test's process.
async fn unwrap_tls(listener: TcpListener, config: ServerConfig, behind: SocketAddr) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime is there");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let mut client = acceptor.accept(client).await?;
            let mut proxy = tokio::net::TcpStream::connect(behind).await?;
            tokio::io::copy_bidirectional(&mut client, &mut proxy).await
        });
    }
}

fn serve(mut client: TcpStream, guests: Guests, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut first = [0];
    client.peek(&mut first)?;
    if first == [5] {
        let target = socks(&mut client, guests, log)?;
        return splice(client, TcpStream::connect(target)?);
    }
    let mut upstream: Option<TcpStream> = None;
    loop {
        let head = head(&mut client)?;
        let line = head.lines().next().unwrap_or_default().to_owned();
        log.lock().expect("not poisoned").push(line.clone());
        if guests == Guests::Known && !head.contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n")
        {
            return client.write_all(b"HTTP/1.1 407 Who Are You\r\nContent-Length: 0\r\n\r\n");
        }
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if method == "CONNECT" {
            let Ok(target) = TcpStream::connect(target) else {
                return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
            };
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            return splice(client, target);
        }
        let rest = target.strip_prefix("http://").expect("a proxy gets the absolute form");
        let path = rest.find('/').expect("an absolute URL has a path");
        let upstream = match &mut upstream {
            Some(upstream) => upstream,
            none => none.insert(TcpStream::connect(&rest[..path])?),
        };
        upstream.write_all(head.replacen(target, &rest[path..], 1).as_bytes())?;
        forward_response(upstream, &mut client)?;
    }
}

fn head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn forward_response(upstream: &mut TcpStream, client: &mut TcpStream) -> io::Result<()> {
    let head = head(upstream)?;
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    upstream.read_exact(&mut body)?;
    client.write_all(&[head.as_bytes(), &body].concat())
}

fn socks(
    stream: &mut TcpStream,
    guests: Guests,
    log: &Mutex<Vec<String>>,
) -> io::Result<SocketAddr> {
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).map(|()| bytes)
    };
    let methods = take(2)?[1].into();
    let offered = take(methods)?;
    let wanted = if guests == Guests::Known { 2 } else { 0 };
    let refused = || Err(io::ErrorKind::PermissionDenied.into());
    if !offered.contains(&wanted) {
        stream.write_all(&[5, 255])?;
        return refused();
    }
    stream.write_all(&[5, wanted])?;
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).map(|()| bytes)
    };
    if guests == Guests::Known {
        let said = take(2 + 2 + 1 + 6)?;
        let is_known = said == b"\x01\x02me\x06secret";
        stream.write_all(&[1, u8::from(!is_known)])?;
        if !is_known {
            return refused();
        }
    }
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).map(|()| bytes)
    };
    let host = if take(4)?[3] == 1 {
        IpAddr::from(<[u8; 4]>::try_from(take(4)?).expect("four")).to_string()
    } else {
        let length = take(1)?[0].into();
        String::from_utf8_lossy(&take(length)?).into_owned()
    };
    let port = u16::from_be_bytes(take(2)?.try_into().expect("two"));
    log.lock().expect("not poisoned").push(format!("{host}:{port}"));
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let host = if host == "localhost" { "127.0.0.1".to_owned() } else { host };
    Ok(SocketAddr::new(host.parse().expect("an address"), port))
}

fn splice(client: TcpStream, target: TcpStream) -> io::Result<()> {
    let (mut from, mut to) = (client.try_clone()?, target.try_clone()?);
    let up = thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let (mut from, mut to) = (target, client);
    io::copy(&mut from, &mut to)?;
    to.shutdown(std::net::Shutdown::Both)?;
    let _ = up.join();
    Ok(())
}
