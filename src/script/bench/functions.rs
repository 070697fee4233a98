//! The functions that a script may call, for completion and help.

use rhai::ScriptFnMetadata;

use super::tasks::FunctionInfo;
use crate::cogs::COGS;
use crate::script::convert::short_type;
use crate::script::host::Host;

/// All of them, in order of module and name; operators and what is not for scripts left out.
pub(super) fn of(host: &Host) -> Vec<FunctionInfo> {
    let is_name = |name: &str| name.starts_with(|c: char| c.is_alphabetic() || c == '_') && !name.contains('$');
    let mut all = host.engine.collect_fn_metadata(
        None,
        |info| {
            let (known, module) = (info.metadata, info.namespace.to_string());
            if !is_name(&known.name) {
                return None;
            }
            let spec = COGS.iter().find(|spec| spec.name == known.name && (spec.family == module || spec.global && module.is_empty()));
            if let Some(spec) = spec {
                let params = vec!["options: map".to_owned()];
                return Some(FunctionInfo { module, name: known.name.to_string(), params, about: spec.about.to_owned() });
            }
            let params = match &info.script {
                Some(script) => script.params.iter().map(ToString::to_string).collect(),
                None if known.params_info.is_empty() => vec!["_".to_owned(); known.num_params],
                None => known.params_info.iter().take(known.num_params).map(|param| plain(param)).collect(),
            };
            let about = about(known.comments.iter().map(AsRef::as_ref));
            Some(FunctionInfo { module, name: known.name.to_string(), params, about })
        },
        true,
    );
    let script = host.ast.iter_functions().filter(|function| is_name(function.name)).map(|function: ScriptFnMetadata<'_>| FunctionInfo {
        module: String::new(),
        name: function.name.to_owned(),
        params: function.params.iter().map(ToString::to_string).collect(),
        about: about(function.comments.iter().copied()),
    });
    all.extend(script);
    all.sort();
    all.dedup_by(|later, first| (&later.module, &later.name, &later.params) == (&first.module, &first.name, &first.params));
    all
}

/// `text: &str` with its type as scripts know it.
fn plain(param: &str) -> String {
    let Some((name, kind)) = param.split_once(':') else { return param.to_owned() };
    let kind = short_type(kind.trim().trim_start_matches("&mut "));
    if kind == "Dynamic" { name.trim().to_owned() } else { format!("{}: {kind}", name.trim()) }
}

/// The text of doc comments.
fn about<'a>(comments: impl Iterator<Item = &'a str>) -> String {
    let bare = |line: &str| {
        let line = line.trim_start_matches("/**").trim_end_matches("*/");
        line.strip_prefix("///").map_or_else(|| line.to_owned(), |rest| rest.strip_prefix(' ').unwrap_or(rest).to_owned())
    };
    let lines: Vec<String> = comments.flat_map(str::lines).map(bare).collect();
    lines.join("\n").trim().to_owned()
}
