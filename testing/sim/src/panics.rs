//! A panic anywhere in the product is a failure of the run, also in a task whose result nobody reads.

use std::cell::RefCell;
use std::panic;

thread_local! {
    static FIRST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on panics are remembered, each by the thread that it happened in, and not printed.
pub fn remember() {
    panic::set_hook(Box::new(|panic| {
        let text = panic.to_string().replace('\n', " ");
        FIRST.with_borrow_mut(|first| first.get_or_insert(text).len());
    }));
}

/// The first panic of this thread since the last call.
pub fn take() -> Option<String> {
    FIRST.with_borrow_mut(Option::take)
}
