//! What the shell knows of the process it is attached to: for the prompt, and for those who complete what is typed.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::paint::clean;
use super::render::{part, text};
use crate::datum::{Datum, Map};

/// Ids of events that are remembered for completion.
const IDS: usize = 300;
/// Fields are asked for anew when they are older.
const OLD: Duration = Duration::from_secs(5);

/// An event that is parked for this shell.
#[derive(Clone, Debug)]
pub(super) struct Parked {
    number: i64,
    /// Where.
    pub(super) cog: String,
    /// Which.
    pub(super) id: String,
}

/// A function that scripts may call.
#[derive(Clone, Debug)]
pub(super) struct Function {
    /// Its name, with its module.
    pub(super) name: String,
    /// How it is called.
    pub(super) signature: String,
    /// What it does.
    pub(super) about: String,
}

/// A field that was seen: its path, and its types.
pub(super) type Field = (String, String);

/// What is known.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Known {
    /// The process's name.
    pub(super) name: String,
    /// Its script.
    pub(super) script: String,
    /// Where that stands, whatever directory the shell is in.
    pub(super) path: String,
    /// Its number.
    pub(super) pid: i64,
    /// Its cogs.
    pub(super) cogs: Vec<String>,
    /// Ids of events, the newest last.
    pub(super) ids: VecDeque<String>,
    /// The functions.
    pub(super) functions: Vec<Function>,
    /// Fields by cog, and since when they are known.
    fields: HashMap<String, (Instant, Vec<Field>)>,
    /// Cogs whose fields are asked for.
    asked: HashMap<String, Instant>,
    /// Parked events; the first is the one that is looked at.
    parked: VecDeque<Parked>,
    /// It steps inside a cog.
    pub(super) inside: bool,
    /// The cog that was named last.
    pub(super) last_cog: Option<String>,
    /// Taps with a limit that are not over.
    pub(super) open_taps: i64,
    /// The train was told to run.
    pub(super) runs: bool,
    /// The train has ended.
    pub(super) ended: bool,
    /// The process said that it ends.
    pub(super) ending: bool,
}

impl Known {
    /// The process says what it is.
    pub(super) fn hello(&mut self, map: &Map) {
        self.name = text(map, "name");
        self.script = text(map, "script");
        self.path = text(map, "path");
        self.pid = part(map, "pid").as_int().unwrap_or(0);
        self.cogs =
            part(map, "cogs").as_list().unwrap_or_default().iter().filter_map(|cog| Some(clean(cog.as_str()?).into_owned())).collect();
    }

    /// Something came by itself.
    pub(super) fn event(&mut self, kind: &str, map: &Map) {
        self.note_id(&text(map, "id"));
        match kind {
            "hello" => self.hello(map),
            "stop" => {
                let number = part(map, "parked").as_int().unwrap_or(0);
                self.parked.push_back(Parked { number, cog: text(map, "cog"), id: text(map, "id") });
            }
            "tap" => self.last_cog = Some(text(map, "cog")),
            "tapped" => self.open_taps -= 1,
            "ending" => {
                self.ending = true;
                self.parked.clear();
                self.open_taps = 0;
            }
            "ended" => self.ended = true,
            _ => {}
        }
    }

    /// A command was answered well.
    pub(super) fn answered(&mut self, command: &str, line: &str, data: &Datum) {
        let map = data.as_map();
        match command {
            "step" | "s" | "follow" | "trace" | "drop" | "emit" => self.gone(map.map(|map| text(map, "id")).filter(|_| command == "trace")),
            "continue" | "c" => {
                let gone = map.and_then(|map| part(map, "gone_on").as_int()).unwrap_or(1);
                (0..gone).for_each(|_| self.gone(None));
            }
            "back" | "set" => {
                if let (Some(map), Some(first)) = (map, self.parked.front_mut())
                    && part(map, "parked").as_int() == Some(first.number)
                {
                    first.cog = text(map, "cog");
                }
            }
            "run" => self.runs = true,
            "tap" if line.contains(" -n ") => self.open_taps += 1,
            "untap" => self.open_taps = (self.open_taps - data.as_list().map_or(0, |list| list.len() as i64)).max(0),
            _ => {}
        }
        if let Some(map) = map {
            self.inside = map.by_name("window").is_some() || self.inside && map.by_name("over").is_none();
        }
        for map in data.as_list().unwrap_or_default().iter().filter_map(Datum::as_map) {
            self.note_id(&text(map, "id"));
        }
    }

    /// A parked event has gone on.
    fn gone(&mut self, id: Option<String>) {
        self.inside = false;
        let place = id.and_then(|id| self.parked.iter().position(|parked| parked.id == id)).unwrap_or(0);
        self.parked.remove(place);
    }

    fn note_id(&mut self, id: &str) {
        if id.is_empty() || self.ids.iter().rev().take(20).any(|known| known == id) {
            return;
        }
        if self.ids.len() >= IDS {
            self.ids.pop_front();
        }
        self.ids.push_back(id.to_owned());
    }

    /// The parked event that is looked at.
    pub(super) fn parked(&self) -> Option<&Parked> {
        self.parked.front()
    }

    /// What stands before the input.
    pub(super) fn prompt(&self) -> String {
        match self.parked() {
            Some(parked) => {
                let number = parked.id.rsplit('#').next().unwrap_or_default();
                let inside = if self.inside { "/" } else { "" };
                format!("{}#{number}{inside}> ", parked.cog)
            }
            None => format!("{}> ", self.name),
        }
    }

    /// The fields of a cog have come.
    pub(super) fn put_fields(&mut self, cog: &str, data: &Datum) {
        let fields = data.as_list().unwrap_or_default().iter().filter_map(Datum::as_map);
        let fields = fields.map(|map| (text(map, "field"), text(map, "types"))).filter(|(path, _)| path != "e").collect();
        self.fields.insert(cog.to_owned(), (Instant::now(), fields));
    }

    /// The functions have come.
    pub(super) fn put_functions(&mut self, data: &Datum) {
        let all = data.as_list().unwrap_or_default().iter().filter_map(Datum::as_map);
        let all = all.map(|map| {
            let (name, module) = (text(map, "name"), text(map, "module"));
            let name = if module.is_empty() { name } else { format!("{module}::{name}") };
            Function { name, signature: text(map, "function"), about: text(map, "about") }
        });
        self.functions = all.collect();
    }

    /// Cogs whose fields are wanted, that one first, and neither known well enough nor asked for just now; they are from now on.
    pub(super) fn ask_fields(&mut self, first: Option<&str>) -> Vec<String> {
        let now = Instant::now();
        let fresh = |at: &Instant| now.duration_since(*at) < OLD;
        let wanted = first.into_iter().chain(self.cogs.iter().map(String::as_str));
        let mut found: Vec<String> = Vec::new();
        for cog in wanted {
            let known = self.fields.get(cog).is_some_and(|(at, fields)| fresh(at) && !fields.is_empty());
            let soon = self.asked.get(cog).is_some_and(|at| now.duration_since(*at) < Duration::from_secs(1));
            if !known && !soon && !found.iter().any(|other| other == cog) {
                found.push(cog.to_owned());
            }
        }
        self.asked.extend(found.iter().map(|cog| (cog.clone(), now)));
        found
    }

    /// Fields seen, those of that cog first.
    pub(super) fn fields(&self, first: Option<&str>) -> Vec<Field> {
        let mut found: Vec<Field> = Vec::new();
        let cogs = first.into_iter().chain(self.cogs.iter().map(String::as_str));
        for (path, types) in cogs.filter_map(|cog| self.fields.get(cog)).flat_map(|(_, fields)| fields) {
            if !found.iter().any(|(known, _)| known == path) {
                found.push((path.clone(), types.clone()));
            }
        }
        found
    }

    /// The cog whose data an expression is about: where the parked event is, else the one named last.
    pub(super) fn current_cog(&self) -> Option<&str> {
        self.parked().map(|parked| parked.cog.as_str()).or(self.last_cog.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datum::json;

    fn tell(known: &mut Known, text: &str) {
        let datum = json::read(text).unwrap();
        let map = datum.as_map().unwrap();
        known.event(&super::text(map, "event"), map);
    }

    #[test]
    fn the_prompt_follows_what_is_parked() {
        let mut known = Known::default();
        tell(&mut known, r#"{"event":"hello","name":"pipe","cogs":["parse"]}"#);
        assert_eq!(known.prompt(), "pipe> ");
        tell(&mut known, r#"{"event":"stop","parked":1,"cog":"parse","id":"stdin_supply#42"}"#);
        tell(&mut known, r#"{"event":"stop","parked":2,"cog":"parse","id":"stdin_supply#43"}"#);
        assert_eq!(known.prompt(), "parse#42> ");
        known.answered("back", "back", &json::read(r#"{"parked":1,"cog":"in"}"#).unwrap());
        assert_eq!(known.prompt(), "in#42> ");
        known.answered("step", "step", &json::read(r#"{"id":"stdin_supply#42"}"#).unwrap());
        assert_eq!(known.prompt(), "parse#43> ");
        known.answered("continue", "continue all", &json::read(r#"{"gone_on":1}"#).unwrap());
        assert_eq!(known.prompt(), "pipe> ");
        assert_eq!(known.ids, ["stdin_supply#42", "stdin_supply#43"]);
    }

    #[test]
    fn fields_of_the_cog_at_hand_come_first() {
        let mut known = Known { cogs: vec!["a".into(), "b".into()], ..Known::default() };
        assert_eq!(known.ask_fields(Some("b")), ["b", "a"]);
        assert!(known.ask_fields(None).is_empty(), "they are asked for already");
        known.put_fields("a", &json::read(r#"[{"field":"x","types":"int"},{"field":"y","types":"int"}]"#).unwrap());
        known.put_fields("b", &json::read(r#"[{"field":"y","types":"string"}]"#).unwrap());
        let found = known.fields(Some("b"));
        assert_eq!(found, [("y".to_owned(), "string".to_owned()), ("x".to_owned(), "int".to_owned())]);
    }
}
