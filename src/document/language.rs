//! Which blocks of a document are English. A mixed document keeps its English part.

use std::borrow::Cow;

use whatlang::Lang;

use super::function_words;
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
/// Longest word without an accent that is a word, in bytes.
const LONGEST_WORD: usize = 60;
/// Bytes that nearly always tell English.
const FIRST_LOOK: usize = 300;

/// What a block says about its language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    English,
    /// Too short to be sure, but more likely English than not.
    Likely,
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
    let english = letters_of(|verdict| matches!(verdict, Verdict::English | Verdict::Likely));
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
        let is_other = |verdict: &Verdict| matches!(verdict, Verdict::Other(_));
        let rest = blocks.iter().zip(&verdicts).filter(|(_, verdict)| !is_other(verdict));
        check_sample(rest.map(|(block, _)| block.text.as_str()))?;
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
            Verdict::Likely | Verdict::Open => {}
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
    if Words::of(&text[..text.floor_char_boundary(FIRST_LOOK)]).are_english() {
        return Verdict::English;
    }
    let text = &text[..text.floor_char_boundary(BLOCK_SAMPLE)];
    let found = Words::of(text);
    if found.are_english() {
        return Verdict::English;
    }
    if let Some(language) = function_words::language(text, found.sure) {
        return Verdict::Other(language);
    }
    let Words { all: words, common, .. } = found;
    let text = &without_long_words(text);
    let letters = text.chars().filter(|c| c.is_alphabetic()).take(ENOUGH_LETTERS).count();
    // Without a single accent, a short text says little.
    if letters < ENOUGH_LETTERS
        || text.is_ascii() && text.len() < ENOUGH_ASCII
        || common >= 2
        || common * 20 > words
    {
        let is_likely = common * 8 >= words && common > 0;
        return if is_likely { Verdict::Likely } else { Verdict::Open };
    }
    match whatlang::detect(text) {
        Some(info) if info.is_reliable() && info.lang() == Lang::Eng => Verdict::English,
        Some(info) if info.is_reliable() => Verdict::Other(info.lang()),
        _ => Verdict::Open,
    }
}

/// A text without what is no word of any language: keys, codes, addresses of pages. Scripts without
/// spaces have long words of other letters.
fn without_long_words(text: &str) -> Cow<'_, str> {
    let is_word = |word: &&str| word.len() <= LONGEST_WORD || !word.is_ascii();
    if text.split_whitespace().all(|word| is_word(&word)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split_whitespace().filter(is_word).collect::<Vec<_>>().join(" "))
}

/// How many words a text has.
struct Words {
    all: usize,
    /// Those that are common in English.
    common: usize,
    /// Of these the ones that are not common in Dutch as well.
    sure: usize,
}

impl Words {
    fn of(text: &str) -> Self {
        let mut found = Self { all: 0, common: 0, sure: 0 };
        let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
        for word in text.as_bytes().split(|byte| !is_letter(byte)).filter(|word| !word.is_empty()) {
            found.all += 1;
            if is_common(word) {
                found.common += 1;
                found.sure += usize::from(!word.eq_ignore_ascii_case(b"we"));
            }
        }
        found
    }

    fn are_english(&self) -> bool {
        self.common * 8 >= self.all && self.common >= 3 && self.sure > 0
    }
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
fn check_sample<'a>(texts: impl Iterator<Item = &'a str>) -> Result<(), ReadError> {
    let mut sample = String::new();
    for text in texts {
        let room = SAMPLE.saturating_sub(sample.len());
        sample.push_str(&text[..text.floor_char_boundary(room)]);
        sample.push('\n');
        if sample.len() >= SAMPLE {
            break;
        }
    }
    let sample = without_long_words(&sample);
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
    fn short_blocks_in_other_languages_are_dropped() {
        let short = "We keep your orders for ten years, because the law asks for it.";
        let others = [
            "Wir geben Ihre Daten nur dann weiter, wenn Sie es uns erlaubt haben.",
            "Sie können jederzeit verlangen, dass wir Ihre Daten löschen.",
            "Nous ne vendons pas vos données, et nous ne les donnons à personne.",
            "Vous pouvez nous demander une copie de vos données à tout moment.",
            "No vendemos sus datos y no los damos a nadie sin que usted lo sepa.",
            "Non vendiamo i dati che ci sono stati dati e non li diamo a nessuno.",
            "Wij verkopen uw gegevens niet en wij geven ze aan niemand door.",
            "Nós não vendemos os seus dados e não os damos a ninguém sem avisar.",
        ];
        for other in others {
            let (dropped, left) = kept(&[short, other, short, other, short]).unwrap();
            assert_eq!((dropped, left.len()), (2, 3), "{other}");
        }
    }

    #[test]
    fn a_short_policy_with_one_paragraph_in_another_language_is_read() {
        let english = [
            "We collect names and addresses.",
            "We use both to send your orders.",
            "We delete them after a year.",
            "You may ask us for a copy at any time.",
        ];
        let french = "Nous gardons votre nom et votre adresse tant que votre compte est ouvert, \
                      puis nous les effaçons dans les trente jours.";
        let mut texts = english.to_vec();
        texts.push(french);
        assert_eq!(kept(&texts).unwrap(), (1, english.map(str::to_owned).to_vec()));
    }

    #[test]
    fn dutch_is_not_english_for_its_we() {
        let dutch = "We bewaren uw naam en we gebruiken hem als we u een pakje sturen.";
        assert_eq!(kept(&[dutch; 4]).unwrap_err(), ReadError::NotEnglish { language: "Dutch" });
    }

    #[test]
    fn a_word_without_end_says_nothing() {
        let word = "abcdefgh".repeat(40_000);
        assert_eq!(kept(&["We keep nothing.", &word]).unwrap().0, 0);
        assert_eq!(kept(&[ENGLISH, ENGLISH, &word, "Contact"]).unwrap().0, 0);
    }

    #[test]
    fn lists_of_names_and_short_texts_are_kept() {
        let list = "Name, Email, Phone, Address, City, State, Zip, Country, Device Type, Browser \
                    Version, Operating System, Carrier, Location, Cookies";
        assert_eq!(kept(&[ENGLISH, ENGLISH, list, "Contact"]).unwrap().0, 0);
        assert_eq!(kept(&["Kurz"]).unwrap().0, 0);
    }
}
