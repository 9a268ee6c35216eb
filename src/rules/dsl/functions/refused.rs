//! Functions that Nuclei's templates may name and that are never called here.

use super::{Body, Function, MANY, function};

pub(super) static TABLE: &[Function] = &[
    function("cookie_unsign", 1..=1, Body::Refused("it needs a list of leaked keys")),
    function("generate_dotnet_gadget", 4..=4, Body::Refused("its gadgets run commands")),
    function("jarm", 1..=1, Body::Refused("it sends requests by itself")),
    function("llm_prompt", 1..=2, Body::Refused("it sends text to a language model")),
    function("resolve", 1..=2, Body::Refused("it asks name servers by itself")),
    function("wappalyzer", 2..=MANY, Body::Refused("it needs a collection of fingerprints")),
];
