//! Bytes whose format and charset are found out.

#![no_main]

mod places;

use fineprint::document::Format;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| places::check(bytes, Format::Auto));
