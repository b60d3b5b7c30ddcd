//! Why a file gives no document.

use std::time::Duration;

/// A file that cannot be read as a document. Each kind has a stable name, see [`ReadError::kind`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Nothing but white space.
    #[error("the file is empty; check that the download succeeded")]
    Empty,
    /// Not a text format.
    #[error("the file is binary ({what}); convert it to HTML, Markdown or plain text first")]
    Binary { what: &'static str },
    /// Larger than the limit of the options.
    #[error("the file has {bytes} bytes, the limit is {limit}; split it or raise the limit")]
    TooLarge { bytes: usize, limit: usize },
    /// Elements inside elements without end.
    #[error(
        "the page nests more than {limit} elements; it is damaged or made to harm: save it from a \
         browser, or convert it to text"
    )]
    TooDeep { limit: usize },
    /// A tag that does not end.
    #[error(
        "a tag of the page has more than {limit} attributes; it is damaged or made to harm: save \
         it from a browser, or convert it to text"
    )]
    TooManyAttributes { limit: usize },
    /// Reading took longer than the options allow.
    #[error("reading took longer than {} seconds; split the file or raise the limit", .limit.as_secs())]
    TooSlow { limit: Duration },
    /// Markup or scripts without words.
    #[error(
        "the file holds no readable text; if it is a web page that scripts fill in, save it from a \
         browser after it has loaded"
    )]
    NoText,
    /// A page that its server sent instead of the one asked for.
    #[error(
        "the page is an error page (it says {phrase:?}); download it again, or turn the gate off"
    )]
    ErrorPage { phrase: &'static str },
    /// A page that holds nothing, or no more than that it needs scripts, until these fill it.
    #[error(
        "the page has no text until its JavaScript runs; save it from a browser after it has loaded"
    )]
    JavascriptShell,
    /// Terms of service, an article: anything but a privacy policy.
    #[error(
        "the text does not read like a privacy policy: in {words} words, {policy} speak of privacy \
         and {other} of other matters; turn the gate off to read it all the same"
    )]
    NotAPolicy { policy: usize, other: usize, words: usize },
    /// A PDF, for a program that does not read them.
    #[error(
        "the file is a PDF, and this program was built without the feature `pdf`; build it with \
         `--features pdf`, or convert the file to text"
    )]
    WithoutPdf,
    /// A PDF that is no PDF inside.
    #[error("the PDF is damaged ({what}); save it again from a program that opens it")]
    BrokenPdf { what: &'static str },
    /// A PDF that asks for a password.
    #[error("the PDF needs a password; save it without one")]
    EncryptedPdf,
    /// A PDF of images, or one whose letters have no known text.
    #[error(
        "the PDF has no text that can be read on {pages} pages, it is a scan or hides its letters; \
         run a text recognition on it first"
    )]
    PdfWithoutText { pages: usize },
    /// More pages than any policy has.
    #[error("the PDF has more than {limit} pages; split it")]
    TooManyPages { limit: usize },
    /// A PDF whose content becomes very large.
    #[error(
        "the PDF unpacks to more than {limit} bytes of content; it is made to harm, or split it"
    )]
    UnpackedTooLarge { limit: usize },
    /// A page with pieces of text without end.
    #[error("a page of the PDF has more than {limit} pieces of text; it is made to harm, or a map")]
    CrowdedPage { limit: usize },
    /// Reliably in another language.
    #[error("the text is in {language}, not in English; use the English version or a translation")]
    NotEnglish { language: &'static str },
}

impl ReadError {
    /// The kind as a stable name for records and scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            ReadError::Empty => "empty",
            ReadError::Binary { .. } => "binary",
            ReadError::TooLarge { .. } => "too-large",
            ReadError::TooDeep { .. } => "too-deep",
            ReadError::TooManyAttributes { .. } => "too-many-attributes",
            ReadError::TooSlow { .. } => "too-slow",
            ReadError::NoText => "no-text",
            ReadError::ErrorPage { .. } => "error-page",
            ReadError::JavascriptShell => "javascript-shell",
            ReadError::NotAPolicy { .. } => "not-a-policy",
            ReadError::WithoutPdf => "without-pdf",
            ReadError::BrokenPdf { .. } => "pdf-broken",
            ReadError::EncryptedPdf => "pdf-encrypted",
            ReadError::PdfWithoutText { .. } => "pdf-without-text",
            ReadError::TooManyPages { .. } => "too-many-pages",
            ReadError::UnpackedTooLarge { .. } => "unpacked-too-large",
            ReadError::CrowdedPage { .. } => "crowded-page",
            ReadError::NotEnglish { .. } => "language",
        }
    }
}
