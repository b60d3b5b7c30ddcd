//! Text → token ids, as the model's own tokenizer cuts it.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::thread;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::{Model, Tokenizer};

use super::layout::Layout;
use super::{ModelError, plain_words};

/// Texts below which more threads are not worth their start.
const MIN_PARALLEL: usize = 64;

/// Most tokens of context kept beside a clause; the innermost ones stay.
const MAX_CONTEXT: usize = 48;

/// How the parts of a context are joined to the second part of the pair.
pub const CONTEXT_SEPARATOR: &str = " > ";

/// What stands before the clause before in the context.
const PREVIOUS: &str = "previous: ";

/// A text to classify, with what stands around it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Input<'a> {
    pub text: &'a str,
    /// Heading path and list introduction, outermost first; may be empty.
    pub context: &'a [String],
    /// The beginning of the clause before, if the text is short; only models that were trained
    /// with it see it.
    pub previous: Option<&'a str>,
}

/// One input of the encoder: the text, then the context when there is one, each with the special
/// tokens of the model around it. For BERT `[CLS] text [SEP]`, then `context [SEP]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Vocabulary ids.
    pub ids: Vec<u32>,
    /// How many of them are of type 0, the first part of a pair; the rest is of type 1.
    pub first: usize,
    /// True when text was left out because the input was too long.
    pub truncated: bool,
}

/// Largest id of a vocabulary that maps words to ids, and one: ids may have gaps, so that it may be
/// more than there are words. 0 for other kinds. Far cheaper than asking the tokenizer, which
/// copies all words.
fn vocabulary_size(json: &[u8]) -> usize {
    #[derive(Deserialize)]
    struct File {
        model: Words,
        #[serde(default)]
        added_tokens: Vec<Added>,
    }
    #[derive(Deserialize)]
    struct Words {
        vocab: Largest,
    }
    #[derive(Deserialize)]
    struct Added {
        id: u32,
    }
    struct Largest(u32);

    impl<'de> Deserialize<'de> for Largest {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Ids;
            impl<'de> Visitor<'de> for Ids {
                type Value = Largest;

                fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                    f.write_str("words with their ids")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut words: A) -> Result<Largest, A::Error> {
                    let mut largest = 0;
                    while let Some((IgnoredAny, id)) = words.next_entry::<_, u32>()? {
                        largest = largest.max(id);
                    }
                    Ok(Largest(largest))
                }
            }
            from.deserialize_map(Ids)
        }
    }

    let Ok(file) = serde_json::from_slice::<File>(json) else { return 0 };
    let added = file.added_tokens.iter().map(|token| token.id);
    added.chain([file.model.vocab.0]).max().map_or(0, |id| id as usize + 1)
}

/// A tokenizer with the places of the special tokens at hand.
#[derive(Debug, Clone)]
pub struct TokenEncoder {
    tokenizer: Tokenizer,
    layout: Layout,
    vocab_size: usize,
    max_tokens: usize,
    /// Whether the clause before is shown.
    previous: bool,
    /// Whether plain text has a shorter way.
    plain: bool,
}

impl TokenEncoder {
    /// Reads the `tokenizer.json` of a BERT, whatever it says of special tokens.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`] when it cannot be read, lacks `[CLS]` or `[SEP]`, or knows more
    /// tokens than the model's `vocab_size`.
    pub fn parse(json: &[u8], vocab_size: usize, max_tokens: usize) -> Result<Self, ModelError> {
        let tokenizer = read(json, vocab_size)?;
        let id = |token: &str| {
            tokenizer
                .token_to_id(token)
                .ok_or_else(|| ModelError::Tokenizer(format!("it has no token {token}")))
        };
        let layout = Layout::bert(id("[CLS]")?, id("[SEP]")?);
        Ok(Self::new(tokenizer, layout, vocab_size, max_tokens.max(8)))
    }

    /// Reads a `tokenizer.json` that says itself where the special tokens stand.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`] when it cannot be read, does not say it, or knows more tokens
    /// than the model's `vocab_size`.
    pub fn parse_with_layout(
        json: &[u8],
        vocab_size: usize,
        max_tokens: usize,
    ) -> Result<Self, ModelError> {
        let tokenizer = read(json, vocab_size)?;
        let layout = Layout::parse(json)?;
        if layout.largest_id() as usize >= vocab_size {
            return Err(beyond(layout.largest_id(), vocab_size));
        }
        let encoder = Self::new(tokenizer, layout, vocab_size, max_tokens);
        if max_tokens < encoder.least_tokens() {
            return Err(ModelError::Tokenizer(format!(
                "inputs of {max_tokens} tokens are too short for its special tokens"
            )));
        }
        Ok(encoder)
    }

    fn new(tokenizer: Tokenizer, layout: Layout, vocab_size: usize, max_tokens: usize) -> Self {
        let plain = plain_words::will_do(&tokenizer);
        Self { tokenizer, layout, vocab_size, max_tokens, previous: false, plain }
    }

    /// Fewest tokens of an input that leave room for text and context, whatever the special ones
    /// take.
    fn least_tokens(&self) -> usize {
        8.max(2 * self.layout.specials(true))
    }

    /// Longest input in tokens, special tokens included.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// Another limit on the length of inputs, at least 8.
    pub fn set_max_tokens(&mut self, max_tokens: usize) {
        self.max_tokens = max_tokens.max(self.least_tokens());
    }

    /// Whether the model is shown the clause before short ones; without this call it is not.
    pub fn show_previous(&mut self, shown: bool) {
        self.previous = shown;
    }

    /// Tokens of clauses and their contexts, found on `threads` threads.
    ///
    /// # Errors
    /// As [`TokenEncoder::encode`].
    pub fn encode_all(&self, inputs: &[Input], threads: usize) -> Result<Vec<Tokens>, ModelError> {
        let encode = |inputs: &[Input]| {
            inputs.iter().map(|input| self.encode(input)).collect::<Result<Vec<_>, _>>()
        };
        if threads < 2 || inputs.len() < MIN_PARALLEL {
            return encode(inputs);
        }
        let share = inputs.len().div_ceil(threads);
        thread::scope(|scope| {
            let parts: Vec<_> =
                inputs.chunks(share).map(|inputs| scope.spawn(move || encode(inputs))).collect();
            let mut all = Vec::with_capacity(inputs.len());
            for part in parts {
                match part.join() {
                    Ok(tokens) => all.extend(tokens?),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok(all)
        })
    }

    /// Tokens of a clause and its context, at most `max_tokens` of them.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`] when the tokenizer fails on the text.
    pub fn encode(&self, input: &Input) -> Result<Tokens, ModelError> {
        let Input { text, context, previous } = *input;
        let previous = previous.filter(|_| self.previous).map(|text| format!("{PREVIOUS}{text}"));
        let parts: Vec<&str> =
            context.iter().map(String::as_str).chain(previous.as_deref()).collect();
        let mut context = match parts.as_slice() {
            [] => Vec::new(),
            parts => self.pieces(&parts.join(CONTEXT_SEPARATOR))?,
        };
        context.drain(..context.len().saturating_sub(MAX_CONTEXT.min(self.max_tokens / 3)));
        let specials = self.layout.specials(!context.is_empty());
        let room = self.max_tokens - specials - context.len();
        // Far more characters than can be kept would only cost time.
        let limit = self.max_tokens * 40;
        let end = text.char_indices().nth(limit).map_or(text.len(), |(at, _)| at);
        let mut pieces = self.pieces(&text[..end])?;
        let truncated = end < text.len() || pieces.len() > room;
        pieces.truncate(room);
        let (ids, first) = self.layout.assemble(&pieces, &context);
        Ok(Tokens { ids, first, truncated })
    }

    fn pieces(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let plain = if self.plain { plain_words::pieces(&self.tokenizer, text) } else { None };
        let ids = match plain {
            Some(ids) => ids,
            None => guarded(|| self.tokenizer.encode_fast(text, false))?.get_ids().to_vec(),
        };
        // What other kinds of vocabulary hold, and damaged ones, is seen only here.
        match ids.iter().find(|id| **id as usize >= self.vocab_size) {
            Some(id) => Err(beyond(*id, self.vocab_size)),
            None => Ok(ids),
        }
    }
}

/// A tokenizer of word pieces whose words go straight into their table; the library's own way
/// makes a copy of everything before it knows what kind of tokenizer it is. `None` for files of
/// other kinds, and for wrong ones.
fn word_pieces(json: &[u8]) -> Option<Tokenizer> {
    #[derive(Deserialize)]
    struct File {
        version: Value,
        added_tokens: Vec<Value>,
        normalizer: Value,
        pre_tokenizer: Value,
        post_processor: Value,
        decoder: Value,
        model: WordPiece,
    }

    let file: File = serde_json::from_slice(json).ok()?;
    // The library looks the added tokens up in the model, and nothing else.
    let ids = file.added_tokens.iter().map(|token| {
        let content = token["content"].as_str()?;
        Some((content.to_owned(), file.model.token_to_id(content)?.into()))
    });
    let small = json!({
        "version": file.version,
        "added_tokens": file.added_tokens,
        "normalizer": file.normalizer,
        "pre_tokenizer": file.pre_tokenizer,
        "post_processor": file.post_processor,
        "decoder": file.decoder,
        "model": {
            "type": "WordPiece",
            "unk_token": file.model.unk_token,
            "continuing_subword_prefix": file.model.continuing_subword_prefix,
            "max_input_chars_per_word": file.model.max_input_chars_per_word,
            "vocab": ids.collect::<Option<Map<_, _>>>()?,
        },
    });
    let mut tokenizer = Tokenizer::from_bytes(serde_json::to_vec(&small).ok()?).ok()?;
    tokenizer.with_model(file.model);
    Some(tokenizer)
}

/// The tokenizer, without truncation, padding and special tokens of its own.
pub(super) fn read(json: &[u8], vocab_size: usize) -> Result<Tokenizer, ModelError> {
    let whole = || Tokenizer::from_bytes(json);
    let mut tokenizer = guarded(|| word_pieces(json).map_or_else(whole, Ok))?;
    guarded(|| tokenizer.with_truncation(None).map(|_| ()))?;
    tokenizer.with_padding(None);
    tokenizer.with_post_processor(None::<PostProcessorWrapper>);
    let size = vocabulary_size(json).max(tokenizer.get_vocab_size(true));
    if size > vocab_size {
        return Err(ModelError::Tokenizer(format!(
            "it has {size} tokens, the model {vocab_size}: they do not belong together"
        )));
    }
    Ok(tokenizer)
}

/// Runs code of the tokenizers' library, which panics at some files, such as those with a damaged
/// table of SentencePiece's normaliser.
fn guarded<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, ModelError> {
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| ModelError::Tokenizer(error.to_string())),
        Err(_) => Err(ModelError::Tokenizer("a table in it is damaged".to_owned())),
    }
}

fn beyond(id: u32, vocab_size: usize) -> ModelError {
    ModelError::Tokenizer(format!(
        "its token {id} is beyond the {vocab_size} of the model: they do not belong together"
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(feature = "embedded-model")]
    fn word_pieces_are_read_as_the_library_reads_them() {
        use super::*;
        let json = crate::model::embedded().tokenizer;
        let (ours, mut theirs) =
            (word_pieces(&json).unwrap(), Tokenizer::from_bytes(&json).unwrap());
        // `read` takes no padding and truncation from the file.
        theirs.with_padding(None).with_truncation(None).unwrap();
        assert_eq!(ours.get_vocab(true), theirs.get_vocab(true));
        assert_eq!(ours.get_added_tokens_decoder(), theirs.get_added_tokens_decoder());
        for text in ["We don't sell [MASK] Zürich's déjà-vu data™.", "", "x".repeat(300).as_str()]
        {
            let (ours, theirs) = (ours.encode_fast(text, true), theirs.encode_fast(text, true));
            assert_eq!(ours.unwrap().get_ids(), theirs.unwrap().get_ids());
        }
        assert!(word_pieces(br#"{"model":{"type":"Unigram","vocab":[]}}"#).is_none());
    }

    #[test]
    #[cfg(feature = "embedded-model")]
    fn tokens_beyond_the_model_are_an_error_on_either_way() {
        use super::*;
        let json = crate::model::embedded().tokenizer;
        let mut encoder = TokenEncoder::parse(&json, usize::MAX, 64).unwrap();
        encoder.vocab_size = 1000;
        for text in ["the", "thé"] {
            let error = encoder.encode(&Input { text, ..Input::default() }).unwrap_err();
            assert!(error.to_string().contains("beyond the 1000 of the model"), "{error}");
        }
    }
}
