//! Setters by default at the place that a getter took a piece from.

use super::Args;
use crate::datum::Step;
use crate::error::Error;
use crate::getset::Setter;

impl Args {
    /// The setter of a cog that writes back what it has made of a piece: by default to where its getter took it from.
    ///
    /// # Errors
    /// That is no place, or many of which each would be given all: the script must say where.
    pub fn setter_back(&self, name: &str, getter: &str) -> Result<Setter, Error> {
        if self.is_given(name) {
            return Ok(self.setter(name));
        }
        let fault = |text: &str| Err(Error::option(name, format!("is missing: {text}")));
        match self.getter(getter).as_setter() {
            None => fault(&format!("`{getter}` is a closure or takes several pieces, which tells no place to write to")),
            Some(Setter::Path(path)) if path.steps().contains(&Step::All) => {
                fault(&format!("`{getter}` takes pieces from many places (`[*]`), and all would be written to each"))
            }
            Some(setter) => Ok(setter),
        }
    }
}
