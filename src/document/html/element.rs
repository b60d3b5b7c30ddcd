//! What the elements of HTML do to the text.

/// What an element does, as far as reading is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Heading(u8),
    Paragraph,
    List,
    Item,
    Term,
    Description,
    Table,
    Row,
    /// A part of a table that holds rows.
    Rows,
    Cell {
        header: bool,
    },
    Preformatted,
    /// `main` and `article`: what is inside is content.
    Content,
    /// Any other element that stands on its own lines.
    Block,
    Title,
    Bold,
    Link,
    /// A link to a place of this page.
    LocalLink,
    /// Anything else within a line.
    Inline,
    Break,
    Rule,
    /// Has no content and no end tag.
    Void,
    /// Its content is no text at all.
    Raw,
}

impl Element {
    pub fn of(name: &str) -> Element {
        match name {
            "h1" => Element::Heading(1),
            "h2" => Element::Heading(2),
            "h3" => Element::Heading(3),
            "h4" => Element::Heading(4),
            "h5" => Element::Heading(5),
            "h6" => Element::Heading(6),
            "p" => Element::Paragraph,
            "ul" | "ol" | "menu" | "dir" => Element::List,
            "li" => Element::Item,
            "dt" => Element::Term,
            "dd" => Element::Description,
            "table" => Element::Table,
            "tr" => Element::Row,
            "tbody" | "thead" | "tfoot" => Element::Rows,
            "td" => Element::Cell { header: false },
            "th" => Element::Cell { header: true },
            "pre" | "textarea" | "xmp" | "listing" | "plaintext" => Element::Preformatted,
            "main" | "article" => Element::Content,
            "title" => Element::Title,
            "b" | "strong" => Element::Bold,
            "a" => Element::Link,
            "br" => Element::Break,
            "hr" => Element::Rule,
            "area" | "base" | "basefont" | "col" | "embed" | "frame" | "img" | "input" | "link"
            | "meta" | "param" | "source" | "track" | "wbr" | "bgsound" => Element::Void,
            "script" | "style" | "iframe" | "noembed" | "noframe" => Element::Raw,
            "address" | "aside" | "blockquote" | "body" | "caption" | "center" | "details"
            | "dialog" | "div" | "dl" | "fieldset" | "figcaption" | "figure" | "footer"
            | "form" | "frameset" | "head" | "header" | "hgroup" | "html" | "legend" | "nav"
            | "noframes" | "noscript" | "optgroup" | "option" | "search" | "section" | "select"
            | "summary" | "template" | "object" | "video" | "audio" | "canvas" | "marquee" => {
                Element::Block
            }
            _ => Element::Inline,
        }
    }

    /// Whether text before, inside and after it are different blocks.
    pub fn divides(self) -> bool {
        use Element::{Bold, Break, Inline, Link, LocalLink, Raw, Void};
        !matches!(self, Bold | Link | LocalLink | Inline | Void | Break | Raw)
    }

    /// An end tag does not reach through this element unless it is of the table itself.
    pub fn is_barrier(self) -> bool {
        matches!(self, Element::Table | Element::Cell { .. })
    }

    pub fn is_table_part(self) -> bool {
        self.is_barrier() || matches!(self, Element::Row | Element::Rows)
    }

    /// Whether it holds blocks: parts of a page are told apart by such elements.
    pub fn is_container(self) -> bool {
        matches!(self, Element::Block | Element::Content | Element::Cell { .. } | Element::Table)
    }

    /// Whether starting `next` ends this open element, which an author need not write.
    pub fn is_ended_by(self, next: Element) -> bool {
        match self {
            Element::Paragraph | Element::Heading(_) => match next {
                Element::Heading(_) => true,
                _ if self == Element::Paragraph => next.divides(),
                _ => false,
            },
            Element::Item => next == Element::Item,
            Element::Term | Element::Description => {
                matches!(next, Element::Term | Element::Description)
            }
            Element::Cell { .. } => {
                matches!(next, Element::Cell { .. } | Element::Row | Element::Rows)
            }
            Element::Row => matches!(next, Element::Row | Element::Rows),
            Element::Rows => next == Element::Rows,
            _ => false,
        }
    }

    /// Whether the search for an element that `next` ends stops here.
    pub fn hides_from(self, next: Element) -> bool {
        match next {
            Element::Item => matches!(self, Element::List) || self.is_barrier(),
            Element::Cell { .. } | Element::Row | Element::Rows => self == Element::Table,
            _ => {
                self.is_barrier() || matches!(self, Element::Item | Element::Block | Element::List)
            }
        }
    }
}
