//! The site as it is sent: every file with the shop's own address in it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::documents::DOCUMENTS;
use super::documents::Document;
use super::once::Once;
use super::pdf;
use super::targets::Target;
use super::targets::targets;

/// What `robots.txt` says beyond the shop's own, when it leads into the maze.
pub(in crate::demo) const ROBOTS: &str = "\
Disallow: /maze/robots/drafts
Allow: /maze/robots/public-notes$
Disallow: /*.orig$

User-agent: otherbot
Disallow: /maze/robots/other-agent # never

Sitemap: {{origin}}/maze/sitemap/index.xml
";

const PACKED_SITEMAP: &str = include_str!("site/sitemap-packed.xml");

/// A file as it is sent.
#[derive(Debug, Clone)]
struct Room {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

/// Everything that is there, and the little that is remembered.
#[derive(Debug)]
pub(in crate::demo) struct Rooms {
    origin: Origin,
    by_path: BTreeMap<&'static str, Room>,
    pub(super) targets: Vec<Target>,
    pub(super) once: Once,
    /// Whether `robots.txt` and `.well-known` lead into the maze.
    pub(in crate::demo) leads: bool,
}

#[derive(Debug)]
struct Origin {
    host: String,
}

impl Origin {
    fn fill(&self, text: &str) -> String {
        text.replace("{{origin}}", &format!("http://{}", self.host)).replace("{{host}}", &self.host)
    }
}

impl Rooms {
    /// The site of a shop that listens at `address`.
    pub(in crate::demo) fn new(address: SocketAddr, leads: bool) -> Self {
        let origin = Origin { host: address.to_string() };
        let mut by_path: BTreeMap<_, _> = DOCUMENTS
            .iter()
            .copied()
            .flatten()
            .map(|document| (document.path, room(document, &origin)))
            .collect();
        let leaflet = pdf::leaflet(
            &origin.fill("{{origin}}/maze/papers/pdf-link"),
            &origin.fill("{{origin}}/maze/papers/pdf-text"),
        );
        let report = pdf::report(
            &origin.fill("{{origin}}/maze/papers/pdf-packed-link"),
            &origin.fill("{{origin}}/maze/papers/pdf-packed-text"),
        );
        let sitemap = gzip(origin.fill(PACKED_SITEMAP).as_bytes());
        for (path, kind, body) in [
            ("/maze/papers/leaflet.pdf", "application/pdf", leaflet),
            ("/maze/papers/report.pdf", "application/pdf", report),
            ("/maze/sitemap/packed.xml.gz", "application/gzip", sitemap),
        ] {
            let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
            by_path.insert(path, Room { status: StatusCode::OK, headers, body: body.into() });
        }
        Self { origin, by_path, targets: targets(), once: Once::default(), leads }
    }

    /// The text with the shop's own address in it.
    pub(in crate::demo) fn fill(&self, text: &str) -> String {
        self.origin.fill(text)
    }

    /// The file at this path.
    pub(super) fn document(&self, path: &str) -> Option<Response> {
        let room = self.by_path.get(path)?.clone();
        let mut response = (room.status, room.body).into_response();
        response.headers_mut().remove(header::CONTENT_TYPE);
        for (name, value) in room.headers {
            response.headers_mut().append(name, value);
        }
        Some(response)
    }
}

fn room(document: &Document, origin: &Origin) -> Room {
    let value = |text: &str| {
        HeaderValue::from_str(&origin.fill(text)).expect("the table's headers are visible ASCII")
    };
    let mut headers = vec![(header::CONTENT_TYPE, value(document.kind))];
    for (name, text) in document.headers {
        headers.push((HeaderName::from_static(name), value(text)));
    }
    Room {
        status: StatusCode::from_u16(document.status).expect("the table's statuses are real"),
        headers,
        body: origin.fill(document.body).into(),
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
