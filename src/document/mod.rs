//! bytes → [`Document`]: blocks of text that know where in the source file they stand.

mod decode;
mod detect;
mod error;
mod flow;
mod html;
mod markdown;
mod marks;
mod outline;
mod plain;
mod text;

pub use error::ReadError;
pub use text::{MappedText, Span};

/// What kind of block a piece of text is in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Running text.
    Paragraph,
    /// A heading; level 1 is the highest (1 to 6).
    Heading { level: u8 },
    /// One list item, or one further paragraph of it; depth 1 is the outermost list.
    Item { depth: u8 },
    /// One cell of a table.
    Cell,
}

/// A run of text between two block boundaries of the source.
#[derive(Debug, Clone)]
pub struct Block {
    pub kind: BlockKind,
    pub text: MappedText,
}

/// A file that was read: its blocks in reading order, spans in bytes of the file.
#[derive(Debug, Clone)]
pub struct Document {
    pub blocks: Vec<Block>,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Found out from the name and the content.
    #[default]
    Auto,
    Html,
    Markdown,
    Text,
}

/// What happens to the parts of a page that are not its text: menus, banners, footers, forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Boilerplate {
    #[default]
    Drop,
    Keep,
}

/// How to read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    pub format: Format,
    pub boilerplate: Boilerplate,
    /// Larger files are refused.
    pub max_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: Format::default(),
            boilerplate: Boilerplate::default(),
            max_bytes: 200 << 20,
        }
    }
}

/// Reads a file. `name` is its file name, whose extension helps to tell the format.
///
/// Blocks come in reading order, their spans do not overlap.
pub fn read(
    bytes: &[u8],
    name: Option<&str>,
    options: &ReadOptions,
) -> Result<Document, ReadError> {
    if bytes.len() > options.max_bytes {
        return Err(ReadError::TooLarge { bytes: bytes.len(), limit: options.max_bytes });
    }
    if bytes.trim_ascii().is_empty() {
        return Err(ReadError::Empty);
    }
    if let Some(what) = detect::binary(bytes) {
        return Err(ReadError::Binary { what });
    }
    let decoded = decode::decode(bytes);
    if decoded.text.trim().is_empty() {
        return Err(ReadError::Empty);
    }
    let format = match options.format {
        Format::Auto => detect::format(&decoded.text, name),
        chosen => chosen,
    };
    let drafts = match format {
        Format::Html => html::read(&decoded.text, options.boilerplate),
        Format::Markdown => markdown::read(&decoded.text, options.boilerplate),
        Format::Text | Format::Auto => plain::read(&decoded.text),
    };
    if drafts.is_empty() {
        return Err(ReadError::NoText);
    }
    let mut blocks = outline::settle(drafts);
    check_language(&blocks)?;
    for block in &mut blocks {
        block.text = decoded.restore(std::mem::take(&mut block.text));
    }
    Ok(Document { blocks })
}

/// Letters below which a language cannot be told.
const ENOUGH_LETTERS: usize = 200;
/// Bytes that are enough to tell it.
const LANGUAGE_SAMPLE: usize = 64 * 1024;

/// Refuses text that is reliably not English. Every stretch of a mixed document may vote, so
/// that an English policy with a foreign page around it passes.
fn check_language(blocks: &[Block]) -> Result<(), ReadError> {
    let mut sample = String::new();
    for block in blocks {
        let text = block.text.as_str();
        let room = LANGUAGE_SAMPLE.saturating_sub(sample.len());
        sample.push_str(&text[..text.floor_char_boundary(room)]);
        sample.push('\n');
        if sample.len() >= LANGUAGE_SAMPLE {
            break;
        }
    }
    if sample.chars().filter(|c| c.is_alphabetic()).count() < ENOUGH_LETTERS {
        return Ok(());
    }
    match whatlang::detect(&sample) {
        Some(info) if info.is_reliable() && info.lang() != whatlang::Lang::Eng => {
            if has_english(blocks) {
                return Ok(());
            }
            Err(ReadError::NotEnglish { language: info.lang().eng_name() })
        }
        _ => Ok(()),
    }
}

/// Some hundred letters of English in blocks long enough to tell.
fn has_english(blocks: &[Block]) -> bool {
    let mut english = 0;
    for block in blocks.iter().filter(|b| (80..4000).contains(&b.text.len())).take(400) {
        let info = whatlang::detect(block.text.as_str());
        if info.is_some_and(|i| i.lang() == whatlang::Lang::Eng && i.is_reliable()) {
            english += block.text.len();
        }
    }
    english >= 2 * ENOUGH_LETTERS
}

#[cfg(test)]
mod tests;
