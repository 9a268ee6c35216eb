//! What a run is given to do with templates.

use std::sync::Arc;

use super::shared::TemplateOptions;
use crate::model::Target;
use crate::model::TemplateLibrary;
use crate::rules::template::{Template, Workflow};
use crate::scan::interactsh::CallbackServerOptions;
use crate::scan::oob::OobOptions;

/// Templates and what they are run against.
#[derive(Debug, Default)]
pub struct Templates {
    /// What became of all that were looked at.
    pub library: TemplateLibrary,
    /// Those that run.
    pub templates: Vec<Arc<Template>>,
    /// Orders of them.
    pub workflows: Vec<Workflow>,
    /// What they are run against; the plan's targets where there is none.
    pub targets: Vec<Target>,
    /// Nothing else is done: no crawl, no checks.
    pub only: bool,
    /// What the user decides.
    pub options: TemplateOptions,
    /// Templates that say what a target is built with; with them, those for other technologies do not
    /// run.
    pub detectors: Option<Vec<Arc<Template>>>,
}

/// Where calls from outside are waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackSource {
    /// At a listener of the run's own.
    Listener(OobOptions),
    /// At a server that the user names.
    Server(CallbackServerOptions),
}

impl Templates {
    /// Whether anything in them waits for calls.
    pub fn use_callbacks(&self) -> bool {
        self.templates.iter().any(|template| template.uses_callbacks())
    }
}
