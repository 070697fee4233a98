//! What a cog of the script may wait for, what is called for it, and what has come.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use rhai::Dynamic;

#[cfg(feature = "http")]
use crate::cogs::http::request::Asking;
#[cfg(feature = "http")]
use crate::datum::Datum;
use crate::escapement::{Changed, Cron, Token, What};
use crate::script::callback::ScriptFn;

/// What is waited for.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Soon,
    After(Duration),
    Every(Duration),
    At(SystemTime),
    Cron(Box<Cron>),
    Fd(i32),
    Path(PathBuf, What),
    Signal(i32),
    /// A request to a server.
    #[cfg(feature = "http")]
    Request(Rc<Asking>),
}

impl Event {
    /// It comes once.
    pub(super) fn is_once(&self) -> bool {
        match self {
            Self::Soon | Self::After(_) | Self::At(_) => true,
            #[cfg(feature = "http")]
            Self::Request(_) => true,
            Self::Every(_) | Self::Cron(_) | Self::Fd(_) | Self::Path(..) | Self::Signal(_) => false,
        }
    }
}

/// What is to be called, with its arguments.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) function: ScriptFn,
    pub(super) args: Vec<Dynamic>,
    /// It takes one more parameter, and is told what came.
    pub(super) told: bool,
}

/// Something that is waited for, and what is called then.
pub(super) struct Bound {
    pub(super) event: Event,
    pub(super) call: Rc<Call>,
    /// It does not keep the train alive.
    pub(super) weak: bool,
    pub(super) token: Option<Token>,
    /// It was told that beats are missed.
    pub(super) warned: bool,
}

impl Bound {
    pub(super) fn new(event: Event, call: Call, weak: bool) -> Self {
        Self { event, call: Rc::new(call), weak, token: None, warned: false }
    }
}

/// What has come.
#[derive(Clone, Debug)]
pub(in crate::script) enum News {
    /// A time; so many beats were missed.
    Due(u64),
    /// A descriptor may be ready.
    Ready,
    Changed(Changed),
    Signal(i32),
    /// What came of a request.
    #[cfg(feature = "http")]
    Response(Datum),
}

/// What is to be called now.
pub(in crate::script) struct Due {
    pub(in crate::script) function: ScriptFn,
    pub(in crate::script) args: Vec<Dynamic>,
    /// It was the signal to end.
    pub(in crate::script) may_pardon: bool,
    /// The descriptor that it is about.
    pub(super) fd: Option<i32>,
}
