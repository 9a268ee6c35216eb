//! Foreign text through every renderer, made by chance out of what has broken others: it changes
//! what is read, never what is there.

use std::collections::BTreeMap;

use proptest::prelude::*;
use scraper::Html;
use shakedown::model::OutputKind;
use shakedown::model::Report;
use shakedown::report::Style;
use shakedown::report::render;
use shakedown::report::summary;

use crate::report::poisoned;
use crate::report::sarif_validator;

/// Pieces that end, begin or hide something somewhere.
const PIECES: [&str; 45] = [
    "</script>",
    "</noscript>",
    "</style>",
    "</title>",
    "</pre>",
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "\"'>",
    "{{ 7*7 }}",
    "{% raw %}",
    "&lt;script&gt;",
    "&#0;",
    "\u{1b}[2J",
    "\u{1b}]0;t\u{7}",
    "\u{9b}31m",
    "\u{7f}",
    "\r\n",
    "\n",
    "\t",
    "\u{0}",
    "\u{202e}",
    "\u{2066}",
    "\u{feff}",
    "\u{2028}",
    "\u{e0041}",
    "\u{ffff}",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "＝1",
    "|",
    "`",
    "``` ",
    "[x](http://evil.test)",
    "**b**",
    "@user #1",
    "www.evil.test",
    "\\",
    "../..",
];

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[a-z ]{1,4}",
    ];
    prop::collection::vec(piece, 1..7).prop_map(|pieces| pieces.concat())
}

fn text_of(kind: OutputKind, report: &Report) -> String {
    String::from_utf8(render(kind, report).expect("it renders")).expect("UTF-8")
}

/// What steers a terminal or hides in a line.
fn steering(text: &str) -> Option<char> {
    let hidden = ['\u{ad}', '\u{61c}', '\u{2028}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{e0041}'];
    text.chars().find(|it| (it.is_control() && *it != '\n') || hidden.contains(it))
}

/// How many elements of each name there are, those in the folded parts too. Attributes are looked at on
/// the way.
fn elements(html: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let page = Html::parse_document(html);
    assert_eq!(page.errors.len(), 0, "{:?}", page.errors);
    let everything = scraper::Selector::parse("*").expect("valid");
    for element in page.select(&everything) {
        let name = element.value().name();
        *counts.entry(name.to_owned()).or_default() += 1;
        for (attribute, value) in element.value().attrs() {
            assert!(!attribute.starts_with("on") && attribute != "style", "{attribute}={value}");
            let is_link = value.starts_with("http") || value.starts_with('#');
            assert!(attribute != "href" || is_link, "{attribute}={value}");
        }
        if name == "noscript" {
            // With a script its content is text, and the text is markup for the script.
            let folded = element.text().collect::<String>();
            for (name, count) in elements(&format!("<!doctype html><title>t</title>{folded}")) {
                *counts.entry(name).or_default() += count;
            }
        }
    }
    counts
}

/// Text of a line that is neither in a code span nor escaped; a span that is not closed is a failure.
fn outside_of_code(line: &str) -> String {
    let mut outside = String::new();
    let mut is_code = false;
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        match character {
            '`' => is_code = !is_code,
            // In a span a backslash is one.
            '\\' if !is_code => drop(rest.next()),
            _ if !is_code => outside.push(character),
            _ => {}
        }
    }
    assert!(!is_code, "{line}");
    outside
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_page_has_the_elements_it_has_with_harmless_text(text in hostile()) {
        let page = text_of(OutputKind::Html, &poisoned(&text));
        prop_assert_eq!(steering(&page), None);
        prop_assert_eq!(elements(&page), elements(&text_of(OutputKind::Html, &poisoned("x"))));
    }

    #[test]
    fn logs_for_code_scanning_are_valid_and_show_what_they_hold(text in hostile()) {
        let log = text_of(OutputKind::Sarif, &poisoned(&text));
        prop_assert_eq!(steering(&log), None);
        let value: serde_json::Value = serde_json::from_str(&log).expect("JSON");
        let problems: Vec<String> =
            sarif_validator().iter_errors(&value).map(|error| error.to_string()).collect();
        prop_assert!(problems.is_empty(), "{}", problems.join("\n"));
        let run = &value["runs"][0];
        let results = run["results"].as_array().expect("a list");
        for message in results.iter().map(|result| result["message"]["text"].to_string()) {
            prop_assert!(!message.contains("]("), "a link: {}", message);
        }
        for rule in run["tool"]["driver"]["rules"].as_array().expect("a list") {
            let help = rule["help"]["markdown"].as_str().expect("text");
            // Links to pages stand in angle brackets, each alone in its paragraph.
            let markup = help.split("\n\n").filter(|it| !it.starts_with("<http"));
            let markup: String = markup.collect();
            prop_assert!(!markup.contains(['<', '>']) && !markup.contains("]("), "{}", help);
        }
    }

    #[test]
    fn test_results_are_well_formed_and_as_many_as_with_harmless_text(text in hostile()) {
        let count = |text: &str| {
            let xml = text_of(OutputKind::Junit, &poisoned(text));
            let suites = quick_junit::Report::deserialize_from_str(&xml).expect("JUnit XML");
            (steering(&xml), suites.tests, suites.failures, suites.errors)
        };
        let (found, tests, failures, errors) = count(&text);
        prop_assert_eq!(found, None);
        prop_assert_eq!((None, tests, failures, errors), count("x"));
    }

    #[test]
    fn comments_keep_their_lines_and_tables_and_have_no_markup_of_others(text in hostile()) {
        let harmless = text_of(OutputKind::Markdown, &poisoned("x"));
        let comment = text_of(OutputKind::Markdown, &poisoned(&text));
        prop_assert_eq!(steering(&comment), None);
        prop_assert_eq!(comment.lines().count(), harmless.lines().count());
        for (line, same) in comment.lines().zip(harmless.lines()) {
            // Escaped bars are entities, so every bar is the edge of a cell.
            prop_assert_eq!(line.matches('|').count(), same.matches('|').count(), "{}", line);
            let markup = outside_of_code(line).replace("<code>", "").replace("</code>", "");
            let markup = markup.strip_prefix("> ").unwrap_or(&markup);
            let rest = markup.replace("[!WARNING]", "");
            for mark in ["<", ">", "](", "**", "@", "www.", "://"] {
                prop_assert!(!rest.contains(mark), "{} in {}", mark, line);
            }
        }
    }

    #[test]
    fn cells_are_no_formulas_and_rows_stay_rows(text in hostile()) {
        let report = poisoned(&text);
        let table = text_of(OutputKind::Csv, &report);
        prop_assert_eq!(steering(&table.replace('\r', "")), None);
        prop_assert_eq!(table.lines().count(), report.endpoints.len() + 1);
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        for row in rows.records() {
            for cell in &row.expect("a row") {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{}", cell);
            }
        }
    }

    #[test]
    fn the_summary_steers_no_terminal_and_keeps_its_lines(text in hostile()) {
        // So wide that nothing is wrapped: an added line would be foreign.
        let style = Style { color: false, unicode: true, width: 10_000, unit: None };
        let shown = summary(&poisoned(&text), style);
        prop_assert_eq!(steering(&shown), None);
        prop_assert_eq!(shown.lines().count(), summary(&poisoned("x"), style).lines().count());
    }
}

#[test]
fn a_megabyte_in_one_line_is_cut_in_every_format() {
    let report = poisoned(&"A<".repeat(1 << 19));
    let unpoisoned = poisoned("x");
    for kind in [
        OutputKind::Html,
        OutputKind::Sarif,
        OutputKind::Junit,
        OutputKind::Markdown,
        OutputKind::Csv,
        OutputKind::Text,
    ] {
        let (long, short) = (text_of(kind, &report).len(), text_of(kind, &unpoisoned).len());
        // SARIF alone holds evidence whole: what was sent and came back is not cut again.
        let bound = if kind == OutputKind::Sarif { 64 << 20 } else { 2 << 20 };
        assert!(long < short + bound, "{kind:?}: {long} bytes, {short} of it our own");
    }
}
