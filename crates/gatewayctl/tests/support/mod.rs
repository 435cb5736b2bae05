//! What the tests share: sample answers, golden files, a fake node.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod fake;
pub mod golden;
pub mod objects;
pub mod sample;
