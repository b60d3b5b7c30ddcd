//! How long reading may take.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::ReadError;

/// How often a reader may ask before the clock is looked at again.
const EVERY: u32 = 256;

/// Tells a reader when its time is over. Readers stop then; that they have is an error, so no
/// document is ever read in part.
#[derive(Debug)]
pub(super) struct Watch {
    end: Option<Instant>,
    limit: Duration,
    left: Cell<u32>,
    over: Cell<bool>,
}

impl Watch {
    /// Starts a watch; one that cannot end in the clock's time never does.
    pub fn start(limit: Duration) -> Self {
        let end = Instant::now().checked_add(limit);
        Self { end, limit, left: Cell::new(0), over: Cell::new(false) }
    }

    /// Whether time is over, as a reader asks block by block.
    pub fn is_over(&self) -> bool {
        if self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
        } else {
            self.left.set(EVERY);
            self.look();
        }
        self.over.get()
    }

    /// Looks at the clock.
    ///
    /// # Errors
    /// When time is over.
    pub fn check(&self) -> Result<(), ReadError> {
        self.look();
        match self.over.get() {
            true => Err(ReadError::TooSlow { limit: self.limit }),
            false => Ok(()),
        }
    }

    fn look(&self) {
        let is_over = self.end.is_some_and(|end| Instant::now() >= end);
        self.over.set(self.over.get() || is_over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Format, Gate, ReadOptions, read};

    #[test]
    fn every_reader_stops_when_time_is_over() {
        let text = "We keep your name and your address. ".repeat(20);
        for format in [Format::Html, Format::Markdown, Format::Text] {
            let gate = Gate::Off;
            let options =
                ReadOptions { format, gate, max_time: Duration::ZERO, ..Default::default() };
            let error = read(text.as_bytes(), None, &options).unwrap_err();
            assert_eq!(error, ReadError::TooSlow { limit: Duration::ZERO });
            let options = ReadOptions { max_time: Duration::MAX, ..options };
            assert!(read(text.as_bytes(), None, &options).is_ok());
        }
    }

    #[test]
    fn a_watch_that_has_run_out_stays_so() {
        let watch = Watch::start(Duration::ZERO);
        assert!((0..3 * EVERY).all(|_| watch.is_over()));
        assert!(!Watch::start(Duration::MAX).is_over());
    }
}
