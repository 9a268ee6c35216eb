//! The HTML report in a real Chromium: what a reader sees and does, and what an attacker does not.

use serde_json::Value;
use serde_json::json;
use shakedown::model::Report;
use shakedown::model::Severity;

use crate::fixtures::{rich_report, sqli_finding};
use crate::report::poisoned;
use crate::report_page::Page;
use crate::report_page::Setup;
use crate::report_page::shown;

/// Canvases by the name of their plot, and how many of their pixels are not empty.
const INK: &str = "Object.fromEntries([...document.querySelectorAll('[data-plot]')].map(place => {
    const canvas = place.querySelector('canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let ink = 0;
    for (let at = 3; at < data.length; at += 4) ink += data[at] > 0;
    return [place.dataset.plot, ink];
}))";

async fn text(page: &Page, expression: &str) -> String {
    let value = page.eval(expression).await;
    value.as_str().unwrap_or_else(|| panic!("{expression} is {value}")).to_owned()
}

fn assert_quiet(page: &Page) {
    let complaints = page.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let requests = page.heard("Network.requestWillBeSent");
    assert_eq!(requests.len(), 1, "more than the file itself was asked for: {requests:#?}");
}

#[tokio::test]
async fn every_plot_is_drawn_and_nothing_is_complained_about() {
    let Some(page) = shown(&rich_report(), Setup::default()).await else { return };
    let ink = page.eval(INK).await;
    let ink = ink.as_object().expect("a plot each");
    let names: Vec<&str> = ink.keys().map(String::as_str).collect();
    assert_eq!(names, ["requests", "latency", "failed", "users", "spread"]);
    for (name, pixels) in ink {
        assert!(pixels.as_u64() > Some(2_000), "{name} is all but empty: {pixels}");
    }
    assert_quiet(&page);
    page.close().await;
}

#[tokio::test]
async fn plots_over_time_zoom_together_by_keyboard_and_come_back() {
    let Some(page) = shown(&rich_report(), Setup::default()).await else { return };
    let drawn = "[...document.querySelectorAll('[data-plot] canvas')].map(it => it.toDataURL())";
    let before = page.eval(drawn).await;
    page.eval("document.querySelector('[data-plot=latency]').focus()").await;
    page.press("+", "+", 187).await;
    let zoomed = page.eval(drawn).await;
    for plot in 0..4 {
        assert_ne!(before[plot], zoomed[plot], "plot {plot} did not zoom");
    }
    assert_eq!(before[4], zoomed[4], "the histogram has no time");
    page.press("ArrowRight", "", 39).await;
    let moved = page.eval(drawn).await;
    assert_ne!(moved[0], zoomed[0]);
    page.press("0", "0", 48).await;
    assert_eq!(page.eval(drawn).await, before);
    assert_quiet(&page);
    page.close().await;
}

#[tokio::test]
async fn tables_sort_by_keyboard_and_say_how() {
    let Some(page) = shown(&rich_report(), Setup::default()).await else { return };
    let column = |head: &str| {
        format!(
            "(() => {{ const table = document.querySelector('#load table.sortable');
             const at = [...table.tHead.rows[0].cells].findIndex(it => it.textContent === '{head}');
             return {{ head: table.tHead.rows[0].cells[at], rows: [...table.tBodies[0].rows].map(row =>
                 row.cells[at].dataset.sort ?? row.cells[at].textContent) }}; }})()"
        )
    };
    let requests = column("requests");
    page.eval(&format!("{requests}.head.querySelector('button').focus()")).await;
    let figures = async |direction: &str| -> Vec<f64> {
        let said = text(&page, &format!("{requests}.head.ariaSort")).await;
        assert_eq!(said, direction);
        let rows = page.eval(&format!("{requests}.rows")).await;
        let rows = rows.as_array().expect("rows");
        rows.iter().map(|it| it.as_str().expect("text").parse().expect("a figure")).collect()
    };
    page.press("Enter", "\r", 13).await;
    let falling = figures("descending").await;
    assert!(falling.len() > 2 && falling.is_sorted_by(|one, other| one >= other), "{falling:?}");
    assert!(falling.first() > falling.last(), "{falling:?}");
    page.press(" ", " ", 32).await;
    assert!(figures("ascending").await.is_sorted());
    let endpoint = column("endpoint");
    page.eval(&format!("{endpoint}.head.querySelector('button').focus()")).await;
    page.press("Enter", "\r", 13).await;
    assert_eq!(text(&page, &format!("{requests}.head.ariaSort")).await, "none");
    assert_eq!(text(&page, &format!("{endpoint}.head.ariaSort")).await, "ascending");
    assert_quiet(&page);
    page.close().await;
}

#[tokio::test]
async fn what_has_changed_stands_with_the_gravest_first_and_sorts() {
    let Some(page) = shown(&rich_report(), Setup::default()).await else { return };
    let column = |head: &str| {
        format!(
            "(() => {{ const table = document.querySelector('#baseline table.sortable:has([data-sort])');
             const at = [...table.tHead.rows[0].cells].findIndex(it => it.textContent === '{head}');
             table.tHead.rows[0].cells[at].querySelector('button').focus();
             return [...table.tBodies[0].rows].map(row => row.cells[at].textContent); }})()"
        )
    };
    let results = column("result");
    let gravest = ["✗ worse", "✓ better", "? may be noise", "= same"];
    assert_eq!(page.eval(&results).await, json!(gravest));
    let changes = column("change");
    assert_eq!(page.eval(&changes).await, json!(["+2.13 pp", "-27.3%", "+7.3%", "+3.5%"]));
    page.press("Enter", "\r", 13).await;
    assert_eq!(page.eval(&changes).await, json!(["+7.3%", "+3.5%", "+2.13 pp", "-27.3%"]));
    let section = text(&page, "document.querySelector('#baseline').textContent").await;
    for part in ["! changed", "severity info → low", "different machines", "too few requests"] {
        assert!(section.contains(part), "no {part} in {section}");
    }
    assert_quiet(&page);
    page.close().await;
}

#[tokio::test]
async fn a_finding_unfolds_to_its_proof_and_a_link_leads_to_it() {
    let finding = sqli_finding();
    let setup = Setup { fragment: format!("#{}", finding.id()), ..Setup::default() };
    let Some(page) = shown(&rich_report(), setup).await else { return };
    let open = "document.querySelector('details.finding[open]')";
    assert_eq!(text(&page, &format!("{open}.id")).await, finding.id());
    let mark = format!("{open}.querySelector('mark:not(:empty)').textContent");
    assert_eq!(text(&page, &mark).await, "syntax error");
    let body = text(&page, &format!("{open}.innerText")).await;
    for part in [&finding.reproduce, &finding.rule.fix, "alice", "Copy"] {
        assert!(body.contains(part), "no {part} in {body}");
    }
    assert_quiet(&page);
    page.close().await;
}

#[tokio::test]
async fn findings_are_searched_in_their_proof_and_chosen_by_severity() {
    let Some(page) = shown(&rich_report(), Setup::default()).await else { return };
    let visible = async || -> Vec<String> {
        let expression = "new Promise(done => setTimeout(done, 300)).then(() => [...document
            .querySelectorAll('details.finding')].filter(it => it.checkVisibility())
            .map(it => it.dataset.severity))";
        serde_json::from_value(page.eval(expression).await).expect("a list of words")
    };
    assert_eq!(visible().await.len(), 4);
    page.eval("document.querySelector('#finding-search').focus()").await;
    // Stands in a response and nowhere else.
    page.call("Input.insertText", json!({ "text": "SELECT NAME from" })).await;
    assert_eq!(visible().await, ["high"]);
    assert!(text(&page, "document.querySelector('#finding-count').value").await.contains("1 of 4"));
    page.eval("document.querySelector('#finding-search').value = ''").await;
    page.eval("document.querySelector('#finding-tools input[value=high]').click()").await;
    assert!(!visible().await.contains(&Severity::High.to_string()));
    assert_quiet(&page);
    page.close().await;
}

#[tokio::test]
async fn the_page_has_names_for_whoever_cannot_see_it() {
    let Some(page) = shown(&rich_report(), Setup::default()).await else { return };
    let nameless = "({
        landmarks: ['header', 'nav', 'main', 'footer'].filter(it => document.querySelectorAll(it).length !== 1),
        tables: [...document.querySelectorAll('table:not(.u-legend)')].filter(it => !it.caption?.textContent.trim()).length,
        heads: [...document.querySelectorAll('table:not(.u-legend) th:not([scope])')].length,
        sortable: [...document.querySelectorAll('table.sortable thead th:not([aria-sort])')].length,
        buttons: [...document.querySelectorAll('button')].filter(it => !it.textContent.trim()).length,
        fields: [...document.querySelectorAll('input')].filter(it => it.labels.length === 0).length,
        plots: [...document.querySelectorAll('[data-plot]')].filter(it => it.tabIndex !== 0
            || !document.getElementById(it.getAttribute('aria-labelledby'))).length,
        headings: [...document.querySelectorAll('h1,h2,h3,h4,h5')].filter((it, at, all) =>
            at > 0 && it.tagName[1] - all[at - 1].tagName[1] > 1).map(it => it.textContent),
        names: [...document.querySelectorAll('[id]')].length - new Set([...document.querySelectorAll('[id]')].map(it => it.id)).size,
    })";
    let expected = json!({
        "landmarks": [], "tables": 0, "heads": 0, "sortable": 0, "buttons": 0, "fields": 0,
        "plots": 0, "headings": [], "names": 0,
    });
    assert_eq!(page.eval(nameless).await, expected);
    page.close().await;
}

#[tokio::test]
async fn light_and_dark_follow_the_system_and_the_switch() {
    let Some(page) = shown(&rich_report(), Setup::default()).await else { return };
    let ground = "getComputedStyle(document.body).backgroundColor";
    let scheme =
        |value: &str| json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
    page.call("Emulation.setEmulatedMedia", scheme("light")).await;
    let light = text(&page, ground).await;
    page.call("Emulation.setEmulatedMedia", scheme("dark")).await;
    let dark = text(&page, ground).await;
    assert_ne!(light, dark);
    page.eval("document.querySelector('#look').click()").await;
    assert_eq!(text(&page, ground).await, light, "the switch beats the system");
    page.call("Emulation.setEmulatedMedia", scheme("light")).await;
    page.eval("document.querySelector('#look').click()").await;
    assert_eq!(text(&page, ground).await, dark);
    let ink = page.eval(INK).await;
    assert!(ink["requests"].as_u64() > Some(2_000), "{ink}");
    assert_quiet(&page);
    page.close().await;
}

fn has_element(node: &Value, name: &str) -> bool {
    let children = node["children"].as_array().into_iter().flatten();
    node["nodeName"] == name || children.into_iter().any(|child| has_element(child, name))
}

#[tokio::test]
async fn without_a_script_the_proof_can_be_read() {
    let setup = Setup { without_script: true, ..Setup::default() };
    let Some(page) = shown(&rich_report(), setup).await else { return };
    let document = page.call("DOM.getDocument", json!({ "depth": -1 })).await;
    assert!(has_element(&document["root"], "MARK"));
    assert!(!has_element(&document["root"], "CANVAS"));
    page.close().await;
}

#[tokio::test]
async fn hostile_text_stays_text_and_does_nothing() {
    let attack = "</script></noscript></style></title><img src=x onerror=hit=1><svg/onload=hit=1>\
                  <a href=javascript:hit=1>\u{202e}\u{1b}[2J\"'><script>hit=1</script><!--";
    let mut report = poisoned(attack);
    report.findings[0].rule.references = vec!["javascript:hit=1".to_owned()];
    report.findings[0].detail = format!("{attack}{}", "A".repeat(1 << 20));
    let Some(page) = shown(&report, Setup::default()).await else { return };
    page.eval("for (const one of document.querySelectorAll('details')) one.open = true").await;
    page.eval("new Promise(done => setTimeout(done, 200))").await;
    let found = page
        .eval(
            "({
        hit: typeof hit,
        foreign: document.querySelectorAll('img, iframe, object, embed, base, link, svg[onload], main script').length,
        links: [...document.querySelectorAll('a')].filter(it => !/^(https?:|file:)/.test(it.href)).length,
        folded: document.querySelectorAll('details > noscript').length,
        hidden: /[\\u202a-\\u202e\\u2066-\\u2069\\u001b\\u0000]/.test(document.documentElement.textContent),
        there: document.body.textContent.includes('<img src=x onerror=hit=1>'),
        widest: document.documentElement.scrollWidth <= innerWidth,
    })",
        )
        .await;
    let expected = json!({
        "hit": "undefined", "foreign": 0, "links": 0, "folded": 0, "hidden": false, "there": true,
        "widest": true,
    });
    assert_eq!(found, expected);
    assert_quiet(&page);
    page.close().await;
}

#[tokio::test]
async fn what_is_injected_all_the_same_is_stopped_by_the_policy() {
    let Some(page) = shown(&Report::default(), Setup::default()).await else { return };
    let outcome = page
        .eval(
            "(async () => {
        const tried = {};
        const refused = new Promise(done => addEventListener('securitypolicyviolation', done, { once: true }));
        try { document.body.innerHTML = '<b>'; } catch (error) { tried.html = error.name; }
        const frame = document.createElement('iframe');
        frame.src = 'http://127.0.0.1:9/';
        document.body.append(frame);
        tried.first = (await refused).effectiveDirective;
        const image = new Image();
        tried.image = await new Promise(done => {
            image.onerror = () => done('refused');
            image.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw=';
        });
        tried.fetch = await fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused');
        try { tried.eval = (0, eval)('1'); } catch (error) { tried.eval = error.name; }
        return tried;
    })()",
        )
        .await;
    assert_eq!(outcome["html"], "TypeError", "{outcome}");
    assert_eq!(outcome["image"], "refused");
    assert_eq!(outcome["fetch"], "refused");
    assert_eq!(outcome["eval"], "EvalError");
    page.close().await;
}
