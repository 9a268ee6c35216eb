//! Names that the plan takes: for requests, flows and variables.

use std::collections::HashSet;

/// Characters of a name; the plan takes 80.
const MAX_NAME: usize = 60;

/// Names that were given away.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// A name like `wish` that nobody has yet.
    pub(super) fn take(&mut self, wish: &str) -> String {
        let base = name(wish);
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let free = std::iter::once(base.clone())
            .chain(numbered)
            .find(|name| !self.0.contains(name))
            .expect("numbers do not end");
        self.0.insert(free.clone());
        free
    }
}

/// Letters, digits, `_`, `-` and `.`: others become one `-`.
fn name(wish: &str) -> String {
    let mut name = String::new();
    for c in wish.chars() {
        if name.len() >= MAX_NAME {
            break;
        }
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_matches(['-', '.']);
    if name.is_empty() { "request".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_fit_and_unique() {
        let mut names = Names::default();
        assert_eq!(names.take("Get /pets/{petId}"), "Get-pets-petId");
        assert_eq!(names.take("get pets"), "get-pets");
        assert_eq!(names.take("get-pets"), "get-pets-2");
        assert_eq!(names.take("日本"), "request");
        assert!(names.take(&"x".repeat(500)).len() <= 80);
    }
}
