//! What a visitor sent: fields of a query, of a form in each of its encodings, and files.

use axum::body::Bytes;
use axum::extract::FromRequest as _;
use axum::extract::Multipart;
use axum::extract::Request;
use axum::http::header;
use url::form_urlencoded;

/// A file of a multipart form.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) contents: Bytes,
}

/// What came with a request.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Fields of the query and the body, in order.
    pub(super) fields: Vec<(String, String)>,
    pub(super) files: Vec<(String, File)>,
    /// The body as it came, where it is no form.
    pub(super) body: Bytes,
}

/// The body is too long or breaks off.
#[derive(Debug)]
pub(super) struct Unreadable;

impl Sent {
    /// Reads a request, whatever it is.
    pub(super) async fn read(request: Request) -> Result<Self, Unreadable> {
        let query = request.uri().query().unwrap_or("");
        let fields = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut sent = Self { fields, ..Self::default() };
        let kind = request.headers().get(header::CONTENT_TYPE).cloned();
        let kind = kind.as_ref().and_then(|value| value.to_str().ok()).unwrap_or("");
        if kind.starts_with("multipart/form-data") {
            sent.read_multipart(request).await?;
            return Ok(sent);
        }
        sent.body = Bytes::from_request(request, &()).await.map_err(|_| Unreadable)?;
        if kind.starts_with("application/x-www-form-urlencoded") {
            sent.fields.extend(form_urlencoded::parse(&sent.body).into_owned());
        } else if kind.starts_with("text/plain") {
            let text = String::from_utf8_lossy(&sent.body);
            let pairs = text.lines().filter_map(|line| line.split_once('='));
            sent.fields.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        Ok(sent)
    }

    async fn read_multipart(&mut self, request: Request) -> Result<(), Unreadable> {
        let mut parts = Multipart::from_request(request, &()).await.map_err(|_| Unreadable)?;
        while let Some(part) = parts.next_field().await.map_err(|_| Unreadable)? {
            let name = part.name().unwrap_or("").to_owned();
            let Some(file) = part.file_name().map(str::to_owned) else {
                let value = part.text().await.map_err(|_| Unreadable)?;
                self.fields.push((name, value));
                continue;
            };
            let kind = part.content_type().unwrap_or("").to_owned();
            let contents = part.bytes().await.map_err(|_| Unreadable)?;
            self.files.push((name, File { name: file, kind, contents }));
        }
        Ok(())
    }

    /// The values of a field.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a field, or nothing.
    pub(super) fn value(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}
