//! The timeline: a small one as a golden file (`UPDATE_GOLDEN=1` writes it anew), a large one within
//! its limits.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::path::Path;

use jepsen_tests::{check, history, timeline};

fn here(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(path)
}

fn drawn(history: &history::History) -> String {
    timeline::svg(history, &check::all(history))
}

#[test]
fn a_small_one_looks_as_it_did() {
    let history = history::read_file(&here("golden/small.edn")).unwrap();
    let picture = drawn(&history);
    let golden = here("golden/small.svg");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &picture).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap();
    assert_eq!(
        picture, expected,
        "UPDATE_GOLDEN=1 writes it anew; look at it"
    );
    assert!(picture.contains("fill=\"#d00000\""), "the breach is red");
    assert!(picture.contains(">isolate n1<"), "the fault has a label");
}

/// 300 clients on 500 addresses for 10 minutes, a renewal every 20 s.
fn large() -> String {
    let mut text = String::new();
    let mut lines = Vec::new();
    let mut line = |time: u64, process: u64, kind: &str, value: &str| {
        let rest = format!(
            ":time {time}, :process {process}, :type :{kind}, :f :acquire, :value {value}}}"
        );
        lines.push((time, rest));
    };
    for round in 0..30_u64 {
        for client in 0..300_u64 {
            let sent = (round * 20 + client % 20) * 1_000_000_000;
            // Every five rounds another address.
            let address = 1 + (client + round / 5 * 100) % 500;
            let who = format!(
                ":client \"02:aa:00:00:{:02x}:{:02x}\"",
                client / 256,
                client % 256
            );
            let (high, low) = (address / 256, address % 256);
            let ack = sent + 1_000_000;
            line(sent, client, "invoke", &format!("{{{who}}}"));
            line(
                ack,
                client,
                "ok",
                &format!(
                    "{{{who}, :address \"10.15.{high}.{low}\", :lease-ms 25000, :server \"10.15.3.10\", :request-sent {sent}, :ack-received {ack}}}"
                ),
            );
        }
    }
    lines.sort_by_key(|(time, _)| *time);
    for (index, (_, rest)) in lines.iter().enumerate() {
        let _ = writeln!(text, "{{:index {index}, {rest}");
    }
    text
}

#[test]
fn a_large_one_stays_readable_and_says_what_it_leaves_out() {
    let history = history::read(&large()).unwrap();
    let picture = drawn(&history);
    assert!(picture.contains("300 clients, 500 addresses"));
    assert!(picture.contains("Shown are 400 addresses"));
    let height = picture.split("height=\"").nth(1).unwrap();
    let height: f64 = height.split('"').next().unwrap().parse().unwrap();
    assert!(height < 2000.0, "{height}");
    assert!(picture.len() < 2_000_000, "{}", picture.len());
}
