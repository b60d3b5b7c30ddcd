//! What stands around the text on every page: running headers and footers, page numbers.

use std::collections::HashMap;

use super::lines::Line;

/// How many lines at the top and at the bottom of a page may be furniture.
const EDGE: usize = 4;
/// How far from each other's height lines may stand that repeat, in points.
const SAME_HEIGHT: f64 = 6.0;

/// A line of a page and whether it is furniture.
pub(super) struct Placed {
    pub line: Line,
    pub furniture: bool,
}

/// Finds the furniture of all pages.
pub(super) fn mark(pages: Vec<Vec<Line>>) -> Vec<Vec<Placed>> {
    let artifacts = trusts_artifacts(&pages);
    let running = running(&pages);
    let mark = |lines: Vec<Line>| {
        let edges = edges(&lines);
        let is_furniture = |at: usize, line: &Line| {
            let at_edge = edges.iter().find(|(edge, _)| *edge == at);
            artifacts && line.artifact
                || at_edge.is_some_and(|(_, place)| {
                    running.get(&key(line, *place)).is_some_and(|y| is_near(*y, line.y))
                        || is_page_number(&line.text) && (at == 0 || at + 1 == lines.len())
                })
        };
        let furniture: Vec<bool> =
            lines.iter().enumerate().map(|(at, line)| is_furniture(at, line)).collect();
        let placed = lines.into_iter().zip(furniture);
        placed.map(|(line, furniture)| Placed { line, furniture }).collect()
    };
    pages.into_iter().map(mark).collect()
}

/// Some programs mark the whole text as no part of it.
fn trusts_artifacts(pages: &[Vec<Line>]) -> bool {
    let (mut marked, mut all) = (0, 0);
    for line in pages.iter().flatten() {
        all += line.text.len();
        marked += if line.artifact { line.text.len() } else { 0 };
    }
    marked * 2 < all
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Top,
    Bottom,
}

/// The lines at the edges of a page, which come from top to bottom.
fn edges(lines: &[Line]) -> Vec<(usize, Place)> {
    let top = (0..lines.len().min(EDGE)).map(|at| (at, Place::Top));
    let bottom = (lines.len().saturating_sub(EDGE)..lines.len()).map(|at| (at, Place::Bottom));
    // The half that a line is nearer to decides when a page has few lines.
    let half = lines.len().div_ceil(2);
    let top = top.filter(|(at, _)| *at < half);
    top.chain(bottom.filter(|(at, _)| *at >= half)).collect()
}

/// The text with every number alike, and where it stands.
fn key(line: &Line, place: Place) -> (String, Place) {
    let mut text = String::new();
    for c in line.text.chars() {
        match c {
            '0'..='9' if text.ends_with('#') => {}
            '0'..='9' => text.push('#'),
            c => text.extend(c.to_lowercase()),
        }
    }
    (text, place)
}

/// Lines that repeat at the same height on many pages, with this height.
fn running(pages: &[Vec<Line>]) -> HashMap<(String, Place), f64> {
    let mut found: HashMap<(String, Place), Vec<f64>> = HashMap::new();
    for lines in pages {
        for (at, place) in edges(lines) {
            found.entry(key(&lines[at], place)).or_default().push(lines[at].y);
        }
    }
    let many = (pages.len() * 2 / 5).max(2);
    let height = |mut heights: Vec<f64>| {
        heights.sort_by(f64::total_cmp);
        let middle = heights[heights.len() / 2];
        let near = heights.iter().filter(|y| is_near(**y, middle)).count();
        (near >= many).then_some(middle)
    };
    found.into_iter().filter_map(|(key, heights)| Some((key, height(heights)?))).collect()
}

fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME_HEIGHT
}

/// `3`, `- 3 -`, `Page 3`, `Page 3 of 9`, `3/9`.
fn is_page_number(text: &str) -> bool {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let (mut numbers, mut others) = (0, 0);
    for word in words {
        match word {
            "page" | "of" => {}
            word if word.bytes().all(|byte| byte.is_ascii_digit()) && word.len() <= 4 => {
                numbers += 1
            }
            _ => others += 1,
        }
    }
    others == 0 && (numbers == 1 && text.len() <= 12 || numbers == 2 && text.len() <= 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, y: f64) -> Line {
        Line::plain(text, 0.0, 100.0, y)
    }

    fn kept(pages: Vec<Vec<Line>>) -> Vec<String> {
        let pages = mark(pages);
        let kept = pages.into_iter().flatten().filter(|placed| !placed.furniture);
        kept.map(|placed| placed.line.text).collect()
    }

    #[test]
    fn what_repeats_at_the_edges_is_furniture() {
        let page = |n: usize| {
            let text = |part: &str| format!("{part} of page {}", ["one", "two", "three"][n]);
            vec![
                line("Example Ltd Policy", 800.0),
                line(&text("First"), 780.0),
                line(&text("Last"), 60.0),
                line(&format!("Page {} of 3", n + 1), 20.0),
            ]
        };
        let found = kept(vec![page(0), page(1), page(2)]);
        assert_eq!(found.len(), 6, "{found:?}");
        assert!(found.iter().all(|text| text.contains("of page")));
    }

    #[test]
    fn what_repeats_elsewhere_is_text() {
        let pages = vec![
            vec![line("Cookies", 700.0), line("a", 600.0)],
            vec![line("Cookies", 500.0), line("b", 400.0)],
        ];
        assert_eq!(kept(pages).len(), 4);
    }

    #[test]
    fn page_numbers() {
        for text in ["3", "- 12 -", "Page 3", "Page 3 of 9", "3/9"] {
            assert!(is_page_number(text), "{text}");
        }
        for text in ["2019 2020 2021", "3 years", "10115 Berlin", "Section 3", "030 1234567"] {
            assert!(!is_page_number(text), "{text}");
        }
    }
}
