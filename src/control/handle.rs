//! Which command does what, and how its answer finds back.

use std::time::Duration;

use super::words::{Words, Wrong};
use super::{Control, Later, Wait, map};
use crate::datum::{Datum, json};
use crate::escapement::{Token, Wake};
use crate::log;
use crate::train::Train;

/// What a command gives: an answer, or nothing yet.
pub(super) type Answer = Result<Option<Datum>, Wrong>;

/// How long the counters are watched for a rate, where nobody has watched them.
const SAMPLE: Duration = Duration::from_millis(300);

/// Who asks, and under which id.
#[derive(Clone)]
pub(super) struct Asker {
    /// The client.
    pub(super) client: u64,
    /// Its id of the request.
    pub(super) request: Datum,
}

impl Control {
    /// Does what a line asks for: `{"id": …, "cmd": "ls"}`, or the command alone.
    pub(super) fn request(&mut self, train: &mut Train, client: u64, line: &str) {
        let (request, command) = match json::read(line) {
            Ok(Datum::Map(map)) => {
                let request = map.by_name("id").cloned().unwrap_or_default();
                let Some(command) = map.by_name("cmd").and_then(Datum::as_str) else {
                    let wrong = ("a request is `{\"id\": 1, \"cmd\": \"ls\"}`: it has no `cmd`".to_owned(), None);
                    return self.answer(client, &request, Err(wrong));
                };
                (request, command.to_owned())
            }
            _ if line.starts_with('{') => {
                return self.answer(client, &Datum::Unit, Err(("a request that is no JSON".to_owned(), None)));
            }
            _ => (Datum::Unit, line.to_owned()),
        };
        let asker = Asker { client, request };
        match self.command(train, &asker, &command) {
            Ok(Some(data)) => self.answer(client, &asker.request, Ok(data)),
            Ok(None) => {}
            Err(wrong) => self.answer(client, &asker.request, Err((wrong.text, wrong.hint))),
        }
    }

    /// Answers a client, if it is still there.
    pub(super) fn answer(&mut self, client: u64, request: &Datum, answer: Result<Datum, (String, Option<String>)>) {
        if let Some(client) = self.clients.get_mut(&client) {
            client.answer(request, answer);
        }
    }

    /// Answers when what this token stands for has come.
    pub(super) fn wait(&mut self, train: &mut Train, token: Token, asker: &Asker, what: Wait) {
        train.escapement().weaken(token);
        self.later.insert(token, Later { client: asker.client, request: asker.request.clone(), what });
    }

    fn command(&mut self, train: &mut Train, asker: &Asker, line: &str) -> Answer {
        let words = Words::parse(line)?;
        let client = asker.client;
        if let Some(wrong) = Self::refused(train, &words) {
            return Err(wrong);
        }
        let needs_rates = matches!(words.command.name, "ls" | "stats") || words.option("--live").is_some();
        if needs_rates && !self.rates.are_fresh(train.escapement().now()) {
            self.rates.sample(train);
            let token = train.escapement().after(Train::OVERSEER, SAMPLE);
            self.wait(train, token, asker, Wait::Rates(line.to_owned()));
            return Ok(None);
        }
        let done = match words.command.name {
            "ls" | "top" => self.ls(train, &words),
            "cog" => self.show_cog(train, &words),
            "stats" => Ok(self.stats(train)),
            "dot" => self.dot(train, &words),
            "errors" => Self::errors(train, &words),
            "log" => self.log(client, &words),
            "fields" => self.fields(train, &words),
            "count" => return self.count(train, asker, &words),
            "timeline" => self.timeline(train, &words),
            "slow" => self.slow(train, &words),
            "status" => Ok(self.status(train)),
            "tap" => self.tap(train, client, &words),
            "untap" => self.untap(train, client, &words),
            "taps" => Ok(self.list_taps(client)),
            "break" => self.set_break(train, client, &words),
            "bl" => Ok(self.list_breaks(train)),
            "bd" => self.delete_break(train, &words),
            "be" => self.enable_break(train, &words),
            "step" => self.step(train, client, false),
            "follow" => self.step(train, client, true),
            "trace" => self.trace(train, client, &words),
            "continue" => self.go_on(train, client, &words),
            "drop" => self.discard(train, client),
            "back" => self.back(train, client),
            "why" => return self.why(train, asker, &words),
            "whynot" => self.whynot(train, &words),
            "record" => self.record(train, client, &words),
            "recent" => self.recent(train, &words),
            "inject" => return self.inject(train, asker, &words),
            "replay" => return self.replay(train, asker, &words),
            "eval" => return self.eval(train, asker, &words),
            "set" => return self.set(train, asker, &words),
            "emit" => return self.emit(train, asker, &words),
            "into" | "over" | "next" | "out" | "quit-into" => return self.step_inside(train, asker, &words),
            "reload" => return self.reload(train, asker, &words),
            "save-test" => self.save_test(train, &words),
            "list" => self.list(train, &words),
            "undo" => self.undo(train),
            "functions" => return self.functions(train, asker, &words),
            "interrupt" => {
                self.bench.interrupt_session(client);
                Ok(Datum::from("interrupted"))
            }
            "pause" => Self::pause(train, &words, true),
            "resume" => Self::pause(train, &words, false),
            "run" => Self::run(train),
            "stop" => Ok(self.stop(train)),
            "help" => Self::help(&words),
            other => Err(Wrong::new(format!("`{other}` does not work here"))),
        };
        done.map(Some)
    }

    /// What was waited for has come.
    pub(super) fn answer_later(&mut self, train: &mut Train, later: Later, wake: Wake) {
        let asker = Asker { client: later.client, request: later.request };
        let answer = match later.what {
            Wait::Rates(command) => {
                self.rates.sample(train);
                self.command(train, &asker, &command)
            }
            Wait::Count(number) => Ok(Some(self.counted(train, number))),
            Wait::Bench(meant) => self.answered(train, &asker, meant, wake),
            Wait::Trial(meant) => self.tried(train, meant, wake),
        };
        match answer {
            Ok(Some(data)) => self.answer(asker.client, &asker.request, Ok(data)),
            Ok(None) => {}
            Err(wrong) => self.answer(asker.client, &asker.request, Err((wrong.text, wrong.hint))),
        }
    }

    fn log(&mut self, client: u64, words: &Words) -> Result<Datum, Wrong> {
        let word = words.need(0)?;
        let level = match word {
            "off" => None,
            word => Some(log::Priority::parse(word).ok_or_else(|| {
                Wrong::new(format!("`{word}` is no priority")).hint("error, warning, notice, info, debug; `off` ends it")
            })?),
        };
        if let Some(client) = self.clients.get_mut(&client) {
            client.level = level;
        }
        self.heed_log();
        Ok(Datum::from(format!("log lines from `{word}` on")))
    }

    /// Listens to the log as far as anybody wants it.
    pub(super) fn heed_log(&mut self) {
        log::listen(self.clients.values().filter_map(|client| client.level).max());
    }

    /// Tells log lines to those who want them.
    pub(super) fn tell_log(&mut self) {
        if self.clients.values().all(|client| client.level.is_none()) {
            return;
        }
        for (time, priority, text) in log::heard() {
            let line = map([
                ("event", Datum::from("log")),
                ("time", Datum::from(time.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string())),
                ("priority", Datum::from(priority.to_string())),
                ("text", Datum::from(text)),
            ]);
            for client in self.clients.values_mut().filter(|client| client.level.is_some_and(|level| priority <= level)) {
                client.tell(&line);
            }
        }
    }

    fn help(words: &Words) -> Result<Datum, Wrong> {
        let Some(name) = words.arg(0) else {
            let list = super::words::COMMANDS.iter().map(|command| {
                map([
                    ("group", Datum::from(command.group)),
                    ("command", Datum::from(format!("{} {}", command.name, command.usage).trim_end())),
                    ("about", Datum::from(command.about)),
                ])
            });
            return Ok(Datum::List(list.collect()));
        };
        let Some(command) = super::words::command(name.trim_start_matches(':')) else {
            return Err(Wrong::new(format!("there is no command `{name}`")).hint("`help` lists all; `deadbeat cogs NAME` explains a cog"));
        };
        let examples = command.examples.iter().map(|example| Datum::from(*example)).collect();
        Ok(map([
            ("command", Datum::from(format!("{} {}", command.name, command.usage).trim_end())),
            ("about", Datum::from(command.about)),
            ("aliases", Datum::List(command.aliases.iter().map(|alias| Datum::from(*alias)).collect())),
            ("examples", Datum::List(examples)),
        ]))
    }
}
