//! Lines of addresses: they look like titles and are none, and each is a block of its own.

use super::outline::{Draft, Role};
use super::{BlockKind, flow};

/// Longest line that may be one, in bytes.
const LONGEST: usize = 140;
/// Longest paragraph that is an address, and longest line of it.
const LONGEST_IN_ALL: usize = 500;
const LONGEST_LINE: usize = 90;
/// Last words of streets.
const STREETS: [&str; 18] = [
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "lane",
    "drive",
    "boulevard",
    "blvd",
    "way",
    "suite",
    "floor",
    "square",
    "court",
    "parkway",
    "highway",
    "house",
];
/// Last words of companies.
const COMPANIES: [&str; 14] = [
    "inc",
    "llc",
    "ltd",
    "limited",
    "gmbh",
    "corp",
    "corporation",
    "plc",
    "b.v",
    "s.a",
    "ag",
    "oy",
    "ab",
    "llp",
];
/// First words of lines that name a person or a number.
const CARE: [&str; 12] = [
    "attn",
    "attention",
    "c/o",
    "tel",
    "telephone",
    "phone",
    "fax",
    "email",
    "e-mail",
    "mail",
    "address",
    "post",
];

/// A line of an address: a street, a town with its code, a company, a telephone, an e-mail
/// address. Its capitals make no title of it.
pub(super) fn is_address(text: &str) -> bool {
    let text = text.trim();
    if text.len() > LONGEST || text.ends_with('?') {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()).collect();
    let link = words.iter().any(|w| w.contains('@') && w.contains('.') || w.starts_with("www."))
        || lower.contains("://");
    let digits = lower.bytes().filter(u8::is_ascii_digit).count();
    let telephone = digits >= 7 && lower.contains(['-', '+', '(', ' ']) && words.len() <= 8;
    let has = |names: &[&str]| words.iter().any(|w| names.contains(&w.trim_end_matches('.')));
    let numbered = words.first().is_some_and(|w| w.starts_with(|c: char| c.is_ascii_digit()));
    let street = digits > 0 && !text.starts_with(char::is_alphabetic) && numbered && has(&STREETS);
    let code = words.windows(2).any(|pair| {
        pair[0].len() == 2
            && pair[1].len() >= 5
            && pair[1].bytes().take(5).all(|b| b.is_ascii_digit())
    });
    let company = words.len() >= 2
        && words.len() <= 7
        && words.last().is_some_and(|w| COMPANIES.contains(&w.trim_end_matches('.')));
    let care = words.first().is_some_and(|w| CARE.contains(&w.trim_end_matches([':', '.'])));
    let box_of_post = lower.contains("p.o. box") || lower.contains("po box");
    link && words.len() <= 4
        || telephone
        || street
        || code
        || company
        || care && words.len() <= 8 && (text.contains(':') || digits > 0)
        || box_of_post
}

/// Whether an address or a link is what the sentence has been leading to.
pub(super) fn leads_to_address(before: &str) -> bool {
    let last = before.rsplit(' ').next().unwrap_or(before).to_ascii_lowercase();
    ["at", "to", "via", "by", "see", "visit", "on", "or", "and", "from", "email", "e-mail"]
        .contains(&last.as_str())
}

/// Cuts paragraphs that hold an address at its line ends.
pub(super) fn divide(drafts: &mut Vec<Draft>) {
    let mut at = 0;
    let mut out: Vec<Draft> = Vec::new();
    for i in 0..drafts.len() {
        let cuts = line_cuts(&drafts[i]);
        if cuts.is_empty() {
            continue;
        }
        out.extend(drafts[at..i].iter().cloned());
        at = i + 1;
        let whole = &drafts[i].text;
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let ends = cuts.iter().copied().chain([whole.len()]);
        for (start, end) in starts.zip(ends) {
            let range = flow::trimmed(whole.as_str(), start..end);
            if whole.as_str()[range.clone()].contains(char::is_alphanumeric) {
                out.push(Draft { role: drafts[i].role, text: whole.slice(range) });
            }
        }
    }
    if at > 0 {
        out.extend(drafts[at..].iter().cloned());
        *drafts = out;
    }
}

/// Where the lines of a draft end that has an address in it.
fn line_cuts(draft: &Draft) -> Vec<usize> {
    let text = draft.text.as_str();
    let paragraph = draft.role == Role::Fixed(BlockKind::Paragraph);
    if !paragraph || text.len() > LONGEST_IN_ALL || !text.contains('\n') {
        return Vec::new();
    }
    let mut cuts = Vec::new();
    let mut before: Option<&str> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if let Some(before) = before
            && divides(before, trimmed)
            && draft.text.can_cut(at)
        {
            cuts.push(at);
        }
        if !trimmed.is_empty() {
            before = Some(trimmed);
        }
        at += line.len();
    }
    cuts
}

/// Whether a line end between two lines belongs to an address.
fn divides(before: &str, after: &str) -> bool {
    let goes_on = after.starts_with(char::is_lowercase) && after.contains(' ');
    let short = before.len() <= LONGEST_LINE && after.len() <= LONGEST_LINE;
    let open = before.ends_with(',') || leads_to_address(before);
    short && !goes_on && !open && (is_address(before) || is_address(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_addresses() {
        for line in [
            "Pear Shop Holdings, Inc.",
            "12 Long Street",
            "Orchard Hill, VT 05000",
            "privacy@pears.example",
            "Phone: 1-800-555-0100",
            "+44 20 5550 0100",
            "P.O. Box 12",
            "Attn: Data Desk",
            "www.pears.example",
        ] {
            assert!(is_address(line), "{line}");
        }
    }

    #[test]
    fn titles_are_no_addresses() {
        for line in [
            "How To Reach Us",
            "1. What We Collect",
            "Your Rights Under Article 15",
            "Contact by Email",
            "Data We Share With Pear Shop Inc. and Its Friends Abroad",
            "What about post?",
        ] {
            assert!(!is_address(line), "{line}");
        }
    }

    #[test]
    fn the_lines_of_an_address_are_blocks() {
        let lines = |text: &str| {
            let mut mapped = crate::document::MappedText::new();
            mapped.push_verbatim(text, 0);
            let mut drafts = vec![Draft { role: Role::Fixed(BlockKind::Paragraph), text: mapped }];
            divide(&mut drafts);
            drafts.iter().map(|draft| draft.text.as_str().to_owned()).collect::<Vec<_>>()
        };
        let address =
            ["Pear Shop, Inc.", "12 Long Street", "Orchard Hill, VT 05000", "a@pears.example"];
        assert_eq!(lines(&address.join("\n")), address);
        assert_eq!(lines("You may write to us at\n12 Long Street").len(), 1);
        assert_eq!(lines("We keep your name,\nyour mail and more.").len(), 1);
    }
}
