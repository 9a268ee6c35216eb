//! Forms of pages sent as somebody else than who has seen them: with tokens of their own.

use url::Url;

use super::Node;
use super::ProbeStop;
use super::Shot;
use super::SiteProbe;
use super::Whom;
use super::with_point;
use crate::extract::Forms;
use crate::extract::Markup;
use crate::extract::Scripting;
use crate::extract::base_of;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::model::Response;
use crate::scan::link;
use crate::scan::node::FoundIn;

impl SiteProbe {
    /// Sends the request of a node as somebody; where it is a form with hidden values, theirs.
    ///
    /// # Errors
    /// [`ProbeStop`]
    pub(crate) async fn send_form(
        &mut self,
        whom: Whom,
        node: &Node,
        request: Request,
        value: &str,
        stands_for: Option<String>,
    ) -> Result<Shot, ProbeStop> {
        let mut request = request;
        let page = node.found.page.as_deref().filter(|_| node.found.by == FoundIn::Form);
        let page = page.and_then(|page| Url::parse(page).ok());
        // The session's own tokens are renewed by whoever sends.
        if let Some(url) = page.filter(|_| whom != Whom::Session && !node.method.eq("GET"))
            && let Some(asked) = link::get(&url)
        {
            let shown = self.ask_as(whom, asked, "", None).await?;
            request = with_hidden(request, &url, shown.response());
        }
        self.ask_as(whom, request, value, stands_for).await
    }
}

/// The request with the hidden values of the form that leads where it goes.
fn with_hidden(request: Request, page: &Url, shown: &Response) -> Request {
    if !shown.is_html() {
        return request;
    }
    let markup = Markup::parse(&shown.body_text(), Scripting::Off);
    let base = base_of(&markup, page);
    let target = link::url_of(&request).map(|url| url.path().to_owned());
    let forms = Forms::read(&markup).list;
    let form = forms.iter().find(|form| {
        form.target(&base).map(|url| url.path().to_owned()) == target && form.token().is_some()
    });
    let token = form.and_then(crate::extract::Form::token);
    token
        .and_then(|field| {
            let point = InsertionRef { kind: InsertionKind::Form, name: field.name.clone() };
            with_point(&request, &point, &field.value)
        })
        .unwrap_or(request)
}
