//! What is fuzzed: each function takes bytes, and panics when a promise is broken. `cargo fuzz` and the stable test share them.

use std::path::Path;
use std::rc::Rc;
use std::time::SystemTime;

use deadbeat::cog::{Args, Batch, Books, Cog, Ctx, Event, Outcome, Seat};
use deadbeat::cogs::COGS;
use deadbeat::conf::{self, Cast, Entry, Item, Request};
use deadbeat::datum::{Datum, json};
use deadbeat::disk;
use deadbeat::escapement::{Clock, Escapement};
use deadbeat::script::{Setting, Wound, wind_text};
use deadbeat::state::{Checkpoint, Found, OnBad};
use tempfile::TempDir;

/// Name and function of each.
#[allow(clippy::type_complexity, reason = "a name and what it stands for")]
pub(crate) const TARGETS: &[(&str, fn(&[u8]))] =
    &[("json", json), ("csv", csv), ("lexicon", lexicon), ("script", script), ("configuration", configuration), ("checkpoint", checkpoint)];

/// JSON is read where `serde_json` reads it, means the same, and can be dropped.
pub(crate) fn json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    match (json::read(text), theirs) {
        (Ok(ours), Ok(theirs)) => {
            let again = json::to_string(&ours);
            let read = serde_json::from_str::<serde_json::Value>(&again)
                .unwrap_or_else(|error| panic!("{text:?} was written as {again:?}: {error}"));
            assert_eq!(read, theirs, "{text:?}");
        }
        (Err(_), Err(_)) => {}
        // Half of a surrogate pair is a letter that nobody knows, and not the end of a line of log.
        (Ok(_), Err(_)) if text.to_ascii_lowercase().contains("\\ud") => {}
        // Each draws the line at 128 in its own way.
        (ours, theirs) if depth(text) > 120 => drop((ours, theirs)),
        (ours, theirs) => panic!("{text:?}: ours {:?}, theirs {theirs:?}", ours.map(|datum| json::to_string(&datum))),
    }
}

/// Brackets that are open at most, strings not being looked at.
fn depth(text: &str) -> usize {
    let mut now = 0_usize;
    let mut most = 0;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => now += 1,
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// A cog that stands alone.
struct Stand {
    cog: Box<dyn Cog>,
    seat: Seat,
    esc: Escapement,
    books: Rc<Books>,
    _wound: Wound,
}

impl Stand {
    /// The cog that this constructor makes; none when it is refused.
    fn new(make: &str) -> Option<Self> {
        let text = format!("let train = movement::train();\ntrain.update([{make}]);\ntrain.run();\n");
        let mut wound = wind_text("stand.rhai", &text, std::path::Path::new("."), Setting::default()).ok()?;
        if wound.is_faulty() || wound.cogs.is_empty() {
            return None;
        }
        let (cog, common) = wound.cogs.remove(0);
        let esc = Escapement::new(Clock::real()).expect("the system has what it needs");
        Some(Self { cog, seat: Seat::new(0, "cog", common), esc, books: Books::new(), _wound: wound })
    }

    /// What it makes of a datum; none where it fails.
    fn turn(&mut self, datum: Datum) -> Vec<Datum> {
        let block = self.books.block(1, 1);
        let lineage = self.books.open(&block, 0);
        let mut ctx = Ctx::new(&mut self.esc, &self.books, &mut self.seat, Vec::new());
        let _ = self.cog.turn_batch(&mut ctx, Batch { events: vec![Event { datum, lineage }] });
        let (out, _) = ctx.into_emitted();
        for event in &out {
            self.books.settle(&event.lineage, Outcome::Delivered);
        }
        out.into_iter().map(|event| event.datum).collect()
    }
}

thread_local! {
    static CSV: std::cell::RefCell<Stand> = std::cell::RefCell::new(Stand::new("text::csv_parse()").expect("it needs nothing"));
}

/// A line of CSV is read as the csv crate reads it.
pub(crate) fn csv(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else { return };
    let ours = CSV.with_borrow_mut(|stand| stand.turn(Datum::str(line)));
    // Line ends are not part of a line, and a NUL is none of CSV.
    if line.is_empty() || line.contains(['\n', '\r', '\0', '\u{feff}']) {
        return;
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    if let (Some(ours), Some(Ok(theirs))) = (ours.first(), reader.records().next()) {
        let ours: Vec<String> =
            ours.as_list().expect("the fields").iter().map(|field| field.as_str().expect("a field is text").to_string()).collect();
        assert_eq!(ours, theirs.iter().map(str::to_owned).collect::<Vec<_>>(), "{line:?}");
    }
}

/// A lexicon of the first line's expression, before the second line's: the other lines are matched as one by one.
pub(crate) fn lexicon(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return };
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let make = |rules: &str| Stand::new(&format!("text::regexp_lexicon(#{{ rules: [{rules}], matched_setter: \"rule\" }})"));
    let (first, second) = (quoted(first), quoted(second));
    let Some(mut both) = make(&format!("{first}, {second}")) else { return };
    let (Some(mut one), Some(mut two)) = (make(&first), make(&second)) else { return };
    for line in lines {
        let matched = |stand: &mut Stand| {
            stand.turn(Datum::str(line)).first().and_then(|datum| datum.as_map()?.by_name("rule").cloned()).and_then(|rule| rule.as_int())
        };
        let wanted = matched(&mut one).or_else(|| matched(&mut two).map(|_| 2));
        assert_eq!(matched(&mut both), wanted, "{text:?} on {line:?}");
    }
}

/// A script is wound or refused, within its limits.
pub(crate) fn script(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match wind_text("fuzz.rhai", text, std::path::Path::new("."), Setting::default()) {
        Ok(wound) => wound.reports.iter().for_each(|report| drop(report.render(false))),
        Err(reports) => reports.iter().for_each(|report| drop(report.render(true))),
    }
}

/// Options of the command line, one a line, are taken or refused.
pub(crate) fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let cast = |name: &str| Cast::all().into_iter().find(|(_, known, _)| *known == name).expect("there is such a cast").2;
    let item = |name: &str, cast, default: Datum| Entry::Item(Item::with(name, cast, "an option", default));
    let typedef = vec![
        item("number", cast("cast_int"), Datum::Int(1)),
        item("text", cast("cast_string"), Datum::str("x")),
        Entry::section("part", "a part", vec![item("flag", cast("cast_boolean"), Datum::Bool(false))]),
    ];
    let argv = text.lines().take(50).map(Into::into).collect();
    match conf::gather(Request { typedef, name: "fuzz".into(), argv, ..Request::default() }) {
        Ok(conf::Outcome::Gathered(gathered)) => assert!(gathered.values.by_name("number").is_some(), "{text:?}"),
        Ok(conf::Outcome::Print { .. }) => {}
        Err(problems) => assert!(!problems.is_empty(), "{text:?}"),
    }
}

thread_local! {
    static PLACE: TempDir =
        tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("there is some place for temporary files");
}

/// The cog whose checkpoints are tried.
const TAIL: &str = "fs::file_watcher_supply";

fn open(state: &Path, on_bad: OnBad) -> Option<(Checkpoint, Found)> {
    let opened = Checkpoint::open(&disk::real(), state, TAIL, on_bad, SystemTime::UNIX_EPOCH);
    opened.map_err(|error| assert!(error.is_refusal(), "{error}")).ok()
}

fn empty(place: &Path) {
    for entry in std::fs::read_dir(place).expect("it is there") {
        std::fs::remove_file(entry.expect("it can be read").path()).expect("it can be removed");
    }
}

/// Some bytes as a state file, and as what stands in one that is whole: they are used or refused, and what is used is there the next time
/// too.
pub(crate) fn checkpoint(data: &[u8]) {
    PLACE.with(|place| {
        let state = place.path().join("state");
        empty(place.path());
        std::fs::write(&state, data).expect("it can be written");
        let found = open(&state, OnBad::Refuse).map(|(_, found)| found);
        // Nothing but another program's file is a reason not to begin again.
        let again = open(&state, OnBad::Begin).map(|(_, found)| found);
        assert!(found.is_none() || found == again, "{found:?}, {again:?}");
        let Ok(text) = std::str::from_utf8(data) else { return };
        empty(place.path());
        let (file, found) = open(&state, OnBad::Refuse).expect("there is none");
        assert_eq!(found, Found::First);
        file.save(&file.next(vec![text.into()], true)).expect("it can be written");
        drop(file);
        // As text it may be more than the one value that it should be: that is told by its reader.
        std::fs::write(place.path().join("log"), "a line\n").expect("it can be written");
        tail(place.path(), &state);
    });
}

/// A tail begins with that checkpoint, or refuses it; the one that it writes is good.
fn tail(place: &Path, state: &Path) {
    let spec = COGS.iter().find(|spec| spec.path() == TAIL).expect("there is such a cog");
    let names = Datum::List(vec![place.join("log").to_string_lossy().into_owned().into()]);
    let state_file = Datum::from(state.to_string_lossy().into_owned());
    let args = Args::of(spec, vec![("filenames", names.into()), ("state_file", state_file.into())]);
    let mut cog = (spec.build)(&args).expect("its options are right");
    let (mut esc, books) = (Escapement::new(Clock::real()).expect("the system has what it needs"), Books::new());
    let mut seat = Seat::new(0, "tail", args.common());
    let mut ctx = Ctx::new(&mut esc, &books, &mut seat, Vec::new());
    match cog.wind(&mut ctx) {
        Ok(()) => {
            cog.finish(&mut ctx).expect("it can end");
            cog.done();
            let found = open(state, OnBad::Refuse).expect("it was just written").1;
            assert!(matches!(found, Found::Kept { clean: true, .. }), "{found:?}");
        }
        Err(error) => assert!(error.is_refusal(), "{error}"),
    }
}
