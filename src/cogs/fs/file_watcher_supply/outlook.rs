//! The directories that are watched for names that come and go: each once, for all who depend on it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::names::Spot;
use super::stream::{Id, id};
use crate::cog::Ctx;
use crate::error::{Error, Result};
use crate::escapement::Token;

/// Who depends on a name in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum User {
    /// The followed path with this number.
    Follow(u32),
    /// The pattern with this number.
    Glob(usize),
}

#[derive(Debug)]
struct Watched {
    token: Option<Token>,
    /// Which directory it is.
    id: Option<Id>,
    users: HashMap<OsString, Vec<User>>,
    /// Patterns that search here.
    searchers: Vec<usize>,
}

/// All watched directories.
pub(super) struct Outlook {
    poll: Duration,
    directories: HashMap<PathBuf, Watched>,
    tokens: HashMap<Token, PathBuf>,
    spots: HashMap<User, BTreeSet<Spot>>,
    searched: HashMap<usize, HashSet<PathBuf>>,
}

/// Times that the way to a path may change while it is being looked at.
const ATTEMPTS: usize = 8;

impl Outlook {
    pub(super) fn new(poll: Duration) -> Self {
        Self { poll, directories: HashMap::new(), tokens: HashMap::new(), spots: HashMap::new(), searched: HashMap::new() }
    }

    /// The directory with that watch.
    pub(super) fn directory(&self, token: Token) -> Option<PathBuf> {
        self.tokens.get(&token).cloned()
    }

    /// Whom a change of that name concerns: those who depend on it, and patterns that search there.
    pub(super) fn concerned(&self, directory: &Path, name: &OsStr) -> (Vec<User>, Vec<usize>) {
        let Some(watched) = self.directories.get(directory) else { return Default::default() };
        (watched.users.get(name).cloned().unwrap_or_default(), watched.searchers.clone())
    }

    /// `user` depends on the spots that `look` finds, and no more on those it did before.
    pub(super) fn depend(&mut self, ctx: &mut Ctx<'_>, user: User, look: impl Fn() -> BTreeSet<Spot>) -> Result<()> {
        let mut wanted = look();
        for _ in 0..ATTEMPTS {
            let old = self.spots.insert(user, wanted.clone()).unwrap_or_default();
            for (directory, name) in wanted.difference(&old) {
                let watched = self.watch(ctx, directory)?;
                watched.users.entry(name.clone()).or_default().push(user);
            }
            for (directory, name) in old.difference(&wanted) {
                if let Some(watched) = self.directories.get_mut(directory)
                    && let Some(users) = watched.users.get_mut(name)
                {
                    users.retain(|other| *other != user);
                    if users.is_empty() {
                        watched.users.remove(name);
                    }
                }
                self.tidy(ctx, directory);
            }
            // The way may have changed before its directories were watched.
            let now = look();
            if now == wanted {
                break;
            }
            wanted = now;
        }
        Ok(())
    }

    /// The pattern searches these directories now.
    pub(super) fn search(&mut self, ctx: &mut Ctx<'_>, glob: usize, directories: Vec<PathBuf>) -> Result<()> {
        let wanted: HashSet<PathBuf> = directories.into_iter().filter(|path| path.is_dir()).collect();
        let old = self.searched.insert(glob, wanted.clone()).unwrap_or_default();
        for directory in wanted.difference(&old) {
            self.watch(ctx, directory)?.searchers.push(glob);
        }
        for directory in old.difference(&wanted) {
            if let Some(watched) = self.directories.get_mut(directory) {
                watched.searchers.retain(|other| *other != glob);
            }
            self.tidy(ctx, directory);
        }
        Ok(())
    }

    /// Watches a directory, if it can be and is not watched already.
    fn watch(&mut self, ctx: &mut Ctx<'_>, directory: &Path) -> Result<&mut Watched> {
        let watched = self.directories.entry(directory.to_owned()).or_insert_with(|| Watched {
            token: None,
            id: None,
            users: HashMap::new(),
            searchers: Vec::new(),
        });
        if watched.token.is_none() {
            match ctx.watch(directory, self.poll) {
                Ok(token) => {
                    watched.token = Some(token);
                    watched.id = ctx.disk().about(directory).ok().map(|about| id(&about));
                    self.tokens.insert(token, directory.to_owned());
                }
                Err(Error::Finished) => return Err(Error::Finished),
                // It has just gone, or must not be looked into; the scan sees to it.
                Err(_) => {}
            }
        }
        Ok(watched)
    }

    /// Watches anew what stands at a watched path in another's place: a renamed directory further up takes all below with it
    /// unheard.
    pub(super) fn refresh(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        for directory in self.directories.keys().cloned().collect::<Vec<_>>() {
            let now = ctx.disk().about(&directory).ok().map(|about| id(&about));
            let Some(watched) = self.directories.get_mut(&directory) else { continue };
            if watched.id == now && watched.token.is_some() {
                continue;
            }
            if let Some(token) = watched.token.take() {
                self.tokens.remove(&token);
                ctx.unbind(token);
            }
            self.watch(ctx, &directory)?;
        }
        Ok(())
    }

    /// Lets go of a directory on which nobody depends.
    fn tidy(&mut self, ctx: &mut Ctx<'_>, directory: &Path) {
        if self.directories.get(directory).is_some_and(|watched| watched.users.is_empty() && watched.searchers.is_empty())
            && let Some(Watched { token: Some(token), .. }) = self.directories.remove(directory)
        {
            self.tokens.remove(&token);
            ctx.unbind(token);
        }
    }

    /// Lets go of all.
    pub(super) fn close(&mut self, ctx: &mut Ctx<'_>) {
        for (token, _) in self.tokens.drain() {
            ctx.unbind(token);
        }
        self.directories.clear();
        self.spots.clear();
        self.searched.clear();
    }
}

/// The path of a name in a watched directory, written as names and patterns are.
pub(super) fn join(directory: &Path, name: &OsStr) -> PathBuf {
    if directory == Path::new(".") { name.into() } else { directory.join(name) }
}
