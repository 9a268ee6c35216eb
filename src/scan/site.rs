//! The site model: what the target consists of, as far as it is known.

use std::collections::BTreeMap;

use super::link::Class;
use crate::model::Operation;
use crate::model::OperationSource;
use crate::model::Request;

/// Requests kept as examples of one node.
const MAX_EXAMPLES: usize = 4;

/// Method, path shape and parameter set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What makes it one node.
    pub class: Class,
    /// For people: the plan's template, else the shape.
    pub path_template: String,
    /// Where it was learnt.
    pub source: OperationSource,
    /// Requests that showed it, the one that checks start from first; never empty.
    pub examples: Vec<Request>,
    /// The status of its last answer; `None` while nobody asked, or after a failure.
    pub status: Option<u16>,
    /// It gave a non-error answer.
    pub reached: bool,
    /// Why it was left alone.
    pub skipped: Option<String>,
}

/// Something that was seen of a node.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    pub(crate) class: Class,
    pub(crate) path_template: Option<String>,
    pub(crate) source: OperationSource,
    pub(crate) request: Request,
    pub(crate) status: Option<u16>,
    pub(crate) reached: bool,
    pub(crate) skipped: Option<String>,
}

/// Everything known of a target.
#[derive(Debug, Clone, Default)]
pub struct Site {
    nodes: Vec<Node>,
    by_class: BTreeMap<Class, usize>,
    operations: BTreeMap<(String, String), Operation>,
}

impl Site {
    /// Nodes in the order of discovery.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Operations by method and path template.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }

    /// Takes a sighting; gives the operation if it is new or has changed.
    pub(crate) fn see(&mut self, sighting: &Sighting) -> Option<Operation> {
        let index = self.node_for(sighting);
        let node = &mut self.nodes[index];
        if sighting.reached && !node.reached {
            // The example that works is the one to start from.
            node.examples.insert(0, sighting.request.clone());
        } else if !node.examples.contains(&sighting.request) {
            node.examples.push(sighting.request.clone());
        }
        node.examples.dedup();
        node.examples.truncate(MAX_EXAMPLES);
        node.reached |= sighting.reached;
        node.status = sighting.status.or(node.status);
        node.skipped = if node.reached { None } else { sighting.skipped.clone() };
        let (method, template) = (node.class.method.clone(), node.path_template.clone());
        self.operation(method, template, sighting)
    }

    fn node_for(&mut self, sighting: &Sighting) -> usize {
        if let Some(&index) = self.by_class.get(&sighting.class) {
            return index;
        }
        let index = self.nodes.len();
        self.by_class.insert(sighting.class.clone(), index);
        let path_template =
            sighting.path_template.clone().unwrap_or_else(|| self.template_of(&sighting.class));
        self.nodes.push(Node {
            class: sighting.class.clone(),
            path_template,
            source: sighting.source,
            examples: Vec::new(),
            status: None,
            reached: false,
            skipped: None,
        });
        index
    }

    /// A node with the same method and shape has given the shape its name already.
    fn template_of(&self, class: &Class) -> String {
        self.nodes
            .iter()
            .find(|node| node.class.method == class.method && node.class.shape == class.shape)
            .map_or_else(|| class.shape.clone(), |node| node.path_template.clone())
    }

    fn operation(
        &mut self,
        method: String,
        template: String,
        sighting: &Sighting,
    ) -> Option<Operation> {
        let key = (method.clone(), template.clone());
        let before = self.operations.get(&key).cloned();
        let reached = before.as_ref().is_some_and(|known| known.reached) || sighting.reached;
        let after = Operation {
            method,
            path_template: template,
            source: before.as_ref().map_or(sighting.source, |known| known.source),
            reached,
            skipped: if reached { None } else { sighting.skipped.clone() },
        };
        if before.as_ref() == Some(&after) {
            return None;
        }
        self.operations.insert(key, after.clone());
        Some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;
    use crate::scan::link::url_of;

    fn sighting(target: &str, reached: bool) -> Sighting {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let request = Request::get(origin, target);
        let url = url_of(&request).expect("a URL");
        Sighting {
            class: Class::of("GET", &url, &[]),
            path_template: None,
            source: OperationSource::Crawl,
            request,
            status: Some(if reached { 200 } else { 404 }),
            reached,
            skipped: None,
        }
    }

    #[test]
    fn values_do_not_make_nodes_and_parameter_sets_do() {
        let mut site = Site::default();
        for target in ["/items/1", "/items/2", "/items/3?full=1", "/items/4?full=0"] {
            site.see(&sighting(target, true));
        }
        assert_eq!(site.nodes().len(), 2);
        assert_eq!(site.operations().count(), 1, "one operation with two parameter sets");
    }

    #[test]
    fn checks_start_from_an_example_that_works() {
        let mut site = Site::default();
        assert!(site.see(&sighting("/items/1", false)).is_some());
        assert!(site.see(&sighting("/items/2", true)).expect("changed").reached);
        assert!(site.see(&sighting("/items/3", false)).is_none(), "reached stays reached");
        let examples = &site.nodes()[0].examples;
        assert_eq!(examples[0].path_and_query, b"/items/2");
        assert_eq!(examples.len(), 3);
    }
}
