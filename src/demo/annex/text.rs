//! Formula and label pages: what visitors write ends up in a command, a program or a template.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Path;
use axum::response::Json;
use axum::response::Response;
use minijinja::context;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use tokio::task::spawn_blocking;

use super::engine;
use super::shell::Shell;
use crate::demo::html::value;
use crate::demo::refusal::ApiRefusal;
use crate::demo::refusal::Refusal;
use crate::demo::request::Form;
use crate::demo::request::JsonBody;
use crate::demo::shop::Shop;
use crate::demo::visit::Visit;

const TRACEBACK: &str = "Traceback (most recent call last):
  File \"/srv/shop/quote.py\", line 31, in total
    return eval(formula)
  File \"<string>\", line 1
";

/// Looks up one of the shop's hosts.
pub(in crate::demo) async fn network(visit: Visit) -> Result<Response, Refusal> {
    let host = visit.query.value("host").to_owned();
    let output = match host.as_str() {
        "" => String::new(),
        host if is_host_name(host) || visit.has("command-network-lookup") => {
            Shell::new(&visit.shop.files).run(&format!("nslookup {host} 2>&1")).await.text
        }
        _ => "That is no host name.".to_owned(),
    };
    visit.page("network.html", context! { host, output }).await
}

fn is_host_name(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    text.len() <= 100 && !text.starts_with('-') && text.bytes().all(is_plain)
}

pub(in crate::demo) async fn invoice_copy_form(visit: Visit) -> Result<Response, Refusal> {
    visit.page("invoice-copy.html", context! {}).await
}

/// Sends a copy of an invoice; what the mail program says is nobody's business.
pub(in crate::demo) async fn invoice_copy(form: Form) -> Result<Response, Refusal> {
    let (visit, email) = (form.visit, form.fields.value("email"));
    // Long addresses take their time in the mail program, in either twin.
    tokio::time::sleep(Duration::from_millis(4) * u32::try_from(email.len().min(120)).unwrap_or(0))
        .await;
    if visit.has("command-invoice-mail") {
        let script = format!("printf 'Your invoice' | mail -s \"Invoice\" \"{email}\"");
        Shell::new(&visit.shop.files).run(&script).await;
    } else if !is_address(email) {
        return Err(Refusal::BadRequest("An e-mail address is expected."));
    }
    visit.page("invoice-copy.html", context! { email }).await
}

/// A plain mail address, without quotes and other rarities.
pub(super) fn is_address(text: &str) -> bool {
    let is_plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+' | b'@');
    text.split('@').filter(|part| !part.is_empty()).count() == 2
        && text.matches('@').count() == 1
        && text.bytes().all(is_plain)
}

#[derive(Debug, Deserialize)]
pub(in crate::demo) struct Quote {
    quantity: String,
}

/// What so many pieces cost; `4*6` are four boxes of six.
pub(in crate::demo) async fn quote(
    visit: Visit,
    JsonBody(Quote { quantity }): JsonBody<Quote>,
) -> Result<Json<Value>, ApiRefusal> {
    const PRICE_CENTS: u64 = 1990;
    if !visit.has("code-quote-formula") {
        let factors = quantity.split('*').map(|factor| factor.trim().parse::<u16>());
        let pieces = factors.collect::<Result<Vec<_>, _>>().ok().filter(|all| all.len() <= 3);
        let pieces = pieces.ok_or(Refusal::BadRequest("Pieces, or boxes times pieces: `4*6`."))?;
        let total = pieces
            .into_iter()
            .fold(PRICE_CENTS, |total, factor| total.saturating_mul(u64::from(factor)));
        return Ok(Json(json!({ "quantity": quantity, "total_cents": total.to_string() })));
    }
    let shop = visit.shop;
    let formula = format!("price_cents * ({quantity})");
    let total = spawn_blocking(move || {
        let result = engine::evaluate(&shop, &formula, context! { price_cents => PRICE_CENTS });
        result.map_err(|error| format!("{TRACEBACK}    {formula}\nSyntaxError: {error}"))
    });
    let total = total.await.map_err(|_| Refusal::Internal)?.map_err(Refusal::Verbose)?;
    Ok(Json(json!({ "quantity": quantity, "total_cents": total })))
}

pub(in crate::demo) async fn greeting_form(visit: Visit) -> Result<Response, Refusal> {
    visit.page("greeting.html", context! {}).await
}

/// Shows a greeting card as it will be printed.
pub(in crate::demo) async fn greeting(form: Form) -> Result<Response, Refusal> {
    let visit = form.visit;
    let field = |name| form.fields.value(name).chars().take(300).collect::<String>();
    let (name, message) = (field("name"), field("message"));
    if !visit.has("template-greeting-card") {
        let card = format!("Dear {name},\n{message}\nFern & Fable");
        return visit.page("greeting.html", context! { card }).await;
    }
    let shop = Arc::clone(&visit.shop);
    let rendering = spawn_blocking(move || {
        let source = format!("Dear {{{{ name }}}},\n{message}\n{{{{ shop.name }}}}");
        let details = json!({ "name": "Fern & Fable", "secret_key": "decoy-4c1e5f0b9a7d" });
        engine::render(&shop, &source, context! { name, shop => value(details) })
    });
    let card = rendering.await.map_err(|_| Refusal::Internal)?;
    let card = card.map_err(|error| {
        Refusal::Verbose(format!("Internal Server Error\n\njinja2.exceptions.{error:#}\n"))
    })?;
    visit.page("greeting.html", context! { card }).await
}

pub(in crate::demo) async fn faq_topics(visit: Visit) -> Result<Response, Refusal> {
    visit.page("faq.html", context! {}).await
}

/// Answers a question, or says which one has no answer: messages may have expressions in them.
pub(in crate::demo) async fn faq(
    visit: Visit,
    Path(topic): Path<String>,
) -> Result<Response, Refusal> {
    let answer = match topic.as_str() {
        "returns" => Some("Thirty days, unused, in the box it came in."),
        "repairs" => Some("We repair what we sell, and much of what others sold."),
        _ => None,
    };
    let topic: String = topic.chars().take(300).collect();
    if !visit.has("expression-faq-topic") {
        return visit.page("faq.html", context! { answer, topic }).await;
    }
    let shop = Arc::clone(&visit.shop);
    let interpolating = spawn_blocking(move || interpolated(&shop, &topic));
    let topic = interpolating.await.map_err(|_| Refusal::Internal)?.map_err(Refusal::Verbose)?;
    visit.page("faq.html", context! { answer, topic }).await
}

/// A message with its `${…}` and `#{…}` replaced by their values.
fn interpolated(shop: &Arc<Shop>, message: &str) -> Result<String, String> {
    let mut result = String::new();
    let mut rest = message;
    while let Some(at) = rest.find("${").into_iter().chain(rest.find("#{")).min() {
        let (before, after) = rest.split_at(at);
        result.push_str(before);
        let Some((expression, after)) = after[2..].split_once('}') else {
            rest = after;
            break;
        };
        let value = engine::evaluate(shop, expression, context! { shop => "Fern & Fable" });
        result.push_str(&value.map_err(|error| {
            format!(
                "javax.el.ELException: Failed to parse the expression [{expression}]: {error}\n"
            )
        })?);
        rest = after;
    }
    Ok(result + rest)
}

/// Prints a gift label as the label printer's program does.
pub(in crate::demo) async fn gift_label(visit: Visit) -> Result<Response, Refusal> {
    let text: String = visit.query.value("text").chars().take(200).collect();
    let printed = if visit.has("format-gift-label") {
        printed(&text).ok_or(Refusal::Verbose(
            "label-printer: Segmentation fault (core dumped)\n".to_owned(),
        ))?
    } else {
        text.clone()
    };
    visit.page("gift-label.html", context! { text, printed }).await
}

/// What `printf(text)` prints: words of the stack for the arguments that are not there, or nothing
/// when it reads or writes where it may not.
fn printed(text: &str) -> Option<String> {
    const STACK: [u32; 6] =
        [0x7ffd_1a38, 0xf7fc_3d00, 0x0804_9a14, 0x0000_0018, 0x6c61_6265, 0x0804_8450];
    let mut words = STACK.iter().cycle();
    let mut result = String::new();
    let mut rest = text.chars().peekable();
    let mut strings = 0;
    while let Some(next) = rest.next() {
        if next != '%' {
            result.push(next);
            continue;
        }
        while rest
            .next_if(|c| c.is_ascii_digit() || matches!(c, '$' | '.' | '-' | 'l' | '#'))
            .is_some()
        {}
        let word =
            |words: &mut std::iter::Cycle<std::slice::Iter<'_, u32>>| *words.next().unwrap_or(&0);
        match rest.next() {
            Some('%') => result.push('%'),
            Some(kind @ ('x' | 'X' | 'p')) => {
                let prefix = if kind == 'p' { "0x" } else { "" };
                let _infallible = write!(result, "{prefix}{:x}", word(&mut words));
            }
            Some('d' | 'i' | 'u') => result.push_str(&word(&mut words).to_string()),
            Some('n') => return None,
            Some('s') => {
                strings += 1;
                // The first words happen to point to text; sooner or later one does not.
                if strings > 2 {
                    return None;
                }
                result.push_str("(null)");
            }
            other => result.extend(other),
        }
    }
    Some(result)
}
