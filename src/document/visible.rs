//! Characters that cannot be seen are no text.

use super::MappedText;

/// Characters without width: they carry no text and would divide words.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}')
}

/// Appends `text` from offset `start` without characters that cannot be seen.
pub(super) fn push_visible(out: &mut MappedText, text: &str, start: usize) {
    if text.is_ascii() {
        return out.push_verbatim(text, start);
    }
    let mut from = 0;
    let mut at = 0;
    // All of them begin with one of three bytes.
    let candidate = |byte: &u8| matches!(byte, 0xc2 | 0xe2 | 0xef);
    while let Some(offset) = text.as_bytes()[at..].iter().position(candidate) {
        at += offset;
        let c = text[at..].chars().next().filter(|c| is_invisible(*c));
        if let Some(c) = c {
            out.push_verbatim(&text[from..at], start + from);
            from = at + c.len_utf8();
        }
        at += c.map_or(1, char::len_utf8);
    }
    out.push_verbatim(&text[from..], start + from);
}
