//! `--kernel`

use clap::ValueEnum;

use crate::encoder::Choice;

/// What computes the products of the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Kernel {
    /// The fastest that this CPU has
    #[default]
    Auto,
    /// f32, on any CPU
    Portable,
    /// bf16 factors on the AMX units of x86-64
    Amx,
}

impl From<Kernel> for Choice {
    fn from(kernel: Kernel) -> Self {
        match kernel {
            Kernel::Auto => Self::Auto,
            Kernel::Portable => Self::Portable,
            Kernel::Amx => Self::Amx,
        }
    }
}
