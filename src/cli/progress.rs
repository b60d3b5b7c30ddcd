//! Progress on a terminal; plain lines elsewhere only where a long run is worth a log.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::exit::tell;
use crate::train::{Observer, Progress};

/// A bar on standard error, hidden when that is no terminal.
pub fn bar(length: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let template = format!("{{bar:30}} {{pos}}/{{len}} {unit} {{msg}} {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

/// No bar at all.
pub fn hidden() -> ProgressBar {
    ProgressBar::hidden()
}

/// Shows a training run: a bar on a terminal, and a line an epoch in any case.
pub struct TrainingProgress {
    bar: ProgressBar,
    terminal: bool,
}

impl TrainingProgress {
    /// A run of `epochs` epochs.
    pub fn new() -> Self {
        Self { bar: bar(0, "batches"), terminal: std::io::stderr().is_terminal() }
    }
}

impl Observer for TrainingProgress {
    fn step(&mut self, progress: &Progress) {
        if self.terminal {
            self.bar.set_length(progress.batches as u64);
            self.bar.set_position(progress.batch as u64);
            let left = minutes(progress.left);
            self.bar.set_message(format!("loss {:.4}, {left} left in all,", progress.loss));
        }
    }

    fn epoch(&mut self, progress: &Progress, figure: Option<f32>) {
        let figure = figure.map(|f| format!(", validation {f:.4}")).unwrap_or_default();
        let line = format!(
            "epoch {}: loss {:.4}{figure}, {} tokens, {} spent, {} left",
            progress.epoch + 1,
            progress.loss,
            progress.tokens,
            minutes(progress.seconds),
            minutes(progress.left),
        );
        self.bar.suspend(|| tell(&line));
    }
}

fn minutes(seconds: f64) -> String {
    let total = Duration::from_secs_f64(seconds.max(0.0)).as_secs();
    format!("{}:{:02} min", total / 60, total % 60)
}
