//! Fills the template. Autoescaping is on for everything but our own style sheet.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::Environment;
use minijinja::UndefinedBehavior;
use minijinja::Value;
use minijinja::context;
use minijinja::value::Serde;
use sha2::Digest as _;
use sha2::Sha256;

use crate::model::Report;

use super::view::Page;

/// The name ends in `.html`: that is what turns autoescaping on.
const NAME: &str = "page.html";

/// The page.
pub(in super::super) fn html(report: &Report) -> Vec<u8> {
    let css = include_str!("page.css");
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
        .add_template(NAME, include_str!("page.html"))
        .expect("the template is part of the program and compiles");
    let template = environment.get_template(NAME).expect("it was just added");
    let page = context! {
        css => Value::from_safe_string(css.to_owned()),
        policy => policy(css),
        page => Value::from(Serde(Page::of(report))),
    };
    template.render(page).expect("the view has every field the template names").into_bytes()
}

/// Nothing may be loaded or run; the style sheet is let in by its hash, so injected styles are not.
fn policy(css: &str) -> String {
    let hash = STANDARD.encode(Sha256::digest(css.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}
