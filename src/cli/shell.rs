//! `fineprint completions` and `fineprint man`: what shells and `man` want to know.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap_complete::Shell;

use super::exit::{Failure, Status};

/// Print a completion script for a shell
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  fineprint completions bash > ~/.local/share/bash-completion/completions/fineprint")]
pub struct Completions {
    /// Shell that completes
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    /// Writes the script.
    pub fn run(self, mut command: clap::Command) -> Result<Status, Failure> {
        // The generator does not forgive a reader that goes away: it writes to memory.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "fineprint", &mut script);
        print(&script)
    }
}

/// Print the manual page, or write one for every command
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fineprint man | man -l -
  fineprint man --output ~/.local/share/man/man1")]
pub struct Man {
    /// Write the pages of all commands to this folder
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

impl Man {
    /// Writes the page or pages.
    pub fn run(self, command: clap::Command) -> Result<Status, Failure> {
        match self.output {
            Some(folder) => fs::create_dir_all(&folder)
                .and_then(|()| clap_mangen::generate_to(command, &folder))
                .map_err(|error| Failure::writing(error, &folder.display().to_string()))?,
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command)
                    .render(&mut page)
                    .map_err(|error| Failure::writing(error, "the page"))?;
                return print(&page);
            }
        }
        Ok(Status::Done)
    }
}

fn print(bytes: &[u8]) -> Result<Status, Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing(error, "standard output"))?;
    Ok(Status::Done)
}
