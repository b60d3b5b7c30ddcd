//! Ctrl-C and requests to end (SIGTERM, SIGHUP) ask the work at hand to stop; a second one ends the
//! process.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// SIGHUP in a mask of signals.
const HANG_UP: u64 = 1;

/// A flag that Ctrl-C sets.
pub fn flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let setter = Arc::clone(&flag);
    let handler = move || {
        if setter.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    };
    // Without a handler Ctrl-C just ends the process: no reason to fail.
    let _ = match ignores_hang_up() {
        Some(false) => ctrlc::set_handler(handler),
        // It takes the place of no handler that is there: what `nohup` started goes on when the
        // terminal is closed.
        _ => ctrlc::try_set_handler(handler),
    };
    flag
}

/// Whether the process was told to live on without a terminal; none where that is not known.
fn ignores_hang_up() -> Option<bool> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(ignored(&status)? & HANG_UP != 0)
}

/// The mask of the signals that a process ignores, from its status.
fn ignored(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_stand_in_the_status() {
        let status = |mask: &str| format!("Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
        assert_eq!(ignored(&status("0000000000001001")), Some(0x1001));
        assert_eq!(ignored(&status("no mask")), None);
        assert_eq!(ignored("Name:\tx\n"), None);
    }
}
