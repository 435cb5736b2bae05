//! Which fields of a `oneof` there are, and which one a message has.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use prost::Message;
use prost::encoding::decode_key;
use std::collections::BTreeSet;

const LOG: &str = include_str!("../../../../proto/log.proto");
const OBJECTS: &str = include_str!("../../../../proto/objects.proto");

/// So many draws miss none of some twenty.
const DRAWS: usize = 2000;

/// The number of the first field in the encoded message: of a message that is one `oneof`, which it is.
pub fn number(message: &impl Message) -> u32 {
    let (number, _) = decode_key(&mut &message.encode_to_vec()[..]).expect("a field");
    number
}

/// The names and numbers of the fields in the first `oneof` of a message, as its proto file has them.
pub fn fields(message: &str) -> Vec<(&'static str, u32)> {
    let start = format!("message {message} {{\n");
    let mut files = [LOG, OBJECTS].into_iter();
    let body = files.find_map(|file| file.split_once(&start));
    let (_, body) = body.unwrap_or_else(|| panic!("no proto file has a message {message}"));
    let (_, oneof) = body.split_once("  oneof ").expect("the message has one");
    let lines = oneof.lines().skip(1).map(str::trim);
    let lines = lines.take_while(|line| *line != "}");
    let fields = lines.filter(|line| !line.starts_with("//")).map(|line| {
        let (left, right) = line.split_once(" = ").expect("a field");
        let (_, name) = left.rsplit_once(' ').expect("a type and a name");
        let number = right.trim_end_matches(';').parse().expect("a number");
        (name, number)
    });
    fields.collect()
}

/// The numbers alone.
pub fn numbers(message: &str) -> BTreeSet<u32> {
    fields(message)
        .into_iter()
        .map(|(_, number)| number)
        .collect()
}

/// The numbers of what a strategy makes.
pub fn drawn<T>(strategy: impl Strategy<Value = T>, number: impl Fn(&T) -> u32) -> BTreeSet<u32> {
    let mut runner = TestRunner::deterministic();
    let mut draw = || strategy.new_tree(&mut runner).expect("a value").current();
    (0..DRAWS).map(|_| number(&draw())).collect()
}
