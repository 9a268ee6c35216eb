//! Multipart bodies that came as text (RFC 7578), as their parts.

use super::operation::FormPart;
use super::text::Text;

/// More is no form.
const MAX_PARTS: usize = 1_000;

/// The parts, if nothing of the body is lost by reading it: only what a plan can say of a part.
pub(super) fn of_text(text: &str, media_type: &str) -> Option<Vec<FormPart>> {
    let boundary = parameter(media_type.split_once(';')?.1, "boundary")?;
    let delimiter = format!("--{boundary}");
    let ended = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut pieces = text.split(delimiter.as_str());
    if !pieces.next()?.trim().is_empty() {
        return None;
    }
    let mut parts = Vec::new();
    for piece in pieces {
        if piece.trim_end() == "--" {
            return (!parts.is_empty()).then_some(parts);
        }
        let piece = piece.strip_prefix(ended)?.strip_suffix(ended)?;
        let empty_line = format!("{ended}{ended}");
        let (head, value) = piece.split_once(&empty_line).unwrap_or((piece, ""));
        parts.push(part(head, value)?);
        if parts.len() > MAX_PARTS {
            return None;
        }
    }
    None
}

fn part(head: &str, value: &str) -> Option<FormPart> {
    let mut part = FormPart {
        name: String::new(),
        value: Text::literal(value),
        file: None,
        file_name: None,
        content_type: None,
    };
    let mut is_named = false;
    for line in head.lines() {
        let (name, said) = line.split_once(':')?;
        match name.trim().to_ascii_lowercase().as_str() {
            "content-disposition" => {
                let (_, parameters) = said.split_once(';')?;
                part.name = parameter(parameters, "name")?;
                part.file_name = parameter(parameters, "filename");
                is_named = true;
            }
            "content-type" => part.content_type = Some(said.trim().to_owned()),
            // Follows from the value.
            "content-length" => {}
            _ => return None,
        }
    }
    is_named.then_some(part)
}

/// `name="value"` among parameters that are separated by semicolons.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (name, behind) = rest.split_once('=')?;
        let (value, after) = match behind.trim_start().strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => behind.split_once(';').map_or((behind, ""), |(value, after)| (value, after)),
        };
        if name.trim_matches([';', ' ', '\t']).eq_ignore_ascii_case(wanted) {
            return Some(value.trim().to_owned());
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; charset=utf-8; boundary=\"--x y\"";

    fn shown(text: &str) -> Option<Vec<String>> {
        let parts = of_text(text, TYPE)?;
        let one = |part: FormPart| {
            format!(
                "{}={} {:?} {:?}",
                part.name,
                part.value.written(),
                part.file_name,
                part.content_type
            )
        };
        Some(parts.into_iter().map(one).collect())
    }

    #[test]
    fn parts_are_told_with_their_names_and_types() {
        let text = "----x y\r\nContent-Disposition: form-data; name=\"a;b\"\r\n\r\n1\r\n2\r\n\
            ----x y\r\nContent-Disposition: form-data; filename=\"p.png\"; name=f\r\n\
            Content-Type: image/png\r\n\r\n\r\n----x y--\r\n";
        let expected = ["a;b=1\r\n2 None None", "f= Some(\"p.png\") Some(\"image/png\")"];
        assert_eq!(shown(text).expect("parts"), expected);
        assert_eq!(shown(&text.replace("\r\n", "\n")).expect("parts").len(), 2);
    }

    #[test]
    fn what_would_be_lost_keeps_the_body_as_it_is() {
        let whole = "----x y\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n----x y--\r\n";
        assert!(shown(whole).is_some());
        for text in [
            "",
            "x",
            "----x y--",
            &whole[..whole.len() - 6],
            &format!("preamble\r\n{whole}"),
            &whole.replace("\r\n\r\n", "\r\nX-Own: 1\r\n\r\n"),
            &whole.replace("; name=a", ""),
            &whole.replace("x y", "z"),
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
        assert_eq!(of_text(whole, "multipart/form-data"), None);
    }
}
