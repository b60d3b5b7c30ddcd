//! The small words of other languages, which tell even a short text's language.

use std::collections::HashMap;
use std::sync::LazyLock;

use whatlang::Lang;

/// Such words, each counted once, that a text must have.
const ENOUGH: usize = 3;

/// Words that the sentences of a language are full of, and that English hardly has.
const LISTS: [(Lang, &[&str]); 6] = [
    (
        Lang::Deu,
        &[
            "der", "das", "und", "nicht", "ist", "wir", "sie", "ihre", "ihr", "ihrer", "ihren",
            "ihrem", "mit", "von", "für", "auf", "wenn", "dass", "werden", "wird", "uns", "oder",
            "einen", "eine", "einer", "zu", "nur", "bei", "auch", "können", "haben", "sind", "dem",
            "den", "des", "durch", "nach", "aus", "sich", "im", "zum", "zur", "ein", "es", "wie",
        ],
    ),
    (
        Lang::Fra,
        &[
            "le", "la", "les", "des", "et", "nous", "vous", "vos", "votre", "nos", "notre", "est",
            "sont", "une", "un", "que", "qui", "ne", "pas", "dans", "avec", "sur", "du", "à", "au",
            "aux", "de", "ces", "cette", "leur", "si", "tout", "lorsque", "afin", "être", "tant",
        ],
    ),
    (
        Lang::Spa,
        &[
            "el", "los", "las", "del", "que", "y", "su", "sus", "para", "una", "un", "nos", "se",
            "con", "por", "lo", "le", "sin", "usted", "como", "cuando", "nuestro", "nuestra", "al",
            "de", "la", "en", "es", "si", "esta", "este", "podemos", "puede", "más",
        ],
    ),
    (
        Lang::Ita,
        &[
            "il", "gli", "che", "di", "della", "dei", "del", "delle", "con", "una", "un", "sono",
            "è", "non", "ci", "si", "al", "alla", "nel", "nella", "la", "le", "suo", "suoi", "sua",
            "vostri", "nostro", "nostri", "questo", "li", "da", "tuoi", "dati",
        ],
    ),
    (
        Lang::Por,
        &[
            "os", "das", "dos", "da", "que", "para", "uma", "um", "não", "seus", "seu", "sua",
            "suas", "nós", "nos", "em", "na", "por", "você", "se", "ao", "são", "é", "de", "mais",
            "pode", "podemos", "sem", "quando", "como", "dados",
        ],
    ),
    (
        Lang::Nld,
        &[
            "het", "een", "en", "wij", "uw", "van", "niet", "dat", "voor", "met", "aan", "op",
            "te", "de", "ze", "zijn", "worden", "wordt", "ons", "onze", "bij", "naar", "ook",
            "deze", "kunnen", "kunt", "hebben", "heeft", "hem", "u", "we", "als", "wanneer",
            "geven", "je",
        ],
    ),
];

/// Those that names and addresses have as well, in an English text, too.
const IN_NAMES: &[&str] = &[
    "de", "la", "le", "les", "des", "du", "et", "del", "los", "las", "el", "der", "den", "das",
    "van", "het", "di", "della", "dei", "da", "dos", "en", "y", "al", "na", "op", "im", "un",
];

/// For each of the words, the places of the languages that have it, as bits.
static LANGUAGES: LazyLock<HashMap<&'static str, u8>> = LazyLock::new(|| {
    let mut languages = HashMap::new();
    for (place, (_, words)) in LISTS.iter().enumerate() {
        for &word in *words {
            *languages.entry(word).or_default() |= 1 << place;
        }
    }
    languages
});

/// The language whose small words a text is full of; `english` is how many of its words are common
/// English ones.
pub(super) fn language(text: &str, english: usize) -> Option<Lang> {
    let text = text.to_lowercase();
    let mut words: usize = 0;
    let mut seen: Vec<(&str, u8)> = Vec::new();
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        words += 1;
        if let Some(&languages) = LANGUAGES.get(word)
            && !seen.iter().any(|(before, _)| *before == word)
        {
            seen.push((word, languages));
        }
    }
    let count = |place: usize| seen.iter().filter(|(_, bits)| bits >> place & 1 == 1).count();
    let best = (0..LISTS.len()).rev().max_by_key(|place| count(*place))?;
    let is_full = count(best) >= ENOUGH.max(words.div_ceil(4)).max(english * 2 + 1);
    let is_name = seen.iter().all(|(word, _)| IN_NAMES.contains(word));
    (is_full && !is_name).then_some(LISTS[best].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_enough() {
        let of = |text: &str| language(text, 0);
        assert_eq!(of("Wir löschen sie, wenn es uns das Gesetz erlaubt."), Some(Lang::Deu));
        assert_eq!(of("Nous les gardons tant que vous êtes dans le club."), Some(Lang::Fra));
        assert_eq!(of("Wij geven ze niet aan anderen."), Some(Lang::Nld));
    }

    #[test]
    fn names_and_english_are_left_alone() {
        let names = [
            "Office in La Paz, Los Angeles and Den Haag",
            "Name, address, telephone, fax",
            "Casa de la Reina, Calle del Mar 5, Los Olivos",
            "E-mail: do.no@pears.example.com",
        ];
        for name in names {
            assert_eq!(language(name, 0), None, "{name}");
        }
        let mixed = "Our office is at Rue de la Paix, 12, and our officer is Mr. de la Tour.";
        assert_eq!(language(mixed, 2), None);
    }

    #[test]
    fn the_lists_are_lower_case_and_have_each_word_once() {
        for (language, list) in LISTS {
            for (at, word) in list.iter().enumerate() {
                assert_eq!(*word, word.to_lowercase(), "{language}");
                assert!(!list[..at].contains(word), "{language}: {word} twice");
            }
        }
    }
}
