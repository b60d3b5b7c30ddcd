//! How much of a page's text a reader finds, and how much else: word 3-grams of what was read
//! against those of the text as people cleaned it.
//!
//! Words are runs of letters and digits in lower case; white space, signs and the order of
//! sections do not count. A 3-gram counts as often as it stands in both texts.

use std::collections::{BTreeMap, HashMap};

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;

/// Words in a gram.
const WORDS: usize = 3;
/// How many of the worst pages the table shows.
const WORST: usize = 10;

/// Counts of 3-grams: in both texts, in what was read, in the gold text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overlap {
    pub shared: u64,
    pub read: u64,
    pub gold: u64,
}

/// Precision, recall and F1 of one page, or their averages over pages.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct ReadingFigures {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

/// Compares what was read with the gold text.
pub fn overlap(gold: &str, read: &str) -> Overlap {
    let mut numbers = HashMap::new();
    let gold = numbered(gold, &mut numbers);
    let read = numbered(read, &mut numbers);
    let mut left: HashMap<&[usize], u64> = HashMap::new();
    for gram in gold.windows(WORDS) {
        *left.entry(gram).or_default() += 1;
    }
    let mut shared = 0;
    for gram in read.windows(WORDS) {
        if let Some(count) = left.get_mut(gram).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    let grams = |words: &[usize]| words.len().saturating_sub(WORDS - 1) as u64;
    Overlap { shared, read: grams(&read), gold: grams(&gold) }
}

/// The words of a text, each as a number that equal words share.
fn numbered(text: &str, numbers: &mut HashMap<String, usize>) -> Vec<usize> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let next = numbers.len();
            *numbers.entry(word.to_lowercase()).or_insert(next)
        })
        .collect()
}

impl Overlap {
    /// The figures of one page; a ratio without anything to count is 0.
    pub fn figures(self) -> ReadingFigures {
        let ratio = |of: u64| if of == 0 { 0.0 } else { self.shared as f64 / of as f64 };
        let (precision, recall) = (ratio(self.read), ratio(self.gold));
        let sum = precision + recall;
        let f1 = if sum == 0.0 { 0.0 } else { 2.0 * precision * recall / sum };
        ReadingFigures { precision, recall, f1 }
    }
}

/// Averages over pages, each page weighing the same.
pub fn mean_reading<'a>(pages: impl IntoIterator<Item = &'a ReadingFigures>) -> ReadingFigures {
    let (mut sum, mut count) = (ReadingFigures::default(), 0usize);
    for page in pages {
        count += 1;
        sum.precision += page.precision;
        sum.recall += page.recall;
        sum.f1 += page.f1;
    }
    let mean = |sum: f64| if count == 0 { 0.0 } else { sum / count as f64 };
    ReadingFigures { precision: mean(sum.precision), recall: mean(sum.recall), f1: mean(sum.f1) }
}

/// One reader on a folder of pages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReaderRow {
    pub reader: String,
    pub pages: usize,
    #[serde(flatten)]
    pub mean: ReadingFigures,
    pub per_page: BTreeMap<String, ReadingFigures>,
}

impl ReaderRow {
    /// Averages over the pages of a reader.
    pub fn new(reader: &str, per_page: BTreeMap<String, ReadingFigures>) -> Self {
        let (pages, mean) = (per_page.len(), mean_reading(per_page.values()));
        Self { reader: reader.to_owned(), pages, mean, per_page }
    }

    /// Pages by F1, the worst first.
    fn by_f1(&self) -> Vec<(&str, ReadingFigures)> {
        let pages = self.per_page.iter().map(|(name, figures)| (name.as_str(), *figures));
        let mut pages: Vec<_> = pages.collect();
        pages.sort_by(|(_, a), (_, b)| a.f1.total_cmp(&b.f1));
        pages
    }
}

/// The readers for people, and the pages on which the first of them is worst.
pub fn reader_table(rows: &[ReaderRow]) -> String {
    let readers = rows.iter().map(|row| (row.reader.as_str(), row.mean, Some(row.pages)));
    let mut text = figures_table("reader", readers);
    if let Some(first) = rows.first() {
        let worst = first.by_f1().into_iter().take(WORST);
        let title = format!("worst pages of {}", first.reader);
        text.push('\n');
        text.push_str(&figures_table(&title, worst.map(|(name, figures)| (name, figures, None))));
    }
    text
}

fn figures_table<'a>(
    title: &str,
    rows: impl Iterator<Item = (&'a str, ReadingFigures, Option<usize>)>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([title, "precision", "recall", "f1-score", "pages"]);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let number = |figure: f64| right(format!("{figure:.4}"));
    for (name, figures, pages) in rows {
        table.add_row([
            Cell::new(name),
            number(figures.precision),
            number(figures.recall),
            number(figures.f1),
            right(pages.map_or_else(String::new, |pages| pages.to_string())),
        ]);
    }
    table.trim_fmt() + "\n"
}

/// The words of a gold text: tags and the bars between segments stand for white space.
pub fn gold_text(file: &str) -> String {
    let mut out = String::with_capacity(file.len());
    let mut rest = file;
    while let Some(at) = rest.find(['<', '|']) {
        out.push_str(&rest[..at]);
        out.push(' ');
        let tag = &rest[at..];
        let end = if tag.starts_with('<') { tag.find('>').map_or(1, |end| end + 1) } else { 1 };
        rest = &tag[end..];
    }
    out.push_str(rest);
    out
}

/// The gold file that belongs to a page: of the same name, of the same number before the first
/// `_`, or of the same site after it.
pub fn gold_name<'a>(page: &str, golds: &'a [String]) -> Option<&'a str> {
    let number = |name: &str| name.split_once('_').map(|(number, _)| number.to_owned());
    let site = |name: &str| {
        let (_, site) = name.split_once('_')?;
        Some(site.strip_prefix("www.").unwrap_or(site).to_owned())
    };
    let find = |same: &dyn Fn(&str) -> bool| golds.iter().find(|gold| same(gold));
    find(&|gold| gold == page)
        .or_else(|| find(&|gold| number(gold).is_some() && number(gold) == number(page)))
        .or_else(|| find(&|gold| site(gold).is_some() && site(gold) == site(page)))
        .map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(gold: &str, read: &str) -> (u64, u64, u64) {
        let found = overlap(gold, read);
        (found.shared, found.read, found.gold)
    }

    #[test]
    fn signs_and_case_do_not_count() {
        assert_eq!(counts("We keep: your “Name”.", "we KEEP\n\nyour name"), (2, 2, 2));
    }

    #[test]
    fn a_gram_counts_as_often_as_in_both() {
        assert_eq!(counts("a b c x a b c", "a b c"), (1, 1, 5));
        assert_eq!(counts("a b c", "a b c a b c"), (1, 4, 1));
    }

    #[test]
    fn lost_and_added_words() {
        let figures = overlap("we keep your name and mail", "menu we keep your name").figures();
        assert_eq!((figures.recall, figures.precision), (0.5, 2.0 / 3.0));
        assert!((figures.f1 - 4.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_to_count_is_zero() {
        assert_eq!(overlap("", "").figures(), ReadingFigures::default());
        assert_eq!(overlap("two words", "two words").figures(), ReadingFigures::default());
        assert_eq!(mean_reading(&[]), ReadingFigures::default());
    }

    #[test]
    fn pages_weigh_the_same() {
        let long = ReadingFigures { precision: 1.0, recall: 1.0, f1: 1.0 };
        let mean = mean_reading(&[long, ReadingFigures::default()]);
        assert_eq!(mean, ReadingFigures { precision: 0.5, recall: 0.5, f1: 0.5 });
    }

    #[test]
    fn tags_and_bars_are_white_space() {
        let text = gold_text("We keep<br>logs.|||<b>Ask us</b> if 2 < 3");
        assert_eq!(text.split_whitespace().count(), 8, "{text}");
    }

    #[test]
    fn pages_find_their_gold() {
        let golds = ["20_pear.com.html", "31_www.plum.com.html"].map(str::to_owned);
        for (page, gold) in [
            ("20_www.pear.com.html", Some("20_pear.com.html")),
            ("20_other.com.html", Some("20_pear.com.html")),
            ("13_plum.com.html", Some("31_www.plum.com.html")),
            ("7_fig.com.html", None),
            ("fig.html", None),
        ] {
            assert_eq!(gold_name(page, &golds), gold, "{page}");
        }
    }

    #[test]
    fn the_table_shows_readers_and_worst_pages() {
        let good = ReadingFigures { precision: 1.0, recall: 1.0, f1: 1.0 };
        let pages = [("a.html".to_owned(), good), ("b.html".to_owned(), Default::default())];
        let rows = [ReaderRow::new("own", BTreeMap::from(pages)), ReaderRow::new("x", [].into())];
        let table = reader_table(&rows);
        let line = |name: &str| table.lines().position(|line| line.contains(name)).unwrap();
        assert!(line("own") < line("x") && line("b.html") < line("a.html"), "{table}");
        assert!(table.contains("0.5000"));
    }
}
