//! JSON Web Tokens that can be forged.
//!
//! Whoever is logged in by a token asks for a page that nobody is shown. The token is then sent with
//! another signature, without one, signed with a word of a list (found offline, so nothing is sent for
//! that), with a `kid` that leads to an empty file, or with a published key as if it were a secret. A
//! forged token counts if it shows the page, twice, and one with a garbled signature does not. Whether
//! an old token still works is judged only where the key is known.
//!
//! Each costs about 6 requests, and about 14 where no signature is tried.

use serde_json::json;

use super::forged::Forgery;
use super::forged::by_key_id;
use super::forged::confused;
use super::forged::garbage;
use super::forged::unsigned_ones;
use super::forged::weak_key;
use super::lookup::held;
use super::lookup::with;
use super::token::Token;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::Request;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Guarded;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// Where keys are published by convention.
const PUBLISHED: [&str; 4] = ["/.well-known/jwks.json", "/jwks.json", "/oauth/jwks", "/public.pem"];

/// An hour, and a day.
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// What is tried; each is a rule of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scan::checks) enum Jwt {
    /// The signature does not matter.
    Unverified,
    /// The key is a word.
    WeakKey,
    /// The token says with what it is verified.
    KeyConfusion,
    /// Its end does not matter.
    Expiry,
}

impl SiteCheck for Jwt {
    fn id(&self) -> &'static str {
        match self {
            Self::Unverified => "jwt-unverified",
            Self::WeakKey => "jwt-weak-key",
            Self::KeyConfusion => "jwt-key-confusion",
            Self::Expiry => "jwt-expiry",
        }
    }

    fn budget(&self) -> u64 {
        140
    }

    fn wants_people(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(*self, probe))
    }
}

async fn check(what: Jwt, probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let Some(bench) = Bench::set_up(probe).await? else {
        return Ok(Outcome::Skipped("nobody is logged in by a JSON Web Token".to_owned()));
    };
    if what == Jwt::Expiry && weak_key(&bench.token).is_none() {
        let why = "the key is not known, so no old token can be made";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    // What anything opens says nothing.
    let nonsense = probe.sender().word();
    let nonsense = bench.ask(probe, &nonsense).await?;
    if bench.page.shows_inside(&nonsense) {
        return Ok(Outcome::Skipped("the page needs no token".to_owned()));
    }
    let garbled = bench.ask(probe, &garbage(&bench.token)).await?;
    let is_open = bench.page.shows_inside(&garbled);
    match what {
        Jwt::Unverified if is_open => {
            let what = "the signature garbled".to_owned();
            let forgery = Forgery { what, token: garbage(&bench.token) };
            bench.judge(probe, &forgery, &nonsense).await?;
        }
        _ if is_open => {
            return Ok(Outcome::Skipped("no signature is verified".to_owned()));
        }
        Jwt::Unverified => {
            for forgery in unsigned_ones(&bench.token) {
                if bench.judge(probe, &forgery, &garbled).await? {
                    break;
                }
            }
        }
        Jwt::WeakKey | Jwt::Expiry => {
            if let Some(forgery) = bench.signed_anew(probe, what) {
                bench.judge(probe, &forgery, &garbled).await?;
            }
        }
        Jwt::KeyConfusion => {
            let word = probe.sender().word();
            let mut all = by_key_id(&bench.token, &word);
            if bench.token.algorithm().starts_with("RS") {
                for published in published(probe).await? {
                    all.extend(confused(&bench.token, &published));
                }
            }
            for forgery in all {
                if bench.judge(probe, &forgery, &garbled).await? {
                    break;
                }
            }
        }
    }
    Ok(Outcome::Clean)
}

/// A page, and the token that opens it.
struct Bench {
    page: Guarded,
    headers: Vec<Header>,
    text: String,
    token: Token,
    baseline: Shot,
}

impl Bench {
    async fn set_up(probe: &mut SiteProbe) -> Result<Option<Self>, ProbeStop> {
        let mut people = probe.one_of_each_way();
        people.extend(probe.people().into_iter().take(2).filter(|it| it.credentials().is_none()));
        for person in people {
            let Some(page) = Guarded::find(probe, &person, 1).await?.into_iter().next() else {
                continue;
            };
            let headers = held(&probe.dressed(person.whom, &page.request));
            let texts: Vec<String> =
                headers.iter().flat_map(|header| Token::find(&header.text())).collect();
            let Some((text, token)) =
                texts.into_iter().find_map(|text| Some((text.clone(), Token::parse(&text)?)))
            else {
                continue;
            };
            let baseline = with(probe, &page, &headers, "").await?;
            if page.shows_inside(&baseline) {
                return Ok(Some(Self { page, headers, text, token, baseline }));
            }
        }
        Ok(None)
    }

    /// The page with another token.
    async fn ask(&self, probe: &mut SiteProbe, token: &str) -> Result<Shot, ProbeStop> {
        let put = |header: &Header| {
            Header::new(header.name.clone(), header.text().replace(&self.text, token))
        };
        let headers: Vec<Header> = self.headers.iter().map(put).collect();
        with(probe, &self.page, &headers, token).await
    }

    /// A token that is signed with the word; for the last check one that ended an hour ago.
    fn signed_anew(&self, probe: &SiteProbe, what: Jwt) -> Option<Forgery> {
        let key = weak_key(&self.token)?;
        let now = probe.unix_seconds();
        let mut claims = self.token.claims.clone();
        let text = if what == Jwt::Expiry {
            claims["iat"] = json!(now - DAY);
            claims["exp"] = json!(now - HOUR);
            format!("an end that was an hour ago, signed with its own key, the word `{key}`")
        } else {
            // Other claims than those that were given: it is the key that counts.
            claims["jti"] = json!(format!("{now}"));
            format!(
                "other claims, signed with its own key, the word `{key}` of a list of common ones"
            )
        };
        let algorithm = self.token.algorithm();
        let token = Token::forged(&self.token.header, &claims, &algorithm, key.as_bytes())?;
        Some(Forgery { what: text, token })
    }

    /// Whether a forged token shows the page twice; `refused` is the answer to one that is not taken.
    async fn judge(
        &self,
        probe: &mut SiteProbe,
        forgery: &Forgery,
        refused: &Shot,
    ) -> Result<bool, ProbeStop> {
        let attack = self.ask(probe, &forgery.token).await?;
        if !self.page.shows_same_person(&attack) {
            return Ok(false);
        }
        let replay = self.ask(probe, &forgery.token).await?;
        if !self.page.shows_same_person(&replay) || self.page.shows_inside(refused) {
            return Ok(false);
        }
        let detail = format!(
            "a token with {} shows {} as the one that was given out does, twice; one that cannot be \
             right is answered with {}",
            forgery.what,
            self.page.path_template,
            refused.response().status,
        );
        let exhibits = vec![
            Exhibit::new(EvidenceRole::Baseline, self.baseline.clone()),
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Replay, replay),
            Exhibit::new(EvidenceRole::Control, refused.clone()),
        ];
        let payloads = vec![forgery.token.clone()];
        let proof = Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads };
        probe.found_in(self.page.request.clone(), self.page.path_template.clone(), None, proof);
        Ok(true)
    }
}

/// Keys that the site publishes.
async fn published(probe: &mut SiteProbe) -> Result<Vec<String>, ProbeStop> {
    let site = probe.site();
    let says = |path: &str| ["jwks", "public", ".pem", "keys"].iter().any(|it| path.contains(it));
    let known = site.nodes().filter(|node| node.method == "GET" && says(&node.path_template));
    let mut requests: Vec<Request> = known.map(|node| node.examples[0].clone()).take(3).collect();
    if let Some(start) = site.nodes().next() {
        let origin = &start.examples[0].origin;
        requests.extend(PUBLISHED.iter().map(|path| Request::get(origin.clone(), *path)));
    }
    let mut found = Vec::new();
    for request in requests {
        let shot = probe.ask_as(Whom::Nobody, request, "", None).await?;
        let text = shot.response().body_text().into_owned();
        let is_key = text.contains("PUBLIC KEY-----") || text.contains("\"keys\"");
        if shot.response().status == 200 && is_key && !found.contains(&text) {
            found.push(text);
        }
    }
    Ok(found)
}
