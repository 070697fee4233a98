//! Truth values, numbers, words, paths, choices, lists.

use std::rc::Rc;

use super::{Cast, not};
use crate::datum::Datum;
use crate::error::nearest;

const TRUE: [&str; 6] = ["true", "yes", "on", "1", "y", "t"];
const FALSE: [&str; 6] = ["false", "no", "off", "0", "n", "f"];

/// A truth value in many words; its options may stand alone.
pub fn boolean() -> Cast {
    let run = |value: &Datum| {
        let word = match value {
            Datum::Bool(_) => return Ok(value.clone()),
            Datum::Str(text) => text.trim().to_ascii_lowercase(),
            Datum::Int(n) => n.to_string(),
            _ => String::new(),
        };
        match word.as_str() {
            word if TRUE.contains(&word) => Ok(Datum::Bool(true)),
            word if FALSE.contains(&word) => Ok(Datum::Bool(false)),
            _ => Err(format!("{} ({}) or no ({})", not(value, "yes"), TRUE.join(", "), FALSE.join(", "))),
        }
    };
    Cast { switch: true, ..Cast::native("BOOL", Some("false"), run) }
}

/// A whole number.
pub fn int() -> Cast {
    Cast::native("INT", Some("1"), |value| {
        let number = value.as_str().map_or_else(|| value.as_int(), |text| text.trim().parse().ok());
        number.map(Datum::Int).ok_or_else(|| not(value, "an integer"))
    })
}

/// A number.
pub fn float() -> Cast {
    Cast::native("NUMBER", Some("1"), |value| {
        let number = value.as_str().map_or_else(|| value.as_float(), |text| text.trim().parse().ok());
        number.filter(|number| number.is_finite()).map(Datum::Float).ok_or_else(|| not(value, "a number"))
    })
}

/// Text; numbers and truth values as they are written.
pub fn string() -> Cast {
    Cast::native("TEXT", None, |value| match value {
        Datum::Str(text) => Ok(Datum::Str(text.detach())),
        Datum::Int(_) | Datum::Float(_) | Datum::Number(_) | Datum::Bool(_) => Ok(Datum::str(value.piece().into_owned())),
        _ => Err(not(value, "text")),
    })
}

/// One path; a leading `~` stands for the home directory.
pub fn path() -> Cast {
    Cast::native("PATH", None, |value| match value.as_str() {
        Some(text) if !text.is_empty() => one_path(text),
        _ => Err(not(value, "a path")),
    })
}

/// Paths, in an array or split at commas; a leading `~` stands for the home directory.
pub fn path_list() -> Cast {
    Cast::native("PATH,...", None, |value| {
        let paths = words(value).ok_or_else(|| not(value, "a list of paths"))?;
        paths.iter().map(|path| one_path(path)).collect::<Result<_, _>>().map(Datum::List)
    })
}

/// Values, in an array as they are, or words split at commas.
pub fn list() -> Cast {
    Cast::native("WORD,...", None, |value| match value.opened().as_ref() {
        Datum::List(items) => Ok(Datum::List(items.iter().map(Datum::detach).collect())),
        Datum::Str(_) => Ok(Datum::List(words(value).unwrap_or_default().into_iter().map(Datum::from).collect())),
        _ => Err(not(value, "a list")),
    })
}

/// One of some words, in any case.
pub fn choice(words: Vec<String>) -> Cast {
    let name = words.join("|");
    let sample = words.first().map(|word| Rc::from(word.as_str()));
    let run = move |value: &Datum| {
        let text = value.piece();
        if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(text.trim())) {
            return Ok(Datum::str(word.as_str()));
        }
        let near = nearest(&text, words.iter().map(String::as_str)).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let known: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        Err(format!("{}{near}", not(value, &format!("one of {}", known.join(", ")))))
    };
    Cast { sample, ..Cast::custom(&name, Rc::new(run)) }
}

/// A regular expression whose compiled form stays below 1 MiB; it stays text.
pub fn regex() -> Cast {
    Cast::native("REGEX", None, |value| {
        let Some(pattern) = value.as_str() else { return Err(not(value, "a regular expression")) };
        match regex::RegexBuilder::new(pattern).size_limit(1 << 20).build() {
            Ok(_) => Ok(Datum::str(pattern)),
            Err(e) => {
                // The library draws the place over several lines and explains it on the last.
                let text = e.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Err(format!("{}: {reason}", not(value, "a regular expression")))
            }
        }
    })
}

/// The texts of an array, or the words between commas, without blanks around them and without empty ones.
pub(super) fn words(value: &Datum) -> Option<Vec<String>> {
    let words: Vec<String> = match value.opened().as_ref() {
        Datum::List(items) => items.iter().map(|item| item.as_str().map(|text| text.trim().to_owned())).collect::<Option<_>>()?,
        Datum::Str(text) => text.split(',').map(|word| word.trim().to_owned()).collect(),
        _ => return None,
    };
    Some(words.into_iter().filter(|word| !word.is_empty()).collect())
}

fn one_path(path: &str) -> Result<Datum, String> {
    if path.contains('\0') {
        return Err(not(&path.into(), "a path, as it holds a zero byte"));
    }
    Ok(Datum::str(expand(path)))
}

/// `path` with the user's home directory in place of a leading `~`.
pub(in crate::conf) fn expand(path: &str) -> String {
    at_home(path, std::env::var("HOME").ok().as_deref())
}

/// `path` with the home directory in place of a leading `~`; `~somebody` stays.
fn at_home(path: &str, home: Option<&str>) -> String {
    match (path.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => format!("{}{rest}", home.trim_end_matches('/')),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{error, ok};
    use super::*;

    fn strings(words: &[&str]) -> Datum {
        Datum::List(words.iter().map(|word| Datum::str(*word)).collect())
    }

    #[test]
    fn truth_has_many_words() {
        for word in ["true", "YES", "On", "1", "y", "T"] {
            assert_eq!(ok(&boolean(), word), Datum::Bool(true));
        }
        for word in ["false", "NO", "Off", "0", "n", "F"] {
            assert_eq!(ok(&boolean(), word), Datum::Bool(false));
        }
        assert_eq!(ok(&boolean(), true), Datum::Bool(true));
        assert_eq!(error(&boolean(), "maybe"), "`maybe` is not yes (true, yes, on, 1, y, t) or no (false, no, off, 0, n, f)");
        assert!(boolean().is_switch());
    }

    #[test]
    fn numbers_are_read_from_words_and_json() {
        assert_eq!(ok(&int(), " -5 "), Datum::Int(-5));
        assert_eq!(ok(&int(), 5), Datum::Int(5));
        assert_eq!(error(&int(), "x"), "`x` is not an integer");
        assert_eq!(error(&int(), "9223372036854775808"), "`9223372036854775808` is not an integer");
        assert_eq!(error(&int(), Datum::Number("1.5".into())), "`1.5` is not an integer");
        assert_eq!(ok(&float(), "1e3"), Datum::Float(1000.0));
        assert_eq!(ok(&float(), Datum::Number("1.5".into())), Datum::Float(1.5));
        assert_eq!(error(&float(), "NaN"), "`NaN` is not a number");
    }

    #[test]
    fn numbers_are_text_where_text_is_wanted() {
        assert_eq!(ok(&string(), 5), Datum::str("5"));
        assert_eq!(ok(&string(), Datum::Number("1.50".into())), Datum::str("1.50"));
        assert_eq!(error(&string(), Datum::List(vec![])), "an array is not text");
    }

    #[test]
    fn lists_are_split_at_commas_trimmed_and_without_empty_words() {
        assert_eq!(ok(&list(), " a , ,b,"), strings(&["a", "b"]));
        assert_eq!(ok(&list(), ""), strings(&[]));
        assert_eq!(ok(&list(), Datum::List(vec![Datum::Int(1)])), Datum::List(vec![Datum::Int(1)]));
        assert_eq!(ok(&path_list(), "a.txt, b.txt"), strings(&["a.txt", "b.txt"]));
        assert_eq!(ok(&path_list(), strings(&["a,b", " c "])), strings(&["a,b", "c"]));
        assert_eq!(error(&path_list(), Datum::List(vec![Datum::Int(1)])), "an array is not a list of paths");
    }

    #[test]
    fn a_tilde_is_the_home_directory() {
        assert_eq!(at_home("~/x", Some("/home/me/")), "/home/me/x");
        assert_eq!(at_home("~", Some("/home/me")), "/home/me");
        for path in ["~you/x", "/a/~/x", "x"] {
            assert_eq!(at_home(path, Some("/home/me")), path);
        }
        assert_eq!(at_home("~/x", None), "~/x");
        assert!(path().run(&"a\0b".into()).is_err() && path().run(&"".into()).is_err());
    }

    #[test]
    fn a_choice_names_its_words_and_the_nearest() {
        let kinds = choice(vec!["file".into(), "syslog".into()]);
        assert_eq!(ok(&kinds, "FILE"), Datum::str("file"));
        assert_eq!(error(&kinds, "sylog"), "`sylog` is not one of `file`, `syslog`; did you mean `syslog`?");
        assert_eq!((kinds.name(), kinds.placeholder("x")), ("file|syslog", Datum::str("file")));
    }

    #[test]
    fn a_regular_expression_is_checked() {
        assert_eq!(ok(&regex(), "^a+$"), Datum::str("^a+$"));
        assert_eq!(error(&regex(), "a("), "`a(` is not a regular expression: unclosed group");
        assert!(error(&regex(), "(?:x{999}){999}").contains("size limit"));
    }
}
