//! What is wrong with the disk at the moment.

use std::fmt;
use std::time::Duration;

/// The switches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Whether there is room.
    pub space: Space,
    /// What a sync does.
    pub sync: Sync,
    /// How long each sync takes at least.
    pub delay: Duration,
}

/// Whether there is room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Space {
    /// There is.
    #[default]
    Free,
    /// Not for one byte more: what is there can still be overwritten, as on ext4.
    NoGrowth,
    /// Every write fails, as on a file system that copies on write.
    Full,
}

/// What a sync of a file or a directory does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// It makes durable.
    #[default]
    Honest,
    /// The next one fails, and what it should have written is never written, though later ones
    /// say that all is well. So does Linux after a write error.
    FailOnce,
    /// It fails.
    Fail,
    /// It says that all is well, and does nothing.
    Lie,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = match self.space {
            Space::Free => "off",
            Space::NoGrowth => "growth",
            Space::Full => "on",
        };
        let sync = match self.sync {
            Sync::Honest => "ok",
            Sync::FailOnce => "fail-once",
            Sync::Fail => "fail",
            Sync::Lie => "lie",
        };
        let delay = self.delay.as_millis();
        write!(f, "full={space} fsync={sync} slow_ms={delay}")
    }
}
