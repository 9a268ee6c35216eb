//! Points are where they should be, and nothing else changes.

use proptest::prelude::*;

use super::insertion::body_parameters;
use super::insertion::in_template;
use super::insertion::insertion_points;
use super::insertion::insertion_points_in;
use super::insertion::parameter;
use super::insertion::place_all;
use crate::model::Header;
use crate::model::InsertionKind;
use crate::model::Method;
use crate::model::Request;
use crate::model::Target;
use crate::plan::Strength;

fn get(target: &str) -> Request {
    let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
    Request::get(origin, target)
}

fn post(kind: &str, body: &str) -> Request {
    let mut request = get("/x");
    request.method = Method::new("POST");
    request.headers.push(Header::new("Content-Type", kind));
    request.body = body.as_bytes().to_vec();
    request
}

fn names(request: &Request) -> Vec<String> {
    insertion_points(request).iter().map(|point| point.reference.to_string()).collect()
}

#[test]
fn query_form_json_and_value_like_segments_are_points() {
    assert_eq!(
        names(&get("/items/42/x?a=1&b&=&c=%20")),
        ["query `a`", "query `b`", "query ``", "query `c`", "path `2`"]
    );
    let form = post("application/x-www-form-urlencoded; charset=utf-8", "u=a+b&p=");
    assert_eq!(names(&form), ["form `u`", "form `p`"]);
    assert_eq!(insertion_points(&form)[0].value, "a b");
    let json = post("application/json", r#"{"a":{"b/c":[1,"x",true]},"d":null}"#);
    assert_eq!(names(&json), ["json `/a/b~1c/0`", "json `/a/b~1c/1`"]);
    assert_eq!(names(&post("text/plain", "a=1")), Vec::<String>::new());
}

#[test]
fn values_at_several_points_do_not_get_into_each_others_way() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--b\r\n\
        Content-Disposition: form-data; name=\"f\"; filename=\"x.png\"\r\n\
        Content-Type: image/png\r\n\r\ny\r\n--b--\r\n";
    let form = post("multipart/form-data; boundary=b", body);
    let mut points = insertion_points(&form);
    points.extend(super::aside(&form, Strength::Low));
    let values: Vec<_> =
        points.iter().enumerate().map(|(at, it)| (it, format!("{}-{at}", it.value))).collect();
    let placed = place_all(&form, &values);
    let text = String::from_utf8_lossy(&placed.body).into_owned();
    for part in ["one-0", "filename=\"x.png-1\"", "Content-Type: image/png-2", "y-3\r\n--b--"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn multipart_fields_and_graphql_arguments_are_points() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--b\r\n\
        Content-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\ny\r\n--b--\r\n";
    let form = post("multipart/form-data; boundary=b", body);
    assert_eq!(names(&form), ["form `a`"]);
    let placed = insertion_points(&form)[0].place(&form, "t\"wo");
    assert_eq!(parameter(&placed, "a").as_deref(), Some("t\"wo"));
    assert_eq!(body_parameters(&form), ["a"]);
    let query =
        r#"{"query":"{ user(id: 7, name: \"x\\\"y\", on: true) { id } }","variables":{"v":"1"}}"#;
    let graphql = post("application/json", query);
    assert_eq!(names(&graphql), ["json `/variables/v`", "json `/query/id`", "json `/query/name`"]);
    let points = insertion_points(&graphql);
    assert_eq!((points[1].value.as_str(), points[2].value.as_str()), ("7", "x\"y"));
    let placed = points[2].place(&graphql, "z'\"");
    assert!(String::from_utf8_lossy(&placed.body).contains(r#"name: \"z'\\\"\", on"#));
}

#[test]
fn members_and_json_are_placed_where_they_can_be() {
    let request = get("/x?a=1&b=2");
    let points = insertion_points(&request);
    let placed = points[1].place_member(&request, "$in/", "z&").expect("a pair");
    assert_eq!(placed.path_and_query_text(), "/x?a=1&b[%24in][]=z%26");
    let operator = serde_json::json!({"$ne": 1});
    assert_eq!(points[0].place_json(&request, &operator), None);
    let json = post("application/json", r#"{"a":{"b":1},"c":2}"#);
    let points = insertion_points(&json);
    let placed = points[0].place_json(&json, &operator).expect("a leaf");
    assert_eq!(placed.body, br#"{"a":{"b":{"$ne":1}},"c":2}"#);
    assert_eq!(points[0].place_member(&json, "$ne", "1"), None);
}

#[test]
fn variables_of_a_query_in_an_address_are_points() {
    let request = get("/graphql?query=query%7Ba%7D&variables=%7B%22in%22%3A%7B%22id%22%3A7%7D%7D");
    assert_eq!(names(&request), ["query `variables/in/id`"]);
    let placed = insertion_points(&request)[0].place(&request, "x'");
    assert_eq!(parameter(&placed, "variables"), None, "it is taken apart");
    assert_eq!(insertion_points(&placed)[0].value, "x'");
    assert!(placed.path_and_query.starts_with(b"/graphql?query=query%7Ba%7D&variables=%7B"));
    assert_eq!(
        names(&get("/find?query=kettle&variables=1")),
        ["query `query`", "query `variables`"]
    );
}

#[test]
fn what_a_template_leaves_open_is_a_value() {
    let request = get("/docs/p17.html?x=1");
    let points = insertion_points_in(&request, "/docs/p{id}.html");
    assert_eq!((points[1].value.as_str(), points[1].reference.name.as_str()), ("17", "2"));
    let placed = points[1].place(&request, "a/b");
    assert_eq!(placed.path_and_query, b"/docs/pa%2Fb.html?x=1");
    assert_eq!(points[1].open_path("/docs/p17.html?x=1"), "/docs/p{}.html");
    assert_eq!(points[0].open_path("/docs/p17.html?x=1"), "/docs/p17.html");
    for (path, template, values) in [
        ("/blog/first-post", "/blog/{slug}", vec!["first-post"]),
        ("/user/ann/posts/9", "/user/{slug}/posts/{id}", vec!["ann", "9"]),
        ("/blog/a/b", "/blog/{path}", vec![]),
        ("/blog/", "/blog/{slug}", vec![]),
        ("/blog/x", "/blog/y{id}", vec![]),
        ("/blog/x-y", "/blog/{a}-{b}", vec![]),
    ] {
        let points = insertion_points_in(&get(path), template);
        let found: Vec<_> = points.into_iter().map(|point| point.value).collect();
        assert_eq!(found, values, "{path} {template}");
    }
    let (name, point) = in_template(&get("/a/x%20y"), 2, "{title}").expect("it is open");
    assert_eq!((name.as_str(), point.value.as_str()), ("title", "x y"));
}

#[test]
fn a_parameter_can_be_left_out() {
    let left = |request: &Request, index: usize| insertion_points(request)[index].without(request);
    let target = |request: Option<Request>| request.expect("it can").path_and_query;
    assert_eq!(target(left(&get("/x?a=1&b=2"), 0)), b"/x?b=2");
    let json = post("application/json", r#"{"n":1,"s":{"t":"x","u":2}}"#);
    assert_eq!(left(&json, 1).expect("it can").body, br#"{"n":1,"s":{"u":2}}"#);
    assert_eq!(left(&get("/items/42"), 0), None);
}

#[test]
fn only_the_named_place_changes() {
    let request = get("/items/42?a=%41&b=2");
    let points = insertion_points(&request);
    let placed = |index: usize, value: &str| {
        points[index].place(&request, value).path_and_query_text().into_owned()
    };
    assert_eq!(placed(0, "x' y&z"), "/items/42?a=x%27%20y%26z&b=2");
    assert_eq!(placed(2, "4/2"), "/items/4%2F2?a=%41&b=2");
    let json = post("application/json", r#"{"n":1,"s":"x"}"#);
    let points = insertion_points(&json);
    assert_eq!(points[0].place(&json, "1\"").body, br#"{"n":"1\"","s":"x"}"#);
}

proptest! {
    #[test]
    fn what_is_placed_is_what_is_read_back(value in any::<String>(), other in "[a-z%&=+]{0,8}") {
        let request = get(&format!("/p/7?a=1&{other}"));
        for point in insertion_points(&request) {
            // An empty segment is no value-like segment any more.
            if point.reference.kind == InsertionKind::Query {
                let placed = point.place(&request, &value);
                let again = insertion_points(&placed);
                prop_assert!(again.iter().any(|read| read.reference == point.reference && read.value == value));
            }
        }
    }
}

#[test]
fn xml_texts_and_attributes_are_points_and_stay_well_formed() {
    let body = "<?xml version='1.0'?>\n<order id=\"7\"><!-- x --><item>  lamp &amp; oil </item><item q='2'/></order>";
    let request = post("application/xml", body);
    assert_eq!(names(&request), ["xml `/order/@id`", "xml `/order/item`", "xml `/order/item/@q`"]);
    let points = insertion_points(&request);
    assert_eq!((points[0].value.as_str(), points[1].value.as_str()), ("7", "lamp & oil"));
    let placed = String::from_utf8(points[1].place(&request, "a<b>'\"").body).expect("text");
    assert!(placed.contains("<item>  a&lt;b&gt;&apos;&quot; </item>"), "{placed}");
    let placed = String::from_utf8(points[0].place(&request, "\"x").body).expect("text");
    assert!(placed.starts_with("<?xml version='1.0'?>\n<order id=\"&quot;x\"><!--"), "{placed}");
    assert_eq!(
        names(&post("application/soap+xml", "<a><b>1</b><c>2")),
        ["xml `/a/b`", "xml `/a/c`"]
    );
}

#[test]
fn files_have_a_name_a_type_and_a_content() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.png\"\r\n\
        Content-Type: image/png\r\n\r\ny\r\n--b--\r\n";
    let form = post("multipart/form-data; boundary=b", body);
    let points = super::aside(&form, Strength::Low);
    let seen: Vec<_> =
        points.iter().map(|point| (point.reference.to_string(), point.value.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("file `f/filename`".to_owned(), "x.png"),
            ("file `f/type`".to_owned(), "image/png"),
            ("file `f/content`".to_owned(), "y")
        ]
    );
    let placed = String::from_utf8(points[0].place(&form, "../\"a\".html").body).expect("text");
    assert!(placed.contains("filename=\"../%22a%22.html\"\r\nContent-Type: image/png"), "{placed}");
    let placed = String::from_utf8(points[1].place(&form, "text/html").body).expect("text");
    assert!(placed.contains("Content-Type: text/html\r\n\r\ny"), "{placed}");
}

#[test]
fn what_is_beside_the_values_grows_with_strength() {
    let mut request = get("/x?a=1");
    request.headers.push(Header::new("Cookie", "s=1; t=two"));
    request.headers.push(Header::new("X-Api-Version", "3"));
    request.headers.push(Header::new("Accept", "text/html"));
    let named = |strength| {
        let points = super::aside(&request, strength);
        points.iter().map(|point| point.reference.to_string()).collect::<Vec<_>>()
    };
    assert!(named(Strength::Low).is_empty());
    let medium = named(Strength::Medium);
    assert_eq!(medium[..3], ["cookie `s`", "cookie `t`", "header `X-Api-Version`"]);
    let high = named(Strength::High);
    assert_eq!(
        high[medium.len()..],
        ["parameter_name `a`", "raw_query `query`", "header_name `X-Extra`"]
    );
    let point = |name: &str| {
        let points = super::aside(&request, Strength::High);
        points.into_iter().find(|point| point.reference.name == name).expect("it is one")
    };
    let placed = point("t").place(&request, "a; b'\u{e9}=");
    let cookie = placed.header("cookie").expect("it has one").text().into_owned();
    assert_eq!(cookie, "s=1; t=a%3B b'\u{e9}=");
    // What came with escapes is meant without them, and is sent with them.
    let mut written = get("/");
    written.headers.push(Header::new("Cookie", "p=a%3A1%3B; q=100%"));
    let points = super::aside(&written, Strength::Medium);
    let of = |name: &str| points.iter().find(|point| point.reference.name == name).expect("known");
    assert_eq!((&*of("p").value, &*of("q").value), ("a:1;", "100%"));
    let placed = of("p").place(&written, "a:2;");
    assert_eq!(placed.header("cookie").expect("it has one").text(), "p=a%3A2%3B; q=100%");
    let placed = point("X-Api-Version").place(&request, "4'\r\nX: y");
    let value = placed.header("x-api-version").expect("it has one").text().into_owned();
    assert_eq!(value, "4'%0D%0AX: y");
    let placed = point("query").place(&request, "<'\"> #");
    assert_eq!(placed.path_and_query, b"/x?<'\">%20%23");
    let placed = point("a").place(&request, "b[$ne]");
    assert_eq!(placed.path_and_query, b"/x?b%5B%24ne%5D=1");
}

proptest! {
    #[test]
    fn hostile_bodies_are_read(body in r"(<a>|</a>|<b c='|'/>|&lt;|<!\[CDATA\[|\]\]>|x|<!--){0,20}") {
        let request = post("text/xml", &body);
        for point in insertion_points(&request) {
            let placed = point.place(&request, "v");
            prop_assert!(placed.body.len() < body.len() + 10);
        }
    }
}
