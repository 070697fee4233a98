//! The change of user: supplementary groups, group, user, in this order, then proof that none of it can be taken back (`setresuid(2)`).

use std::ffi::CString;

use nix::unistd::{self, Gid, Group, Uid, User};

use super::settings::{Settings, Who};
use crate::error::{Error, Result};

/// As whom the service is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rights {
    user: Uid,
    group: Gid,
    /// All groups, the main one among them.
    groups: Vec<Gid>,
}

impl Rights {
    /// Looks up who is meant; none when the process stays who it is.
    ///
    /// # Errors
    /// Nobody of that name; a number without a group; this process may not change.
    pub(super) fn of(settings: &Settings) -> Result<Option<Self>> {
        if settings.uid.is_none() && settings.gid.is_none() {
            return Ok(None);
        }
        let found = settings.uid.as_ref().map(user).transpose()?;
        let user = found.as_ref().map_or_else(unistd::geteuid, |(id, _)| *id);
        let account = found.and_then(|(_, account)| account);
        let group = match &settings.gid {
            Some(who) => group(who)?,
            None => account.as_ref().map(|account| account.gid).ok_or_else(|| Error::Option {
                option: "daemon.uid".into(),
                text: format!("there is no user with the number {user}, so that nobody can tell its group"),
                hint: Some("give `gid` too".into()),
            })?,
        };
        let groups = match &account {
            Some(account) => {
                let name = CString::new(account.name.as_str()).map_err(|_| Error::option("daemon.uid", "is no name"))?;
                unistd::getgrouplist(&name, group).map_err(|error| Error::os("look up", "the user's groups", error.into()))?
            }
            None => vec![group],
        };
        let stays = user == unistd::geteuid() && group == unistd::getegid();
        if !unistd::geteuid().is_root() {
            let refused =
                || Error::Other(format!("only root can change to user {user} and group {group}: this runs as user {}", unistd::geteuid()));
            return if stays { Ok(None) } else { Err(refused()) };
        }
        Ok(Some(Self { user, group, groups }))
    }

    /// The user's number.
    pub(super) fn user(&self) -> u32 {
        self.user.as_raw()
    }

    /// Becomes that user, for good.
    ///
    /// # Errors
    /// The system refuses, or root could be had again.
    pub(super) fn take_on(&self) -> Result<()> {
        let refused = |doing| move |error: nix::Error| Error::os(doing, "those of the service", error.into());
        unistd::setgroups(&self.groups).map_err(refused("change the groups to"))?;
        unistd::setresgid(self.group, self.group, self.group).map_err(refused("change the group to"))?;
        unistd::setresuid(self.user, self.user, self.user).map_err(refused("change the user to"))?;
        self.prove()?;
        rustix::thread::set_no_new_privs(true).map_err(|error| Error::os("renounce", "new privileges", error.into()))?;
        let core = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        rustix::process::setrlimit(rustix::process::Resource::Core, core)
            .map_err(|error| Error::os("switch off", "core dumps", error.into()))
    }

    /// Every number is the new one, and the way back is closed.
    fn prove(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::Other(format!("gave up rights, but {what}: ends rather than run with them")));
        let refused = |error: nix::Error| Error::os("look at", "the process's own rights", error.into());
        let (users, groups) = (unistd::getresuid().map_err(refused)?, unistd::getresgid().map_err(refused)?);
        if [users.real, users.effective, users.saved].iter().any(|user| *user != self.user)
            || [groups.real, groups.effective, groups.saved].iter().any(|group| *group != self.group)
        {
            return wrong("some are left");
        }
        let root = Uid::from_raw(0);
        if !self.user.is_root() {
            if unistd::setresuid(root, root, root).is_ok() || unistd::seteuid(root).is_ok() {
                return wrong("root could be had again");
            }
            if self.group.as_raw() != 0 && unistd::setegid(Gid::from_raw(0)).is_ok() {
                return wrong("root's group could be had again");
            }
        }
        Ok(())
    }
}

/// The user's number, and the account where there is one.
fn user(who: &Who) -> Result<(Uid, Option<User>)> {
    let failed = |error: nix::Error| Error::os("look up", "a user", error.into());
    match who {
        Who::Number(id) => Ok((Uid::from_raw(*id), User::from_uid(Uid::from_raw(*id)).map_err(failed)?)),
        Who::Name(name) => match User::from_name(name).map_err(failed)? {
            Some(user) => Ok((user.uid, Some(user))),
            None => Err(Error::option("daemon.uid", format!("there is no user `{name}`"))),
        },
    }
}

fn group(who: &Who) -> Result<Gid> {
    match who {
        Who::Number(id) => Ok(Gid::from_raw(*id)),
        Who::Name(name) => match Group::from_name(name).map_err(|error| Error::os("look up", "a group", error.into()))? {
            Some(group) => Ok(group.gid),
            None => Err(Error::option("daemon.gid", format!("there is no group `{name}`"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uid: Option<Who>, gid: Option<Who>) -> Result<Option<Rights>> {
        Rights::of(&Settings { uid, gid, ..Settings::default() })
    }

    #[test]
    fn who_is_not_named_stays_and_who_is_unknown_is_told() {
        assert_eq!(of(None, None).unwrap(), None);
        let nobody = of(Some(Who::Name("no such user here".into())), None).unwrap_err();
        assert_eq!(nobody.to_string(), "option `daemon.uid`: there is no user `no such user here`");
        assert!(of(None, Some(Who::Name("no such group here".into()))).is_err());
        let number = of(Some(Who::Number(3_999_999_999)), None).unwrap_err();
        assert_eq!(number.hint(), Some("give `gid` too"));
    }

    #[test]
    fn a_user_brings_groups_along() {
        if !unistd::geteuid().is_root() {
            println!("left out: only root may change to another user");
            return;
        }
        let rights = of(Some(Who::Number(12345)), Some(Who::Number(54321))).unwrap().unwrap();
        assert_eq!((rights.user(), rights.group.as_raw(), rights.groups.len()), (12345, 54321, 1));
        let root = of(Some(Who::Name("root".into())), None).unwrap().unwrap();
        assert!(root.groups.contains(&Gid::from_raw(0)));
    }
}
