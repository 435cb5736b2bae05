//! What was planted is found, lost or torn as the disk's header says.

use crate::disk::{Crash, Disk, DiskFaults};
use raft_store::storage_env::{Change, StorageEnv, Table};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

const SEEDS: u64 = 64;

fn path(name: &str) -> &Path {
    Path::new(name)
}

fn started(seed: u64) -> (Disk, Arc<dyn StorageEnv>) {
    let disk = Disk::new(seed);
    let env = disk.start();
    (disk, env)
}

fn cut(disk: &Disk) -> Arc<dyn StorageEnv> {
    disk.crash(Crash::Power);
    disk.start()
}

fn put(env: &dyn StorageEnv, name: &str, bytes: &[u8]) {
    let file = env.create(path(name)).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file.sync_all().unwrap();
}

fn keys(env: &dyn StorageEnv) -> Vec<u8> {
    let database = env.open_database(path("/log")).unwrap();
    let all = database.range(Table::Log, (Bound::Unbounded, Bound::Unbounded));
    all.map(|pair| pair.unwrap().0[0]).collect()
}

/// A database with `synced` one-key batches that are durable and `unsynced` that are not.
fn filled(env: &dyn StorageEnv, synced: u8, unsynced: u8) {
    env.create_dir_all(path("/log")).unwrap();
    env.sync_dir(path("/")).unwrap();
    let database = env.open_database(path("/log")).unwrap();
    env.sync_dir(path("/log")).unwrap();
    for n in 0..synced + unsynced {
        let change = Change {
            key: vec![n],
            value: Some(b"value"),
        };
        database.apply(Table::Log, vec![change]).unwrap();
        if n + 1 == synced {
            database.sync().unwrap();
        }
    }
}

#[test]
fn what_was_synced_is_there() {
    for seed in 0..SEEDS {
        let (disk, env) = started(seed);
        put(&*env, "/file", b"content");
        env.sync_dir(path("/")).unwrap();
        filled(&*env, 5, 0);
        assert!(!disk.has_unsynced());
        let env = cut(&disk);
        assert_eq!(env.read(path("/file")).unwrap(), b"content");
        assert_eq!(keys(&*env), [0, 1, 2, 3, 4]);
        assert_eq!(disk.counters().ends_between_write_and_sync, 0);
    }
}

#[test]
fn a_file_keeps_any_prefix_and_tears_its_last_write() {
    let mut found = BTreeSet::new();
    let mut torn = 0;
    for seed in 0..SEEDS {
        let (disk, env) = started(seed);
        put(&*env, "/file", b"....");
        env.sync_dir(path("/")).unwrap();
        let file = env.open(path("/file")).unwrap();
        file.write_all_at(b"ab", 0).unwrap();
        file.write_all_at(b"cd", 2).unwrap();
        assert_eq!(env.read(path("/file")).unwrap(), b"abcd");
        let env = cut(&disk);
        let left = String::from_utf8(env.read(path("/file")).unwrap()).unwrap();
        found.insert(left);
        torn += disk.counters().torn_writes;
        assert_eq!(disk.counters().ends_between_write_and_sync, 1);
    }
    let expected = ["....", "a...", "ab..", "abc.", "abcd"];
    assert_eq!(found, BTreeSet::from(expected.map(str::to_owned)));
    assert!(torn > 0);
}

#[test]
fn a_name_without_its_directorys_sync_may_be_lost() {
    let mut found = BTreeSet::new();
    for seed in 0..SEEDS {
        let (disk, env) = started(seed);
        put(&*env, "/old", b"old");
        env.sync_dir(path("/")).unwrap();
        put(&*env, "/new.tmp", b"new");
        env.rename(path("/new.tmp"), path("/old")).unwrap();
        let env = cut(&disk);
        let content = env.read(path("/old")).unwrap();
        let has_temporary = env.exists(path("/new.tmp")).unwrap();
        found.insert((String::from_utf8(content).unwrap(), has_temporary));
    }
    let expected = [("new", false), ("old", false), ("old", true)];
    let expected = expected.map(|(content, temporary)| (content.to_owned(), temporary));
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn what_a_lost_directory_held_is_lost_with_it() {
    let mut lost = 0;
    for seed in 0..SEEDS {
        let (disk, env) = started(seed);
        env.create_dir_all(path("/a/b")).unwrap();
        put(&*env, "/a/b/file", b"content");
        env.sync_dir(path("/a/b")).unwrap();
        let env = cut(&disk);
        lost += u32::from(!env.exists(path("/a/b/file")).unwrap());
        // A new directory of the same name is another one.
        env.create_dir_all(path("/a/b")).unwrap();
    }
    assert!(0 < lost && lost < 64, "{lost}");
}

#[test]
fn a_database_keeps_a_prefix_of_whole_batches() {
    for crash in [Crash::Power, Crash::Process] {
        let mut lengths = BTreeSet::new();
        for seed in 0..SEEDS {
            let (disk, env) = started(seed);
            filled(&*env, 2, 3);
            disk.crash(crash);
            let left = keys(&*disk.start());
            assert!(
                left.iter()
                    .copied()
                    .eq(0..u8::try_from(left.len()).unwrap())
            );
            let counters = disk.counters();
            assert_eq!(counters.kept_batches, left.len() as u64 - 2);
            assert_eq!(counters.lost_batches, 5 - left.len() as u64);
            lengths.insert(left.len());
        }
        assert_eq!(lengths, BTreeSet::from([2, 3, 4, 5]));
    }
}

#[test]
fn the_death_of_a_process_loses_no_file() {
    for seed in 0..SEEDS {
        let (disk, env) = started(seed);
        let file = env.create(path("/file")).unwrap();
        file.write_all_at(b"content", 0).unwrap();
        let env = disk.start();
        assert_eq!(env.read(path("/file")).unwrap(), b"content");
    }
}

#[test]
fn a_failed_sync_keeps_a_prefix_and_later_ones_nothing() {
    let mut lengths = BTreeSet::new();
    for seed in 0..SEEDS {
        let (disk, env) = started(seed);
        filled(&*env, 1, 2);
        let database = env.open_database(path("/log")).unwrap();
        disk.set_faults(DiskFaults {
            failing_sync: true,
            ..DiskFaults::default()
        });
        let error = database.sync().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(5));
        disk.set_faults(DiskFaults::default());
        let change = Change {
            key: vec![3],
            value: Some(b"later"),
        };
        database.apply(Table::Log, vec![change]).unwrap();
        // It says that it works.
        database.sync().unwrap();
        assert_eq!(keys(&*env), [0, 1, 2, 3]);
        let left = keys(&*cut(&disk));
        assert!([vec![0], vec![0, 1], vec![0, 1, 2], vec![0, 1, 2, 3]].contains(&left));
        lengths.insert(left.len());
        assert_eq!(disk.counters().failed_syncs, 1);
    }
    assert_eq!(lengths, BTreeSet::from([1, 2, 4]));
}

#[test]
fn a_full_disk_refuses() {
    let (disk, env) = started(1);
    filled(&*env, 1, 1);
    put(&*env, "/file", b"content");
    disk.set_faults(DiskFaults {
        full: true,
        ..DiskFaults::default()
    });
    let full = |error: std::io::Error| assert_eq!(error.kind(), ErrorKind::StorageFull);
    full(env.create(path("/other")).err().unwrap());
    full(env.create_dir_all(path("/directory")).unwrap_err());
    let file = env.open(path("/file")).unwrap();
    full(file.write_all_at(b"more", 7).unwrap_err());
    let database = env.open_database(path("/log")).unwrap();
    full(database.sync().unwrap_err());
    assert_eq!(disk.counters().refused_full, 4);
    assert_eq!(env.read(path("/file")).unwrap()[..7], *b"content");
}

#[test]
fn an_ended_life_changes_nothing() {
    let (disk, env) = started(1);
    filled(&*env, 1, 0);
    put(&*env, "/file", b"content");
    env.sync_dir(path("/")).unwrap();
    let file = env.open(path("/file")).unwrap();
    let database = env.open_database(path("/log")).unwrap();
    let held = env.lock(path("/lock")).unwrap();
    let next = cut(&disk);
    let _mine = next.lock(path("/lock")).unwrap();
    drop(held);
    assert!(next.lock(path("/lock")).is_err());
    assert!(file.write_all_at(b"x", 0).is_err());
    assert!(file.sync_all().is_err());
    assert!(database.sync().is_err());
    assert!(database.get(Table::Log, &[0]).is_err());
    assert!(env.read(path("/file")).is_err());
    assert!(env.remove_file(path("/file")).is_err());
    assert_eq!(disk.counters().refused_dead, 6);
    assert_eq!(next.read(path("/file")).unwrap(), b"content");
    assert!(!disk.has_unsynced() || next.exists(path("/lock")).unwrap());
}

#[test]
fn a_life_ends_at_the_operation_that_was_chosen() {
    let (disk, env) = started(1);
    put(&*env, "/file", b"content");
    env.sync_dir(path("/")).unwrap();
    disk.crash_after(1, Crash::Power);
    let file = env.open(path("/file")).unwrap();
    file.write_all_at(b"C", 0).unwrap();
    assert!(disk.is_running());
    assert!(file.sync_data().is_err());
    assert!(!disk.is_running());
    assert_eq!(disk.counters().ends_at_an_operation, 1);
    assert_eq!(disk.counters().syncs, 2);
}

#[test]
fn locks_are_given_back() {
    let (_disk, env) = started(1);
    let held = env.lock(path("/lock")).unwrap();
    assert!(env.lock(path("/lock")).is_err());
    drop(held);
    assert!(env.lock(path("/lock")).is_ok());
}

#[test]
fn a_range_is_read_from_both_ends() {
    let (_disk, env) = started(1);
    filled(&*env, 6, 0);
    let database = env.open_database(path("/log")).unwrap();
    let range = (Bound::Included(vec![1]), Bound::Excluded(vec![5]));
    let mut pairs = database.range(Table::Log, range);
    let mut next = |back: bool| {
        let pair = if back {
            pairs.next_back()
        } else {
            pairs.next()
        };
        pair.map(|pair| pair.unwrap().0[0])
    };
    assert_eq!([next(false), next(true)], [Some(1), Some(4)]);
    assert_eq!([next(true), next(false)], [Some(3), Some(2)]);
    assert_eq!([next(false), next(true)], [None, None]);
}

#[test]
fn the_same_seed_does_the_same() {
    let run = |seed| {
        let (disk, env) = started(seed);
        filled(&*env, 3, 9);
        let file = env.create(path("/file")).unwrap();
        file.write_all_at(&[7; 100], 0).unwrap();
        let env = cut(&disk);
        (keys(&*env), env.read(path("/file")).ok(), disk.counters())
    };
    assert!((0..SEEDS).all(|seed| run(seed) == run(seed)));
    assert!((1..SEEDS).any(|seed| run(seed) != run(0)));
}
