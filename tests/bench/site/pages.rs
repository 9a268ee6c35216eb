//! A site of any size, computed and never stored: what it answers depends on the address alone, but
//! for session ids, which change with each answer.
//!
//! Two thirds of it are what a shop with a magazine has. The rest is what keeps crawlers busy for
//! ever: a calendar without end, session ids in addresses, relative links that lead into themselves,
//! pages that are not there and say 200, facets in any order, and the same content at other addresses.

/// Bytes of a page.
const SIZE: usize = 10 * 1024;

/// An answer.
pub(crate) struct Page {
    /// 200 or 404.
    pub(crate) status: u16,
    /// HTML.
    pub(crate) body: String,
    /// It takes its time.
    pub(crate) slow: bool,
}

/// A site with so many pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    /// Pages that exist, traps left out; about.
    pub(crate) pages: u64,
    /// Whether pages are filled up to ten kilobytes.
    pub(crate) full: bool,
}

impl Site {
    fn items(self) -> u64 {
        (self.pages * 6 / 10).max(30)
    }

    fn categories(self) -> u64 {
        (self.pages / 200).clamp(12, 200)
    }

    fn articles(self) -> u64 {
        (self.pages * 2 / 10).max(20)
    }

    /// What the site says to a path with its query; `visit` is another number for each answer.
    pub(crate) fn answer(self, target: &str, visit: u64) -> Page {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.split(';').next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let number = |text: &str| text.parse::<u64>().ok();
        let body = match segments.as_slice() {
            [""] => Some(self.home()),
            ["catalogue", name] => {
                word_number(name, self.categories()).map(|n| self.category(n, query))
            }
            ["items", id] => number(id).filter(|id| *id < self.items()).map(|id| self.item(id)),
            ["items", id, "reviews"] => {
                number(id).filter(|id| id.is_multiple_of(7) && *id < self.items()).map(reviews)
            }
            ["items", id, "spare-parts"] => {
                number(id).filter(|id| id.is_multiple_of(31) && *id < self.items()).map(spare_parts)
            }
            ["blog", _, _, name] => word_number(name, self.articles()).map(|n| self.article(n)),
            ["authors", name, ""] => word_number(name, 400).map(author),
            ["authors", name, "posts"] => word_number(name, 400).map(|n| self.posts(n)),
            ["manual", "index.html"] => Some(manual()),
            ["manual", page] => page
                .strip_prefix('p')
                .and_then(|page| number(page.strip_suffix(".html")?))
                .filter(|n| *n < self.pages / 10 + 5)
                .map(manual_page),
            ["orders", id] => (id.len() == 36 && id.ends_with("-0123456789ab")).then(order),
            ["days", date] => (date.len() == 10 && date.starts_with("20")).then(day),
            ["help", "shipping" | "returns"] | ["legal", "imprint"] => Some(text_page(path)),
            ["search"] => Some(search(query)),
            ["member", "profile" | "settings"] => Some(member(path)),
            ["slow", n] => number(n).filter(|n| *n < 50).map(slow_page),
            ["calendar"] => Some(calendar(query)),
            ["loop", ..] => Some(endless(&segments)),
            ["gone", name] => Some(soft_404(name, visit)),
            ["copy", ..] => Some(self.item(3)),
            _ => None,
        };
        let slow = segments.first() == Some(&"slow");
        match body {
            Some(body) => Page { status: 200, body: self.frame(&body, visit), slow },
            None => Page { status: 404, body: "<h1>Not found</h1>".to_owned(), slow: false },
        }
    }

    /// Around every page: links with a session that is another one at each visit.
    fn frame(self, body: &str, visit: u64) -> String {
        let session = format!("{:016x}{visit:08x}", visit.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // The content stays the same: a copy is one.
        let sessions = if body.contains("class=\"item\"") { "" } else { &session };
        let member = if sessions.is_empty() {
            "<a href=\"/help/shipping\">shipping</a>".to_owned()
        } else {
            format!(
                "<a href=\"/member/profile;jsessionid={session}\">me</a>
                 <a href=\"/member/settings?ticket={session}\">settings</a>
                 <a href=\"/help/returns?ticket={session}\">returns</a>"
            )
        };
        let mut page = format!(
            "<!doctype html><html><head><title>Shop</title></head><body class=\"site\">
             <nav class=\"top\"><ul class=\"menu\"><li class=\"entry\"><a href=\"/\">home</a></li>
             <li class=\"entry\"><a href=\"/search\">search</a></li></ul>{member}</nav>
             <main class=\"main\">{body}</main>
             <footer class=\"foot\"><a href=\"/legal/imprint\">imprint</a></footer></body></html>"
        );
        if self.full && page.len() < SIZE {
            let missing = SIZE - page.len();
            let filler =
                "<p class=\"text\">Lorem ipsum dolor sit amet, consetetur sadipscing.</p>\n";
            page.push_str(&filler.repeat(missing / filler.len() + 1));
        }
        page
    }

    fn home(self) -> String {
        let mut body = "<h1 class=\"hero\">Welcome</h1><section class=\"teasers\">".to_owned();
        for n in 0..self.categories() {
            body.push_str(&format!("<a class=\"teaser\" href=\"/catalogue/{}\">c</a>", word(n)));
        }
        body.push_str(
            "</section><a href=\"/manual/index.html\">manual</a><a href=\"/calendar?month=2026-11\">dates</a>
             <a href=\"/loop/\">loop</a><a href=\"/gone/first\">gone</a><a href=\"/slow/0\">slow</a>
             <a href=\"/copy/a/\">copy</a><a href=\"/days/2026-11-01\">day</a>",
        );
        for n in 0..12 {
            body.push_str(&format!("<a href=\"/authors/{}/\">author</a>", word(n)));
        }
        body
    }

    fn category(self, n: u64, query: &str) -> String {
        let page: u64 = query.split('=').nth(1).and_then(|page| page.parse().ok()).unwrap_or(1);
        let per_page = 20;
        let share = self.items() / self.categories() + 1;
        let first = n * share + (page - 1) * per_page;
        let mut body = "<h1 class=\"category\">c</h1><ul class=\"results\">".to_owned();
        for id in (first..first + per_page).filter(|id| *id < self.items() && *id < (n + 1) * share)
        {
            body.push_str(&format!("<li class=\"result\"><a href=\"/items/{id}\">item</a></li>"));
        }
        body.push_str("</ul>");
        if page * per_page < share {
            body.push_str(&format!(
                "<a class=\"next\" rel=next href=\"?page={}\">next</a>",
                page + 1
            ));
        }
        body
    }

    fn item(self, id: u64) -> String {
        let mut body = format!(
            "<article class=\"item\"><h1 class=\"name\">Item {id}</h1><table class=\"facts\">
             <tr class=\"fact\"><th class=\"key\">k</th><td class=\"value\">v</td></tr></table>
             <form class=\"buy\" action=\"/cart\" method=post><input name=id value={id}></form>"
        );
        if id.is_multiple_of(7) {
            body.push_str(&format!("<a href=\"/items/{id}/reviews\">reviews</a>"));
        }
        if id.is_multiple_of(31) {
            body.push_str(&format!("<a href=\"/items/{id}/spare-parts\">parts</a>"));
        }
        for other in [id * 7 + 1, id * 3 + 2, id + 1] {
            let other = other % self.items();
            body.push_str(&format!("<a class=\"related\" href=\"/items/{other}\">other</a>"));
        }
        if id.is_multiple_of(5) {
            let n = id % self.articles();
            body.push_str(&format!("<a class=\"story\" href=\"{}\">story</a>", article_path(n)));
            body.push_str(&format!(
                "<a href=\"/orders/{id:08x}-aaaa-4bbb-8ccc-0123456789ab\">o</a>"
            ));
        }
        body.push_str("</article>");
        body
    }

    fn article(self, n: u64) -> String {
        let next = article_path((n + 1) % self.articles());
        let more = article_path((n * 5 + 3) % self.articles());
        format!(
            "<article class=\"post\"><header class=\"head\"><h1 class=\"title\">t</h1>
             <time class=\"date\">d</time></header><div class=\"prose\"><p>x</p><blockquote>q</blockquote></div>
             <aside class=\"by\"><a href=\"/authors/{}/\">author</a></aside>
             <a href=\"{next}\">next</a><a href=\"{more}\">more</a></article>",
            word(n % 400)
        )
    }

    fn posts(self, author: u64) -> String {
        let mut body = "<h2 class=\"posts\">Posts</h2><ol class=\"posts\">".to_owned();
        for n in (author..self.articles()).step_by(400).take(20) {
            body.push_str(&format!(
                "<li class=\"post\"><a href=\"{}\">p</a></li>",
                article_path(n)
            ));
        }
        body.push_str("</ol>");
        body
    }
}

fn manual() -> String {
    let mut body = "<h1 class=\"contents\">Manual</h1><dl class=\"contents\">".to_owned();
    for n in 0..20 {
        body.push_str(&format!("<dt class=\"part\"><a href=\"p{n}.html\">part</a></dt>"));
    }
    body
}

fn manual_page(n: u64) -> String {
    format!(
        "<section class=\"page\"><h2 class=\"part\">Part</h2><pre class=\"code\"><code>x</code></pre>
         <figure class=\"figure\"><figcaption>f</figcaption></figure>
         <a class=\"next\" href=\"p{}.html\">next</a><a href=\"p{}.html\">far</a></section>",
        n + 1,
        n * 2
    )
}

fn search(query: &str) -> String {
    const FACETS: [&str; 7] = ["brand", "colour", "material", "price", "size", "sort", "stock"];
    let mut body = "<form class=\"search\" action=\"/search\"><input name=q></form>
        <div class=\"hits\"><a href=\"/items/1\">1</a></div><ul class=\"facets\">"
        .to_owned();
    let chosen: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    for facet in FACETS {
        if chosen.iter().any(|pair| pair.starts_with(facet)) {
            continue;
        }
        let mut next: Vec<String> = chosen.iter().map(ToString::to_string).collect();
        // Any order, as sites do it that add what was clicked.
        next.insert(facet.len() % (next.len() + 1), format!("{facet}=v{}", facet.len()));
        let link = next.join("&");
        body.push_str(&format!("<li class=\"facet\"><a href=\"/search?{link}\">f</a></li>"));
    }
    body.push_str("</ul>");
    body
}

fn reviews(id: u64) -> String {
    format!(
        "<h2 class=\"reviews\">Reviews</h2><ul class=\"reviews\"><li class=\"review\">
         <span class=\"stars\">5</span><q class=\"words\">good {id}</q></li></ul>
         <form class=\"review\" method=post action=\"/reviews\"><textarea name=text></textarea></form>"
    )
}

fn spare_parts(id: u64) -> String {
    format!(
        "<h2 class=\"parts\">Parts of {id}</h2><table class=\"parts\"><caption>c</caption>
         <tr class=\"part\"><td class=\"number\">1</td><td class=\"stock\"><meter>1</meter></td></tr></table>"
    )
}

fn author(n: u64) -> String {
    format!(
        "<section class=\"person\"><h1 class=\"person\">A</h1><dl class=\"vita\"><dt>born</dt></dl>
         <a class=\"all\" href=\"posts\">posts</a><a href=\"/authors/{}/\">next</a></section>",
        word((n + 1) % 400)
    )
}

fn order() -> String {
    "<section class=\"order\"><ol class=\"steps\"><li class=\"step\">paid</li></ol>
     <address class=\"to\">x</address></section>"
        .to_owned()
}

fn day() -> String {
    "<section class=\"day\"><h1 class=\"day\">Day</h1><table class=\"hours\"><tr><td>1</td></tr></table>
     <a href=\"/help/shipping\">shipping</a><a href=\"/help/returns\">returns</a></section>"
        .to_owned()
}

fn text_page(path: &str) -> String {
    format!("<div class=\"plain\"><h1>{path}</h1><p>words</p></div>")
}

fn member(path: &str) -> String {
    format!(
        "<section class=\"member\"><h1>{path}</h1><form class=\"me\"><input name=name></form></section>"
    )
}

fn slow_page(n: u64) -> String {
    format!("<section class=\"slow\"><h1>slow</h1><a href=\"/slow/{}\">next</a></section>", n + 1)
}

/// Every month has one before and one after it.
fn calendar(query: &str) -> String {
    let month = query.strip_prefix("month=").unwrap_or("2026-11");
    let (year, month) = month.split_once('-').unwrap_or(("2026", "11"));
    let (year, month): (i64, i64) = (year.parse().unwrap_or(2026), month.parse().unwrap_or(1));
    let at = year.saturating_mul(12).saturating_add(month - 1);
    let name = |at: i64| format!("{}-{:02}", at.div_euclid(12), at.rem_euclid(12) + 1);
    format!(
        "<table class=\"month\"><tr class=\"week\"><td class=\"day\">1</td></tr></table>
         <a class=\"before\" href=\"?month={}\">before</a><a class=\"after\" href=\"?month={}\">after</a>",
        name(at.saturating_sub(1)),
        name(at.saturating_add(1))
    )
}

/// Relative links that lead into themselves.
fn endless(segments: &[&str]) -> String {
    let depth = segments.len() as u64;
    format!(
        "<section class=\"loop\"><h1 class=\"depth\">{depth}</h1><ul class=\"deeper\">
         <li class=\"down\"><a href=\"{}/\">down</a></li><li class=\"down\"><a href=\"{}/\">down</a></li>
         </ul></section>",
        word(depth),
        word(depth + 1)
    )
}

/// Says 200, and knows more that is not there.
fn soft_404(name: &str, visit: u64) -> String {
    format!(
        "<section class=\"gone\"><h1 class=\"gone\">Nothing here</h1><p class=\"sorry\">We have no
         <em>{name}</em>, sorry.</p><p class=\"hint\">Perhaps</p><a href=\"/gone/{}\">this one</a></section>",
        word(visit % 5000)
    )
}

fn article_path(n: u64) -> String {
    format!("/blog/{}/{:02}/{}", 2020 + n % 6, n % 12 + 1, word(n))
}

/// A word for a number, and nothing but letters.
fn word(number: u64) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu",
        "ve",
    ];
    let mut rest = number;
    let mut word = String::from("x");
    for _ in 0..5 {
        word.push_str(SYLLABLES[usize::try_from(rest % 16).expect("below 16")]);
        rest /= 16;
    }
    word
}

/// The number of a word, if it is below a bound.
fn word_number(text: &str, below: u64) -> Option<u64> {
    let syllables = text.strip_prefix('x')?;
    let mut number = 0;
    for n in (0..5).rev() {
        let syllable = syllables.get(2 * n..2 * n + 2)?;
        let digit = (0..16).find(|digit| word(*digit).get(1..3) == Some(syllable))?;
        number = number * 16 + digit;
    }
    (number < below).then_some(number)
}
