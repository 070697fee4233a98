//! Signals as scripts name them: `"SIGHUP"`, `"HUP"`, or the number.

use rhai::Dynamic;
use rustix::process::Signal;

use crate::error::nearest;

/// All that have a name and can be waited for.
const NAMES: [(&str, Signal); 24] = [
    ("HUP", Signal::HUP),
    ("INT", Signal::INT),
    ("QUIT", Signal::QUIT),
    ("TRAP", Signal::TRAP),
    ("ABRT", Signal::ABORT),
    ("BUS", Signal::BUS),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
    ("PIPE", Signal::PIPE),
    ("ALRM", Signal::ALARM),
    ("TERM", Signal::TERM),
    ("CHLD", Signal::CHILD),
    ("CONT", Signal::CONT),
    ("TSTP", Signal::TSTP),
    ("TTIN", Signal::TTIN),
    ("TTOU", Signal::TTOU),
    ("URG", Signal::URG),
    ("XCPU", Signal::XCPU),
    ("XFSZ", Signal::XFSZ),
    ("VTALRM", Signal::VTALARM),
    ("PROF", Signal::PROF),
    ("WINCH", Signal::WINCH),
    ("IO", Signal::IO),
    ("SYS", Signal::SYS),
];

/// Those that nobody can catch, and those that tell of a fault of the program itself.
const REFUSED: [(&str, Signal); 5] =
    [("KILL", Signal::KILL), ("STOP", Signal::STOP), ("ILL", Signal::ILL), ("FPE", Signal::FPE), ("SEGV", Signal::SEGV)];

/// The number of that signal.
///
/// # Errors
/// There is none, or it cannot be caught.
pub(super) fn number(given: &Dynamic) -> Result<i32, String> {
    let named = |number: i32| NAMES.iter().chain(&REFUSED).find(|(_, signal)| signal.as_raw() == number);
    let known = if let Ok(number) = given.as_int() {
        named(i32::try_from(number).unwrap_or(0)).ok_or_else(|| format!("there is no signal {number}"))
    } else if let Ok(name) = given.as_immutable_string_ref() {
        let plain = name.to_ascii_uppercase();
        let plain = plain.strip_prefix("SIG").unwrap_or(&plain);
        NAMES.iter().chain(&REFUSED).find(|(known, _)| *known == plain).ok_or_else(|| {
            let near = nearest(plain, NAMES.iter().map(|(name, _)| *name)).map(|near| format!("; did you mean `SIG{near}`?"));
            format!("there is no signal `{}`{}", name.as_str(), near.unwrap_or_default())
        })
    } else {
        Err(format!("a signal is a name such as \"SIGHUP\", or a number, but this is a `{}`", given.type_name()))
    };
    let (name, signal) = known?;
    if REFUSED.iter().any(|(refused, _)| refused == name) {
        return Err(format!("`SIG{name}` cannot be caught"));
    }
    Ok(signal.as_raw())
}

/// Its name: `HUP`.
pub(super) fn name(number: i32) -> &'static str {
    NAMES.iter().find(|(_, signal)| signal.as_raw() == number).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_go_by_name_and_number() {
        for given in [Dynamic::from("SIGHUP"), "HUP".into(), "sighup".into(), Dynamic::from_int(1)] {
            assert_eq!(number(&given), Ok(1));
        }
        assert_eq!(name(15), "TERM");
        for refused in [Dynamic::from("KILL"), "SIGSTOP".into(), Dynamic::from_int(9), "SEGV".into()] {
            assert!(number(&refused).unwrap_err().ends_with("cannot be caught"));
        }
        assert_eq!(number(&"SIGHUB".into()).unwrap_err(), "there is no signal `SIGHUB`; did you mean `SIGHUP`?");
        assert!(number(&Dynamic::from_int(99)).is_err());
        assert!(number(&Dynamic::UNIT).is_err());
    }
}
