//! The file system as programs see it, through the kernel, in a mount namespace of its own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use faultfs::{Device, Image, Mounted, Space, Survival, Sync, control, enter_mount_namespace};
use libtest_mimic::{Arguments, Trial};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn main() {
    let arguments = Arguments::from_args();
    if !arguments.list {
        enter_mount_namespace().expect("a mount namespace can be had");
    }
    let tests: [(&'static str, fn()); 8] = [
        ("files_and_directories_work", files_and_directories_work),
        (
            "a_power_cut_leaves_what_was_synced",
            a_power_cut_leaves_what_was_synced,
        ),
        (
            "what_was_open_before_the_cut_stays_dead",
            what_was_open_before_the_cut_stays_dead,
        ),
        ("a_full_disk_says_so", a_full_disk_says_so),
        ("a_failing_sync_says_so", a_failing_sync_says_so),
        (
            "a_sync_that_failed_once_has_lost_for_good",
            a_sync_that_failed_once_has_lost_for_good,
        ),
        ("a_slow_sync_takes_its_time", a_slow_sync_takes_its_time),
        (
            "the_switches_work_from_outside",
            the_switches_work_from_outside,
        ),
    ];
    let trials = tests.map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

/// A mounted device.
struct Site {
    device: Arc<Device>,
    mounted: Option<Mounted>,
    directory: TempDir,
}

impl Site {
    fn new() -> Self {
        let device = Arc::new(Device::new(Image::default()));
        let directory = TempDir::new().unwrap();
        let mounted = Mounted::new(device.clone(), directory.path()).unwrap();
        Self {
            device,
            mounted: Some(mounted),
            directory,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(mounted) = self.mounted.take() {
            mounted.unmount().unwrap();
        }
    }
}

/// Durable, name and all.
fn put(path: &Path, content: &[u8]) {
    let mut file = File::create(path).unwrap();
    file.write_all(content).unwrap();
    file.sync_data().unwrap();
    File::open(path.parent().unwrap())
        .unwrap()
        .sync_all()
        .unwrap();
}

fn error_of<T>(result: std::io::Result<T>) -> ErrorKind {
    result.err().expect("it must fail").kind()
}

fn is_io_error<T>(result: std::io::Result<T>) -> bool {
    result.err().and_then(|error| error.raw_os_error()) == Some(nix::errno::Errno::EIO as i32)
}

fn files_and_directories_work() {
    let site = Site::new();
    fs::create_dir_all(site.path("a/b")).unwrap();
    for number in 0..300 {
        fs::write(site.path(&format!("a/b/{number}")), number.to_string()).unwrap();
    }
    assert_eq!(fs::read_dir(site.path("a/b")).unwrap().count(), 300);
    assert_eq!(fs::read(site.path("a/b/7")).unwrap(), b"7");
    fs::rename(site.path("a/b/7"), site.path("a/b/8")).unwrap();
    assert_eq!(fs::read(site.path("a/b/8")).unwrap(), b"7");
    assert_eq!(error_of(fs::read(site.path("a/b/7"))), ErrorKind::NotFound);
    assert_eq!(
        error_of(fs::remove_dir(site.path("a"))),
        ErrorKind::DirectoryNotEmpty
    );
    let file = OpenOptions::new()
        .write(true)
        .open(site.path("a/b/9"))
        .unwrap();
    file.set_len(3).unwrap();
    assert_eq!(fs::read(site.path("a/b/9")).unwrap(), b"9\0\0");
    fs::remove_dir_all(site.path("a")).unwrap();
    assert_eq!(fs::read_dir(site.directory.path()).unwrap().count(), 0);
    // A file without a name lives while it is open.
    file.sync_all().unwrap();
}

fn a_power_cut_leaves_what_was_synced() {
    let site = Site::new();
    put(&site.path("kept"), b"synced");
    let mut file = OpenOptions::new()
        .append(true)
        .open(site.path("kept"))
        .unwrap();
    file.write_all(b" and not").unwrap();
    fs::write(site.path("lost"), b"x").unwrap();
    assert_eq!(fs::read(site.path("kept")).unwrap(), b"synced and not");
    site.device.cut(Survival::Nothing);
    assert!(is_io_error(fs::read(site.path("kept"))), "the power is off");
    site.device.power_on();
    assert_eq!(fs::read(site.path("kept")).unwrap(), b"synced");
    assert_eq!(error_of(fs::read(site.path("lost"))), ErrorKind::NotFound);
}

fn what_was_open_before_the_cut_stays_dead() {
    let site = Site::new();
    put(&site.path("file"), b"synced");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(site.path("file"))
        .unwrap();
    site.device.cut(Survival::Nothing);
    site.device.power_on();
    assert!(is_io_error(file.write_all(b"late")));
    assert!(is_io_error(file.sync_data()));
    assert!(is_io_error(file.read_to_end(&mut Vec::new())));
    assert_eq!(fs::read(site.path("file")).unwrap(), b"synced");
}

fn a_full_disk_says_so() {
    let site = Site::new();
    put(&site.path("file"), b"old");
    site.device
        .set_faults(|faults| faults.space = Space::NoGrowth);
    let open = || {
        OpenOptions::new()
            .write(true)
            .open(site.path("file"))
            .unwrap()
    };
    open().write_all(b"new").unwrap();
    assert_eq!(
        error_of(open().write_all(b"longer")),
        ErrorKind::StorageFull
    );
    assert_eq!(
        error_of(File::create(site.path("other"))),
        ErrorKind::StorageFull
    );
    site.device.set_faults(|faults| faults.space = Space::Full);
    assert_eq!(error_of(open().write_all(b"two")), ErrorKind::StorageFull);
    site.device.set_faults(|faults| faults.space = Space::Free);
    open().write_all(b"longer").unwrap();
}

fn a_failing_sync_says_so() {
    let site = Site::new();
    let file = File::create(site.path("file")).unwrap();
    site.device.set_faults(|faults| faults.sync = Sync::Fail);
    assert!(is_io_error(file.sync_data()));
    assert!(is_io_error(file.sync_all()));
    assert!(is_io_error(
        File::open(site.directory.path()).unwrap().sync_all()
    ));
    site.device.set_faults(|faults| faults.sync = Sync::Honest);
    file.sync_data().unwrap();
}

fn a_sync_that_failed_once_has_lost_for_good() {
    let site = Site::new();
    put(&site.path("file"), b"old");
    site.device
        .set_faults(|faults| faults.sync = Sync::FailOnce);
    let mut file = OpenOptions::new()
        .write(true)
        .open(site.path("file"))
        .unwrap();
    file.write_all(b"new").unwrap();
    assert!(is_io_error(file.sync_data()));
    file.sync_data().unwrap();
    assert_eq!(fs::read(site.path("file")).unwrap(), b"new");
    site.device.cut(Survival::Nothing);
    site.device.power_on();
    assert_eq!(fs::read(site.path("file")).unwrap(), b"old");
}

fn a_slow_sync_takes_its_time() {
    const DELAY: Duration = Duration::from_millis(30);
    let site = Site::new();
    let file = File::create(site.path("file")).unwrap();
    site.device.set_faults(|faults| faults.delay = DELAY);
    let started = Instant::now();
    file.sync_data().unwrap();
    assert!(
        started.elapsed() >= DELAY,
        "a lower limit holds on any machine"
    );
}

fn the_switches_work_from_outside() {
    let site = Site::new();
    let outside = TempDir::new().unwrap();
    let socket = outside.path().join("socket");
    control::serve(&site.device, &socket).unwrap();
    let send = |command: &str| control::send(&socket, command).unwrap();
    put(&site.path("file"), b"content");
    assert!(send("fsync fail").unwrap().contains("fsync=fail"));
    assert!(is_io_error(
        File::open(site.path("file")).unwrap().sync_all()
    ));
    assert!(send("heal").unwrap().contains("fsync=ok"));
    assert!(send("flip file 3").unwrap().starts_with("flipped bit"));
    assert_ne!(fs::read(site.path("file")).unwrap(), b"content");
    assert!(send("flip nothing 3").unwrap_err().contains("no such file"));
    assert!(send("explode").unwrap_err().contains("is not a command"));
    assert!(send("cut").unwrap().contains("power=off"));
    assert!(send("on").unwrap().contains("power=on"));
    let saved = outside.path().join("saved");
    send(&format!("save {}", saved.display())).unwrap();
    assert_eq!(fs::read(saved.join("file")).unwrap().len(), 7);
}
