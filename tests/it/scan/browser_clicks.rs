//! Clicks that something further up listens to, as frameworks have it.

use super::browser::json;
use super::browser::shown;
use super::site::Setup;
use super::site::html;
use super::site::not_found;

#[tokio::test]
async fn what_a_listener_further_up_waits_for_is_clicked() {
    let Some(scanned) = shown(Setup::default(), |ask| match &*ask.path {
        // At the document, for what has a mark.
        "/" => html(
            "<a href=/window>w</a><a href=/root>r</a><a href=/handlers>h</a>
             <section><div data-go=al><b>Open</b> <i>more</i></div><div data-v-1f2e>plain</div></section>
             <script>document.addEventListener('click', e => {
                 const at = e.target.closest('[data-go]');
                 if (at) fetch('/' + ['made', at.dataset.go + 'pha'].join('/')); });</script>",
        ),
        // At the window, for one class.
        "/window" => html(
            "<ul><li class=name>one</li><li class='name more'>two</li></ul>
             <script>addEventListener('click', e => {
                 if (e.target.matches('.more')) fetch('/' + ['made', 'be' + 'ta'].join('/')); });</script>",
        ),
        // At the root of an application, in a shadow tree.
        "/root" => html(
            "<div id=app></div><script>
             const root = document.getElementById('app').attachShadow({ mode: 'open' });
             root.innerHTML = '<main><p><span>Report</span></p><p><span>Users</span></p></main>';
             root.firstChild.addEventListener('click', e => {
                 const name = e.target.textContent.toLowerCase();
                 if (name === 'users') fetch('/' + ['made', 'ga' + 'mma'].join('/')); });</script>",
        ),
        // At the document, for elements that carry their handler as a property.
        "/handlers" => html(
            "<div id=x><em>press</em></div><script>
             document.getElementById('x').$$click = () => fetch('/' + ['made', 'del' + 'ta'].join('/'));
             document.addEventListener('click', e => {
                 for (let at = e.target; at; at = at.parentNode) if (at.$$click) at.$$click(); });</script>",
        ),
        path if path.starts_with("/made/") => json("{}"),
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    for name in ["alpha", "beta", "gamma", "delta"] {
        assert!(scanned.asked(&format!("/made/{name}")), "{name}: {:?}", scanned.notices());
    }
}

#[tokio::test]
async fn a_listener_that_wants_nothing_costs_a_few_clicks() {
    let Some(scanned) = shown(Setup::default(), |ask| match &*ask.path {
        "/" => {
            let items =
                (0..400).map(|n| format!("<tr><td><u data-n={n}>row {}</u></td></tr>", word(n)));
            html(format!(
                "<table>{}</table><u data-act=delete>gone</u>
                 <script>let clicks = 0; document.addEventListener('click', e => {{ clicks++;
                     if (e.target.dataset.act) fetch(['', 'harm'].join('/')); }});
                 onpagehide = () => 0; setTimeout(() => fetch('/count'), 100);</script>",
                items.collect::<String>()
            ))
        }
        "/count" => json("{}"),
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    assert!(!scanned.asked("/harm"));
    let said = scanned.notices().into_iter().find(|text| text.contains("clicked")).expect("said");
    let clicks =
        said.split("clicked ").nth(1).and_then(|rest| rest.split(' ').next()).expect("so often");
    let clicks: u32 = clicks.parse().expect("a number");
    assert!(clicks <= 12, "{said}");
    assert_eq!(scanned.report.coverage.complete, Some(true), "{:?}", scanned.notices());
}

/// No digits, so that no two are alike by what is written on them.
fn word(number: u32) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}
