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
    assert_snapshot!(said(ONE, "flows: { f: [ { use: home, think: 1s } ] }\n"), @r#"
     × a step does one thing
      ╭─[plan.yml:4:15]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home, think: 1s } ] }
      ·               ─
      ╰────
     help: write `{ use: … }` and `{ think: … }` as two steps
    "#);
}

#[test]
fn steps_of_later() {
    assert_snapshot!(said(ONE, "flows: { f: [ { use: home, chance: 0.5 }, { repeat: [] } ] }\n"), @r#"
     × `chance` in a step is not yet supported
      ╭─[plan.yml:4:28]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home, chance: 0.5 }, { repeat: [] } ] }
      ·                            ──────
      ╰────
     × `repeat` in a step is not yet supported
      ╭─[plan.yml:4:45]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home, chance: 0.5 }, { repeat: [] } ] }
      ·                                             ──────
      ╰────
    "#);
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
    - { choose: [ { do: [ { use: hoem } ] }, { do: [ { use: home }, { use: home } ] } ], think: 1s }
    - choose: [ { do: [ { use: home, extract: { x: { header: y } } } ] } ]
"), @r###"
 × expected a whole number from 1 to 10000; found `0`
  ╭─[plan.yml:6:27]
5 │   f:
6 │     - choose: [ { weight: 0, do: [ { use: home } ] }, { wait: 3 } ]
  ·                           ─
7 │     - { choose: [ { do: [ { use: hoem } ] }, { do: [ { use: home }, { use: home } ] } ], think: 1s }
  ╰────
 × a choice needs `do`
  ╭─[plan.yml:6:55]
5 │   f:
6 │     - choose: [ { weight: 0, do: [ { use: home } ] }, { wait: 3 } ]
  ·                                                       ─
7 │     - { choose: [ { do: [ { use: hoem } ] }, { do: [ { use: home }, { use: home } ] } ], think: 1s }
  ╰────
 × unknown key `wait` in a choice, did you mean `weight`?
  ╭─[plan.yml:6:57]
5 │   f:
6 │     - choose: [ { weight: 0, do: [ { use: home } ] }, { wait: 3 } ]
  ·                                                         ────
7 │     - { choose: [ { do: [ { use: hoem } ] }, { do: [ { use: home }, { use: home } ] } ], think: 1s }
  ╰────
 × a step that chooses does nothing else
  ╭─[plan.yml:7:9]
6 │     - choose: [ { weight: 0, do: [ { use: home } ] }, { wait: 3 } ]
7 │     - { choose: [ { do: [ { use: hoem } ] }, { do: [ { use: home }, { use: home } ] } ], think: 1s }
  ·         ──────
8 │     - choose: [ { do: [ { use: home, extract: { x: { header: y } } } ] } ]
  ╰────
 × unknown request `hoem`, did you mean `home`?
  ╭─[plan.yml:7:34]
6 │     - choose: [ { weight: 0, do: [ { use: home } ] }, { wait: 3 } ]
7 │     - { choose: [ { do: [ { use: hoem } ] }, { do: [ { use: home }, { use: home } ] } ], think: 1s }
  ·                                  ────
8 │     - choose: [ { do: [ { use: home, extract: { x: { header: y } } } ] } ]
  ╰────
 × a choice of more or less than one step is not yet supported
  ╭─[plan.yml:7:52]
6 │     - choose: [ { weight: 0, do: [ { use: home } ] }, { wait: 3 } ]
7 │     - { choose: [ { do: [ { use: hoem } ] }, { do: [ { use: home }, { use: home } ] } ], think: 1s }
  ·                                                    ─
8 │     - choose: [ { do: [ { use: home, extract: { x: { header: y } } } ] } ]
  ╰────
 × unknown key `extract` in the step of a choice
  ╭─[plan.yml:8:38]
7 │     - { choose: [ { do: [ { use: hoem } ] }, { do: [ { use: home }, { use: home } ] } ], think: 1s }
8 │     - choose: [ { do: [ { use: home, extract: { x: { header: y } } } ] } ]
  ·                                      ───────
  ╰────
 help: known: use
"###);
}

#[test]
fn a_choice_needs_what_each_of_it_needs() {
    let rest = "requests: { a: { get: '/${id}' }, b: { get: / }, c: { get: /, extract: { z: { header: z } } } }\n\
                flows:\n  f: [ { choose: [ { do: [ { use: a } ] }, { do: [ { use: b } ] } ] } ]\n  \
                g: [ { choose: [ { do: [ { use: c } ] } ] } ]\n";
    let said = said(BASE, rest);
    assert!(said.contains("nothing in flow `f` extracts `id` before `a` is sent"), "{said}");
    assert!(said.contains("a request that extracts something cannot be one of several"), "{said}");
}
