//! Words that a line end divides: joined again, unless the hyphen belongs to them.

use std::collections::HashSet;

/// First parts of words that are written with a hyphen.
const KEPT: [&str; 26] = [
    "all", "anti", "co", "cross", "e", "ex", "first", "full", "high", "in", "long", "low", "mid",
    "multi", "non", "one", "opt", "out", "real", "second", "self", "short", "so", "third", "two",
    "well",
];

/// The words of a document, to see how it writes them.
#[derive(Debug, Default)]
pub(super) struct Words {
    plain: HashSet<String>,
    hyphenated: HashSet<String>,
}

impl Words {
    /// Adds the words of a line but one that its end divides.
    pub fn add(&mut self, line: &str) {
        let words = line.split(|c: char| !(c.is_alphanumeric() || c == '-'));
        for word in words.filter(|word| word.len() > 3 && !word.ends_with('-')) {
            let word = word.to_lowercase();
            if word.contains('-') {
                self.hyphenated.insert(word)
            } else {
                self.plain.insert(word)
            };
        }
    }

    /// What is left of a line's hyphen when the text goes on in `next`: how many bytes of the
    /// line belong to the text, and whether a space follows.
    pub fn join(&self, line: &str, next: &str) -> (usize, bool) {
        let Some(before) = line.strip_suffix(['-', '\u{2010}']) else {
            // An address or a path that is cut where it may be.
            return (line.len(), true);
        };
        let first = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '-')).next();
        let second = next.split(|c: char| !c.is_alphanumeric()).next();
        let (first, second) = (first.unwrap_or_default(), second.unwrap_or_default());
        if first.is_empty() || second.is_empty() {
            return (line.len(), true);
        }
        let part = first.rsplit('-').next().unwrap_or(first).to_lowercase();
        let (first, lower) = (first.to_lowercase(), second.to_lowercase());
        let suspended = matches!(lower.as_str(), "and" | "or" | "to");
        if suspended {
            return (line.len(), true);
        }
        let continues = second.starts_with(char::is_lowercase);
        let kept = !continues
            || self.hyphenated.contains(&format!("{first}-{lower}"))
            || !self.plain.contains(&format!("{first}{lower}")) && KEPT.contains(&part.as_str());
        (if kept { line.len() } else { before.len() }, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_at_line_ends() {
        let mut words = Words::default();
        words.add("our pre-paid cards, our cooperation with others");
        let joined = |line: &str, next: &str| {
            let (len, space) = words.join(line, next);
            format!("{}{}{next}", &line[..len], if space { " " } else { "" })
        };
        assert_eq!(joined("we use infor-", "mation"), "we use information");
        assert_eq!(joined("with third-", "party shops"), "with third-party shops");
        assert_eq!(joined("a pre-", "paid card"), "a pre-paid card");
        assert_eq!(joined("in co-", "operation"), "in cooperation");
        assert_eq!(joined("the EU-", "US rules"), "the EU-US rules");
        assert_eq!(joined("first-", "and third parties"), "first- and third parties");
        assert_eq!(joined("a dash -", "and more"), "a dash - and more");
        assert_eq!(joined("no hyphen", "here"), "no hyphen here");
    }
}
