//! Lists of definitions that only their signs show: each term on a line of its own, or at the
//! beginning of its text.

use super::outline::{Draft, Role};
use super::{BlockKind, Reading};

/// Longest term, in bytes and words.
const LONGEST_TERM: usize = 60;
const TERM_WORDS: usize = 5;
/// Shortest definition, in bytes: what is shorter may be a line of an address.
const SHORTEST: usize = 60;
/// Terms on lines of their own that make a list.
const LINES: usize = 2;
/// Terms at the beginning of their texts that do.
const LEAD_INS: usize = 3;

/// Finds the definitions of a text and notes their terms.
pub(super) fn find(reading: &mut Reading) {
    let drafts = std::mem::take(&mut reading.drafts);
    let mut at = 0;
    while at < drafts.len() {
        let list = list_at(&drafts[at..], LINES, 2, |pair| {
            definition(pair.get(1)?)?;
            own_line(&pair[0])
        })
        .or_else(|| list_at(&drafts[at..], LEAD_INS, 1, |draft| lead_in(&draft[0])));
        let Some((terms, step)) = list else {
            at += 1;
            continue;
        };
        for term in terms {
            at += step;
            reading.head(&drafts[at - 1], vec![term.to_owned()]);
        }
    }
    reading.drafts = drafts;
}

/// The terms of the list that begins with the first draft, if `least` definitions follow each
/// other there; each takes `step` drafts.
fn list_at<'a>(
    drafts: &'a [Draft],
    least: usize,
    step: usize,
    term: impl Fn(&'a [Draft]) -> Option<&'a str>,
) -> Option<(Vec<&'a str>, usize)> {
    let terms: Vec<&str> = drafts.chunks(step).map_while(term).collect();
    (terms.len() >= least).then_some((terms, step))
}

/// The term that a paragraph consists of: `Cookies:`.
fn own_line(draft: &Draft) -> Option<&str> {
    paragraph(draft)?.strip_suffix(':').filter(|term| is_term(term))
}

/// A paragraph that may be what a term on the line before it means.
fn definition(draft: &Draft) -> Option<&str> {
    paragraph(draft).filter(|text| text.len() >= SHORTEST && text.ends_with('.'))
}

/// The term that a definition begins with: `Cookies: Small files that …`.
fn lead_in(draft: &Draft) -> Option<&str> {
    let (term, text) = definition(draft)?.split_once(": ")?;
    (is_term(term) && text.starts_with(char::is_uppercase)).then_some(term)
}

fn paragraph(draft: &Draft) -> Option<&str> {
    let is_paragraph = draft.role == Role::Fixed(BlockKind::Paragraph);
    is_paragraph.then(|| draft.text.as_str().trim())
}

/// A few words that begin with a capital.
fn is_term(text: &str) -> bool {
    text.len() <= LONGEST_TERM
        && text.starts_with(char::is_uppercase)
        && !text.contains(['.', ':', ';', '?', '!', ','])
        && text.split_whitespace().count() <= TERM_WORDS
}

/// Whether lines begin with the colon of a definition, and none with another one: `:root {}`.
pub(super) fn are_marked(text: &str) -> bool {
    let mut after = text.match_indices("\n:").map(|(at, colon)| &text[at + colon.len()..]);
    let is_definition = |after: &str| after.starts_with([' ', '\t']);
    after.next().is_some_and(is_definition) && after.all(is_definition)
}

#[cfg(test)]
mod tests {
    use crate::document::{Gate, ReadOptions, read};

    const COOKIES: &str = "Small files that our pages leave on your computer to know it again.";
    const LOGS: &str =
        "Lists of what was asked of our computers, by whom, and at what time of day.";
    const BEACONS: &str = "Pictures of one point that tell us whether you have opened a message.";

    /// The headers of every block.
    fn headers(source: &str, name: &str) -> Vec<String> {
        let options = ReadOptions { gate: Gate::Off, ..ReadOptions::default() };
        let document = read(source.as_bytes(), Some(name), &options).unwrap();
        document.blocks.iter().map(|block| document.headers_of(block).join(" > ")).collect()
    }

    #[test]
    fn terms_on_lines_of_their_own() {
        let source = format!("We say:\n\nCookies:\n\n{COOKIES}\n\nServer logs:\n\n{LOGS}\n");
        assert_eq!(headers(&source, "a.txt"), ["", "", "Cookies", "", "Server logs"]);
        let one = format!("We say so.\n\nCookies:\n\n{COOKIES}\n\nWe keep none.\n");
        assert!(headers(&one, "a.txt").concat().is_empty());
    }

    #[test]
    fn terms_that_begin_their_definitions() {
        let source =
            format!("**Cookies:** {COOKIES}\n\n**Logs:** {LOGS}\n\n**Beacons:** {BEACONS}\n");
        assert_eq!(headers(&source, "a.md"), ["Cookies", "Logs", "Beacons"]);
        assert_eq!(headers(&source.replace("**", ""), "a.txt"), ["Cookies", "Logs", "Beacons"]);
        let two = format!("Cookies: {COOKIES}\n\nLogs: {LOGS}\n\n{BEACONS}\n");
        assert!(headers(&two, "a.txt").concat().is_empty());
    }

    #[test]
    fn an_address_is_no_list_of_definitions() {
        let source = "Company: Pear Shop\n\nStreet: 12 Long Street\n\nPhone: 1-800-555-0100\n";
        assert!(headers(source, "a.txt").concat().is_empty());
    }
}
