//! Paths of a page → the straight lines on it, which rule its tables.

use super::matrix::Matrix;

/// Lines that are looked at, and those that may remain when they are joined; a page with more of
/// them is a drawing.
const MOST_DRAWN: usize = 10_000;
const MOST: usize = 300;
/// Points of one path that are kept.
const MOST_POINTS: usize = 2_000;
/// A filled area that is no thicker is a line, in points.
const THIN: f64 = 3.0;
/// How far a line may deviate from the page's axes, in points.
const STRAIGHT: f64 = 0.7;
/// A shorter line is part of a sign.
const SHORTEST: f64 = 6.0;
/// Lines whose ends are so near are one, in points.
const TOUCHING: f64 = 2.5;
/// Parallel lines so near are one.
const SAME: f64 = 1.5;

/// A line along an axis: where it stands across its direction, and from where to where it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rule {
    pub at: f64,
    pub from: f64,
    pub to: f64,
}

impl Rule {
    pub fn covers(&self, place: f64) -> bool {
        (self.from - TOUCHING..=self.to + TOUCHING).contains(&place)
    }
}

/// The lines of a page.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// From left to right.
    pub across: Vec<Rule>,
    /// From the bottom to the top.
    pub down: Vec<Rule>,
}

impl Rules {
    /// Whether a line stands between two places of a row of text.
    pub fn divide(&self, left: f64, right: f64, y: f64) -> bool {
        let between = |rule: &Rule| (left - SAME..=right + SAME).contains(&rule.at);
        self.down.iter().any(|rule| between(rule) && (rule.from..=rule.to).contains(&y))
    }
}

/// The path that a content stream is at, and the lines of those that it has painted.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// The points of each part of the path; a part with a curve is empty.
    parts: Vec<Vec<(f64, f64)>>,
    points: usize,
    /// Both ends of each line that was painted.
    lines: Vec<[(f64, f64); 2]>,
}

impl Paths {
    /// An operator that builds or paints paths.
    pub fn operate(&mut self, operator: &[u8], number: impl Fn(usize) -> f64, page: Matrix) {
        match operator {
            b"m" => self.begin(&[page.apply(number(0), number(1))]),
            b"l" => self.line_to(page.apply(number(0), number(1))),
            b"re" => {
                let (x, y, width, height) = (number(0), number(1), number(2), number(3));
                let corners =
                    [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height), (0.0, 0.0)];
                self.begin(&corners.map(|(right, up)| page.apply(x + right, y + up)));
            }
            b"c" | b"v" | b"y" => {
                if let Some(part) = self.parts.last_mut() {
                    part.clear();
                }
            }
            b"h" => self.close(),
            b"S" => self.paint(true, false),
            b"s" => {
                self.close();
                self.paint(true, false);
            }
            b"f" | b"F" | b"f*" => self.paint(false, true),
            b"B" | b"B*" | b"b" | b"b*" => {
                self.close();
                self.paint(true, true);
            }
            b"n" => self.paint(false, false),
            _ => {}
        }
    }

    fn begin(&mut self, points: &[(f64, f64)]) {
        if self.points < MOST_POINTS {
            self.points += points.len();
            self.parts.push(points.to_vec());
        }
    }

    fn line_to(&mut self, point: (f64, f64)) {
        let open = self.parts.last_mut().filter(|part| !part.is_empty());
        if let Some(part) = open.filter(|_| self.points < MOST_POINTS) {
            self.points += 1;
            part.push(point);
        }
    }

    fn close(&mut self) {
        if let Some(first) = self.parts.last().and_then(|part| part.first().copied()) {
            self.line_to(first);
        }
    }

    fn paint(&mut self, stroke: bool, fill: bool) {
        self.points = 0;
        for part in std::mem::take(&mut self.parts) {
            if self.lines.len() > MOST_DRAWN {
                return;
            }
            let middle = if fill { middle_line(&part) } else { None };
            match middle {
                Some(line) => self.lines.push(line),
                None if stroke => {
                    self.lines.extend(part.windows(2).map(|ends| [ends[0], ends[1]]));
                }
                None => {}
            }
        }
    }

    /// The lines on the page once it is turned upright.
    pub fn finish(self, turn: Matrix) -> Rules {
        let mut rules = Rules::default();
        if self.lines.len() > MOST_DRAWN {
            return rules;
        }
        for [start, end] in self.lines {
            let ((x, y), (to_x, to_y)) = (turn.apply(start.0, start.1), turn.apply(end.0, end.1));
            let (width, height) = ((to_x - x).abs(), (to_y - y).abs());
            if !(width + height < 1e5 && width.max(height) >= SHORTEST) {
                continue;
            }
            if height <= STRAIGHT {
                rules.across.push(Rule { at: y, from: x.min(to_x), to: x.max(to_x) });
            } else if width <= STRAIGHT {
                rules.down.push(Rule { at: x, from: y.min(to_y), to: y.max(to_y) });
            }
        }
        let rules = Rules { across: joined(rules.across), down: joined(rules.down) };
        let drawing = rules.across.len().max(rules.down.len()) > MOST;
        if drawing { Rules::default() } else { rules }
    }
}

/// The line that a thin filled area is.
fn middle_line(part: &[(f64, f64)]) -> Option<[(f64, f64); 2]> {
    let (first, rest) = part.split_first()?;
    let (mut low, mut high) = (*first, *first);
    for (x, y) in rest {
        low = (low.0.min(*x), low.1.min(*y));
        high = (high.0.max(*x), high.1.max(*y));
    }
    let (x, y) = ((low.0 + high.0) / 2.0, (low.1 + high.1) / 2.0);
    if high.1 - low.1 <= THIN {
        Some([(low.0, y), (high.0, y)])
    } else if high.0 - low.0 <= THIN {
        Some([(x, low.1), (x, high.1)])
    } else {
        None
    }
}

/// Joins lines that go on in each other or lie upon each other.
fn joined(mut rules: Vec<Rule>) -> Vec<Rule> {
    rules.sort_by(|a, b| a.at.total_cmp(&b.at));
    let mut out: Vec<Rule> = Vec::new();
    for group in rules.chunk_by_mut(|a, b| b.at - a.at <= SAME) {
        group.sort_by(|a, b| a.from.total_cmp(&b.from));
        let begin = out.len();
        for rule in group {
            match out[begin..].last_mut() {
                Some(last) if rule.from <= last.to + TOUCHING => last.to = last.to.max(rule.to),
                _ => out.push(*rule),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(operators: &[(&str, &[f64])]) -> Rules {
        let mut paths = Paths::default();
        for (operator, numbers) in operators {
            let number = |at: usize| numbers.get(at).copied().unwrap_or(0.0);
            paths.operate(operator.as_bytes(), number, Matrix::IDENTITY);
        }
        paths.finish(Matrix::IDENTITY)
    }

    #[test]
    fn lines_and_thin_areas_are_rules() {
        let found = rules(&[
            ("m", &[10.0, 50.0]),
            ("l", &[60.0, 50.0]),
            ("S", &[]),
            // Goes on where the first one ends, drawn as an area.
            ("re", &[60.0, 49.5, 40.0, 1.0]),
            ("f", &[]),
            ("re", &[10.0, 20.0, 0.5, 30.0]),
            ("f", &[]),
        ]);
        assert_eq!(found.across, [Rule { at: 50.0, from: 10.0, to: 100.0 }]);
        assert_eq!(found.down, [Rule { at: 10.25, from: 20.0, to: 50.0 }]);
        assert!(found.divide(9.0, 12.0, 30.0));
        assert!(!found.divide(9.0, 12.0, 60.0));
    }

    #[test]
    fn frames_have_four_rules_and_backgrounds_none() {
        let frame = rules(&[("re", &[0.0, 0.0, 90.0, 40.0]), ("S", &[])]);
        assert_eq!((frame.across.len(), frame.down.len()), (2, 2));
        let background = rules(&[("re", &[0.0, 0.0, 90.0, 40.0]), ("f", &[])]);
        assert_eq!((background.across.len(), background.down.len()), (0, 0));
        let clipped = rules(&[("re", &[0.0, 0.0, 90.0, 40.0]), ("W", &[]), ("n", &[]), ("S", &[])]);
        assert!(clipped.across.is_empty());
    }

    #[test]
    fn slanted_and_curved_lines_are_none() {
        let found = rules(&[
            ("m", &[0.0, 0.0]),
            ("l", &[50.0, 50.0]),
            ("m", &[0.0, 0.0]),
            ("c", &[0.0, 0.0, 9.0, 9.0, 50.0, 0.0]),
            ("l", &[90.0, 0.0]),
            ("S", &[]),
        ]);
        assert!(found.across.is_empty() && found.down.is_empty());
    }
}
