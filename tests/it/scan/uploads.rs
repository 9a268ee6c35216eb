//! Files that members upload, and who else gets them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

use serde_json::json;
use shakedown::model::Confidence;
use shakedown::model::Response;

use super::notes::with_two;
use super::site::Ask;
use super::site::Scanned;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

/// Who gets a file besides its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    Sender,
    Members,
    Anybody,
}

#[derive(Debug, Clone, Copy)]
struct Rules {
    readers: Readers,
    /// Addresses are numbers, else words that nobody can guess.
    are_numbered: bool,
    /// Everybody's page lists the files of all.
    are_listed: bool,
    /// The sender's page has a button to delete each.
    are_removable: bool,
}

const FLAWED: Rules = Rules {
    readers: Readers::Anybody,
    are_numbered: true,
    are_listed: false,
    are_removable: false,
};

struct Files {
    rules: Rules,
    /// By their names in addresses: whose, and what is in it.
    kept: Mutex<BTreeMap<String, (String, Vec<u8>)>>,
    count: Mutex<u32>,
}

impl Files {
    fn answer(&self, ask: &Ask) -> Response {
        if ask.path == "/api/login" {
            let body = String::from_utf8_lossy(&ask.request.body).into_owned();
            let name = if body.contains("alice") { "alice" } else { "bob" };
            let token = json!({ "token": format!("tok-{name}-0001") });
            return respond(200, "application/json", token.to_string());
        }
        let token = ask.authorization.strip_prefix("Bearer tok-").unwrap_or_default();
        let who = ["alice", "bob"].into_iter().find(|name| token.starts_with(name));
        let mut kept = self.kept.lock().expect("no handler panics");
        let segments: Vec<&str> = ask.path.trim_matches('/').split('/').collect();
        match (ask.method.as_str(), segments.as_slice()) {
            ("GET", [""]) => html("<a href=/upload>send us a file</a>"),
            ("GET", ["upload"]) => {
                let is_displayed = |owner: &str| self.rules.are_listed || Some(owner) == who;
                let own = kept.iter().filter(|(_, (owner, _))| is_displayed(owner));
                html(format!(
                    "<form method=post action=/upload enctype=multipart/form-data><input type=file name=f>\
                     <button>Send</button></form>{}",
                    own.map(|(name, _)| self.line(name)).collect::<String>()
                ))
            }
            ("POST", ["upload"]) => {
                let mut count = self.count.lock().expect("no handler panics");
                *count += 1;
                let number = *count;
                let name = if self.rules.are_numbered {
                    number.to_string()
                } else {
                    format!("9b1d4f7ac2e850{:08x}", number.wrapping_mul(0x9E37_79B9))
                };
                let owner = who.unwrap_or_default().to_owned();
                kept.insert(name, (owner, ask.request.body.clone()));
                redirect("/upload")
            }
            ("GET", ["files", name]) => match kept.get(*name) {
                Some((owner, contents)) if self.may_read(owner, who) => {
                    respond(200, "text/plain", String::from_utf8_lossy(contents))
                }
                _ => not_found(),
            },
            ("POST", ["files", name, "delete"]) => {
                if kept.get(*name).is_some_and(|(owner, _)| Some(owner.as_str()) == who) {
                    kept.remove(*name);
                }
                redirect("/upload")
            }
            _ => not_found(),
        }
    }

    fn line(&self, name: &str) -> String {
        let link = format!("<a href=/files/{name}>file</a>");
        if !self.rules.are_removable {
            return link;
        }
        format!(
            "{link}<form method=post action=/files/{name}/delete><button>Delete</button></form>"
        )
    }

    fn may_read(&self, owner: &str, who: Option<&str>) -> bool {
        match self.rules.readers {
            Readers::Sender => Some(owner) == who,
            Readers::Members => who.is_some(),
            Readers::Anybody => true,
        }
    }
}

async fn scanned(rules: Rules) -> (Scanned, Arc<Files>) {
    let (kept, count) = (Mutex::default(), Mutex::default());
    let files = Arc::new(Files { rules, kept, count });
    let site = Arc::clone(&files);
    (scan(with_two(&["bola"]), move |ask| site.answer(ask)).await, files)
}

#[tokio::test]
async fn a_file_that_others_get_by_its_number_is_told() {
    let members = Rules { readers: Readers::Members, are_numbered: false, ..FLAWED };
    for (rules, who) in
        [(FLAWED, "`bob` and whoever asks reads both"), (members, "`bob` reads both")]
    {
        let (scanned, _) = scanned(rules).await;
        let [finding] = scanned.found("bola")[..] else {
            panic!("{rules:?} {:?} {:?}", scanned.found("bola"), scanned.notices())
        };
        assert!(finding.path_template.starts_with("/files/{"), "{}", finding.path_template);
        assert_eq!(finding.confidence, Confidence::Firm);
        assert!(finding.detail.contains(who), "{}", finding.detail);
        assert!(finding.detail.ends_with("the files stay"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn a_file_that_can_be_deleted_is_taken_back() {
    let (scanned, files) = scanned(Rules { are_removable: true, ..FLAWED }).await;
    let [finding] = scanned.found("bola")[..] else { panic!("{:?}", scanned.notices()) };
    assert!(finding.detail.ends_with("both were deleted again"), "{}", finding.detail);
    let kept = files.kept.lock().expect("no handler panics");
    let of_checks = kept
        .values()
        .filter(|(_, file)| String::from_utf8_lossy(file).contains("an upload of a scanner"));
    assert_eq!(of_checks.count(), 0);
}

#[tokio::test]
async fn files_that_are_meant_for_others_or_given_to_nobody_else_raise_nothing() {
    for rules in [
        Rules { readers: Readers::Sender, ..FLAWED },
        Rules { are_numbered: false, ..FLAWED },
        Rules { are_listed: true, ..FLAWED },
    ] {
        let (scanned, files) = scanned(rules).await;
        assert!(scanned.found("bola").is_empty(), "{rules:?} {:?}", scanned.found("bola"));
        assert!(*files.count.lock().expect("no handler panics") >= 2, "{rules:?}: it was tried");
    }
}
