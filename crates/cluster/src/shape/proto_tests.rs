//! Whatever may repeat in a request or in an answer is looked at: the definitions are read here.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::{of_answer, of_request};
use api::shape::{Field, Shape};

const PROTO: [&str; 4] = [
    include_str!("../../../../proto/peer.proto"),
    include_str!("../../../../proto/storage.proto"),
    include_str!("../../../../proto/log.proto"),
    include_str!("../../../../proto/objects.proto"),
];
/// A stream: the listener looks at each of its messages as it passes.
const STREAMED: &str = "SnapshotChunk";

/// A message by its full name (`JoinResponse.Joined`), and the fields that it has.
struct Definition {
    name: String,
    fields: Vec<Defined>,
}

struct Defined {
    repeated: bool,
    kind: String,
    number: u64,
}

fn definitions() -> Vec<Definition> {
    let mut definitions: Vec<Definition> = Vec::new();
    for file in PROTO {
        // Names of the blocks that are open: nothing of a oneof, a service or an enum.
        let mut open: Vec<Option<&str>> = Vec::new();
        for line in file.lines().map(|line| line.split("//").next().unwrap()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["message", name, rest @ ..] => {
                    open.push(Some(name));
                    let path: Vec<&str> = open.iter().copied().flatten().collect();
                    definitions.push(Definition {
                        name: path.join("."),
                        fields: Vec::new(),
                    });
                    if rest.contains(&"{}") {
                        open.pop();
                    }
                }
                ["oneof" | "enum" | "service", _, "{"] => open.push(None),
                ["}"] => drop(open.pop()),
                [kind @ .., _, "=", number] if open.iter().any(Option::is_some) => {
                    let path: Vec<&str> = open.iter().copied().flatten().collect();
                    let name = path.join(".");
                    let message = definitions.iter_mut().find(|known| known.name == name);
                    message.unwrap().fields.push(Defined {
                        repeated: kind.first() == Some(&"repeated"),
                        kind: kind.last().copied().unwrap_or_default().to_owned(),
                        number: number.trim_end_matches(';').parse().unwrap_or(0),
                    });
                }
                _ => {}
            }
        }
        assert!(open.is_empty(), "every block is closed");
    }
    definitions
}

/// What `kind` means within the message `scope`.
fn resolve<'a>(definitions: &'a [Definition], scope: &str, kind: &str) -> Option<&'a Definition> {
    let kind = kind.rsplit("v1.").next().unwrap();
    let mut scope = Some(scope);
    while let Some(within) = scope {
        let name = format!("{within}.{kind}");
        if let Some(found) = definitions.iter().find(|known| known.name == name) {
            return Some(found);
        }
        scope = within.rsplit_once('.').map(|(outer, _)| outer);
    }
    definitions.iter().find(|known| known.name == kind)
}

/// How many lists `fields` has to know, of this message and of what is in it.
fn lists(all: &[Definition], message: &Definition, fields: &[Field], shape: &Shape) -> usize {
    let mut lists = 0;
    for defined in &message.fields {
        let known = fields.iter().find(|field| field.number == defined.number);
        let path = format!("{}, field {}", message.name, defined.number);
        let is_list = defined.repeated && defined.kind != "fixed32";
        if is_list {
            lists += 1;
            let known = known.unwrap_or_else(|| panic!("{path} is a list that nobody counts"));
            let kind = known.counts.unwrap_or_else(|| panic!("{path} counts"));
            assert!(shape.budgets.iter().any(|(of, _)| *of == kind), "{path}");
            assert_eq!(known.packed, defined.kind.starts_with("uint"), "{path}");
        }
        if let Some(inner) = resolve(all, &message.name, &defined.kind) {
            lists += self::lists(all, inner, known.map_or(&[], |known| known.within), shape);
        }
    }
    lists
}

#[test]
fn every_list_of_a_call_and_of_an_answer_is_counted() {
    let all = definitions();
    let (mut calls, mut found) = (0, 0);
    for line in PROTO[0].lines() {
        let Some(call) = line.trim().strip_prefix("rpc ") else {
            continue;
        };
        let parts: Vec<&str> = call.split(['(', ')', ' ', ';']).collect();
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let (name, asked, answered) = (parts[0], parts[parts.len() - 3], *parts.last().unwrap());
        let path = format!("/gatewayd.peer.v1.Peer/{name}");
        calls += 1;
        for (message, shape) in [(asked, of_request(&path)), (answered, of_answer(&path))] {
            if message != STREAMED {
                let message = resolve(&all, "", message).unwrap();
                found += lists(&all, message, shape.fields, shape);
            }
        }
    }
    assert_eq!((calls, found), (11, 49), "calls, and lists in them");
}
