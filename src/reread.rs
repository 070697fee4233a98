//! A file that is read at the start, and again when it changes: lists and tables that cogs look into.
//!
//! The start reads at once, and a file that cannot be read keeps the train from beginning. Later it is read by the helper; one that is gone
//! or bad then is told of, and what was read before stays in use.

use std::any::Any;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::cog::Ctx;
use crate::datum::{Datum, json};
use crate::disk::{Disk, How};
use crate::error::{Error, Result};
use crate::escapement::{Token, Wake};
use crate::log::Priority;

/// Where inotify does not work the file is looked at so often.
const POLL: Duration = Duration::from_secs(1);
/// A larger file is refused.
const LARGEST: u64 = 1 << 30;

/// Values of a table that the helper has read, on their way to the loop: each different one once, as text of JSON, as data do not cross
/// threads. The table itself holds their numbers, so that the loop has little left to do.
#[derive(Debug, Default)]
pub struct Values {
    texts: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Values {
    /// The number of a value.
    pub fn number(&mut self, value: &Datum) -> u32 {
        let text = json::to_string(value);
        if let Some(number) = self.numbers.get(&text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }

    /// The values by their numbers.
    ///
    /// # Errors
    /// None of what was written here.
    pub fn data(&self) -> Result<Vec<Datum>> {
        self.texts.iter().map(|text| Ok(json::read(text)?.detach())).collect()
    }
}

/// Makes of a file's content what it stands for.
pub type Make<T> = Arc<dyn Fn(Vec<u8>) -> Result<T> + Send + Sync>;

/// A file and what it is made into.
pub struct Reread<T> {
    path: PathBuf,
    make: Make<T>,
    watch: Option<Token>,
    /// Directories that go with it.
    beside: Vec<Token>,
    job: Option<Token>,
    /// It changed while it was read.
    again: bool,
}

impl<T: Send + 'static> Reread<T> {
    /// The file at `path`, of which `make` makes what is wanted.
    pub fn new(path: impl Into<PathBuf>, make: Make<T>) -> Self {
        Self { path: path.into(), make, watch: None, beside: Vec::new(), job: None, again: false }
    }

    /// Reads it, and from now on looks out for changes.
    ///
    /// # Errors
    /// It cannot be read, or is not what it should be.
    pub fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<T> {
        // First the watch: what changes after the reading is seen.
        let watch = match ctx.watch(&self.path, POLL) {
            Ok(watch) => watch,
            // One that is not there cannot be watched either; what matters is that it cannot be read.
            Err(error) => return self.once(ctx).and(Err(error)),
        };
        ctx.weaken(watch);
        self.watch = Some(watch);
        read(&**ctx.disk(), &self.path, &self.make)
    }

    /// As [`Reread::wind`]; it is read again too when a file in one of these directories changes.
    ///
    /// # Errors
    /// Those of [`Reread::wind`].
    pub fn wind_with(&mut self, ctx: &mut Ctx<'_>, beside: &[PathBuf]) -> Result<T> {
        for directory in beside {
            let watch = ctx.watch(directory, POLL)?;
            ctx.weaken(watch);
            self.beside.push(watch);
        }
        self.wind(ctx)
    }

    /// Reads it now, and never again.
    ///
    /// # Errors
    /// It cannot be read, or is not what it should be.
    pub fn once(&self, ctx: &Ctx<'_>) -> Result<T> {
        read(&**ctx.disk(), &self.path, &self.make)
    }

    /// For [`Cog::wake`](crate::cog::Cog::wake): what the file is made into now, when this was about it and it is good.
    ///
    /// # Errors
    /// The end of the cog's life has been announced.
    pub fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<Option<T>> {
        match wake {
            Wake::Changed(changed) if ctx.token() == self.watch => {
                let what = changed.what;
                if what.gone && !what.created {
                    ctx.say(Priority::Notice, &format!("`{}` is gone; what was read of it stays in use", self.path.display()));
                } else if what.closed_after_write || what.created || what.rescan {
                    self.begin(ctx)?;
                }
                Ok(None)
            }
            Wake::Changed(changed) if ctx.token().is_some_and(|token| self.beside.contains(&token)) => {
                // What was only created is written yet, and closed then.
                let what = changed.what;
                if what.closed_after_write || what.removed || what.rescan {
                    self.begin(ctx)?;
                }
                Ok(None)
            }
            Wake::Answer(answer) if ctx.token() == self.job => {
                self.job = None;
                if std::mem::take(&mut self.again) {
                    self.begin(ctx)?;
                    return Ok(None);
                }
                let made =
                    answer.downcast::<Result<T>>().map_or_else(|_| Err(Error::Other("a panic while it was read".into())), |made| *made);
                match made {
                    Ok(made) => {
                        ctx.say(Priority::Notice, &format!("`{}` was read again", self.path.display()));
                        Ok(Some(made))
                    }
                    Err(error) => {
                        ctx.trouble(&format!("{error}; what was read before stays in use"));
                        Ok(None)
                    }
                }
            }
            _ => Ok(None),
        }
    }

    /// For [`Cog::finish`](crate::cog::Cog::finish): looks out no longer.
    pub fn finish(&mut self, ctx: &mut Ctx<'_>) {
        for token in self.beside.drain(..).chain(self.watch.take()).chain(self.job.take()) {
            ctx.unbind(token);
        }
    }

    fn begin(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.job.is_some() {
            self.again = true;
            return Ok(());
        }
        let (disk, path, make) = (Arc::clone(ctx.disk()), self.path.clone(), Arc::clone(&self.make));
        let work = move || read(&*disk, &path, &make);
        let job = async move {
            let done = tokio::task::spawn_blocking(work).await;
            Box::new(done.unwrap_or_else(|_| Err(Error::Other("a panic while it was read".into())))) as Box<dyn Any + Send>
        };
        let token = ctx.offload(Box::pin(job))?;
        ctx.weaken(token);
        self.job = Some(token);
        Ok(())
    }
}

fn read<T>(disk: &dyn Disk, path: &Path, make: &Make<T>) -> Result<T> {
    let os = |error| Error::os("read", path, error);
    let file = disk.open(path, How::READ).map_err(os)?;
    let about = disk.about_open(&file).map_err(os)?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(os(io::Error::other(format!("it is no file of at most {} MiB", LARGEST >> 20))));
    }
    let mut bytes = Vec::with_capacity(about.len() as usize + 1);
    file.take(LARGEST).read_to_end(&mut bytes).map_err(os)?;
    make(bytes).map_err(|error| Error::Other(format!("`{}`: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_cross_once_and_are_what_they_were() {
        let mut values = Values::default();
        let data = ["\"x\"", "1.50", "{\"a\":[1,null]}", "\"x\""].map(|text| json::read(text).unwrap());
        assert_eq!(data.each_ref().map(|value| values.number(value)), [0, 1, 2, 0]);
        assert_eq!(values.data().unwrap().iter().map(json::to_string).collect::<Vec<_>>(), ["\"x\"", "1.50", "{\"a\":[1,null]}"]);
    }
}
