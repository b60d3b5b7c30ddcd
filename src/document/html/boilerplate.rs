//! Which parts of a page are not its text.
//!
//! Elements only give hints. What decides is the prose: no hint may cost a page its text, for
//! classes lie, navigation elements stay unclosed, and answers hide until one clicks on them.

use super::element::Element;
use super::panels;
use super::tokens::Attributes;

/// Why a part of the page may be boilerplate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    /// Not shown: `hidden`, `display:none`, `noscript`, `template`.
    Hidden,
    /// `nav` and roles of navigation.
    Navigation,
    /// Header, footer or aside of the page.
    Frame,
    /// The class or the id says so.
    Named,
    /// The class or the id says that it asks for consent to cookies.
    Banner,
    /// Controls: buttons, selections, labels.
    Form,
    /// Hidden until one clicks: panels of accordions and tabs.
    Collapsed,
    /// The title of the window.
    Title,
}

const HINTS: usize = 8;

/// A part of the page with a hint.
#[derive(Debug)]
pub(super) struct Region {
    pub hint: Hint,
    /// The region around it; its index is smaller.
    pub parent: Option<u32>,
    /// Bytes of running text inside.
    pub prose: usize,
    /// Those of running text that reads like a policy.
    pub policy: usize,
    /// Sentences inside, be they ever so short.
    pub sentences: usize,
    /// The id, as a hash, of what may turn out to be a panel.
    pub id: Option<u64>,
}

impl Region {
    pub fn new(hint: Hint, parent: Option<u32>) -> Self {
        Self { hint, parent, prose: 0, policy: 0, sentences: 0, id: None }
    }
}

/// The hint an element gives; `in_content`: inside `main` or `article`.
pub(super) fn hint(
    name: &str,
    element: Element,
    attributes: &Attributes,
    in_content: bool,
) -> Option<Hint> {
    match name {
        "html" | "body" | "main" | "article" => return None,
        "title" => return Some(Hint::Title),
        _ => {}
    }
    if is_hidden(attributes) {
        return Some(if panels::is_panel(attributes) { Hint::Collapsed } else { Hint::Hidden });
    }
    match name {
        "noscript" | "template" | "svg" | "canvas" | "object" | "video" | "audio" | "dialog"
        | "math" => return Some(Hint::Hidden),
        "nav" => return Some(Hint::Navigation),
        "header" | "footer" | "aside" if !in_content => return Some(Hint::Frame),
        "button" | "label" if panels::opens(attributes) => return None,
        "select" | "button" | "option" | "textarea" | "label" => return Some(Hint::Form),
        _ => {}
    }
    match attributes.role.to_ascii_lowercase().as_str() {
        "navigation" | "menu" | "menubar" | "search" => return Some(Hint::Navigation),
        "banner" | "contentinfo" | "complementary" => return Some(Hint::Frame),
        "dialog" | "alertdialog" => return Some(Hint::Hidden),
        _ => {}
    }
    let nameable =
        element.divides() && !matches!(element, Element::Heading(_) | Element::Paragraph);
    let named = nameable || name == "span";
    let names = [&attributes.class, &attributes.id];
    names.into_iter().filter(|_| named).find_map(|value| hint_of_name(value))
}

/// A style that makes text bold, as a title without markup has it.
pub(super) fn is_styled_bold(style: &str) -> bool {
    let style = squeezed(style);
    ["font-weight:bold", "font-weight:600", "font-weight:700"]
        .iter()
        .any(|bold| style.contains(bold))
}

/// Whether an element is not shown.
fn is_hidden(attributes: &Attributes) -> bool {
    attributes.hidden || attributes.aria_hidden || is_styled_away(&attributes.style)
}

/// Whether an element may be a panel, should something on the page open it: it is hidden, and
/// neither its kind nor its name says that it is anything else.
pub(super) fn may_be_panel(name: &str, element: Element, attributes: &Attributes) -> bool {
    let names = [&attributes.class, &attributes.id];
    is_hidden(attributes)
        && element.divides()
        && !matches!(name, "noscript" | "template" | "dialog" | "nav")
        && matches!(attributes.role.as_str(), "" | "group" | "none" | "presentation")
        && names.into_iter().all(|value| hint_of_name(value).is_none())
}

fn squeezed(style: &str) -> String {
    style.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_styled_away(style: &str) -> bool {
    let style = squeezed(style);
    style.contains("display:none") || style.contains("visibility:hidden")
}

/// Words that name boilerplate as a whole class or as its last or first part.
const WHOLE: &[&str] = &[
    "nav",
    "navbar",
    "navigation",
    "menu",
    "submenu",
    "topmenu",
    "topnav",
    "mainnav",
    "subnav",
    "leftnav",
    "sidenav",
    "globalnav",
    "breadcrumb",
    "breadcrumbs",
    "crumbs",
    "sidebar",
    "footer",
    "masthead",
    "share",
    "sharing",
    "social",
    "addthis",
    "advert",
    "advertisement",
    "ad",
    "ads",
    "banner",
    "pagination",
    "pager",
    "toolbar",
    "dropdown",
    "skip",
    "skiplink",
    "skiplinks",
    "related",
    "comments",
    "newsletter",
    "signin",
    "login",
    "search",
    "copyright",
    "promo",
    "onetrust",
    "header",
    "modal",
    "popup",
    "widget",
    "tooltip",
    "sr-only",
    "visually-hidden",
    "screen-reader-text",
];

/// Parts that name boilerplate when they end or begin a compound class such as `site-footer`.
const PARTS: &[&str] = &[
    "nav",
    "navbar",
    "navigation",
    "menu",
    "breadcrumb",
    "breadcrumbs",
    "sidebar",
    "footer",
    "masthead",
    "share",
    "social",
    "onetrust",
    "addthis",
    "sitemap",
    "subnav",
    "topnav",
];

/// What the classes of an element, or its id, say of it.
fn hint_of_name(value: &str) -> Option<Hint> {
    value.split_whitespace().find_map(|class| {
        let class = split_humps(class);
        let mut parts = class.split(['-', '_']).filter(|part| !part.is_empty()).enumerate();
        if is_cookie_banner(&class) {
            return Some(Hint::Banner);
        }
        let named = WHOLE.contains(&class.as_str())
            || parts.any(|(i, part)| {
                let last = class.ends_with(part);
                (i == 0 || last) && PARTS.contains(&part) && !is_about_content(&class)
            });
        named.then_some(Hint::Named)
    })
}

/// Layout classes that tell of a sidebar or a menu elsewhere on the page.
fn is_about_content(class: &str) -> bool {
    ["no-", "has-", "with-", "without-"].iter().any(|part| class.starts_with(part))
        || ["-with-", "content", "wrap", "container", "layout"]
            .iter()
            .any(|part| class.contains(part))
}

fn is_cookie_banner(class: &str) -> bool {
    let thing =
        ["banner", "consent", "notice", "bar", "popup", "message", "overlay", "modal", "law"];
    class.contains("cookie") && thing.iter().any(|thing| class.contains(thing))
        || class.starts_with("onetrust")
        || class.contains("gdpr-")
}

/// `siteFooter` → `site-footer`.
pub(super) fn split_humps(class: &str) -> String {
    let mut out = String::with_capacity(class.len() + 4);
    let mut after_lower = false;
    for c in class.chars() {
        if c.is_ascii_uppercase() && after_lower {
            out.push('-');
        }
        after_lower = c.is_ascii_lowercase();
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Less text than this that reads like a policy, in bytes, and all running text counts alike.
const ENOUGH_POLICY: usize = 300;

/// Which regions are dropped, given the running text of the whole page and how much of that reads
/// like a policy.
pub(super) fn dropped(regions: &mut [Region], prose: usize, policy: usize) -> Vec<bool> {
    for i in (0..regions.len()).rev() {
        if let Some(parent) = regions[i].parent {
            regions[parent as usize].prose += regions[i].prose;
            regions[parent as usize].policy += regions[i].policy;
            regions[parent as usize].sentences += regions[i].sentences;
        }
    }
    let by_policy = policy >= ENOUGH_POLICY;
    let (counted, whole): (fn(&Region) -> usize, usize) =
        if by_policy { (|region| region.policy, policy) } else { (|region| region.prose, prose) };
    // What each kind of hint would cost, counted at its outermost regions.
    let mut cost = [0; HINTS];
    for region in regions.iter() {
        let outermost =
            region.parent.is_none_or(|parent| regions[parent as usize].hint != region.hint);
        if outermost {
            cost[region.hint as usize] += counted(region);
        }
    }
    let mut dropped = vec![false; regions.len()];
    for (i, region) in regions.iter().enumerate() {
        let inside_dropped = region.parent.is_some_and(|parent| dropped[parent as usize]);
        let much = |bytes: usize, percent| bytes > 0 && bytes * 100 > whole * percent;
        // A region is spared when it, or all with such a hint together, hold much of the text.
        let spared = match region.hint {
            Hint::Title => false,
            Hint::Collapsed => region.prose + region.sentences > 0,
            hint => much(counted(region).max(cost[hint as usize]), hint.share()),
        };
        dropped[i] = inside_dropped || !spared;
    }
    dropped
}

impl Hint {
    /// The part is what surrounds the content of a page.
    pub fn is_of_frame(self) -> bool {
        matches!(self, Hint::Frame | Hint::Named)
    }

    /// The percentage of a page's text above which such a hint is not believed.
    fn share(self) -> usize {
        match self {
            Hint::Hidden | Hint::Form => 40,
            Hint::Navigation | Hint::Banner => 50,
            Hint::Frame | Hint::Named | Hint::Collapsed | Hint::Title => 25,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(class: &str) -> bool {
        hint_of_name(class).is_some()
    }

    #[test]
    fn names() {
        for class in ["nav", "site-footer", "cookie-banner", "mainMenu", "x breadcrumb", "menu_top"]
        {
            assert!(named(class), "{class}");
        }
        for class in ["no-sidebar", "content-with-sidebar", "navy", "policy", "shared-data", ""] {
            assert!(!named(class), "{class}");
        }
    }

    #[test]
    fn a_region_with_the_text_is_spared() {
        let region = |hint, parent, prose| Region { prose, ..Region::new(hint, parent) };
        let mut regions = vec![
            region(Hint::Navigation, None, 0),
            region(Hint::Hidden, Some(0), 900),
            region(Hint::Frame, None, 100),
        ];
        assert_eq!(dropped(&mut regions, 1000, 0), [false, false, true]);
    }

    #[test]
    fn many_small_regions_may_hold_the_text_together() {
        let mut regions: Vec<Region> =
            (0..10).map(|_| Region { prose: 90, ..Region::new(Hint::Hidden, None) }).collect();
        assert!(!dropped(&mut regions, 1000, 0).contains(&true));
    }
}
