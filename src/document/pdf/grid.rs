//! Tables that are ruled: the lines of a page that cross each other, and the text between them.

use std::collections::BTreeMap;

use super::lines::Line;
use super::rules::{Rule, Rules};
use super::table::{Cell, Rows};

/// Lines so near to each other meet, in points.
const MEETING: f64 = 3.0;
/// The smallest areas of a table; more are a drawing.
const MOST_AREAS: usize = 2_000;
/// Longest text of a cell, in bytes; areas with more are parts of a page.
const LONG_CELL: usize = 2500;

/// Lines that cross each other and so divide an area into cells.
#[derive(Debug, Default)]
pub(super) struct Grid {
    /// The edges of the columns, from left to right.
    lefts: Vec<f64>,
    /// The edges of the rows, from the bottom to the top.
    bottoms: Vec<f64>,
    across: Vec<Rule>,
    down: Vec<Rule>,
}

/// Takes the tables out of the lines of a page and leaves one line in the place of each, which has
/// its number.
pub(super) fn take(lines: Vec<Line>, rules: &Rules) -> (Vec<Line>, Vec<Rows>) {
    let mut grids = grids(rules);
    // Of grids inside each other the inner one is the table.
    grids.sort_by(|a, b| a.area().total_cmp(&b.area()));
    let places: Vec<Option<usize>> =
        lines.iter().map(|line| grids.iter().position(|grid| grid.holds(line))).collect();
    let inside = |at| lines.iter().zip(&places).filter(move |(_, place)| **place == Some(at));
    let tables: Vec<Option<Rows>> = (grids.iter().enumerate())
        .map(|(at, grid)| grid.table(inside(at).map(|(line, _)| line)))
        .collect();
    let mut stands = vec![false; grids.len()];
    let mut rest = Vec::new();
    for (line, place) in lines.into_iter().zip(places) {
        match place.filter(|at| tables[*at].is_some()) {
            None => rest.push(line),
            Some(at) if !stands[at] => {
                stands[at] = true;
                let (left, right) = (grids[at].left(), grids[at].right());
                rest.push(Line { text: String::new(), left, right, table: Some(at), ..line });
            }
            Some(_) => {}
        }
    }
    (rest, tables.into_iter().map(Option::unwrap_or_default).collect())
}

/// The grids of a page: lines that cross each other, directly or by way of others.
fn grids(rules: &Rules) -> Vec<Grid> {
    let mut left: Vec<Rule> = rules.down.clone();
    let mut across = rules.across.clone();
    let mut out = Vec::new();
    while let Some(first) = left.pop() {
        let mut grid = Grid { down: vec![first], ..Grid::default() };
        let mut at = 0;
        // Each line across that meets the grid may bring further lines down.
        while let Some(down) = grid.down.get(at).copied() {
            at += 1;
            let met = across.extract_if(.., |rule| meet(rule, &down));
            let begin = grid.across.len();
            grid.across.extend(met);
            let new = &grid.across[begin..];
            let met = left.extract_if(.., |rule| new.iter().any(|across| meet(across, rule)));
            grid.down.extend(met);
        }
        if grid.settle() {
            out.push(grid);
        }
    }
    out
}

fn meet(across: &Rule, down: &Rule) -> bool {
    let near = |rule: &Rule, place: f64| (rule.from - MEETING..=rule.to + MEETING).contains(&place);
    near(across, down.at) && near(down, across.at)
}

impl Grid {
    /// Finds the edges; whether there are at least two rows and two columns.
    fn settle(&mut self) -> bool {
        self.lefts = edges(&self.down, &self.across);
        self.bottoms = edges(&self.across, &self.down);
        let (columns, rows) = (self.lefts.len() - 1, self.bottoms.len() - 1);
        columns >= 2 && rows >= 2 && columns * rows <= MOST_AREAS
    }

    fn left(&self) -> f64 {
        self.lefts[0]
    }

    fn right(&self) -> f64 {
        self.lefts[self.lefts.len() - 1]
    }

    fn top(&self) -> f64 {
        self.bottoms[self.bottoms.len() - 1]
    }

    fn area(&self) -> f64 {
        (self.right() - self.left()) * (self.top() - self.bottoms[0])
    }

    fn holds(&self, line: &Line) -> bool {
        let (x, y) = middle(line);
        (self.left()..self.right()).contains(&x) && (self.bottoms[0]..self.top()).contains(&y)
    }

    /// The cells with the lines in them, unless they are no table.
    fn table<'a>(&self, lines: impl Iterator<Item = &'a Line>) -> Option<Rows> {
        let slots = Slots::of(self);
        let mut cells: BTreeMap<(usize, usize), Cell> = BTreeMap::new();
        for line in lines {
            let (x, y) = middle(line);
            let column = self.lefts.partition_point(|left| *left <= x) - 1;
            let row = self.bottoms.len() - 1 - self.bottoms.partition_point(|bottom| *bottom <= y);
            let (row, column) = slots.root(row, column);
            let empty = || Cell { column, rows: slots.rows(row, column), lines: Vec::new() };
            cells.entry((row, column)).or_insert_with(empty).lines.push(line.clone());
        }
        let bytes = |cell: &Cell| cell.lines.iter().map(|line| line.text.len()).sum::<usize>();
        if cells.values().any(|cell| bytes(cell) > LONG_CELL) {
            return None;
        }
        let first = cells.keys().next()?.0;
        let mut rows: Rows = Vec::new();
        for ((row, _), cell) in cells {
            rows.resize_with(row - first + 1, Vec::new);
            rows[row - first].push(cell);
        }
        let is_table = rows.len() >= 2 && rows.iter().any(|row| row.len() >= 2);
        is_table.then_some(rows)
    }
}

/// Where lines stand and where those across them end.
fn edges(rules: &[Rule], others: &[Rule]) -> Vec<f64> {
    let mut edges: Vec<f64> = rules.iter().map(|rule| rule.at).collect();
    edges.extend(others.iter().map(|rule| rule.from).reduce(f64::min));
    edges.extend(others.iter().map(|rule| rule.to).reduce(f64::max));
    edges.sort_by(f64::total_cmp);
    edges.dedup_by(|b, a| *b - *a <= MEETING);
    edges
}

/// A place inside the beginning of a line, in the middle of its height.
fn middle(line: &Line) -> (f64, f64) {
    let width = line.right - line.left;
    (line.left + (width / 2.0).min(line.size / 2.0), line.y + 0.3 * line.size)
}

/// The smallest areas of a grid, those joined between which no line stands.
struct Slots {
    columns: usize,
    /// For each area one before it that is of the same cell, or itself.
    first: Vec<usize>,
}

impl Slots {
    fn of(grid: &Grid) -> Self {
        let columns = grid.lefts.len() - 1;
        let rows = grid.bottoms.len() - 1;
        let mut slots = Self { columns, first: (0..columns * rows).collect() };
        let middle = |edges: &[f64], at: usize| (edges[at] + edges[at + 1]) / 2.0;
        for row in 0..rows {
            // Rows count from the top, edges from the bottom.
            let from_bottom = rows - 1 - row;
            let y = middle(&grid.bottoms, from_bottom);
            for column in 0..columns {
                let (x, at) = (middle(&grid.lefts, column), row * columns + column);
                if column > 0 && !is_ruled(&grid.down, grid.lefts[column], y) {
                    slots.join(at - 1, at);
                }
                if row > 0 && !is_ruled(&grid.across, grid.bottoms[from_bottom + 1], x) {
                    slots.join(at - columns, at);
                }
            }
        }
        slots
    }

    /// Joins the cell of the second area to that of the first one.
    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.find(one), self.find(other));
        self.first[one.max(other)] = one.min(other);
    }

    fn find(&self, mut at: usize) -> usize {
        while self.first[at] != at {
            at = self.first[at];
        }
        at
    }

    /// The first row and column of the cell that holds this one.
    fn root(&self, row: usize, column: usize) -> (usize, usize) {
        let first = self.find(row * self.columns + column);
        (first / self.columns, first % self.columns)
    }

    /// How many rows a cell takes.
    fn rows(&self, row: usize, column: usize) -> usize {
        let first = row * self.columns + column;
        let below = (first..self.first.len()).step_by(self.columns);
        below.filter(|at| self.find(*at) == first).count()
    }
}

/// Whether one of the lines stands at an edge and goes along this place.
fn is_ruled(rules: &[Rule], edge: f64, along: f64) -> bool {
    rules.iter().any(|rule| (rule.at - edge).abs() <= MEETING && rule.covers(along))
}
