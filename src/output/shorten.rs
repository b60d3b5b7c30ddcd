//! Text that fits a terminal: no control characters, wrapped at words, cut with an ellipsis.

const ELLIPSIS: char = '…';

/// Text from a file that is safe to show: a terminal must not obey what a policy says, so
/// control characters and those that turn the reading direction become `\u{fffd}`.
pub fn printable(text: &str) -> String {
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    text.chars().map(|c| if harmless(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// At most `lines` lines of at most `width` characters, broken between words where possible;
/// an ellipsis says that there is more. White space is folded.
pub fn wrap(text: &str, width: usize, lines: usize) -> Vec<String> {
    let (width, lines) = (width.max(2), lines.max(1));
    let mut out: Vec<String> = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace().flat_map(|word| pieces(word, width)) {
        let length = word.chars().count();
        let fits = used == 0 || used + 1 + length <= width;
        if !fits && out.len() == lines {
            if let Some(line) = out.last_mut() {
                ellipsis(line, width);
            }
            return out;
        }
        if !fits {
            out.push(String::new());
            used = 0;
        }
        if let Some(line) = out.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += length;
        }
    }
    out
}

/// Marks a line as cut, dropping characters where there is no room.
fn ellipsis(line: &mut String, width: usize) {
    while line.chars().count() + 1 > width {
        line.pop();
    }
    line.truncate(line.trim_end().len());
    line.push(ELLIPSIS);
}

/// A word, in pieces when it is longer than a line.
fn pieces(word: &str, width: usize) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let cut = rest.char_indices().nth(width).map_or(rest.len(), |(at, _)| at);
        let (piece, tail) = rest.split_at(cut);
        rest = tail;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_between_words() {
        assert_eq!(wrap("we keep  your\ndata safe", 9, 9), ["we keep", "your data", "safe"]);
        assert_eq!(wrap("we keep your data safe", 9, 2), ["we keep", "your dat…"]);
        assert_eq!(wrap("we keep your data safe", 22, 1), ["we keep your data safe"]);
        assert_eq!(wrap("we keep your data safe", 21, 1), ["we keep your data…"]);
        assert_eq!(wrap("", 9, 1), [""]);
    }

    #[test]
    fn cuts_words_longer_than_a_line() {
        assert_eq!(wrap("https://example.org/é", 8, 9), ["https://", "example.", "org/é"]);
        assert_eq!(wrap("ééééé", 3, 1), ["éé…"]);
        assert_eq!(wrap("abc", 0, 0), ["a…"]);
    }

    #[test]
    fn disarms_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c é"), "a\u{fffd}[2Jb\u{fffd}c é");
    }

    proptest::proptest! {
        #[test]
        fn never_wider_or_longer(text in "\\PC{0,80}", width in 2_usize..30, lines in 1_usize..5) {
            let out = wrap(&text, width, lines);
            proptest::prop_assert!(out.len() <= lines);
            for line in &out {
                proptest::prop_assert!(line.chars().count() <= width);
            }
            if !out.last().is_some_and(|line| line.ends_with('…')) {
                let letters = |s: &str| s.split_whitespace().collect::<String>();
                proptest::prop_assert_eq!(letters(&out.join(" ")), letters(&text));
            }
        }
    }
}
