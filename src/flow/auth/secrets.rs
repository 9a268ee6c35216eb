//! What of a plan's logins a report must not show.

use super::scheme::How;
use super::scheme::Sessions;
use crate::flow::Piece;
use crate::flow::Source;
use crate::flow::Template;
use crate::flow::Variable;

/// A shorter word of something applied is `Bearer`, or no secret.
const LEAST: usize = 8;

impl Sessions {
    /// Passwords, keys and tokens that the plan has.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        let mut variables: Vec<Variable> = Vec::new();
        for auth in &self.auths {
            for template in secret_templates(&auth.how) {
                secrets.extend(literals(template));
                variables.extend(slots(template));
            }
            if let Some(basic) = &auth.apply.basic {
                secrets.extend(literals(&basic.password));
                variables.extend(slots(&basic.password));
            }
            for item in &auth.apply.items {
                let words = literals(&item.value);
                let words = words.iter().flat_map(|text| text.split_whitespace());
                let long = words.filter(|word| word.len() >= LEAST);
                secrets.extend(long.map(str::to_owned));
                variables.extend(slots(&item.value));
            }
        }
        let of_identities = self.identities.iter().flat_map(|identity| {
            let is_secret = |(variable, _): &&(Variable, String)| {
                variables.contains(variable) || identity.hidden.contains(variable)
            };
            // Who they are is to be seen, and is no secret.
            let is_name = |value: &String| *value == identity.name;
            let vars = identity.vars.iter().filter(is_secret).map(|(_, value)| value.clone());
            vars.filter(move |value| !is_name(value)).collect::<Vec<_>>()
        });
        secrets.extend(of_identities);
        secrets
    }
}

fn secret_templates(how: &How) -> Vec<&Template> {
    match how {
        How::Given | How::Steps(_) => Vec::new(),
        How::Digest { password, .. } => vec![password],
        How::SigV4(keys) => {
            std::iter::once(&keys.secret_key).chain(keys.session_token.as_ref()).collect()
        }
        How::OAuth2(oauth2) => {
            let password = oauth2.user.as_ref().map(|(_, password)| password);
            oauth2.client_secret.as_ref().into_iter().chain(password).collect()
        }
        How::Form(form) => vec![&form.password],
    }
}

fn literals(template: &Template) -> Vec<String> {
    let literal = |piece: &Piece| match piece {
        Piece::Literal(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Piece::Slot(_) => None,
    };
    template.pieces().iter().filter_map(literal).collect()
}

fn slots(template: &Template) -> Vec<Variable> {
    let slot = |piece: &Piece| match piece {
        Piece::Slot(slot) => match slot.source {
            Source::Extracted(variable) => Some(variable),
            _ => None,
        },
        Piece::Literal(_) => None,
    };
    template.pieces().iter().filter_map(slot).collect()
}
