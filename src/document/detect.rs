//! Which reader a file needs, and whether it is text at all.

use super::{Format, decode};

/// How much of a file is looked at.
const HEAD: usize = 64 * 1024;

/// First bytes of formats that people feed by mistake.
const MAGICS: [(&[u8], &str); 15] = [
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\x1f\x8b", "gzip"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"PAR1", "Parquet"),
    (b"{\\rtf", "RTF"),
];

/// Whether this is a PDF: its mark may stand behind white space or a byte order mark.
pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"%PDF-")
}

/// What kind of binary file this is, if it is one.
pub(super) fn binary(bytes: &[u8]) -> Option<&'static str> {
    if let Some((_, what)) = MAGICS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(what);
    }
    if encoding_rs::Encoding::for_bom(bytes).is_some()
        || decode::utf16_without_mark(bytes).is_some()
    {
        return None;
    }
    let head = &bytes[..bytes.len().min(8192)];
    if head.contains(&0) {
        return Some("it has zero bytes");
    }
    let control = head.iter().filter(|b| matches!(b, 1..=8 | 0x0e..=0x1f | 0x7f)).count();
    (control * 100 > head.len()).then_some("it is full of control characters")
}

/// The format to read `text` as, by the extension of `name` and by what the text looks like.
pub(super) fn format(text: &str, name: Option<&str>) -> Format {
    let head = head(text);
    match extension(name).as_deref() {
        Some("html" | "htm" | "xhtml" | "shtml" | "php" | "asp" | "aspx" | "jsp") => Format::Html,
        Some("md" | "markdown" | "mdown" | "mkd") if !is_page(head) => Format::Markdown,
        _ if is_page(head) || tags(head) >= 3 => Format::Html,
        _ if looks_like_markdown(head) => Format::Markdown,
        _ => Format::Text,
    }
}

fn extension(name: Option<&str>) -> Option<String> {
    let (_, extension) = name?.rsplit_once('.')?;
    Some(extension.to_ascii_lowercase())
}

fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(HEAD)]
}

/// A whole page, not text with some markup in it.
fn is_page(head: &str) -> bool {
    let start = head.trim_start().get(..512).unwrap_or(head.trim_start()).to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body", "<?xml"].iter().any(|tag| start.starts_with(tag))
        || start.starts_with("<!--") && head.to_ascii_lowercase().contains("<html")
}

/// How many tags of running text there are.
fn tags(head: &str) -> usize {
    let names = [
        "p", "br", "div", "li", "ul", "ol", "span", "strong", "b", "h1", "h2", "h3", "td", "tr",
        "table", "a", "font", "em", "section",
    ];
    head.match_indices('<')
        .filter(|(at, _)| {
            let rest = head[at + 1..].trim_start_matches('/');
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let closes = rest[end..].starts_with(['>', ' ', '/', '\n', '\t']);
            closes && names.iter().any(|name| rest[..end].eq_ignore_ascii_case(name))
        })
        .take(3)
        .count()
}

/// Several signs of Markdown: headings, bold runs, escaped numbers, links.
fn looks_like_markdown(head: &str) -> bool {
    let mut signs = 0;
    for line in head.lines() {
        let hashes = line.bytes().take_while(|b| *b == b'#').count();
        if (1..=6).contains(&hashes) && line[hashes..].starts_with(' ') {
            signs += 2;
        }
    }
    signs += head.matches("](http").count().min(3);
    signs += head.matches("](/").count().min(3);
    signs += head.matches("**").count().min(6) / 2;
    signs +=
        head.as_bytes().windows(3).filter(|w| w[0].is_ascii_digit() && &w[1..] == b"\\.").count();
    signs >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magics_and_zero_bytes_are_binary() {
        assert_eq!(binary(b"%PDF-1.7 ..."), Some("a PDF"));
        assert!(binary(b"abc\0def, not wide").is_some());
        assert!(binary(b"\x01\x02\x03\x04 a").is_some());
        assert_eq!(binary("We collect “data”.\r\n\tAnd so on.".as_bytes()), None);
        let wide: Vec<u8> =
            "A policy in UTF-16".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(binary(&wide), None);
    }

    #[test]
    fn a_pdf_is_known_by_its_mark() {
        assert!(is_pdf(b"\xef\xbb\xbf\r\n%PDF-1.4"));
        assert!(!is_pdf(b"A text on %PDF-1.4"));
    }

    #[test]
    fn the_extension_decides_first() {
        assert_eq!(format("no tags here", Some("a/b.HTM")), Format::Html);
        assert_eq!(format("plain", Some("policy.md")), Format::Markdown);
        assert_eq!(format("<!DOCTYPE html><p>x", Some("policy.md")), Format::Html);
    }

    #[test]
    fn content_decides_where_the_extension_is_silent() {
        assert_eq!(format("<p>One<p>Two<br>", Some("policy.txt")), Format::Html);
        assert_eq!(format("# Title\n\n**Bold** and [link](http://x)", None), Format::Markdown);
        assert_eq!(format("1\\. One 2\\. Two  **Three**", Some("x.txt")), Format::Markdown);
        assert_eq!(format("We keep 5 < 6 and a * b.", Some("x.txt")), Format::Text);
    }
}
