//! html5gum's tokenizer, told to report pieces of text with their place.

use html5gum::{Emitter, Error, State, Tokenizer, naive_next_state};

use crate::document::Span;
use crate::document::watch::Watch;

/// What the reader of a page is told, in order.
pub(super) trait Sink {
    /// Text as it stands at `start`.
    fn verbatim(&mut self, text: &str, start: usize);
    /// Text written in other bytes: a character reference, a line end.
    fn decoded(&mut self, text: &str, source: Span);
    /// A start tag; `source` is the tag.
    fn start_tag(&mut self, name: &str, attributes: &Attributes, closed: bool, source: Span);
    fn end_tag(&mut self, name: &str);
}

/// The attributes that say whether and how an element is shown.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub class: String,
    pub id: String,
    pub role: String,
    pub style: String,
    pub href: String,
    /// The ids of what it opens and closes.
    pub controls: String,
    pub hidden: bool,
    pub aria_hidden: bool,
    /// It says of itself that it opens and closes something.
    pub expands: bool,
    /// Columns and rows of a cell; 0 where nothing is said.
    pub columns: usize,
    pub rows: usize,
}

impl Attributes {
    fn clear(&mut self) {
        let texts = [&mut self.class, &mut self.id, &mut self.role, &mut self.style];
        for text in texts.into_iter().chain([&mut self.href, &mut self.controls]) {
            text.clear();
        }
        self.hidden = false;
        self.aria_hidden = false;
        self.expands = false;
        self.columns = 0;
        self.rows = 0;
    }
}

/// Runs through `text`, for as long as `watch` allows; the greatest number of attributes that a
/// tag has.
pub(super) fn tokenize(text: &str, sink: &mut impl Sink, watch: &Watch) -> usize {
    let mut most_attributes = 0;
    let emitter = Reporter {
        source: text,
        sink,
        watch,
        is_over: false,
        position: 0,
        mark: 0,
        tag_start: 0,
        name: Vec::new(),
        last_start: Vec::new(),
        is_start: true,
        closed: false,
        attribute: Vec::new(),
        value: Vec::new(),
        attributes: Attributes::default(),
        count: 0,
        most_attributes: &mut most_attributes,
    };
    // The one token there may be says that time is over.
    Tokenizer::new_with_emitter(text, emitter).next();
    most_attributes
}

/// Longest tag name, attribute name or attribute value that is kept; the rest is of no use here.
const KEPT: usize = 512;

/// Ends the run.
struct TimeOver;

struct Reporter<'a, S> {
    source: &'a str,
    sink: &'a mut S,
    watch: &'a Watch,
    is_over: bool,
    position: usize,
    /// End of what was reported last.
    mark: usize,
    tag_start: usize,
    name: Vec<u8>,
    last_start: Vec<u8>,
    is_start: bool,
    closed: bool,
    attribute: Vec<u8>,
    value: Vec<u8>,
    attributes: Attributes,
    /// Attributes of the tag.
    count: usize,
    most_attributes: &'a mut usize,
}

fn keep(buffer: &mut Vec<u8>, bytes: &[u8]) {
    let room = KEPT.saturating_sub(buffer.len());
    buffer.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

impl<S: Sink> Reporter<'_, S> {
    fn store_attribute(&mut self) {
        let value = String::from_utf8_lossy(&self.value);
        let slot = match self.attribute.as_slice() {
            b"class" => &mut self.attributes.class,
            b"id" => &mut self.attributes.id,
            b"role" => &mut self.attributes.role,
            b"style" => &mut self.attributes.style,
            b"href" => &mut self.attributes.href,
            b"aria-controls" | b"data-target" | b"data-bs-target" => &mut self.attributes.controls,
            b"hidden" => {
                self.attributes.hidden = true;
                return;
            }
            b"colspan" => {
                self.attributes.columns = value.trim().parse().unwrap_or_default();
                return;
            }
            b"rowspan" => {
                self.attributes.rows = value.trim().parse().unwrap_or_default();
                return;
            }
            b"aria-expanded" => {
                self.attributes.expands = true;
                return;
            }
            b"data-toggle" | b"data-bs-toggle" => {
                self.attributes.expands |= matches!(value.trim(), "collapse" | "tab" | "pill");
                return;
            }
            b"aria-hidden" => {
                self.attributes.aria_hidden = value.eq_ignore_ascii_case("true");
                return;
            }
            _ => return,
        };
        if slot.is_empty() {
            slot.push_str(&value);
        }
    }

    /// Reports the characters that end in `start..end`; the tokenizer may hand out a character
    /// byte by byte.
    fn copy(&mut self, start: usize, end: usize) {
        let (start, to) =
            (self.source.floor_char_boundary(start), self.source.floor_char_boundary(end));
        if start < to {
            self.sink.verbatim(&self.source[start..to], start);
        }
        self.mark = end;
    }

    fn stands_at(&self, bytes: &[u8], start: usize) -> bool {
        self.source.as_bytes().get(start..start + bytes.len()) == Some(bytes)
    }
}

impl<S: Sink> Emitter for Reporter<'_, S> {
    type Token = TimeOver;

    fn move_position(&mut self, offset: isize) {
        self.position = self.position.saturating_add_signed(offset);
    }

    fn emit_string(&mut self, bytes: &[u8]) {
        let end = self.position.clamp(self.mark, self.source.len());
        let start = end.saturating_sub(bytes.len()).max(self.mark);
        if start + bytes.len() == end && self.stands_at(bytes, start) {
            self.copy(start, end);
        } else if self.stands_at(bytes, self.mark) && !(bytes == b"&" && end - self.mark > 3) {
            // The tokenizer has looked ahead (`&amp;` also begins with what it stands for).
            self.copy(self.mark, self.mark + bytes.len());
        } else if let Ok(text) = std::str::from_utf8(bytes)
            && self.mark < end
            && self.source.is_char_boundary(end)
        {
            self.sink.decoded(text, Span { start: self.mark, end });
            self.mark = end;
        }
    }

    fn start_open_tag(&mut self) {
        self.tag_start = self.position.saturating_sub(1);
    }

    fn init_start_tag(&mut self) {
        self.is_start = true;
        self.closed = false;
        self.count = 0;
        self.name.clear();
        self.attribute.clear();
        self.attributes.clear();
    }

    fn init_end_tag(&mut self) {
        self.init_start_tag();
        self.is_start = false;
    }

    fn push_tag_name(&mut self, bytes: &[u8]) {
        keep(&mut self.name, bytes);
    }

    fn set_self_closing(&mut self) {
        self.closed = true;
    }

    fn init_attribute(&mut self) {
        self.count += 1;
        *self.most_attributes = self.count.max(*self.most_attributes);
        self.store_attribute();
        self.attribute.clear();
        self.value.clear();
    }

    fn push_attribute_name(&mut self, bytes: &[u8]) {
        keep(&mut self.attribute, bytes);
    }

    fn push_attribute_value(&mut self, bytes: &[u8]) {
        keep(&mut self.value, bytes);
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        self.is_over = self.watch.is_over();
        self.store_attribute();
        self.attribute.clear();
        self.value.clear();
        self.mark = self.position.clamp(self.mark, self.source.len());
        let source = Span { start: self.tag_start.min(self.mark), end: self.mark };
        let name = String::from_utf8_lossy(&self.name);
        if !self.is_start {
            self.sink.end_tag(&name);
            self.last_start.clear();
            return None;
        }
        self.sink.start_tag(&name, &self.attributes, self.closed, source);
        self.last_start.clone_from(&self.name);
        match self.name.as_slice() {
            // Its content is markup for a reader without scripts.
            b"noscript" => None,
            name => naive_next_state(name),
        }
    }

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        !self.is_start && !self.last_start.is_empty() && self.last_start == self.name
    }

    fn emit_current_comment(&mut self) {
        self.mark = self.position.clamp(self.mark, self.source.len());
    }

    fn emit_current_doctype(&mut self) {
        self.mark = self.position.clamp(self.mark, self.source.len());
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.last_start.clear();
        self.last_start.extend_from_slice(name.unwrap_or_default());
    }

    fn pop_token(&mut self) -> Option<TimeOver> {
        self.is_over.then_some(TimeOver)
    }

    fn emit_eof(&mut self) {}
    fn emit_error(&mut self, _: Error) {}
    fn init_comment(&mut self) {}
    fn push_comment(&mut self, _: &[u8]) {}
    fn init_doctype(&mut self) {}
    fn push_doctype_name(&mut self, _: &[u8]) {}
    fn set_force_quirks(&mut self) {}
    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Log(Vec<String>);

    impl Sink for Log {
        fn verbatim(&mut self, text: &str, start: usize) {
            self.0.push(format!("{text}@{start}"));
        }
        fn decoded(&mut self, text: &str, source: Span) {
            self.0.push(format!("{text}={}..{}", source.start, source.end));
        }
        fn start_tag(&mut self, name: &str, attributes: &Attributes, _: bool, source: Span) {
            self.0.push(format!("<{name} {}>{}..{}", attributes.class, source.start, source.end));
        }
        fn end_tag(&mut self, name: &str) {
            self.0.push(format!("/{name}"));
        }
    }

    fn log(text: &str) -> Vec<String> {
        let mut log = Log::default();
        tokenize(text, &mut log, &Watch::start(std::time::Duration::MAX));
        log.0
    }

    #[test]
    fn text_and_references_have_places() {
        assert_eq!(
            log("<p class=x>R&amp;D é&eacute;&#8217;s</p>"),
            [
                "<p x>0..11",
                "R@11",
                "&=12..17",
                "D@17",
                " é@18",
                "é=21..29",
                "’=29..36",
                "s@36",
                "/p"
            ]
        );
    }

    #[test]
    fn things_that_are_no_references_or_tags() {
        let text = "a & b &c; 1 < 2 <3 </ x>&#xZ; AT&T &copyright";
        let joined: String = log(text)
            .iter()
            .filter_map(|entry| entry.rsplit_once(['@', '=']).map(|(text, _)| text.to_string()))
            .collect();
        assert_eq!(joined, "a & b &c; 1 < 2 <3 &#xZ; AT&T ©right");
    }

    #[test]
    fn a_character_after_a_reference_stays_whole() {
        assert_eq!(log("&nbsp;é“x")[1..], ["é“x@6"]);
        assert_eq!(log("&nbsp;é&amp;x")[1..], ["é@6", "&=8..13", "x@13"]);
    }

    #[test]
    fn line_ends_keep_their_place() {
        assert_eq!(log("a\r\nb"), ["a@0", "\n=1..2", "b@3"]);
    }

    #[test]
    fn raw_text_is_not_markup() {
        let log = log("<script>if (a<b) '<p>'</script>x");
        assert_eq!(log.iter().filter(|entry| entry.starts_with(['<', '/'])).count(), 4, "{log:?}");
        assert_eq!(log[log.len() - 2..], ["/script", "x@31"]);
    }
}
