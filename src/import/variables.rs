//! Values that the plan names: equal ones of one name are one variable.

use super::text::Text;

/// Variables in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Variables(Vec<(String, Text)>);

impl Variables {
    /// A reference to a variable with that value, called `name` if nobody else is, else after
    /// `context` too.
    pub(super) fn refer(&mut self, name: &str, context: &str, value: Text) -> Text {
        let name = fit(name);
        let longer = fit(&format!("{context}_{name}"));
        let numbered = (2..).map(|number| format!("{longer}_{number}"));
        for name in [name, longer.clone()].into_iter().chain(numbered) {
            match self.0.iter().find(|(known, _)| *known == name) {
                Some((_, known)) if *known != value => {}
                Some(_) => return Text::variable(&name),
                None => {
                    let reference = Text::variable(&name);
                    self.0.push((name, value));
                    return reference;
                }
            }
        }
        unreachable!("numbers do not end")
    }

    /// Every name with its value.
    pub(super) fn into_list(self) -> Vec<(String, Text)> {
        self.0
    }
}

/// A name that the plan's expressions can have.
pub(super) fn fit(name: &str) -> String {
    let name: String = name
        .chars()
        .take(60)
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' })
        .collect();
    let name = name.trim_matches('_');
    if name.is_empty() { "value".to_owned() } else { name.to_owned() }
}
