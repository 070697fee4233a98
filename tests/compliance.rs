//! What holds for every cog of the table, whatever it does: what it was given is accounted for at its end, nothing of it stays
//! bound, and nothing can be bound afterwards.

use std::rc::Rc;
use std::time::Duration;

use deadbeat::cog::{Batch, Books, Cog, CogSpec, Ctx, Event, Kind, Lit, OnError, Outcome, Seat, Ty};
use deadbeat::datum::{Datum, json};
use deadbeat::error::Result;
use deadbeat::escapement::{Clock, Escapement, Token, Wake};
use deadbeat::script::{Setting, Wound, wind_text};

use crate::examples::all;
use crate::rig::{mmdb, root};

/// One cog, alone.
pub(crate) struct Stand {
    wound: Wound,
    cog: Box<dyn Cog>,
    pub(crate) seat: Seat,
    esc: Escapement,
    pub(crate) books: Rc<Books>,
    /// Data that came out.
    pub(crate) out: u64,
    /// Those that were not taken yet.
    data: Vec<Datum>,
    /// What went the error route.
    pub(crate) letters: Vec<Datum>,
}

impl Stand {
    /// The cog that this constructor makes, wound.
    fn new(make: &str) -> Self {
        Self::with(make, None)
    }

    /// The same, with that `on_error`.
    pub(crate) fn with(make: &str, on_error: Option<OnError>) -> Self {
        let script = format!("let train = movement::train();\ntrain.update([{make}]);\ntrain.run();\n");
        let mut wound = wind_text("stand.rhai", &script, root(), Setting::default()).unwrap_or_else(|_| panic!("{make} does not compile"));
        let faults: String = wound.reports.iter().filter(|report| !report.warning).map(|report| report.render(false)).collect();
        assert_eq!(faults, "", "{make}");
        let (cog, mut common) = wound.cogs.remove(0);
        common.on_error = on_error.or(common.on_error);
        let esc = Escapement::new(Clock::real()).expect("the system has what it needs");
        let mut stand =
            Self { wound, cog, seat: Seat::new(0, "cog", common), esc, books: Books::new(), out: 0, data: Vec::new(), letters: Vec::new() };
        stand.cog.open().unwrap_or_else(|error| panic!("{make}: {error}"));
        stand.call(|cog, ctx| cog.wind(ctx));
        stand
    }

    fn call(&mut self, f: impl FnOnce(&mut dyn Cog, &mut Ctx<'_>) -> Result<()>) {
        let mut ctx = Ctx::new(&mut self.esc, &self.books, &mut self.seat, Vec::new());
        f(&mut *self.cog, &mut ctx).unwrap_or_else(|error| panic!("{}: {error}", self.wound.graph.nodes[0].label));
        let (emitted, _) = ctx.into_emitted();
        self.out += emitted.len() as u64;
        for event in emitted {
            self.books.settle(&event.lineage, Outcome::Delivered);
            self.data.push(event.datum);
        }
        for event in std::mem::take(&mut self.seat.failed) {
            self.books.settle(&event.lineage, Outcome::Delivered);
            self.letters.push(event.datum);
        }
    }

    /// Hands in one datum, as JSON.
    fn feed(&mut self, text: &str, number: u64) {
        self.give(json::read(text).expect("an example's input is JSON"), number);
    }

    /// Hands in one datum.
    pub(crate) fn give(&mut self, datum: Datum, number: u64) {
        let block = self.books.block(1, number);
        let lineage = self.books.open(&block, 0);
        self.call(|cog, ctx| cog.turn_batch(ctx, Batch { events: vec![Event { datum, lineage }] }));
    }

    /// What came out since it was asked last.
    pub(crate) fn take(&mut self) -> Vec<Datum> {
        std::mem::take(&mut self.data)
    }

    /// What becomes of that datum, in a batch of its own: the data that come out, or the error.
    pub(crate) fn answer(&mut self, datum: Datum) -> Result<Vec<Datum>, String> {
        self.letters.clear();
        self.give(datum, 0);
        match self.letters.first().and_then(Datum::as_map).and_then(|letter| letter.by_name("error")) {
            Some(error) => Err(error.piece().into_owned()),
            None => Ok(self.take()),
        }
    }

    fn wake(&mut self, token: Option<Token>, wake: Wake) {
        self.seat.woken_by = token;
        self.call(|cog, ctx| cog.wake(ctx, wake));
    }

    /// As the train ends a cog.
    fn finish(&mut self) {
        self.finish_within(Duration::from_secs(10));
    }

    /// The same, for a cog that has so long to come to its end by itself.
    pub(crate) fn finish_within(&mut self, patience: Duration) {
        self.call(|cog, ctx| cog.finish(ctx));
        let deadline = self.esc.now() + patience;
        while self.cog.busy() {
            let Some(fired) = self.esc.next_until(deadline).expect("the reactor works") else { break };
            self.wake(Some(fired.token), fired.wake);
        }
        if self.cog.busy() {
            self.wake(None, Wake::GiveUp);
        }
    }
}

/// The address of a server that is content with everything; it serves all tests of this file.
#[cfg(feature = "http")]
fn server() -> String {
    use crate::rig::http::{Act, HttpServer};
    static SERVER: std::sync::OnceLock<HttpServer> = std::sync::OnceLock::new();
    let server = SERVER.get_or_init(HttpServer::start);
    server.tell("/", [Act::ok("")]);
    server.url("/")
}

/// The file that examples name lies in a directory that only a process of its own has; this one serves all tests of this file.
fn cities() -> std::path::PathBuf {
    static FILE: std::sync::OnceLock<tempfile::NamedTempFile> = std::sync::OnceLock::new();
    let file = FILE.get_or_init(|| {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        std::fs::write(file.path(), mmdb::cities()).expect("it can be written to");
        file
    });
    file.path().to_owned()
}

/// Ways to make a cog: its examples, or what it needs at least.
pub(crate) fn makes(spec: &CogSpec, dir: &str) -> Vec<(String, &'static str, usize)> {
    if spec.path() == "ip::geoip" {
        return vec![(format!("ip::geoip(\"{}\")", cities().display()), r#"{"ip": "192.0.2.7"}"#, 1)];
    }
    if !spec.examples.is_empty() {
        return spec.examples.iter().map(|example| (example.make.to_owned(), example.input, example.output.len())).collect();
    }
    // What they need is no path alone, or one where a file is; to that port it can be sent whether anybody is there or not.
    match spec.name {
        "file_supply" => return vec![(format!("fs::file_supply(\"{}\")", root().join("Cargo.toml").display()), "", 0)],
        "socket_supply" => return vec![(format!("socket::socket_supply(\"{dir}/socket\")"), "", 0)],
        "socket_drain" => return vec![("socket::socket_drain(\"udp:127.0.0.1:9\")".into(), "\"a line\"", 0)],
        "exec" => return vec![("process::exec([\"cat\"])".into(), "\"a line\"", 1)],
        _ => {}
    }
    let required = spec.params.iter().filter(|param| param.default == Lit::Required).map(|param| match param.ty {
        #[cfg(feature = "http")]
        Ty::Str | Ty::Strs if param.name == "url" => format!("url: {:?}", server()),
        Ty::Str if param.name == "listen" => "listen: \"127.0.0.1:0\"".to_owned(),
        Ty::Str | Ty::Strs => format!("{}: \"{dir}/{}\"", param.name, spec.name),
        other => panic!("{}: what is {other:?} for `{}`?", spec.path(), param.name),
    });
    let made = spec.params.iter().filter(|param| param.name == "make_dirs").map(|_| "make_dirs: true".to_owned());
    let required = required.chain(made);
    let input = if spec.kind == Kind::Supply { "" } else { "\"a line\"" };
    vec![(format!("{}(#{{{}}})", spec.path(), required.collect::<Vec<_>>().join(", ")), input, usize::from(spec.kind != Kind::Drain))]
}

/// Data of each example that are handed in.
const DATA: u64 = 3;

#[test]
fn at_its_end_a_cog_has_accounted_for_all_and_let_go_of_all() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    for spec in all() {
        // Its writing belongs to a process of its own: other tests look at it.
        if spec.name == "stdout_drain" {
            continue;
        }
        for (make, input, _) in makes(spec, dir.path().to_str().expect("it is text")) {
            let mut stand = Stand::new(&make);
            if !input.is_empty() {
                (0..DATA).for_each(|number| stand.feed(input, number));
            }
            stand.finish();
            let books = stand.books.balance();
            assert_eq!(books.in_flight, 0, "{make}: something is still held: {books:?}");
            assert_eq!(books.born + books.split, books.delivered + books.filtered + books.failed + books.merged, "{make}: {books:?}");
            assert_eq!((books.failed, stand.seat.stats.errors), (0, 0), "{make}: {books:?}");
            assert_eq!(stand.esc.bound(0), 0, "{make}: something is still bound");
            stand.seat.closed = true;
            let refused = Ctx::new(&mut stand.esc, &stand.books, &mut stand.seat, Vec::new()).soon().is_err();
            assert!(refused, "{make}: binding after the end");
            stand.cog.done();
        }
    }
}

#[test]
fn a_cog_that_neither_splits_nor_swallows_gives_as_many_as_it_was_given() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    for spec in all().filter(|spec| !matches!(spec.kind, Kind::Supply | Kind::Drain | Kind::Window)) {
        for (make, input, outputs) in makes(spec, dir.path().to_str().expect("it is text")) {
            // More than one: a header that is written once, for instance.
            if outputs != 1 {
                continue;
            }
            let mut stand = Stand::new(&make);
            (0..DATA).for_each(|number| stand.feed(input, number));
            stand.finish();
            assert_eq!(stand.out, DATA, "{make}");
            stand.cog.done();
        }
    }
}

#[test]
fn winding_touches_nothing() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    for spec in all() {
        for (make, ..) in makes(spec, dir.path().to_str().expect("it is text")) {
            let script = format!("movement::train().update([{make}]);\n");
            assert!(wind_text("stand.rhai", &script, root(), Setting::default()).is_ok(), "{make}");
        }
    }
    assert_eq!(std::fs::read_dir(dir.path()).expect("it is there").count(), 0);
}
