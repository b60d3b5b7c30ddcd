//! How a command ends: its status, its errors, its exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::dataset::DatasetError;
use crate::model::ModelError;
use crate::train::TrainError;

/// How a command that ran to its end came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Everything was done.
    Done,
    /// A gate or comparison failed.
    Worse,
    /// An input cannot be used; batches write the rest.
    SomeFailed,
    /// Ctrl-C ended it early; what was done is written.
    Interrupted,
}

/// Why a command stopped.
#[derive(Debug)]
pub enum Failure {
    /// The command line or a file it names is wrong.
    Usage(anyhow::Error),
    /// No usable model.
    Model(anyhow::Error),
    /// Output could not be written.
    Output(anyhow::Error),
    /// Input could not be used.
    Input(anyhow::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Input(_) => 3,
            Self::Model(_) => 4,
            Self::Output(_) => 5,
        }
    }

    fn error(&self) -> &anyhow::Error {
        match self {
            Self::Usage(error) | Self::Model(error) | Self::Output(error) | Self::Input(error) => {
                error
            }
        }
    }

    /// A failure to write, which is none when the reader has gone away.
    pub fn writing(error: io::Error, what: &str) -> Self {
        Self::Output(anyhow::Error::new(error).context(format!("cannot write {what}")))
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::Model(error.into())
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        match error {
            DatasetError::Write(_) => Self::Output(error.into()),
            _ => Self::Input(error.into()),
        }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Model(error) => error.into(),
            TrainError::Output { .. } => Self::Output(error.into()),
            _ => Self::Input(error.into()),
        }
    }
}

/// A line on standard error. That nobody may read it is no reason to fail.
pub fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "fineprint: {line}");
}

/// Tells standard error why, and turns the result into an exit code. A broken pipe is no error.
pub fn report(result: Result<Status, Failure>) -> ExitCode {
    match result {
        Ok(Status::Done) => ExitCode::SUCCESS,
        Ok(Status::Worse) => ExitCode::from(1),
        Ok(Status::SomeFailed) => ExitCode::from(3),
        Ok(Status::Interrupted) => ExitCode::from(130),
        Err(failure) if is_broken_pipe(failure.error()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&message(failure.error()));
            ExitCode::from(failure.code())
        }
    }
}

/// An error and its causes, each said once: many errors tell their cause themselves.
fn message(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| {
        match (said.is_empty(), said.contains(&cause)) {
            (true, _) => cause,
            (false, true) => said,
            (false, false) => format!("{said}: {cause}"),
        }
    })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().map(io::Error::kind)
    };
    error.chain().any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_pipe_ends_quietly() {
        let broken = Failure::writing(io::ErrorKind::BrokenPipe.into(), "standard output");
        assert!(is_broken_pipe(broken.error()));
        let full = Failure::writing(io::ErrorKind::StorageFull.into(), "standard output");
        assert!(!is_broken_pipe(full.error()));
        assert_eq!(full.code(), 5);
    }

    #[test]
    fn a_cause_is_told_once() {
        let cause = io::Error::other("disk gone");
        let error = anyhow::Error::new(cause).context("cannot read x: disk gone");
        assert_eq!(message(&error), "cannot read x: disk gone");
        let error = anyhow::Error::new(io::Error::other("disk gone")).context("cannot read x");
        assert_eq!(message(&error), "cannot read x: disk gone");
    }
}
