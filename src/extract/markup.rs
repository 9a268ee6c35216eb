//! HTML as a flat list of pieces, from html5ever's tokenizer.
//!
//! A tree is deliberately not built: what crawl and checks ask (which elements and attributes exist,
//! what text stands in which raw element) needs none, and tree construction on hostile input costs
//! quadratic time and memory (a few hundred unclosed formatting elements are rebuilt for every
//! paragraph). The tokenizer is linear once over-long tags are cut.

use std::cell::Cell;
use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::BufferQueue;
use html5ever::tokenizer::TagKind;
use html5ever::tokenizer::Token;
use html5ever::tokenizer::TokenSink;
use html5ever::tokenizer::TokenSinkResult;
use html5ever::tokenizer::Tokenizer;
use html5ever::tokenizer::TokenizerOpts;
use html5ever::tokenizer::states::RawKind;

/// Bytes of a document that are looked at; what follows is ignored and said so.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Bytes that can separate attributes inside one tag: the tokenizer compares each new attribute with
/// all before it, so their number is what makes it slow.
const MAX_SEPARATORS: usize = 4096;

/// Pieces kept of one document.
const MAX_PIECES: usize = 200_000;

/// One piece of a document, in source order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A start tag; self-closing ones too.
    Open(Tag),
    /// An end tag's name.
    Close(String),
    /// Text, character references resolved; `raw` is the raw-text element it stands in.
    Text {
        /// Adjacent characters, as far as the tokenizer gave them together.
        text: String,
        /// `script`, `style`, `textarea`, `title`, … when the text is not markup.
        raw: Option<String>,
    },
    /// A comment's text.
    Comment(String),
}

/// A start tag; names are lower-case, the first of two attributes with the same name counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Element name.
    pub name: String,
    /// Attributes with character references resolved.
    pub attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Whether `noscript` is text (a browser that runs scripts) or markup (a crawler).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scripting {
    /// As a browser sees the page.
    On,
    /// As a crawler sees it.
    Off,
}

/// A document in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Markup {
    /// In source order; neighbouring text is one piece.
    pub pieces: Vec<Piece>,
    /// The document was longer, or a tag was too large, so the end is missing.
    pub truncated: bool,
}

impl Markup {
    /// Takes a document apart. Never fails: HTML has no syntax errors that stop a parser.
    pub(crate) fn parse(html: &str, scripting: Scripting) -> Self {
        let kept = safe_prefix(html);
        let sink = Sink {
            pieces: RefCell::new(Vec::new()),
            raw: RefCell::new(None),
            foreign: Cell::new(0),
            full: Cell::new(false),
            scripting,
        };
        let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from_slice(kept));
        // `Script` only pauses the tokenizer; with nothing to execute it goes on at once.
        while !input.is_empty() {
            let _paused = tokenizer.feed(&input);
        }
        tokenizer.end();
        let truncated = kept.len() < html.len() || tokenizer.sink.full.get();
        Self { pieces: tokenizer.sink.pieces.take(), truncated }
    }

    /// Every start tag.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Open(tag) => Some(tag),
            Piece::Close(_) | Piece::Text { .. } | Piece::Comment(_) => None,
        })
    }
}

/// The longest beginning that is within the byte limit and has no tag with too many attributes.
pub(super) fn safe_prefix(html: &str) -> &str {
    let end = html.floor_char_boundary(MAX_BYTES);
    let kept = &html[..end];
    let mut tag_start = None;
    let mut separators = 0;
    for (at, byte) in kept.bytes().enumerate() {
        match byte {
            b'<' if tag_start.is_none() => {
                tag_start = Some(at);
                separators = 0;
            }
            b'>' => tag_start = None,
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'/' | b'"' | b'\'' => separators += 1,
            _ => {}
        }
        if let Some(start) = tag_start
            && separators > MAX_SEPARATORS
            && starts_tag(&kept.as_bytes()[start..])
        {
            return &kept[..start];
        }
    }
    kept
}

fn starts_tag(bytes: &[u8]) -> bool {
    let next = bytes.get(1).copied().unwrap_or_default();
    next.is_ascii_alphabetic()
        || (next == b'/' && bytes.get(2).is_some_and(u8::is_ascii_alphabetic))
}

struct Sink {
    pieces: RefCell<Vec<Piece>>,
    raw: RefCell<Option<String>>,
    /// Open `svg` and `math` elements: inside them nothing is raw text.
    foreign: Cell<u32>,
    full: Cell<bool>,
    scripting: Scripting,
}

impl Sink {
    fn push(&self, piece: Piece) {
        let mut pieces = self.pieces.borrow_mut();
        if pieces.len() < MAX_PIECES {
            pieces.push(piece);
        } else {
            self.full.set(true);
        }
    }

    fn text(&self, more: &str) {
        if let Some(Piece::Text { text, .. }) = self.pieces.borrow_mut().last_mut() {
            text.push_str(more);
            return;
        }
        self.push(Piece::Text { text: more.to_owned(), raw: self.raw.borrow().clone() });
    }

    fn open(&self, tag: Tag, self_closing: bool) -> TokenSinkResult<()> {
        let name = tag.name.clone();
        self.push(Piece::Open(tag));
        if matches!(name.as_str(), "svg" | "math") && !self_closing {
            self.foreign.set(self.foreign.get().saturating_add(1));
        }
        if self.foreign.get() > 0 {
            return TokenSinkResult::Continue;
        }
        let Some(result) = raw_state(&name, self.scripting) else {
            return TokenSinkResult::Continue;
        };
        *self.raw.borrow_mut() = Some(name);
        result
    }

    fn close(&self, name: String) {
        if matches!(name.as_str(), "svg" | "math") {
            self.foreign.set(self.foreign.get().saturating_sub(1));
        }
        *self.raw.borrow_mut() = None;
        self.push(Piece::Close(name));
    }
}

fn raw_state(name: &str, scripting: Scripting) -> Option<TokenSinkResult<()>> {
    let kind = match name {
        "script" => RawKind::ScriptData,
        "textarea" | "title" => RawKind::Rcdata,
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => RawKind::Rawtext,
        "noscript" if scripting == Scripting::On => RawKind::Rawtext,
        "plaintext" => return Some(TokenSinkResult::Plaintext),
        _ => return None,
    };
    Some(TokenSinkResult::RawData(kind))
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let attributes = tag
                    .attrs
                    .iter()
                    .map(|attr| (attr.name.local.to_string(), attr.value.to_string()))
                    .collect();
                let own = Tag { name: tag.name.to_string(), attributes };
                return self.open(own, tag.self_closing);
            }
            Token::TagToken(tag) => self.close(tag.name.to_string()),
            Token::CommentToken(text) => self.push(Piece::Comment(text.to_string())),
            Token::CharacterTokens(text) => self.text(&text),
            Token::NullCharacterToken => self.text("\u{fffd}"),
            Token::DoctypeToken(_) | Token::EOFToken | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(html: &str, scripting: Scripting) -> Vec<String> {
        Markup::parse(html, scripting).tags().map(|tag| tag.name.clone()).collect()
    }

    #[test]
    fn markup_inside_raw_elements_and_comments_is_text() {
        let html = "<title><b></title><script>'<i>'</script><!-- <u> --><textarea><p></textarea>x";
        assert_eq!(names(html, Scripting::On), ["title", "script", "textarea"]);
        let markup = Markup::parse(html, Scripting::On);
        let raw: Vec<_> = markup
            .pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Text { text, raw } => Some((text.as_str(), raw.as_deref())),
                _ => None,
            })
            .collect();
        assert_eq!(
            raw,
            [
                ("<b>", Some("title")),
                ("'<i>'", Some("script")),
                ("<p>", Some("textarea")),
                ("x", None)
            ]
        );
    }

    #[test]
    fn noscript_is_markup_only_for_the_crawler() {
        let html = "<noscript><a href=x></noscript>";
        assert_eq!(names(html, Scripting::On), ["noscript"]);
        assert_eq!(names(html, Scripting::Off), ["noscript", "a"]);
    }

    #[test]
    fn character_references_are_resolved() {
        let markup = Markup::parse("<a href='/?a=1&amp;b=2'>", Scripting::Off);
        let tag = markup.tags().next().expect("one tag");
        assert_eq!(tag.attribute("href"), Some("/?a=1&b=2"));
    }

    #[test]
    fn a_tag_with_endless_attributes_is_cut_and_said_so() {
        let html = format!("<p>before<a {}", "x ".repeat(500_000));
        let markup = Markup::parse(&html, Scripting::Off);
        assert!(markup.truncated);
        assert_eq!(markup.tags().count(), 1);
    }

    #[test]
    fn deep_nesting_and_unclosed_formatting_are_bounded() {
        let html = "<div><b class=x>".repeat(200_000);
        let markup = Markup::parse(&html, Scripting::Off);
        assert!(markup.truncated);
        assert!(markup.pieces.len() <= MAX_PIECES);
    }
}
