//! What a cog of the script waits for, and what it sends when that comes.
//!
//! A method that runs is lent it, notes in it what is to be bound, and when the method is over that is done. Data that begin here and find no
//! room wait, and so does all that has come for the cog meanwhile but signals: it is told of when there is room again.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use rhai::Dynamic;

use super::event::{Bound, Due, Event, News};
use super::fds::Channel;
use super::words::{self, Ready};
use crate::cog::Ctx;
#[cfg(feature = "http")]
use crate::cogs::http::request::Managers;
use crate::datum::Datum;
use crate::error::Result;
use crate::escapement::{Changed, Token, Wake, What};
use crate::log::{self, Priority};
use crate::script::callback::ScriptFn;
#[cfg(feature = "http")]
use crate::script::convert::to_rhai;

/// How often a path is looked at where inotify does not work.
const POLL: Duration = Duration::from_secs(1);
/// So many changes of one path are remembered each by itself while data wait for room.
const CHANGES: usize = 1000;

/// What a cog waits for.
pub(in crate::script) struct Waits {
    /// The cog's methods.
    pub(super) methods: Rc<[(String, ScriptFn)]>,
    name: Rc<str>,
    all: HashMap<u64, Bound>,
    tokens: HashMap<Token, u64>,
    last: u64,
    /// To be bound, in order.
    fresh: Vec<u64>,
    /// To be unbound.
    ended: Vec<Token>,
    pub(super) channels: BTreeMap<i32, Channel>,
    /// By which its requests were made.
    #[cfg(feature = "http")]
    pub(super) managers: Managers,
    /// The number of the next event.
    next: u64,
    /// For how many more events there is room.
    room: usize,
    /// The script found none.
    pub(super) wants_room: bool,
    /// Tells of room that is there already.
    nudge: Option<Token>,
    /// Data that found no room.
    waiting: VecDeque<Datum>,
    /// What has come while they wait.
    late: VecDeque<(u64, News)>,
    /// The end has begun: nothing more can be bound.
    closed: bool,
    /// The train is only tried out: nothing outside is touched.
    pub(super) apart: bool,
}

impl Waits {
    /// Of a cog with these methods.
    pub(in crate::script) fn new(methods: &Rc<[(String, ScriptFn)]>) -> Self {
        Self {
            methods: Rc::clone(methods),
            name: "".into(),
            all: HashMap::new(),
            tokens: HashMap::new(),
            last: 0,
            fresh: Vec::new(),
            ended: Vec::new(),
            channels: BTreeMap::new(),
            #[cfg(feature = "http")]
            managers: Managers::default(),
            next: 0,
            room: 0,
            wants_room: false,
            nudge: None,
            waiting: VecDeque::new(),
            late: VecDeque::new(),
            closed: false,
            apart: false,
        }
    }

    /// A method is about to be called that may begin events.
    pub(in crate::script) fn prepare(&mut self, ctx: &mut Ctx<'_>) {
        if *self.name != *ctx.name() {
            self.name = ctx.name().into();
        }
        self.apart = ctx.is_apart();
        self.next = ctx.next_origin();
        self.room = if self.waiting.is_empty() { ctx.space() } else { 0 };
    }

    /// For how many more events there is room, when `sent` have been sent in this call.
    pub(super) fn room(&mut self, sent: usize) -> usize {
        let room = self.room.saturating_sub(sent);
        self.wants_room |= room == 0;
        room
    }

    /// The id that the next event will have, when `sent` have been sent in this call.
    pub(super) fn next_id(&self, sent: usize) -> String {
        format!("{}#{}", self.name, self.next + (self.waiting.len() + sent) as u64)
    }

    // --- binding ----------------------------------------------------------------------------------------------------

    /// Whether nothing more can be bound; `what` is told to the log then.
    pub(super) fn is_closed(&self, what: &str) -> bool {
        let outside = !matches!(what, "enqueue");
        if self.closed || self.apart && outside {
            let why = if self.closed { "the end has begun" } else { "nothing outside is touched in a trial" };
            log::debug(format_args!("{}: `train.esc.{what}` does nothing: {why}", self.name));
        }
        self.closed || self.apart && outside
    }

    /// Notes what is to be bound. Gives its handle.
    pub(super) fn bind(&mut self, bound: Bound) -> u64 {
        self.last += 1;
        self.all.insert(self.last, bound);
        self.fresh.push(self.last);
        self.last
    }

    /// Takes out what is bound, where `is` says so of it. False when it is not there any more.
    pub(super) fn unbind(&mut self, handle: u64, is: impl FnOnce(&Event) -> bool) -> bool {
        if !self.all.get(&handle).is_some_and(|bound| is(&bound.event)) {
            return false;
        }
        let Some(bound) = self.all.remove(&handle) else { return false };
        if let Some(token) = bound.token {
            self.tokens.remove(&token);
            self.ended.push(token);
        }
        if let Event::Fd(fd) = bound.event {
            self.channels.remove(&fd);
        }
        true
    }

    /// How many are bound.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Binds and unbinds what a method has noted.
    pub(in crate::script) fn settle(&mut self, ctx: &mut Ctx<'_>) {
        for token in self.ended.drain(..) {
            ctx.unbind(token);
        }
        for handle in std::mem::take(&mut self.fresh) {
            if let Err(error) = self.bind_one(ctx, handle) {
                self.all.remove(&handle);
                ctx.trouble(&error.to_string());
            }
        }
        for channel in self.channels.values_mut().filter(|channel| channel.used) {
            channel.used = false;
            let Some(token) = self.all.get(&channel.handle).and_then(|bound| bound.token) else { continue };
            let ready = channel.look();
            if !channel.ended && (ready.input || ready.urgent || ready.hup && channel.wanted.input) {
                ctx.rearm(token);
            }
        }
    }

    fn bind_one(&mut self, ctx: &mut Ctx<'_>, handle: u64) -> Result<()> {
        let Some(bound) = self.all.get_mut(&handle) else { return Ok(()) };
        let token = match &bound.event {
            Event::Soon => ctx.soon()?,
            Event::After(delay) => ctx.after(*delay)?,
            Event::Every(period) => ctx.every(*period)?,
            Event::At(time) => ctx.at_wall(*time)?,
            Event::Cron(cron) => match cron.next(ctx.wall()) {
                Some(time) => ctx.at_wall(time)?,
                None => return Ok(()),
            },
            Event::Fd(fd) => match self.channels.get(fd) {
                Some(channel) => ctx.fd(channel.fd(), channel.wanted.interest())?,
                None => return Ok(()),
            },
            Event::Path(path, _) => {
                let token = ctx.watch(path, POLL)?;
                if ctx.is_polled(token) {
                    ctx.say(Priority::Warning, &format!("`{}` is looked at each second, as inotify cannot watch it", path.display()));
                }
                token
            }
            Event::Signal(signal) => ctx.signal(*signal)?,
            #[cfg(feature = "http")]
            Event::Request(asking) => {
                if let Some(warning) = self.managers.warning(asking) {
                    ctx.say(Priority::Warning, warning);
                }
                ctx.offload(asking.job())?
            }
        };
        if bound.weak {
            ctx.weaken(token);
        }
        bound.token = Some(token);
        self.tokens.insert(token, handle);
        Ok(())
    }

    // --- what came --------------------------------------------------------------------------------------------------

    /// What has fired, unless it is to wait, as data wait for room.
    pub(in crate::script) fn came(&mut self, token: Token, wake: Wake) -> Option<(u64, News)> {
        let handle = *self.tokens.get(&token)?;
        let bound = self.all.get(&handle)?;
        let news = match (wake, &bound.event) {
            (Wake::Due { missed }, _) => News::Due(missed),
            (Wake::Soon, _) => News::Due(0),
            (Wake::Ready { .. }, _) => News::Ready,
            (Wake::Signal(signal), _) => return Some((handle, News::Signal(signal))),
            #[cfg(feature = "http")]
            (Wake::Answer(answer), Event::Request(asking)) => News::Response(asking.response(answer)),
            (Wake::Changed(changed), Event::Path(_, mask)) => {
                let what = words::wanted(changed.what, *mask);
                if what.is_nothing() {
                    return None;
                }
                News::Changed(Changed { what, ..changed })
            }
            _ => return None,
        };
        if self.waiting.is_empty() {
            return Some((handle, news));
        }
        self.put_off(handle, news);
        None
    }

    fn put_off(&mut self, handle: u64, news: News) {
        let mut of_it = self.late.iter_mut().filter(|(other, _)| *other == handle).map(|(_, news)| news);
        match (&news, of_it.next()) {
            (_, None) => {}
            (News::Due(more), Some(News::Due(missed))) => {
                *missed += more + 1;
                return;
            }
            (News::Changed(_), Some(_)) if of_it.count() + 1 < CHANGES => {}
            (News::Changed(_), Some(_)) => {
                let all = Changed { name: None, what: What { rescan: true, ..What::default() } };
                self.late.retain(|(other, _)| *other != handle);
                return self.late.push_back((handle, News::Changed(all)));
            }
            (_, Some(_)) => return,
        }
        self.late.push_back((handle, news));
    }

    /// Something that came while data waited, once none do.
    pub(in crate::script) fn next_late(&mut self) -> Option<(u64, News)> {
        if self.waiting.is_empty() { self.late.pop_front() } else { None }
    }

    /// What is to be called for it; none where it was taken out meanwhile, or has nothing to tell.
    pub(in crate::script) fn due(&mut self, ctx: &mut Ctx<'_>, handle: u64, news: &News) -> Option<Due> {
        let bound = self.all.get_mut(&handle)?;
        let mut args = bound.call.args.clone();
        let (mut fd, mut about) = (None, rhai::Map::new());
        match (news, &bound.event) {
            (News::Due(missed), event) => {
                if *missed > 0 && matches!(event, Event::Every(_)) && !std::mem::replace(&mut bound.warned, true) {
                    let text = "beats are missed, as the train does not keep up; one call stands for all of them (told once)";
                    ctx.say(Priority::Warning, text);
                }
                about.insert("missed".into(), Dynamic::from_int(*missed as i64));
            }
            (News::Ready, Event::Fd(number)) => {
                let channel = self.channels.get_mut(number)?;
                channel.heeded = false;
                let ready = channel.look();
                if ready == Ready::default() {
                    return None;
                }
                fd = Some(*number);
                about.insert("fd".into(), Dynamic::from_int((*number).into()));
                about.insert("ready".into(), Dynamic::from_array(ready.words()));
            }
            (News::Changed(changed), Event::Path(path, _)) => {
                let name = changed.name.as_ref().map_or(Dynamic::UNIT, |name| name.to_string_lossy().into_owned().into());
                about.insert("path".into(), path.to_string_lossy().into_owned().into());
                about.insert("name".into(), name);
                about.insert("what".into(), Dynamic::from_array(words::told(changed.what)));
            }
            #[cfg(feature = "http")]
            (News::Response(response), _) => about = to_rhai(response).try_cast().unwrap_or_default(),
            (News::Signal(signal), _) => {
                about.insert("signal".into(), super::signals::name(*signal).into());
            }
            _ => return None,
        }
        let call = Rc::clone(&bound.call);
        if call.told {
            args.push(Dynamic::from_map(about));
        }
        let (again, over) = (matches!(bound.event, Event::Cron(_)), bound.event.is_once());
        if again || over {
            bound.token.take().map(|token| self.tokens.remove(&token));
        }
        if over {
            self.all.remove(&handle);
        } else if again && let Err(error) = self.bind_one(ctx, handle) {
            // The end has begun.
            log::debug(format_args!("{}: {error}", self.name));
        }
        let may_pardon = matches!(news, News::Signal(signal) if matches!(super::signals::name(*signal), "INT" | "TERM"));
        Some(Due { function: call.function.clone(), args, may_pardon, fd })
    }

    /// After the call: a descriptor behind which nobody is any more is taken out.
    pub(in crate::script) fn after(&mut self, ctx: &mut Ctx<'_>, due: &Due) {
        let Some(fd) = due.fd else { return };
        let Some(channel) = self.channels.get(&fd) else { return };
        let ready = channel.look();
        // Who reads comes to the end by itself.
        let gone = (ready.hup || ready.err) && !ready.input && !channel.heeded;
        if !(gone || channel.ended && !channel.wanted.output) {
            return;
        }
        if let Some(bound) = self.all.remove(&channel.handle)
            && let Some(token) = bound.token
        {
            self.tokens.remove(&token);
            ctx.unbind(token);
            let why = if channel.ended { "it has ended" } else { "the other side has closed it" };
            ctx.say(Priority::Info, &format!("descriptor {fd} is not waited for any more: {why}"));
        }
    }

    // --- what is sent -----------------------------------------------------------------------------------------------

    /// Sends a new event, or keeps it until there is room.
    pub(in crate::script) fn send(&mut self, ctx: &mut Ctx<'_>, datum: Datum) {
        if !self.closed && (!self.waiting.is_empty() || ctx.room() == 0) {
            self.waiting.push_back(datum);
        } else {
            let place = ctx.next_origin();
            ctx.emit_new(datum, place);
        }
    }

    /// After all that a call has sent: who has found no room is told of some.
    pub(in crate::script) fn heed_room(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.wants_room && !self.closed && ctx.room() > 0 {
            // What was to be sent has failed, and with it the word of room.
            self.nudge = Some(ctx.soon()?);
        }
        Ok(())
    }

    /// Whether that is what [`Waits::heed_room`] has bound.
    pub(in crate::script) fn is_nudge(&mut self, token: Token) -> bool {
        self.nudge.take_if(|nudge| *nudge == token).is_some()
    }

    /// Sends what waits, as far as there is room. Whether the script is to be told that there is some.
    pub(in crate::script) fn go_on(&mut self, ctx: &mut Ctx<'_>) -> bool {
        while !self.waiting.is_empty() && (self.closed || ctx.room() > 0) {
            let Some(datum) = self.waiting.pop_front() else { break };
            let place = ctx.next_origin();
            ctx.emit_new(datum, place);
        }
        self.waiting.is_empty() && std::mem::take(&mut self.wants_room)
    }

    // --- the end ----------------------------------------------------------------------------------------------------

    /// From here on nothing can be bound; what waited for room goes on without.
    pub(in crate::script) fn close(&mut self, ctx: &mut Ctx<'_>) {
        self.closed = true;
        self.late.clear();
        self.go_on(ctx);
    }

    /// Takes out all that is bound.
    pub(in crate::script) fn unbind_all(&mut self, ctx: &mut Ctx<'_>) {
        self.tokens.clear();
        if let Some(nudge) = self.nudge.take() {
            ctx.unbind(nudge);
        }
        for token in self.all.drain().filter_map(|(_, bound)| bound.token) {
            ctx.unbind(token);
        }
    }
}
