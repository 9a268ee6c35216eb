//! An HTML body that is taken apart at most once, however much is looked for in it.

use std::cell::OnceCell;

use super::form::Forms;
use super::markup::Markup;
use super::markup::Scripting;
use super::tree::Tree;

/// What is known of a body; nothing until it is asked for.
#[derive(Debug, Default)]
pub struct Page {
    tree: OnceCell<Option<Tree>>,
    forms: OnceCell<Forms>,
}

impl Page {
    /// The tree of `body`, which must be the same one each time; see [`Tree::parse`].
    pub fn tree(&self, body: &[u8]) -> Option<&Tree> {
        self.tree.get_or_init(|| Tree::parse(body)).as_ref()
    }

    /// The forms of `body`.
    pub(super) fn forms(&self, body: &[u8]) -> &Forms {
        self.forms.get_or_init(|| {
            let html = String::from_utf8_lossy(body);
            Forms::read(&Markup::parse(&html, Scripting::Off))
        })
    }
}
