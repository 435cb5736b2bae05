//! The profile that this node alone was told to use, in its data directory.
//!
//! Without a quorum the cluster's profile cannot be changed, and with the wrong one there is no quorum. So
//! an operator tells each node. It holds until the cluster's profile is next set, which the revision tells.
//! A line of text: the profile's name and the revision that it was set beside. A crash leaves the old line or
//! the new one.

use crate::lock::lock;
use ipam::{Profile, ProfileSetting};
use raft_store::{NodeFile, StoreError};
use std::sync::Mutex;

/// What this node alone was told.
pub(crate) struct LocalProfile {
    /// `None` once the node stops.
    file: Mutex<Option<NodeFile>>,
    told: Mutex<Option<ProfileSetting>>,
}

impl LocalProfile {
    /// As an earlier life of this node left it.
    pub(crate) fn read(file: NodeFile) -> Result<Self, StoreError> {
        let line = file.read()?;
        let told = line.as_deref().and_then(parse);
        if line.is_some() && told.is_none() {
            tracing::warn!(
                "the file `profile` in the data directory is not readable, and counts as not there: \
                 if this node needs a profile of its own, `gatewayctl profile set --local` it again"
            );
        }
        Ok(Self {
            file: Mutex::new(Some(file)),
            told: Mutex::new(told),
        })
    }

    /// Durable when it returns, and then in force.
    pub(crate) async fn set(&self, told: ProfileSetting) -> Result<(), String> {
        let file = lock(&self.file).clone();
        let file = file.ok_or_else(|| "the node is stopping".to_owned())?;
        let written = file.write(line_of(told).into_bytes()).await;
        written.map_err(|error| format!("the data directory did not take it: {error}"))?;
        *lock(&self.told) = Some(told);
        Ok(())
    }

    /// What holds beside what the cluster has agreed on.
    pub(crate) fn beside(&self, agreed: ProfileSetting) -> Option<Profile> {
        let told = *lock(&self.told);
        let told = told.filter(|told| told.revision == agreed.revision)?;
        Some(told.profile)
    }

    /// Lets go of the data directory.
    pub(crate) fn release(&self) {
        drop(lock(&self.file).take());
    }
}

fn line_of(told: ProfileSetting) -> String {
    format!("{} {}\n", told.profile, told.revision)
}

fn parse(bytes: &[u8]) -> Option<ProfileSetting> {
    let (profile, revision) = std::str::from_utf8(bytes)
        .ok()?
        .trim_end()
        .split_once(' ')?;
    Some(ProfileSetting {
        profile: profile.parse().ok()?,
        revision: revision.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_read_as_it_is_written() {
        let told = ProfileSetting {
            profile: Profile::Wan,
            revision: 7,
        };
        assert_eq!(parse(line_of(told).as_bytes()), Some(told));
        for damaged in ["", "wan", "wan x", "man 7", "\u{0}\u{0}"] {
            assert_eq!(parse(damaged.as_bytes()), None, "{damaged:?}");
        }
    }
}
