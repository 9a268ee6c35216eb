//! Templates, expressions and server-side includes: a real engine where the tree has one, else what an
//! engine makes of the one thing that is asked.

use minijinja::Environment;
use regex::Captures;
use regex::Regex;
use shakedown::model::Confidence;
use shakedown::model::Response;
use shakedown::plan::Strength;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

const RULES: [&str; 3] = ["expression-injection", "template-injection", "ssi-injection"];

async fn scan_page(
    strength: Strength,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    let setup = Setup { active: RULES.to_vec(), strength, ..Setup::default() };
    scan(setup, move |ask| match ask.path.as_str() {
        "/" => html("<a href='/p?v=ann'>x</a>"),
        "/p" => page(ask),
        _ => not_found(),
    })
    .await
}

/// The one that is found, and none of the others.
fn only(scanned: &Scanned, rule: &str, name: &str) {
    for known in RULES {
        let points = scanned.points(known);
        let is_found = points.iter().any(|point| point == "GET /p query `v`");
        assert_eq!(is_found, known == rule, "{name}: {known} {points:?}");
        assert_eq!(points.is_empty(), known != rule, "{name}: {known} {points:?}");
    }
    let finding = scanned.found(rule)[0];
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert!(finding.detail.contains("which does not stand in it"), "{}", finding.detail);
    assert_eq!(finding.payloads.len(), 3);
}

/// Renders a template with the value in it.
fn rendered(template: &'static str) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| {
        let text = template.replace("{}", ask.get("v"));
        match Environment::new().render_str(&text, ()) {
            Ok(page) => html(page),
            Err(_) => respond(500, "text/html", "<h1>Internal Server Error</h1>"),
        }
    }
}

#[tokio::test]
async fn a_real_template_engine_is_found_out() {
    let scanned = scan_page(Strength::Medium, rendered("<p>Hello {}</p>")).await;
    only(&scanned, "template-injection", "text");
    for template in ["<p>{{ '{}' }}</p>", "<p>{{ \"{}\" }}</p>", "{% set x = '{}' %}<p>{{ x }}</p>"]
    {
        let scanned = scan_page(Strength::High, rendered(template)).await;
        only(&scanned, "template-injection", template);
    }
}

fn replaced(text: &str, pattern: &str, by: impl Fn(&Captures<'_>) -> String) -> String {
    Regex::new(pattern).expect("valid").replace_all(text, by).into_owned()
}

fn number(found: &Captures<'_>, index: usize) -> u64 {
    found[index].parse().expect("digits")
}

#[tokio::test]
async fn every_syntax_is_asked_for() {
    let product = |found: &Captures<'_>| (number(found, 1) * number(found, 2)).to_string();
    for pattern in [
        r"\$\{(\d+)\*(\d+)\}",
        r"#\{(\d+)\*(\d+)\}",
        r"<%=(\d+)\*(\d+)%>",
        r"\{(\d+)\*(\d+)\}",
        r"\[\[\$\{(\d+)\*(\d+)\}\]\]",
        r"@\((\d+)\*(\d+)\)",
    ] {
        let scanned = scan_page(Strength::Medium, move |ask| {
            html(format!("<p>Hello {}</p>", replaced(ask.get("v"), pattern, product)))
        })
        .await;
        only(&scanned, "template-injection", pattern);
    }
    // With the thousands of its locale.
    let scanned = scan_page(Strength::Medium, move |ask| {
        html(replaced(ask.get("v"), r"\$\{(\d+)\*(\d+)\}", |found| {
            let text = product(found);
            let (head, tail) = text.split_at(text.len() - 3);
            format!("{head},{tail}")
        }))
    })
    .await;
    only(&scanned, "template-injection", "grouped digits");
}

#[tokio::test]
async fn engines_that_do_not_multiply_are_asked_otherwise() {
    // Each refuses what is not its own.
    type Engine = fn(&str) -> Option<String>;
    let engines: [(&str, Engine); 5] = [
        ("sections", |text| {
            let text = replaced(text, r"\{\{\^(\w+)\}\}(\w+)\{\{/\w+\}\}", |it| it[2].to_owned());
            Some(replaced(&text, r"\{\{#(\w+)\}\}(\w+)\{\{/\w+\}\}", |_| String::new()))
        }),
        ("velocity", |text| {
            let set = Regex::new(r"#set\(\$(\w+)=(\d+)\*(\d+)\)").expect("valid");
            let Some(found) = set.captures(text) else { return Some(text.to_owned()) };
            let value = (number(&found, 2) * number(&found, 3)).to_string();
            let name = format!("${{{}}}", &found[1]);
            Some(set.replace(text, "").replace(&name, &value))
        }),
        ("django", |text| {
            let text = replaced(text, r"\{\{(\d+)\|add:(\d+)\}\}", |it| {
                (number(it, 1) + number(it, 2)).to_string()
            });
            (!text.contains("{{")).then_some(text)
        }),
        ("liquid", |text| {
            let text = replaced(text, r"\{\{(\d+)\|times:(\d+)\}\}", |it| {
                (number(it, 1) * number(it, 2)).to_string()
            });
            Some(replaced(&text, r"\{\{(\d+)[^}]*\}\}", |it| it[1].to_owned()))
        }),
        ("go", |text| {
            let text =
                replaced(text, r#"\{\{printf "%x" (\d+)\}\}"#, |it| format!("{:x}", number(it, 1)));
            (!text.contains("{{")).then_some(text)
        }),
    ];
    for (name, engine) in engines {
        let scanned = scan_page(Strength::Medium, move |ask| match engine(ask.get("v")) {
            Some(text) => html(format!("<p>{text}</p>")),
            None => respond(500, "text/html", "<h1>Internal Server Error</h1>"),
        })
        .await;
        only(&scanned, "template-injection", name);
    }
}

fn java_hash(text: &str) -> i32 {
    text.chars().fold(0_i32, |hash, c| hash.wrapping_mul(31).wrapping_add(c as i32))
}

#[tokio::test]
async fn expression_languages_are_told_from_templates() {
    for open in [r"\$", "#", "%", r"\*"] {
        let call = format!(r"{open}\{{'(\w+)'\.hashCode\(\)\}}");
        let scanned = scan_page(Strength::Medium, move |ask| {
            html(replaced(ask.get("v"), &call, |found| java_hash(&found[1]).to_string()))
        })
        .await;
        only(&scanned, "expression-injection", open);
    }
    let scanned = scan_page(Strength::Medium, |ask| {
        let whole = r"^'(\w+)'\+'(\w+)'\.hashCode\(\)\+'(\w+)'$";
        let text = replaced(ask.get("v"), whole, |it| {
            format!("{}{}{}", &it[1], java_hash(&it[2]), &it[3])
        });
        if text.contains('\'') { respond(500, "text/html", "no") } else { html(text) }
    })
    .await;
    only(&scanned, "expression-injection", "the whole value");
    let scanned = scan_page(Strength::Medium, |ask| {
        html(replaced(ask.get("v"), r"[%*]\{(\d+)\*(\d+)\}", |it| {
            (number(it, 1) * number(it, 2)).to_string()
        }))
    })
    .await;
    only(&scanned, "expression-injection", "arithmetic alone");
}

#[tokio::test]
async fn includes_that_are_carried_out_are_found() {
    let scanned = scan_page(Strength::Medium, |ask| {
        let set = Regex::new(r#"<!--#set var="(\w+)" value="(\w+)" -->"#).expect("valid");
        let value = set.captures(ask.get("v")).map(|found| found[2].to_owned());
        let page = set.replace_all(ask.get("v"), "").into_owned();
        html(replaced(&page, r#"<!--#echo var="\w+" -->"#, |_| {
            value.clone().unwrap_or_else(|| "(none)".to_owned())
        }))
    })
    .await;
    only(&scanned, "ssi-injection", "set and echo");
}

/// Nothing may be found on these.
async fn finds_nothing(name: &str, page: impl Fn(&Ask) -> Response + Send + Sync + 'static) {
    let scanned = scan_page(Strength::High, page).await;
    for rule in RULES {
        assert_eq!(scanned.points(rule), Vec::<String>::new(), "{name}: {rule}");
        assert!(scanned.outcome(rule).requests > 0, "{name}: {rule} has asked nothing");
    }
}

#[tokio::test]
async fn pages_that_pass_values_as_values_are_safe() {
    finds_nothing("constant", |_| html("<p>Hello</p>")).await;
    finds_nothing("echo", |ask| html(format!("<p>Hello {}</p>", ask.get("v")))).await;
    finds_nothing("escaped", |ask| html(escape(ask.get("v")))).await;
    finds_nothing("a variable of a template", |ask| {
        let context = minijinja::context! { name => ask.get("v") };
        html(Environment::new().render_str("<p>Hello {{ name }}</p>", context).expect("valid"))
    })
    .await;
    finds_nothing("always an error", |_| respond(200, "text/html", "TemplateSyntaxError")).await;
    finds_nothing("firewall", |ask| {
        if ask.get("v").contains(['{', '<', '$']) {
            respond(403, "text/html", escape(ask.get("v")))
        } else {
            html("<p>Hello</p>")
        }
    })
    .await;
    finds_nothing("decoded twice", |ask| html(ask.get("v").replace("%22", "\""))).await;
}

#[tokio::test]
async fn pages_that_take_syntax_away_or_add_numbers_up_are_safe() {
    finds_nothing("braces removed", |ask| {
        html(replaced(ask.get("v"), r"\{\{[^}]*\}\}", |_| String::new()))
    })
    .await;
    finds_nothing("tags removed", |ask| {
        html(replaced(ask.get("v"), r"<[^>]*>", |_| String::new()))
    })
    .await;
    finds_nothing("comments removed", |ask| {
        html(replaced(ask.get("v"), r"<!--.*?-->", |_| String::new()))
    })
    .await;
    finds_nothing("products", |ask| {
        html(replaced(ask.get("v"), r"\W*(\d+)\*(\d+)\W*", |it| {
            (number(it, 1) * number(it, 2)).to_string()
        }))
    })
    .await;
    finds_nothing("letters and digits only", |ask| {
        html(ask.get("v").chars().filter(char::is_ascii_alphanumeric).collect::<String>())
    })
    .await;
}

#[tokio::test]
async fn clean_points_cost_little() {
    let scanned = scan_page(Strength::Medium, |_| html("<p>Hello</p>")).await;
    let costs = RULES.map(|rule| scanned.outcome(rule).requests);
    assert_eq!(costs, [3, 4, 1]);
}

/// A help page with two topics, which repeats any other; its site answers to everything or not.
async fn scan_topics(answers_to_all: bool) -> Scanned {
    let setup = Setup { active: RULES.to_vec(), ..Setup::default() };
    scan(setup, move |ask| {
        let page = |text: &str| {
            html(format!(
                "<header><a href=/>start</a></header><main><h1>Help</h1><ul>\
                 <li><a href=/help/returns>returns</a></li><li><a href=/help/repairs>repairs</a></li></ul>\
                 <p>{text}</p></main><footer><p>The shop</p></footer>"
            ))
        };
        match ask.path.strip_prefix("/help/") {
            Some("returns") => page("Thirty days."),
            Some("repairs") => page("What we have sold."),
            Some(topic) => {
                let product = |it: &Captures<'_>| (number(it, 1) * number(it, 2)).to_string();
                let topic = replaced(topic, r"\$\{(\d+)\*(\d+)\}", product);
                page(&format!("Nothing is known of {}.", escape(&topic)))
            }
            None if ask.path == "/" || answers_to_all => page("Welcome."),
            None => not_found(),
        }
    })
    .await
}

#[tokio::test]
async fn the_end_of_a_path_is_a_value_where_its_directory_answers_to_any() {
    let scanned = scan_topics(false).await;
    assert_eq!(scanned.points("template-injection"), ["GET /help/{slug} path `2`"]);
    let scanned = scan_topics(true).await;
    assert_eq!(scanned.points("template-injection"), ["GET /help/{slug} path `2`"]);
}
