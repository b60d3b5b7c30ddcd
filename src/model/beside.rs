//! Two pieces of work at a time.

use std::panic;
use std::thread;

/// Results of both, the second worked out on a thread of its own.
pub fn beside<A, B: Send>(first: impl FnOnce() -> A, second: impl FnOnce() -> B + Send) -> (A, B) {
    thread::scope(|scope| {
        let helper = scope.spawn(second);
        let first = first();
        match helper.join() {
            Ok(second) => (first, second),
            Err(cause) => panic::resume_unwind(cause),
        }
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_are_done() {
        assert_eq!(super::beside(|| 1, || "two"), (1, "two"));
    }
}
