//! Where a value comes back in an HTML page, and what would break out of there.

use super::script_text::is_code;
use crate::scan::probe::Markup;
use crate::scan::probe::Piece;

/// A place in a page where a sent value came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Context {
    /// Between tags.
    Text,
    /// Inside an element whose content is text: `title`, `textarea`, `style`, a script that is data.
    RawText(String),
    /// Inside a script that runs.
    Script,
    /// In an attribute's value.
    Attribute {
        element: String,
        name: String,
        /// The value begins with what was sent.
        leading: bool,
    },
    /// In the name of an element or attribute.
    Name,
    /// In a comment.
    Comment,
}

/// What shows that a payload broke out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sign {
    /// An element of this name exists.
    Element(String),
    /// An attribute of this name exists.
    Attribute(String),
    /// A URL that runs as script begins with `javascript:` and this word.
    Url(String),
    /// The word stands in a running script as code.
    Script(String),
    /// The word stands in an event handler as code.
    Handler(String),
}

impl Context {
    /// For people.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Text => "between tags".to_owned(),
            Self::RawText(element) => format!("inside <{element}>"),
            Self::Script => "inside a script".to_owned(),
            Self::Attribute { element, name, .. } => {
                format!("in the attribute `{name}` of <{element}>")
            }
            Self::Name => "inside a tag".to_owned(),
            Self::Comment => "in a comment".to_owned(),
        }
    }
}

impl Sign {
    /// The random name in it.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Element(word)
            | Self::Attribute(word)
            | Self::Url(word)
            | Self::Script(word)
            | Self::Handler(word) => word,
        }
    }

    /// For people: what came of a payload.
    pub(super) fn result(&self) -> String {
        match self {
            Self::Element(word) => format!("a new element <{word}>"),
            Self::Attribute(word) => format!("a new attribute `{word}`"),
            Self::Url(_) => "a `javascript:` URL that runs when it is followed".to_owned(),
            Self::Script(word) => format!("`{word}` a part of the script's code"),
            Self::Handler(word) => format!("`{word}` a part of an event handler's code"),
        }
    }
}

/// Every different context of `marker` in a page.
pub(super) fn contexts(markup: &Markup, marker: &str) -> Vec<Context> {
    let mut found = Vec::new();
    let mut add = |context: Context| {
        if !found.contains(&context) {
            found.push(context);
        }
    };
    for (index, piece) in markup.pieces.iter().enumerate() {
        match piece {
            Piece::Text { text, raw } if text.contains(marker) => add(match raw.as_deref() {
                None => Context::Text,
                Some("script") if runs(markup, index) => Context::Script,
                Some(element) => Context::RawText(element.to_owned()),
            }),
            Piece::Comment(text) if text.contains(marker) => add(Context::Comment),
            Piece::Open(tag) => {
                if tag.name.contains(marker) {
                    add(Context::Name);
                }
                for (name, value) in &tag.attributes {
                    if name.contains(marker) {
                        add(Context::Name);
                    }
                    if value.contains(marker) {
                        add(Context::Attribute {
                            element: tag.name.clone(),
                            name: name.clone(),
                            leading: value.trim_start().starts_with(marker),
                        });
                    }
                }
            }
            Piece::Text { .. } | Piece::Comment(_) | Piece::Close(_) => {}
        }
    }
    found
}

/// Whether the text at `index`, inside a `script`, is JavaScript and not data.
fn runs(markup: &Markup, index: usize) -> bool {
    let tag = markup.pieces[..index].iter().rev().find_map(|piece| match piece {
        Piece::Open(tag) => Some(tag),
        Piece::Close(_) | Piece::Text { .. } | Piece::Comment(_) => None,
    });
    let kind = tag.and_then(|tag| tag.attribute("type")).unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    matches!(kind.as_str(), "" | "module") || kind.ends_with("javascript")
}

/// Payloads that would break out of a context, with the sign of success; the most telling first.
/// `word` is a random name.
pub(super) fn attempts(context: &Context, word: &str) -> Vec<(String, Sign)> {
    let element = || Sign::Element(word.to_owned());
    let attribute = || Sign::Attribute(word.to_owned());
    match context {
        Context::Text => vec![(format!("<{word}>"), element())],
        Context::RawText(parent) => vec![(format!("</{parent}><{word}>"), element())],
        Context::Comment => vec![(format!("--><{word}>"), element())],
        Context::Name => {
            vec![(format!("><{word}>"), element()), (format!("x {word}=1 "), attribute())]
        }
        Context::Script => script_attempts(word),
        Context::Attribute { element: tag, name, leading } => {
            let mut attempts = vec![
                (format!("\"><{word}>"), element()),
                (format!("'><{word}>"), element()),
                (format!("\" {word}=\"1"), attribute()),
                (format!("' {word}='1"), attribute()),
                (format!("x {word}=1 "), attribute()),
            ];
            if *leading && takes_script_url(tag, name) {
                attempts.push((format!("javascript:{word}"), Sign::Url(word.to_owned())));
            }
            if name.starts_with("on") {
                for quote in ["'", "\""] {
                    let payload = format!("{quote}-{word}-{quote}");
                    attempts.push((payload, Sign::Handler(word.to_owned())));
                }
            }
            attempts
        }
    }
}

fn script_attempts(word: &str) -> Vec<(String, Sign)> {
    let mut attempts = vec![(format!("</script><{word}>"), Sign::Element(word.to_owned()))];
    for quote in ["'", "\"", "`"] {
        attempts.push((format!("{quote}-{word}-{quote}"), Sign::Script(word.to_owned())));
    }
    // Where quotes are escaped with a backslash and backslashes are not.
    for quote in ["'", "\""] {
        attempts.push((format!("\\{quote}-{word}//"), Sign::Script(word.to_owned())));
    }
    attempts.push((format!(";{word};"), Sign::Script(format!(";{word};"))));
    attempts
}

/// A payload of [`attempts`] as one that evaluates the name once a browser shows it.
pub(super) fn running(payload: &str, sign: &Sign, word: &str) -> String {
    match sign {
        // An address of no known scheme, so that nothing is asked for.
        Sign::Element(_) => {
            payload.replace(&format!("<{word}>"), &format!("<img src=x: onerror=({word})>"))
        }
        Sign::Attribute(_) => payload
            .replace(&format!("{word}="), &format!("autofocus tabindex=1 onfocus=({word}) x=")),
        Sign::Url(_) | Sign::Script(_) | Sign::Handler(_) => payload.to_owned(),
    }
}

/// Whether the payload broke out: judged on the parsed page, never on its text.
pub(super) fn shows(markup: &Markup, sign: &Sign) -> bool {
    match sign {
        Sign::Element(word) => markup.tags().any(|tag| tag.name == *word),
        Sign::Attribute(word) => markup.tags().any(|tag| tag.attribute(word).is_some()),
        Sign::Url(word) => markup.tags().any(|tag| {
            tag.attributes.iter().any(|(name, value)| {
                let url = value.trim_start().to_ascii_lowercase();
                takes_script_url(&tag.name, name) && url.starts_with(&format!("javascript:{word}"))
            })
        }),
        Sign::Handler(word) => markup.tags().any(|tag| {
            tag.attributes
                .iter()
                .any(|(name, value)| name.starts_with("on") && is_code(value, word))
        }),
        Sign::Script(word) => markup.pieces.iter().enumerate().any(|(index, piece)| match piece {
            Piece::Text { text, raw } => {
                raw.as_deref() == Some("script") && runs(markup, index) && is_code(text, word)
            }
            Piece::Open(_) | Piece::Close(_) | Piece::Comment(_) => false,
        }),
    }
}

/// Attributes whose URL a browser runs when it begins with `javascript:`.
fn takes_script_url(element: &str, attribute: &str) -> bool {
    matches!(
        (element, attribute),
        ("a" | "area", "href")
            | ("iframe" | "frame" | "embed", "src")
            | ("form", "action")
            | ("button" | "input", "formaction")
            | ("object", "data")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::probe::Scripting;

    fn of(html: &str) -> Vec<Context> {
        contexts(&Markup::parse(html, Scripting::On), "mark")
    }

    #[test]
    fn each_place_has_its_context() {
        let attribute = |element: &str, name: &str, leading| Context::Attribute {
            element: element.to_owned(),
            name: name.to_owned(),
            leading,
        };
        assert_eq!(of("<p>a mark</p>"), [Context::Text]);
        assert_eq!(of("<title>mark</title>"), [Context::RawText("title".to_owned())]);
        assert_eq!(of("<script>x='mark'</script>"), [Context::Script]);
        assert_eq!(
            of("<script type=application/json>'mark'</script>"),
            [Context::RawText("script".to_owned())]
        );
        assert_eq!(of("<a href='mark'>"), [attribute("a", "href", true)]);
        assert_eq!(of("<input value=\"x mark\">"), [attribute("input", "value", false)]);
        assert_eq!(of("<!-- mark -->"), [Context::Comment]);
        assert_eq!(of("<p mark=1>"), [Context::Name]);
        assert_eq!(of("<p>other</p>"), []);
    }

    #[test]
    fn escaped_payloads_show_nothing() {
        for html in [
            "<p>&lt;word&gt;</p>",
            "<input value=\"&quot; word=&quot;1\">",
            "<script>x='\\'-word-\\''</script>",
            "<textarea><word></textarea>",
            "<!-- <word> -->",
            "<a href='http://h/javascript:word'>",
        ] {
            let markup = Markup::parse(html, Scripting::On);
            for context in [Context::Text, Context::Script, Context::Comment] {
                for (_, sign) in attempts(&context, "word") {
                    assert!(!shows(&markup, &sign), "{html} {sign:?}");
                }
            }
            assert!(!shows(&markup, &Sign::Attribute("word".to_owned())), "{html}");
            assert!(!shows(&markup, &Sign::Url("word".to_owned())), "{html}");
        }
    }
}
