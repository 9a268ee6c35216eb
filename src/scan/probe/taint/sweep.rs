//! Words at every place, then every page once.

use std::sync::Arc;

use aho_corasick::AhoCorasick;

use super::Entry;
use super::Sight;
use super::Trail;
use super::Trails;
use super::entry::of_reading;
use super::entry::of_visit;
use super::entry::of_writing;
use super::pages::Reading;
use super::pages::near;
use crate::model::NoticeLevel;
use crate::model::Request;
use crate::model::plural;
use crate::scan::point::place_all;
use crate::scan::probe::Node;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;
use crate::scan::probe::Whom;

/// Places of one request that are written to one by one.
const MAX_ALONE: usize = 12;

/// Requests whose headers are words.
const MAX_VISITS: usize = 4;

/// Pages that one word is followed to.
const MAX_SIGHTS: usize = 4;

/// Bytes of pages that are kept.
const MAX_KEPT: usize = 32 << 20;

/// Requests that write, requests that only read, pages that are read.
fn bounds(strength: Strength) -> (usize, usize, usize) {
    match strength {
        Strength::Low => (60, 0, 80),
        Strength::Medium => (200, 60, 200),
        Strength::High => (600, 200, 500),
    }
}

impl SiteProbe {
    /// Where values that the site is given come back, found out once in a run.
    ///
    /// # Errors
    /// [`ProbeStop`]: no budget, or the run is stopped; single requests that fail are passed over.
    pub(crate) async fn trails(&mut self) -> Result<Arc<Trails>, ProbeStop> {
        let swept = Arc::clone(&self.sending().means().swept);
        let trails = swept.get_or_try_init(|| async {
            let mut sweep = Sweep::new(self);
            sweep.write(self).await?;
            sweep.read(self).await.map(Arc::new)
        });
        trails.await.cloned()
    }

    /// Sends what may fail without ending everything; `None` where it has no answer.
    ///
    /// # Errors
    /// [`ProbeStop`]: no budget, or the run is stopped.
    pub(crate) async fn try_ask(
        &mut self,
        request: Request,
        value: &str,
        stands_for: Option<String>,
    ) -> Result<Option<Shot>, ProbeStop> {
        match self.ask_as(Whom::Session, request, value, stands_for).await {
            Ok(shot) => Ok(Some(shot)),
            Err(
                ProbeStop::Failed(_)
                | ProbeStop::Limited
                | ProbeStop::OutOfScope(_)
                | ProbeStop::NotLoggedIn(_),
            ) => Ok(None),
            Err(stop @ (ProbeStop::Budget(_) | ProbeStop::Stopped | ProbeStop::NoBrowser(_))) => {
                Err(stop)
            }
        }
    }

    /// Writes something at an entry, everything else as it was; `None` where there is no answer.
    ///
    /// # Errors
    /// As [`Self::try_ask`].
    pub(crate) async fn write(
        &mut self,
        entry: &Entry,
        inner: &str,
    ) -> Result<Option<Shot>, ProbeStop> {
        let path = entry.node.examples[0].path_and_query_text().into_owned();
        self.try_ask(entry.request(inner), &entry.value(inner), Some(path)).await
    }
}

impl SiteProbe {
    /// Writes something at several entries of one request, everything else as it was.
    ///
    /// # Errors
    /// As [`Self::try_ask`].
    pub(crate) async fn write_all(
        &mut self,
        written: &[(&Entry, String)],
    ) -> Result<Option<Shot>, ProbeStop> {
        let Some((first, _)) = written.first() else { return Ok(None) };
        let values: Vec<_> =
            written.iter().map(|(entry, inner)| (&entry.point, entry.value(inner))).collect();
        let base = &first.node.examples[0];
        let said = values.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ");
        let path = base.path_and_query_text().into_owned();
        self.try_ask(place_all(base, &values), &said, Some(path)).await
    }
}

struct Sweep {
    most: (usize, usize, usize),
    entries: Vec<Entry>,
    /// Words, and where each was placed.
    markers: Vec<(String, usize)>,
    reading: Reading,
    left_out: usize,
}

impl Sweep {
    fn new(probe: &mut SiteProbe) -> Self {
        let most = bounds(probe.sender().strength());
        let reading = Reading::of_site(probe, most.2);
        Self { most, entries: Vec::new(), markers: Vec::new(), reading, left_out: 0 }
    }

    async fn write(&mut self, probe: &mut SiteProbe) -> Result<(), ProbeStop> {
        let traffic = probe.sending().means().traffic.clone();
        let nodes: Vec<Arc<Node>> = probe.reached().into_iter().map(Arc::new).collect();
        let (reading, writing): (Vec<_>, Vec<_>) = nodes
            .iter()
            .filter(|node| probe.may_send(node) && !traffic.ends_login(node))
            .partition(|node| node.examples[0].method.is_safe());
        let visits = if self.most.1 == 0 { 0 } else { MAX_VISITS };
        for node in reading.iter().take(visits) {
            let entries = of_visit(node);
            self.together(probe, node, entries).await?;
        }
        let with_query = reading.iter().filter(|node| !node.parameters.is_empty());
        for node in with_query.take(self.most.1) {
            let entries = of_reading(node);
            self.together(probe, node, entries).await?;
        }
        self.left_out += writing.len().saturating_sub(self.most.0);
        // What is written to last is what stays where values replace each other.
        for node in writing.iter().take(self.most.0) {
            self.write_to(probe, node).await?;
        }
        self.tell(probe).await;
        Ok(())
    }

    /// Every text of a request that writes at once, as it would be filled in; what takes no text, and
    /// everything where that is not accepted, one by one.
    async fn write_to(&mut self, probe: &mut SiteProbe, node: &Arc<Node>) -> Result<(), ProbeStop> {
        let (strict, texts): (Vec<_>, Vec<_>) =
            of_writing(node).into_iter().partition(|entry| entry.is_strict);
        for entry in strict.into_iter().take(MAX_ALONE) {
            self.alone(probe, entry).await?;
        }
        let answer = self.together(probe, node, texts.clone()).await?;
        let Some(answer) = answer else { return Ok(()) };
        let usual = node.answer.as_ref().map(|answer| answer.status);
        if usual.is_some_and(|usual| usual != answer.response().status) && texts.len() > 1 {
            for entry in texts.into_iter().take(MAX_ALONE) {
                self.alone(probe, entry).await?;
            }
        }
        Ok(())
    }

    async fn alone(&mut self, probe: &mut SiteProbe, entry: Entry) -> Result<(), ProbeStop> {
        let node = Arc::clone(&entry.node);
        self.together(probe, &node, vec![entry]).await.map(drop)
    }

    async fn together(
        &mut self,
        probe: &mut SiteProbe,
        node: &Arc<Node>,
        entries: Vec<Entry>,
    ) -> Result<Option<Shot>, ProbeStop> {
        if entries.is_empty() {
            return Ok(None);
        }
        let mut written = Vec::new();
        for entry in &entries {
            let word = probe.sender().word();
            let known = self.entries.iter().position(|known| {
                Arc::ptr_eq(&known.node, node) && known.point.reference == entry.point.reference
            });
            let at = known.unwrap_or_else(|| {
                self.entries.push(entry.clone());
                self.entries.len() - 1
            });
            written.push((entry, word.clone()));
            self.markers.push((word, at));
        }
        let answer = probe.write_all(&written).await?;
        if let Some(answer) = answer.as_ref().filter(|_| !node.examples[0].method.is_safe()) {
            for page in near(node, answer) {
                self.reading.add(page, self.most.2);
            }
        }
        Ok(answer)
    }

    async fn read(self, probe: &mut SiteProbe) -> Result<Trails, ProbeStop> {
        let trail = |entry| Trail { entry, sights: Vec::new() };
        let mut trails =
            Trails { list: self.entries.into_iter().map(trail).collect(), pages: Vec::new() };
        let words = self.markers.iter().map(|(word, _)| word);
        let found = AhoCorasick::builder().ascii_case_insensitive(true).build(words);
        let finder = found.expect("a few thousand short words");
        let mut kept = 0;
        for asked in self.reading.list {
            let Some(shot) = probe.try_ask(asked.clone(), "", None).await? else { continue };
            kept += shot.response().body.len();
            for at in finder.find_iter(&shot.response().body) {
                let (marker, entry) = &self.markers[at.pattern().as_usize()];
                let sights = &mut trails.list[*entry].sights;
                let is_known = sights.iter().any(|sight| sight.asked == asked);
                if !is_known && sights.len() < MAX_SIGHTS && kept <= MAX_KEPT {
                    let (marker, asked, page) = (marker.clone(), asked.clone(), shot.clone());
                    sights.push(Sight { marker, asked, page });
                }
            }
            trails.pages.push(asked);
        }
        Ok(trails)
    }

    async fn tell(&self, probe: &SiteProbe) {
        let traffic = &probe.sending().means().traffic;
        for (count, what) in [
            (self.left_out, "requests that write were given nothing to keep"),
            (self.reading.left_out, "pages were not read for what was kept"),
        ] {
            if count > 0 {
                let text = format!(
                    "scan: of stored values, {} beyond the bound: {what}",
                    plural(count as u64, "place is", "places are")
                );
                traffic.notice(NoticeLevel::Warning, text).await;
            }
        }
    }
}
