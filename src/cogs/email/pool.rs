//! Work that waits for the disk, on the helper's threads.

use std::any::Any;

use crate::escapement::Job;

/// A job that does `work`. Its answer is read by [`answer`].
pub(super) fn job<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Job {
    Box::pin(async move {
        let done: Option<T> = tokio::task::spawn_blocking(work).await.ok();
        Box::new(done) as Box<dyn Any + Send>
    })
}

/// What a job gave; nothing when it panicked.
pub(super) fn answer<T: Send + 'static>(answer: Box<dyn Any + Send>) -> Option<T> {
    answer.downcast::<Option<T>>().ok().and_then(|done| *done)
}
