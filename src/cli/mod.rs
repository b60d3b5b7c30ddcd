//! The command line: one file a command, raw arguments resolved before work starts.

mod eval;
mod exit;
mod import;
mod inputs;
mod interrupt;
mod kernel;
mod label;
mod model;
mod pipeline;
mod predict;
mod progress;
mod resume;
mod saved;
mod shell;
mod source;
mod split;
mod target;
mod thresholds;
mod train;
mod tune;
mod values;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use exit::{Failure, Status};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  a gate or comparison failed
  2  the command line is wrong
  3  an input cannot be used; batches write the rest
  4  no usable model
  5  output could not be written
  130  interrupted; what was done is written";

/// Reads privacy policies clause by clause: which OPP-115 categories each clause states, how
/// sure that is, and where exactly it stands.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Label(label::Arguments),
    Predict(predict::Arguments),
    Split(split::Arguments),
    Eval(eval::Arguments),
    Train(train::Arguments),
    Tune(tune::Arguments),
    Import(import::Arguments),
    Model(model::Arguments),
    Completions(shell::Completions),
    Man(shell::Man),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    let result = match arguments.command {
        Command::Label(arguments) => arguments.run(),
        Command::Predict(arguments) => arguments.run(),
        Command::Split(arguments) => arguments.run(),
        Command::Eval(arguments) => arguments.run(),
        Command::Train(arguments) => arguments.run(),
        Command::Tune(arguments) => arguments.run(),
        Command::Import(arguments) => arguments.run(),
        Command::Model(arguments) => arguments.run(),
        Command::Completions(arguments) => arguments.run(Arguments::command()),
        Command::Man(arguments) => arguments.run(Arguments::command()),
    };
    exit::report(result)
}
