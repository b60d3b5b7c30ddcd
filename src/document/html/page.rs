//! The blocks of a page with what is known of them, and which of them are read.

use super::boilerplate::{self, Region};
use super::content;
use super::evidence::{self, Evidence};
use super::panels::{self, Openers};
use crate::document::outline::{Draft, Role};
use crate::document::{BlockKind, Boilerplate, Reading, Reason};

/// A text shorter than this is no prose: menus are made of short texts.
const PROSE: usize = 80;

/// A draft, where on the page it stands and what it looks like.
pub(super) struct Entry {
    pub draft: Draft,
    pub region: Option<u32>,
    pub container: u32,
    /// Percentage of the text that is links.
    pub linked: u8,
    /// Those links lead to places of this page.
    pub is_local: bool,
    pub is_prose: bool,
    /// It stands in a panel that opens on a click.
    pub in_panel: bool,
    pub evidence: Evidence,
    /// What stands over a cell and beside it; the term that a description is about.
    pub headers: Vec<String>,
}

impl Entry {
    /// Running text that reads like part of a policy.
    pub fn is_policy(&self) -> bool {
        self.is_prose && self.evidence.is_policy()
    }

    /// A heading, not a link, that names a privacy policy.
    fn names_policy(&self) -> bool {
        matches!(self.draft.role, Role::Fixed(BlockKind::Heading { .. }))
            && self.linked == 0
            && evidence::names_policy(self.draft.text.as_str())
    }
}

/// Running text: long, made of words, and not of links for the most part.
pub(super) fn is_prose(text: &str, linked: u8) -> bool {
    text.len() >= PROSE && linked < 50 && text.split_whitespace().count() * 12 > text.len()
}

/// A whole sentence, however short, and no link.
pub(super) fn is_sentence(text: &str, linked: u8) -> bool {
    const WORDS: usize = 4;
    let text = text.trim_end_matches([')', '"', '”', '’', ' ', '\n']);
    linked < 50
        && text.ends_with(['.', '!', '?', ':', ';', '…'])
        && text.split_whitespace().nth(WORDS - 1).is_some()
}

/// A page that was run through.
#[derive(Default)]
pub(super) struct Page {
    pub entries: Vec<Entry>,
    pub regions: Vec<Region>,
    /// The container around each container; the first is the page.
    pub containers: Vec<u32>,
    /// Which entry each tab is.
    pub tabs: Vec<usize>,
    pub openers: Openers,
}

impl Page {
    /// What is read of it.
    pub fn into_reading(mut self, boilerplate: Boilerplate) -> Reading {
        let fates = match boilerplate {
            Boilerplate::Keep => vec![None; self.entries.len()],
            Boilerplate::Drop => self.fates(),
        };
        let mut reading = Reading::default();
        for (entry, fate) in self.entries.into_iter().zip(fates) {
            if let Some(reason) = fate {
                reading.left_out.add(reason, entry.draft.text.len());
                continue;
            }
            reading.head(&entry.draft, entry.headers);
            reading.drafts.push(entry.draft);
        }
        reading
    }

    /// For each entry, why it is left out, if it is.
    fn fates(&mut self) -> Vec<Option<Reason>> {
        let prose = |policy: bool| {
            let counted = self.entries.iter().filter(|entry| entry.is_prose);
            let counted = counted.filter(|entry| !policy || entry.is_policy());
            counted.map(|entry| entry.draft.text.len()).sum::<usize>()
        };
        let (prose, policy) = (prose(false), prose(true));
        self.openers.tell(&mut self.regions);
        let dropped = boilerplate::dropped(&mut self.regions, prose, policy);
        let in_panels = panels::inside(&self.regions);
        for entry in &mut self.entries {
            entry.in_panel = entry.region.is_some_and(|region| in_panels[region as usize]);
        }
        let is_dropped = |entry: &Entry| {
            entry.region.is_some_and(|region| {
                let at = region as usize;
                // Many pages have their title in a `header`.
                dropped[at] && !(self.regions[at].hint.is_of_frame() && entry.names_policy())
            })
        };
        let fates = self.entries.iter().map(|e| is_dropped(e).then_some(Reason::Boilerplate));
        let mut fates: Vec<Option<Reason>> = fates.collect();
        for at in self.rows_of_tabs() {
            fates[at] = Some(Reason::Boilerplate);
        }
        content::select(&self.entries, &self.containers, fates)
    }

    /// Tabs right beside each other: a menu. Those of an accordion have their text below.
    fn rows_of_tabs(&self) -> Vec<usize> {
        let rows = self.tabs.chunk_by(|a, b| a + 1 == *b).filter(|row| row.len() > 1);
        let is_label = |at: &usize| self.entries.get(*at).is_some_and(|entry| !entry.is_prose);
        rows.flatten().copied().filter(is_label).collect()
    }
}
