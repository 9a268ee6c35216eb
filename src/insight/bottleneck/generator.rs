//! A load whose generator could not keep up says nothing about the target.

use crate::model::Bottleneck;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::Report;
use crate::model::Subject;

/// The generator, if the load's own judgement is against it.
pub(super) fn look(report: &Report) -> Option<Bottleneck> {
    let validity = report.validity.as_ref().filter(|validity| !validity.is_valid())?;
    Some(Bottleneck {
        cause: BottleneckCause::Generator,
        subject: Subject::Whole,
        backend: None,
        explains_p95: 1.0,
        explains_p99: 1.0,
        since: None,
        certainty: Certainty::High,
        numbers: validity.problems.clone(),
        advice:
            "Give the generator a machine of its own or more of them (`--part`), or ask for less \
                 load: until then the times are its own."
                .to_owned(),
    })
}
