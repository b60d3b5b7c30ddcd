//! Whether two clauses begin at the same word of the source, whatever markup, white space,
//! bullet or list number stands before it.

use std::collections::BTreeSet;

use crate::document::Span;

use super::Counts;

/// Clause starts found (true positives), invented and missed, by their first words.
///
/// Meant for UTF-8 and the single-byte encodings: markup is recognised by its ASCII bytes.
pub fn same_starts(source: &[u8], gold: &[Span], predicted: &[Span]) -> Counts {
    let words = |spans: &[Span]| -> BTreeSet<usize> {
        spans.iter().map(|span| first_word(source, *span)).collect()
    };
    let (gold, predicted) = (words(gold), words(predicted));
    let both = gold.intersection(&predicted).count() as u64;
    Counts {
        true_positives: both,
        false_positives: predicted.len() as u64 - both,
        false_negatives: gold.len() as u64 - both,
    }
}

/// The spans that starts alone describe: each reaches to the next one, the last to the end of
/// the source. Those without a word in them are left out, as they say nothing.
pub fn spans_from(source: &[u8], starts: &BTreeSet<usize>) -> Vec<Span> {
    let ends = starts.iter().skip(1).copied().chain([source.len()]);
    let spans = starts.iter().zip(ends).map(|(&start, end)| Span { start, end });
    spans.filter(|span| word_in(source, *span).is_some()).collect()
}

/// Offset of the first word in a span; the span's start when there is none.
fn first_word(source: &[u8], span: Span) -> usize {
    word_in(source, span).unwrap_or(span.start)
}

fn word_in(source: &[u8], span: Span) -> Option<usize> {
    let end = span.end.min(source.len());
    let text = source.get(span.start..end)?;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let skip =
            tag(rest).or_else(|| entity(rest)).or_else(|| marker(rest)).or_else(|| sign(rest));
        match skip {
            Some(length) => at += length,
            None => return Some(span.start + at),
        }
    }
    None
}

/// Length of the tag or comment that `text` begins with.
fn tag(text: &[u8]) -> Option<usize> {
    if text.starts_with(b"<!--") {
        return text.windows(3).position(|w| w == b"-->").map(|i| i + 3);
    }
    match text {
        [b'<', next, ..] if next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?') => {
            tag_end(text)
        }
        _ => None,
    }
}

/// One past the `>` that ends a tag, not counting those in quoted attribute values.
fn tag_end(text: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (i, &byte) in text.iter().enumerate() {
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if byte == b'>' => return Some(i + 1),
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None => {}
        }
    }
    None
}

/// Length of the entity `text` begins with, when it stands for white space or a sign.
fn entity(text: &[u8]) -> Option<usize> {
    const SIGNS: [&str; 27] = [
        "nbsp", "bull", "middot", "ndash", "mdash", "quot", "apos", "ldquo", "rdquo", "lsquo",
        "rsquo", "laquo", "raquo", "hellip", "amp", "lt", "gt", "ensp", "emsp", "thinsp", "shy",
        "zwnj", "zwj", "sect", "para", "dagger", "rarr",
    ];
    let end = text.iter().take(10).position(|&b| b == b';')?;
    let name = std::str::from_utf8(text[..end].strip_prefix(b"&")?).ok()?;
    let sign = match name.strip_prefix('#') {
        Some(number) => !code_point(number)?.is_alphanumeric(),
        None => SIGNS.contains(&name),
    };
    sign.then_some(end + 1)
}

/// The character of a numeric entity, decimal or hexadecimal.
fn code_point(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?)
}

/// Length of a list number (`1.`, `2.3)`, `a)`, `iv.`, in Markdown `1\\.`) before white space or
/// markup.
fn marker(text: &[u8]) -> Option<usize> {
    let length =
        text.iter().take(8).take_while(|b| b.is_ascii_alphanumeric() || **b == b'.').count();
    let (name, close) = match text.get(length..) {
        Some([b')', ..]) => (&text[..length], length + 1),
        Some([b'\\', b'.' | b')', ..]) => (&text[..length], length + 2),
        _ => (text[..length].strip_suffix(b".")?, length),
    };
    let number = name.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let letter = name.len() == 1 && name[0].is_ascii_alphabetic();
    let roman = name.len() <= 5 && name.iter().all(|b| matches!(b | 0x20, b'i' | b'v' | b'x'));
    let ends = text.get(close).is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'<' | b'&'));
    (!name.is_empty() && ends && (number || letter || roman)).then_some(close)
}

/// Length of the character `text` begins with, when it is neither a letter nor a digit.
fn sign(text: &[u8]) -> Option<usize> {
    // What is left of entities stands for a letter.
    if let [b'&', b'#' | b'a'..=b'z' | b'A'..=b'Z', ..] = text {
        return None;
    }
    let head = &text[..text.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    match valid.chars().next() {
        Some(c) => (!c.is_alphanumeric()).then(|| c.len_utf8()),
        // Not UTF-8: in the Latin encodings signs lie below 0xC0 and letters above.
        None => (*head.first()? < 0xC0).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(source: &[u8]) -> &[u8] {
        &source[first_word(source, Span { start: 0, end: source.len() })..]
    }

    #[test]
    fn skips_what_is_not_a_word() {
        for source in [
            "We keep it.",
            " \n\tWe keep it.",
            "<li class=\"a > b\"><b>We keep it.",
            "<!-- 1 > 0 --><p>We keep it.",
            "&nbsp;&#8226; &#x2022;We keep it.",
            "• “We keep it.",
            "- **We keep it.",
            "## 2.3. We keep it.",
            "(a) We keep it.",
            "iv) We keep it.",
            "**1\\. We keep it.",
            "3.2\\) We keep it.",
            "| > We keep it.",
        ] {
            let found = word(source.as_bytes());
            assert!(found.starts_with(b"We keep it."), "{source} → {}", found.escape_ascii());
        }
        assert_eq!(word(b"\x95\xa0We"), b"We", "Windows-1252");
    }

    #[test]
    fn stops_at_words() {
        for source in
            ["Écrivez-nous", "&eacute;t&eacute;", "3 years", "1.5 GB", "x", "did. ", "\u{e9}"]
        {
            assert_eq!(word(source.as_bytes()), source.as_bytes());
        }
        assert_eq!(word(b"\xe9t\xe9"), b"\xe9t\xe9", "Latin-1");
        assert_eq!(word(b"< 5 users"), b"5 users");
    }

    #[test]
    fn a_clause_without_words_keeps_its_start() {
        assert_eq!(word(b"<hr> ***"), b"<hr> ***");
        assert_eq!(word(b"<broken"), b"broken");
        assert_eq!(first_word(b"ab", Span { start: 7, end: 9 }), 7);
        assert_eq!(first_word(b"ab", Span { start: 1, end: 0 }), 1);
    }

    #[test]
    fn counts_starts() {
        let source = b"<p>One.</p><ul><li>1. Two.</li></ul><p>Three. Four.";
        let spans = |pairs: &[(usize, usize)]| {
            pairs.iter().map(|&(start, end)| Span { start, end }).collect::<Vec<_>>()
        };
        let gold = spans(&[(3, 7), (19, 26), (39, 45), (46, 51)]);
        let predicted = spans(&[(0, 11), (22, 31), (39, 51)]);
        let counts = same_starts(source, &gold, &predicted);
        assert_eq!((counts.true_positives, counts.predicted(), counts.support()), (3, 3, 4));
    }

    #[test]
    fn starts_alone_give_spans() {
        let source = b"One. *** Two.";
        let spans = spans_from(source, &BTreeSet::from([0, 5, 9]));
        assert_eq!(spans, [Span { start: 0, end: 5 }, Span { start: 9, end: 13 }]);
        assert_eq!(spans_from(source, &BTreeSet::from([99])), []);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_and_any_span_will_do(
            source in "[<>&;#a-c1.() \\-\"é•]{0,30}",
            cut in 0_usize..4,
            start in 0_usize..40,
            end in 0_usize..40,
        ) {
            let source = source.as_bytes().get(cut..).unwrap_or_default();
            let found = first_word(source, Span { start, end });
            proptest::prop_assert!(found == start || (start < found && found < end));
        }
    }
}
