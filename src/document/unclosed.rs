//! Markup in Markdown that nothing closes.

use std::ops::Range;

/// A script, a style sheet or a comment that nothing closes would take the rest of the file with
/// it: the parts of the file before and after such ones, each of which ends with its paragraph.
pub(super) fn readable_parts(source: &str) -> Vec<Range<usize>> {
    const UNREAD: [(&str, &str); 3] =
        [("<script", "</script"), ("<style", "</style"), ("<!--", "-->")];
    let lower = source.to_ascii_lowercase();
    let opened = |open: &str, from: usize| {
        let found = lower[from..].match_indices(open).map(|(at, _)| from + at);
        found.into_iter().find(|at| lower[..*at].trim_end_matches(' ').ends_with('\n') || *at == 0)
    };
    // Where the next one of each kind begins that is not closed.
    let mut next = UNREAD.map(|(open, close)| opened(open, lower.rfind(close).unwrap_or(0)));
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(open) = next.iter().flatten().min().copied() {
        parts.push(from..open);
        from = lower[open..].find("\n\n").map_or(lower.len(), |end| open + end);
        for (next, (open, _)) in next.iter_mut().zip(UNREAD) {
            if next.is_some_and(|next| next < from) {
                *next = opened(open, from);
            }
        }
    }
    parts.push(from..source.len());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(source: &str) -> Vec<&str> {
        readable_parts(source).into_iter().map(|part| source[part].trim()).collect()
    }

    #[test]
    fn what_is_closed_stays() {
        for source in ["One.", "a\n<script>x</script>\nb", "<!-- a -->\n\nb", "no <style here"] {
            assert_eq!(parts(source), [source]);
        }
    }

    #[test]
    fn what_is_open_ends_with_its_paragraph() {
        let source = "<SCRIPT a\n\nOne.\n  <!-- b\n\nTwo.\n\n<style>c</style>\n<style d";
        assert_eq!(parts(source), ["", "One.", "Two.\n\n<style>c</style>", ""]);
    }
}
