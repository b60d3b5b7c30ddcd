//! Which blocks of a document are English. A mixed document keeps its English part.

use whatlang::Lang;

use super::left_out::{LeftOut, Reason};
use super::{Block, ReadError};

/// Letters below which a language cannot be told.
const ENOUGH_LETTERS: usize = 80;
/// Bytes of plain ASCII below which it cannot, either.
const ENOUGH_ASCII: usize = 200;
/// Letters below which that of a whole document cannot.
const ENOUGH_IN_ALL: usize = 200;
/// English letters that make a mixed document worth reading.
const WORTH_READING: usize = 300;
/// Bytes of a block, and of a document of short blocks, that are looked at.
const BLOCK_SAMPLE: usize = 4 * 1024;
const SAMPLE: usize = 64 * 1024;
/// Bytes that nearly always tell English.
const FIRST_LOOK: usize = 300;

/// What a block says about its language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    English,
    Other(Lang),
    /// Too short, or in doubt.
    Open,
}

/// Takes the blocks in other languages out of a document and counts them; refuses one that is
/// not English at all.
pub(super) fn keep_english(
    blocks: &mut Vec<Block>,
    left_out: &mut LeftOut,
) -> Result<(), ReadError> {
    let mut verdicts: Vec<Verdict> = blocks.iter().map(|b| verdict(b.text.as_str())).collect();
    let letters_of = |wanted: fn(&Verdict) -> bool| -> usize {
        let of = blocks.iter().zip(&verdicts).filter(|(_, verdict)| wanted(verdict));
        of.map(|(block, _)| block.text.len()).sum()
    };
    let english = letters_of(|verdict| *verdict == Verdict::English);
    let other = letters_of(|verdict| matches!(verdict, Verdict::Other(_)));
    if english < WORTH_READING && other > english {
        let longest = blocks.iter().zip(&verdicts).filter_map(|(block, verdict)| match verdict {
            Verdict::Other(language) => Some((block.text.len(), language.eng_name())),
            _ => None,
        });
        let language = longest.max().map_or("another language", |(_, name)| name);
        return Err(ReadError::NotEnglish { language });
    }
    if english < WORTH_READING {
        check_sample(blocks)?;
    }
    if other == 0 {
        return Ok(());
    }
    fill_gaps(&mut verdicts);
    let mut verdicts = verdicts.into_iter();
    blocks.retain(|block| {
        let is_other = matches!(verdicts.next(), Some(Verdict::Other(_)));
        if is_other {
            left_out.add(Reason::OtherLanguage, block.text.len());
        }
        !is_other
    });
    Ok(())
}

/// A block in doubt between two in another language is in it, too.
fn fill_gaps(verdicts: &mut [Verdict]) {
    let mut last: Option<(usize, Lang)> = None;
    for at in 0..verdicts.len() {
        match verdicts[at] {
            Verdict::English => last = None,
            Verdict::Open => {}
            Verdict::Other(language) => {
                if let Some((from, _)) = last {
                    verdicts[from + 1..at].fill(Verdict::Other(language));
                }
                last = Some((at, language));
            }
        }
    }
}

/// Judges one block, by its common words first: that is quick, and nearly always enough.
fn verdict(text: &str) -> Verdict {
    let (words, common) = common_words(&text[..text.floor_char_boundary(FIRST_LOOK)]);
    if common * 8 >= words && common >= 3 {
        return Verdict::English;
    }
    let text = &text[..text.floor_char_boundary(BLOCK_SAMPLE)];
    let (words, common) = common_words(text);
    if common * 8 >= words && common >= 3 {
        return Verdict::English;
    }
    let letters = text.chars().filter(|c| c.is_alphabetic()).take(ENOUGH_LETTERS).count();
    // Without a single accent, a short text says little.
    if letters < ENOUGH_LETTERS
        || text.is_ascii() && text.len() < ENOUGH_ASCII
        || common >= 2
        || common * 20 > words
    {
        return Verdict::Open;
    }
    match whatlang::detect(text) {
        Some(info) if info.is_reliable() && info.lang() == Lang::Eng => Verdict::English,
        Some(info) if info.is_reliable() => Verdict::Other(info.lang()),
        _ => Verdict::Open,
    }
}

/// How many words a text has, and how many of them are common English ones.
fn common_words(text: &str) -> (usize, usize) {
    let (mut words, mut common) = (0, 0);
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
    for word in text.as_bytes().split(|byte| !is_letter(byte)).filter(|word| !word.is_empty()) {
        words += 1;
        common += usize::from(is_common(word));
    }
    (words, common)
}

/// Whether every English text is full of a word, and other languages do not have it.
fn is_common(word: &[u8]) -> bool {
    let mut lower = [0; 5];
    let Some(lower) = lower.get_mut(..word.len()) else { return false };
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    matches!(
        &*lower,
        b"the"
            | b"and"
            | b"to"
            | b"you"
            | b"your"
            | b"our"
            | b"that"
            | b"with"
            | b"may"
            | b"this"
            | b"by"
            | b"are"
            | b"not"
            | b"be"
            | b"any"
            | b"us"
            | b"from"
            | b"have"
            | b"when"
            | b"which"
            | b"such"
            | b"or"
            | b"we"
            | b"how"
            | b"other"
            | b"as"
            | b"if"
            | b"can"
            | b"their"
            | b"has"
            | b"these"
            | b"about"
    )
}

/// Judges a document of short blocks as a whole.
fn check_sample(blocks: &[Block]) -> Result<(), ReadError> {
    let mut sample = String::new();
    for block in blocks {
        let text = block.text.as_str();
        let room = SAMPLE.saturating_sub(sample.len());
        sample.push_str(&text[..text.floor_char_boundary(room)]);
        sample.push('\n');
        if sample.len() >= SAMPLE {
            break;
        }
    }
    if sample.chars().filter(|c| c.is_alphabetic()).count() < ENOUGH_IN_ALL {
        return Ok(());
    }
    match whatlang::detect(&sample) {
        Some(info) if info.is_reliable() && info.lang() != Lang::Eng => {
            Err(ReadError::NotEnglish { language: info.lang().eng_name() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{BlockKind, MappedText};

    const ENGLISH: &str = "We keep your name and your address for as long as your account is open, \
        and we delete both of them within thirty days after you have closed it. We do not sell \
        what we know about you to anybody, and we never have.";
    const GERMAN: &str = "Wir speichern Ihren Namen und Ihre Anschrift, solange Ihr Konto besteht, \
        und löschen beides binnen dreißig Tagen, nachdem Sie es geschlossen haben.";

    fn kept(texts: &[&str]) -> Result<(usize, Vec<String>), ReadError> {
        let mut blocks: Vec<Block> = (texts.iter())
            .map(|text| {
                let mut mapped = MappedText::new();
                mapped.push_verbatim(text, 0);
                Block { kind: BlockKind::Paragraph, text: mapped }
            })
            .collect();
        let mut left_out = LeftOut::default();
        keep_english(&mut blocks, &mut left_out)?;
        let dropped = left_out.other_language.blocks;
        Ok((dropped, blocks.iter().map(|block| block.text.as_str().to_owned()).collect()))
    }

    #[test]
    fn other_languages_are_dropped_block_by_block() {
        let (dropped, left) =
            kept(&["Privacy", ENGLISH, ENGLISH, "Datenschutz", GERMAN, "Ihre Rechte", GERMAN])
                .unwrap();
        assert_eq!((dropped, left.len()), (3, 4));
        assert_eq!(left[3], "Datenschutz", "too short to tell, and not between German blocks");
    }

    #[test]
    fn a_document_without_english_is_refused() {
        let refused = kept(&["Datenschutz", GERMAN, GERMAN]).unwrap_err();
        assert_eq!(refused, ReadError::NotEnglish { language: "German" });
        let russian = "Мы храним ваше имя и адрес, пока открыта ваша учётная запись, а затем \
                       удаляем их в течение тридцати дней после её закрытия.";
        assert!(kept(&[russian, russian]).is_err());
    }

    #[test]
    fn lists_of_names_and_short_texts_are_kept() {
        let list = "Name, Email, Phone, Address, City, State, Zip, Country, Device Type, Browser \
                    Version, Operating System, Carrier, Location, Cookies";
        assert_eq!(kept(&[ENGLISH, ENGLISH, list, "Contact"]).unwrap().0, 0);
        assert_eq!(kept(&["Kurz"]).unwrap().0, 0);
    }
}
