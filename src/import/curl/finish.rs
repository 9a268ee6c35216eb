//! What the options of one command come to.

use std::path::PathBuf;

use super::request::Data;
use super::request::Reading;
use super::url::place;
use crate::import::address;
use crate::import::bodies;
use crate::import::headers;
use crate::import::operation::{Body, Imported, Operation, known_method, name_of};
use crate::import::text::Text;

impl Reading<'_> {
    /// One operation for each URL.
    pub(super) fn finish(mut self, imported: &mut Imported) {
        if self.urls.is_empty() {
            imported.warn(self.at, "a curl command without a URL, left out");
            return;
        }
        for url in std::mem::take(&mut self.urls) {
            match self.operation(&url, imported) {
                Ok(operation) => imported.operations.push(operation),
                Err(text) => imported.warn(self.at, format!("{text}; left out")),
            }
        }
    }

    fn operation(&self, url: &Text, imported: &mut Imported) -> Result<Operation, String> {
        let method = self.method();
        known_method(&method)?;
        let (origin, path, credentials) = place(url)?;
        let path = self.with_query(path);
        let (path, query) = match path.as_literal() {
            Some(literal) => {
                let (path, query) = address::with_pairs(literal);
                (Text::literal(path), query)
            }
            None => (path, Vec::new()),
        };
        let name = name_of(&method, &path.template());
        let mut operation = Operation::new(name, &method, path);
        operation.origin = Some(origin);
        operation.query = query;
        operation.redirects = if self.follows { self.redirects } else { 0 };
        self.headers(&mut operation, &credentials, imported);
        self.body(&mut operation, imported);
        Ok(operation)
    }

    fn method(&self) -> String {
        let has_body = !self.data.is_empty() || !self.form.is_empty();
        match &self.method {
            Some(method) => method.clone(),
            None if self.head => "HEAD".to_owned(),
            None if self.upload.is_some() => "PUT".to_owned(),
            None if has_body && !self.get => "POST".to_owned(),
            None => "GET".to_owned(),
        }
    }

    /// The path with what is said beside the URL, and with the data of `-G`.
    fn with_query(&self, mut path: Text) -> Text {
        let mut added = self.query.clone();
        if self.get {
            added.extend(self.data.iter().filter_map(|data| match data {
                Data::Text(text) => Some(text.clone()),
                Data::File(_) => None,
            }));
        }
        for more in added {
            path.push(if path.written().contains('?') { "&" } else { "?" });
            path.append(&more.map(address::encoded));
        }
        path
    }

    fn headers(
        &self,
        operation: &mut Operation,
        credentials: &[(String, Text)],
        imported: &mut Imported,
    ) {
        // What is said beside the URL goes before what stands in it.
        let is_said =
            self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let credentials = if is_said { &[] } else { credentials };
        for (name, value) in self.headers.iter().chain(credentials) {
            // What somebody wrote by hand is meant, but for what the wire says itself.
            let is_agent = name.eq_ignore_ascii_case("user-agent") && !operation.has_header(name);
            if is_agent && headers::can_be_sent(name, value) {
                operation.headers.push((name.clone(), value.clone()));
            } else if is_agent || !headers::add(operation, name, value.clone()) {
                imported.warn(self.at, "a header that cannot be sent, left out");
            }
        }
    }

    fn body(&self, operation: &mut Operation, imported: &mut Imported) {
        if let Some(file) = &self.upload {
            operation.body = Some(Body::File(PathBuf::from(file)));
        } else if !self.form.is_empty() {
            operation.body = Some(Body::Multipart(self.form.clone()));
        } else if self.get || self.data.is_empty() {
        } else if let [Data::File(file)] = self.data.as_slice() {
            operation.body = Some(Body::File(PathBuf::from(file)));
            self.content_type(operation);
        } else {
            let mut text = Text::default();
            for (index, data) in self.data.iter().enumerate() {
                text.push(if index > 0 && !self.is_json { "&" } else { "" });
                match data {
                    Data::Text(more) => text.append(more),
                    Data::File(file) => {
                        let word = format!("the content of `{file}` among other data is not read");
                        imported.warn(self.at, word);
                    }
                }
            }
            self.content_type(operation);
            let media_type =
                operation.header("content-type").map(Text::template).unwrap_or_default();
            operation.body = match text.as_literal() {
                Some(literal) => bodies::of_text(literal, &media_type, operation),
                None => Some(Body::Text(text)),
            };
        }
    }

    /// What curl says when nobody does.
    fn content_type(&self, operation: &mut Operation) {
        let usual =
            if self.is_json { "application/json" } else { "application/x-www-form-urlencoded" };
        if !operation.has_header("content-type") {
            operation.headers.push(("Content-Type".to_owned(), Text::literal(usual)));
        }
        if self.is_json && !operation.has_header("accept") {
            operation.headers.push(("Accept".to_owned(), Text::literal(usual)));
        }
    }
}
