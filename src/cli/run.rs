//! `deadbeat run SCRIPT [ARGS…]`: winds the script and turns its train.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{Common, UNUSABLE, args_of, script_args, tell};
use crate::control::{About, Control, Replaced, place};
use crate::daemon::{self, Daemon};
use crate::error::{Error, nearest};
use crate::escapement::{Clock, Escapement};
use crate::log;
use crate::script::{Setting, Wound};
use crate::train::Train;
use crate::train::recorded::{self, Recording};

pub(super) fn command() -> Command {
    Command::new("run")
        .about("Run a script")
        .long_about("Winds the script: reads it, its libraries and its configuration, and checks them. Then turns its train until nothing can happen any more, or until TERM or INT ask for the end.")
        .args([
            Arg::new("strict_exit").long("strict-exit").action(ArgAction::SetTrue).help("End with status 3 when data failed"),
            Arg::new("foreground").long("foreground").action(ArgAction::SetTrue).help("Stay in the terminal, also when the script detaches: to look for what is wrong with a service"),
            Arg::new("no_lower").long("no-lower").action(ArgAction::SetTrue).help("Call every closure through the interpreter"),
            Arg::new("name").long("name").value_name("NAME").help("The name by which `attach` and `ctl` find the process; else the script's"),
            Arg::new("no_control").long("no-control").action(ArgAction::SetTrue).help("Open no control socket: nobody can attach"),
            Arg::new("ui").long("ui").value_name("ADDRESS").value_parser(page_address).help("Serve a page that shows the train while it runs, on this machine only: 127.0.0.1:PORT, port 0 for any that is free; its address is told at the start"),
            Arg::new("replay").long("replay").value_name("[COG=]FILE").action(ArgAction::Append).help("Feed recorded data, lines of JSON as `:tap COG > FILE` writes them: they leave that supply (without COG the only one), or enter that cog. No supply reads anything then; all else runs in earnest"),
            Arg::new("test_clock").long("test-clock").action(ArgAction::SetTrue).help("Let timers run in virtual time as soon as nothing else is ready"),
        ])
        .args(script_args())
}

/// An address of this machine alone.
fn page_address(text: &str) -> Result<SocketAddr, String> {
    let address = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address: SocketAddr = address.as_deref().unwrap_or(text).parse().map_err(|_| "it is written `127.0.0.1:PORT`".to_owned())?;
    if address.ip().is_loopback() { Ok(address) } else { Err("the page is served on this machine only: `127.0.0.1:PORT`".to_owned()) }
}

pub(super) fn main(matches: &ArgMatches, common: &Common) -> u8 {
    let script: &PathBuf = matches.get_one("script").expect("clap requires it");
    let argv = args_of(matches);
    let setting = Setting {
        argv: argv.clone(),
        program: format!("deadbeat run {}", script.display()),
        placeholders: false,
        no_lower: matches.get_flag("no_lower"),
        replay: matches.get_many::<String>("replay").into_iter().flatten().map(|text| Recording::parse(text)).collect(),
    };
    log::keep_early();
    let mut wound = match super::wind(script, setting.clone(), common) {
        Ok(wound) => wound,
        Err(status) => return status,
    };
    if !wound.gathered && !argv.is_empty() {
        let word = argv[0].to_string_lossy().into_owned();
        let own = nearest(
            &word,
            [
                "--strict-exit",
                "--foreground",
                "--no-lower",
                "--name",
                "--no-control",
                "--ui",
                "--replay",
                "--test-clock",
                "--log-level",
                "--color",
            ],
        );
        tell(&format!("deadbeat: `{word}`: the script takes no options (it never calls `conf::gather`)\n"));
        if own.is_some() {
            tell("  = hint: the program's own options stand before the script\n");
        }
        return UNUSABLE;
    }
    if !wound.run {
        return wound.status;
    }
    if let Err(error) = recorded::play(&setting.replay, &mut wound.graph, &mut wound.cogs) {
        tell(&format!("deadbeat: error: {error}\n"));
        return UNUSABLE;
    }
    let recordings = setting.replay.clone();
    let clock = if matches.get_flag("test_clock") { Clock::by_hand().auto() } else { Clock::real() };
    wound.options.strict_exit |= matches.get_flag("strict_exit");
    let wished = Wished { socket: !matches.get_flag("no_control"), page: matches.get_one("ui").copied() };
    let name = matches.get_one::<String>("name").map(PathBuf::from);
    let name = place::name_of(name.as_deref().unwrap_or(script));
    let about = About { name, script: script.clone(), setting };
    if matches.get_flag("foreground")
        && let Some(daemon) = &mut wound.daemon
    {
        daemon.detach = false;
    }
    let mut service = Service::default();
    let turned = turn(&mut wound, common, clock, about, wished, &mut service);
    if !recordings.is_empty() {
        tell(&format!("deadbeat: recorded data fed: {}\n", recordings.iter().map(Recording::fed).sum::<u64>()));
    }
    match turned {
        Ok(status) => {
            wound.done(status);
            u8::try_from(status.rem_euclid(256)).unwrap_or(1)
        }
        Err(error) => {
            log::flush_suppressed();
            let text = crate::secrets::mask(&error.to_string()).into_owned();
            if service.borrow().as_ref().is_some_and(Daemon::is_away) {
                log::critical(&text);
            }
            tell(&wound.fatal(&error, common.color));
            let status = if error.is_refusal() { UNUSABLE } else { 1 };
            if let Some(daemon) = &mut *service.borrow_mut() {
                daemon.failed(status);
            }
            wound.done(i32::from(status));
            status
        }
    }
}

/// The process as a service, where it is one. The train says when all has begun, and so shares it.
type Service = Rc<RefCell<Option<Daemon>>>;

/// By what the process can be looked into.
#[derive(Clone, Copy)]
struct Wished {
    socket: bool,
    page: Option<SocketAddr>,
}

/// Log, then the service, then reactor, then cogs: the order in which a run begins. What takes rights is opened before they are given up.
fn turn(
    wound: &mut Wound,
    common: &Common,
    clock: Clock,
    about: About,
    wished: Wished,
    service: &mut Service,
) -> crate::error::Result<i32> {
    super::configure_log(wound, common)?;
    if let Some(settings) = &wound.daemon {
        *service.borrow_mut() = Some(daemon::begin(settings)?);
    }
    let escapement = Escapement::new(clock)?;
    let cogs = std::mem::take(&mut wound.cogs);
    let mut train = Train::new(&wound.graph, cogs, escapement, wound.options.clone());
    if let Some(daemon) = &mut *service.borrow_mut() {
        train.open()?;
        daemon.drop_rights()?;
    }
    let at = Rc::clone(service);
    train.when_ready(move || at.borrow_mut().as_mut().map_or(Ok(()), Daemon::ready));
    let mut replaced = Replaced::default();
    if wished.socket || wished.page.is_some() {
        let mut control = Control::new(about, wound);
        replaced = control.replaced();
        if wished.socket {
            control = control.listening();
        }
        if let Some(address) = wished.page {
            let url = control.serve_page(&mut train, address);
            let url = url.map_err(|error| Error::os("serve the page on", address.to_string(), error))?;
            // Not to the log, which others may read: who knows it may do all that the shell does.
            tell(&format!("deadbeat: the page is at {url}\n"));
        }
        train.oversee(Box::new(control));
    }
    let status = train.run();
    // The version that runs at the end is told of it.
    if let Some(last) = replaced.take() {
        *wound = last;
    }
    status
}
