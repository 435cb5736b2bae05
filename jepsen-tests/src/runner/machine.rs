//! The machine that all of it runs on: when its disk or its processors stand still, every node does, and that
//! is no fault of theirs. It is in the history, so that the checkers know of it.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jepsen_tests::history::{Entry, Function, Recorder, Stall, Value};
use lab::life::Mood;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// Later by this much is written down: round trips that a node measures are as much longer.
const LATE: Duration = Duration::from_millis(50);
/// The same of a sync, which takes some time on any disk.
const SLOW_SYNC: Duration = Duration::from_millis(250);
/// The file that is synced, beside the nodes' directories.
const FILE: &str = "sync-probe";

/// Looks until the mood is over.
pub fn watch(folder: &Path, mood: &Mood, recorder: &Recorder) -> Result<()> {
    let path = folder.join(FILE);
    let mut file = File::create(&path).with_context(|| format!("making {}", path.display()))?;
    while !mood.is_over() {
        let due = Instant::now() + LOOK;
        thread::sleep(LOOK);
        note(recorder, Stall::PROCESSOR, due, LATE)?;
        let begun = Instant::now();
        sync(&mut file).with_context(|| format!("writing {}", path.display()))?;
        note(recorder, Stall::DISK, begun, SLOW_SYNC)?;
    }
    Ok(())
}

fn sync(file: &mut File) -> std::io::Result<()> {
    file.rewind()?;
    file.write_all(&[0; 4096])?;
    file.sync_data()
}

/// Writes down what stands still since `since`, if that is longer than `patience`.
fn note(recorder: &Recorder, what: &str, since: Instant, patience: Duration) -> Result<()> {
    if since.elapsed() <= patience {
        return Ok(());
    }
    let stall = Stall {
        what: what.to_owned(),
        since: recorder.clock().at(since),
    };
    let entry = Entry::seen(Function::Stall, None, Value::Stall(stall));
    recorder.record(entry).context("writing the history")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jepsen_tests::history::read_file;

    #[test]
    fn what_takes_too_long_is_written_down_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("history.edn");
        let recorder = Recorder::create(&path).expect("a history");
        let hour = Duration::from_secs(3600);
        let begun = Instant::now();
        note(&recorder, Stall::DISK, begun, hour).expect("nothing to write");
        // A thread that wakes up before it must has not been kept waiting, however long it slept.
        note(&recorder, Stall::PROCESSOR, begun + hour, Duration::ZERO).expect("nothing to write");
        note(&recorder, Stall::DISK, begun, Duration::ZERO).expect("it is written");
        recorder.flush().expect("it is written out");
        let history = read_file(&path).expect("a history");
        let [line] = history.operations() else {
            panic!("one line: {history:?}")
        };
        assert!(matches!(&line.value, Value::Stall(stall) if stall.since <= line.time));
    }
}
