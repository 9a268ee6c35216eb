//! What passive rules cost per response, on one core and without a network.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use shakedown::model::Exchange;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::Request;
use shakedown::model::Response;
use shakedown::model::Target;
use shakedown::model::Timings;
use shakedown::rules::Registry;
use shakedown::rules::ResponseView;

use crate::bed::Bed;
use crate::bed::Length;
use crate::clock::thread_nanos;
use crate::cores::Place;
use crate::figure::Bar;
use crate::figure::Figure;
use crate::problem::Problem;

/// Rules that are asked: the shipped ones, and again with other words until there are this many.
const RULES: usize = 300;

/// The view of a response and its evaluation, over and over for this many nanoseconds
/// of this thread’s processor time.
const WHILE: u64 = 2_000_000_000;

/// Both sizes of page: the same kinds of content, more of it.
pub(super) fn passive(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let spent = if bed.length == Length::Quick { WHILE / 10 } else { WHILE };
    bed.cores.at(Place::Client, || Ok(measured(spent)))
}

fn measured(spent: u64) -> Vec<Figure> {
    let registry = registry();
    let pages = [
        ("50 KB page", Bar::AtMost(100.0), page(50 << 10)),
        ("1 MB page", Bar::AtMost(2000.0), page(1 << 20)),
        ("stack trace of 2 KB", Bar::None, error_page()),
    ];
    let each = pages.map(|(name, bar, page)| evaluate(&registry, &page, spent).figure(name, bar));
    each.into()
}

/// Microseconds of each turn.
struct Measured {
    turns: Vec<f64>,
    findings: usize,
}

impl Measured {
    fn figure(mut self, name: &'static str, bar: Bar) -> Figure {
        self.turns.sort_by(f64::total_cmp);
        let at = |share: usize| self.turns[(self.turns.len() - 1) * share / 100];
        let note =
            format!("{} turns, {} rules matched, of {RULES}", self.turns.len(), self.findings);
        Figure::new(name, bar, at(50), "µs").within(at(5), at(95)).note(note)
    }
}

fn evaluate(registry: &Registry, exchange: &Exchange, spent: u64) -> Measured {
    let started = thread_nanos();
    let mut measured = Measured { turns: Vec::new(), findings: 0 };
    while thread_nanos() - started < spent {
        let turn = thread_nanos();
        let view = ResponseView::of(exchange).expect("there is a response");
        measured.findings = std::hint::black_box(registry.evaluate(&view)).len();
        measured.turns.push((thread_nanos() - turn) as f64 / 1e3);
    }
    measured
}

fn registry() -> Registry {
    let mut files = Vec::new();
    rule_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), &mut files);
    files.sort();
    let shipped: Vec<String> =
        files.iter().map(|path| fs::read_to_string(path).expect("rules is readable")).collect();
    let passive: Vec<&String> = shipped.iter().filter(|text| text.contains("\npassive:")).collect();
    let mut sources = Vec::new();
    for number in 0..RULES {
        let text = passive[number % passive.len()];
        let turn = number / passive.len();
        sources.push((
            format!("{number}.yaml"),
            if turn == 0 { text.clone() } else { other_words(text, turn) },
        ));
    }
    Registry::of_sources(&sources).unwrap_or_else(|errors| panic!("{errors}"))
}

fn rule_files(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("rules is readable") {
        let path = entry.expect("rules is readable").path();
        if path.is_dir() {
            rule_files(&path, files);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            files.push(path);
        }
    }
}

/// The rule under another id, with other letters in the words of its matchers' lists: as many
/// literals as before, as long as before, but different ones.
fn other_words(text: &str, turn: usize) -> String {
    let mut out = String::new();
    let mut in_list = false;
    for line in text.lines().take_while(|line| !line.starts_with("examples:")) {
        let trimmed = line.trim_start();
        if let Some(id) = line.strip_prefix("id: ") {
            writeln!(out, "id: {id}-{turn}").expect("a string takes all");
            continue;
        }
        if !trimmed.starts_with("- '") && !trimmed.starts_with("- \"") {
            in_list = ["regex:", "words:"].iter().any(|list| trimmed.starts_with(list));
        }
        let line = if in_list { shifted(line, turn) } else { line.to_owned() };
        writeln!(out, "{line}").expect("a string takes all");
    }
    out
}

/// Runs of four letters and more are shifted in the alphabet, but for keys and escapes.
fn shifted(line: &str, turn: usize) -> String {
    let Some(quote) = line.find(['\'', '"']) else { return line.to_owned() };
    let (key, pattern) = line.split_at(quote);
    let mut out = key.to_owned();
    let mut run = String::new();
    let shift = u8::try_from(turn * 5 % 26).expect("below 26");
    for character in pattern.chars().chain(['\0']) {
        if character.is_ascii_alphabetic() {
            run.push(character);
            continue;
        }
        let keep = run.len() < 4 || out.ends_with('\\');
        out.extend(run.bytes().map(|letter| {
            let first = if letter.is_ascii_uppercase() { b'A' } else { b'a' };
            char::from(if keep { letter } else { first + (letter - first + shift) % 26 })
        }));
        run.clear();
        out.extend(Some(character).filter(|character| *character != '\0'));
    }
    out
}

/// A shop's page: prose, links, cards, forms, styles and scripts, inline and minified.
fn page(length: usize) -> Exchange {
    const HEAD: &str = "<!doctype html><html lang=en><head><meta charset=utf-8><title>Offers</title>\
        <meta name=viewport content=\"width=device-width\"><link rel=stylesheet href=/a/site.css>\
        <script src=/a/site.js defer></script></head><body>";
    const FORM: &str = "<form method=post action=/cart/add><input type=hidden name=csrf value=Zk3u8QbT>\
        <input type=number name=amount value=1><button>Add to cart</button></form>";
    const SCRIPT: &str = "<script>!function(e,t){var n=e.querySelectorAll('.card');for(var r=0;r<n.length;r++)\
        n[r].addEventListener('click',function(i){t.push({event:'open',id:this.dataset.id,price:10.5})})}\
        (document,window.queue=window.queue||[]);</script>";
    const STYLE: &str = "<style>.card{display:flex;margin:.5rem 10px;border:1px solid #e0e0e0}.card:hover\
        {box-shadow:0 2px 8px rgba(0,0,0,.15)}@media(max-width:640px){.card{display:block}}</style>";
    // Here and there a word that some rule looks for, as in any shop.
    // The last three have words that rules look for; they stand here and there.
    const PROSE: [&str; 8] = [
        "At first sight this lamp looks like any other, but it has a drawer that nobody finds.",
        "Delivery takes two days, returns are free, and we take the old lamp with us.",
        "Made of oak from the region, oiled by hand, and meant to be handed on.",
        "Trial and error led to this switch: it clicks, but hardly anybody hears it.",
        "Fits every socket of the last hundred years, and most of those before.",
        "Its light is warm; a warning lamp at the back tells when the bulb should be changed.",
        "See the documentation for sizes, or ask at service@shop.example before you order.",
        "The secret is in the joint: no screw, no glue, only a wedge of beech.",
    ];
    let mut body = HEAD.to_owned();
    let mut number = 0;
    while body.len() < length {
        number += 1;
        writeln!(
            body,
            "<article class=\"card\" data-id=\"{number}\"><h2><a href=\"/items/{number}?from=offers&amp;page=2\">\
             Lamp {number}</a></h2><img src=\"https://images.shop.example/{number}.jpg\" alt=\"\">\
             <p>{} {} {}</p><span>&euro; {}.99</span></article><!-- end of card -->",
            PROSE[number % 5],
            PROSE[(number * 3 + 1) % 5],
            if number % 8 == 5 { PROSE[5 + number % 3] } else { PROSE[(number + 2) % 5] },
            number * 7 % 300
        )
        .expect("a string takes all");
        match number % 12 {
            3 => body.push_str(FORM),
            6 => body.push_str(SCRIPT),
            9 => body.push_str(STYLE),
            _ => {}
        }
    }
    body.push_str("</body></html>");
    exchange(200, "text/html; charset=utf-8", &body)
}

fn error_page() -> Exchange {
    let frames = "\tat com.shop.cart.CartService.total(CartService.java:88)\n".repeat(30);
    exchange(500, "text/plain", &format!("java.lang.IllegalStateException: no cart\n{frames}"))
}

fn exchange(status: u16, kind: &str, body: &str) -> Exchange {
    let target = Target::parse("https://shop.example/offers?page=2").expect("a URL");
    let headers = [
        ("Date", "Sun, 29 Nov 2026 08:00:00 GMT"),
        ("Content-Type", kind),
        ("Connection", "keep-alive"),
        ("Server", "nginx"),
        ("Cache-Control", "private, no-cache"),
        ("Vary", "Accept-Encoding, Cookie"),
        ("ETag", "W/\"5f3a-18c2f\""),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "SAMEORIGIN"),
        (
            "Content-Security-Policy",
            "default-src 'self'; script-src 'self' 'nonce-r4nd0m'; img-src *",
        ),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("X-Request-Id", "3f2b8c1e-7a77-4a52-9d0e-4f6b1c2d3e4f"),
        ("Set-Cookie", "session=s%3Aabcdef0123456789; Path=/; HttpOnly; Secure; SameSite=Lax"),
        ("Set-Cookie", "theme=dark; Path=/; Max-Age=31536000; Secure"),
    ];
    Exchange {
        request: Request::get(target.origin, target.path_and_query),
        outcome: Ok(Response {
            status,
            reason: "OK".to_owned(),
            version: HttpVersion::Http11,
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: body.as_bytes().to_vec(),
            wire_len: body.len() as u64,
            truncated: false,
        }),
        timings: Timings::default(),
        peer: None,
        tls: None,
    }
}
