//! Laws of the whole: what another implementation gives, what is refused, what stays bounded.

use proptest::prelude::*;

use super::XPath;
use super::vectors::{FEED, FEED_VALUES, PAGE, PAGE_VALUES};

fn values(document: &str, expression: &str, attribute: Option<&str>) -> Vec<String> {
    let xpath = XPath::new(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let values = xpath.values(document.as_bytes(), attribute, 1000);
    values.into_iter().map(|value| String::from_utf8(value).expect("text")).collect()
}

fn refused(expression: &str) -> String {
    XPath::new(expression).expect_err(expression)
}

#[test]
fn pages_and_feeds_give_what_another_implementation_finds() {
    let mut wrong = Vec::new();
    for (document, vectors) in [(PAGE, PAGE_VALUES), (FEED, FEED_VALUES)] {
        for (expression, expected) in vectors {
            let values = values(document, expression, None);
            if values != *expected {
                wrong.push(format!("{expression}: {values:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_in_html_have_no_case_and_names_in_xml_are_as_written() {
    let html = "<DIV ID=a>x<svg><linearGradient xlink:href='#g'/></svg></DIV>";
    assert_eq!(values(html, "//DIV/@Id", None), ["a"]);
    assert_eq!(values(html, "//lineargradient", Some("xlink:href")), ["#g"]);
    assert_eq!(values(html, "name(//lineargradient)", None), ["linearGradient"]);
    let xml = "\u{feff} <?xml version='1.0'?><a xmlns='urn:d' xmlns:p='urn:p'><p:b p:c='1' c='2'/>\
        <p:d>t</p:d></a>";
    assert_eq!(values(xml, "//a/p:b/@p:c", None), ["1"]);
    assert_eq!(values(xml, "//p:*", Some("c")), ["2", ""]);
    assert_eq!(values(xml, "//@p:*", None), ["1"]);
    assert_eq!(values(xml, "namespace-uri(//a)", None), ["urn:d"]);
    assert_eq!(values(xml, "namespace-uri(//@p:c)", None), ["urn:p"]);
    assert_eq!(values(xml, "namespace-uri(//@c)", None), [""]);
    assert!(values(xml, "//A | //b", None).is_empty());
}

#[test]
fn attributes_are_taken_of_what_is_selected() {
    assert_eq!(values(PAGE, "//input", Some("VALUE")), ["ab-12", ""]);
    assert_eq!(values(PAGE, "//input/@name", Some("name")), ["csrf", "user"]);
    assert_eq!(values(PAGE, "//input/@name", Some("type")), ["", ""]);
    assert_eq!(values(PAGE, "//li/text()", Some("x")), ["", "", "", ""]);
    assert_eq!(values(FEED, "//item", Some("kind")), ["fruit", ""]);
}

#[test]
fn elements_are_found_by_their_ids() {
    assert_eq!(values(PAGE, "id('t main')[1]", None), ["Orders"]);
    assert_eq!(values(PAGE, "count(id('t main'))", None), ["2"]);
    assert_eq!(values(PAGE, "id(//h1/@id)", None), ["Orders"]);
    assert_eq!(values(PAGE, "id('t')//tr[2]/td[2]", None), ["pear"]);
    assert!(values(PAGE, "id('Main')", None).is_empty());
}

/// Where the other one differs: it begins at the outermost element, knows `xml:lang` only and counts
/// what follows an attribute from the end of its element.
#[test]
fn what_another_implementation_does_not_find() {
    assert_eq!(values(PAGE, "./html/head/title", None), ["Orders & more"]);
    assert_eq!(values(PAGE, "child::html//title/child::text()", None), ["Orders & more"]);
    assert_eq!(values(PAGE, "//p[lang('de')]", Some("lang")), ["de"]);
    assert_eq!(values(PAGE, "//p[lang('en')]", None), ["Say something", "last"]);
    assert_eq!(values(PAGE, "//*[lang('EN-gb')][self::h1]", None), ["Orders"]);
    assert_eq!(values(PAGE, "//tr/@class/following::td", None), ["2", "pear", "10", "fig"]);
}

/// There the other implementation goes beyond the recommendation.
#[test]
fn numbers_have_no_exponent() {
    assert_eq!(values(PAGE, "number('1e3')", None), ["NaN"]);
    assert_eq!(
        values(PAGE, "string(100000000000 * 100000000000)", None),
        ["10000000000000000000000"]
    );
    assert_eq!(values(PAGE, "1 div 8000000", None), ["0.000000125"]);
}

#[test]
fn functions_that_came_later_are_there() {
    assert_eq!(values(PAGE, r"//meta[matches(@content, '^\d+\.\d+')]", Some("name")), ["version"]);
    assert_eq!(values(PAGE, "//td[matches(., 'APPLE|FIG', 'i')]", None), ["apple", "fig"]);
    assert_eq!(values(PAGE, "//td[ends-with(., 'r')]", None), ["pear"]);
    assert_eq!(values(PAGE, "upper-case(//h1)", None), ["ORDERS"]);
    assert_eq!(values(PAGE, "//*[lower-case(.) = 'orders']/@id", None), ["main"]);
}

#[test]
fn a_boolean_is_a_value_only_if_it_is_true() {
    assert_eq!(values(PAGE, "contains(//h1, 'Ord')", None), ["true"]);
    assert!(values(PAGE, "contains(//h1, 'ord')", None).is_empty());
    assert_eq!(values(PAGE, "string(//nothing)", None), [""]);
}

#[test]
fn positions_count_in_the_direction_of_the_axis() {
    let html = "<i>1</i><i>2</i><i>3</i><b>x</b>";
    assert_eq!(values(html, "//b/preceding-sibling::i[1]", None), ["3"]);
    assert_eq!(values(html, "//b/preceding-sibling::i[position()<3]", None), ["2", "3"]);
    assert_eq!(values(html, "//i[1]/following::*[last()]", None), ["x"]);
    assert_eq!(values(html, "//b/ancestor::*[2]/body/i[2]", None), ["2"]);
    assert_eq!(values(html, "position() + last()", None), ["2"]);
}

#[test]
fn mistakes_are_refused_with_their_place() {
    for (expression, place) in [
        ("", 1),
        ("//", 3),
        ("//a[", 5),
        ("//a[1", 6),
        ("//a]", 4),
        ("//a b", 5),
        ("a/", 3),
        ("grün::a", 1),
        ("ü + $v", 5),
        ("'open", 1),
        ("f(1)", 1),
        ("count()", 1),
        ("count(1)", 1),
        ("'a'/b", 1),
        ("1 | a", 1),
        ("a | 1", 5),
        ("(1)[1]", 1),
        ("a:", 2),
        ("#", 1),
        ("matches(., @p)", 1),
        ("matches(., '(')", 1),
        ("matches(., 'a', 'q')", 1),
        ("matches('a')", 1),
        ("a and", 6),
        ("..a", 3),
    ] {
        let error = refused(expression);
        assert!(error.ends_with(&format!("at character {place}")), "{expression}: {error}");
        assert!(!error.contains('\n'), "{expression}: {error}");
    }
}

#[test]
fn expressions_are_bounded() {
    assert!(refused(&"a".repeat(10_000)).contains("longer"));
    assert!(refused(&"1+".repeat(2000)).contains("tokens"));
    assert!(refused(&"(".repeat(100)).contains("deep"));
    assert!(refused(&"a[".repeat(100)).contains("deep"));
    assert!(refused(&"not(".repeat(100)).contains("deep"));
    assert!(XPath::new(&format!("1{}", "+1".repeat(400))).is_ok());
    assert!(XPath::new(&format!("{}1", "-".repeat(900))).is_ok());
    assert!(XPath::new(&format!("{}a{}", "(".repeat(30), ")".repeat(30))).is_ok());
}

/// Most would take minutes without a budget.
#[test]
fn hostile_documents_and_expressions_come_to_an_end() {
    let wide = "<p>x".repeat(2000);
    let deep = "<div>".repeat(400) + &"<b>y</b>".repeat(2000);
    let text = format!("<p>{}", "a".repeat(300_000));
    let attributes = "<a b=c d=e>".repeat(200);
    let xml = format!("<?xml version='1.0'?>{}", "<a b='&lt;'>".repeat(5000));
    let copies = format!("concat({}.)", "., ".repeat(400));
    for expression in [
        "//*[count(preceding::*) > count(following::*)]",
        "//*/following::*/preceding::*/ancestor::*",
        "//*[//*[//*[//*]]]",
        "//*[. = //*]",
        "//node()[contains(//node(), .)]",
        "sum(//*[string-length(.) > 1]/following-sibling::*[position() mod 2 = 0])",
        "//@*/../@*/..//@*",
        "(//* | //* | //*)[last()]/preceding::*[1]",
        &copies,
    ] {
        let xpath = XPath::new(expression).expect(expression);
        for document in [&wide, &deep, &text, &attributes, &xml] {
            let values = xpath.values_within(document.as_bytes(), None, 10, 200_000);
            assert!(values.len() <= 10, "{expression}");
        }
    }
}

#[test]
fn what_was_found_before_the_budget_was_spent_is_right() {
    let html = format!("<ul>{}</ul>", "<li>x</li>".repeat(1000));
    let found = |expression: &str| {
        let xpath = XPath::new(expression).expect("valid");
        xpath.values_within(html.as_bytes(), None, 2000, 100_000).len()
    };
    assert!((1..100).contains(&found("//li[count(//li) = 1000]")));
    assert!((1..100).contains(&found("(//li)[count(//li) = 1000]")));
    assert!(
        (1..100).contains(&found("//li[1] | //li[2][count(//li) = 1] | //li[count(//li) > 1]"))
    );
    assert_eq!(found("//li[not(count(//li) = 1000)]"), 0);
    assert_eq!(found("//li[count(//li) = 1000]/self::li[not(count(//li) = 1000)]"), 0);
    assert_eq!(found("count(//li[count(//li) = 1000])"), 0);
    assert_eq!(values(&html, "count(//li[position() mod 2 = 1])", None), ["500"]);
}

#[test]
fn texts_that_repeat_each_other_are_bounded() {
    let html = format!("{}{}", "<div>".repeat(300), "a".repeat(900_000));
    let xpath = XPath::new("//div").expect("valid");
    let values = xpath.values(html.as_bytes(), None, usize::MAX);
    let bytes: usize = values.iter().map(Vec::len).sum();
    assert!((1..=8 << 20).contains(&bytes), "{bytes}");
}

#[test]
fn broken_xml_gives_what_stands_before_the_fault() {
    let xml = "<?xml version='1.0'?><a><b>1</b><c>2</a><b>3</b>&own;&#x110000;<d e='<'/>";
    assert_eq!(values(xml, "//b", None), ["1", "3"]);
    assert_eq!(values(xml, "//c", None), ["2"]);
    assert!(values("<?xml", "//*", None).is_empty());
    let deep = format!("<?xml version='1.0'?>{}", "<a>".repeat(2000));
    assert!(values(&deep, "count(//a)", None)[0].parse::<u32>().expect("a number") < 600);
}

proptest! {
    #[test]
    fn nothing_panics(
        expression in "(//|/|a|b|\\*|@|\\[|\\]|\\(|\\)|::|self|child|preceding|\\.|\\.\\.|or|and|div|mod|-|\\+|=|!=|<|>=|\\||'x'|1|text|node|count|not|last|substring|,| |é){0,14}",
        document in "(<\\?xml version='1'\\?>)?(<a>|</a>|<b c=d>|</b>|x|<!--y-->|<\\?p q\\?>|&lt;|é|<!\\[CDATA\\[z\\]\\]>){0,20}",
    ) {
        if let Ok(xpath) = XPath::new(&expression) {
            let values = xpath.values(document.as_bytes(), None, 50);
            prop_assert!(values.len() <= 50);
        }
    }

    #[test]
    fn axes_part_a_document(document in "(<a>|</a>|<b c=d>|</b>|x|<!--y-->){0,20}") {
        let xml = format!("<?xml version='1.0'?><r>{document}");
        for xml in [&xml, &document] {
            let parts = "count(//*[count(ancestor::node()) + count(preceding::node()) \
                + count(descendant-or-self::node()) + count(following::node()) \
                = count(//node()) + 1]) = count(//*)";
            prop_assert_eq!(values(xml, parts, None), ["true"]);
            let turned = "count(//*/following::*/preceding::*) = count(//*[following::*])";
            prop_assert_eq!(values(xml, turned, None), ["true"]);
            let children = "count(//node()) = count(//node()/parent::node()/node())";
            prop_assert_eq!(values(xml, children, None), ["true"]);
        }
    }
}
