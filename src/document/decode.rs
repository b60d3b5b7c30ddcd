//! Bytes → text, with a map back to the bytes.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{MappedText, Span};

/// How much of a file is looked at for a declared charset or a pattern of zero bytes.
const HEAD: usize = 4096;

/// The text of a file and where each character of it stands in the file.
pub(super) struct Decoded<'a> {
    pub text: Cow<'a, str>,
    map: Map,
}

enum Map {
    /// The text is the file from this byte on.
    Identity(usize),
    /// Runs of characters, ordered.
    Runs(Vec<Run>),
}

/// Characters that all take the same number of bytes on both sides; the last character of a run
/// ends where the next run begins.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Run {
    text: usize,
    source: usize,
    text_step: u8,
    source_step: u8,
    verbatim: bool,
}

/// Decodes a file: a byte order mark decides, then valid UTF-8, then zero bytes of UTF-16, then
/// the charset a page declares, then a guess. What cannot be decoded becomes U+FFFD.
pub(super) fn decode(bytes: &[u8]) -> Decoded<'_> {
    if let Some((encoding, skip)) = Encoding::for_bom(bytes) {
        return decode_as(bytes, skip, encoding);
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return decode_as(bytes, 0, encoding);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded { text: Cow::Borrowed(text), map: Map::Identity(0) },
        Err(_) => decode_as(bytes, 0, encoding_of(bytes)),
    }
}

/// English text in UTF-16 has a zero in every other byte.
pub(super) fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(HEAD)];
    let zeros = |parity: usize| {
        head.iter().enumerate().filter(|(i, b)| i % 2 == parity && **b == 0).count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    let many = (head.len() / 2) * 7 / 10;
    if head.len() < 8 {
        return None;
    }
    match () {
        () if odd > many && even * 10 < odd => Some(UTF_16LE),
        () if even > many && odd * 10 < even => Some(UTF_16BE),
        () => None,
    }
}

fn encoding_of(bytes: &[u8]) -> &'static Encoding {
    if mostly_utf8(bytes) {
        return UTF_8;
    }
    if let Some(declared) = declared_charset(bytes) {
        return declared;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    // A megabyte tells as much as the whole file.
    detector.feed(&bytes[..bytes.len().min(1 << 20)], true);
    detector.guess(None, Utf8Detection::Deny)
}

/// UTF-8 with some damage, such as a character cut in two, is still UTF-8.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 4 * bad
}

/// The charset named in the first bytes of a page. UTF-16 cannot be true there, since the name
/// itself was readable.
fn declared_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes[..bytes.len().min(HEAD)].to_ascii_lowercase();
    let at = head.windows(7).position(|w| w == b"charset")? + 7;
    let rest = head[at..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
    let end = rest.iter().position(|b| !(b.is_ascii_alphanumeric() || b"-_:".contains(b)));
    let declared = Encoding::for_label(&rest[..end.unwrap_or(rest.len())])?;
    if declared == UTF_8 {
        return None;
    }
    let readable = declared.is_ascii_compatible() && declared.name() != "x-user-defined";
    Some(if readable { declared } else { WINDOWS_1252 })
}

fn decode_as<'a>(bytes: &'a [u8], skip: usize, encoding: &'static Encoding) -> Decoded<'a> {
    if encoding != UTF_8 {
        return decode_stepwise(bytes, skip, encoding);
    }
    match std::str::from_utf8(&bytes[skip..]) {
        Ok(text) => Decoded { text: Cow::Borrowed(text), map: Map::Identity(skip) },
        Err(_) => decode_damaged(bytes, skip),
    }
}

/// UTF-8 with invalid sequences.
fn decode_damaged(bytes: &[u8], skip: usize) -> Decoded<'_> {
    let mut out = Builder::default();
    let mut at = skip;
    for chunk in bytes[skip..].utf8_chunks() {
        out.copy(chunk.valid(), at);
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            out.unit("\u{fffd}", at, chunk.invalid().len());
            at += chunk.invalid().len();
        }
    }
    out.finish()
}

/// Any other encoding: ASCII is copied in runs, the rest goes through the decoder byte by byte, so
/// that each character knows its bytes.
fn decode_stepwise<'a>(bytes: &'a [u8], skip: usize, encoding: &'static Encoding) -> Decoded<'a> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut out = Builder::default();
    let ascii_is_itself = encoding.is_ascii_compatible();
    let mut buffer = [0u8; 32];
    let mut at = skip;
    // First byte of the character that the decoder has seen in part.
    let mut begun = skip;
    while at < bytes.len() {
        if ascii_is_itself && begun == at {
            let run = bytes[at..].iter().take_while(|b| b.is_ascii()).count();
            if let Ok(text) = std::str::from_utf8(&bytes[at..at + run]) {
                out.copy(text, at);
                at += run;
                begun = at;
            }
            if at == bytes.len() {
                break;
            }
        }
        let last = at + 1 == bytes.len();
        let (_, _, written, _) = decoder.decode_to_utf8(&bytes[at..=at], &mut buffer, last);
        at += 1;
        if written > 0 {
            let text = std::str::from_utf8(&buffer[..written]).unwrap_or("\u{fffd}");
            out.unit(text, begun, at - begun);
            begun = at;
        }
    }
    out.finish()
}

/// Collects decoded text and its runs.
#[derive(Default)]
struct Builder {
    text: String,
    runs: Vec<Run>,
}

impl Builder {
    fn copy(&mut self, text: &str, source: usize) {
        if !text.is_empty() {
            self.push(text, Run::new(self.text.len(), source, 1, 1, true));
        }
    }

    /// One character, or several that cannot be told apart, from `len` bytes.
    fn unit(&mut self, text: &str, source: usize, len: usize) {
        // The decoder holds back a few bytes at most, and 32 bytes of text at most come of them.
        let (text_step, source_step) = (text.len().min(255) as u8, len.min(255) as u8);
        self.push(text, Run::new(self.text.len(), source, text_step, source_step, false));
    }

    fn push(&mut self, text: &str, run: Run) {
        let continues = self.runs.last().is_some_and(|last| {
            last.text_step == run.text_step
                && last.source_step == run.source_step
                && last.verbatim == run.verbatim
        });
        if !continues {
            self.runs.push(run);
        }
        self.text.push_str(text);
    }

    fn finish(self) -> Decoded<'static> {
        Decoded { text: Cow::Owned(self.text), map: Map::Runs(self.runs) }
    }
}

impl Run {
    fn new(text: usize, source: usize, text_step: u8, source_step: u8, verbatim: bool) -> Self {
        Run { text, source, text_step, source_step, verbatim }
    }

    /// The bytes in the file of the characters of this run that touch `from..to` of the text.
    fn span(&self, from: usize, to: usize) -> Span {
        let (t, s) = (usize::from(self.text_step), usize::from(self.source_step));
        Span {
            start: self.source + (from - self.text) / t * s,
            end: self.source + (to - self.text).div_ceil(t) * s,
        }
    }
}

impl Decoded<'_> {
    /// Turns offsets into the decoded text into offsets into the file.
    pub fn restore(&self, text: MappedText) -> MappedText {
        match &self.map {
            Map::Identity(0) => text,
            Map::Identity(skip) => text.shifted(*skip),
            Map::Runs(runs) => text.moved(
                |out, piece, start| copy_runs(runs, out, piece, start),
                |span| translate(runs, span),
            ),
        }
    }
}

fn run_at(runs: &[Run], text: usize) -> usize {
    runs.partition_point(|run| run.text <= text).saturating_sub(1)
}

fn translate(runs: &[Run], span: Span) -> Span {
    if runs.is_empty() || span.start >= span.end {
        return span;
    }
    let first = &runs[run_at(runs, span.start)];
    let last = &runs[run_at(runs, span.end - 1)];
    Span {
        start: first.span(span.start, span.start + 1).start,
        end: last.span(last.text, span.end).end,
    }
}

/// Appends `piece`, which stands at `start` of the decoded text, with its places in the file.
fn copy_runs(runs: &[Run], out: &mut MappedText, piece: &str, start: usize) {
    let end = start + piece.len();
    let mut from = start;
    for (i, run) in runs.iter().enumerate().skip(run_at(runs, start)) {
        if from >= end {
            break;
        }
        let to = runs.get(i + 1).map_or(end, |next| next.text.min(end));
        let (text, span) = (&piece[from - start..to - start], run.span(from, to));
        let step = usize::from(run.text_step);
        if run.verbatim {
            out.push_verbatim(text, span.start);
        } else if (from - run.text).is_multiple_of(step) && text.len().is_multiple_of(step) {
            out.push_scaled(text, span.start, run.text_step, run.source_step);
        } else {
            out.push_decoded(text, span);
        }
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character of the text and the bytes it came from.
    fn pieces(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        let decoded = decode(bytes);
        let mut whole = MappedText::new();
        whole.push_verbatim(&decoded.text, 0);
        let whole = decoded.restore(whole);
        let text = whole.as_str();
        assert_eq!(text, decoded.text);
        text.char_indices()
            .map(|(i, c)| {
                let span = whole.span(i..i + c.len_utf8());
                (c.to_string(), bytes[span.start..span.end].to_vec())
            })
            .collect()
    }

    fn text(bytes: &[u8]) -> String {
        pieces(bytes).into_iter().map(|(c, _)| c).collect()
    }

    #[test]
    fn valid_utf8_is_borrowed() {
        let decoded = decode("we collect “data”".as_bytes());
        assert!(matches!(decoded.text, Cow::Borrowed(_)));
    }

    #[test]
    fn a_mark_is_skipped() {
        assert_eq!(pieces(b"\xef\xbb\xbfab")[0], ("a".into(), b"a".to_vec()));
    }

    #[test]
    fn utf16_with_and_without_mark() {
        let utf16: Vec<u8> = "Our café €".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked: Vec<u8> = [&b"\xff\xfe"[..], &utf16].concat();
        for bytes in [&utf16, &marked] {
            let pieces = pieces(bytes);
            assert_eq!(pieces[7], ("é".into(), vec![0xe9, 0]));
            assert_eq!(pieces[9], ("€".into(), vec![0xac, 0x20]));
        }
    }

    #[test]
    fn a_declared_charset_decides() {
        let page = b"<meta charset=\"windows-1251\"><p>\xcf\xf0\xe8\xe2\xe5\xf2</p>";
        assert!(text(page).contains("Привет"));
    }

    #[test]
    fn quotes_of_windows_1252_are_guessed() {
        let pieces = pieces(b"We call it \x93personal data\x94 in this policy, don\x92t we.");
        assert_eq!(pieces[11], ("“".into(), vec![0x93]));
        assert_eq!(pieces[25], ("”".into(), vec![0x94]));
    }

    #[test]
    fn damaged_utf8_stays_utf8() {
        let bytes = [&b"a\xe2\x80"[..], "“ten” ‘good’ “quotes” é".as_bytes()].concat();
        assert_eq!(text(&bytes), "a\u{fffd}“ten” ‘good’ “quotes” é");
    }

    #[test]
    fn characters_of_two_bytes_keep_their_place() {
        let bytes = b"<meta charset=gbk>\xd2\xfe\xcb\xbd ok \xff!";
        let pieces = pieces(bytes);
        assert_eq!(pieces[18], ("隐".into(), vec![0xd2, 0xfe]));
        assert_eq!(pieces.last(), Some(&("!".to_string(), b"!".to_vec())));
    }
}
