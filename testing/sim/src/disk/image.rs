//! Copies of a disk, and a disk that becomes one again, or becomes empty: what restoring the snapshot
//! of a machine does, or a new disk in its place. All that was synced since is gone.

use super::handle::{Crash, Disk};
use super::volume::Volume;

/// A copy of a disk, as a machine's snapshot is: of what everybody sees, and of what is on its way.
#[derive(Clone, Debug)]
pub struct Image(Volume);

impl Disk {
    /// A copy of it as it is now, whether a life runs or not.
    #[must_use]
    pub fn image(&self) -> Image {
        Image(self.lock().volume.clone())
    }

    /// Puts the copy in its place. A life that runs ends with the power; what the copy had not synced
    /// meets the fate of a power cut.
    pub fn roll_back(&self, image: &Image) {
        self.put(image.0.clone());
    }

    /// An empty disk in its place.
    pub fn vanish(&self) {
        self.put(Volume::new());
    }

    fn put(&self, volume: Volume) {
        let mut state = self.lock();
        state.end(Crash::Power);
        state.volume = volume;
        let (mut rng, mut counters) = (state.rng.clone(), state.counters);
        state.volume.end(Crash::Power, &mut rng, &mut counters);
        (state.rng, state.counters) = (rng, counters);
    }
}
