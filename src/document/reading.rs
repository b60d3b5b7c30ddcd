//! What a reader makes of a file.

use std::collections::BTreeMap;

use super::left_out::{LeftOut, Reason};
use super::outline::Draft;

/// Drafts in reading order, with what is told beside them.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub drafts: Vec<Draft>,
    /// Headers of cells, terms of descriptions, by where the draft begins in the source.
    pub headers: BTreeMap<usize, Vec<String>>,
    pub left_out: LeftOut,
}

impl Reading {
    /// Notes what stands over a draft or beside it.
    pub fn head(&mut self, draft: &Draft, headers: Vec<String>) {
        if let Some(start) = draft.start().filter(|_| !headers.is_empty()) {
            self.headers.insert(start, headers);
        }
    }

    /// Leaves out the drafts that `dropped` names.
    pub fn drop_drafts(&mut self, dropped: &[bool], reason: Reason) {
        let mut dropped = dropped.iter();
        self.drafts.retain(|draft| {
            let is_dropped = dropped.next().is_some_and(|dropped| *dropped);
            if is_dropped {
                self.left_out.add(reason, draft.text.len());
            }
            !is_dropped
        });
    }
}
