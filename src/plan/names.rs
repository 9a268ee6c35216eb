//! Names that a plan gives to values taken out of responses, numbered as they come.

use crate::flow::Variable;

/// More names than any plan has.
const MAX_NAMES: usize = 1_000;

/// Every name so far, and how many slots draw by chance.
#[derive(Debug, Default)]
pub(super) struct Names {
    list: Vec<String>,
    draws: u32,
    has_canary: bool,
}

impl Names {
    /// The number of `name`, a new one where it is new; `None` once there are too many.
    pub(super) fn variable(&mut self, name: &str) -> Option<Variable> {
        let index = match self.list.iter().position(|known| known == name) {
            Some(index) => index,
            None if self.list.len() == MAX_NAMES => return None,
            None => {
                self.list.push(name.to_owned());
                self.list.len() - 1
            }
        };
        Some(Variable(u16::try_from(index).expect("at most MAX_NAMES")))
    }

    /// What the plan calls it.
    pub(super) fn name(&self, variable: Variable) -> &str {
        &self.list[usize::from(variable.0)]
    }

    /// A user's mark stands somewhere.
    pub(super) fn note_canary(&mut self) {
        self.has_canary = true;
    }

    pub(super) fn has_canary(&self) -> bool {
        self.has_canary
    }

    /// The number of a slot that draws.
    pub(super) fn draw(&mut self) -> u32 {
        self.draws += 1;
        self.draws
    }

    /// By variable.
    pub(super) fn into_names(self) -> Vec<String> {
        self.list
    }
}

/// Whether `text` can name a value.
pub(super) fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_letter)
        && text.len() <= 80
        && text.chars().all(|c| is_letter(c) || c.is_ascii_digit() || c == '-')
}
