//! Ctrl-C asks the work at hand to stop; a second one ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that Ctrl-C sets.
pub fn flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let setter = Arc::clone(&flag);
    // Without a handler Ctrl-C just ends the process: no reason to fail.
    let _ = ctrlc::set_handler(move || {
        if setter.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    flag
}
