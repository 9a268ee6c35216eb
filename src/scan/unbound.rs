//! The plan's requests as a scan sends them: what they need of earlier responses comes from the
//! shortest beginning of a flow that takes it, else from the request's examples. One that lacks a
//! value is listed as not reached.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::traffic::Traffic;
use crate::flow;
use crate::flow::Op;
use crate::flow::RenderError;
use crate::flow::Values;
use crate::flow::Variable;
use crate::model::Exchange;
use crate::model::LeftAlone;
use crate::model::OperationSource;
use crate::model::Request;
use crate::model::RequestTemplate;
use crate::model::SkipReason;
use crate::plan::Plan;
use crate::plan::Prefix;

/// Requests of one beginning, and of all together.
const MAX_PREFIX: usize = 30;
const MAX_SENT: usize = 300;

/// Where a crawl begins, beside the target itself.
#[derive(Debug, Clone)]
pub(crate) struct Seeded {
    pub(crate) template: RequestTemplate,
    pub(crate) source: OperationSource,
    /// Why it is not to be sent, if so.
    pub(crate) left_alone: Option<LeftAlone>,
}

/// The requests of the plan and of the files that it imports.
pub(super) async fn seeds(plan: &Plan, traffic: &Traffic) -> Vec<Seeded> {
    let mut values = plan.known_values();
    for (variable, value) in traffic.login_values().iter() {
        copy(&mut values, variable, value);
    }
    let mut binder = Binder { plan, traffic, values, tried: BTreeMap::new(), sent: 0 };
    let mut seeds = Vec::new();
    for (index, template) in plan.requests.iter().enumerate() {
        let mut template = template.clone();
        let mut left_alone = plan.reason_to_leave(index);
        if left_alone.is_none() {
            match binder.request(index).await {
                Ok(request) => template.request = request,
                Err(reason) => {
                    left_alone = Some(LeftAlone::new(SkipReason::Unbound, reason));
                }
            }
        }
        seeds.push(Seeded { template, source: OperationSource::Plan, left_alone });
    }
    seeds.extend(proof_pages(traffic));
    let imported = plan.scan.iter().flat_map(|scan| &scan.imported).map(|imported| Seeded {
        template: imported.template.clone(),
        source: imported.source,
        left_alone: imported.left_alone.clone(),
    });
    seeds.extend(imported);
    seeds
}

/// What the plan asks to see whether somebody is logged in is a page like others, also where no link that
/// the session sees leads there.
fn proof_pages(traffic: &Traffic) -> Vec<Seeded> {
    let personas = traffic.everybody().into_iter();
    let mut pages: Vec<RequestTemplate> = Vec::new();
    for page in personas.filter_map(|persona| persona.keeper()?.proof_page()) {
        if !pages.iter().any(|known| known.request == page.request) {
            pages.push(page);
        }
    }
    let seeded = |template| Seeded { template, source: OperationSource::Plan, left_alone: None };
    pages.into_iter().map(seeded).collect()
}

struct Binder<'a> {
    plan: &'a Plan,
    traffic: &'a Traffic,
    /// What is known until now.
    values: Values,
    /// Why a value could not be had.
    tried: BTreeMap<Variable, String>,
    sent: usize,
}

impl Binder<'_> {
    /// The request with its values, or why it has not all of them.
    async fn request(&mut self, index: usize) -> Result<Request, String> {
        // Examples are of this request alone.
        let mut own: Vec<(Variable, Vec<u8>)> = Vec::new();
        loop {
            let mut values = self.values.clone();
            for (variable, value) in &own {
                copy(&mut values, *variable, value);
            }
            let variable = match self.plan.sent_with(index, &values) {
                Ok(request) => return Ok(request),
                Err(RenderError::Control(_)) => {
                    return Err("a value of it would break out of its header".to_owned());
                }
                Err(RenderError::Missing(variable)) => variable,
            };
            let Err(why) = self.bind(variable).await else { continue };
            let Some(example) = self.plan.example(index, variable) else {
                let name = &self.plan.variables[usize::from(variable.0)];
                return Err(format!("unbound variable {name}: {why}"));
            };
            own.push((variable, example.to_vec()));
        }
    }

    /// Has the value taken by a flow; once is enough to know that none does.
    async fn bind(&mut self, variable: Variable) -> Result<(), String> {
        if let Some(why) = self.tried.get(&variable) {
            return Err(why.clone());
        }
        let mut why = "nothing extracts it, and the request has no example".to_owned();
        for prefix in self.plan.prefixes(variable) {
            match self.walk(prefix).await {
                Ok(()) => {
                    let taken = self.values.get(prefix.extraction.variable).map(<[u8]>::to_vec);
                    // A value of setup has another name outside of it.
                    copy(&mut self.values, variable, &taken.unwrap_or_default());
                    return Ok(());
                }
                Err(reason) => why = format!("flow `{}`: {reason}", prefix.flow.name),
            }
        }
        self.tried.insert(variable, why.clone());
        Err(why)
    }

    /// Sends the beginning of a flow, and keeps all that it takes.
    async fn walk(&mut self, prefix: Prefix<'_>) -> Result<(), String> {
        let (mut values, mut answer) = (self.values.clone(), None);
        let mut why = String::new();
        for op in prefix.ops() {
            match op {
                Op::Use(index) => match self.send(*index, &values, prefix).await {
                    Ok(exchange) => answer = Some(exchange),
                    Err(reason) => (answer, why) = (None, reason),
                },
                Op::Extract(extraction) => {
                    let Some(exchange) = &answer else { continue };
                    if !take(extraction, exchange, &mut values) {
                        let request = &exchange.request;
                        why = format!(
                            "the answer to {} {} had nothing at `{}`",
                            request.method,
                            crate::model::inert(&request.path_and_query_text(), 120),
                            extraction.from
                        );
                    }
                }
                _ => {}
            }
        }
        if values.get(prefix.extraction.variable).is_none() {
            return Err(why);
        }
        self.values = values;
        Ok(())
    }

    async fn send(
        &mut self,
        index: usize,
        values: &Values,
        prefix: Prefix<'_>,
    ) -> Result<Arc<Exchange>, String> {
        let name = &self.plan.requests[index].name;
        if let Some(left) = self.plan.reason_not_to_send(index) {
            return Err(format!("`{name}` is not sent: {}", left.reason));
        }
        let is_long =
            prefix.ops().iter().filter(|op| matches!(op, Op::Use(_))).count() > MAX_PREFIX;
        if is_long || self.sent >= MAX_SENT {
            return Err("that would be too many requests".to_owned());
        }
        let mut values = values.clone();
        let request = loop {
            match self.plan.sent_with(index, &values) {
                Ok(request) => break request,
                Err(RenderError::Missing(variable)) => match self.plan.example(index, variable) {
                    Some(example) => copy(&mut values, variable, example),
                    None => return Err(format!("`{name}` lacks a value itself")),
                },
                Err(RenderError::Control(_)) => {
                    return Err(format!("a value of `{name}` would break out of its header"));
                }
            }
        };
        self.sent += 1;
        let exchange = self.traffic.exchange(request).await;
        let exchange = exchange.map_err(|unsent| format!("`{name}` was not sent: {unsent}"))?;
        if let Err(failure) = &exchange.outcome {
            return Err(format!("`{name}` failed: {failure}"));
        }
        Ok(exchange)
    }
}

/// Whether the value is there.
pub(super) fn take(
    extraction: &flow::Extraction,
    exchange: &Exchange,
    values: &mut Values,
) -> bool {
    let Some(response) = exchange.response() else { return false };
    flow::Response::of_whole(response, exchange.timings.duration(), |looked_at| {
        values.set(extraction.variable, |out| extraction.take(looked_at, 0, out));
    });
    values.get(extraction.variable).is_some()
}

pub(super) fn copy(values: &mut Values, variable: Variable, value: &[u8]) {
    values.set(variable, |out| {
        out.extend_from_slice(value);
        true
    });
}
