//! Flows and their steps.

use insta::assert_snapshot;

use super::BASE;
use super::ONE;
use super::said;

#[test]
fn an_unknown_request() {
    assert_snapshot!(said(ONE, "flows: { f: [ { use: hoem } ] }\n"), @r#"
     × unknown request `hoem`, did you mean `home`?
      ╭─[plan.yml:4:22]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: hoem } ] }
      ·                      ────
      ╰────
    "#);
}

#[test]
fn an_empty_flow() {
    assert_snapshot!(said(ONE, "flows: { f: [] }\n"), @r#"
     × flow `f` sends nothing
      ╭─[plan.yml:4:10]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [] }
      ·          ─
      ╰────
     help: add a step `{ use: REQUEST }`
    "#);
}

#[test]
fn a_flow_without_a_request() {
    assert_snapshot!(said(ONE, "flows: { f: [ { think: 1s } ] }\n"), @r#"
     × flow `f` sends nothing
      ╭─[plan.yml:4:10]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { think: 1s } ] }
      ·          ─
      ╰────
     help: add a step `{ use: REQUEST }`
    "#);
}

#[test]
fn a_think_time_without_unit_and_one_backwards() {
    assert_snapshot!(said(ONE, "flows: { f: [ { use: home }, { think: 5 }, { think: 3s..1s } ] }\n"), @r#"
     × `5` has no unit; write `5s` or `5ms`
      ╭─[plan.yml:4:39]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home }, { think: 5 }, { think: 3s..1s } ] }
      ·                                       ─
      ╰────
     × `3s..1s` goes backwards; write the shorter time first
      ╭─[plan.yml:4:53]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home }, { think: 5 }, { think: 3s..1s } ] }
      ·                                                     ──────
      ╰────
    "#);
}

#[test]
fn a_step_that_does_two_things() {
    assert_snapshot!(said(ONE, "flows: { f: [ { use: home, think: 1s }, {}, { chance: 0.5 } ] }\n"), @r###"
     × a step does one thing: `use` or `think`
      ╭─[plan.yml:4:28]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home, think: 1s }, {}, { chance: 0.5 } ] }
      ·                            ─────
      ╰────
     help: write two steps, `{ use: … }` and `{ think: … }`; `do: [ … ]` makes one of them
     × a step that does nothing
      ╭─[plan.yml:4:41]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home, think: 1s }, {}, { chance: 0.5 } ] }
      ·                                         ─
      ╰────
     help: give it one of `use`, `think`, `pacing`, `do`, `choose`, `switch` and `parallel`
     × a step that does nothing
      ╭─[plan.yml:4:45]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home, think: 1s }, {}, { chance: 0.5 } ] }
      ·                                             ─
      ╰────
     help: give it one of `use`, `think`, `pacing`, `do`, `choose`, `switch` and `parallel`
    "###);
}

#[test]
fn words_around_a_step_that_make_no_sense() {
    assert_snapshot!(said(ONE, "\
flows:
  f:
    - { use: home, chance: 1.5, repeat: 3..2 }
    - { use: home, chance: 0, repeat: 0 }
    - { use: home, max: 3 }
    - { use: home, else: [] }
    - { think: 1s, extract: { x: { header: y } } }
    - { do: [], chnce: 1 }
"), @r###"
 × expected a chance above 0, up to 1; found `1.5`
  ╭─[plan.yml:6:28]
5 │   f:
6 │     - { use: home, chance: 1.5, repeat: 3..2 }
  ·                            ───
7 │     - { use: home, chance: 0, repeat: 0 }
  ╰────
 × `3..2` goes backwards; write the smaller number first
  ╭─[plan.yml:6:41]
5 │   f:
6 │     - { use: home, chance: 1.5, repeat: 3..2 }
  ·                                         ────
7 │     - { use: home, chance: 0, repeat: 0 }
  ╰────
 × expected a chance above 0, up to 1; found `0`
  ╭─[plan.yml:7:28]
6 │     - { use: home, chance: 1.5, repeat: 3..2 }
7 │     - { use: home, chance: 0, repeat: 0 }
  ·                            ─
8 │     - { use: home, max: 3 }
  ╰────
 × expected a number of passes from 1 to 1000000, or a range like 2..5; found `0`
  ╭─[plan.yml:7:39]
6 │     - { use: home, chance: 1.5, repeat: 3..2 }
7 │     - { use: home, chance: 0, repeat: 0 }
  ·                                       ─
8 │     - { use: home, max: 3 }
  ╰────
 × `max` belongs to `while`, which the step does not have
  ╭─[plan.yml:8:20]
7 │     - { use: home, chance: 0, repeat: 0 }
8 │     - { use: home, max: 3 }
  ·                    ───
9 │     - { use: home, else: [] }
  ╰────
 × `else` belongs to `if`, which the step does not have
   ╭─[plan.yml:9:20]
 8 │     - { use: home, max: 3 }
 9 │     - { use: home, else: [] }
   ·                    ────
10 │     - { think: 1s, extract: { x: { header: y } } }
   ╰────
 × only a `use` step has a response to extract from
   ╭─[plan.yml:10:20]
 9 │     - { use: home, else: [] }
10 │     - { think: 1s, extract: { x: { header: y } } }
   ·                    ───────
11 │     - { do: [], chnce: 1 }
   ╰────
 × a list without steps
   ╭─[plan.yml:11:13]
10 │     - { think: 1s, extract: { x: { header: y } } }
11 │     - { do: [], chnce: 1 }
   ·             ─
   ╰────
 × unknown key `chnce` in a step, did you mean `chance`?
   ╭─[plan.yml:11:17]
10 │     - { think: 1s, extract: { x: { header: y } } }
11 │     - { do: [], chnce: 1 }
   ·                 ─────
   ╰────
"###);
}

#[test]
fn conditions_that_make_no_sense() {
    assert_snapshot!(said(ONE, "\
flows:
  f:
    - { use: home, repeat: 2, while: '${x}' }
    - { switch: word, cases: {} }
    - { switch: '${x}' }
    - { use: home, if: word }
    - { use: home, if: '${x} =~ (' }
    - { use: home, if: '${nobody} == 1' }
"), @r###"
 × a step has `repeat` or `while`, not both
  ╭─[plan.yml:6:31]
5 │   f:
6 │     - { use: home, repeat: 2, while: '${x}' }
  ·                               ─────
7 │     - { switch: word, cases: {} }
  ╰────
 × a condition asks about one value, or compares two
  ╭─[plan.yml:7:17]
6 │     - { use: home, repeat: 2, while: '${x}' }
7 │     - { switch: word, cases: {} }
  ·                 ────
8 │     - { switch: '${x}' }
  ╰────
 help: write `"${item}"` (it has a value), `"!${item}"`, `"${kind} == book"`, `"${total} >= 100"`
       or `"${name} =~ ^a"`; there are == != < <= > >= =~ !~
 × a step needs `cases`
  ╭─[plan.yml:8:7]
7 │     - { switch: word, cases: {} }
8 │     - { switch: '${x}' }
  ·       ─
9 │     - { use: home, if: word }
  ╰────
 × `${x}`: nothing in flow `f` extracts `x`
  ╭─[plan.yml:8:17]
7 │     - { switch: word, cases: {} }
8 │     - { switch: '${x}' }
  ·                 ──────
9 │     - { use: home, if: word }
  ╰────
 help: add `extract: { x: { jsonpath: … } }` to a step before it; or write `$${` for the
       characters `${`
 × a condition asks about one value, or compares two
   ╭─[plan.yml:9:24]
 8 │     - { switch: '${x}' }
 9 │     - { use: home, if: word }
   ·                        ────
10 │     - { use: home, if: '${x} =~ (' }
   ╰────
 help: write `"${item}"` (it has a value), `"!${item}"`, `"${kind} == book"`, `"${total} >= 100"`
       or `"${name} =~ ^a"`; there are == != < <= > >= =~ !~
 × `(` is not a regular expression: unclosed group
   ╭─[plan.yml:10:24]
 9 │     - { use: home, if: word }
10 │     - { use: home, if: '${x} =~ (' }
   ·                        ───────────
11 │     - { use: home, if: '${nobody} == 1' }
   ╰────
 help: write `"${item}"` (it has a value), `"!${item}"`, `"${kind} == book"`, `"${total} >= 100"`
       or `"${name} =~ ^a"`; there are == != < <= > >= =~ !~
 × `${nobody}`: nothing in flow `f` extracts `nobody`
   ╭─[plan.yml:11:24]
10 │     - { use: home, if: '${x} =~ (' }
11 │     - { use: home, if: '${nobody} == 1' }
   ·                        ────────────────
   ╰────
 help: add `extract: { nobody: { jsonpath: … } }` to a step before it; or write `$${` for the
       characters `${`
"###);
}

#[test]
fn a_value_that_only_some_ways_extract() {
    assert_snapshot!(said(BASE, "\
requests: { list: { get: / , extract: { id: { header: x } } }, item: { get: '/${id}' } }
flows:
  by-chance: [ { use: list, chance: 0.5 }, { use: item } ]
"), @r###"
 × `${id}`: flow `by-chance` does not always extract `id` before `item` is sent
  ╭─[plan.yml:3:77]
2 │ target: http://127.0.0.1:8080
3 │ requests: { list: { get: / , extract: { id: { header: x } } }, item: { get: '/${id}' } }
  ·                                                                             ────────
4 │ flows:
  ╰────
 help: send it in the same steps, or beside `if: "${id}"`
"###);
    for (steps, is_fine) in [
        ("{ use: list, chance: 1 }, { use: item }", true),
        ("{ use: list, repeat: 1..2 }, { use: item }", true),
        ("{ use: list, repeat: 0..2 }, { use: item }", false),
        ("{ use: list, while: '!${id}' }, { use: item }", false),
        ("{ use: list, while: '!${id}' }, { use: item, if: '${id}' }", true),
        ("{ use: list, chance: 0.5 }, { use: item, if: '${id} > 3' }", true),
        ("{ use: list, chance: 0.5 }, { use: item, if: '${id} != 3' }", false),
        ("{ do: [ { use: list }, { use: item } ], chance: 0.5 }", true),
        ("{ choose: [ { use: list }, { do: [ { use: list } ] } ] }, { use: item }", true),
        ("{ choose: [ { use: list }, { think: 1s } ] }, { use: item }", false),
        ("{ use: list, if: '${vu} == 1', else: [ { use: list } ] }, { use: item }", true),
        ("{ use: list, if: '${vu} == 1' }, { use: item }", false),
        (
            "{ switch: '${vu}', cases: { 1: [ { use: list } ] }, default: [ { use: list } ] }, { use: item }",
            true,
        ),
        ("{ switch: '${vu}', cases: { 1: [ { use: list } ] } }, { use: item }", false),
    ] {
        let rest = format!(
            "requests: {{ list: {{ get: /, extract: {{ id: {{ header: x }} }} }}, item: {{ get: '/${{id}}' }} }}\n\
             flows: {{ f: [ {steps} ] }}\n"
        );
        let outcome = super::super::resolve(&format!("{BASE}{rest}"));
        assert_eq!(outcome.is_ok(), is_fine, "{steps}: {:?}", outcome.err().map(|e| e.to_string()));
    }
}

#[test]
fn loops_within_loops_are_not_without_end() {
    let mut steps = "{ use: home }".to_owned();
    for _ in 0..9 {
        steps = format!("{{ repeat: 2, do: [ {steps} ] }}");
    }
    let said = said(ONE, &format!("flows: {{ f: [ {steps} ] }}\n"));
    assert!(said.contains("more than 8 loops within each other"), "{said}");
}

#[test]
fn a_flow_of_requests_that_are_not_enabled() {
    assert_snapshot!(said(BASE, "\
requests: { buy: { post: /cart, enabled: false } }
flows: { all: [ { use: buy } ] }
"), @r"
    × flow `all` sends nothing
     ╭─[plan.yml:4:10]
   3 │ requests: { buy: { post: /cart, enabled: false } }
   4 │ flows: { all: [ { use: buy } ] }
     ·          ───
     ╰────
    help: every request it uses has `enabled: false`; remove that from one of them
    ");
}

#[test]
fn choices_that_make_no_sense() {
    assert_snapshot!(said(ONE, "\
flows:
  f:
    - choose: [ { weight: 0, do: [ { use: home } ] }, { wait: 3 } ]
    - { choose: [ { do: [ { use: hoem } ] }, { use: home } ], think: 1s }
    - choose: []
"), @r###"
 × expected a whole number from 1 to 10000; found `0`
  ╭─[plan.yml:6:27]
5 │   f:
6 │     - choose: [ { weight: 0, do: [ { use: home } ] }, { wait: 3 } ]
  ·                           ─
7 │     - { choose: [ { do: [ { use: hoem } ] }, { use: home } ], think: 1s }
  ╰────
 × unknown key `wait` in a choice, did you mean `weight`?
  ╭─[plan.yml:6:57]
5 │   f:
6 │     - choose: [ { weight: 0, do: [ { use: home } ] }, { wait: 3 } ]
  ·                                                         ────
7 │     - { choose: [ { do: [ { use: hoem } ] }, { use: home } ], think: 1s }
  ╰────
 × a step does one thing: `think` or `choose`
  ╭─[plan.yml:7:9]
6 │     - choose: [ { weight: 0, do: [ { use: home } ] }, { wait: 3 } ]
7 │     - { choose: [ { do: [ { use: hoem } ] }, { use: home } ], think: 1s }
  ·         ──────
8 │     - choose: []
  ╰────
 help: write two steps, `{ think: … }` and `{ choose: … }`; `do: [ … ]` makes one of them
 × a list without steps
  ╭─[plan.yml:8:15]
7 │     - { choose: [ { do: [ { use: hoem } ] }, { use: home } ], think: 1s }
8 │     - choose: []
  ·               ─
  ╰────
"###);
}

#[test]
fn a_choice_needs_what_each_of_it_needs() {
    let rest = "requests: { a: { get: '/${id}' }, b: { get: / } }\n\
                flows:\n  f: [ { choose: [ { do: [ { use: a } ] }, { do: [ { use: b } ] } ] } ]\n";
    let said = said(BASE, rest);
    assert!(said.contains("nothing in flow `f` extracts `id` before `a` is sent"), "{said}");
}

#[test]
fn names_that_no_gate_could_select_a_group_by() {
    assert_snapshot!(said(ONE, "\
flows:
  f:
    - { group: '', use: home }
    - { group: 'a::b', use: home }
    - { group: 'a,b', do: [ { use: home } ] }
    - { group: [ a ], use: home }
    - { group: alone }
"), @r###"
 × `` cannot be the name of a group
  ╭─[plan.yml:6:16]
5 │   f:
6 │     - { group: '', use: home }
  ·                ──
7 │     - { group: 'a::b', use: home }
  ╰────
 help: a name has 1 to 80 characters
 × `a::b` cannot be the name of a group
  ╭─[plan.yml:7:16]
6 │     - { group: '', use: home }
7 │     - { group: 'a::b', use: home }
  ·                ──────
8 │     - { group: 'a,b', do: [ { use: home } ] }
  ╰────
 help: groups within each other are steps within each other; `::` stands between their names in
       reports
 × `a,b` cannot be the name of a group
  ╭─[plan.yml:8:16]
7 │     - { group: 'a::b', use: home }
8 │     - { group: 'a,b', do: [ { use: home } ] }
  ·                ─────
9 │     - { group: [ a ], use: home }
  ╰────
 help: leave out `,`, `{`, `}`, `|` and blanks at the ends: gates select by it
 × expected a name; found a list
   ╭─[plan.yml:9:16]
 8 │     - { group: 'a,b', do: [ { use: home } ] }
 9 │     - { group: [ a ], use: home }
   ·                ─
10 │     - { group: alone }
   ╰────
 × a step that does nothing
   ╭─[plan.yml:10:7]
 9 │     - { group: [ a ], use: home }
10 │     - { group: alone }
   ·       ─
   ╰────
 help: give it one of `use`, `think`, `pacing`, `do`, `choose`, `switch` and `parallel`
"###);
}

#[test]
fn groups_within_groups_without_end() {
    let deep = (0..9).fold("{ use: home }".to_owned(), |inner, depth| {
        format!("{{ group: g{depth}, do: [ {inner} ] }}")
    });
    assert_snapshot!(said(ONE, &format!("flows: {{ f: [ {deep} ] }}\n")), @r###"
     × more than 8 groups within each other
      ╭─[plan.yml:4:176]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { group: g8, do: [ { group: g7, do: [ { group: g6, do: [ { group: g5, do: [ { group: g4, do: [ { group: g3, do: [ { group: g2, do: [ { group: g1, do: [ { group: g0, do: [ { use: home } ] } ] } ] } ] } ] } ] } ] } ] } ] } ] }
      ·                                                                                                                                                                                ──
      ╰────
    "###);
}
