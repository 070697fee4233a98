//! What became of each callable: lowered, or what kept it back.

use rhai::Position;

use super::compile::{Refusal, Shape, compile};
use crate::script::host::Host;

/// What became of one callable of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its name, or `closure:LINE`.
    pub name: String,
    /// The source it stands in, and the line.
    pub place: (String, usize),
    /// What kept it back, and the line of that; none when it is lowered.
    pub refused: Option<(String, Option<usize>)>,
}

/// The callables that cogs were given, and the script's own functions, in the order of their lines.
pub(in crate::script) fn told(host: &Host) -> Vec<Told> {
    let recorded = host.told.borrow();
    let mut all: Vec<(usize, Told)> = Vec::new();
    for (order, tree) in super::body::trees(host).enumerate() {
        for definition in tree.iter_fn_def() {
            let name = definition.name.as_str();
            let is_closure = name.starts_with("anon$");
            let refused = match recorded.get(name) {
                Some(fate) => fate.clone().err(),
                // The script's functions may be called by others; of a library, only those that a cog was given are told.
                None if !is_closure && order == 0 => {
                    compile(host, definition, Shape { this: definition.params.is_empty(), params: definition.params.len() }).err()
                }
                None => continue,
            };
            let begin = definition.body.start_position();
            let line = begin.line().unwrap_or(0);
            let shown = if is_closure { format!("closure:{line}") } else { name.to_owned() };
            let refused = refused.map(|Refusal { what, position, .. }| (what, Position::line(position)));
            all.push((order, Told { name: shown, place: (host.home(name).name.clone(), line), refused }));
        }
    }
    all.sort_by(|(a, x), (b, y)| (a, x.place.1, &x.name).cmp(&(b, y.place.1, &y.name)));
    all.into_iter().map(|(_, told)| told).collect()
}
