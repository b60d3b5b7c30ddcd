//! Lines of standard input: as soon as they are there, and never too much of them.

use std::io::{self, BufRead, BufReader, Read};

/// Longer lines are no texts.
const MAX_LINE: usize = 32 << 20;
/// Lines answered together when they are there already.
const BATCH: usize = 256;

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    Text(String),
    NotUtf8,
    TooLong { limit: usize },
}

/// Reads lines in batches, which never wait for more input than one line.
pub struct Lines<R> {
    reader: BufReader<R>,
    limit: usize,
}

impl<R: Read> Lines<R> {
    pub fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(1 << 16, reader), limit: MAX_LINE }
    }

    /// The next line and those that stand behind it in the buffer; none at the end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn batch(&mut self) -> io::Result<Option<Vec<Line>>> {
        let Some(first) = self.line()? else { return Ok(None) };
        let mut lines = vec![first];
        while lines.len() < BATCH && self.reader.buffer().contains(&b'\n') {
            lines.extend(self.line()?);
        }
        Ok(Some(lines))
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let limit = self.limit as u64 + 1;
        if self.reader.by_ref().take(limit).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        if bytes.pop_if(|last| *last == b'\n').is_some() {
            bytes.pop_if(|last| *last == b'\r');
        } else if bytes.len() > self.limit {
            self.reader.skip_until(b'\n')?;
            return Ok(Some(Line::TooLong { limit: self.limit }));
        }
        Ok(Some(String::from_utf8(bytes).map_or(Line::NotUtf8, Line::Text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], limit: usize) -> Vec<Line> {
        let mut lines = Lines { limit, ..Lines::new(input) };
        std::iter::from_fn(|| lines.batch().unwrap()).flatten().collect()
    }

    #[test]
    fn every_line_gives_one() {
        let text = |text: &str| Line::Text(text.to_owned());
        assert_eq!(lines(b"one\r\n\ntwo", 9), [text("one"), text(""), text("two")]);
        assert_eq!(lines(b"a\xff\nb\n", 9), [Line::NotUtf8, text("b")]);
        assert_eq!(
            lines(b"1234\n12345\nend\n", 4),
            [text("1234"), Line::TooLong { limit: 4 }, text("end")]
        );
        assert_eq!(lines(b"", 4), []);
    }
}
