//! [`Maker`]: makes a cog as it was at the beginning, again and again.

use std::rc::Rc;

use super::args::{Args, Common};
use super::{Cog, CogSpec};

/// Makes a cog as it was at the beginning.
#[derive(Clone)]
pub struct Maker {
    make: Rc<dyn Fn() -> crate::error::Result<Box<dyn Cog>>>,
    args: Option<Rc<Args>>,
}

impl Maker {
    /// Of cogs of that kind, with those options.
    pub fn new(spec: &'static CogSpec, args: Args) -> Self {
        let args = Rc::new(args);
        Self { args: Some(Rc::clone(&args)), make: Rc::new(move || (spec.build)(&args)) }
    }

    /// Of cogs that no script can ask for.
    pub fn of(make: impl Fn() -> crate::error::Result<Box<dyn Cog>> + 'static) -> Self {
        Self { make: Rc::new(make), args: None }
    }

    /// Makes the cog.
    ///
    /// # Errors
    /// An option that cannot work.
    pub fn make(&self) -> crate::error::Result<Box<dyn Cog>> {
        (self.make)()
    }

    /// The options that the train sees to, with this maker among them.
    pub fn common(&self) -> Common {
        let common = self.args.as_ref().map(|args| args.common()).unwrap_or_default();
        Common { maker: Some(self.clone()), ..common }
    }
}

impl std::fmt::Debug for Maker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Maker")
    }
}
