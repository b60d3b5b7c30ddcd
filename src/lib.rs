//! fineprint reads privacy policies clause by clause.

#[cfg(feature = "architectures")]
pub mod architectures;
mod checksum;
pub mod clause;
pub mod cli;
pub mod dataset;
pub mod document;
pub mod encoder;
pub mod eval;
pub mod explain;
pub mod label;
pub mod model;
pub mod output;
mod random;
pub mod taxonomy;
pub mod train;
mod whole_file;
