//! Fetches one item and reads what it refers to.

use std::hash::Hasher as _;
use std::io::Read as _;
use std::sync::Arc;

use url::Url;

use super::frontier::KindId;
use super::item::Item;
use super::sources;
use crate::extract::DocumentKind;
use crate::extract::document_references;
use crate::extract::header_references;
use crate::model::Exchange;
use crate::model::Response;
use crate::scan::described;
use crate::scan::link;
use crate::scan::page::Page;
use crate::scan::site::FoundIn;
use crate::scan::soft404::Soft404;
use crate::scan::structure::Structure;
use crate::scan::traffic::Traffic;
use crate::scan::traffic::Unsent;

/// What came of an item.
pub(crate) struct Fetched {
    pub(crate) item: Item,
    pub(crate) kind: KindId,
    pub(crate) exchange: Result<Arc<Exchange>, Unsent>,
    /// Its bytes are counted.
    pub(crate) is_counted: bool,
    /// The answer is what the target says to any unknown path.
    pub(crate) missing: bool,
    /// Links and forms of an HTML page, or what a list of paths names.
    pub(crate) page: Page,
    /// What the page is.
    pub(crate) document: FoundIn,
    /// A hash of an HTML page that is large enough to be told from others.
    pub(crate) content: Option<u64>,
    /// Where a redirect leads.
    pub(crate) redirect: Option<Url>,
}

/// Shorter pages are alike by chance.
const MIN_CONTENT: usize = 512;

/// One exchange, its calibration, and its links.
///
/// `directory` is the path template of the item's directory.
pub(crate) async fn fetch(
    traffic: Arc<Traffic>,
    soft404: Arc<Soft404>,
    item: Item,
    kind: KindId,
    directory: String,
) -> Fetched {
    let exchange = traffic.exchange(item.request.clone()).await;
    read(traffic, soft404, Asked { item, kind, directory, exchange, is_counted: false }).await
}

/// An item and what came of it.
pub(crate) struct Asked {
    pub(crate) item: Item,
    pub(crate) kind: KindId,
    /// The path template of its directory.
    pub(crate) directory: String,
    pub(crate) exchange: Result<Arc<Exchange>, Unsent>,
    /// Its bytes are.
    pub(crate) is_counted: bool,
}

/// Calibration and links of an exchange that has taken place.
pub(crate) async fn read(traffic: Arc<Traffic>, soft404: Arc<Soft404>, asked: Asked) -> Fetched {
    let Asked { item, kind, directory, exchange, is_counted } = asked;
    let mut fetched = Fetched {
        item,
        kind,
        exchange,
        is_counted,
        missing: false,
        page: Page::default(),
        document: FoundIn::Page,
        content: None,
        redirect: None,
    };
    let Some(response) = fetched.exchange.as_ref().ok().and_then(|exchange| exchange.response())
    else {
        return fetched;
    };
    let url = &fetched.item.url.clone();
    // What the user named exists, whatever it looks like.
    let certain = fetched.item.depth == 0 && fetched.item.guess.is_none();
    if response.status < 400 && !certain && fetched.item.request.method.is_safe() {
        fetched.missing = soft404.is_missing(&traffic, url, &directory, response).await;
    }
    fetched.redirect = redirect_target(url, response);
    if response.is_html() {
        fetched.item.page = Some(url.clone());
    }
    if !fetched.missing {
        (fetched.page, fetched.document) = references(&fetched.item, response);
        fetched.content = content(response);
        fetched.page.truncated |= response.truncated;
    }
    fetched
}

fn redirect_target(url: &Url, response: &Response) -> Option<Url> {
    if !(300..400).contains(&response.status) {
        return None;
    }
    link::resolve(url, &response.header("location")?.text())
}

/// What the answer refers to, in its headers and in whatever its body is.
fn references(item: &Item, response: &Response) -> (Page, FoundIn) {
    let url = &item.url;
    let mut page =
        if response.is_html() { Page::parse(url, &response.body_text()) } else { Page::default() };
    for header in &response.headers {
        page.add(header_references(&header.name, &header.text()), url, url);
    }
    // An error is a page where it is one; as data it only repeats what was asked for.
    if response.is_html() || response.status >= 400 {
        return (page, FoundIn::Page);
    }
    if described::is_description(&response.body) {
        page.description = Some(response.body.clone());
        return (page, FoundIn::Spec);
    }
    let is_packed = response.body.starts_with(&GZIP_MAGIC);
    let unpacked = is_packed.then(|| unpacked(&response.body)).flatten();
    page.truncated |= unpacked.as_ref().is_some_and(|body| body.len() as u64 >= MAX_UNPACKED);
    let body = unpacked.as_deref().unwrap_or(&response.body);
    let Some(kind) = kind_of(url, &response.media_type(), is_packed) else {
        return (page, FoundIn::Page);
    };
    if kind == DocumentKind::Json {
        page.structure = Structure::of_json(&String::from_utf8_lossy(body));
    }
    let mut found = if url.path() == "/robots.txt" {
        sources::robots_references(&String::from_utf8_lossy(body))
    } else {
        document_references(kind, body)
    };
    if let Some(imports) = &item.imports {
        imports.resolve(&mut found);
    }
    page.add(found, url, item.page.as_ref().unwrap_or(url));
    (page, found_in(kind))
}

fn content(response: &Response) -> Option<u64> {
    let is_page = response.status < 300 && response.is_html() && !response.truncated;
    (is_page && response.body.len() >= MIN_CONTENT).then(|| {
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(&response.body);
        hasher.finish()
    })
}

fn found_in(kind: DocumentKind) -> FoundIn {
    match kind {
        DocumentKind::Page => FoundIn::Page,
        DocumentKind::Style => FoundIn::Style,
        DocumentKind::Script => FoundIn::Script,
        DocumentKind::Json | DocumentKind::Xml => FoundIn::Data,
        DocumentKind::Markdown
        | DocumentKind::Playlist
        | DocumentKind::Pdf
        | DocumentKind::Text => FoundIn::Text,
    }
}

/// What a gzip file begins with (RFC 1952, 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What a packed file may unpack to.
const MAX_UNPACKED: u64 = 16 << 20;

/// The contents of a gzip file, as a sitemap may be one, up to a bound.
fn unpacked(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(body).take(MAX_UNPACKED).read_to_end(&mut out).ok()?;
    Some(out)
}

fn kind_of(url: &Url, media_type: &str, is_packed: bool) -> Option<DocumentKind> {
    let path = url.path();
    if !is_packed {
        return DocumentKind::of(media_type, &link::extension(path));
    }
    let name = path.strip_suffix(".gz").unwrap_or(path);
    DocumentKind::of("", &link::extension(name))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_packed_file_is_unpacked_up_to_a_bound() {
        let packed = |text: &[u8]| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text).expect("memory takes it");
            encoder.finish().expect("memory takes it")
        };
        assert_eq!(unpacked(&packed(b"<loc>")).as_deref(), Some(b"<loc>".as_slice()));
        assert_eq!(unpacked(b"\x1f\x8bno"), None);
        let bomb = packed(&vec![0; (16 << 20) + 100]);
        assert_eq!(unpacked(&bomb).expect("its beginning").len() as u64, MAX_UNPACKED);
        let url = Url::parse("http://h/map.xml.gz").expect("a URL");
        assert_eq!(kind_of(&url, "application/gzip", true), Some(DocumentKind::Xml));
    }
}
