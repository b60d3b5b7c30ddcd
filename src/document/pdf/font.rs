//! Fonts: codes of a string → their text and how wide they stand.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lopdf::{Dictionary, Encoding, Object};

use super::ReadError;
use super::cmap::{self, CMap};
use super::open::{File, number};

/// What stands for a code without a known text.
pub(super) const UNKNOWN: char = char::REPLACEMENT_CHARACTER;

/// A font as far as text needs it.
pub(super) struct Font {
    codes: Codes,
    /// What the file itself says that codes mean.
    to_unicode: CMap,
    widths: Widths,
    pub bold: bool,
}

enum Codes {
    /// One byte each; their texts by code.
    Simple(Vec<String>),
    /// Of several bytes; the map says how many.
    Composite { lengths: CMap, utf16: bool },
}

/// Widths by code, in parts of the font size.
struct Widths {
    /// By first code: the last one and the width of all between.
    known: BTreeMap<u32, (u32, f64)>,
    other: f64,
}

/// One character of a string that is shown.
pub(super) struct Glyph<'a> {
    pub text: Cow<'a, str>,
    pub width: f64,
    /// Word spacing applies to it.
    pub is_space: bool,
}

impl Font {
    pub fn read(dictionary: &Dictionary, file: &File) -> Result<Self, ReadError> {
        let to_unicode = match file.stream(dictionary, b"ToUnicode") {
            Some(stream) => CMap::parse(&file.content(stream)?),
            None => CMap::default(),
        };
        if file.name(dictionary, b"Subtype") == b"Type0" {
            return Self::composite(dictionary, to_unicode, file);
        }
        let descriptor = file.dictionary(dictionary, b"FontDescriptor");
        let name = file.name(dictionary, b"BaseFont");
        Ok(Self {
            codes: Codes::Simple(simple_texts(dictionary, name, file)),
            to_unicode,
            widths: simple_widths(dictionary, descriptor, name, file),
            bold: is_bold(name, descriptor, file),
        })
    }

    fn composite(
        dictionary: &Dictionary,
        to_unicode: CMap,
        file: &File,
    ) -> Result<Self, ReadError> {
        let descendants = file.array(dictionary, b"DescendantFonts");
        let descendant = descendants.first().and_then(|font| file.resolve(font)?.as_dict().ok());
        let descriptor = descendant.and_then(|font| file.dictionary(font, b"FontDescriptor"));
        let lengths = match file.stream(dictionary, b"Encoding") {
            Some(stream) => CMap::parse(&file.content(stream)?),
            None => CMap::default(),
        };
        let encoding = file.name(dictionary, b"Encoding");
        let holds = |part: &[u8]| encoding.windows(part.len()).any(|window| window == part);
        let name = file.name(dictionary, b"BaseFont");
        Ok(Self {
            codes: Codes::Composite { lengths, utf16: holds(b"UTF16") || holds(b"UCS2") },
            to_unicode,
            widths: composite_widths(descendant, file),
            bold: is_bold(name, descriptor, file),
        })
    }

    /// The characters of a string.
    pub fn glyphs<'a>(&'a self, string: &'a [u8]) -> impl Iterator<Item = Glyph<'a>> {
        let mut rest = string;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let len = match &self.codes {
                Codes::Simple(_) => 1,
                Codes::Composite { lengths, .. } => lengths.code_len(rest).unwrap_or(2),
            };
            let (code, after) = rest.split_at(len.clamp(1, rest.len()));
            rest = after;
            Some(self.glyph(code))
        })
    }

    fn glyph(&self, code: &[u8]) -> Glyph<'_> {
        let known = self.to_unicode.text(code).filter(|text| text != "\0");
        let text = known.map(Cow::Owned).unwrap_or_else(|| match &self.codes {
            Codes::Simple(texts) => Cow::Borrowed(texts[usize::from(code[0])].as_str()),
            Codes::Composite { utf16, .. } => {
                let c = char::from_u32(cmap::value(code)).filter(|_| *utf16);
                Cow::Owned(c.unwrap_or(UNKNOWN).to_string())
            }
        });
        let width = self.widths.of(cmap::value(code));
        Glyph { text, width, is_space: code == b" " }
    }
}

impl Widths {
    fn of(&self, code: u32) -> f64 {
        let found = self.known.range(..=code).next_back();
        found.filter(|(_, (last, _))| code <= *last).map_or(self.other, |(_, (_, width))| *width)
    }
}

/// The texts of a font of one byte a code, as its encoding says.
fn simple_texts(dictionary: &Dictionary, name: &[u8], file: &File) -> Vec<String> {
    if is_symbols(name) {
        return vec!["•".to_owned(); 256];
    }
    let encoding = file.get(dictionary, b"Encoding");
    let base = match encoding {
        Some(Object::Name(name)) => Some(name.as_slice()),
        Some(Object::Dictionary(encoding)) => {
            encoding.get(b"BaseEncoding").and_then(Object::as_name).ok()
        }
        _ => None,
    };
    let truetype = file.name(dictionary, b"Subtype") == b"TrueType";
    let usual: &[u8] = if truetype { b"WinAnsiEncoding" } else { b"StandardEncoding" };
    let mut texts = base_texts(base.unwrap_or(usual), file);
    if let Some(Object::Dictionary(encoding)) = encoding {
        let mut code = 0;
        for entry in file.array(encoding, b"Differences") {
            match entry {
                Object::Integer(next) => code = usize::try_from(*next).unwrap_or(256),
                Object::Name(name) => {
                    if let Some(text) = texts.get_mut(code) {
                        *text = named(name, file);
                    }
                    code += 1;
                }
                _ => {}
            }
        }
    }
    texts
}

/// The texts of one of the standard encodings.
fn base_texts(encoding: &[u8], file: &File) -> Vec<String> {
    let font = font_with(Object::Name(encoding.to_vec()));
    let encoding = font.get_font_encoding(file.objects()).ok();
    let text = |code: u8| encoding_text(encoding.as_ref()?, code);
    (0..=255).map(|code| text(code).unwrap_or_else(|| UNKNOWN.to_string())).collect()
}

/// The text of a glyph with this name. The library has the list of all names, but only inside
/// of an encoding.
fn named(name: &[u8], file: &File) -> String {
    if let Some(text) = unicode_name(name) {
        return text;
    }
    let base = name.split(|byte| *byte == b'.').next().unwrap_or(name);
    let differences = vec![Object::Integer(0), Object::Name(base.to_vec())];
    let mut encoding = Dictionary::new();
    encoding.set("Differences", differences);
    let font = font_with(Object::Dictionary(encoding));
    let text = match font.get_font_encoding(file.objects()) {
        Ok(encoding @ Encoding::Differences(_)) => encoding_text(&encoding, 0),
        _ => None,
    };
    text.unwrap_or_else(|| UNKNOWN.to_string())
}

/// `uni0041`, `u1F600`: names that say it themselves.
fn unicode_name(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let digits = name.strip_prefix("uni").or_else(|| name.strip_prefix('u'))?;
    let digits = digits.split('.').next()?;
    if !(4..=6).contains(&digits.len()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    char::from_u32(value).map(String::from)
}

fn font_with(encoding: Object) -> Dictionary {
    let mut font = Dictionary::new();
    font.set("Type", Object::Name(b"Font".to_vec()));
    font.set("Encoding", encoding);
    font
}

fn encoding_text(encoding: &Encoding, code: u8) -> Option<String> {
    encoding.bytes_to_string(&[code]).ok().filter(|text| !text.is_empty())
}

/// Fonts of signs, whose codes mean nothing without a map: what they show in a text is bullets.
fn is_symbols(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    ["symbol", "dingbat", "webding", "wingding"].iter().any(|part| name.contains(part))
}

fn is_bold(name: &[u8], descriptor: Option<&Dictionary>, file: &File) -> bool {
    /// The flag `ForceBold`.
    const FORCED: i64 = 1 << 18;
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let named = ["bold", "black", "heavy", "-demi"].iter().any(|part| name.contains(part));
    let number = |key| descriptor.and_then(|of| file.number(of, key)).unwrap_or(0.0);
    named || number(b"FontWeight") >= 600.0 || number(b"Flags") as i64 & FORCED != 0
}

fn simple_widths(
    dictionary: &Dictionary,
    descriptor: Option<&Dictionary>,
    name: &[u8],
    file: &File,
) -> Widths {
    let widths = file.array(dictionary, b"Widths");
    if widths.is_empty() {
        return standard_widths(name);
    }
    // Only fonts drawn by the file itself have units of their own.
    let matrix = file.array(dictionary, b"FontMatrix").first().and_then(number);
    let unit = matrix.unwrap_or(0.001);
    let first = file.number(dictionary, b"FirstChar").unwrap_or(0.0) as u32;
    let missing = descriptor.and_then(|of| file.number(of, b"MissingWidth")).unwrap_or(0.0);
    let width = |object: &Object| file.resolve(object).and_then(number).unwrap_or(missing) * unit;
    let known = (first..).zip(widths.iter().take(256));
    let known = known.map(|(code, object)| (code, (code, width(object)))).collect();
    Widths { known, other: missing * unit }
}

/// `W` of a composite font: `first [widths…]` or `first last width`.
fn composite_widths(descendant: Option<&Dictionary>, file: &File) -> Widths {
    let Some(font) = descendant else { return Widths { known: BTreeMap::new(), other: 1.0 } };
    let mut known = BTreeMap::new();
    let mut entries = file.array(font, b"W").iter();
    while let Some(first) = entries.next().and_then(number) {
        let first = first as u32;
        match entries.next().and_then(|entry| file.resolve(entry)) {
            Some(Object::Array(widths)) => {
                for (code, width) in (first..).zip(widths) {
                    let width = file.resolve(width).and_then(number).unwrap_or(1000.0);
                    known.insert(code, (code, width / 1000.0));
                }
            }
            Some(last) => {
                let width = entries.next().and_then(number).unwrap_or(1000.0);
                known.insert(first, (number(last).unwrap_or(0.0) as u32, width / 1000.0));
            }
            None => break,
        }
    }
    Widths { known, other: file.number(font, b"DW").unwrap_or(1000.0) / 1000.0 }
}

/// Widths of the fonts that a file need not bring along, from the space to the tilde.
fn standard_widths(name: &[u8]) -> Widths {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    if name.contains("courier") {
        return Widths { known: BTreeMap::new(), other: 0.6 };
    }
    let table = if name.contains("times") { &TIMES } else { &HELVETICA };
    let known = (32..).zip(table).map(|(code, width)| (code, (code, f64::from(*width) / 1000.0)));
    Widths { known: known.collect(), other: 0.5 }
}

#[rustfmt::skip]
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
#[rustfmt::skip]
const TIMES: [u16; 95] = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500,
    500, 500, 500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611,
    556, 722, 722, 333, 389, 722, 611, 889, 722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722,
    722, 611, 333, 278, 333, 469, 500, 333, 444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500,
    278, 778, 500, 500, 500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480, 200, 480, 541,
];
