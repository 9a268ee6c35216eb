//! Serves the generated site on loopback until it is killed.
//!
//! ```console
//! $ cargo bench --bench site -- 100000 8099      # pages, port
//! ```

#![expect(clippy::print_stdout, reason = "it says where it listens")]

#[expect(clippy::format_push_string, reason = "pages of a test bed")]
mod pages;

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pages::Site;

/// How long a slow page takes.
const SLOW: Duration = Duration::from_millis(200);

fn main() -> std::io::Result<()> {
    // `cargo bench` adds `--bench`; `cargo test --all-targets` gives nothing to serve.
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|it| it.parse().ok()).collect();
    let [pages, port] = numbers[..] else { return Ok(()) };
    let port = u16::try_from(port).map_err(std::io::Error::other)?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("{pages} pages at http://{}/", listener.local_addr()?);
    let visits = Arc::new(AtomicU64::new(0));
    for stream in listener.incoming() {
        let visits = Arc::clone(&visits);
        let stream = stream?;
        std::thread::spawn(move || serve(stream, Site { pages, full: true }, &visits));
    }
    Ok(())
}

/// A connection that breaks is its client's business.
fn serve(stream: TcpStream, site: Site, visits: &AtomicU64) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut out = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let mut header = String::new();
        while reader.read_line(&mut header).ok()? > 2 {
            header.clear();
        }
        let target = line.split(' ').nth(1)?;
        let page = site.answer(target, visits.fetch_add(1, Ordering::Relaxed));
        if page.slow {
            std::thread::sleep(SLOW);
        }
        let head = format!(
            "HTTP/1.1 {} X\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n",
            page.status,
            page.body.len()
        );
        out.write_all(&[head.as_bytes(), page.body.as_bytes()].concat()).ok()?;
    }
}
