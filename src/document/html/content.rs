//! The part of a page that is its policy: where the text of a policy begins and ends, judged by
//! what the blocks say and how they are linked, whatever the page's markup claims.

use std::ops::Range;

use super::evidence::{self, Evidence};
use super::page::Entry;
use crate::document::outline::Role;
use crate::document::{BlockKind, Reason};

/// Less text than this that reads like a policy, in bytes, and the page is left as it is.
const ENOUGH: usize = 300;
/// Links in a row that make a menu.
const MENU: usize = 3;
/// Surplus of words of another document that makes a part of the page such a document.
const OTHER_DOCUMENT: i64 = 15;

/// The level of a title that is no heading.
const LINE: u8 = 8;

/// What a block is to the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Running text that reads like a policy.
    Policy,
    /// Other running text.
    Prose,
    /// A short text that is a link, for the most part, to another page.
    Link,
    /// A heading, an item, a line.
    Short,
}

struct Page<'a> {
    entries: &'a [Entry],
    parts: Vec<Part>,
    /// Why an entry is left out, if it is.
    fates: Vec<Option<Reason>>,
}

/// Which entries do not belong to the policy, and why; `parents` are the containers' containers.
/// Entries that `fates` leaves out already stay out.
pub(super) fn select(
    entries: &[Entry],
    parents: &[u32],
    fates: Vec<Option<Reason>>,
) -> Vec<Option<Reason>> {
    let parts = entries.iter().map(part).collect();
    let mut page = Page { entries, parts, fates };
    if page.policy_bytes() < ENOUGH {
        return page.fates;
    }
    page.drop_documents_before();
    page.drop_documents_after();
    page.trim(parents);
    page.drop_controls();
    page.fates
}

fn part(entry: &Entry) -> Part {
    if entry.is_prose && evidence::is_copyright(entry.draft.text.as_str()) {
        return Part::Prose;
    }
    if entry.is_prose {
        return if entry.is_policy() { Part::Policy } else { Part::Prose };
    }
    if entry.linked >= 60 && !entry.is_local { Part::Link } else { Part::Short }
}

impl Page<'_> {
    fn text(&self, at: usize) -> &str {
        self.entries[at].draft.text.as_str()
    }

    fn evidence(&self, at: usize) -> Evidence {
        self.entries[at].evidence
    }

    fn kept(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.entries.len()).filter(|at| self.fates[*at].is_none())
    }

    /// Leaves out what is still kept of a range.
    fn leave_out(&mut self, range: Range<usize>, reason: Reason) {
        for fate in &mut self.fates[range] {
            fate.get_or_insert(reason);
        }
    }

    /// Whether the container that a block stands in holds text of the policy right beside it.
    fn is_home(&self, homes: &[usize], at: usize) -> bool {
        const ENOUGH: usize = 300;
        homes.get(self.entries[at].container as usize).is_some_and(|bytes| *bytes >= ENOUGH)
    }

    /// How much text of the policy stands in each container, not counting those inside it.
    fn homes(&self, containers: usize, kept: &[usize]) -> Vec<usize> {
        let mut bytes = vec![0; containers];
        for &at in kept.iter().filter(|at| self.parts[**at] == Part::Policy) {
            if let Some(sum) = bytes.get_mut(self.entries[at].container as usize) {
                *sum += self.text(at).len();
            }
        }
        bytes
    }

    fn policy_bytes(&self) -> usize {
        self.kept().filter(|at| self.parts[*at] == Part::Policy).map(|at| self.text(at).len()).sum()
    }

    /// The level of a heading; one without markup is below all others.
    fn level(&self, at: usize) -> Option<u8> {
        match self.entries[at].draft.role {
            Role::Fixed(BlockKind::Heading { level }) => Some(level),
            Role::Title(_) => Some(7),
            _ => None,
        }
    }

    /// May a block name a document: it is a heading, or a short line that is no link.
    fn is_title(&self, at: usize) -> bool {
        let short = self.parts[at] == Part::Short && self.text(at).len() <= 60;
        self.level(at).is_some() || short && self.entries[at].linked == 0
    }

    // Only texts with such words are compared with names.

    fn names_policy(&self, at: usize) -> bool {
        let Evidence { privacy, common, .. } = self.evidence(at);
        privacy + common > 0 && evidence::names_policy(self.text(at))
    }

    fn names_other(&self, at: usize) -> bool {
        let Evidence { terms, common, .. } = self.evidence(at);
        terms + common > 0 && evidence::names_other(self.text(at))
    }

    /// Words of other documents less words of policies.
    fn surplus(&self, at: usize) -> i64 {
        let evidence = self.evidence(at);
        i64::from(evidence.terms) - i64::from(evidence.privacy)
    }

    /// Terms of use, and the like, that stand before the title of the policy.
    fn drop_documents_before(&mut self) {
        let mut best: Option<(i64, usize)> = None;
        let mut sum = 0;
        for at in self.kept() {
            let names = self.is_title(at) && self.names_policy(at);
            let is_better = |(most, best): (i64, usize)| {
                let level = |at| self.level(at).unwrap_or(LINE);
                let outer = level(at) < level(best);
                sum >= most + OTHER_DOCUMENT || outer && sum >= most - OTHER_DOCUMENT
            };
            if names && sum >= OTHER_DOCUMENT && best.is_none_or(is_better) {
                best = Some((sum, at));
            }
            sum += self.surplus(at);
        }
        let Some((before, at)) = best else { return };
        // What follows must be a policy.
        let enough = self
            .kept()
            .filter(|i| *i > at && self.parts[*i] == Part::Policy)
            .map(|i| self.text(i).len())
            .sum::<usize>();
        if sum - before < 0 && enough >= ENOUGH {
            self.leave_out(0..at, Reason::OtherDocument);
        }
    }

    /// The same after their own title.
    fn drop_documents_after(&mut self) {
        let kept: Vec<usize> = self.kept().collect();
        let mut from = 0;
        while from < kept.len() {
            let at = kept[from];
            from += 1;
            if !self.is_title(at) || !self.names_other(at) {
                continue;
            }
            let end = self.end_of_other(at, &kept[from..]);
            let Some(end) = end else { continue };
            let rest: usize = kept
                .iter()
                .filter(|i| !(at..end).contains(i) && self.parts[**i] == Part::Policy)
                .map(|i| self.text(*i).len())
                .sum();
            if rest >= ENOUGH {
                self.leave_out(at..end, Reason::OtherDocument);
                from = kept.partition_point(|i| *i < end);
            }
        }
    }

    /// Where the document with the title at `at` ends: at the title of a policy, or where its
    /// words give way to those of a policy.
    fn end_of_other(&self, at: usize, after: &[usize]) -> Option<usize> {
        let level = self.level(at).unwrap_or(LINE);
        let (mut sum, mut most, mut end) = (0, OTHER_DOCUMENT, None);
        for &i in after {
            let outer = self.level(i).is_some_and(|other| other <= level);
            if outer && self.names_policy(i) {
                break;
            }
            if outer && end.is_some() && sum < most - OTHER_DOCUMENT {
                break;
            }
            sum += self.surplus(i);
            if sum >= most {
                most = sum;
                end = Some(i + 1);
            }
        }
        // The section that the last such word stands in belongs to it as a whole.
        let rest = after.iter().copied().filter(|i| end.is_some_and(|end| *i >= end));
        let next = rest.into_iter().find(|i| self.level(*i).is_some_and(|other| other <= level));
        end.map(|_| next.unwrap_or(self.entries.len()))
    }

    /// Drops what stands before and after the run of blocks that holds the policy.
    fn trim(&mut self, parents: &[u32]) {
        let kept: Vec<usize> = self.kept().collect();
        let homes = self.homes(parents.len(), &kept);
        let Some((first, last)) = self.densest(&kept, &homes) else { return };
        let main = self.main_container(parents, &kept[first..=last]);
        let inside = |container: u32| is_inside(parents, container, main);
        let start = self.start(&kept[..first]);
        let end = last + 1 + self.tail(&kept[first..=last], &kept[last + 1..], &homes, &inside);
        let title = kept[..start]
            .iter()
            .rposition(|at| self.level(*at).is_some() && self.names_policy(*at));
        let near_title =
            (start..first).any(|i| self.is_title(kept[i]) && self.names_policy(kept[i]));
        for (i, &at) in kept.iter().enumerate() {
            let is_title = !near_title && title == Some(i);
            if !(start..end).contains(&i) && !is_title {
                self.fates[at] = Some(Reason::Around);
            }
        }
    }

    /// The run of blocks with the most evidence for a policy less that against it.
    fn densest(&self, kept: &[usize], homes: &[usize]) -> Option<(usize, usize)> {
        /// A gap counts no more than this, so that no long list costs the text after it.
        const GAP: i64 = 1500;
        let mut best: Option<(i64, usize, usize)> = None;
        let (mut sum, mut start, mut peak) = (0, 0, 0);
        for (i, &at) in kept.iter().enumerate() {
            let bytes = self.text(at).len() as i64;
            let points = match self.parts[at] {
                Part::Policy => bytes.min(600),
                Part::Prose if self.evidence(at).is_weak() => -bytes.min(200),
                Part::Prose => -40,
                Part::Link => -60,
                Part::Short if self.level(at).is_some() => -30,
                Part::Short => -4,
            };
            let is_beside = points < 0 && self.is_home(homes, at);
            let points = if is_beside { points / 4 } else { points };
            if points > 0 && sum <= 0 {
                (sum, start, peak) = (0, i, 0);
            }
            sum = (sum + points).max(peak - GAP);
            peak = peak.max(sum);
            if points > 0 && best.is_none_or(|(most, ..)| sum > most) {
                best = Some((sum, start, i));
            }
        }
        best.map(|(_, start, end)| (start, end))
    }

    /// The innermost container that holds nearly all of the policy's text in `kept`.
    fn main_container(&self, parents: &[u32], kept: &[usize]) -> u32 {
        let mut bytes = self.homes(parents.len(), kept);
        // A container's number is larger than that of the one around it.
        for i in (1..parents.len()).rev() {
            bytes[parents[i] as usize] += bytes[i];
        }
        let total = bytes.first().copied().unwrap_or_default();
        let holds = |i: &usize| bytes[*i] * 100 >= total * 98;
        (0..parents.len()).rev().find(holds).unwrap_or_default() as u32
    }

    /// Where the policy begins among the blocks before its running text: at its title, or else
    /// after the last menu.
    fn start(&self, before: &[usize]) -> usize {
        let mut links = 0;
        let mut start = 0;
        for (i, &at) in before.iter().enumerate() {
            links = if self.parts[at] == Part::Link { links + 1 } else { 0 };
            if links >= MENU {
                start = i + 1;
            }
        }
        let title = (start..before.len()).find(|i| {
            let at = before[*i];
            self.level(at).is_some() && self.names_policy(at)
        });
        title.unwrap_or(start)
    }

    /// How many of the blocks after the policy's running text still belong to it: addresses and
    /// dates do, as do panels that open on a click; menus and teasers do not.
    fn tail(
        &self,
        run: &[usize],
        after: &[usize],
        homes: &[usize],
        inside: &impl Fn(u32) -> bool,
    ) -> usize {
        let mut links = 0;
        let in_panel = |at: usize| self.entries[at].in_panel;
        let has_panels = after.iter().any(|at| in_panel(*at) && !self.evidence(*at).is_weak());
        for (i, &at) in after.iter().enumerate() {
            links = if self.parts[at] == Part::Link { links + 1 } else { 0 };
            let titles_panel = self.parts[at] == Part::Short
                && after.get(i + 1).is_some_and(|next| in_panel(*next));
            let is_of_panel = has_panels && (in_panel(at) || titles_panel);
            let leaves = || {
                !inside(self.entries[at].container)
                    || self.level(at).is_some()
                        && !evidence::names_end(self.text(at))
                        && !self.is_section(run, homes, at)
                    || self.parts[at] == Part::Prose
                        && self.evidence(at).is_weak()
                        && !self.is_home(homes, at)
            };
            let is_over =
                links >= MENU || evidence::is_copyright(self.text(at)) || !is_of_panel && leaves();
            if is_over {
                return (i + 1).saturating_sub(links.max(1));
            }
        }
        after.len()
    }

    /// Whether a heading begins one more section like those in the run: of their level, and right
    /// beside text of the policy.
    fn is_section(&self, run: &[usize], homes: &[usize], at: usize) -> bool {
        let level = self.level(at);
        self.is_home(homes, at) && run.iter().any(|i| self.level(*i) == level)
    }

    /// Links such as `Back to top`, wherever they stand.
    fn drop_controls(&mut self) {
        for at in 0..self.entries.len() {
            let entry = &self.entries[at];
            if entry.linked >= 60 && evidence::is_control(self.text(at)) {
                self.leave_out(at..at + 1, Reason::Boilerplate);
            }
        }
    }
}

/// Whether a container is `outer` or stands in it.
fn is_inside(parents: &[u32], mut container: u32, outer: u32) -> bool {
    while container > outer {
        container = parents[container as usize];
    }
    container == outer
}
