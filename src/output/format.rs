//! The formats `--format` knows.

use std::fmt;
use std::io::{self, Write};

use clap::ValueEnum;

use crate::taxonomy::Taxonomy;

use super::{
    CsvExporter, DoccanoExporter, Exporter, JsonlExporter, LabelStudioExporter, TableExporter,
};

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, ValueEnum)]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Jsonl,
    /// Comma-separated values with a header, one row a clause.
    Csv,
    /// A table for reading in a terminal.
    Table,
    /// Tasks with predictions for Label Studio, one array.
    LabelStudio,
    /// Lines for doccano, text classification with several labels.
    Doccano,
}

impl Format {
    /// An exporter of this format. `labels` names the score columns, `None` for clauses
    /// without labels; `width` is the terminal's, in columns, which only tables heed.
    pub fn exporter<'w>(
        self,
        writer: Box<dyn Write + 'w>,
        labels: Option<&Taxonomy>,
        width: usize,
    ) -> io::Result<Box<dyn Exporter + 'w>> {
        Ok(match self {
            Format::Jsonl => Box::new(JsonlExporter::new(writer)),
            Format::Csv => Box::new(CsvExporter::new(writer, labels)?),
            Format::Table => Box::new(TableExporter::new(writer, width)),
            Format::LabelStudio => Box::new(LabelStudioExporter::new(writer)),
            Format::Doccano => Box::new(DoccanoExporter::new(writer)),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
            Format::Table => "table",
            Format::LabelStudio => "label-studio",
            Format::Doccano => "doccano",
        })
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        ValueEnum::from_str(name, true).map_err(|_| {
            format!("no format `{name}`; formats are jsonl, csv, table, label-studio and doccano")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{labelled, two};
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for format in Format::value_variants() {
            assert_eq!(format.to_string().parse(), Ok(*format));
        }
        assert_eq!("CSV".parse(), Ok(Format::Csv));
        assert!("xml".parse::<Format>().unwrap_err().contains("jsonl, csv"));
    }

    #[test]
    fn every_format_has_its_exporter() {
        for (format, start) in [
            (Format::Jsonl, "{\"document\""),
            (Format::Csv, "document,"),
            (Format::Table, "shop"),
            (Format::LabelStudio, "[\n"),
            (Format::Doccano, "{\"text\""),
        ] {
            let mut out = Vec::new();
            let mut exporter = format.exporter(Box::new(&mut out), Some(&two()), 80).unwrap();
            exporter.clause(&labelled()).unwrap();
            exporter.finish().unwrap();
            drop(exporter);
            assert!(String::from_utf8(out).unwrap().starts_with(start), "{format}");
        }
    }
}
