//! Steps of flows.

use super::shape::{Object, list, named, object, of, pattern, text, whole};

pub(super) fn objects() -> Vec<Object> {
    vec![step(), choice_step(), choice()]
}

const THINK: &str = r"^\s*[0-9.]+[a-zµ0-9.\s]*(\.\.\s*[0-9.]+[a-zµ0-9.\s]*)?$";

fn step() -> Object {
    object!("step", flows::STEP, "A step of a flow: it does one thing.")
        .key("use", text(), "The name of the request to send.")
        .key("think", pattern(THINK), "A pause, or a range from which one is drawn: 1s..3s.")
        .key("extract", named(&of("extraction")), "Values out of the response, by name.")
        .key("choose", list(&of("choice")), "One of several, drawn each time.")
        .one_of(&["use", "think", "choose"])
}

fn choice_step() -> Object {
    object!("choice-step", flows::USE, "What a choice does.")
        .key("use", text(), "The name of the request to send.")
        .required(&["use"])
}

fn choice() -> Object {
    object!("choice", flows::CHOICE, "One of several, and how often it is drawn.")
        .key_or("weight", whole(1, 10_000), 1, "How often, compared with the others.")
        .key("do", list(&of("choice-step")), "What is done.")
        .required(&["do"])
}
