//! bytes → [`Document`]: blocks of text that know where in the source file they stand.

mod address;
mod contents;
mod decode;
mod definitions;
mod detect;
mod error;
mod flow;
mod function_words;
mod furniture;
mod gate;
mod html;
mod joining;
mod language;
mod left_out;
mod markdown;
mod marks;
mod outline;
mod pages;
#[cfg(feature = "pdf")]
mod pdf;
mod plain;
mod reading;
mod table;
mod text;
mod unclosed;
mod visible;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

pub use error::ReadError;
pub use left_out::{Amount, LeftOut};
pub use pages::{Pages, Place};
pub use text::{MappedText, Span};

use left_out::Reason;
use reading::Reading;
use watch::Watch;

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
    /// One entry of a table of contents.
    Contents,
}

/// A run of text between two block boundaries of the source.
#[derive(Debug, Clone)]
pub struct Block {
    pub kind: BlockKind,
    pub text: MappedText,
}

/// A file that was read: its blocks in reading order. Spans are in bytes of the file; those of a
/// document with pages are in characters of its text, see [`Pages`].
#[derive(Debug, Clone, Default)]
pub struct Document {
    pub blocks: Vec<Block>,
    /// What was left out, by reason.
    pub left_out: LeftOut,
    /// What heads a block inside a table or a list of definitions, by the byte of the file that
    /// the block begins with: the first cell of its row, the header of its column; its term.
    pub headers: BTreeMap<usize, Vec<String>>,
    /// The text that spans count in, when it does not stand in the file as such: that of a PDF.
    pub pages: Option<Pages>,
}

impl Document {
    /// What heads a block inside a table or a list of definitions.
    pub fn headers_of(&self, block: &Block) -> &[String] {
        if self.headers.is_empty() || block.text.is_empty() {
            return &[];
        }
        let start = block.text.span(0..block.text.len()).start;
        self.headers.get(&start).map_or(&[], Vec::as_slice)
    }
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
    /// Read when the program was built with the feature `pdf`.
    Pdf,
}

/// What happens to the parts of a page that are not its text: menus, banners, footers, forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Boilerplate {
    #[default]
    Drop,
    Keep,
}

/// Whether what is no English privacy policy is refused: error pages, pages that only scripts
/// fill, other languages, other kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gate {
    #[default]
    On,
    /// Everything with text is read.
    Off,
}

/// How to read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    pub format: Format,
    pub boilerplate: Boilerplate,
    pub gate: Gate,
    /// Larger files are refused.
    pub max_bytes: usize,
    /// Reading that takes longer ends with an error. The default is many times what the largest
    /// file takes, so that no result depends on how fast the machine is.
    pub max_time: Duration,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: Format::default(),
            boilerplate: Boilerplate::default(),
            gate: Gate::default(),
            max_bytes: 200 << 20,
            max_time: Duration::from_secs(300),
        }
    }
}

impl ReadOptions {
    /// The default without the gate: for documents that somebody labelled as policies.
    pub fn without_gate() -> Self {
        Self { gate: Gate::Off, ..Self::default() }
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
    if options.format == Format::Pdf || options.format == Format::Auto && detect::is_pdf(bytes) {
        return read_pdf(bytes, options);
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
    let watch = Watch::start(options.max_time);
    let reading = match format {
        Format::Html => html::read_page(&decoded.text, options.boilerplate, &watch)?,
        Format::Markdown => markdown::read(&decoded.text, options.boilerplate, &watch),
        Format::Text | Format::Auto | Format::Pdf => {
            plain::read(&decoded.text, options.boilerplate, &watch)
        }
    };
    let mut document = settle(reading, options.gate, &watch)?;
    document.headers = restore(&decoded, &mut document.blocks, &document.headers);
    watch.check()?;
    Ok(document)
}

#[cfg(feature = "pdf")]
fn read_pdf(bytes: &[u8], options: &ReadOptions) -> Result<Document, ReadError> {
    let watch = Watch::start(options.max_time);
    let (reading, pages) = pdf::read(bytes, options.boilerplate, &watch)?;
    let document = settle(reading, options.gate, &watch)?;
    Ok(Document { pages: Some(pages), ..document })
}

#[cfg(not(feature = "pdf"))]
fn read_pdf(_: &[u8], _: &ReadOptions) -> Result<Document, ReadError> {
    Err(ReadError::WithoutPdf)
}

/// The document of what was read, if it passes the gate; places as the reader has them.
fn settle(reading: Reading, gate: Gate, watch: &Watch) -> Result<Document, ReadError> {
    watch.check()?;
    let Reading { drafts, headers, mut left_out } = reading;
    if drafts.is_empty() {
        return Err(ReadError::NoText);
    }
    let mut blocks = outline::settle(drafts);
    watch.check()?;
    if gate == Gate::On {
        language::keep_english(&mut blocks, &mut left_out)?;
        gate::check(&blocks)?;
    }
    Ok(Document { blocks, left_out, headers, pages: None })
}

/// Turns offsets into the decoded text into offsets into the file.
fn restore(
    decoded: &decode::Decoded,
    blocks: &mut [Block],
    headers: &BTreeMap<usize, Vec<String>>,
) -> BTreeMap<usize, Vec<String>> {
    let start = |text: &MappedText| text.span(0..text.len()).start;
    let mut restored = BTreeMap::new();
    for block in blocks {
        let before = start(&block.text);
        block.text = decoded.restore(std::mem::take(&mut block.text));
        if let Some(headers) = headers.get(&before) {
            restored.insert(start(&block.text), headers.clone());
        }
    }
    restored
}

#[cfg(test)]
pub(crate) mod cases;
#[cfg(test)]
mod tests;
