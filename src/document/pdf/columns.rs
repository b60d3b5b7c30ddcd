//! Lines of a page → their reading order: columns one after another.

use super::lines::Line;

/// How far lines of one column may begin from each other, in points.
pub(super) const SAME_LEFT: f64 = 3.0;
/// Fewest lines of a column.
const FEWEST: usize = 4;
/// Narrowest column, in parts of the size.
const NARROWEST: f64 = 9.0;
/// Columns are looked for inside of columns so often.
const DEEPEST: usize = 4;
/// Left edges that are tried.
const MOST_EDGES: usize = 12;

/// Groups of lines that are read one after another, each from top to bottom.
pub(super) fn groups(lines: Vec<Line>) -> Vec<Vec<Line>> {
    let mut out = Vec::new();
    push_groups(lines, 0, &mut out);
    out
}

fn push_groups(lines: Vec<Line>, depth: usize, out: &mut Vec<Vec<Line>>) {
    let edge = if depth < DEEPEST { second_column(&lines) } else { None };
    let Some(edge) = edge else {
        if !lines.is_empty() {
            out.push(lines);
        }
        return;
    };
    let (mut left, mut right, mut across) = (Vec::new(), Vec::new(), Vec::new());
    let mut flush = |left: &mut Vec<Line>, right: &mut Vec<Line>| {
        push_groups(std::mem::take(left), depth + 1, out);
        push_groups(std::mem::take(right), depth + 1, out);
    };
    for line in lines {
        match side(&line, edge) {
            Side::Across => {
                flush(&mut left, &mut right);
                across.push(line);
                continue;
            }
            side => {
                // Lines across the columns that stand together are one group, in the left place.
                if !across.is_empty() {
                    flush(&mut across, &mut Vec::new());
                }
                if side == Side::Left { left.push(line) } else { right.push(line) }
            }
        }
    }
    flush(&mut left, &mut right);
    flush(&mut across, &mut Vec::new());
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Across,
}

/// On which side of a left edge a line stands.
fn side(line: &Line, edge: f64) -> Side {
    if line.left >= edge - SAME_LEFT {
        Side::Right
    } else if line.right <= edge - SAME_LEFT {
        Side::Left
    } else {
        Side::Across
    }
}

/// The left edge of a further column of running text, if there is one.
fn second_column(lines: &[Line]) -> Option<f64> {
    let divides = |edge: &f64| {
        let of = |wanted| lines.iter().filter(move |line| side(line, *edge) == wanted);
        let (left, right): (Vec<_>, Vec<_>) = (of(Side::Left).collect(), of(Side::Right).collect());
        let across = lines.len() - left.len() - right.len();
        across <= left.len() + right.len()
            && is_column(&left)
            && is_column(&right)
            && are_abreast(&left, &right)
    };
    left_edges(lines).into_iter().find(divides)
}

/// Where many lines begin, from left to right.
fn left_edges(lines: &[Line]) -> Vec<f64> {
    let mut lefts: Vec<f64> = lines.iter().map(|line| line.left).collect();
    lefts.sort_by(f64::total_cmp);
    let near = |a: &f64, b: &f64| b - a <= SAME_LEFT / 2.0;
    let mut clusters: Vec<&[f64]> = lefts.chunk_by(near).filter(|c| c.len() >= FEWEST).collect();
    clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.len()));
    clusters.truncate(MOST_EDGES);
    let mut edges: Vec<f64> = clusters.iter().map(|cluster| cluster[0]).collect();
    edges.sort_by(f64::total_cmp);
    edges
}

/// Lines that fill a column as running text does.
fn is_column(lines: &[&Line]) -> bool {
    if lines.len() < FEWEST {
        return false;
    }
    let (left, right) = (lines.iter()).fold((f64::MAX, f64::MIN), |(left, right), line| {
        (left.min(line.left), right.max(line.right))
    });
    let mut widths: Vec<f64> = lines.iter().map(|line| line.right - line.left).collect();
    widths.sort_by(f64::total_cmp);
    let size = lines.iter().map(|line| line.size).sum::<f64>() / lines.len() as f64;
    let width = right - left;
    width >= NARROWEST * size && widths[widths.len() / 2] >= 0.5 * width
}

/// Whether both stand beside each other and are equally dense, unlike the cells of a table.
fn are_abreast(left: &[&Line], right: &[&Line]) -> bool {
    let top = |lines: &[&Line]| lines.iter().fold(f64::MIN, |y, line| y.max(line.y));
    let bottom = |lines: &[&Line]| lines.iter().fold(f64::MAX, |y, line| y.min(line.y));
    let (top, bottom) = (top(left).min(top(right)), bottom(left).max(bottom(right)));
    let within = |lines: &[&Line]| {
        lines.iter().filter(|line| (bottom - 1.0..=top + 1.0).contains(&line.y)).count()
    };
    let (few, many) = (within(left).min(within(right)), within(left).max(within(right)));
    few >= 3 && few * 5 >= many * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: Vec<Line>) -> Vec<Vec<String>> {
        let of = |group: Vec<Line>| group.into_iter().map(|line| line.text).collect();
        groups(lines).into_iter().map(of).collect()
    }

    #[test]
    fn columns_under_a_title_are_read_one_after_another() {
        let mut lines = vec![Line::plain("title", 50.0, 500.0, 700.0)];
        for n in 0..6 {
            let y = 680.0 - 12.0 * f64::from(n);
            lines.push(Line::plain(&format!("l{n}"), 50.0, 260.0, y));
            lines.push(Line::plain(&format!("r{n}"), 290.0, 500.0, y - 1.0));
        }
        lines.push(Line::plain("end", 50.0, 500.0, 500.0));
        let found = texts(lines);
        assert_eq!(found.len(), 4);
        assert_eq!(found[1], ["l0", "l1", "l2", "l3", "l4", "l5"]);
        assert_eq!(found[2][0], "r0");
        assert_eq!(found[3], ["end"]);
    }

    #[test]
    fn a_table_is_no_columns() {
        let mut lines = Vec::new();
        for n in 0..4 {
            let y = 680.0 - 40.0 * f64::from(n);
            lines.push(Line::plain("cell", 50.0, 160.0, y));
            for k in 0..3 {
                lines.push(Line::plain("much text", 290.0, 500.0, y - 12.0 * f64::from(k)));
            }
        }
        assert_eq!(groups(lines).len(), 1);
    }
}
