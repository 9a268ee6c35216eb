//! The language, over a few variables.

use super::{Expression, Value, value_with};

fn variable(name: &str) -> Option<Value<'static>> {
    Some(match name {
        "status_code" => Value::Number(200.0),
        "body" => Value::text("Hello\nWorld"),
        "template-id" => Value::text("x"),
        "list" => Value::List(vec![Value::text("a"), Value::text("b")]),
        "yes" => Value::Bool(true),
        _ => return None,
    })
}

fn value_of(text: &str) -> Result<String, String> {
    value_with(text, 7, &variable)
}

fn gives(cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        assert_eq!(value_of(text).as_deref(), Ok(*wanted), "{text}");
    }
}

fn mistake(text: &str) -> String {
    match Expression::parse(text) {
        Ok(expression) => panic!("{text} is {expression:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn arithmetic_precedence_is_left_associative() {
    gives(&[
        ("1 + 2 * 3", "7"),
        ("10 - 3 - 2", "5"),
        ("2 ** 3 ** 2", "64"),
        ("-2 ** 2", "4"),
        ("7 % 4 + .5", "3.5"),
        ("0x1F + 1", "32"),
        ("1 << 4 | 1", "17"),
        ("6 & 3 == 2", "true"),
        ("~0", "-1"),
        ("1 / 0 > 1", "true"),
    ]);
}

#[test]
fn logic_binds_looser_than_comparison_and_short_circuits() {
    gives(&[
        ("1 < 2 && 2 < 1 || yes", "true"),
        ("yes || missing == 1", "true"),
        ("!yes && missing == 1", "false"),
        ("!(1 == 2)", "true"),
        ("yes ? 'a' : 'b'", "\"a\""),
        ("!yes ? 'a' : 'b'", "\"b\""),
        ("(!yes ? 'a') ?? 'c'", "\"c\""),
    ]);
}

#[test]
fn comparison_never_converts() {
    gives(&[
        ("status_code == \"200\"", "false"),
        ("status_code != \"200\"", "true"),
        ("'a' < 'b'", "true"),
        ("status_code in (200, 201)", "true"),
        ("'x' in ('y', 'z')", "false"),
    ]);
    assert!(value_of("'a' < 1").is_err());
    assert!(value_of("1 && yes").is_err());
    assert!(value_of("1 in 2").is_err());
}

#[test]
fn a_backslash_stands_for_the_next_character_itself() {
    gives(&[
        (r#""a\nb""#, "\"anb\""),
        (r"'it\'s'", "\"it's\""),
        (r#""\\d""#, "\"\\d\""),
        ("'status ' + status_code", "\"status 200\""),
        ("[template-id]", "\"x\""),
    ]);
}

#[test]
fn functions_work_on_texts_under_both_spellings() {
    gives(&[
        ("contains(body, 'World') && !contains(body, 'world')", "true"),
        ("contains(tolower(body), 'world')", "true"),
        ("contains_all(body, 'Hello', 'World')", "true"),
        ("containsany(body, 'x', 'World')", "true"),
        ("starts_with(body, 'x', 'Hell') && ends_with(body, 'World')", "true"),
        ("line_starts_with(body, 'Wor') && !line_starts_with(body, 'orl')", "true"),
        ("line_ends_with(body, 'Hello')", "true"),
        (r"regex('^Hello\\sW', body)", "true"),
        ("body =~ '(?i)WORLD' && body !~ 'x'", "true"),
        ("regex_any('l+o', 'x', body) && !regex_all('l+o', 'x', body)", "true"),
        ("len(body)", "11"),
        ("len(list)", "2"),
        ("join('-', list, 3)", "\"a-b-3\""),
        ("concat('a', 1, yes)", "\"a1true\""),
        ("repeat('ab', 2)", "\"abab\""),
        ("replace('a.b.c', '.', '')", "\"abc\""),
        (r"replace_regex('a1b22', '\\d+', '#')", "\"a#b#\""),
        ("replace_regex('ab', '(a)(b)', '$2$1')", "\"ba\""),
        ("trim('--a--', '-') + trim_left('--a', '-') + trim_right('a--', '-')", "\"aaa\""),
        ("trim_prefix('abc', 'a') + trim_suffix('abc', 'c') + trim_space(' x ')", "\"bcabx\""),
        ("to_number('12') + 1", "13"),
        ("reverse('abc') + to_upper('x') + to_string(2.50)", "\"cbaX2.5\""),
        ("equals_any('a', 'b', 'a')", "true"),
    ]);
}

#[test]
fn a_missing_variable_is_an_error() {
    assert_eq!(value_of("!contains(location, 'x')"), Err("no variable `location`".to_owned()));
}

#[test]
fn texts_do_not_grow_without_bound() {
    assert!(value_of("len(repeat(repeat('a', 10000), 10000))").is_err());
    assert!(value_of("len(repeat('a', 1 / 0))").is_err());
    assert!(value_of("len(replace(repeat('a', 10000), 'a', repeat('b', 10000)))").is_err());
    assert!(value_of("len(replace_regex(repeat('a', 10000), 'a', repeat('$0', 10000)))").is_err());
}

#[test]
fn deep_and_long_expressions_are_refused_before_they_cost_stack() {
    assert!(value_of(&"(".repeat(10_000)).is_err());
    assert!(value_of(&format!("1{}", " + 1".repeat(10_000))).is_err());
    assert_eq!(value_of(&format!("1{}", " + 1".repeat(499))).as_deref(), Ok("500"));
    assert!(value_of(&format!("{}1{}", "(".repeat(45), ")".repeat(45))).is_ok());
    let level = "1 == 1 & 1 << 1 + 1 * 1 ** (";
    let deep = format!("{}1{}", level.repeat(49), ")".repeat(49));
    assert!(Expression::parse(&deep).is_ok());
    assert!(value_of(&deep).is_err(), "a truth is no number");
}

#[test]
fn mistakes_are_named_with_their_place() {
    let at = |text: &str| Expression::parse(text).map(|_| ()).expect_err("wrong");
    insta::assert_snapshot!(at("a ==!b"), @"`==!` is not an operator; separate operators with spaces");
    insta::assert_snapshot!(at("'open"), @"the text is not closed with '");
    insta::assert_snapshot!(at("!'x'"), @"`!` stands before a text or another operator");
    insta::assert_snapshot!(at("a b"), @"an operator is missing before this");
    insta::assert_snapshot!(at("f(a"), @"unknown function `f`");
    insta::assert_snapshot!(at("contains(a, 'b'"), @"this parenthesis is not closed");
    insta::assert_snapshot!(at("()"), @"these parentheses are empty");
    insta::assert_snapshot!(at("1.2.3"), @"`1.2.3` is not a number");
    insta::assert_snapshot!(at("regex('(', a)"), @"`(` is not a regular expression: unclosed group");
    assert_eq!(at("a == 1 b").at, 7);
}

#[test]
fn a_text_that_is_a_date_is_a_number_of_seconds() {
    gives(&[
        ("'2023-05-31' == 1685491200", "true"),
        ("'2023-05-31 10:00' - '2023-05-31'", "36000"),
        ("'2023-05-31T10:00:00+02:00' == '2023-05-31T08:00:00Z'", "true"),
        ("'Wed May 31 10:00:00 2023' == '2023-05-31 10:00:00'", "true"),
        ("'2023-02-30' == 'x'", "false"),
        ("concat('2023-05-31')", "\"1685491200\""),
        ("len('2023-05-31x')", "11"),
        ("'12:30' + ''", "\"12:30\""),
    ]);
    // The variable is a text; only literals become numbers.
    let date = |name: &str| (name == "date").then(|| Value::text("2023-05-31"));
    assert_eq!(value_with("date == '2023-05-31'", 7, &date).as_deref(), Ok("false"));
}

#[test]
fn names_may_have_escapes_brackets_and_dots() {
    gives(&[(r"template\-id", "\"x\""), ("[template-id] + ''", "\"x\""), ("1 IN (1, 2)", "true")]);
    assert_eq!(value_of("yes.Field"), Err("`yes.Field`: no value has fields".to_owned()));
    assert_eq!(value_of("yes.Method(1, 2)"), Err("`yes.Method`: no value has fields".to_owned()));
    assert_eq!(mistake("yes.field"), "`yes.field`: a field's name starts upper-case, not `.field`");
    assert_eq!(mistake("yes."), "`yes.`: a field's name starts upper-case, not `.`");
}

#[test]
fn sums_with_texts_show_numbers_as_go_does() {
    gives(&[
        ("'' + 1000000000000000000000", "\"1e+21\""),
        ("0.00001 + ''", "\"1e-05\""),
        ("'' + (1 / 0)", "\"+Inf\""),
        ("'' + (!yes ? 1)", "\"<nil>\""),
        ("'' + list + yes", "\"[a b]true\""),
        ("to_string(1000000000000000000000)", "\"1000000000000000000000\""),
    ]);
    assert!(value_of("yes + list").is_err());
}

#[test]
fn a_marker_in_a_text_is_filled_in_and_nowhere_else() {
    let quoted = |name: &str| (name == "name").then(|| Value::text("it's \\ \"quoted\""));
    for text in ["'{{name}}'", "\"{{name}}\"", "'§name§'"] {
        assert_eq!(value_with(text, 7, &quoted).as_deref(), Ok("\"it's \\ \"quoted\"\""), "{text}");
    }
    gives(&[
        ("'a{{status_code}}b'", "\"a200b\""),
        ("'{{to_upper(body)}}' == toupper(body)", "true"),
        ("'{{no_such}}{{7*7}}'", "\"{{no_such}}{{7*7}}\""),
        ("regex('^{{status_code}}$', '200')", "true"),
        ("'200' =~ '{{status_code}}'", "true"),
    ]);
    assert!(mistake("{{body}} == 'x'").starts_with("`{{`"));
    assert!(value_of("'{{hex_decode(body)}}'").is_err());
}

#[test]
fn a_call_that_cannot_work_is_told_apart_from_bad_grammar() {
    let misuse = |text: &str| Expression::parse(text).map(|_| ()).expect_err("wrong").is_misuse;
    for text in ["md5()", "md5(1, 2)", "regex('(', body)", "resolve('x') == 'y'", "len(md5())"] {
        assert!(misuse(text), "{text}");
    }
    for text in ["md5() md5()", "md5(1, 2", "nothing(1)", "body =~ '('", "md5() + ,", "md5(1,)"] {
        assert!(!misuse(text), "{text}");
    }
    let tolerated = Expression::tolerant("yes || md5()").expect("the grammar holds");
    assert_eq!(tolerated.misuse().map(|error| error.at), Some(7));
    let yes = |value: bool| move |_: &str| Some(Value::Bool(value));
    let holds = |value| super::with_environment(0, |e| tolerated.holds(&yes(value), e));
    assert_eq!(holds(true).ok(), Some(true));
    assert_eq!(holds(false).expect_err("no value").to_string(), "`md5` takes 1 argument, not 0");
    assert_eq!(mistake("md5()"), "`md5` takes 1 argument, not 0");
    assert_eq!(mistake("join('a')"), "`join` takes 2 or more arguments, not 1");
    assert_eq!(mistake("substr('a')"), "`substr` takes 2 to 3 arguments, not 1");
    assert_eq!(mistake("resolve('a')"), "`resolve` is refused: it asks name servers by itself");
    let gadget = mistake("generate_java_gadget('groovy1', 'id', 'raw')");
    assert!(gadget.contains("is refused: the gadget runs a command on the target"), "{gadget}");
    let refused = |text: &str| Expression::parse(text).map(|_| ()).expect_err("wrong").is_refusal;
    assert!(refused("generate_java_gadget('jdk7u21', body, 'raw') == 'x'"));
    assert!(!refused("md5()"));
    assert!(Expression::parse("generate_java_gadget('dns', 'http://h', 'raw')").is_ok());
}

#[test]
fn what_follows_what_is_as_strict_as_the_grammar() {
    for text in [
        "'a' 'b'",
        "(1) 2",
        "1 (2)",
        "(1)(2)",
        "1 +",
        "+ 1",
        "! !yes",
        "!!yes",
        "- -1",
        "-'a'",
        "~'a'",
        "1 ==2 3",
        "()",
        "f()",
        "md5",
        "md5 == 'x' md5('a')",
        "1 in",
        "in (1, 2)",
        "a,b",
        "(1 2)",
        "(1,",
        "yes ? : 1",
        "[open",
        "1.2.3",
        "0x",
        "0xg",
        "#",
        "a ==-1",
        "_x",
        "1e5",
        "'a\" == 'b",
    ] {
        assert!(!mistake(text).is_empty());
    }
    gives(&[
        ("yes ? 1 : 2 + 3", "1"),
        ("!yes ? 1 : 2 + 3", "5"),
        ("1 == 1 == yes", "true"),
        ("(1) == - 1", "false"),
        ("-status_code + -(1)", "-201"),
        ("contains((body, 'World'))", "true"),
    ]);
}

#[test]
fn expressions_tell_what_they_need() {
    let parsed = |text: &str| Expression::parse(text).expect("an expression");
    let expression = parsed("contains(body, '{{a}}-{{md5(b)}}') && body == c || regex('x', body)");
    assert_eq!(expression.variables().collect::<Vec<_>>(), ["body", "a", "b", "c"]);
    assert_eq!(expression.functions().collect::<Vec<_>>(), ["contains", "md5", "regex"]);
    for text in ["md5(a)", "date_time('%Y', 5)", "generate_jwt(a, 'HS256', 's')", "to_unix_time(a)"]
    {
        assert!(parsed(text).is_deterministic(), "{text}");
    }
    for text in [
        "rand_int()",
        "len(rand_base(3))",
        "date_time('%Y')",
        "unix_time() > 5",
        "public_ip()",
        "'{{rand_int()}}'",
        "generate_jwt(a, 'HS256', 's', 9)",
        "wait_for(1)",
        "(1, aes_gcm(a, b))",
    ] {
        assert!(!parsed(text).is_deterministic(), "{text}");
    }
}
