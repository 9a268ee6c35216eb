//! A small XML parser with everything that document types bring along: internal, external and
//! parameter entities. Files come from the fake root, addresses from this machine only.

use std::collections::BTreeMap;

use super::fetch::fetch;
use crate::demo::files::Files;

const ENTITIES: usize = 64;
const EXPANDED_LIMIT: usize = 64 << 10;
const DEPTH: usize = 32;

/// One element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    /// The text directly inside, all of it together.
    pub(super) text: String,
}

impl Element {
    /// The first element of this name, at any depth.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }
}

/// What the document type of a document may do.
#[derive(Clone, Copy)]
pub(super) enum DocumentType<'a> {
    /// A document that has one is refused.
    Refused,
    /// Entities are read, also external ones.
    Followed(&'a Files),
}

/// Why a document cannot be read, in the words of a parser.
pub(super) type Malformed = String;

type Entities = BTreeMap<String, String>;

/// The root element of a document.
pub(super) async fn parse(
    document: &str,
    document_type: DocumentType<'_>,
) -> Result<Element, Malformed> {
    let document = document.trim_start_matches('\u{feff}').trim();
    let (subset, rest) = doctype(document)?;
    let mut entities = Entities::new();
    match (subset, document_type) {
        (None, _) => {}
        (Some(_), DocumentType::Refused) => return Err("DOCTYPE is not allowed".to_owned()),
        (Some(subset), DocumentType::Followed(files)) => {
            declare(&subset, files, &mut entities).await?;
        }
    }
    let mut reader = Reader { rest, entities: &entities, expanded: 0 };
    reader.prolog()?;
    let root = reader.element(0)?;
    reader.prolog()?;
    if reader.rest.is_empty() { Ok(root) } else { Err("content after the root element".to_owned()) }
}

/// The declarations of `<!DOCTYPE … [ … ]>` and everything behind it. An external subset stands as
/// a declaration in front.
fn doctype(document: &str) -> Result<(Option<String>, &str), Malformed> {
    let Some((before, after)) = document.split_once("<!DOCTYPE") else {
        return Ok((None, document));
    };
    if before.replace("?>", "").contains('>') {
        return Ok((None, document));
    }
    let unclosed = || "DOCTYPE is not closed".to_owned();
    let end = after.find(['[', '>']).ok_or_else(unclosed)?;
    let (head, rest) = after.split_at(end);
    let mut subset = String::new();
    if let Some(address) = quoted(head).last() {
        subset = format!("<!ENTITY % subset SYSTEM \"{address}\">%subset;");
    }
    if let Some(internal) = rest.strip_prefix('[') {
        let end = internal.find("]>").or_else(|| internal.find(']')).ok_or_else(unclosed)?;
        let rest = internal[end + 1..].trim_start().strip_prefix('>').ok_or_else(unclosed)?;
        return Ok((Some(format!("{}{subset}", &internal[..end])), rest));
    }
    Ok((Some(subset), &rest[1..]))
}

/// Reads the declarations of a subset, those of parameter entities included.
async fn declare(subset: &str, files: &Files, entities: &mut Entities) -> Result<(), Malformed> {
    let mut parameters = Entities::new();
    // What is still to be read; parameter entities put their text in front.
    let mut rest = subset.to_owned();
    for _ in 0..ENTITIES {
        rest = rest.trim_start().to_owned();
        if rest.is_empty() {
            return Ok(());
        }
        if let Some(reference) = rest.strip_prefix('%') {
            let (name, after) = reference.split_once(';').ok_or("';' expected")?;
            let text = parameters.get(name).ok_or(format!("entity '%{name}' not defined"))?;
            rest = format!("{text} {after}");
            continue;
        }
        let end = declaration_end(&rest).ok_or("declaration is not closed")?;
        let (declaration, after) = rest.split_at(end);
        if let Some(entity) = declaration.strip_prefix("<!ENTITY") {
            let (entity, into) = match entity.trim_start().strip_prefix('%') {
                Some(entity) => (entity.trim_start(), &mut parameters),
                None => (entity.trim_start(), &mut *entities),
            };
            let name = entity.split_whitespace().next().unwrap_or_default().to_owned();
            let value = value(&entity[name.len()..], files).await?;
            into.entry(name).or_insert(value);
        }
        rest = after.trim_start_matches('>').to_owned();
    }
    Err("entity expansion limit exceeded".to_owned())
}

/// Where a declaration ends: at the first `>` outside quotes.
fn declaration_end(text: &str) -> Option<usize> {
    let mut quote = None;
    text.char_indices().find_map(|(at, character)| {
        match (quote, character) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
        None
    })
}

/// The texts in quotes.
fn quoted(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = &rest[at..=at];
        let Some((inner, after)) = rest[at + 1..].split_once(quote) else { break };
        found.push(inner);
        rest = after;
    }
    found
}

/// An entity's text: literal, or what stands at its address.
async fn value(declaration: &str, files: &Files) -> Result<String, Malformed> {
    let literals = quoted(declaration);
    let last = *literals.last().ok_or("entity value expected")?;
    let kind = declaration.trim_start();
    if !kind.starts_with("SYSTEM") && !kind.starts_with("PUBLIC") {
        // Character references are read when an entity is declared: `&#37;` makes a `%`.
        return Ok(last.replace("&#37;", "%").replace("&#x25;", "%"));
    }
    let unloaded = |why: String| format!("failed to load external entity \"{last}\": {why}");
    if last.starts_with("http:") {
        return fetch(last).await.map(|got| got.body).map_err(|error| unloaded(error.to_string()));
    }
    let name = last.strip_prefix("file://").unwrap_or(last);
    files.read(name).map_err(|_| unloaded("No such file or directory".to_owned()))
}

struct Reader<'a> {
    rest: &'a str,
    entities: &'a Entities,
    expanded: usize,
}

impl Reader<'_> {
    /// Skips declarations, comments and space.
    fn prolog(&mut self) -> Result<(), Malformed> {
        loop {
            self.rest = self.rest.trim_start();
            let end = match self.rest {
                text if text.starts_with("<?") => "?>",
                text if text.starts_with("<!--") => "-->",
                _ => return Ok(()),
            };
            self.rest = self.rest.split_once(end).ok_or("unclosed declaration")?.1;
        }
    }

    fn element(&mut self, depth: usize) -> Result<Element, Malformed> {
        if depth > DEPTH {
            return Err("nested too deeply".to_owned());
        }
        let inner = self.rest.strip_prefix('<').ok_or("start tag expected, '<' not found")?;
        let end = declaration_end(inner).ok_or("start tag is not closed")?;
        let (tag, rest) = inner.split_at(end);
        self.rest = &rest[1..];
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let name = tag.split_whitespace().next().unwrap_or_default().to_owned();
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        if name.is_empty() || !name.chars().all(is_name) {
            return Err("StartTag: invalid element name".to_owned());
        }
        let attributes = self.attributes(&tag[name.len()..])?;
        let mut element = Element { name, attributes, ..Element::default() };
        if !empty {
            self.content(&mut element, depth)?;
        }
        Ok(element)
    }

    fn attributes(&mut self, text: &str) -> Result<Vec<(String, String)>, Malformed> {
        let mut attributes = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=').ok_or("attribute without a value")?;
            let value = *quoted(after).first().ok_or("AttValue: \" or ' expected")?;
            attributes.push((name.trim().to_owned(), self.expanded(value, 0)?));
            let start = after.len() - after.trim_start().len();
            rest = after[start + value.len() + 2..].trim_start();
        }
        Ok(attributes)
    }

    fn content(&mut self, element: &mut Element, depth: usize) -> Result<(), Malformed> {
        loop {
            let unclosed = || format!("premature end of data in tag {}", element.name);
            let (text, rest) = self.rest.split_at(self.rest.find('<').ok_or_else(unclosed)?);
            self.rest = rest;
            let text = self.expanded(text, 0)?;
            element.text.push_str(&text);
            if let Some(data) = rest.strip_prefix("<![CDATA[") {
                let (data, rest) = data.split_once("]]>").ok_or_else(unclosed)?;
                element.text.push_str(data);
                self.rest = rest;
            } else if rest.starts_with("<!--") || rest.starts_with("<?") {
                self.prolog()?;
            } else if let Some(tag) = rest.strip_prefix("</") {
                let (name, rest) = tag.split_once('>').ok_or_else(unclosed)?;
                self.rest = rest;
                if name.trim() == element.name {
                    return Ok(());
                }
                return Err(format!(
                    "opening and ending tag mismatch: {} and {name}",
                    element.name
                ));
            } else {
                element.children.push(self.element(depth + 1)?);
            }
        }
    }

    /// Text with its references replaced; entities may name others.
    fn expanded(&mut self, text: &str, depth: usize) -> Result<String, Malformed> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('&') {
            result.push_str(before);
            let (name, after) = after.split_once(';').ok_or("EntityRef: expecting ';'")?;
            rest = after;
            match (name, name.strip_prefix('#').and_then(character)) {
                (_, Some(character)) => result.push(character),
                ("lt", _) => result.push('<'),
                ("gt", _) => result.push('>'),
                ("amp", _) => result.push('&'),
                ("quot", _) => result.push('"'),
                ("apos", _) => result.push('\''),
                (name, None) => {
                    let entities = self.entities;
                    let value = entities.get(name).ok_or(format!("Entity '{name}' not defined"))?;
                    self.expanded += value.len();
                    if depth > DEPTH || self.expanded > EXPANDED_LIMIT {
                        return Err("entity expansion limit exceeded".to_owned());
                    }
                    result.push_str(&self.expanded(value, depth + 1)?);
                }
            }
        }
        Ok(result + rest)
    }
}

fn character(reference: &str) -> Option<char> {
    let code = match reference.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => reference.parse(),
    };
    char::from_u32(code.ok()?)
}
