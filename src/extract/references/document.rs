//! What kind of document something is, and the reader for it.

use super::References;
use super::css::css_references;
use super::html::html_references;
use super::json::json_references;
use super::map::source_map_references;
use super::pdf::pdf_references;
use super::script::script_references;
use super::text::{markdown_references, playlist_references, text_references};
use super::xml::xml_references;
use crate::extract::markup::{Markup, Scripting};

/// A kind of document that can refer to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DocumentKind {
    /// HTML.
    Page,
    /// CSS.
    Style,
    /// JavaScript and its relatives.
    Script,
    /// JSON, also one value a line.
    Json,
    /// XML of any kind: feeds, sitemaps, drawings, descriptions.
    Xml,
    /// Markdown.
    Markdown,
    /// A list of media, as M3U.
    Playlist,
    /// PDF.
    Pdf,
    /// Anything that people or simple programs read.
    Text,
}

impl DocumentKind {
    /// By the declared type, and, where that says little, by the name's extension.
    pub(crate) fn of(media_type: &str, extension: &str) -> Option<Self> {
        let by_type = match media_type {
            "text/html" | "application/xhtml+xml" => Some(Self::Page),
            "text/css" => Some(Self::Style),
            "text/markdown" => Some(Self::Markdown),
            "application/pdf" | "application/x-pdf" => Some(Self::Pdf),
            "text/x-opml" => Some(Self::Xml),
            "application/yaml" | "application/x-yaml" | "application/vnd.oai.openapi" => {
                Some(Self::Text)
            }
            it if it.contains("mpegurl") => Some(Self::Playlist),
            it if it.contains("javascript") || it.contains("ecmascript") => Some(Self::Script),
            // Source maps, manifests and lines of JSON end in `json`, or have types of their own.
            it if it.ends_with("json") || it == "application/jsonl" => Some(Self::Json),
            it if it.ends_with("xml") || it.ends_with("xml-dtd") => Some(Self::Xml),
            "" | "text/plain" | "application/octet-stream" | "binary/octet-stream" => None,
            it if it.starts_with("text/") => Some(Self::Text),
            _ => return None,
        };
        by_type
            .or_else(|| Self::of_extension(extension))
            .or_else(|| (media_type == "text/plain").then_some(Self::Text))
    }

    fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "html" | "htm" | "xhtml" => Some(Self::Page),
            "css" => Some(Self::Style),
            "js" | "mjs" | "cjs" => Some(Self::Script),
            "json" | "map" | "webmanifest" | "ndjson" | "jsonl" => Some(Self::Json),
            "xml" | "rss" | "atom" | "svg" | "wsdl" | "opml" | "xsl" => Some(Self::Xml),
            "md" | "markdown" => Some(Self::Markdown),
            "m3u" | "m3u8" => Some(Self::Playlist),
            "pdf" => Some(Self::Pdf),
            "txt" | "csv" | "log" | "yml" | "yaml" | "vcf" | "ics" => Some(Self::Text),
            _ => None,
        }
    }
}

/// What a document refers to. Bounded in time and size whatever it holds.
pub(crate) fn document_references(kind: DocumentKind, body: &[u8]) -> References {
    if kind == DocumentKind::Pdf {
        return pdf_references(body);
    }
    let text = String::from_utf8_lossy(body);
    match kind {
        DocumentKind::Page => html_references(&Markup::parse(&text, Scripting::Off)),
        DocumentKind::Style => css_references(&text),
        DocumentKind::Script => script_references(&text),
        DocumentKind::Json => {
            source_map_references(&text).unwrap_or_else(|| json_references(&text))
        }
        DocumentKind::Xml => xml_references(&text),
        DocumentKind::Markdown => markdown_references(&text),
        DocumentKind::Playlist => playlist_references(&text),
        DocumentKind::Pdf | DocumentKind::Text => text_references(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_type_and_then_by_extension() {
        for (media_type, extension, expected) in [
            ("text/html", "", Some(DocumentKind::Page)),
            ("application/manifest+json", "webmanifest", Some(DocumentKind::Json)),
            ("application/rss+xml", "", Some(DocumentKind::Xml)),
            ("image/svg+xml", "svg", Some(DocumentKind::Xml)),
            ("text/plain", "js", Some(DocumentKind::Script)),
            ("text/plain", "", Some(DocumentKind::Text)),
            ("", "css", Some(DocumentKind::Style)),
            ("application/octet-stream", "pdf", Some(DocumentKind::Pdf)),
            ("application/octet-stream", "", None),
            ("text/csv", "", Some(DocumentKind::Text)),
            ("application/vnd.apple.mpegurl", "", Some(DocumentKind::Playlist)),
            ("image/png", "png", None),
            ("video/mp4", "txt", None),
        ] {
            assert_eq!(
                DocumentKind::of(media_type, extension),
                expected,
                "{media_type} {extension}"
            );
        }
    }
}
