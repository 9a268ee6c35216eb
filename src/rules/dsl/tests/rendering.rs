//! Text with markers.

use std::cell::Cell;

use proptest::strategy::Strategy as _;

use super::super::{Text, Value, unresolved};
use super::with_environment;

fn variable(name: &str) -> Option<Value<'static>> {
    Some(match name {
        "Host" => Value::text("127.0.0.1"),
        "Item" => Value::text("PING"),
        "a" => Value::text("aa"),
        "foo-bar" => Value::text("baz"),
        "number" => Value::Number(7.0),
        "list" => Value::List(vec![Value::text("x"), Value::text("y")]),
        "hostile" => Value::text("{{secret}}', 'x') || md5('"),
        "call" => Value::text("{{md5('x')}}"),
        "later" => Value::text("{\"id\":\"{{contact}}\",\"e\":\"{{email}}\"}"),
        "secret" => Value::text("told"),
        "odd" => Value::text("a\nb\tc\\e'f\"g"),
        _ => return None,
    })
}

fn rendered(text: &str) -> Result<String, String> {
    let text = Text::compile(text);
    with_environment(7, |environment| {
        let rendered = text.render(&variable, environment).map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&rendered).into_owned())
    })
}

fn gives(cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        assert_eq!(rendered(text).as_deref(), Ok(*wanted), "{text}");
    }
}

#[test]
fn names_are_filled_in_wherever_they_stand() {
    gives(&[
        ("http://{{Host}}/{{Item}}", "http://127.0.0.1/PING"),
        ("foo: {{foo-bar}} §foo-bar§", "foo: baz baz"),
        ("{{ Item }}", "PING"),
        ("{{number}}{{list}}", "7[x y]"),
        ("{{unknown {{Item}} }}", "{{unknown PING }}"),
        ("{{{Item}}}", "{{{Item}}}"),
        ("{{{{{Item}}", "{{{PING"),
        ("{{Item", "{{Item"),
        ("§Item", "§Item"),
        ("100% {x} §", "100% {x} §"),
        ("", ""),
    ]);
}

#[test]
fn expressions_are_what_parses_and_names_something_known() {
    gives(&[
        ("{{hex_encode('PING')}}\r\n", "50494e47\r\n"),
        ("{{hex_encode(Item)}}", "50494e47"),
        ("\"{{hex_encode('PING')}}\"", "\"50494e47\""),
        ("{{unknown}}{{hex_encode('PING')}}", "{{unknown}}50494e47"),
        ("{{url_encode('test}aaa')}}", "test%7Daaa"),
        ("{{hex_encode('{{')}}", "7b7b"),
        (r#"{{concat("{{", 123, "*", 123, "}}")}}"#, "{{123*123}}"),
        (r#"{{"{{" + '123*123' + "}}"}}"#, r#"{{"{{" + '123*123' + "}}"}}"#),
        ("{{a + '123*123' + a}}", "aa123*123aa"),
        ("{{1+1}}{{10/2}}{{'a' + 'b'}}{{}}", "{{1+1}}{{10/2}}{{'a' + 'b'}}{{}}"),
        (r#"{{base64("{\"a\":{\"b\":\"\"}}")}}"#, "eyJhIjp7ImIiOiIifX0="),
    ]);
    assert_eq!(rendered("{{len(Item)}}-{{len(Item)}}").as_deref(), Ok("4-4"));
    assert_eq!(rendered("{{Item == 'PING'}}").as_deref(), Ok("true"));
}

#[test]
fn markers_in_the_strings_of_an_expression_are_filled_in() {
    gives(&[
        ("{{base64('{{Host}}')}}", "MTI3LjAuMC4x"),
        ("{{base64('§Host§')}}", "MTI3LjAuMC4x"),
        ("{{to_upper('{{odd}}')}}", "A\nB\tC\\E'F\"G"),
        ("{{to_upper('§odd§')}}", "A\nB\tC\\E'F\"G"),
        ("{{to_upper('{{md5(1)}}')}}", "{{MD5(1)}}"),
    ]);
}

#[test]
fn values_are_data() {
    gives(&[
        ("{{call}}", "{{md5('x')}}"),
        ("{{hostile}}", "{{secret}}', 'x') || md5('"),
        ("{{contains('{{hostile}}', 'needle')}}", "false"),
        ("{{len(hostile) == 28}}", "{{secret}}"),
        ("{{{{Item}}", "{{PING"),
    ]);
}

#[test]
fn what_is_still_to_be_filled_in_is_not_hidden_by_a_function() {
    gives(&[
        ("{{base64(later)}}", "{{contact}}{{email}}"),
        ("{{concat(call, '-x')}}", "{{md5('x')}}-x"),
        ("{{concat(later, '')}}", "{\"id\":\"{{contact}}\",\"e\":\"{{email}}\"}"),
        ("{{later != ''}}", "true"),
    ]);
}

#[test]
fn an_expression_without_a_value_is_an_error_that_tells_no_values() {
    let error = rendered("{{hex_decode('{{secret}}')}}").expect_err("told is not hexadecimal");
    assert_eq!(error, "`{{hex_decode('{{secret}}')}}`: `hex_decode`: the text is not hexadecimal");
    assert!(rendered("{{base64()}}").is_err());
    assert!(rendered("{{md5(missing)}}").is_err());
    let text = Text::compile("{{base64()}} {{resolve(Host)}} {{md5(Host)}} {{base64(}}");
    let problems: Vec<String> = text.problems().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "`base64` takes 1 argument, not 0",
            "`resolve` is refused: it asks name servers by itself"
        ]
    );
}

#[test]
fn every_callback_marker_has_a_host_of_its_own() {
    let count = Cell::new(0);
    let lookup = |name: &str| {
        (name == "interactsh-url").then(|| {
            count.set(count.get() + 1);
            Value::from(format!("h{}.example", count.get()))
        })
    };
    let render = |text: &str| {
        let text = Text::compile(text);
        let rendered = with_environment(0, |environment| text.render(&lookup, environment));
        String::from_utf8(rendered.expect("a text")).expect("UTF-8")
    };
    assert_eq!(render("{{interactsh-url}} {{interactsh-url_1_22_3}}"), "h1.example h2.example");
    assert_eq!(render("%7B%7binteractsh-url%7d%7D"), "h3.example");
    assert_eq!(
        render("{{to_upper('{{interactsh-url}}/%7B%7Binteractsh-url%7D%7D')}}"),
        "H4.EXAMPLE/H5.EXAMPLE"
    );
    for text in [
        "{{interactsh-url_}}",
        "{{interactsh-url_1_2_3_4}}",
        "%7B%7Binteractsh-url}}",
        "{{interactsh-url%7D%7D",
        "%7B{interactsh-url}}",
    ] {
        assert_eq!(render(text), text);
    }
    assert_eq!(count.get(), 5);
}

#[test]
fn texts_tell_what_they_need() {
    let text = Text::compile("{{a}} {{md5(b)}} §c§ {{interactsh-url}} {{rand_int()}} {{x-y}}");
    let names: std::collections::BTreeSet<&str> = text.variables().collect();
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["a", "b", "c", "interactsh-url", "x", "x-y", "y"]
    );
    assert_eq!(text.functions().collect::<Vec<_>>(), ["md5", "rand_int"]);
    assert!(!text.is_deterministic() && !text.is_plain());
    assert!(Text::compile("GET / {\"a\": 100%}").is_plain());
}

#[test]
fn what_is_left_over_is_told_unless_it_is_meant() {
    let cases: [(&str, Option<&str>); 12] = [
        ("{{test}}", Some("test")),
        ("{{test}}/{{another}}", Some("test,another")),
        ("test", None),
        ("%7b%7btest%7d%7D", Some("test")),
        ("%7B%7Bfirst%2Asecond%7D%7D", Some("first%2Asecond")),
        ("{{7*7}}", None),
        ("{{'a'+'b'}}", None),
        ("{{'a'}}", None),
        ("{{md5('x')}}", None),
        ("{{md5(x)}}", Some("md5(x)")),
        ("{ {x} } {{ }}", None),
        ("{{a}} {{7*7}} {{b", Some("a")),
    ];
    for (text, wanted) in cases {
        assert_eq!(unresolved(text.as_bytes()).as_deref(), wanted, "{text}");
    }
}

#[test]
fn texts_do_not_grow_without_bound() {
    let long = "x".repeat(9 << 20);
    let lookup = |_: &str| Some(Value::text(&long));
    let text = Text::compile("{{a}}{{b}}");
    assert!(with_environment(0, |environment| text.render(&lookup, environment)).is_err());
    let many = "{{".repeat(20_000) + &"'".repeat(20_000);
    assert_eq!(rendered(&many).as_deref(), Ok(&many[..]));
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_rendered(text in ".{0,60}", parts in proptest::collection::vec(part(), 0..12)) {
        let text = parts.concat() + &text;
        let compiled = Text::compile(&text);
        if compiled.is_plain() {
            assert_eq!(rendered(&text).as_deref(), Ok(&text[..]));
        }
        let _ = rendered(&text).map(|rendered| unresolved(rendered.as_bytes()));
        let _ = super::Expression::parse(&text);
    }
}

/// Pieces from which markers and expressions come about.
fn part() -> impl proptest::strategy::Strategy<Value = String> {
    proptest::sample::select(vec![
        "{{",
        "}}",
        "{",
        "}",
        "§",
        "a",
        "Host",
        "'",
        "\"",
        "\\",
        "(",
        ")",
        "[",
        "]",
        ",",
        " ",
        "==",
        "+",
        "-",
        "!",
        "&&",
        "?",
        ":",
        "md5(",
        "len(Item)",
        "interactsh-url",
        "%7B%7B",
        "%7D%7D",
        "0x",
        "1",
        ".",
        "in",
        "{{md5(Item)}}",
        "'{{a}}'",
        "=~ 'a'",
        "2023-05-31",
        "regex('(',",
    ])
    .prop_map(str::to_owned)
}
