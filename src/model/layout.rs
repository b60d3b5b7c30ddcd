//! How a tokenizer lays out its inputs: which special tokens stand around which part, and of which
//! type they are.
//!
//! Read from the file rather than asked of the tokenizer, whose code trusts that a template names
//! no token that the file lacks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::ModelError;

/// The pieces of an input, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    single: Vec<Piece>,
    pair: Vec<Piece>,
}

/// What stands at one place, and its type: 0 or 1.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Special(Vec<u32>, u32),
    Text(u32),
    Context(u32),
}

impl Piece {
    fn kind(&self) -> u32 {
        match self {
            Self::Special(_, kind) | Self::Text(kind) | Self::Context(kind) => *kind,
        }
    }
}

/// `post_processor` of `tokenizer.json`.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum Processor {
    BertProcessing { cls: (String, u32), sep: (String, u32) },
    RobertaProcessing { cls: (String, u32), sep: (String, u32) },
    TemplateProcessing(Template),
    Sequence { processors: Vec<Value> },
    ByteLevel,
}

#[derive(Deserialize)]
struct Template {
    single: Vec<Place>,
    pair: Vec<Place>,
    special_tokens: BTreeMap<String, Special>,
}

#[derive(Deserialize)]
enum Place {
    SpecialToken { id: String, type_id: u32 },
    Sequence { id: char, type_id: u32 },
}

#[derive(Deserialize)]
struct Special {
    ids: Vec<u32>,
}

impl Layout {
    /// `[CLS] text [SEP]`, then `context [SEP]` of type 1.
    pub fn bert(cls: u32, sep: u32) -> Self {
        let text = [Piece::Special(vec![cls], 0), Piece::Text(0), Piece::Special(vec![sep], 0)];
        let context = [Piece::Context(1), Piece::Special(vec![sep], 1)];
        Self { single: text.to_vec(), pair: [&text[..], &context[..]].concat() }
    }

    /// `<s> text </s>`, then `</s> context </s>`, all of type 0.
    fn roberta(cls: u32, sep: u32) -> Self {
        let text = [Piece::Special(vec![cls], 0), Piece::Text(0), Piece::Special(vec![sep], 0)];
        let sep = Piece::Special(vec![sep], 0);
        let context = [sep.clone(), Piece::Context(0), sep];
        Self { single: text.to_vec(), pair: [&text[..], &context[..]].concat() }
    }

    /// Reads the `post_processor` of `tokenizer.json`.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`] when there is none that adds special tokens, or it cannot be
    /// followed.
    pub fn parse(json: &[u8]) -> Result<Self, ModelError> {
        #[derive(Deserialize)]
        struct File {
            post_processor: Option<Value>,
        }
        let failed = |message: String| ModelError::Tokenizer(format!("post_processor: {message}"));
        let file: File = serde_json::from_slice(json).map_err(|e| failed(e.to_string()))?;
        // Without special tokens an input could have no token at all.
        Self::of(file.post_processor.unwrap_or_default())
            .map_err(failed)?
            .filter(|layout| layout.specials(false) > 0 && layout.specials(true) > 0)
            .ok_or_else(|| failed("none that adds special tokens".to_owned()))
    }

    /// The layout of one processor; `None` when it adds nothing.
    fn of(processor: Value) -> Result<Option<Self>, String> {
        if processor.is_null() {
            return Ok(None);
        }
        let processor: Processor = serde_json::from_value(processor).map_err(|e| e.to_string())?;
        let layout = match processor {
            Processor::BertProcessing { cls, sep } => Self::bert(cls.1, sep.1),
            Processor::RobertaProcessing { cls, sep } => Self::roberta(cls.1, sep.1),
            Processor::TemplateProcessing(template) => template.layout()?,
            Processor::ByteLevel => return Ok(None),
            Processor::Sequence { processors } => return Self::of_all(processors),
        };
        Ok(Some(layout))
    }

    /// The layout of the one processor that adds tokens. Sequences do not nest.
    fn of_all(processors: Vec<Value>) -> Result<Option<Self>, String> {
        let mut found = None;
        for processor in processors {
            if processor["type"] == "Sequence" {
                return Err("a sequence within a sequence".to_owned());
            }
            let layout = Self::of(processor)?;
            if found.is_some() && layout.is_some() {
                return Err("several parts that add special tokens".to_owned());
            }
            found = found.or(layout);
        }
        Ok(found)
    }

    /// The largest id of its special tokens.
    pub fn largest_id(&self) -> u32 {
        let ids = self.pieces(true).iter().chain(&self.single).filter_map(|piece| match piece {
            Piece::Special(ids, _) => ids.iter().max(),
            _ => None,
        });
        ids.copied().max().unwrap_or(0)
    }

    /// How many special tokens an input has.
    pub fn specials(&self, has_context: bool) -> usize {
        let ids = self.pieces(has_context).iter().map(|piece| match piece {
            Piece::Special(ids, _) => ids.len(),
            _ => 0,
        });
        ids.sum()
    }

    /// Puts an input together; says, too, how many of its tokens are of type 0: the first ones.
    /// An empty context is none.
    pub fn assemble(&self, text: &[u32], context: &[u32]) -> (Vec<u32>, usize) {
        let pieces = self.pieces(!context.is_empty());
        let mut ids =
            Vec::with_capacity(text.len() + context.len() + self.specials(!context.is_empty()));
        let mut first = 0;
        for piece in pieces {
            ids.extend(match piece {
                Piece::Special(ids, _) => ids,
                Piece::Text(_) => text,
                Piece::Context(_) => context,
            });
            if piece.kind() == 0 {
                first = ids.len();
            }
        }
        (ids, first)
    }

    fn pieces(&self, has_context: bool) -> &[Piece] {
        if has_context { &self.pair } else { &self.single }
    }
}

impl Template {
    fn layout(&self) -> Result<Layout, String> {
        Ok(Layout { single: self.pieces(&self.single, "A")?, pair: self.pieces(&self.pair, "AB")? })
    }

    /// The pieces of a template, which must hold these sequences in this order.
    fn pieces(&self, places: &[Place], sequences: &str) -> Result<Vec<Piece>, String> {
        let pieces = places.iter().map(|place| self.piece(place));
        let pieces = pieces.collect::<Result<Vec<_>, _>>()?;
        let held: String = (places.iter())
            .filter_map(|place| match place {
                Place::Sequence { id, .. } => Some(*id),
                Place::SpecialToken { .. } => None,
            })
            .collect();
        if held != sequences {
            return Err(format!("a template of sequences {held:?} where {sequences:?} must stand"));
        }
        if !pieces.is_sorted_by_key(Piece::kind) || pieces.iter().any(|piece| piece.kind() > 1) {
            return Err("types other than 0, then 1".to_owned());
        }
        Ok(pieces)
    }

    fn piece(&self, place: &Place) -> Result<Piece, String> {
        Ok(match place {
            Place::Sequence { id: 'A', type_id } => Piece::Text(*type_id),
            Place::Sequence { type_id, .. } => Piece::Context(*type_id),
            Place::SpecialToken { id, type_id } => {
                let special = self.special_tokens.get(id);
                let special = special.ok_or_else(|| format!("special token {id:?} is missing"))?;
                Piece::Special(special.ids.clone(), *type_id)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"{"type":"TemplateProcessing",
        "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
            {"SpecialToken":{"id":"[SEP]","type_id":0}}],
        "pair":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
            {"SpecialToken":{"id":"[SEP]","type_id":0}},{"Sequence":{"id":"B","type_id":1}},
            {"SpecialToken":{"id":"[SEP]","type_id":1}}],
        "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[1],"tokens":["[CLS]"]},
            "[SEP]":{"id":"[SEP]","ids":[2],"tokens":["[SEP]"]}}}"#;

    fn parse(processor: &str) -> Result<Layout, ModelError> {
        Layout::parse(format!(r#"{{"post_processor":{processor}}}"#).as_bytes())
    }

    #[test]
    fn a_template_is_followed() {
        let layout = parse(TEMPLATE).unwrap();
        assert_eq!(layout, Layout::bert(1, 2));
        assert_eq!(layout.assemble(&[7, 8], &[]), (vec![1, 7, 8, 2], 4));
        assert_eq!(layout.assemble(&[7, 8], &[9]), (vec![1, 7, 8, 2, 9, 2], 4));
        assert_eq!((layout.specials(false), layout.specials(true)), (2, 3));
        assert_eq!(layout.largest_id(), 2);
    }

    #[test]
    fn roberta_has_two_separators_and_one_type() {
        let processor = r#"{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",0],
            "trim_offsets":true,"add_prefix_space":false}"#;
        let layout = parse(processor).unwrap();
        assert_eq!(layout.assemble(&[7], &[8, 9]), (vec![0, 7, 2, 2, 8, 9, 2], 7));
        assert_eq!(layout.specials(true), 4);
    }

    #[test]
    fn parts_of_a_sequence_are_searched() {
        let bytes = r#"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false}"#;
        let both = format!(r#"{{"type":"Sequence","processors":[{bytes},{TEMPLATE}]}}"#);
        assert_eq!(parse(&both).unwrap(), Layout::bert(1, 2));
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let twice = format!(r#"{{"type":"Sequence","processors":[{TEMPLATE},{TEMPLATE}]}}"#);
        let nested = r#"{"type":"Sequence","processors":[{"type":"Sequence","processors":[]}]}"#;
        for (processor, part) in [
            ("null".to_owned(), "special tokens"),
            (r#"{"type":"ByteLevel"}"#.to_owned(), "special tokens"),
            (r#"{"type":"Other"}"#.to_owned(), "Other"),
            (TEMPLATE.replace("[1]", "[]").replace("[2]", "[]"), "special tokens"),
            (TEMPLATE.replace(r#""[SEP]":{"#, r#""[END]":{"#), "\"[SEP]\" is missing"),
            (TEMPLATE.replace(r#""id":"B""#, r#""id":"A""#), "AA"),
            (TEMPLATE.replace(r#""type_id":1"#, r#""type_id":3"#), "types"),
            (TEMPLATE.replacen(r#""type_id":0"#, r#""type_id":1"#, 1), "types"),
            (twice, "several"),
            (nested.to_owned(), "within"),
        ] {
            let error = parse(&processor).unwrap_err().to_string();
            assert!(error.contains("tokenizer.json") && error.contains(part), "{part}: {error}");
        }
    }
}
