//! Bytes to blocks, and blocks to clauses, by size: `cargo bench --bench reading`.
//!
//! The work is linear in the size of a file: the bytes a second stay the same from 0.1 to 100 MB.

use std::fmt::Write;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fineprint::clause;
use fineprint::document::{self, Format, ReadOptions};

const MEGABYTE: usize = 1_000_000;
const SIZES: [usize; 4] = [MEGABYTE / 10, MEGABYTE, 10 * MEGABYTE, 100 * MEGABYTE];

/// A page of as little markup as a saved page has: long paragraphs, a script, a menu.
fn page(bytes: usize) -> String {
    let menu = "<li class=\"menu-item\"><a href=\"/x\">Home</a></li>\n".repeat(40);
    let script = "window.x = window.x || []; function f(a, b) { return a < b && !f(b, a); }\n";
    let mut out = format!(
        "<!DOCTYPE html><html><head><title>Privacy Policy</title><style>p {{ color: red }}</style>\
         <script>{}</script></head><body><nav><ul>{menu}</ul></nav><main><h1>Privacy Policy</h1>\n",
        script.repeat(100),
    );
    let mut section = 0;
    while out.len() < bytes {
        section += 1;
        let _ = writeln!(out, "<h2>{section}. What we collect</h2>");
        for _ in 0..4 {
            let _ = writeln!(out, "<p>{}</p>", paragraph("&amp;"));
        }
        out.push_str("<script>");
        out.push_str(&script.repeat(10));
        out.push_str("</script>\n");
    }
    out.push_str("</main></body></html>");
    out
}

/// A page with a tag or an attribute every twenty bytes.
fn dense_page(bytes: usize) -> String {
    let mut out =
        String::from("<!DOCTYPE html><html><body><div id=content><h1>Privacy Policy</h1>");
    let mut row = 0;
    while out.len() < bytes {
        row += 1;
        let _ = writeln!(
            out,
            "<div class=\"section row-{row}\" id=s{row}><h2 class='title'>{row}. What we collect</h2>\n\
             <p style=\"margin:0\">We collect the <b>name</b> and the e&#8209;mail&nbsp;address of \
             everybody who writes to us, and we share both of them with <a href=\"/partners\">our \
             partners</a> &amp; service providers only after you have consented to that.</p>\n\
             <ul class=\"list\"><li>Your name and the address you gave us;</li>\
             <li>your browser’s type and settings</li></ul></div>"
        );
    }
    out
}

fn markdown(bytes: usize) -> String {
    let mut out = String::from("# Privacy Policy\n\n");
    let mut section = 0;
    while out.len() < bytes {
        section += 1;
        let _ = writeln!(out, "## {section}. What we *collect*\n\n{}\n", paragraph("&"));
        out.push_str("* your **name** and your address;\n* [logs](/logs) of your visits.\n\n");
    }
    out
}

fn text(bytes: usize) -> String {
    let mut out = String::from("Privacy Policy\n\n");
    let mut section = 0;
    while out.len() < bytes {
        section += 1;
        let _ = writeln!(out, "{section}. What We Collect\n\n{}\n", paragraph("&"));
        out.push_str("- your name and your address;\n- logs of your visits.\n\n");
    }
    out
}

fn paragraph(and: &str) -> String {
    format!(
        "We collect the name and the address of everybody who opens an account with us, e.g. when \
         you order from Pear Shop Inc. or write to us. We use this information to: (a) answer your \
         questions {and} requests; (b) ship what you have ordered; and (c) meet the duties that Art. \
         6 of the law puts on us. You may ask us at any time to delete the “personal data” that we \
         keep about you, and we then delete it within 30 days."
    )
}

/// A name, how to write a file of a size, and the format of it.
type Kind = (&'static str, fn(usize) -> String, Format);

const KINDS: [Kind; 4] = [
    ("page", page, Format::Html),
    ("dense page", dense_page, Format::Html),
    ("markdown", markdown, Format::Markdown),
    ("text", text, Format::Text),
];

fn blocks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("blocks");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (name, write, format) in KINDS {
        for size in SIZES {
            let file = write(size);
            let options = ReadOptions { format, ..ReadOptions::default() };
            group.throughput(Throughput::Bytes(file.len() as u64));
            group.bench_with_input(BenchmarkId::new(name, size), &file, |bencher, file| {
                bencher.iter(|| black_box(document::read(file.as_bytes(), None, &options)));
            });
        }
    }
}

fn clauses(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("clauses");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (name, write, format) in KINDS {
        for size in SIZES {
            let options = ReadOptions { format, ..ReadOptions::default() };
            let document = document::read(write(size).as_bytes(), None, &options)
                .expect("a policy that can be read");
            let bytes = document.blocks.iter().map(|block| block.text.len() as u64).sum();
            group.throughput(Throughput::Bytes(bytes));
            group.bench_with_input(BenchmarkId::new(name, size), &document, |bencher, document| {
                bencher.iter(|| black_box(clause::split(document)));
            });
        }
    }
}

criterion_group!(benches, blocks, clauses);
criterion_main!(benches);
