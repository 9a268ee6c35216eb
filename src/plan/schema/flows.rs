//! Steps of flows.

use serde_json::Value as Json;
use serde_json::json;

use super::super::steps::DEEDS;
use super::shape::{
    Object, any_of, example, list, mapping, named, object, of, pattern, text, whole,
};

pub(super) fn objects() -> Vec<Object> {
    let step = object!("step", steps::STEP, "A step of a flow: it does one thing.");
    let choice = object!("choice", steps::CHOICE, "A step, and how often it is drawn.").key_or(
        "weight",
        whole(1, 10_000),
        1,
        "How often, compared with the others.",
    );
    vec![described(step), described(choice)]
}

const PAUSE: &str = r"^\s*[0-9.]+[a-zµ0-9.\s]*(\.\.\s*[0-9.]+[a-zµ0-9.\s]*)?$";
const PASSES: &str = r"^\s*[0-9]+\s*(\.\.\s*[0-9]+\s*)?$";

/// The keys that every step has.
fn described(step: Object) -> Object {
    let condition =
        || example(text(), &["${item}", "!${item}", "${total} > 100", "${kind} == book"]);
    step.key("use", text(), "The name of the request to send.")
        .key("think", pattern(PAUSE), "A pause, or a range from which one is drawn: 1s..3s.")
        .key("pacing", pattern(PAUSE), "A pause until the iteration has taken so long.")
        .key("do", steps(), "Several steps as one.")
        .key("choose", list(&of("choice")), "One of several, drawn each time by weight.")
        .key("parallel", steps(), "Several steps at once, each on a connection of its own.")
        .key("switch", example(text(), &["${kind}"]), "The value that decides between `cases`.")
        .key("cases", cases(), "Steps by the value of `switch`.")
        .key("default", steps(), "Steps where no case is that of the value.")
        .key("extract", named(&of("extraction")), "Values out of the response, by name.")
        .key(
            "group",
            text(),
            "What the step is called: each time it is done is timed, as `group_duration`.",
        )
        .key("if", condition(), "Only where this holds.")
        .key("else", steps(), "Steps where `if` does not hold.")
        .key("chance", chance(), "With this chance only.")
        .key("repeat", any_of(&[whole(1, 1_000_000), pattern(PASSES)]), "So often: 3, or 2..5.")
        .key("while", condition(), "As long as this holds.")
        .key_or("max", whole(1, 1_000_000), 100, "Most passes of `while`.")
        .one_of(&DEEDS)
}

fn steps() -> Json {
    list(&of("step"))
}

fn cases() -> Json {
    let mut cases = mapping();
    cases["additionalProperties"] = steps();
    cases
}

fn chance() -> Json {
    let number = json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 });
    any_of(&[number, of("substitution")])
}
