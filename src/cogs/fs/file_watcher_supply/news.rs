//! What is told leads to its file: by the token of a watch, by a name in a watched directory, or by looking at all.

use std::path::Path;

use super::outlook::{User, join};
use super::{Bound, FileWatcher, Number};
use crate::cog::Ctx;
use crate::cogs::fs::paths::may_be_meant;
use crate::error::Result;
use crate::escapement::{Changed, Token};

impl FileWatcher {
    pub(super) fn changed(&mut self, ctx: &mut Ctx<'_>, token: Option<Token>, changed: &Changed) -> Result<()> {
        let Some(token) = token else { return Ok(()) };
        let what = changed.what;
        if let Some(Bound::File(number)) = self.bound.get(&token).copied() {
            if what.gone || what.created || what.rescan {
                return self.check(ctx, number, false).and_then(|()| self.go_on(ctx));
            }
            return self.changed_file(ctx, number);
        }
        self.changed_directory(ctx, token, changed)
    }

    /// Something was told of a directory.
    #[inline(never)]
    fn changed_directory(&mut self, ctx: &mut Ctx<'_>, token: Token, changed: &Changed) -> Result<()> {
        let what = changed.what;
        let Some(directory) = self.outlook.directory(token) else { return Ok(()) };
        let Some(name) = changed.name.as_ref().filter(|_| !what.gone && !what.rescan) else {
            // All directories may tell the same in one round.
            self.wants_scan = true;
            return self.go_on(ctx);
        };
        if what.created || what.removed {
            let (users, searchers) = self.outlook.concerned(&directory, name);
            for user in users {
                match user {
                    User::Follow(number) => {
                        self.look_around(ctx, number)?;
                        self.check(ctx, number, false)?;
                    }
                    User::Glob(glob) => self.expand(ctx, glob, false)?,
                }
            }
            if what.created {
                self.appeared(ctx, &join(&directory, name), &searchers)?;
            }
        }
        self.go_on(ctx)
    }

    /// Something new is called `path`, where these patterns search.
    fn appeared(&mut self, ctx: &mut Ctx<'_>, path: &Path, searchers: &[usize]) -> Result<()> {
        for &at in searchers {
            let glob = &self.globs[at];
            if glob.matches(path) && may_be_meant(&*self.settings.disk, path) {
                let number = self.follow(path, true);
                self.check(ctx, number, false)?;
            } else if glob.is_deep() && path.is_dir() {
                self.expand(ctx, at, false)?;
            }
        }
        Ok(())
    }

    /// Looks at everything.
    pub(super) fn rescan(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.wants_scan = false;
        if !self.settings.tail {
            return Ok(());
        }
        self.outlook.refresh(ctx)?;
        for glob in 0..self.globs.len() {
            self.expand(ctx, glob, false)?;
        }
        for number in self.follows.keys().copied().collect::<Vec<_>>() {
            if self.follows.get(&number).is_some_and(|follow| !follow.found) {
                self.look_around(ctx, number)?;
            }
            self.check(ctx, number, false)?;
        }
        self.sweep(ctx)?;
        self.go_on(ctx)
    }

    pub(super) fn alarm(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        if let Some((_, token)) = follow.alarm.take() {
            self.bound.remove(&token);
        }
        follow.due(ctx, &self.settings);
        if let Some((_, after, before)) = follow.again.take_if(|(at, ..)| *at <= ctx.now()) {
            self.find_missed(ctx, number, after, before)?;
        }
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        if follow.told {
            self.look_around(ctx, number)?;
            self.check(ctx, number, false)?;
        }
        self.touch(ctx, number)
    }
}
