//! Character maps: the codes of a font → the text they stand for.

use std::collections::BTreeMap;

use super::lexer::{Lexer, Token};

/// Entries of one map that are read; real ones have some hundreds.
const MOST_ENTRIES: usize = 100_000;

/// A `ToUnicode` map, or as much of a composite font's encoding as says how long its codes are.
#[derive(Debug, Default)]
pub(super) struct CMap {
    /// Length of the code, lowest and highest code.
    codes: Vec<(usize, u32, u32)>,
    /// By length and first code: the last code and what the first one stands for, in UTF-16.
    ranges: BTreeMap<(usize, u32), (u32, Vec<u16>)>,
}

impl CMap {
    pub fn parse(bytes: &[u8]) -> Self {
        let mut map = Self::default();
        let mut operands: Vec<Token> = Vec::new();
        for token in Lexer::new(bytes) {
            match token {
                Token::Word(b"endcodespacerange") => map.add_codes(&operands),
                Token::Word(b"endbfchar") => map.add_chars(&operands),
                Token::Word(b"endbfrange") => map.add_ranges(&operands),
                Token::Word(_) => {}
                other => {
                    if operands.len() < MOST_ENTRIES * 3 {
                        operands.push(other);
                    }
                    continue;
                }
            }
            operands.clear();
        }
        map
    }

    fn add_codes(&mut self, operands: &[Token]) {
        for pair in operands.chunks_exact(2) {
            let [Token::Text(low), Token::Text(high)] = pair else { continue };
            if self.codes.len() < 100 && !low.is_empty() {
                self.codes.push((low.len(), value(low), value(high)));
            }
        }
    }

    fn add_chars(&mut self, operands: &[Token]) {
        for pair in operands.chunks_exact(2) {
            let [Token::Text(code), Token::Text(text)] = pair else { continue };
            self.add(code.len(), value(code), value(code), utf16(text));
        }
    }

    /// `<low> <high> <first>`, or an array with one text a code.
    fn add_ranges(&mut self, operands: &[Token]) {
        let mut operands = operands.iter();
        while let Some(Token::Text(low)) = operands.next() {
            let Some(Token::Text(high)) = operands.next() else { return };
            let (len, low, high) = (low.len(), value(low), value(high));
            match operands.next() {
                Some(Token::Text(text)) => self.add(len, low, high, utf16(text)),
                Some(Token::Bracket(b'[')) => {
                    let texts = operands.by_ref().map_while(|token| match token {
                        Token::Text(text) => Some(utf16(text)),
                        _ => None,
                    });
                    for (code, text) in (low..=high).zip(texts) {
                        self.add(len, code, code, text);
                    }
                }
                _ => return,
            }
        }
    }

    fn add(&mut self, len: usize, low: u32, high: u32, text: Vec<u16>) {
        if self.ranges.len() < MOST_ENTRIES && low <= high {
            self.ranges.insert((len, low), (high, text));
        }
    }

    /// How many bytes the next code takes.
    pub fn code_len(&self, bytes: &[u8]) -> Option<usize> {
        let fits = |(len, low, high): &&(usize, u32, u32)| {
            let code = bytes.get(..*len).map(value);
            code.is_some_and(|code| (*low..=*high).contains(&code))
        };
        self.codes.iter().find(fits).map(|(len, _, _)| *len)
    }

    /// The text of a code, if the map has it.
    pub fn text(&self, code: &[u8]) -> Option<String> {
        let (len, code) = (code.len(), value(code));
        let ((found_len, low), (high, text)) = self.ranges.range(..=(len, code)).next_back()?;
        if *found_len != len || code > *high {
            return None;
        }
        let mut text = text.clone();
        let last = text.last_mut()?;
        *last = last.wrapping_add((code - low) as u16);
        Some(String::from_utf16_lossy(&text))
    }
}

/// A code as a number; only its last four bytes count.
pub(super) fn value(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

/// A text in UTF-16, cut at a length that no ligature has.
fn utf16(bytes: &[u8]) -> Vec<u16> {
    if let [byte] = bytes {
        return vec![u16::from(*byte)];
    }
    let units = bytes.chunks_exact(2).take(16);
    units.map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chars_ranges_and_arrays() {
        let map = CMap::parse(
            b"/CIDInit /ProcSet findresource begin 1 begincodespacerange <0000> <FFFF> \
              endcodespacerange 2 beginbfchar <0003> <0020> <0004> <00660069> endbfchar \
              2 beginbfrange <0010> <0012> <0041> <0020> <0021> [<0061> <0062>] endbfrange end",
        );
        let text = |code: u16| map.text(&code.to_be_bytes());
        assert_eq!(text(3).as_deref(), Some(" "));
        assert_eq!(text(4).as_deref(), Some("fi"));
        assert_eq!(text(0x12).as_deref(), Some("C"));
        assert_eq!(text(0x21).as_deref(), Some("b"));
        assert_eq!(text(0x13), None);
        assert_eq!(map.text(&[3]), None);
        assert_eq!(map.code_len(b"\x00\x03\x00"), Some(2));
        assert_eq!(map.code_len(b"\x00"), None);
    }

    #[test]
    fn a_broken_map_is_read_as_far_as_it_goes() {
        let map = CMap::parse(b"1 beginbfrange <01> <02> endbfrange <03> <0041> endbfchar <05>");
        assert_eq!(map.text(&[3]).as_deref(), Some("A"));
        assert_eq!(CMap::parse(b"<FF> <00> <41> endbfrange").text(&[0xff]), None);
    }
}
