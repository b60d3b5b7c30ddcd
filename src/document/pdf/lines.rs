//! Pieces of text → lines: what stands on one baseline without a wide gap.

use super::super::marks;
use super::content::Piece;
use super::font::UNKNOWN;
use super::rules::Rules;

/// Parts of a line between which no wide gap is.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub text: String,
    pub left: f64,
    pub right: f64,
    /// Height of the baseline, counted upwards.
    pub y: f64,
    pub size: f64,
    /// All of it is bold.
    pub bold: bool,
    /// All of it is marked as no part of the text.
    pub artifact: bool,
    /// The number of the ruled table that stands here instead of a text.
    pub table: Option<usize>,
}

/// How far apart baselines of one line may be, in parts of the size: raised signs stand higher.
const SAME_LINE: f64 = 0.45;
/// From where on a gap is a space between words.
const WORD_GAP: f64 = 0.16;
/// From where on a gap divides columns or cells.
const WIDE_GAP: f64 = 1.5;
/// How wide the gap between a bullet and its text may be.
const BULLET_GAP: f64 = 6.0;

/// The lines of a page, from top to bottom and from left to right.
pub(super) fn lines(mut pieces: Vec<Piece>, rules: &Rules) -> Vec<Line> {
    pieces.retain(|piece| !piece.text.is_empty());
    pieces.sort_by(|a, b| b.y.total_cmp(&a.y));
    let mut out = Vec::new();
    let mut row: Vec<Piece> = Vec::new();
    let mut base = (0.0, 0.0);
    for piece in pieces {
        let (y, size): (f64, f64) = base;
        if !row.is_empty() && (y - piece.y).abs() > SAME_LINE * size.max(piece.size) {
            push_row(std::mem::take(&mut row), rules, &mut out);
        }
        if row.is_empty() || piece.size > size {
            base = (piece.y, piece.size);
        }
        row.push(piece);
    }
    push_row(row, rules, &mut out);
    out
}

/// Adds the lines of one row.
fn push_row(mut row: Vec<Piece>, rules: &Rules, out: &mut Vec<Line>) {
    row.sort_by(|a, b| a.left.total_cmp(&b.left));
    let mut open: Option<Line> = None;
    for piece in row {
        match &mut open {
            Some(line) if is_again(line, &piece) => line.bold = true,
            Some(line) if goes_on(line, &piece, rules) => extend(line, piece),
            _ => {
                finish(open.take(), out);
                open = Some(begin(piece));
            }
        }
    }
    finish(open, out);
}

/// The same text drawn once more, a little to the side, to look bold.
fn is_again(line: &Line, piece: &Piece) -> bool {
    let shift = (line.right - piece.right).abs();
    shift < 0.1 * line.size && !piece.text.trim().is_empty() && line.text.ends_with(&piece.text)
}

fn goes_on(line: &Line, piece: &Piece, rules: &Rules) -> bool {
    let gap = piece.left - line.right;
    let size = line.size.max(piece.size);
    let text = line.text.trim();
    let bullet = marks::is_bare_marker(text)
        || text.chars().count() == 1 && marks::marker(&format!("{text} X")).is_some();
    gap <= if bullet { BULLET_GAP } else { WIDE_GAP } * size
        && !(gap > WORD_GAP * size && rules.divide(line.right, piece.left, line.y))
}

fn begin(piece: Piece) -> Line {
    let Piece { text, left, right, y, size, bold, artifact } = piece;
    Line { text, left, right, y, size, bold, artifact, table: None }
}

fn extend(line: &mut Line, piece: Piece) {
    let gap = piece.left - line.right;
    let blank = piece.text.trim().is_empty();
    let spaced =
        line.text.ends_with(char::is_whitespace) || piece.text.starts_with(char::is_whitespace);
    if gap > WORD_GAP * line.size.min(piece.size) && !spaced {
        line.text.push(' ');
    }
    line.text.push_str(&piece.text);
    line.right = line.right.max(piece.right);
    if blank {
        return;
    }
    if piece.size > line.size {
        (line.size, line.y) = (piece.size, piece.y);
    }
    line.bold &= piece.bold;
    line.artifact &= piece.artifact;
}

fn finish(line: Option<Line>, out: &mut Vec<Line>) {
    let Some(mut line) = line else { return };
    line.text = readable(&line.text);
    // A sign that no map knows, before a text, is a bullet.
    if let Some(rest) = line.text.strip_prefix(UNKNOWN).filter(|rest| rest.starts_with(' ')) {
        line.text = format!("•{rest}");
    }
    if !line.text.is_empty() {
        out.push(line);
    }
}

/// Folds white space, undoes ligatures, drops characters that cannot be seen. A soft hyphen at
/// the end is a hyphen.
fn readable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let end = text.trim_end().len();
    for (at, c) in text.char_indices() {
        match c {
            '\u{ad}' if at + c.len_utf8() == end => out.push('-'),
            'ﬀ' => out.push_str("ff"),
            'ﬁ' => out.push_str("fi"),
            'ﬂ' => out.push_str("fl"),
            'ﬃ' => out.push_str("ffi"),
            'ﬄ' => out.push_str("ffl"),
            'ﬅ' | 'ﬆ' => out.push_str("st"),
            c if c.is_whitespace() && (out.is_empty() || out.ends_with(' ')) => {}
            c if c.is_whitespace() => out.push(' '),
            c if c.is_control() || super::super::visible::is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

impl Line {
    /// A line of 10 points in regular type, outside of tables: for the tests of this folder.
    #[cfg(test)]
    pub fn plain(text: &str, left: f64, right: f64, y: f64) -> Self {
        Self {
            text: text.into(),
            left,
            right,
            y,
            size: 10.0,
            bold: false,
            artifact: false,
            table: None,
        }
    }

    /// The mean width of its characters.
    pub fn char_width(&self) -> f64 {
        (self.right - self.left) / self.text.chars().count().max(1) as f64
    }

    /// Puts what stands to its right behind it.
    pub fn join(&mut self, other: Line) {
        self.text.push(' ');
        self.text.push_str(&other.text);
        self.right = self.right.max(other.right);
        self.bold &= other.bold;
        self.size = self.size.max(other.size);
    }

    pub fn is_on_row_of(&self, other: &Line) -> bool {
        (self.y - other.y).abs() <= SAME_LINE * self.size.max(other.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str, left: f64, y: f64) -> Piece {
        let right = left + 5.0 * text.chars().count() as f64;
        Piece { text: text.into(), left, right, y, size: 10.0, bold: false, artifact: false }
    }

    fn texts(pieces: Vec<Piece>) -> Vec<String> {
        lines(pieces, &Rules::default()).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn gaps_make_words_and_columns() {
        let pieces = vec![
            piece("right", 200.0, 100.0),
            piece("pri", 0.0, 100.0),
            piece("vacy", 15.5, 100.0),
            piece("policy", 38.0, 100.2),
            piece("next", 0.0, 88.0),
        ];
        assert_eq!(texts(pieces), ["privacy policy", "right", "next"]);
    }

    #[test]
    fn raised_signs_stay_on_their_line() {
        let raised = Piece { size: 6.0, ..piece("1", 20.0, 104.0) };
        assert_eq!(texts(vec![piece("data", 0.0, 100.0), raised]), ["data1"]);
    }

    #[test]
    fn a_bullet_stays_with_its_text() {
        assert_eq!(texts(vec![piece("•", 0.0, 9.0), piece("mail", 40.0, 9.0)]), ["• mail"]);
        assert_eq!(texts(vec![piece("(b)", 0.0, 9.0), piece("mail", 40.0, 9.0)]), ["(b) mail"]);
    }

    #[test]
    fn an_unknown_sign_before_a_text_is_a_bullet() {
        assert_eq!(texts(vec![piece("\u{fffd} mail", 0.0, 9.0)]), ["• mail"]);
    }

    #[test]
    fn text_drawn_twice_is_bold() {
        let pieces = vec![piece("Rights", 0.0, 9.0), piece("Rights", 0.3, 9.0)];
        let found = lines(pieces, &Rules::default());
        assert_eq!((found.len(), found[0].text.as_str(), found[0].bold), (1, "Rights", true));
    }

    #[test]
    fn ligatures_and_soft_hyphens() {
        assert_eq!(readable(" ﬁle\u{a0} \u{ad}pro\u{ad} "), "file pro-");
    }
}
