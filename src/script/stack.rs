//! The stack on which values are taken apart.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the stack may grow to. A closure that keeps another one, that keeps another one, … is let go of by as many nested calls;
/// in 64 MiB, which is what one evaluation may have, there are so many of them that it takes about 100 MiB. The system keeps 128 MiB
/// free below the stack.
pub const STACK: u64 = 120 << 20;

/// Lets the stack of the first thread grow so far as values can be nested. It takes no memory until it is used.
pub fn widen() {
    let limit = getrlimit(Resource::Stack);
    let wanted = limit.maximum.map_or(STACK, |most| most.min(STACK));
    if limit.current.is_some_and(|now| now < wanted) {
        // Where that is not allowed it stays as it is.
        let _ = setrlimit(Resource::Stack, Rlimit { current: Some(wanted), maximum: limit.maximum });
    }
}
