//! A form that was found on a page, sent back with fields of one's own in the encoding that it asks
//! for.

use url::form_urlencoded;

use super::template::Context;
use super::template::RenderError;
use super::template::Template;
use super::values::Variable;
use crate::extract::MULTIPART_FORM;

/// The form's fields, and those that are sent instead of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundForm {
    /// Who has the form, as [`crate::extract::FormPart::All`] takes it.
    pub form: Variable,
    /// Names of its fields that are left out, as `application/x-www-form-urlencoded` writes them.
    pub without: Vec<Vec<u8>>,
    /// Fields of one's own in that encoding; `None` where they go as parts whatever the form says.
    pub pairs: Option<Template>,
    /// The same as parts of a multipart body, each with the boundary before it.
    pub parts: Template,
    /// What stands between parts.
    pub boundary: String,
}

/// The `Content-Type` of a [`FoundForm`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundType {
    /// Who has the form.
    pub form: Variable,
    /// Whether it goes as parts whatever the form says.
    pub is_parts: bool,
    /// What stands between parts.
    pub boundary: String,
}

/// `Content-Disposition` of a form's part, as browsers write it (HTML §4.10.21.8).
pub fn part_head(name: &str) -> String {
    format!("Content-Disposition: form-data; name=\"{}\"", quoted(name))
}

/// Inside of the quotes of that.
pub fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// Whether the form asks for parts, and its fields.
fn taken_apart(value: &[u8]) -> (bool, &[u8]) {
    match value.strip_prefix(MULTIPART_FORM) {
        Some(fields) => (true, fields),
        None => (false, value),
    }
}

impl FoundForm {
    pub(super) fn write(
        &self,
        value: &[u8],
        context: &Context<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        let (is_multipart, fields) = taken_apart(value);
        match &self.pairs {
            Some(pairs) if !is_multipart => {
                pairs.render(context, out)?;
                self.write_pairs(fields, !pairs.pieces().is_empty(), out);
            }
            _ => {
                self.parts.render(context, out)?;
                self.write_parts(fields, out);
            }
        }
        Ok(())
    }

    /// Its fields, but for those that are left out.
    fn fields<'f>(&self, fields: &'f [u8]) -> impl Iterator<Item = &'f [u8]> {
        let fields = fields.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
        fields.filter(|field| {
            let name = field.split(|byte| *byte == b'=').next().unwrap_or_default();
            !self.without.iter().any(|without| without == name)
        })
    }

    fn write_pairs(&self, fields: &[u8], mut follows: bool, out: &mut Vec<u8>) {
        for field in self.fields(fields) {
            if std::mem::replace(&mut follows, true) {
                out.push(b'&');
            }
            out.extend_from_slice(field);
        }
    }

    fn write_parts(&self, fields: &[u8], out: &mut Vec<u8>) {
        let boundary = &self.boundary;
        for (name, value) in self.fields(fields).flat_map(form_urlencoded::parse) {
            let head = part_head(&name);
            out.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    }
}

impl FoundType {
    pub(super) fn write(&self, value: &[u8], out: &mut Vec<u8>) {
        if self.is_parts || taken_apart(value).0 {
            out.extend_from_slice(b"multipart/form-data; boundary=");
            out.extend_from_slice(self.boundary.as_bytes());
        } else {
            out.extend_from_slice(b"application/x-www-form-urlencoded");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Place;
    use crate::flow::Source;
    use crate::flow::Values;

    /// The body and its type, for a form with that value and one field of one's own.
    fn sent(value: &str, without: &[&str], pairs: Option<&str>) -> (String, String) {
        let literal = |text: &str| {
            let mut template = Template::default();
            template.push_literal(text.as_bytes());
            template
        };
        let form = FoundForm {
            form: Variable(0),
            without: without.iter().map(|name| name.as_bytes().to_vec()).collect(),
            pairs: pairs.map(literal),
            parts: literal("--B\r\nown\r\n\r\n1\r\n"),
            boundary: "B".to_owned(),
        };
        let found = FoundType {
            form: Variable(0),
            is_parts: form.pairs.is_none(),
            boundary: "B".to_owned(),
        };
        let mut values = Values::default();
        values.set(Variable(0), |out| {
            out.extend_from_slice(value.as_bytes());
            true
        });
        let context =
            Context { values: Some(&values), user: 1, iteration: 0, step: 0, message: 0, seed: 0 };
        let rendered = |source| {
            let mut template = Template::default();
            template.push_slot(source, Place::Raw);
            let mut out = Vec::new();
            template.render(&context, &mut out).expect("nothing is missing");
            String::from_utf8(out).expect("the test's text")
        };
        (rendered(Source::Form(Box::new(form))), rendered(Source::FormType(Box::new(found))))
    }

    const FORM: &str = "csrf=a%26b&count=1&x%5B%5D=1&x%5B%5D=2";

    #[test]
    fn a_forms_fields_follow_those_that_replace_them() {
        let urlencoded = "application/x-www-form-urlencoded";
        let (body, found) = sent(FORM, &["count"], Some("count=2"));
        assert_eq!(
            (body.as_str(), found.as_str()),
            ("count=2&csrf=a%26b&x%5B%5D=1&x%5B%5D=2", urlencoded)
        );
        assert_eq!(sent(FORM, &["x%5B%5D", "csrf"], Some("")).0, "count=1");
        assert_eq!(sent(FORM, &["x%5B%5D", "csrf", "count"], Some("a=b")).0, "a=b");
    }

    #[test]
    fn a_form_that_asks_for_parts_is_sent_in_parts() {
        let expected = "--B\r\nown\r\n\r\n1\r\n\
            --B\r\nContent-Disposition: form-data; name=\"x[]\"\r\n\r\n1\r\n\
            --B\r\nContent-Disposition: form-data; name=\"x[]\"\r\n\r\n2\r\n--B--\r\n";
        let asked = sent(&format!("multipart/form-data?{FORM}"), &["csrf", "count"], Some("own=1"));
        assert_eq!(asked, (expected.to_owned(), "multipart/form-data; boundary=B".to_owned()));
        assert_eq!(sent(FORM, &["csrf", "count"], None), asked, "files only go as parts");
    }
}
