//! Disks that go back, vanish, and a member that lies of notes (cluster's ADR 0019), played through: each
//! scene is one, on several seeds, and everything in it is judged by the lease contract.
//!
//! Only in a build whose randomness is seeded, as `determinism.rs`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(tokio_unstable)]

use anyhow::{Context, Result};
use sim::disk::Image;
use sim::network::{Host, Lie};
use sim::standstill::STANDS_STILL;
use sim::world::World;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const SEEDS: std::ops::Range<u64> = 1..7;
/// The notes of more than a voter needs are waited for, and an election.
const NOTES_AND_ELECTION: Duration = Duration::from_secs(5 + 4);
const LONG: Duration = Duration::from_secs(30);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Plays `scene` on each seed, and says what went wrong where.
fn play(nodes: u64, scene: impl Fn(&mut World) -> Result<()> + Clone + Send + 'static) {
    for seed in SEEDS {
        let (ended, ends) = mpsc::sync_channel(1);
        let scene = scene.clone();
        thread::spawn(move || {
            let mut world = World::calm(seed, nodes).unwrap();
            let told = scene(&mut world).err().map(|error| {
                let told = world.told();
                let last = told.len().saturating_sub(60);
                format!("{error:#}\n{}", told[last..].join("\n"))
            });
            // Nobody listens any more only where this took for ever.
            ended.send(told).unwrap_or_default();
        });
        let told = ends
            .recv_timeout(STANDS_STILL)
            .expect("a task of a node never waits, or the scene has panicked");
        if let Some(told) = told {
            panic!("seed {seed}: {told}");
        }
    }
}

fn all_serve(world: &World) -> bool {
    let hosts = 1..=world.size();
    hosts.into_iter().all(|host| world.serves(host))
}

/// Up, in service, with clients at work.
fn at_work(world: &mut World) -> Result<Host> {
    world.pass(seconds(8))?;
    world.until("all serve", LONG, all_serve)?;
    world.pass(seconds(4))?;
    Ok(world.leader().unwrap())
}

/// Followers, in order, of one that leads.
fn followers(world: &World, leader: Host) -> Vec<Host> {
    (1..=world.size()).filter(|host| *host != leader).collect()
}

/// Until all serve, and clients are given addresses again.
fn all_is_well(world: &mut World, within: Duration) -> Result<Duration> {
    let took = world.until("all serve again", within, all_serve)?;
    let before = world.acknowledged();
    world.until("clients are served", LONG, |world| {
        world.acknowledged() > before
    })?;
    Ok(took)
}

#[test]
fn power_cut_of_all() {
    play(3, move |world| {
        at_work(world)?;
        let hosts: Vec<_> = (1..=3).collect();
        world.cut_power(&hosts);
        world.pass(seconds(1))?;
        world.start(&hosts)?;
        // Everybody answers at once: nobody waits for the patience of notes.
        all_is_well(world, seconds(5)).map(drop)
    });
}

#[test]
fn two_start_and_the_third_is_dead() {
    play(3, move |world| {
        let leader = at_work(world)?;
        world.cut_power(&[1, 2, 3]);
        world.pass(seconds(1))?;
        let two = followers(world, leader);
        world.start(&two)?;
        let serve = |world: &World| two.iter().all(|host| world.serves(*host));
        world.until("the two serve", NOTES_AND_ELECTION, serve)?;
        let before = world.acknowledged();
        world.until("clients are served", LONG, |world| {
            world.acknowledged() > before
        })?;
        world.start(&[leader])?;
        all_is_well(world, seconds(5)).map(drop)
    });
}

/// The one has acknowledged what `deaf` never got, then goes back, and then those die who had it.
struct Forgotten {
    back: Host,
    deaf: Vec<Host>,
    knowing: Vec<Host>,
    image: Image,
}

/// Grants are committed by the leader, the one that will go back, and as many others as it takes.
fn forget(world: &mut World) -> Result<Forgotten> {
    let leader = at_work(world)?;
    let others = followers(world, leader);
    let back = others[0];
    let image = world.image(back).unwrap();
    let majority = usize::try_from(world.size()).unwrap() / 2 + 1;
    // Beside the leader and the one that goes back.
    let (knowing, deaf) = others[1..].split_at(majority - 2);
    world.deafen(deaf, true);
    world.pass(seconds(6))?;
    let mut knowing = knowing.to_vec();
    knowing.push(leader);
    Ok(Forgotten {
        back,
        deaf: deaf.to_vec(),
        knowing,
        image,
    })
}

/// The third has nothing that the other two agreed on. It and the one that went back must elect nobody,
/// whatever becomes of the leader after the one has asked for its notes.
#[test]
fn one_of_three_goes_back_and_the_leader_dies() {
    play(3, move |world| {
        let Forgotten {
            back,
            deaf,
            knowing,
            image,
        } = forget(world)?;
        let noted = world.applied(back);
        world.cut_power(&[back]);
        world.roll_back(back, &image);
        // Or it would be filled at once.
        world.deafen(&[back], true);
        world.start(&[back])?;
        world.pass(Duration::from_millis(600))?;
        world.cut_power(&knowing);
        world.deafen(&deaf, false);
        world.deafen(&[back], false);
        world.pass(seconds(15))?;
        assert!(!world.serves(back) && !world.serves(deaf[0]));
        let reason = world.reason(back);
        assert!(reason.contains("its disk went back"), "{reason}");
        world.start(&knowing)?;
        all_is_well(world, seconds(10))?;
        assert!(world.applied(back) >= noted);
        Ok(())
    });
}

/// The leader is dead when it starts. One of the others has all, and only that one may lead.
#[test]
fn one_of_five_goes_back_while_others_die() {
    play(5, move |world| {
        let Forgotten {
            back,
            deaf,
            knowing,
            image,
        } = forget(world)?;
        world.pass(seconds(2))?;
        world.cut_power(&[back]);
        let leader = *knowing.last().unwrap();
        world.cut_power(&[leader]);
        world.roll_back(back, &image);
        world.deafen(&deaf, false);
        world.start(&[back])?;
        let serve = |world: &World| deaf.iter().all(|host| world.serves(*host));
        world.until("the three that are whole serve", LONG, serve)?;
        assert_eq!(world.leader(), knowing.first().copied(), "who has all");
        world.until("it is filled", LONG, |world| world.serves(back))?;
        world.cut_power(&[knowing[0]]);
        world.until("without those two, too", LONG, |world| {
            let leads = world.leader().is_some_and(|leads| leads != knowing[0]);
            leads && world.serves(back) && serve(world)
        })?;
        world.start(&knowing)?;
        all_is_well(world, seconds(10)).map(drop)
    });
}

/// A copy of the founder's disk from before the others joined.
fn alone(world: &mut World) -> Result<Image> {
    let mut image = None;
    while world.voters().len() < 3 {
        world.pass(Duration::from_millis(2))?;
        if world.members_known_at(1) == 1 {
            image = world.image(1);
        }
    }
    image.context("it was never alone")
}

#[test]
fn a_restored_founder_that_is_cut_off_serves_nobody() {
    play(3, move |world| {
        let image = alone(world)?;
        at_work(world)?;
        world.cut_power(&[1]);
        world.roll_back(1, &image);
        world.isolate(1);
        world.start(&[1])?;
        for _ in 0..40 {
            world.pass(Duration::from_millis(500))?;
            assert!(!world.serves(1));
        }
        let reason = world.reason(1);
        assert!(reason.contains("only voter"), "{reason}");
        world.join_all();
        all_is_well(world, seconds(20)).map(drop)
    });
}

/// A new disk, and the same command line: neither founds a second cluster, nor silences the others.
#[test]
fn an_emptied_node_with_its_own_start_silences_nobody() {
    for (host, is_cut_off) in [(1, true), (1, false), (2, true), (2, false)] {
        play(3, move |world| {
            at_work(world)?;
            world.cut_power(&[host]);
            world.empty(host);
            if is_cut_off {
                world.isolate(host);
            }
            world.start(&[host])?;
            world.pass(seconds(10))?;
            assert!(!world.serves(host), "{}", world.reason(host));
            world.join_all();
            world.pass(seconds(10))?;
            let others = followers(world, host);
            assert!(others.iter().all(|other| world.serves(*other)));
            assert!(!world.serves(host), "{}", world.reason(host));
            let before = world.acknowledged();
            world.until("clients are served", LONG, |world| {
                world.acknowledged() > before
            })?;
            Ok(())
        });
    }
}

/// Whatever it says of notes, an honest node starts as fast as ever, and one that went back is seen.
#[test]
fn a_member_that_lies_of_notes_keeps_nobody_out() {
    for lie in [Lie::Withholds, Lie::Stale, Lie::Huge, Lie::Foreign] {
        play(3, move |world| {
            world.lies(2, lie);
            at_work(world)?;
            world.cut_power(&[3]);
            world.pass(seconds(1))?;
            world.start(&[3])?;
            all_is_well(world, seconds(4))?;
            world.cut_power(&[1, 2, 3]);
            world.start(&[1, 2, 3])?;
            all_is_well(world, seconds(5)).map(drop)
        });
        play(5, move |world| {
            world.lies(2, lie);
            at_work(world)?;
            let image = world.image(3).unwrap();
            world.pass(seconds(6))?;
            let noted = world.applied(3);
            world.cut_power(&[3]);
            world.pass(seconds(1))?;
            world.roll_back(3, &image);
            world.start(&[3])?;
            world.until("it sees that its disk went back", seconds(4), |world| {
                world.reason(3).contains("its disk went back")
            })?;
            all_is_well(world, seconds(10))?;
            assert!(world.applied(3) >= noted);
            Ok(())
        });
    }
}

/// It owes a vote that its disk has forgotten and cannot take: its Raft stops, and nothing spins. Started anew, it is
/// filled.
#[test]
fn one_goes_back_behind_its_vote_and_its_disk_is_full() {
    play(3, move |world| {
        let leader = at_work(world)?;
        let back = followers(world, leader)[0];
        let image = world.image(back).unwrap();
        world.cut_power(&[leader]);
        world.until("another one leads", LONG, |world| {
            world.leader().is_some_and(|leads| leads != leader) && world.serves(back)
        })?;
        world.pass(seconds(4))?;
        world.cut_power(&[back]);
        world.roll_back(back, &image);
        world.start(&[leader, back])?;
        world.until("it has started", LONG, |world| {
            !world.reason(back).is_empty()
        })?;
        world.fill_disk(back);
        world.until("its storage has failed", LONG, |world| {
            world.reason(back).contains("its storage failed")
        })?;
        world.pass(seconds(5))?;
        world.mend_disk(back)?;
        all_is_well(world, seconds(20)).map(drop)
    });
}
