//! Fills the templates. Autoescaping is on for everything but our own style sheet and script.

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

use super::finding_view::FindingView;
use super::finding_view::Room;
use super::view::Page;

/// Names end in `.html`: that is what turns autoescaping on.
const TEMPLATES: [(&str, &str); 4] = [
    ("parts.html", include_str!("parts.html")),
    ("top.html", include_str!("top.html")),
    ("finding.html", include_str!("finding.html")),
    ("bottom.html", include_str!("bottom.html")),
];

const STYLE: &str = concat!(include_str!("vendor/uPlot.min.css"), include_str!("page.css"));

/// The library says itself what it is, in its first line.
const SCRIPT: &str = concat!(
    include_str!("vendor/uPlot.iife.min.js"),
    include_str!("plots.js"),
    include_str!("page.js")
);

/// The page. Findings are rendered one after the other: all of them as a view would be held thrice.
pub(in super::super) fn html(report: &Report) -> Vec<u8> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in TEMPLATES {
        environment
            .add_template(name, text)
            .expect("the templates are part of the program and compile");
    }
    let page = context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        policy => policy(),
        page => Value::from(Serde(Page::of(report))),
    };
    let mut out = Vec::new();
    write(&environment, "top.html", &page, &mut out);
    let mut room = Room::new();
    for finding in &report.findings {
        let finding = FindingView::of(finding, &mut room);
        let finding = context! { finding => Value::from(Serde(finding)) };
        write(&environment, "finding.html", &finding, &mut out);
    }
    write(&environment, "bottom.html", &page, &mut out);
    out
}

fn write(environment: &Environment, name: &str, context: &Value, out: &mut Vec<u8>) {
    let template = environment.get_template(name).expect("it was added");
    let text =
        template.render(context.clone()).expect("the view has every field the template names");
    out.extend_from_slice(text.as_bytes());
}

/// Nothing may be loaded; one script and one style sheet are let in by their hashes, so that
/// injected ones are not. Text becomes markup in one place of the script, which has to ask for it.
fn policy() -> String {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types shakedown",
        hash(SCRIPT),
        hash(STYLE)
    )
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}
