//! A text of the plan: characters that stand for themselves, and references to what the plan or the
//! environment has.

/// Characters and references, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Text(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Literal(String),
    /// What stands between `${` and `}`.
    Reference(String),
}

impl Text {
    /// Characters alone.
    pub fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::default() } else { Self(vec![Part::Literal(text)]) }
    }

    /// `${vars.NAME}`.
    pub fn variable(name: &str) -> Self {
        Self::reference(&format!("vars.{name}"))
    }

    /// `${env.NAME}`.
    pub fn environment(name: &str) -> Self {
        Self::reference(&format!("env.{name}"))
    }

    /// `${secrets.NAME}`.
    pub(super) fn secret(name: &str) -> Self {
        Self::reference(&format!("secrets.{name}"))
    }

    /// Names of the secrets that it refers to.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Reference(expression) => expression.strip_prefix("secrets."),
            Part::Literal(_) => None,
        })
    }

    /// Any expression of the plan, without its braces.
    pub(super) fn reference(expression: &str) -> Self {
        Self(vec![Part::Reference(expression.to_owned())])
    }

    /// Adds characters.
    pub fn push(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Literal(last)) => last.push_str(text),
            Some(Part::Reference(_)) | None => self.0.push(Part::Literal(text.to_owned())),
        }
    }

    /// Adds another text.
    pub fn append(&mut self, other: &Self) {
        for part in &other.0 {
            match part {
                Part::Literal(text) => self.push(text),
                Part::Reference(_) => self.0.push(part.clone()),
            }
        }
    }

    /// The text with every character of its literals replaced by what `change` makes of them.
    pub(super) fn map(&self, mut change: impl FnMut(&str) -> String) -> Self {
        self.replaced(|text| Self::literal(change(text)))
    }

    /// The text with each of its literals replaced by another text.
    pub(super) fn replaced(&self, mut change: impl FnMut(&str) -> Self) -> Self {
        let mut out = Self::default();
        for part in &self.0 {
            match part {
                Part::Literal(text) => out.append(&change(text)),
                Part::Reference(_) => out.0.push(part.clone()),
            }
        }
        out
    }

    /// The characters, if there is no reference.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The characters, references shown by their name in braces: `/pets/{petId}`.
    pub fn template(&self) -> String {
        self.0.iter().fold(String::new(), |mut out, part| {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Reference(expression) => {
                    let name = expression.split(":-").next().unwrap_or_default();
                    out.extend(["{", name.rsplit('.').next().unwrap_or_default(), "}"]);
                }
            }
            out
        })
    }

    /// As it stands in the plan: `${` of a literal is written `$${`.
    pub fn written(&self) -> String {
        let mut out = String::new();
        for (index, part) in self.0.iter().enumerate() {
            match part {
                Part::Literal(text) => {
                    let escaped = text.replace("${", "$${");
                    let before_reference =
                        matches!(self.0.get(index + 1), Some(Part::Reference(_)));
                    match escaped.strip_suffix('$').filter(|_| before_reference) {
                        // `$` before `${…}` would escape it; as a default it stands for itself.
                        Some(rest) => out.extend([rest, "${vars.dollar:-$}"]),
                        None => out.push_str(&escaped),
                    }
                }
                Part::Reference(expression) => out.extend(["${", expression, "}"]),
            }
        }
        out
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::literal(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_reference_and_is_none_is_escaped() {
        let mut text = Text::literal("a${b}$");
        text.push("{");
        assert_eq!(text.written(), "a$${b}$${");
        text.append(&Text::literal("$"));
        text.append(&Text::variable("x"));
        assert_eq!(text.written(), "a$${b}$${${vars.dollar:-$}${vars.x}");
        assert_eq!(text.template(), "a${b}${${x}");
        assert_eq!(Text::literal("$$${").written(), "$$$${");
    }
}
