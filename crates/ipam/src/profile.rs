//! How patient the nodes are with each other: one profile for the whole cluster, by the round trips
//! between its nodes (contract L7). What each profile means in milliseconds is `cluster`'s business.

use core::fmt;
use core::str::FromStr;

/// How far apart the nodes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// One site: round trips of a few milliseconds.
    #[default]
    Lan,
    /// Sites of one region: up to some 150 ms.
    Metro,
    /// Anywhere: up to 400 ms.
    Wan,
}

/// The cluster's profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProfileSetting {
    /// Which.
    pub profile: Profile,
    /// How often it was set, also to what it was: a node that was told to use another one without a
    /// quorum does so until this changes.
    pub revision: u64,
}

/// Not the name of a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such profile: it is lan, metro or wan")]
pub struct UnknownProfile;

impl Profile {
    /// Every profile, the most impatient first.
    pub const ALL: [Self; 3] = [Self::Lan, Self::Metro, Self::Wan];

    /// `lan`, `metro` or `wan`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Metro => "metro",
            Self::Wan => "wan",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        let found = Self::ALL.into_iter().find(|profile| profile.name() == name);
        found.ok_or(UnknownProfile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_profile_is_read_as_it_is_written() {
        for profile in Profile::ALL {
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        assert_eq!("LAN".parse::<Profile>(), Err(UnknownProfile));
    }
}
