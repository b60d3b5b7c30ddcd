//! Content streams → pieces of text with their places on the page.

use std::collections::HashMap;
use std::rc::Rc;

use lopdf::{Dictionary, Object, Stream};

use super::ReadError;
use super::font::{Font, Glyph};
use super::lexer::{Lexer, Token};
use super::matrix::Matrix;
use super::open::{File, Page};
use super::rules::{Paths, Rules};

/// How deep forms may stand inside forms.
const DEEPEST_FORM: usize = 12;
/// Saved states; more than any real page nests.
const MOST_STATES: usize = 512;
/// Operands that are kept for one operator.
const MOST_OPERANDS: usize = 65_536;
/// The most pieces of text on one page.
const MOST_PIECES: usize = 200_000;

/// Some characters that were shown together.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub text: String,
    /// Left and right end.
    pub left: f64,
    pub right: f64,
    /// Height of the baseline, counted upwards.
    pub y: f64,
    /// Size of the font as it stands on the page.
    pub size: f64,
    pub bold: bool,
    /// The file says that it is no part of the text: a running header, a page number.
    pub artifact: bool,
}

/// Reads the text of a page, and the lines on it. Fonts are kept by their dictionary, for further
/// pages.
pub(super) fn read<'a>(
    file: &'a File,
    page: &Page<'a>,
    fonts: &mut Fonts<'a>,
) -> Result<(Vec<Piece>, Rules), ReadError> {
    let mut reader = Interpreter { file, fonts, shown: Vec::new(), paths: Paths::default() };
    reader.run(&page.content, page.resources, State::new(page.upright), 0)?;
    let turn = turn(&reader.shown);
    Ok((upright(reader.shown, turn), reader.paths.finish(turn.1)))
}

/// Fonts that were read, by their dictionary.
pub(super) type Fonts<'a> = HashMap<*const Dictionary, Rc<Font>>;

/// A piece before it is known which way up the page is read.
struct Shown {
    text: String,
    /// From the text's coordinates to the page's, at its beginning and at its end.
    start: Matrix,
    end: Matrix,
    bold: bool,
    artifact: bool,
}

/// In which direction most of the text runs, and what makes it run from left to right.
fn turn(shown: &[Shown]) -> (u8, Matrix) {
    let mut counts = [0usize; 4];
    for piece in shown {
        if let Some(quarter) = piece.start.quarter() {
            counts[usize::from(quarter)] += piece.text.len();
        }
    }
    let most = (0..4u8).max_by_key(|quarter| (counts[usize::from(*quarter)], 4 - quarter));
    let most = most.unwrap_or_default();
    (most, Matrix::turned(-i64::from(most)))
}

/// Turns the text upright; what runs otherwise than most of it, such as stamps along the margin,
/// is left out.
fn upright(shown: Vec<Shown>, (most, turn): (u8, Matrix)) -> Vec<Piece> {
    let of_page = shown.into_iter().filter(|piece| piece.start.quarter() == Some(most));
    let placed = of_page.map(|piece| {
        let (start, end) = (piece.start.then(turn), piece.end.then(turn));
        let (left, y) = start.apply(0.0, 0.0);
        let (right, _) = end.apply(0.0, 0.0);
        let Shown { text, bold, artifact, .. } = piece;
        Piece { text, left, right: right.max(left), y, size: start.height(), bold, artifact }
    });
    let seen = |piece: &Piece| {
        let numbers = [piece.left, piece.right, piece.y, piece.size];
        numbers.iter().all(|number| number.abs() < 1e6) && piece.size > 0.1
    };
    placed.filter(seen).collect()
}

/// The graphics state as far as it concerns text.
#[derive(Clone)]
struct State {
    page: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    char_space: f64,
    word_space: f64,
    scale: f64,
    leading: f64,
    rise: f64,
}

impl State {
    fn new(page: Matrix) -> Self {
        Self {
            page,
            font: None,
            size: 0.0,
            char_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }

    /// From the coordinates of a glyph to those of the page.
    fn place(&self, text: Matrix) -> Matrix {
        Matrix([self.size * self.scale, 0.0, 0.0, self.size, 0.0, self.rise])
            .then(text)
            .then(self.page)
    }
}

struct Interpreter<'f, 'a> {
    file: &'a File,
    fonts: &'f mut Fonts<'a>,
    shown: Vec<Shown>,
    paths: Paths,
}

/// One content stream while it is run.
struct Run<'a> {
    resources: Option<&'a Dictionary>,
    state: State,
    saved: Vec<State>,
    /// Where the next glyph stands, and where the line began.
    text: Matrix,
    line: Matrix,
    /// Whether each open marked part is no part of the text.
    marked: Vec<bool>,
    depth: usize,
}

impl<'a> Interpreter<'_, 'a> {
    fn run(
        &mut self,
        content: &[u8],
        resources: Option<&'a Dictionary>,
        state: State,
        depth: usize,
    ) -> Result<(), ReadError> {
        let mut run = Run {
            resources,
            state,
            saved: Vec::new(),
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            marked: Vec::new(),
            depth,
        };
        let mut operands = Vec::new();
        let mut lexer = Lexer::new(content);
        while let Some(token) = lexer.next() {
            let Token::Word(operator) = token else {
                if operands.len() < MOST_OPERANDS {
                    operands.push(token);
                }
                continue;
            };
            match operator {
                b"true" | b"false" | b"null" => continue,
                b"ID" => lexer.skip_image(),
                _ => self.operate(&mut run, operator, &operands)?,
            }
            operands.clear();
        }
        Ok(())
    }

    fn operate(
        &mut self,
        run: &mut Run<'a>,
        operator: &[u8],
        operands: &[Token],
    ) -> Result<(), ReadError> {
        let number = |at: usize| match operands.get(at) {
            Some(Token::Number(number)) => *number,
            _ => 0.0,
        };
        let matrix = || Matrix([0, 1, 2, 3, 4, 5].map(number));
        match operator {
            b"q" if run.saved.len() < MOST_STATES => run.saved.push(run.state.clone()),
            b"Q" => run.state = run.saved.pop().unwrap_or_else(|| run.state.clone()),
            b"cm" => run.state.page = matrix().then(run.state.page),
            b"BT" => run.set_line(Matrix::IDENTITY),
            b"Tf" => {
                run.state.size = number(1);
                run.state.font = self.font(run, operands)?;
            }
            b"Tc" => run.state.char_space = number(0),
            b"Tw" => run.state.word_space = number(0),
            b"Tz" => run.state.scale = number(0) / 100.0,
            b"TL" => run.state.leading = number(0),
            b"Ts" => run.state.rise = number(0),
            b"Tm" => run.set_line(matrix()),
            b"Td" => run.next_line(number(0), number(1)),
            b"TD" => {
                run.state.leading = -number(1);
                run.next_line(number(0), number(1));
            }
            b"T*" => run.next_line(0.0, -run.state.leading),
            b"Tj" | b"TJ" => self.show(run, operands)?,
            b"'" | b"\"" => {
                if operator == b"\"" {
                    run.state.word_space = number(0);
                    run.state.char_space = number(1);
                }
                run.next_line(0.0, -run.state.leading);
                self.show(run, operands.get(operands.len().saturating_sub(1)..).unwrap_or(&[]))?;
            }
            b"BMC" | b"BDC" => run.mark(operands),
            b"EMC" => {
                run.marked.pop();
            }
            b"Do" => self.draw(run, operands)?,
            _ => self.paths.operate(operator, number, run.state.page),
        }
        Ok(())
    }

    /// The font of this name.
    fn font(&mut self, run: &Run<'a>, operands: &[Token]) -> Result<Option<Rc<Font>>, ReadError> {
        let Some(object) = self.resource(run, b"Font", operands) else { return Ok(None) };
        let Ok(dictionary) = object.as_dict() else { return Ok(None) };
        let key = std::ptr::from_ref(dictionary);
        if let Some(font) = self.fonts.get(&key) {
            return Ok(Some(font.clone()));
        }
        let font = Rc::new(Font::read(dictionary, self.file)?);
        self.fonts.insert(key, font.clone());
        Ok(Some(font))
    }

    /// What the first operand names among the resources of a kind.
    fn resource(&self, run: &Run<'a>, kind: &[u8], operands: &[Token]) -> Option<&'a Object> {
        let Some(Token::Name(name)) = operands.first() else { return None };
        self.file.get(self.file.dictionary(run.resources?, kind)?, name)
    }

    /// Shows strings; numbers between them move on by thousandths of the size.
    fn show(&mut self, run: &mut Run, operands: &[Token]) -> Result<(), ReadError> {
        let Some(font) = run.state.font.clone() else { return Ok(()) };
        for token in operands {
            match token {
                Token::Text(string) => self.show_string(run, &font, string)?,
                Token::Number(back) => {
                    let shift = -back / 1000.0 * run.state.size * run.state.scale;
                    run.text = Matrix::shift(shift, 0.0).then(run.text);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn show_string(&mut self, run: &mut Run, font: &Font, string: &[u8]) -> Result<(), ReadError> {
        let start = run.state.place(run.text);
        let mut text = String::new();
        for Glyph { text: shown, width, is_space } in font.glyphs(string) {
            text.push_str(&shown);
            let state = &run.state;
            let space = state.char_space + if is_space { state.word_space } else { 0.0 };
            let shift = (width * state.size + space) * state.scale;
            run.text = Matrix::shift(shift, 0.0).then(run.text);
        }
        // A character map may make much of little.
        self.file.charge(text.len())?;
        if self.shown.len() >= MOST_PIECES {
            return Err(ReadError::CrowdedPage { limit: MOST_PIECES });
        }
        let (end, bold) = (run.state.place(run.text), font.bold);
        let artifact = run.marked.contains(&true);
        self.shown.push(Shown { text, start, end, bold, artifact });
        Ok(())
    }

    /// Runs a form; images have no text.
    fn draw(&mut self, run: &Run<'a>, operands: &[Token]) -> Result<(), ReadError> {
        let object = self.resource(run, b"XObject", operands);
        let Some(Object::Stream(form)) = object else { return Ok(()) };
        let is_form = self.file.name(&form.dict, b"Subtype") == b"Form";
        if !is_form || run.depth >= DEEPEST_FORM {
            return Ok(());
        }
        self.run_form(run, form)
    }

    fn run_form(&mut self, run: &Run<'a>, form: &'a Stream) -> Result<(), ReadError> {
        // Each use counts, so that forms that call each other end.
        self.file.charge(1000)?;
        let content = self.file.content(form)?;
        let numbers: Vec<f64> = (self.file.array(&form.dict, b"Matrix").iter())
            .map(|object| super::open::number(object).unwrap_or(0.0))
            .collect();
        let matrix = numbers.try_into().map_or(Matrix::IDENTITY, Matrix);
        let resources = self.file.dictionary(&form.dict, b"Resources").or(run.resources);
        let state = State { page: matrix.then(run.state.page), ..run.state.clone() };
        let before = self.shown.len();
        self.run(&content, resources, state, run.depth + 1)?;
        if run.marked.contains(&true) {
            self.shown[before..].iter_mut().for_each(|piece| piece.artifact = true);
        }
        Ok(())
    }
}

impl Run<'_> {
    fn set_line(&mut self, matrix: Matrix) {
        self.line = matrix;
        self.text = matrix;
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.set_line(Matrix::shift(x, y).then(self.line));
    }

    fn mark(&mut self, operands: &[Token]) {
        if self.marked.len() < MOST_STATES {
            self.marked.push(operands.first() == Some(&Token::Name(b"Artifact")));
        }
    }
}
