//! A thread of the bench: takes orders one after another, and begins anew when one of them panicked.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::bell::Bell;
use super::shop::{Script, Shop};
use super::tasks::{Answer, Fault, Task};
use super::values::Masked;
use crate::script::Setting;
use crate::script::stack::STACK;

/// Who is told.
pub(super) type Reply = Box<dyn FnOnce(Result<Answer, Fault>) + Send>;

/// A task, and who is told.
pub(super) struct Order {
    /// What is to be done.
    pub task: Task,
    /// Who is told.
    pub answer: Reply,
}

/// The other end of a thread; dropped, the thread ends.
pub(super) struct Worker {
    orders: Sender<Order>,
    /// By which what it does is ended.
    pub bell: Arc<Bell>,
}

impl Worker {
    /// Starts a thread for that script.
    pub(super) fn start(script: Script, setting: Setting) -> Self {
        let (orders, receiver) = channel();
        let bell = Arc::new(Bell::default());
        let at = Arc::clone(&bell);
        let run = move || Thread { script, setting, counter: Rc::new(Counter::new(receiver, at)) }.run();
        // Where no thread can be had, orders find nobody, and are told so.
        drop(std::thread::Builder::new().name("bench".into()).stack_size(STACK as usize).spawn(run));
        Self { orders, bell }
    }

    /// Gives it an order.
    pub(super) fn send(&self, order: Order) {
        if let Err(unsent) = self.orders.send(order) {
            (unsent.0.answer)(Err(Fault::new("no thread could be started for the bench")));
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.bell.close();
    }
}

/// Where orders come in and answers go out. A stepping that stands takes its orders here too.
pub(super) struct Counter {
    orders: Receiver<Order>,
    /// An order that ended a stepping, and is still to be done.
    next: RefCell<Option<Order>>,
    /// Who waits for what is done now.
    waiting: RefCell<Option<Reply>>,
    /// By which what is done is ended.
    pub bell: Arc<Bell>,
}

impl Counter {
    fn new(orders: Receiver<Order>, bell: Arc<Bell>) -> Self {
        Self { orders, next: RefCell::default(), waiting: RefCell::default(), bell }
    }

    /// The next order; waits for it. None when nobody is there to give any.
    pub(super) fn take(&self) -> Option<Order> {
        let put_back = self.next.borrow_mut().take();
        put_back.or_else(|| self.orders.recv().ok())
    }

    /// Leaves an order for later.
    pub(super) fn put_back(&self, order: Order) {
        self.next.replace(Some(order));
    }

    /// Work for `answer` begins.
    pub(super) fn begin(&self, answer: Reply) {
        self.waiting.replace(Some(answer));
        self.bell.begin();
    }

    /// Tells who waits.
    pub(super) fn tell(&self, result: Result<Answer, Fault>) {
        self.bell.finish();
        let answer = self.waiting.borrow_mut().take();
        if let Some(answer) = answer {
            hand(answer, result);
        }
    }
}

/// Hands an answer over, without secrets; who cannot take it does no harm.
pub(super) fn hand(answer: Reply, result: Result<Answer, Fault>) {
    let result = result.masked();
    let _ = catch_unwind(AssertUnwindSafe(|| answer(result)));
}

struct Thread {
    script: Script,
    setting: Setting,
    counter: Rc<Counter>,
}

impl Thread {
    fn run(self) {
        let mut shop = None;
        while let Some(Order { task, answer }) = self.counter.take() {
            self.counter.begin(answer);
            let is_new = shop.is_none();
            let done = catch_unwind(AssertUnwindSafe(|| {
                let shop = shop.get_or_insert_with(|| Shop::new(&self.script, self.setting.clone(), &self.counter));
                shop.run(task)
            }));
            let result = done.unwrap_or_else(|panic| {
                // Nothing of it is to be trusted any more.
                let broken = shop.take();
                let _ = catch_unwind(AssertUnwindSafe(|| drop(broken)));
                Err(Fault::new(format!("the bench broke and begins anew: {}", said(&*panic))))
            });
            // What was ended while the script was wound knows no script.
            let unfinished = is_new && self.counter.bell.rings();
            if unfinished || shop.as_ref().is_some_and(Shop::is_left) {
                shop = None;
            }
            self.counter.tell(result);
        }
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic")
}
