//! Lines in reading order → paragraphs: which line goes on with what the one before began.

use super::super::marks::{self, Enclosure, Family};
use super::lines::Line;

/// Lines that are one block.
#[derive(Debug)]
pub(super) struct Paragraph {
    /// Each with the place of its first character.
    pub lines: Vec<(Line, usize)>,
}

/// Two sizes are alike when they differ less than by this factor.
const OTHER_SIZE: f64 = 1.1;
/// A gap this much larger than between lines of a paragraph divides.
const OTHER_GAP: f64 = 1.22;
/// How far a line must be indented for it to count, in parts of the size.
const INDENT: f64 = 0.7;

/// Joins lines to paragraphs.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    done: Vec<Paragraph>,
    /// Between lines of a paragraph here, and where lines end.
    leading: f64,
    left: f64,
    right: f64,
    /// The next line is the first one of its column.
    fresh: bool,
}

impl Joiner {
    /// A column begins; these are its lines.
    pub fn begin(&mut self, lines: &[Line]) {
        self.leading = leading(lines);
        self.left = lines.iter().fold(f64::MAX, |left, line| left.min(line.left));
        self.right = lines.iter().fold(f64::MIN, |right, line| right.max(line.right));
        self.fresh = true;
    }

    /// Adds a line; its first character stands at this place.
    pub fn push(&mut self, line: Line, at: usize) {
        let fresh = std::mem::take(&mut self.fresh);
        let joins = self.done.last().is_some_and(|open| self.goes_on(open, &line, fresh));
        match self.done.last_mut() {
            Some(open) if joins => open.lines.push((line, at)),
            _ => self.done.push(Paragraph { lines: vec![(line, at)] }),
        }
    }

    /// All paragraphs so far; the next line begins one.
    pub fn take(&mut self) -> Vec<Paragraph> {
        std::mem::take(&mut self.done)
    }

    fn goes_on(&self, open: &Paragraph, line: &Line, fresh: bool) -> bool {
        let Some(((first, _), (last, _))) = open.lines.first().zip(open.lines.last()) else {
            return false;
        };
        let (before, after) = (last.text.as_str(), line.text.as_str());
        let other_weight = last.bold != line.bold && (last.bold || open.lines.len() == 1);
        if !are_alike(last, line) || other_weight || is_marker(before, after) {
            return false;
        }
        if fresh {
            return goes_on_elsewhere(before, after);
        }
        let gap = (last.y - line.y) / line.size;
        if gap > self.leading * OTHER_GAP || gap <= 0.0 {
            return false;
        }
        let full = is_full(last, line, self.right);
        if open.lines.len() == 1 && !full && marks::plain_title(before).is_some() {
            return false;
        }
        let under = (line.left - first.left) / line.size;
        if marks::marker(&first.text).is_some() {
            // Under the marker's text, or under the marker when lines are full.
            return under > INDENT || under > -INDENT && (full || !ends(before));
        }
        // Items of a list whose bullets are drawn, not written.
        let indented = (last.left - self.left) / line.size > INDENT;
        if indented && !full && under.abs() < INDENT / 4.0 {
            return false;
        }
        let indent = (line.left - last.left) / line.size;
        if indent > INDENT {
            return !ends(before) && full;
        }
        (indent >= -INDENT || open.lines.len() == 1) && (full || !ends(before))
    }
}

/// The usual distance between two lines of a paragraph.
fn leading(lines: &[Line]) -> f64 {
    let mut gaps: Vec<f64> = (lines.windows(2))
        .filter(|pair| are_alike(&pair[0], &pair[1]))
        .map(|pair| (pair[0].y - pair[1].y) / pair[1].size)
        .filter(|gap| (0.8..=2.6).contains(gap))
        .collect();
    gaps.sort_by(f64::total_cmp);
    // Gaps between paragraphs are the larger ones.
    gaps.get(gaps.len() / 4).copied().unwrap_or(1.2)
}

fn are_alike(a: &Line, b: &Line) -> bool {
    a.size < b.size * OTHER_SIZE && b.size < a.size * OTHER_SIZE
}

/// Whether a line begins with a marker that is no word of the sentence before it.
fn is_marker(before: &str, after: &str) -> bool {
    let Some(marker) = marks::marker(after) else {
        return marks::is_bare_marker(after) && ends(before);
    };
    match marker.family {
        // `as said in section` / `(b) of this policy`.
        Family::Count(_, Enclosure::Brackets) => {
            before.ends_with(['.', ';', ':', ','])
                || marker.value == 1
                || before.ends_with(" or")
                || before.ends_with(" and")
        }
        // `in the year` / `2019. We`, `- a dash` in a sentence.
        Family::Count(..) | Family::Decimal(_) => ends(before) || marks::is_short(before),
        Family::Bullet('-' | '–' | '—') => !before.ends_with(|c: char| c.is_lowercase()),
        Family::Bullet(_) => true,
    }
}

/// Whether a text goes on in the next column or on the next page.
fn goes_on_elsewhere(before: &str, after: &str) -> bool {
    let open = !before.ends_with(['.', '!', '?', ':', ';']);
    open && (after.starts_with(char::is_lowercase) || before.ends_with(['-', ',']))
        || open && before.split_whitespace().count() > 5 && !marks::is_short(after)
}

fn ends(text: &str) -> bool {
    text.trim_end_matches(['"', '”', ')', '’']).ends_with(['.', '!', '?', ':', ';'])
}

/// Whether the first word of the next line would not have fitted on this one.
fn is_full(line: &Line, next: &Line, right: f64) -> bool {
    let word = next.text.split(' ').next().map_or(0, |word| word.chars().count());
    line.right + (word + 1) as f64 * next.char_width() > right - line.size * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, left: f64, y: f64) -> Line {
        Line::plain(text, left, left + 5.0 * text.chars().count() as f64, y)
    }

    fn joined(columns: Vec<Vec<Line>>) -> Vec<String> {
        let mut joiner = Joiner::default();
        for column in columns {
            joiner.begin(&column);
            column.into_iter().for_each(|line| joiner.push(line, 0));
        }
        let text = |paragraph: Paragraph| {
            let texts = paragraph.lines.into_iter().map(|(line, _)| line.text);
            texts.collect::<Vec<_>>().join("|")
        };
        joiner.take().into_iter().map(text).collect()
    }

    #[test]
    fn gaps_and_markers_divide() {
        let found = joined(vec![vec![
            line("We collect what you give to us when you", 0.0, 100.0),
            line("register with the shop, namely:", 0.0, 88.0),
            line("• your name and your address and your", 0.0, 76.0),
            line("telephone number;", 10.0, 64.0),
            line("• your orders.", 0.0, 52.0),
            line("We keep it for a year after that.", 0.0, 34.0),
        ]]);
        assert_eq!(found.len(), 4, "{found:?}");
        assert_eq!(found[1], "• your name and your address and your|telephone number;");
    }

    #[test]
    fn a_short_line_ends_a_paragraph_and_an_indent_begins_one() {
        let found = joined(vec![vec![
            line("A line that is as long as the column is wide", 0.0, 100.0),
            line("and its end.", 0.0, 88.0),
            line("Another paragraph without any gap before it,", 0.0, 76.0),
            line("and one more.", 0.0, 64.0),
            line("An indented one that ends at the very edge.", 10.0, 52.0),
            line("Back again where all the other lines begin, as", 0.0, 40.0),
        ]]);
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn items_without_bullets_are_not_joined() {
        let found = joined(vec![vec![
            line("We collect what you give to us:", 0.0, 100.0),
            line("your name", 20.0, 88.0),
            line("your address", 20.0, 76.0),
        ]]);
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn a_sentence_goes_on_in_the_next_column() {
        let column = |first: &str, last: &str| vec![line(first, 0.0, 100.0), line(last, 0.0, 88.0)];
        let found = joined(vec![
            column("One paragraph that goes on", "until the end of the"),
            column("page, and then it ends here.", "And so on."),
            column("Another begins here.", "It ends too."),
        ]);
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
