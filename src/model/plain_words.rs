//! Word pieces of plain English text, without the many passes that the tokenizers' library makes
//! over every text: nearly all clauses are ASCII with a typographic mark here and there, of which
//! normalising leaves everything but capitals. Whatever else a text holds is left to the library,
//! and the library's own vocabulary is asked for every word.

use tokenizers::models::ModelWrapper;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{Model, Tokenizer};

/// Every token that is looked for in the text itself begins so.
const ADDED: char = '[';

/// Marks beyond ASCII that Unicode counts as punctuation and no normalisation changes.
const MARKS: [char; 8] = ['‘', '’', '“', '”', '–', '—', '…', '•'];

/// What a character is to the tokenizer of an uncased BERT.
enum Kind {
    Space,
    /// A token of its own.
    Mark,
    /// Part of a word, in lower case.
    Letter(char),
    /// For the library.
    Other,
}

fn kind(c: char) -> Kind {
    match c {
        '\t' | '\n' | '\r' | ' ' | '\u{a0}' => Kind::Space,
        ADDED => Kind::Other,
        'a'..='z' | '0'..='9' => Kind::Letter(c),
        'A'..='Z' => Kind::Letter(c.to_ascii_lowercase()),
        _ if c.is_ascii_punctuation() || MARKS.contains(&c) => Kind::Mark,
        _ => Kind::Other,
    }
}

/// Whether this is the tokenizer of an uncased BERT, for which [`pieces`] finds what it finds.
pub fn will_do(tokenizer: &Tokenizer) -> bool {
    let Some(NormalizerWrapper::BertNormalizer(normalizer)) = tokenizer.get_normalizer() else {
        return false;
    };
    let pre_tokenizer = tokenizer.get_pre_tokenizer();
    let mut added = tokenizer.get_added_vocabulary().get_added_tokens_decoder().values();
    normalizer.clean_text
        && normalizer.lowercase
        && matches!(pre_tokenizer, Some(PreTokenizerWrapper::BertPreTokenizer(_)))
        && matches!(tokenizer.get_model(), ModelWrapper::WordPiece(_))
        && added.all(|token| token.content.starts_with(ADDED))
}

/// Ids of the pieces of a text; `None` when it is for the library.
pub fn pieces(tokenizer: &Tokenizer, text: &str) -> Option<Vec<u32>> {
    let ModelWrapper::WordPiece(model) = tokenizer.get_model() else { return None };
    let mut ids = Vec::with_capacity(text.len() / 4);
    let mut word = String::new();
    for c in text.chars() {
        match kind(c) {
            Kind::Letter(c) => {
                word.push(c);
                continue;
            }
            Kind::Other => return None,
            Kind::Space => put(model, &mut word, &mut ids)?,
            Kind::Mark => {
                put(model, &mut word, &mut ids)?;
                word.push(c);
                put(model, &mut word, &mut ids)?;
            }
        }
    }
    put(model, &mut word, &mut ids)?;
    Some(ids)
}

/// Appends the pieces of a word, if there is one, and clears it.
fn put(model: &WordPiece, word: &mut String, ids: &mut Vec<u32>) -> Option<()> {
    if word.is_empty() {
        return Some(());
    }
    // The longest piece counts: a word of the vocabulary is one.
    match model.token_to_id(word).filter(|_| word.len() <= model.max_input_chars_per_word) {
        Some(id) => ids.push(id),
        None => ids.extend(model.tokenize(word).ok()?.iter().map(|token| token.id)),
    }
    word.clear();
    Some(())
}

#[cfg(all(test, feature = "embedded-model"))]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::model::tokens;

    fn library() -> &'static Tokenizer {
        static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
            tokens::read(&crate::model::embedded().tokenizer, usize::MAX).unwrap()
        });
        &TOKENIZER
    }

    /// Whether the text was plain; if so, its pieces are the library's.
    fn agrees(tokenizer: &Tokenizer, text: &str) -> bool {
        assert!(will_do(tokenizer));
        let found = pieces(tokenizer, text);
        if let Some(ids) = &found {
            let expected = tokenizer.encode_fast(text, false).unwrap();
            assert_eq!(ids, expected.get_ids(), "{text:?}");
        }
        found.is_some()
    }

    #[test]
    fn plain_text_is_cut_as_the_library_cuts_it() {
        let tokenizer = library();
        for text in [
            "",
            " ",
            "We don’t sell “personal data”\u{a0}– ever…",
            "e-mail: A.B+c@d.example (24/7)\r\n\t• GDPR/CCPA_opt-outs #1 `x` $5 <b> ~^|={}\\;",
            &format!("{} {}", "x".repeat(100), "y".repeat(101)),
        ] {
            assert!(agrees(tokenizer, text), "{text:?}");
        }
        for text in ["Zürich", "[MASK]", "a\u{0}b", "a\u{7f}b", "™", "\u{200b}"] {
            assert!(!agrees(tokenizer, text), "{text:?}");
        }
    }

    #[test]
    fn other_tokenizers_are_left_to_the_library() {
        let json = crate::model::embedded().tokenizer;
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let is_plain = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut json = json.clone();
            change(&mut json);
            will_do(&Tokenizer::from_bytes(json.to_string()).unwrap())
        };
        assert!(is_plain(&|_| ()));
        assert!(!is_plain(&|json| json["normalizer"]["lowercase"] = false.into()));
        assert!(!is_plain(&|json| json["normalizer"]["clean_text"] = false.into()));
        let other = serde_json::json!({"type": "WhitespaceSplit"});
        assert!(!is_plain(&|json| json["pre_tokenizer"] = other.clone()));
        assert!(!is_plain(&|json| {
            json["added_tokens"][0]["content"] = "the".into();
            json["added_tokens"][0]["id"] = json["model"]["vocab"]["the"].clone();
        }));
    }

    proptest! {
        #[test]
        fn any_text_of_plain_characters_is(text in "[ -Z\\\\-~\t\n\r\u{a0}‘’“”–—…•]{0,80}") {
            prop_assert!(agrees(library(), &text));
        }

        #[test]
        fn any_text_is_left_or_cut_alike(text in "\\PC{0,40}|[ -~é\u{301}\u{0}-\u{1f}]{0,40}") {
            agrees(library(), &text);
        }
    }

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }

    #[test]
    #[ignore = "needs FINEPRINT_DATA"]
    fn all_lines_of_the_corpora_are_cut_as_the_library_cuts_them() {
        let tokenizer = library();
        let mut paths = Vec::new();
        for folder in ["unlabelled", "modern", "seeds"] {
            let data = std::env::var_os("FINEPRINT_DATA").expect("FINEPRINT_DATA");
            files(&Path::new(&data).join(folder), &mut paths);
        }
        let (mut plain, mut all) = (0, 0);
        for path in paths {
            let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
            for line in text.lines().filter(|line| line.len() < 20_000) {
                all += 1;
                plain += usize::from(agrees(tokenizer, line));
            }
        }
        eprintln!("{plain} of {all} lines are plain");
        assert!(plain > all / 2 && all > 10_000, "{plain} of {all}");
    }
}
