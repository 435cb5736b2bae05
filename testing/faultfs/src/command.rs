//! What can be asked of a device from outside: one line of text each.

use crate::device::Device;
use crate::faults::{Space, Sync};
use crate::survival::Survival;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `full on|growth|off`
    Full(Space),
    /// `fsync ok|fail|fail-once|lie`
    Fsync(Sync),
    /// `slow MILLISECONDS`
    Slow(Duration),
    /// `cut [nothing|everything|torn SEED|subset SEED]`: what survives of what was not synced
    Cut(Survival),
    /// `on`
    On,
    /// `flip PATH SEED`: one bit of a file, on the disk too
    Flip(PathBuf, u64),
    /// `save DIRECTORY`: what a power cut would leave now, for a look at it
    Save(PathBuf),
    /// `heal`: no fault any more; a disk that is off stays off
    Heal,
    /// `status`
    Status,
}

/// What [`Command::from_str`] did not understand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a command. These are: full on|growth|off; fsync ok|fail|fail-once|lie; slow MS; \
     cut [nothing|everything|torn SEED|subset SEED]; on; flip PATH SEED; save DIRECTORY; heal; status"
)]
pub struct UnknownCommand(String);

impl FromStr for Command {
    type Err = UnknownCommand;

    fn from_str(line: &str) -> Result<Self, UnknownCommand> {
        let words: Vec<&str> = line.split_whitespace().collect();
        parse(&words).ok_or_else(|| UnknownCommand(line.trim().to_owned()))
    }
}

fn parse(words: &[&str]) -> Option<Command> {
    Some(match words {
        ["full", "on"] => Command::Full(Space::Full),
        ["full", "growth"] => Command::Full(Space::NoGrowth),
        ["full", "off"] => Command::Full(Space::Free),
        ["fsync", "ok"] => Command::Fsync(Sync::Honest),
        ["fsync", "fail"] => Command::Fsync(Sync::Fail),
        ["fsync", "fail-once"] => Command::Fsync(Sync::FailOnce),
        ["fsync", "lie"] => Command::Fsync(Sync::Lie),
        ["slow", ms] => Command::Slow(Duration::from_millis(ms.parse().ok()?)),
        ["cut"] | ["cut", "nothing"] => Command::Cut(Survival::Nothing),
        ["cut", "everything"] => Command::Cut(Survival::Everything),
        ["cut", "torn", seed] => Command::Cut(Survival::TornPrefix(seed.parse().ok()?)),
        ["cut", "subset", seed] => Command::Cut(Survival::AnySubset(seed.parse().ok()?)),
        ["on"] => Command::On,
        ["flip", path, seed] => Command::Flip(path.into(), seed.parse().ok()?),
        ["save", directory] => Command::Save(directory.into()),
        ["heal"] => Command::Heal,
        ["status"] => Command::Status,
        _ => return None,
    })
}

impl Command {
    /// Does it, and says what came of it.
    pub fn run(&self, device: &Device) -> Result<String, String> {
        match self {
            Self::Full(space) => device.set_faults(|faults| faults.space = *space),
            Self::Fsync(sync) => device.set_faults(|faults| faults.sync = *sync),
            Self::Slow(delay) => device.set_faults(|faults| faults.delay = *delay),
            Self::Heal => device.set_faults(|faults| *faults = crate::Faults::default()),
            Self::Cut(survival) => device.cut(*survival),
            Self::On => device.power_on(),
            Self::Status => {}
            Self::Flip(path, seed) => {
                let bit = device.flip_bit(path, *seed);
                return bit
                    .map(|bit| format!("flipped bit {bit}"))
                    .map_err(|refusal| format!("{}: {refusal}", path.display()));
            }
            Self::Save(directory) => {
                let image = device.crash_image(Survival::Nothing);
                let saved = image.copy_to(directory);
                saved.map_err(|error| format!("saving to {}: {error}", directory.display()))?;
            }
        }
        Ok(device.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_understood_and_others_named() {
        assert_eq!("cut".parse(), Ok(Command::Cut(Survival::Nothing)));
        assert_eq!(
            " cut  subset 7\n".parse(),
            Ok(Command::Cut(Survival::AnySubset(7)))
        );
        assert_eq!(
            "slow 20".parse(),
            Ok(Command::Slow(Duration::from_millis(20)))
        );
        for wrong in ["", "slow", "slow x", "full", "cut torn", "fsync maybe"] {
            let error = wrong.parse::<Command>().expect_err("no command");
            assert!(error.to_string().contains("status"), "{error}");
        }
    }
}
