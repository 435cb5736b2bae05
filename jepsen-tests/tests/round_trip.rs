//! What is recorded is read again, whatever it is; and what cannot be read is named.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod arbitrary;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use jepsen_tests::history::{
    Clock, Entry, Exchange, Function, Kind, Operation, Process, ReadError, Recorder, Value, read,
};
use proptest::prelude::*;

/// A file in memory.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn entry(operation: &Operation) -> Entry {
    Entry {
        process: operation.process,
        kind: operation.kind,
        function: operation.function.clone(),
        value: operation.value.clone(),
        node: operation.node.clone(),
        error: operation.error.clone(),
    }
}

proptest! {
    #[test]
    fn every_operation_comes_back(operations in arbitrary::observations(20)) {
        let page = Page::default();
        let recorder = Recorder::new(page.clone(), Clock::start());
        for operation in &operations {
            recorder.record_at(entry(operation), operation.time).unwrap();
        }
        recorder.flush().unwrap();
        let history = read(&page.text()).unwrap();
        prop_assert_eq!(history.operations(), operations.as_slice());
    }

    /// However late its lines came.
    #[test]
    fn a_history_is_in_the_order_of_its_times(operations in arbitrary::observations(20), turn in 0usize..20) {
        let page = Page::default();
        let recorder = Recorder::new(page.clone(), Clock::start());
        let (late, early) = operations.split_at(turn.min(operations.len()));
        for operation in early.iter().chain(late) {
            recorder.record_at(entry(operation), operation.time).unwrap();
        }
        recorder.flush().unwrap();
        let history = read(&page.text()).unwrap();
        let times: Vec<u64> = history.operations().iter().map(|o| o.time).collect();
        let expected: Vec<u64> = operations.iter().map(|o| o.time).collect();
        prop_assert_eq!(times, expected);
    }

    /// Any bytes: an error or a history, never a panic.
    #[test]
    fn any_text_is_read_or_refused(text in "[ -~\n]{0,200}") {
        let _ = read(&text);
    }

    /// Half a line is not taken for a whole one.
    #[test]
    fn a_cut_line_is_refused(operations in arbitrary::observations(1), cut in 1usize..1000) {
        prop_assume!(!operations.is_empty());
        let page = Page::default();
        let recorder = Recorder::new(page.clone(), Clock::start());
        recorder.record_at(entry(&operations[0]), 0).unwrap();
        recorder.flush().unwrap();
        let text: Vec<char> = page.text().trim_end().chars().collect();
        let cut = 1 + cut % (text.len() - 1);
        let text: String = text[..cut].iter().collect();
        let refused = matches!(read(&text), Err(ReadError::Syntax { .. }));
        prop_assert!(refused, "{text}");
    }
}

#[test]
fn threads_write_whole_lines_in_order() {
    let page = Page::default();
    let recorder = Recorder::new(page.clone(), Clock::start());
    std::thread::scope(|scope| {
        for process in 0..8 {
            let recorder = &recorder;
            scope.spawn(move || {
                for _ in 0..100 {
                    let exchange = Exchange {
                        client: format!("02:aa:00:00:00:0{process}"),
                        address: None,
                        grant: None,
                    };
                    let value = Value::Exchange(exchange);
                    let invoke = Entry::invoke(process, Function::Acquire, value.clone());
                    let completion = invoke.completed(Kind::Ok, value, None);
                    recorder.record(invoke).unwrap();
                    recorder.record(completion).unwrap();
                }
            });
        }
    });
    recorder.flush().unwrap();
    let history = read(&page.text()).unwrap();
    assert_eq!(history.operations().len(), 1600);
    assert_eq!(history.calls().count(), 800);
    let times: Vec<u64> = history.operations().iter().map(|o| o.time).collect();
    assert!(times.is_sorted());
}

#[test]
fn what_comes_too_late_for_its_place_is_refused() {
    let page = Page::default();
    let recorder = Recorder::new(page.clone(), Clock::start());
    let seen = || Entry::seen(Function::Ruleset, Some("n1"), Value::None);
    recorder.record_at(seen(), 7).unwrap();
    recorder.flush().unwrap();
    recorder.record_at(seen(), 7).unwrap();
    let late = recorder.record_at(seen(), 6).unwrap_err().to_string();
    assert!(late.contains("a line of 7 ns is written already"), "{late}");
}

#[test]
fn errors_say_where() {
    let message = |text: &str| read(text).unwrap_err().to_string();
    assert_eq!(
        message(
            "\n{:index 0, :time 0, :process 0, :type :invoke, :f :acquire, :value {:client 7}}"
        ),
        "line 2: :value :client 7 is not a string"
    );
    assert_eq!(
        message(
            "{:index 0, :time 0, :process 0, :type :invoke, :f :acquire, :value {:client \"a\", :address \"10.0.0.300\"}}"
        ),
        "line 1: :value :address \"10.0.0.300\": invalid IPv4 address syntax"
    );
    assert_eq!(
        message("{:index 0, :time 0, :type :invoke, :f :acquire}"),
        "line 1: has no :process"
    );
    assert_eq!(
        message("{:index 0, :time 0, :process 0, :type :invoke, :f :dance}"),
        "line 1: :f :dance is not a function that is known here"
    );
    let cut = message("{:index 0, :time 0\n");
    assert!(cut.starts_with("line 1, column "), "{cut}");
    let line = "{:index 0, :time 0, :process 0, :type :invoke, :f :acquire}";
    let twice = message(&format!("{line} {line}"));
    assert!(twice.starts_with("line 1, column 61:"), "{twice}");
}

#[test]
fn what_is_no_history_is_refused() {
    let line = |index: u64, kind: &str, f: &str| {
        format!("{{:index {index}, :time 0, :process 0, :type :{kind}, :f :{f}, :value nil}}\n")
    };
    let message = |text: String| read(&text).unwrap_err().to_string();
    let backwards = line(1, "invoke", "acquire") + &line(1, "ok", "acquire");
    assert_eq!(message(backwards), ":index 1 does not come after :index 1");
    let busy = line(0, "invoke", "acquire") + &line(1, "invoke", "renew");
    assert_eq!(
        message(busy),
        ":index 1: process 0 begins an operation while :index 0 is not over"
    );
    let reused =
        line(0, "invoke", "acquire") + &line(1, "info", "acquire") + &line(2, "invoke", "renew");
    assert_eq!(
        message(reused),
        ":index 2: process 0 goes on after :info of :index 1: it must take a new number"
    );
    let earlier = line(0, "invoke", "acquire").replace(":time 0", ":time 9")
        + &line(1, "ok", "acquire").replace(":time 0", ":time 8");
    assert_eq!(
        message(earlier),
        ":index 1: :time 8 is before that of the line before, 9"
    );
    let end_alone = line(0, "ok", "acquire");
    assert_eq!(
        message(end_alone),
        ":index 0: process 0 ends :acquire, which it did not begin"
    );
    let other = line(0, "invoke", "acquire") + &line(1, "ok", "renew");
    assert_eq!(
        message(other),
        ":index 1: process 0 ends :renew, which it did not begin"
    );
}

#[test]
fn processes_pair_up() {
    let text = "
        ; a comment
        {:index 0, :time 1, :process 0, :type :invoke, :f :acquire, :value {:client \"a\"}}
        {:index 1, :time 2, :process 1, :type :invoke, :f :acquire, :value {:client \"b\"}}
        {:index 2, :time 3, :process :observer, :type :info, :f :ruleset, :value {:equal? true}, :node \"n1\"}
        {:index 3, :time 4, :process 0, :type :ok, :f :acquire, :value {:client \"a\"}}
    ";
    let history = read(text).unwrap();
    let ends: Vec<_> = history
        .calls()
        .map(|call| (call.kind(), call.ended()))
        .collect();
    assert_eq!(ends, [(Kind::Ok, Some(4)), (Kind::Info, None)]);
    assert_eq!(history.operations()[2].process, Process::Observer);
}
