//! Accordions and tabs: panels that are hidden until one clicks, and what opens them.

use std::collections::HashSet;

use super::boilerplate::{Hint, Region, split_humps};
use super::element::Element;
use super::stack::hash;
use super::tokens::Attributes;

/// Words of classes that name what opens and closes.
const PANELS: &[&str] = &[
    "accordion",
    "accordian",
    "collapse",
    "collapsed",
    "collapsible",
    "expand",
    "expandable",
    "expander",
    "panel",
    "tab",
    "tabs",
    "tabpanel",
    "pane",
    "toggle",
    "toggler",
    "faq",
    "answer",
];

fn names_panel(attributes: &Attributes) -> bool {
    [&attributes.class, &attributes.id].into_iter().any(|value| {
        value
            .split_whitespace()
            .any(|class| split_humps(class).split(['-', '_']).any(|part| PANELS.contains(&part)))
    })
}

/// Whether a hidden element says itself that it is what an accordion or a tab shows on a click.
pub(super) fn is_panel(attributes: &Attributes) -> bool {
    matches!(attributes.role.as_str(), "tabpanel" | "region") || names_panel(attributes)
}

/// Whether a button opens such a panel: it bears the panel's title then.
pub(super) fn opens(attributes: &Attributes) -> bool {
    attributes.expands || attributes.role == "tab" || names_panel(attributes)
}

/// What on a page opens panels.
#[derive(Debug, Default)]
pub(super) struct Openers {
    /// The ids of what they open, as hashes.
    opened: HashSet<u64>,
    /// The block that the last of them stands in.
    last: Option<usize>,
}

impl Openers {
    /// Takes note of an element if it opens a panel; `block` is the block that it stands in.
    pub fn note(&mut self, element: Element, attributes: &Attributes, block: usize) {
        let says_so = attributes.expands || attributes.role == "tab";
        let is_small = matches!(
            element,
            Element::Inline | Element::Link | Element::Heading(_) | Element::Term
        );
        if !(says_so || is_small && names_panel(attributes)) {
            return;
        }
        self.last = Some(block);
        let place = attributes.href.strip_prefix('#');
        let ids = attributes.controls.split_whitespace().map(|id| id.trim_start_matches('#'));
        let ids = ids.chain(place).filter(|id| !id.is_empty());
        self.opened.extend(ids.map(hash));
    }

    /// Whether a block comes right after what opens a panel.
    pub fn stand_before(&self, block: usize) -> bool {
        self.last.is_some_and(|last| block <= last + 1)
    }

    /// Tells hidden regions that something opens, wherever it stands on the page.
    pub fn tell(&self, regions: &mut [Region]) {
        for region in regions {
            if region.id.is_some_and(|id| self.opened.contains(&id)) {
                region.hint = Hint::Collapsed;
            }
        }
    }
}

/// For each region, whether it is or stands in a panel.
pub(super) fn inside(regions: &[Region]) -> Vec<bool> {
    let mut inside: Vec<bool> = Vec::with_capacity(regions.len());
    for region in regions {
        // A region's number is larger than that of the one around it.
        let around = region.parent.and_then(|parent| inside.get(parent as usize).copied());
        inside.push(region.hint == Hint::Collapsed || around.unwrap_or_default());
    }
    inside
}
