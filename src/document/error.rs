//! Why a file gives no document.

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
    /// Markup or scripts without words.
    #[error(
        "the file holds no readable text; if it is a web page that scripts fill in, save it from a \
         browser after it has loaded"
    )]
    NoText,
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
            ReadError::NoText => "no-text",
            ReadError::NotEnglish { .. } => "not-english",
        }
    }
}
