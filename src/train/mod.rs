//! Fine-tuning of the encoder on labelled clauses.

mod checkpoint;
mod error;
mod head;
mod layer;
mod mean_layer;
mod network;
mod optimizer;
mod parameters;
mod recipe;
mod samples;
mod trainer;

#[cfg(test)]
mod tests;

pub use error::TrainError;
pub use mean_layer::with_mean_layer;
pub use recipe::{Recipe, Source, Targets};
pub use samples::{Sample, plan, samples};
pub use trainer::{Observer, Progress, Trained, Trainer, Validation};
