//! The clause before a short one: what `Everyone (default)` is about stands there.

use super::ClauseKind;

/// From so many characters on, a clause speaks for itself.
const LONG: usize = 120;

/// Most characters that are shown of the clause before.
const SHOWN: usize = 100;

/// The beginning of the clause before, for a model that is shown it beside short clauses. None for
/// titles, and where the context holds it already.
pub fn previous(kind: ClauseKind, text: &str, context: &[String], before: &str) -> Option<String> {
    let title = matches!(kind, ClauseKind::Heading | ClauseKind::Toc);
    if title || text.chars().nth(LONG - 1).is_some() {
        return None;
    }
    let shown = beginning(before);
    (!shown.is_empty() && !context.iter().any(|part| part == shown)).then(|| shown.to_owned())
}

/// As many whole words as may be shown.
fn beginning(text: &str) -> &str {
    let Some((end, _)) = text.char_indices().nth(SHOWN) else { return text };
    let cut = &text[..end];
    cut.rsplit_once(' ').map_or(cut, |(words, _)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: ClauseKind = ClauseKind::Item;

    #[test]
    fn short_clauses_are_shown_the_one_before() {
        let found = previous(ITEM, "Everyone (default)", &[], "Who sees your page:");
        assert_eq!(found.as_deref(), Some("Who sees your page:"));
        assert_eq!(previous(ITEM, &"x".repeat(120), &[], "before"), None);
        assert!(previous(ITEM, &"é".repeat(119), &[], "before").is_some());
        assert_eq!(previous(ClauseKind::Heading, "Cookies", &[], "before"), None);
        assert_eq!(previous(ITEM, "by post;", &["We write:".into()], "We write:"), None);
        assert_eq!(previous(ITEM, "by post;", &[], ""), None);
    }

    #[test]
    fn whole_words_of_its_beginning_are_shown() {
        let before = "word ".repeat(30);
        assert_eq!(beginning(&before).len(), 99);
        assert_eq!(beginning(&"é".repeat(150)), "é".repeat(100));
        assert_eq!(beginning("all of it"), "all of it");
    }
}
