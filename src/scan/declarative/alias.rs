//! What origins are called in fingerprints.

use crate::model::Origin;

/// Names of origins; one without a name is called as it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aliases(Vec<(Origin, String)>);

impl Aliases {
    /// Gives a name to an origin that has none.
    pub(crate) fn name(&mut self, origin: &Origin, name: &str) {
        if self.0.iter().all(|(known, _)| known != origin) {
            self.0.push((origin.clone(), name.to_owned()));
        }
    }

    /// What an origin is called.
    pub(super) fn of(&self, origin: &Origin) -> String {
        let named = self.0.iter().find(|(known, _)| known == origin);
        named.map_or_else(|| origin.to_string(), |(_, name)| name.clone())
    }
}
