//! Tokens of content streams and character maps, which share one syntax.

/// One token. Arrays and dictionaries are flat: their brackets are tokens too.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    /// A string, its escapes resolved.
    Text(Vec<u8>),
    /// A name without its slash; `#xx` in it stays as it is.
    Name(&'a [u8]),
    /// An operator or a keyword.
    Word(&'a [u8]),
    /// One of `[`, `]`, `{`, `}`, `<` and `>`, the last two for a dictionary's double ones.
    Bracket(u8),
}

/// Reads tokens one after another, whatever the bytes are.
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// After the word `ID`: goes on behind the data of an inline image.
    pub fn skip_image(&mut self) {
        let rest = &self.bytes[self.at..];
        let ends =
            |window: &[u8]| is_space(window[0]) && &window[1..3] == b"EI" && !is_regular(window[3]);
        let found = rest.windows(4).position(ends).map(|at| at + 3);
        self.at += found.unwrap_or(rest.len());
    }

    fn skip_space(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            if byte == b'%' {
                let rest = &self.bytes[self.at..];
                let line = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
                self.at += line.unwrap_or(rest.len());
            } else if is_space(byte) {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    /// The regular characters from here on.
    fn word(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|byte| !is_regular(*byte)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    /// A string after its opening bracket.
    fn literal(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut open = 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.escape(&mut out),
                b'(' => {
                    open += 1;
                    out.push(byte);
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                    out.push(byte);
                }
                _ => out.push(byte),
            }
        }
        out
    }

    /// What follows a backslash in a string.
    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(&byte) = self.bytes.get(self.at) else { return };
        self.at += 1;
        match byte {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.bytes.get(self.at) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                out.push((value & 0xff) as u8);
            }
            b'\r' if self.bytes.get(self.at) == Some(&b'\n') => self.at += 1,
            b'\r' | b'\n' => {}
            other => out.push(other),
        }
    }

    /// A string in hexadecimal after its opening bracket.
    fn hexadecimal(&mut self) -> Vec<u8> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
        self.at += (len + 1).min(rest.len());
        let digits = rest[..len].iter().filter_map(|byte| char::from(*byte).to_digit(16));
        let digits: Vec<u8> = digits.map(|digit| digit as u8).collect();
        let byte = |pair: &[u8]| pair[0] << 4 | pair.get(1).copied().unwrap_or_default();
        digits.chunks(2).map(byte).collect()
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_space();
        let byte = *self.bytes.get(self.at)?;
        if is_regular(byte) {
            let word = self.word();
            return Some(number(word).map_or(Token::Word(word), Token::Number));
        }
        self.at += 1;
        let doubled = self.bytes.get(self.at) == Some(&byte);
        Some(match byte {
            b'(' => Token::Text(self.literal()),
            b'<' if !doubled => Token::Text(self.hexadecimal()),
            b'/' => Token::Name(self.word()),
            b'<' | b'>' if doubled => {
                self.at += 1;
                Token::Bracket(byte)
            }
            other => Token::Bracket(other),
        })
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !b"()<>[]{}/%".contains(&byte)
}

/// `12`, `-.5`, `+3.`, and what damaged files have for numbers: `--5`, `1.2.3`, `0-0.5`.
fn number(word: &[u8]) -> Option<f64> {
    let numeric = |byte: &u8| byte.is_ascii_digit() || b"+-.".contains(byte);
    if !word.iter().all(numeric) || !word.iter().any(u8::is_ascii_digit) || word.len() > 64 {
        return None;
    }
    let signs = word.iter().take_while(|byte| b"+-".contains(byte)).count();
    let digits = std::str::from_utf8(&word[signs..]).ok()?;
    let digits = digits.split(['+', '-']).next().unwrap_or_default();
    let second_stop = digits.match_indices('.').nth(1).map_or(digits.len(), |(at, _)| at);
    let value: f64 = digits[..second_stop].parse().unwrap_or(0.0);
    Some(if word[..signs].contains(&b'-') { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Token<'_> {
        Token::Text(bytes.to_vec())
    }

    #[test]
    fn tokens_of_every_kind() {
        let source = br"/F1 -.5 Tf % note
            [(a\(b\051\n\101(c)) <414> 7]TJ << /K true >>";
        let found: Vec<_> = Lexer::new(source).collect();
        let expected = [
            Token::Name(b"F1"),
            Token::Number(-0.5),
            Token::Word(b"Tf"),
            Token::Bracket(b'['),
            text(b"a(b)\nA(c)"),
            text(b"A@"),
            Token::Number(7.0),
            Token::Bracket(b']'),
            Token::Word(b"TJ"),
            Token::Bracket(b'<'),
            Token::Name(b"K"),
            Token::Word(b"true"),
            Token::Bracket(b'>'),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn numbers_of_damaged_files() {
        let found: Vec<_> = Lexer::new(b"--5 1.2.3 5-3 4. . -").collect();
        let numbers = [-5.0, 1.2, 5.0, 4.0].map(Token::Number);
        assert_eq!(found[..4], numbers);
        assert_eq!(found[4..], [Token::Word(b"."), Token::Word(b"-")]);
    }

    #[test]
    fn what_does_not_end_ends_with_the_file() {
        for source in [&b"(abc\\"[..], b"<41", b"(((", b"/", b"% x", b"<", b"\\"] {
            assert!(Lexer::new(source).count() <= 2, "{source:?}");
        }
    }

    #[test]
    fn the_data_of_an_image_is_skipped() {
        let mut lexer = Lexer::new(b"ID \x01(EI \xff EIx \nEI Q");
        assert_eq!(lexer.next(), Some(Token::Word(b"ID")));
        lexer.skip_image();
        assert_eq!(lexer.next(), Some(Token::Word(b"Q")));
    }
}
