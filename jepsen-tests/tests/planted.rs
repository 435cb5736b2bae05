//! Planted histories: each breach under `histories/bad` is found by the checker of its rule, and
//! nothing is found in those under `histories/good`. The rule is the first part of the file's name.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jepsen_tests::check::{self, Report, Validity, Verdict};
use jepsen_tests::history::read_file;

fn files(kind: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/histories")
        .join(kind);
    let entries = std::fs::read_dir(directory).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn rule(file: &Path) -> String {
    let name = file.file_stem().unwrap().to_str().unwrap();
    name.split('_').next().unwrap().to_uppercase()
}

/// The rules with that verdict.
fn with(report: &Report, validity: Validity) -> BTreeSet<&str> {
    let verdicts = report.verdicts.iter();
    let found = verdicts.filter(|verdict| verdict.validity == validity);
    found.map(|verdict| verdict.rule).collect()
}

#[test]
fn nothing_is_found_in_clean_histories() {
    let mut judged = BTreeSet::new();
    for file in files("good") {
        let report = check::all(&read_file(&file).unwrap());
        assert!(
            with(&report, Validity::Invalid).is_empty(),
            "{}:\n{report}",
            file.display()
        );
        let tested = report.verdicts.iter().filter(|verdict| verdict.judged > 0);
        judged.extend(tested.map(Verdict::name));
    }
    let all = check::all(&read_file(&files("good")[0]).unwrap());
    let names: BTreeSet<String> = all.verdicts.iter().map(Verdict::name).collect();
    assert_eq!(judged, names, "every checker had something to judge");
}

#[test]
fn a_clean_history_with_tables_is_valid() {
    let file = files("good")
        .into_iter()
        .find(|file| file.ends_with("life.edn"))
        .unwrap();
    let report = check::all(&read_file(&file).unwrap());
    assert_eq!(report.exit_code(), 0, "{report}");
    assert!(report.edn().unwrap().contains(":valid? true"));
}

/// A verdict that counts what it could never have accused says yes without having looked.
#[test]
fn what_could_accuse_nobody_is_not_counted() {
    let table = [
        (
            "confirm_not_sent.edn",
            "at the end every node confirms every client's address",
        ),
        // Nobody at all is answered meanwhile, or a node has just died.
        (
            "retransmissions.edn",
            "no new client needs more than one retransmission",
        ),
    ];
    for (name, what) in table {
        let file = files("good").into_iter().find(|file| file.ends_with(name));
        let report = check::all(&read_file(&file.unwrap()).unwrap());
        let verdict = report.verdicts.iter().find(|it| it.what == what).unwrap();
        assert_eq!(verdict.judged, 0, "{name}:\n{report}");
    }
}

#[test]
fn every_planted_breach_is_found() {
    let mut found = BTreeSet::new();
    for file in files("bad") {
        let report = check::all(&read_file(&file).unwrap());
        let rule = rule(&file);
        assert!(
            with(&report, Validity::Invalid).contains(rule.as_str()),
            "{} is not found:\n{report}",
            file.display()
        );
        assert_eq!(report.exit_code(), 1);
        found.insert(rule);
    }
    let all = check::all(&read_file(&files("good")[0]).unwrap());
    let rules: BTreeSet<String> = all.verdicts.iter().map(|v| v.rule.to_owned()).collect();
    assert_eq!(found, rules, "every rule has a planted breach");
}

#[test]
fn what_cannot_be_told_is_unknown() {
    for file in files("unknown") {
        let report = check::all(&read_file(&file).unwrap());
        let unknown = with(&report, Validity::Unknown);
        assert!(unknown.contains(rule(&file).as_str()), "{report}");
        assert_eq!(report.validity(), Validity::Unknown, "{report}");
        assert_eq!(report.exit_code(), 1);
        assert!(report.edn().unwrap().contains(":valid? :unknown"));
    }
}
