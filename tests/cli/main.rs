//! The program as its users run it.

mod architectures;
mod average;
mod bad_input;
mod bad_model;
#[path = "../common/mod.rs"]
mod common;
mod datasets;
mod evaluate;
mod help;
mod hub;
mod label;
#[cfg(feature = "pdf")]
mod pdf;
mod predict;
mod resume;
mod split;
mod training;
mod work;
