//! Bytes read as PDF: as they are, or, since few bytes are a file of that format, as parts of a
//! small valid one.

#![no_main]

mod places;

use fineprint::document::Format;

/// Stands between the parts of an input.
const BETWEEN: u8 = 0x1e;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"%PDF-") {
        places::check(bytes, Format::Pdf);
    } else {
        places::check(&spliced(bytes), Format::Pdf);
    }
});

/// A file of two pages. The parts of the input are the content of the first page, that of a form
/// and of the second page, the map from the font's codes to letters, what its dictionary says of
/// the font, of the page, and of the first page's content, and any further objects, from 20 on.
fn spliced(bytes: &[u8]) -> Vec<u8> {
    let mut parts = bytes.split(|byte| *byte == BETWEEN);
    let mut part = || parts.next().unwrap_or_default();
    let (content, form, map) = (part(), part(), part());
    let (font, page, filter, objects) = (part(), part(), part(), part());
    let mut out = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/StructTreeRoot 20 0 R>>endobj\n\
        2 0 obj<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2/MediaBox[0 0 600 800]/Resources 5 0 R>>endobj\n\
        4 0 obj<</Type/Page/Parent 2 0 R/Contents 7 0 R>>endobj\n\
        5 0 obj<</Font<</F 9 0 R/G 10 0 R/H 11 0 R>>/XObject<</X 7 0 R>>>>endobj\n\
        10 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>endobj\n\
        11 0 obj<</Type/Font/Subtype/Type0/BaseFont/H/Encoding/UniUTF16/DescendantFonts[9 0 R]\
        /ToUnicode 8 0 R>>endobj\n"
        .to_vec();
    push_object(&mut out, 3, b"<</Type/Page/Parent 2 0 R/Contents 6 0 R", page);
    push_stream(&mut out, 6, filter, content);
    push_stream(&mut out, 7, b"/Type/XObject/Subtype/Form", form);
    push_stream(&mut out, 8, b"", map);
    push_object(&mut out, 9, b"<</Type/Font/Subtype/TrueType/BaseFont/F/ToUnicode 8 0 R", font);
    out.extend(objects);
    out.extend(b"\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF");
    out
}

/// An object whose dictionary ends with these entries.
fn push_object(out: &mut Vec<u8>, number: usize, start: &[u8], entries: &[u8]) {
    out.extend(format!("{number} 0 obj").bytes());
    out.extend(start);
    out.extend(entries);
    out.extend(b">>endobj\n");
}

fn push_stream(out: &mut Vec<u8>, number: usize, entries: &[u8], content: &[u8]) {
    let start = format!("{number} 0 obj<</Length {}", content.len());
    out.extend(start.bytes());
    out.extend(entries);
    out.extend(b">>stream\n");
    out.extend(content);
    out.extend(b"\nendstream endobj\n");
}
