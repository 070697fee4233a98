//! Work for the helper: jobs that must not hold up the loop run on one other thread, and their answers come back as events.
//!
//! The thread starts with the first job and carries an asynchronous runtime of its own. It sleeps without a tick while no job is at
//! work. Only plain Rust values cross over.

use std::any::Any;
use std::collections::HashMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use std::{io, thread};

use mio::Waker;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};

use super::slots::Token;

/// Asynchronous work and what it gives. It must not block: `tokio::task::spawn_blocking` is there for what does.
pub type Job = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What a job gives.
pub type Answer = Box<dyn Any + Send>;

/// The answer in place of a job's own when the job panicked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobPanicked(
    /// The panic's message.
    pub String,
);

/// Answers on their way; a helper that is faster than the loop waits here.
const ANSWERS: usize = 256;
/// Threads for jobs that block.
const BLOCKING: usize = 4;

struct Order {
    token: Token,
    job: Job,
    /// Becomes ready when the other end is dropped: the answer is not wanted any more.
    cancelled: oneshot::Receiver<()>,
}

/// The loop's end of the helper. Dropping it ends the helper, together with all jobs, without waiting for them.
#[derive(Debug)]
pub(super) struct Offload {
    /// Unbounded, as the loop must not wait; the cogs bound what they ask for.
    orders: mpsc::UnboundedSender<Order>,
    answers: mpsc::Receiver<(Token, Answer)>,
    running: HashMap<Token, oneshot::Sender<()>>,
    more: bool,
}

impl Offload {
    pub(super) fn start(waker: Arc<Waker>) -> io::Result<Self> {
        // A thread that waits for another blocking job would tick once more when it gives up.
        let runtime =
            Builder::new_current_thread().enable_all().max_blocking_threads(BLOCKING).thread_keep_alive(Duration::ZERO).build()?;
        let (orders, taken) = mpsc::unbounded_channel();
        let (given, answers) = mpsc::channel(ANSWERS);
        thread::Builder::new().name("helper".into()).spawn(move || help(runtime, taken, &given, &waker))?;
        Ok(Self { orders, answers, running: HashMap::new(), more: false })
    }

    pub(super) fn give(&mut self, token: Token, job: Job) -> io::Result<()> {
        let (wanted, cancelled) = oneshot::channel();
        self.orders.send(Order { token, job, cancelled }).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        self.running.insert(token, wanted);
        Ok(())
    }

    pub(super) fn cancel(&mut self, token: Token) {
        self.running.remove(&token);
    }

    pub(super) fn is_working(&self) -> bool {
        !self.running.is_empty()
    }

    /// True when the last [`take`](Self::take) had enough before all was taken.
    pub(super) const fn has_more(&self) -> bool {
        self.more
    }

    /// The answers that have come, at most as many as one round should hold.
    pub(super) fn take(&mut self) -> Vec<(Token, Answer)> {
        let mut came = Vec::new();
        self.more = true;
        while came.len() < ANSWERS {
            let Ok((token, answer)) = self.answers.try_recv() else {
                self.more = false;
                break;
            };
            self.running.remove(&token);
            came.push((token, answer));
        }
        came
    }
}

/// The helper's life: until the loop drops its end.
fn help(runtime: Runtime, mut orders: mpsc::UnboundedReceiver<Order>, answers: &mpsc::Sender<(Token, Answer)>, waker: &Arc<Waker>) {
    runtime.block_on(async {
        while let Some(order) = orders.recv().await {
            let (answers, waker) = (answers.clone(), Arc::clone(waker));
            tokio::spawn(async move {
                let token = order.token;
                // The loop is gone, or has unbound the job: nobody is left to be told.
                if let Some(answer) = work(order).await
                    && answers.send((token, answer)).await.is_ok()
                {
                    let _ = waker.wake();
                }
            });
        }
    });
    // A job that blocks must not keep the process from ending.
    runtime.shutdown_background();
}

/// Runs a job to its end; nothing when it was cancelled before.
async fn work(order: Order) -> Option<Answer> {
    let Order { mut job, mut cancelled, .. } = order;
    poll_fn(move |context| {
        if Pin::new(&mut cancelled).poll(context).is_ready() {
            return Poll::Ready(None);
        }
        // A job that panicked is not polled again, so what it left half done is never seen.
        match catch_unwind(AssertUnwindSafe(|| job.as_mut().poll(context))) {
            Ok(answer) => answer.map(Some),
            Err(panic) => Poll::Ready(Some(Box::new(JobPanicked(message(panic.as_ref()))))),
        }
    })
    .await
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".into())
}
