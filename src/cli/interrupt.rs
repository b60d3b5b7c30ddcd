//! Ctrl-C and requests to end (SIGTERM, SIGHUP) ask the work at hand to stop; a second one ends the
//! process.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag as handler;

/// SIGHUP; not everywhere does the library know it.
const SIGHUP: i32 = 1;

/// A flag that Ctrl-C sets.
///
/// What the process was told to ignore stays ignored: work that `nohup` started goes on when the
/// terminal is closed, work in a script's background when Ctrl-C is meant for the script. That is
/// known on Linux only; elsewhere SIGHUP just ends the process, and the others set the flag.
pub fn flag() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let ignored = fs::read_to_string("/proc/self/status").ok().and_then(|it| ignored_in(&it));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // Where it is not known what is ignored, that is mostly SIGHUP.
        let is_ignored = ignored.map_or(signal == SIGHUP, |mask| mask & bit(signal) != 0);
        if !is_ignored {
            // Without a handler a signal just ends the process: no reason to fail.
            let _ = handler::register_conditional_shutdown(signal, 130, Arc::clone(&stop));
            let _ = handler::register(signal, Arc::clone(&stop));
        }
    }
    stop
}

/// A signal in a mask of signals.
fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// The mask of the signals that a process ignores, from its status.
fn ignored_in(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_stand_in_the_status() {
        let status = |mask: &str| format!("Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
        assert_eq!(ignored_in(&status("0000000000001001")), Some(0x1001));
        assert_eq!(ignored_in(&status("no mask")), None);
        assert_eq!(ignored_in("Name:\tx\n"), None);
    }
}
