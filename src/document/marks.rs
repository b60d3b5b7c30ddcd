//! What the beginning or the look of a line says: list markers and titles without markup.

/// What kind of marker an item has. Items with markers of one family are siblings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Bullet(char),
    /// `1.`, `a)`, `(iv)`: how it counts and what encloses the count.
    Count(Counter, Enclosure),
    /// `1.2`, with as many parts.
    Decimal(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    Digits,
    Lower,
    Upper,
    Roman,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enclosure {
    Stop,
    Bracket,
    Brackets,
}

/// A list marker at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marker {
    pub family: Family,
    /// The count: 3 for `c)`, `3.` and `(iii)`, the last part of `1.3`; 0 for a bullet.
    pub value: u32,
    /// Bytes up to the text after the marker.
    pub len: usize,
}

const BULLETS: &str = "•·●○▪■□◦‣⁃∙➢➤►▶✓✔→»\u{f0b7}\u{f0a7}\u{f0d8}";
const DASHES: &str = "-–—*+";
/// Bullets of the Wingdings and Symbol fonts as they arrive in text.
const WINGDINGS: &str = "nolqvØü§";

/// The list marker `text` begins with, if any. Text must follow it.
pub(super) fn marker(text: &str) -> Option<Marker> {
    let rest = text.trim_start();
    let skipped = text.len() - rest.len();
    let found = bullet(rest).or_else(|| bracketed(rest)).or_else(|| counted(rest))?;
    let after = &rest[found.len..];
    let space = after.len() - after.trim_start().len();
    if after.trim_start().is_empty() {
        return None;
    }
    Some(Marker { len: skipped + found.len + space, ..found })
}

/// A count that stands alone on its line, its text on the next one.
pub(super) fn is_bare_marker(text: &str) -> bool {
    let text = text.trim();
    let inner = text.strip_prefix('(').unwrap_or(text);
    let inner = inner.strip_suffix(['.', ')']).unwrap_or_default();
    text.len() <= 6 && count(inner).is_some()
}

fn bullet(text: &str) -> Option<Marker> {
    let first = text.chars().next()?;
    let after = &text[first.len_utf8()..];
    let spaced = after.starts_with(char::is_whitespace);
    let is_bullet = BULLETS.contains(first)
        || DASHES.contains(first) && spaced
        || WINGDINGS.contains(first)
            && spaced
            && after.trim_start().starts_with(|c: char| c.is_uppercase());
    is_bullet.then_some(Marker { family: Family::Bullet(first), value: 0, len: first.len_utf8() })
}

/// `(a)`, `(iv)`, `(12)`.
fn bracketed(text: &str) -> Option<Marker> {
    let inner = text.strip_prefix('(')?;
    let close = inner.bytes().take(6).position(|b| b == b')')?;
    let (counter, value) = count(&inner[..close])?;
    if inner.starts_with(['c', 'C']) && is_copyright(inner[close + 1..].trim_start()) {
        return None;
    }
    Some(Marker { family: Family::Count(counter, Enclosure::Brackets), value, len: close + 2 })
}

/// What follows `(c)` when that is the sign of a copyright.
fn is_copyright(text: &str) -> bool {
    let year = text.bytes().take(4).filter(u8::is_ascii_digit).count() == 4;
    year || text.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("copyright"))
}

/// `1.`, `a)`, `iv.`, `1.2`, `1.2.3.`; white space must follow.
fn counted(text: &str) -> Option<Marker> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))?;
    let token = text.get(..end).filter(|token| token.len() <= 16)?;
    if text[end..].starts_with(')') && text[end + 1..].starts_with(char::is_whitespace) {
        let (counter, value) = count(token)?;
        let family = Family::Count(counter, Enclosure::Bracket);
        return Some(Marker { family, value, len: end + 1 });
    }
    if !text[end..].starts_with(char::is_whitespace) {
        return None;
    }
    let bare = token.strip_suffix('.').unwrap_or(token);
    if bare.contains('.') {
        return decimal(bare, end);
    }
    let (counter, value) = count(bare)?;
    let stop = bare.len() < token.len();
    stop.then_some(Marker { family: Family::Count(counter, Enclosure::Stop), value, len: end })
}

fn decimal(token: &str, len: usize) -> Option<Marker> {
    let mut depth = 0u8;
    let mut value = 0;
    for part in token.split('.') {
        if part.is_empty() || part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        value = part.parse().ok()?;
        depth += 1;
    }
    Some(Marker { family: Family::Decimal(depth), value, len })
}

fn count(token: &str) -> Option<(Counter, u32)> {
    let bytes = token.as_bytes();
    let first = *bytes.first()?;
    if bytes.iter().all(u8::is_ascii_digit) {
        return (bytes.len() <= 3).then(|| Some((Counter::Digits, token.parse().ok()?)))?;
    }
    if bytes.len() == 1 && first.is_ascii_alphabetic() {
        let value = u32::from(first.to_ascii_lowercase() - b'a') + 1;
        let counter = if first.is_ascii_lowercase() { Counter::Lower } else { Counter::Upper };
        return Some((counter, value));
    }
    roman(token).map(|value| (Counter::Roman, value))
}

/// The value of a Roman number below forty, in either case.
pub(super) fn roman(token: &str) -> Option<u32> {
    let lower = token.to_ascii_lowercase();
    if token != lower && token != token.to_ascii_uppercase() {
        return None;
    }
    let tens = lower.bytes().take_while(|b| *b == b'x').count();
    let ones = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"]
        .iter()
        .position(|ones| *ones == &lower[tens..])?;
    let value = tens * 10 + ones;
    (tens <= 3 && value > 0).then_some(value as u32)
}

/// How a title without markup shows that it is one, and how it ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// `1.2 Title` has two parts.
    Numbered {
        parts: u8,
        value: u32,
    },
    Capitals,
    /// Bold, Title Case, a question.
    Other,
}

/// Longest title, in words and bytes.
const TITLE_WORDS: usize = 16;
const TITLE_BYTES: usize = 140;

/// A numbered title or one in capitals: such a line is a heading wherever it stands alone.
pub(super) fn plain_title(text: &str) -> Option<Rank> {
    let text = text.trim();
    if !is_short(text) || text.ends_with(['.', ',', ';', ':']) {
        return None;
    }
    let marked =
        |_: &Rank| !text.starts_with(|c: char| c.is_ascii_digit()) || marker(text).is_some();
    numbered(text)
        .filter(marked)
        .filter(|_| title_start(after_number(text)))
        .or_else(|| is_capitals(text).then_some(Rank::Capitals))
}

/// A title that only its position and its letters show: Title Case or a question.
pub(super) fn weak_title(text: &str) -> Option<Rank> {
    let text = text.trim();
    let question = text.ends_with('?') && !text[..text.len() - 1].contains(['?', '.', '!']);
    let starts = text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    if !is_short(text) || !starts || marker(text).is_some_and(|m| is_bullet_or_bracket(m.family)) {
        return None;
    }
    let open_end = !text.ends_with(['.', ',', ';', ':', '!', '-', ')', '"', '”']);
    let rank = numbered(text).unwrap_or(Rank::Other);
    (question || open_end && is_title_case(text)).then_some(rank)
}

/// Whether a wholly bold text reads as a title rather than as an emphasised sentence.
pub(super) fn bold_title(text: &str) -> Option<Rank> {
    let text = text.trim();
    let words = words(text);
    let sentence = text.ends_with(['.', ';', ',', '!']) && words > 8;
    let start = text.chars().find(|c| c.is_alphanumeric())?;
    if !is_short(text) || sentence || start.is_lowercase() && words > 6 {
        return None;
    }
    if marker(text).is_some_and(|m| is_bullet_or_bracket(m.family)) {
        return None;
    }
    Some(
        numbered(text)
            .or_else(|| is_capitals(text).then_some(Rank::Capitals))
            .unwrap_or(Rank::Other),
    )
}

/// One short question that begins with a capital.
pub(super) fn is_question(text: &str) -> bool {
    let text = text.trim();
    text.ends_with('?')
        && is_short(text)
        && text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
        && !text[..text.len() - 1].contains(['?', '!', ';'])
        && !text.contains(". ")
}

/// Short enough for a heading, and with a letter in it.
pub(super) fn is_short(text: &str) -> bool {
    text.len() <= TITLE_BYTES && words(text) <= TITLE_WORDS && text.chars().any(char::is_alphabetic)
}

fn words(text: &str) -> usize {
    text.split_whitespace().take(TITLE_WORDS + 1).count()
}

fn is_bullet_or_bracket(family: Family) -> bool {
    matches!(
        family,
        Family::Bullet(_)
            | Family::Count(Counter::Lower, _)
            | Family::Count(_, Enclosure::Bracket | Enclosure::Brackets)
    )
}

/// The rank of `1. Title`, `1.2 Title`, `IV. Title`, `A. Title`, `Section 3: Title`.
fn numbered(text: &str) -> Option<Rank> {
    if let Some(found) = marker(text) {
        let parts = match found.family {
            Family::Decimal(parts) => parts,
            Family::Count(Counter::Digits | Counter::Roman | Counter::Upper, Enclosure::Stop) => 1,
            _ => return None,
        };
        return Some(Rank::Numbered { parts, value: found.value });
    }
    let (first, rest) = text.split_once(char::is_whitespace)?;
    // `3 Title`: too little to make a heading of a line, enough to rank one.
    if first.len() <= 2 && first.bytes().all(|b| b.is_ascii_digit()) {
        let value = first.parse().ok()?;
        return Some(Rank::Numbered { parts: 1, value });
    }
    let lower = first.to_ascii_lowercase();
    if !["section", "article", "part", "chapter", "schedule", "annex", "appendix"]
        .contains(&lower.as_str())
    {
        return None;
    }
    let number = rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let (_, value) = count(number)?;
    first.starts_with(char::is_uppercase).then_some(Rank::Numbered { parts: 1, value })
}

fn after_number(text: &str) -> &str {
    marker(text).map_or(text, |found| &text[found.len..])
}

fn title_start(text: &str) -> bool {
    let inner_stop = text.contains(". ") || text.contains("; ");
    text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || "\"“‘'".contains(c))
        && !inner_stop
}

fn is_capitals(text: &str) -> bool {
    let upper = text.chars().filter(|c| c.is_uppercase()).count();
    upper >= 4 && !text.chars().any(char::is_lowercase) && words(text) <= 12
}

/// Every word of weight has a capital: `How We Use Your Data`.
fn is_title_case(text: &str) -> bool {
    let mut capitals = 0;
    let mut total = 0;
    for word in text.split_whitespace() {
        let Some(first) = word.chars().find(|c| c.is_alphanumeric()) else { continue };
        if word.chars().count() < 5 && first.is_lowercase() {
            continue;
        }
        total += 1;
        capitals += usize::from(!first.is_lowercase());
    }
    let enough = capitals >= 2 || words(text) <= 2;
    enough && capitals == total && words(text) <= 12 && !text.contains(". ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(text: &str) -> Option<Family> {
        marker(text).map(|m| m.family)
    }

    #[test]
    fn markers_of_every_kind() {
        for text in ["- We", "* We", "• We", "•We", "· We", "n  Alerts", "o Sharing", "– data"]
        {
            assert!(matches!(family(text), Some(Family::Bullet(_))), "{text}");
        }
        assert_eq!(family("1. We"), Some(Family::Count(Counter::Digits, Enclosure::Stop)));
        assert_eq!(family("a) we"), Some(Family::Count(Counter::Lower, Enclosure::Bracket)));
        assert_eq!(family("(iv) we"), Some(Family::Count(Counter::Roman, Enclosure::Brackets)));
        assert_eq!(family("1.2 We"), Some(Family::Decimal(2)));
        assert_eq!(marker("(c)  we").map(|m| (m.value, m.len)), Some((3, 5)));
    }

    #[test]
    fn words_are_not_markers() {
        for text in
            ["a cookie", "not so", "We do", "o we", "-5 degrees", "2.5% of", "1234. x", "- "]
        {
            assert_eq!(family(text), None, "{text}");
        }
    }

    #[test]
    fn titles() {
        assert_eq!(plain_title("1.2 What We Use"), Some(Rank::Numbered { parts: 2, value: 2 }));
        assert_eq!(plain_title("IV. Your Rights"), Some(Rank::Numbered { parts: 1, value: 4 }));
        assert_eq!(plain_title("YOUR RIGHTS"), Some(Rank::Capitals));
        assert_eq!(plain_title("1. We keep logs for a year."), None);
        assert_eq!(weak_title("How We Use Your Data"), Some(Rank::Other));
        assert_eq!(weak_title("What do we collect?"), Some(Rank::Other));
        assert_eq!(weak_title("We collect names"), None);
        assert_eq!(weak_title("Dear Users,"), None);
        assert_eq!(bold_title("Cookies."), Some(Rank::Other));
        assert_eq!(bold_title("We never sell your personal data to anyone, ever again."), None);
    }
}
