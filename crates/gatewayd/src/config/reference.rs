//! `docs/configuration.md` has every key as the options have it: this writes its table, and holds the
//! document to it. `UPDATE_GOLDEN=1 cargo test -p gatewayd --lib reference` writes it anew.

use super::options::{Cli, SCOPES, Scope};
use clap::{Arg, CommandFactory};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- keys: generated from crates/gatewayd/src/config/options.rs -->\n";
const END: &str = "<!-- end of keys -->";

#[test]
fn the_reference_has_every_key_as_the_options_have_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let document = fs::read_to_string(&path).expect("docs/configuration.md");
    let (before, rest) = document.split_once(BEGIN).expect("where the keys begin");
    let (found, after) = rest.split_once(END).expect("where the keys end");
    let expected = table();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let document = format!("{before}{BEGIN}{expected}{END}{after}");
        fs::write(&path, document).expect("writing docs/configuration.md");
        return;
    }
    assert_eq!(found, expected, "UPDATE_GOLDEN=1 writes it anew");
}

fn table() -> String {
    let command = Cli::command();
    let run = command.find_subcommand("run").expect("gatewayd run");
    let mut table =
        "| Key | Value | Default | Scope | Meaning |\n|---|---|---|---|---|\n".to_owned();
    for (key, scope) in SCOPES {
        let is_key = |arg: &&Arg| arg.get_env().is_some_and(|name| name == *key);
        let arg = run
            .get_arguments()
            .find(is_key)
            .expect("each key is a flag");
        let (value, default, meaning) = cells(arg);
        let scope = match scope {
            Scope::Node => "each node",
            Scope::Cluster => "cluster",
            Scope::Founder => "founder",
        };
        let line = format!("| `{key}` | {value} | {default} | {scope} | {meaning} |");
        writeln!(table, "{line}").expect("writing to a string");
    }
    table
}

/// What a value looks like; the default, which stands in brackets at the end of the first paragraph; the
/// rest.
fn cells(arg: &Arg) -> (String, String, String) {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let long = arg.get_long_help().map(ToString::to_string);
    let more = long.as_deref().and_then(|long| long.split_once("\n\n"));
    let more = more.map_or(String::new(), |(_, more)| {
        format!(" {}", more.replace('\n', " "))
    });
    let (first, default) = match help.split_once(" [default: ") {
        Some((first, default)) => (first, default.trim_end_matches(']')),
        None => (help.trim_end_matches('.'), "none"),
    };
    let value = arg.get_value_names().and_then(<[_]>::first);
    let value = value.map_or(String::new(), |value| format!("`{value}`"));
    let cell = |text: &str| text.replace('|', "\\|");
    let text = format!("{first}.{more}");
    (cell(&value), cell(&as_code(default)), cell(&text))
}

fn as_code(default: &str) -> String {
    let is_value = default != "none" && !default.contains(' ');
    if is_value {
        format!("`{default}`")
    } else {
        default.to_owned()
    }
}
