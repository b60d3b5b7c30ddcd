//! JSON Lines: one record a line.

use std::io::{self, Write};

use serde::Serialize;

use super::{ClauseRecord, ErrorRecord, Exporter};

/// Writes records as JSON Lines.
pub struct JsonlExporter<W: Write> {
    writer: W,
    /// A line is built here first, so that it reaches the writer in one piece.
    line: Vec<u8>,
}

impl<W: Write> JsonlExporter<W> {
    pub fn new(writer: W) -> Self {
        Self { writer, line: Vec::new() }
    }

    fn write(&mut self, record: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, record)?;
        self.line.push(b'\n');
        self.writer.write_all(&self.line)
    }
}

impl<W: Write> Exporter for JsonlExporter<W> {
    fn clause(&mut self, record: &ClauseRecord) -> io::Result<()> {
        self.write(record)
    }

    fn error(&mut self, record: &ErrorRecord) -> io::Result<()> {
        self.write(record)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Closed, failed, labelled, paged, unlabelled};
    use super::*;

    fn lines(records: &[ClauseRecord]) -> String {
        let mut out = Vec::new();
        let mut exporter = JsonlExporter::new(&mut out);
        records.iter().for_each(|record| exporter.clause(record).unwrap());
        exporter.error(&failed()).unwrap();
        exporter.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_and_their_order_are_the_contract() {
        let long = ClauseRecord { truncated: true, ..unlabelled() };
        let clause = r#"{"document":"shop.html","index":3,"start":18,"end":61,"kind":"item","context":["Storage","We keep:"],"headings":["Your data","Storage"],"text":"(a) \"orders\", and\u001b[31m invoices;""#;
        let expected = [
            format!(
                r#"{clause},"labels":["Data Retention","Data Security"],"scores":{{"Data Security":0.5123,"Data Retention":0.9}},"source_sha256":"ab12","model":"default"}}"#
            ),
            format!(r#"{clause},"source_sha256":"ab12"}}"#),
            format!(r#"{clause},"truncated":true,"source_sha256":"ab12"}}"#),
            r#"{"document":"empty.html","error":{"kind":"empty","message":"no text in it"}}"#
                .into(),
        ];
        let found = lines(&[labelled(), unlabelled(), long]);
        assert_eq!(found.lines().collect::<Vec<_>>(), expected);
        assert!(found.ends_with('\n'));
    }

    #[test]
    fn a_record_with_pages_says_so() {
        let start = r#"{"document":"shop.html","index":3,"page":2,"start":18,"end":61,"end_page":3,"offsets":"page-characters","kind":"item","#;
        let found = lines(&[paged()]);
        assert!(found.starts_with(start), "{found}");
    }

    #[test]
    fn a_record_can_be_read_back() {
        for expected in [unlabelled(), paged()] {
            let found = lines(std::slice::from_ref(&expected));
            let record: ClauseRecord = serde_json::from_str(found.lines().next().unwrap()).unwrap();
            assert_eq!(record, expected);
        }
    }

    #[test]
    fn a_broken_pipe_stays_one() {
        let error = JsonlExporter::new(Closed).clause(&labelled()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
