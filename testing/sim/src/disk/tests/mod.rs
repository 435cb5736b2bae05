#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod crashes;
mod driver;
mod history;
mod planted;
mod suite;
