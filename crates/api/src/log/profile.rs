//! The cluster's profile.

use crate::DecodeError;
use crate::field::known;
use crate::proto::log as wire;
use ipam::{Profile, ProfileSetting};

impl From<Profile> for wire::Profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Lan => Self::Lan,
            Profile::Metro => Self::Metro,
            Profile::Wan => Self::Wan,
        }
    }
}

/// A profile from its number.
pub(super) fn profile(field: &'static str, value: i32) -> Result<Profile, DecodeError> {
    match known(field, value)? {
        wire::Profile::Unspecified => Err(DecodeError::Missing(field)),
        wire::Profile::Lan => Ok(Profile::Lan),
        wire::Profile::Metro => Ok(Profile::Metro),
        wire::Profile::Wan => Ok(Profile::Wan),
    }
}

/// A cluster whose profile was never set writes nothing: its state is the bytes that it was before there
/// were profiles.
pub(super) fn encode_setting(setting: ProfileSetting) -> Option<wire::ProfileSetting> {
    (setting != ProfileSetting::default()).then(|| wire::ProfileSetting {
        profile: wire::Profile::from(setting.profile).into(),
        revision: setting.revision,
    })
}

pub(super) fn decode_setting(
    message: Option<wire::ProfileSetting>,
) -> Result<ProfileSetting, DecodeError> {
    let Some(message) = message else {
        return Ok(ProfileSetting::default());
    };
    let setting = ProfileSetting {
        profile: profile("ProfileSetting.profile", message.profile)?,
        revision: message.revision,
    };
    // Two ways to write one state would be two digests of it (S8).
    if setting == ProfileSetting::default() {
        return Err(DecodeError::Missing("ProfileSetting.revision"));
    }
    Ok(setting)
}
