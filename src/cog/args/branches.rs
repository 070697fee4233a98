//! The cogs that a cog's own options name, as ways out of it beside that to its successors.

use super::{Args, Owner};
use crate::cog::Given;
use crate::cog::spec::Ty;
use crate::cog::value::Value;
use crate::getset::Predicate;

impl Args {
    /// The cogs that its own options name, in order, each with the option's name.
    pub(super) fn branches(&self) -> Vec<(u32, String)> {
        let Owner::Cog(spec) = self.owner else { return Vec::new() };
        let mut all = Vec::new();
        for param in spec.params {
            match self.value(param.name) {
                Value::Given(Given::Cog(cog)) if param.ty == Ty::Cog => all.push((*cog, param.name.to_owned())),
                Value::Cases(cases) => {
                    let named = cases.iter().enumerate().map(|(n, (_, cog))| Some(((*cog)?, format!("{}[{n}]", param.name))));
                    all.extend(named.flatten());
                }
                _ => {}
            }
        }
        all
    }

    /// The number of the branch to the cog in that option, for [`Ctx::emit_to`](crate::cog::Ctx::emit_to); none for `()`. A branch is a way
    /// out of the cog beside that to its successors: what it sends there goes to that one cog alone.
    pub fn branch(&self, name: &str) -> Option<u16> {
        self.branches().iter().position(|(_, label)| label == name).map(|branch| branch as u16)
    }

    /// Tests, each with the number of the branch that it leads to; none for one that swallows.
    pub fn cases(&self, name: &str) -> Vec<(Predicate, Option<u16>)> {
        match self.value(name) {
            Value::Cases(cases) => {
                let branch = |n: usize| self.branch(&format!("{name}[{n}]"));
                cases.iter().enumerate().map(|(n, (test, _))| (test.clone(), branch(n))).collect()
            }
            Value::Unit => Vec::new(),
            _ => self.wrong(name),
        }
    }
}
