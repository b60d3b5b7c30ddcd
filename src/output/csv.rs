//! Comma-separated values: a header, one row a clause, one score column a label.

use std::io::{self, Write};

use crate::taxonomy::Taxonomy;

use super::{ClauseRecord, ErrorRecord, Exporter, rounded};

const PLACE: [&str; 7] = ["document", "index", "start", "end", "kind", "context", "text"];
/// Where a document with pages has the clause; empty for others. They stand last, so that the
/// columns before them keep their places.
const PAGES: [&str; 2] = ["page", "end_page"];
/// Between the parts of the context.
const CONTEXT_JOIN: &str = " > ";
/// Between the labels of a clause.
const LABEL_JOIN: &str = ";";

/// Writes records as CSV. The header stands there even when no record follows.
pub struct CsvExporter<W: Write> {
    writer: csv::Writer<W>,
    /// Names of the score columns; `None` for clauses without labels.
    labels: Option<Vec<String>>,
}

impl<W: Write> CsvExporter<W> {
    /// Writes the header. `labels` names the score columns; without it there are none, and no
    /// `labels`, `withheld` and `truncated` columns either.
    pub fn new(writer: W, labels: Option<&Taxonomy>) -> io::Result<Self> {
        let labels = labels.map(|taxonomy| taxonomy.names().to_vec());
        let mut exporter = Self { writer: csv::Writer::from_writer(writer), labels };
        let mut header: Vec<String> = PLACE.iter().map(|&name| name.to_owned()).collect();
        if let Some(labels) = &exporter.labels {
            header.push("labels".to_owned());
            header.extend(labels.iter().cloned());
            header.push("withheld".to_owned());
            header.push("truncated".to_owned());
        }
        header.push("error".to_owned());
        header.extend(PAGES.map(str::to_owned));
        exporter.write(&header)?;
        Ok(exporter)
    }

    fn write(&mut self, fields: &[String]) -> io::Result<()> {
        self.writer.write_record(fields).map_err(into_io)
    }
}

impl<W: Write> Exporter for CsvExporter<W> {
    fn clause(&mut self, record: &ClauseRecord) -> io::Result<()> {
        let mut fields = vec![
            record.document.clone(),
            record.index.to_string(),
            record.start.to_string(),
            record.end.to_string(),
            kind(record),
            record.context.join(CONTEXT_JOIN),
            record.text.clone(),
        ];
        if let Some(names) = &self.labels {
            fields.push(record.labels.as_deref().unwrap_or_default().join(LABEL_JOIN));
            fields.extend(names.iter().map(|name| score(record, name)));
            fields.push(record.withheld.join(LABEL_JOIN));
            fields.push(if record.truncated { "true".to_owned() } else { String::new() });
        }
        fields.push(String::new());
        fields.extend([record.page, record.end_page].map(number));
        self.write(&fields)
    }

    fn error(&mut self, record: &ErrorRecord) -> io::Result<()> {
        let columns = PLACE.len() + self.labels.as_ref().map_or(0, |labels| labels.len() + 3);
        let mut fields = vec![String::new(); columns];
        fields[0] = record.document.clone();
        fields.push(format!("{}: {}", record.error.kind, record.error.message));
        fields.extend(PAGES.map(|_| String::new()));
        self.write(&fields)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// The kind as JSON spells it.
fn kind(record: &ClauseRecord) -> String {
    format!("{:?}", record.kind).to_lowercase()
}

fn number(number: Option<usize>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

fn score(record: &ClauseRecord, label: &str) -> String {
    let score = record.scores.as_ref().and_then(|scores| scores.get(label));
    score.map_or_else(String::new, |&score| rounded(score).to_string())
}

/// Keeps the kind of the error: a broken pipe must be known as one.
fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Closed, failed, labelled, paged, two, unlabelled};
    use super::*;

    fn run(labels: Option<&Taxonomy>, records: &[ClauseRecord]) -> String {
        let mut out = Vec::new();
        let mut exporter = CsvExporter::new(&mut out, labels).unwrap();
        records.iter().for_each(|record| exporter.clause(record).unwrap());
        exporter.error(&failed()).unwrap();
        exporter.finish().unwrap();
        drop(exporter);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_the_contract() {
        let text = "\"(a) \"\"orders\"\", and\u{1b}[31m invoices;\"";
        let place = format!("shop.html,3,18,61,item,Storage > We keep:,{text}");
        assert_eq!(
            run(Some(&two()), &[labelled()]),
            format!(
                "document,index,start,end,kind,context,text,labels,Data Security,Data Retention,\
                 withheld,truncated,error,page,end_page\n{place},Data Retention;Data Security,0.5123,0.9\
                 ,,,,,\nempty.html,,,,,,,,,,,,empty: no text in it,,\n"
            )
        );
        assert_eq!(
            run(None, &[unlabelled(), paged()]),
            format!(
                "document,index,start,end,kind,context,text,error,page,end_page\n{place},,,\n\
                 {place},,2,3\nempty.html,,,,,,,empty: no text in it,,\n"
            )
        );
    }

    #[test]
    fn awkward_text_survives() {
        let text = "a, \"b\"\nc;\r\nd \u{2014} é";
        let record = ClauseRecord { text: text.into(), truncated: true, ..labelled() };
        let out = run(Some(&two()), &[record]);
        let mut reader = csv::Reader::from_reader(out.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!(&row[6], text);
        assert_eq!(&row[11], "true");
    }

    #[test]
    fn a_kind_is_spelled_as_in_json() {
        use crate::clause::ClauseKind::{Cell, Heading, Item, Sentence, Toc};
        for of in [Sentence, Item, Heading, Cell, Toc] {
            let record = ClauseRecord { kind: of, ..unlabelled() };
            let json = serde_json::to_string(&of).unwrap();
            assert_eq!(format!("\"{}\"", kind(&record)), json);
        }
    }

    #[test]
    fn a_broken_pipe_stays_one() {
        let mut exporter = CsvExporter::new(Closed, None).unwrap();
        let long = ClauseRecord { text: "x".repeat(100_000), ..unlabelled() };
        let error = exporter.clause(&long).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
