//! The listener: sockets that are open as long as it is there.

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::book::Book;
use super::conversation::Opening;
use super::dns::Zone;
use super::id::OobId;
use super::interaction::{Interaction, OobProtocol};
use super::options::{OobError, OobOptions, domain, names, public};
use super::secure::Identity;
use super::serve::{Room, connections, datagrams};

/// A free port may be free for one of TCP and UDP only.
const ATTEMPTS: u32 = 16;

/// A place that belongs to one payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OobUrl {
    /// What goes into the payload, to be put behind `http://` or any other scheme: `ID.DOMAIN`, or
    /// `HOST:PORT/ID` without a domain.
    pub text: String,
    /// What to ask for afterwards.
    pub id: OobId,
}

/// Listens until it is dropped; connections that are open end with it.
#[derive(Debug)]
pub struct Listener {
    book: Arc<Book>,
    domain: Option<String>,
    server: String,
    addresses: Vec<(OobProtocol, SocketAddr)>,
    tasks: JoinSet<()>,
}

impl Listener {
    /// Opens every port before it returns. Needs a Tokio runtime, whose tasks serve the ports.
    ///
    /// # Errors
    /// [`OobError`]: a port that cannot be had, or options that leave payloads without a name.
    pub async fn start(options: OobOptions) -> Result<Self, OobError> {
        let domain = options.domain.as_deref().map(domain).transpose()?;
        if domain.is_none() && options.http.is_none() {
            return Err(OobError::Nowhere);
        }
        let address = resolves_to(&options)?;
        let room = Room {
            book: Arc::new(Book::new(options.seed, options.salt)),
            zone: Arc::new(Zone { domain: domain.clone(), address }),
            identity: Identity::new(names(&options, domain.as_deref(), address))?,
        };
        let mut listener = Self {
            book: Arc::clone(&room.book),
            domain,
            server: String::new(),
            addresses: Vec::new(),
            tasks: JoinSet::new(),
        };
        listener.open(&options, &room).await?;
        listener.server = match (&listener.domain, listener.address(OobProtocol::Http)) {
            (Some(domain), _) => domain.clone(),
            (None, Some(http)) => match &options.public {
                Some(name) => public(name, http.port())?,
                None => SocketAddr::new(address, http.port()).to_string(),
            },
            (None, None) => return Err(OobError::Nowhere),
        };
        Ok(listener)
    }

    async fn open(&mut self, options: &OobOptions, room: &Room) -> Result<(), OobError> {
        for (protocol, opening, port) in [
            (OobProtocol::Http, Opening::Any, options.http),
            (OobProtocol::Smtp, Opening::Smtp, options.smtp),
            (OobProtocol::Ldap, Opening::Ldap, options.ldap),
        ] {
            let Some(port) = port else { continue };
            let address = SocketAddr::new(options.bind, port);
            let listener = TcpListener::bind(address).await;
            let listener = listener.map_err(failed(protocol, address))?;
            let bound = listener.local_addr().map_err(failed(protocol, address))?;
            self.addresses.push((protocol, bound));
            self.tasks.spawn(connections(listener, opening, room.clone()));
        }
        if let Some(port) = options.dns {
            let address = SocketAddr::new(options.bind, port);
            let sockets = dns_sockets(address).await;
            let (listener, socket) = sockets.map_err(failed(OobProtocol::Dns, address))?;
            let bound = listener.local_addr().map_err(failed(OobProtocol::Dns, address))?;
            self.addresses.push((OobProtocol::Dns, bound));
            self.tasks.spawn(connections(listener, Opening::Dns, room.clone()));
            self.tasks.spawn(datagrams(socket, room.clone()));
        }
        Ok(())
    }

    /// A place that nothing else has, for one payload.
    pub fn new_url(&self) -> OobUrl {
        let id = self.book.draw();
        let text = match &self.domain {
            Some(domain) => format!("{id}.{domain}"),
            None => format!("{}/{id}", self.server),
        };
        OobUrl { text, id }
    }

    /// What every payload's place has in common: the domain, or host and port.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Whether names are looked up here, so that a lookup alone is seen.
    pub fn has_domain(&self) -> bool {
        self.domain.is_some()
    }

    /// Where it listens for a protocol; of [`OobProtocol::Dns`], over UDP and TCP.
    pub fn address(&self, protocol: OobProtocol) -> Option<SocketAddr> {
        let mut addresses = self.addresses.iter();
        addresses.find(|(known, _)| *known == protocol).map(|(_, address)| *address)
    }

    /// What has come by with this id since it was last taken, in the order in which it came.
    pub fn take(&self, id: &OobId) -> Vec<Interaction> {
        self.book.take(id)
    }

    /// Waits until something has come by with one of `ids`, at most for `timeout`, and says whether
    /// it has. Cancel safe.
    pub async fn wait(&self, ids: &[OobId], timeout: Duration) -> bool {
        self.book.wait(ids, timeout).await
    }

    /// How many messages had no id that was given out.
    pub fn unknown(&self) -> u64 {
        self.book.unknown()
    }

    /// How many messages and connections were not kept, as there were too many.
    pub fn dropped(&self) -> u64 {
        self.book.dropped()
    }

    /// Closes everything and waits until it is closed; dropping it closes without waiting.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

fn failed(protocol: OobProtocol, address: SocketAddr) -> impl Fn(io::Error) -> OobError {
    move |source| OobError::Listen { protocol, address, source }
}

/// Both sockets of DNS, on the same port.
async fn dns_sockets(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let listener = TcpListener::bind(address).await?;
        match UdpSocket::bind(listener.local_addr()?).await {
            Ok(socket) => return Ok((listener, socket)),
            Err(_) if address.port() == 0 && attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

/// What names resolve to: where whoever looks them up can reach this listener.
fn resolves_to(options: &OobOptions) -> Result<IpAddr, OobError> {
    let public = options.public.as_deref();
    let public = public.and_then(|public| {
        public.parse().ok().or_else(|| public.parse().ok().map(|address: SocketAddr| address.ip()))
    });
    match options.resolves_to.or(public) {
        Some(address) => Ok(address),
        None if !options.bind.is_unspecified() => Ok(options.bind),
        // Without a domain, nothing is looked up here.
        None if options.public.is_some() && options.domain.is_none() => Ok(options.bind),
        None => Err(OobError::Unnamed(options.bind)),
    }
}
