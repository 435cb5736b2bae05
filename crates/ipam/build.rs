//! Lets `./x mutants` build this crate with one deliberate bug, to see that a test finds it.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(mutation, values(any()))");
    println!("cargo::rerun-if-env-changed=GATEWAYD_MUTATION");
    let Ok(mutation) = std::env::var("GATEWAYD_MUTATION") else {
        return;
    };
    let profile = std::env::var("PROFILE").unwrap_or_default();
    assert_eq!(profile, "debug", "a mutation must never be in a release");
    println!("cargo::rustc-cfg=mutation=\"{mutation}\"");
}
