//! What a crawl found, in the files that others go on with.

use std::path::Path;
use std::path::PathBuf;

use crate::import::Crawl;
use crate::import::Imported;
use crate::import::Login;
use crate::import::Options;
use crate::model::InsertionKind;
use crate::model::Report;
use crate::model::SiteKind;
use crate::model::SiteNode;
use crate::model::did_you_mean;
use crate::model::inert;

use super::error::CliError;
use super::import;
use super::outputs::write_stderr;

/// A file that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SiteOutput {
    /// What is in it.
    pub(super) kind: SiteKind,
    /// Where; `-` is standard output.
    pub(super) path: PathBuf,
}

/// `KIND=FILE`, or a file whose name says what it is.
///
/// # Errors
/// What there is to be said instead.
pub(super) fn site_output(text: &str) -> Result<SiteOutput, String> {
    if let Some((word, path)) = text.split_once('=')
        && let Some(kind) = SiteKind::parse(word)
    {
        if path.is_empty() {
            return Err(format!("`{text}` names no file"));
        }
        return Ok(SiteOutput { kind, path: path.into() });
    }
    if let Some(kind) = kind_of(Path::new(text)) {
        return Ok(SiteOutput { kind, path: text.into() });
    }
    let words = SiteKind::ALL.map(SiteKind::as_str);
    let meant = text.split_once('=').and_then(|(word, _)| did_you_mean(word, words));
    let meant = meant.map(|word| format!(", did you mean `{word}=`?")).unwrap_or_default();
    Err(format!(
        "what is to be written there? Say plan=FILE, openapi=FILE, urls=FILE or har=FILE, or let \
         the name say it: plan.yml, openapi.yml, urls.txt, site.har{meant}"
    ))
}

fn kind_of(path: &Path) -> Option<SiteKind> {
    let name = path.file_stem()?.to_string_lossy().to_ascii_lowercase();
    let is_description = name.contains("openapi") || name.contains("swagger");
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "yml" | "yaml" if is_description => Some(SiteKind::OpenApi),
        "yml" | "yaml" => Some(SiteKind::Plan),
        "txt" => Some(SiteKind::Urls),
        "har" => Some(SiteKind::Har),
        _ => None,
    }
}

/// What a plan that is made of a crawl takes over.
#[derive(Debug, Default)]
pub(super) struct SiteContext {
    /// Who looked at the site, as their plan says it.
    pub(super) login: Option<Login>,
    /// Real traffic.
    pub(super) log: Option<Imported>,
}

impl SiteContext {
    /// The bytes of a file.
    ///
    /// # Errors
    /// [`CliError::Import`] if nothing was found that the format could hold.
    pub(super) fn render(
        &self,
        kind: SiteKind,
        report: &Report,
        path: &Path,
    ) -> Result<Vec<u8>, CliError> {
        match kind {
            SiteKind::OpenApi => Ok(crate::report::openapi(report)),
            SiteKind::Har => Ok(crate::report::har(report)),
            SiteKind::Plan | SiteKind::Urls => self.plan(report, path).map(String::into_bytes),
        }
    }

    fn plan(&self, report: &Report, path: &Path) -> Result<String, CliError> {
        let start = report.run.as_ref().map_or("", |run| run.target.as_str());
        let suggested = suggested_login(&report.site);
        let login = self.login.as_ref().or(suggested.as_ref());
        let crawl = Crawl { start, nodes: &report.site, log: self.log.as_ref(), login };
        let mut imported = crate::import::of_crawl(crawl, &Options::default())?;
        import::warn(&imported);
        let name = path.display().to_string();
        let mut plan = crate::import::plan_text(&imported, "a crawl");
        crate::import::fits(&name, &plan)?;
        let directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let read = import::check(&plan, path, directory.clone());
        if let (Err(error), Some(_)) = (&read, &self.login) {
            let told = format!(
                "warning: {name}: the login of the crawl's own plan could not be taken over; add it by \
                 hand: {error}\n"
            );
            write_stderr(told.as_bytes());
            imported.login = None;
            plan = crate::import::plan_text(&imported, "a crawl");
            import::check(&plan, path, directory)?;
            return Ok(plan);
        }
        read.map(|()| plan)
    }
}

/// What to fill in where a form asks for a password and nobody was logged in.
fn suggested_login(site: &[SiteNode]) -> Option<Login> {
    let is_password = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["pass", "pwd"].iter().any(|word| name.contains(word))
    };
    let asks = |node: &&SiteNode| {
        node.parameters.iter().any(|one| one.kind == InsertionKind::Form && is_password(&one.name))
    };
    let node = site.iter().find(asks)?;
    let page = node.found_on.as_ref().unwrap_or(&node.example.url);
    let path = url::Url::parse(page).map_or_else(|_| "/".to_owned(), |url| url.path().to_owned());
    let path = inert(&path, 100);
    let sections = format!(
        "# A form on {path} asks for a password. To load and scan as somebody, set PASSWORD in the\n\
         # environment, remove the # here, and add `as: user` to the scenario and to `scan`:\n\
         # auth: {{ user: {{ form: {{ url: {path}, user: NAME, password: \"${{secrets.PASSWORD}}\" }} }} }}\n"
    );
    Some(Login { sections, whom: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_written() {
        let kind = |text: &str| site_output(text).map(|output| output.kind);
        assert_eq!(kind("plan.yml"), Ok(SiteKind::Plan));
        assert_eq!(kind("out/shop-openapi.yaml"), Ok(SiteKind::OpenApi));
        assert_eq!(kind("urls.txt"), Ok(SiteKind::Urls));
        assert_eq!(kind("site.har"), Ok(SiteKind::Har));
        assert_eq!(kind("plan=-"), Ok(SiteKind::Plan));
        assert_eq!(kind("openapi=x.json"), Ok(SiteKind::OpenApi));
        assert!(kind("-").is_err());
        assert!(kind("plan=").is_err());
        assert!(kind("opnapi=x").unwrap_err().contains("did you mean `openapi=`"));
    }
}
