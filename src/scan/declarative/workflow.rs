//! Workflows: what a template finds decides which ones follow.

use std::sync::Arc;

use super::hit::Hit;
use super::job::Runner;
use super::shared::Stop;
use crate::model::Target;
use crate::rules::template::{Step, StepSelect, Template, Workflow};

impl Runner {
    /// Runs a workflow against a target.
    pub(super) async fn workflow(&self, workflow: &Workflow, target: &Target) -> Result<(), Stop> {
        self.steps(&workflow.steps, target).await
    }

    /// Boxed, because steps have steps.
    fn steps<'s>(
        &'s self,
        steps: &'s [Step],
        target: &'s Target,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 's>> {
        Box::pin(async move {
            for step in steps {
                for template in self.selected(&step.select) {
                    let hits = self.one(&template, target).await?;
                    let follows = step.then.is_empty() && step.when.is_empty();
                    // Only the last link of a chain is news: those before it lead there.
                    if follows {
                        self.tell(hits.clone()).await;
                    }
                    if !hits.is_empty() {
                        self.steps(&step.then, target).await?;
                    }
                    for when in &step.when {
                        if matches(&when.names, when.all, &hits) {
                            self.steps(&when.then, target).await?;
                        }
                    }
                }
            }
            Ok(())
        })
    }

    fn selected(&self, select: &StepSelect) -> Vec<Arc<Template>> {
        let takes = |template: &&Arc<Template>| match select {
            StepSelect::Tags(tags) => template.info.tags.iter().any(|tag| tags.contains(tag)),
            StepSelect::Path(path) => {
                let known = std::path::Path::new(&template.info.path);
                let path = std::path::Path::new(path.trim_end_matches('/'));
                known.ancestors().any(|above| above.ends_with(path))
            }
        };
        self.all.iter().filter(takes).cloned().collect()
    }
}

/// Whether matchers, or extractors, of these names have found something.
fn matches(names: &[String], all: bool, hits: &[Hit]) -> bool {
    let has = |name: &String| {
        hits.iter().any(|hit| {
            let named = [&hit.matcher_name, &hit.extractor_name].into_iter().flatten();
            named.into_iter().any(|known| known.eq_ignore_ascii_case(name))
        })
    };
    if names.is_empty() {
        return false;
    }
    if all { names.iter().all(has) } else { names.iter().any(has) }
}
