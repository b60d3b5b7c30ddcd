//! The file: its objects, its pages, and how much of it is unpacked.

use std::cell::Cell;

use lopdf::{DecompressError, Dictionary, Document, LoadOptions, Object, ObjectId, Stream};

use super::ReadError;
use super::matrix::Matrix;

/// The most pages a file may have.
const MOST_PAGES: usize = 5_000;
/// The most bytes that one stream may unpack to.
const LARGEST_STREAM: usize = 64 << 20;
/// The most bytes of content, and of text in it, that are read.
const LARGEST_TEXT: usize = 64 << 20;
/// How far up the tree of pages attributes are looked for.
const DEEPEST_TREE: usize = 64;

/// An open PDF.
pub(super) struct File {
    objects: Document,
    /// Bytes that may still be unpacked.
    left: Cell<usize>,
}

/// A page before it is read.
pub(super) struct Page<'a> {
    pub content: Vec<u8>,
    pub resources: Option<&'a Dictionary>,
    /// From the page's coordinates to upright ones.
    pub upright: Matrix,
}

impl File {
    /// Reads the objects. A file with an empty user password is decrypted.
    pub fn open(bytes: &[u8]) -> Result<Self, ReadError> {
        let options = LoadOptions::with_max_decompressed_size(LARGEST_STREAM);
        let objects = Document::load_mem_with_options(bytes, options).map_err(unreadable)?;
        if objects.is_encrypted() {
            return Err(ReadError::EncryptedPdf);
        }
        Ok(Self { objects, left: Cell::new(LARGEST_TEXT) })
    }

    /// The pages in their order.
    pub fn pages(&self) -> Result<Vec<ObjectId>, ReadError> {
        let pages: Vec<ObjectId> = self.objects.page_iter().take(MOST_PAGES + 1).collect();
        match pages.len() {
            0 => Err(ReadError::BrokenPdf { what: "no page in it can be found" }),
            count if count > MOST_PAGES => Err(ReadError::TooManyPages { limit: MOST_PAGES }),
            _ => Ok(pages),
        }
    }

    /// One page; one that is missing or damaged is empty.
    pub fn page(&self, id: ObjectId) -> Result<Page<'_>, ReadError> {
        let mut content = Vec::new();
        for stream in self.objects.get_page_contents(id) {
            if let Ok(Object::Stream(stream)) = self.objects.get_object(stream) {
                content.extend(self.content(stream)?);
                content.push(b'\n');
            }
        }
        let page = self.objects.get_dictionary(id).ok();
        let resources = page.and_then(|page| self.inherited(page, b"Resources"));
        let rotation = page.and_then(|page| self.inherited(page, b"Rotate"));
        let rotation = rotation.and_then(number).unwrap_or(0.0);
        let upright = Matrix::turned((rotation / 90.0).round() as i64);
        Ok(Page { content, resources: resources.and_then(|r| r.as_dict().ok()), upright })
    }

    /// An attribute of a page or of what it stands under.
    fn inherited<'a>(&'a self, page: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
        let mut node = page;
        for _ in 0..DEEPEST_TREE {
            if let Some(found) = self.get(node, key) {
                return Some(found);
            }
            node = self.dictionary(node, b"Parent")?;
        }
        None
    }

    /// The content of a stream, unpacked; empty when it is damaged.
    pub fn content(&self, stream: &Stream) -> Result<Vec<u8>, ReadError> {
        let limit = LARGEST_STREAM.min(self.left.get());
        match stream.get_plain_content_with_limit(limit) {
            Ok(content) => {
                self.charge(content.len())?;
                Ok(content)
            }
            Err(error) if is_too_large(&error) => Err(too_large()),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Counts bytes of content that are read, again for each time that they are.
    pub fn charge(&self, bytes: usize) -> Result<(), ReadError> {
        self.left.set(self.left.get().checked_sub(bytes).ok_or_else(too_large)?);
        Ok(())
    }

    /// The object under a key, whether it stands there or is referred to.
    pub fn get<'a>(&'a self, of: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
        self.resolve(of.get(key).ok()?)
    }

    pub fn resolve<'a>(&'a self, object: &'a Object) -> Option<&'a Object> {
        let (_, object) = self.objects.dereference(object).ok()?;
        (!object.is_null()).then_some(object)
    }

    pub fn dictionary<'a>(&'a self, of: &'a Dictionary, key: &[u8]) -> Option<&'a Dictionary> {
        match self.get(of, key)? {
            Object::Dictionary(found) => Some(found),
            Object::Stream(stream) => Some(&stream.dict),
            _ => None,
        }
    }

    pub fn stream<'a>(&'a self, of: &'a Dictionary, key: &[u8]) -> Option<&'a Stream> {
        self.get(of, key)?.as_stream().ok()
    }

    pub fn array<'a>(&'a self, of: &'a Dictionary, key: &[u8]) -> &'a [Object] {
        let found = self.get(of, key).and_then(|object| object.as_array().ok());
        found.map_or(&[], Vec::as_slice)
    }

    pub fn name<'a>(&'a self, of: &'a Dictionary, key: &[u8]) -> &'a [u8] {
        self.get(of, key).and_then(|object| object.as_name().ok()).unwrap_or_default()
    }

    pub fn number(&self, of: &Dictionary, key: &[u8]) -> Option<f64> {
        number(self.get(of, key)?)
    }

    /// For what of the library needs its own type.
    pub fn objects(&self) -> &Document {
        &self.objects
    }
}

pub(super) fn number(object: &Object) -> Option<f64> {
    object.as_float().ok().map(f64::from).filter(|number| number.is_finite())
}

fn too_large() -> ReadError {
    ReadError::UnpackedTooLarge { limit: LARGEST_TEXT }
}

fn is_too_large(error: &lopdf::Error) -> bool {
    matches!(error, lopdf::Error::Decompress(DecompressError::MemoryLimitExceeded { .. }))
}

/// Why the objects cannot be read.
fn unreadable(error: lopdf::Error) -> ReadError {
    match error {
        lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_) => ReadError::EncryptedPdf,
        error if is_too_large(&error) => too_large(),
        _ => ReadError::BrokenPdf { what: "its objects cannot be found" },
    }
}
