//! `gatewayctl`: what operators ask of a node, as a library so that its parts can be tested.
//!
//! * **What it is.** A client of the admin and watch services (`proto/admin.proto`,
//!   `proto/watch.proto`) that prints tables for people and JSON for programs.
//! * **What it is not.** It decides nothing and reads nothing of a node's disk: it works over the
//!   network only, and keeps nothing. The one exception is [`pki`], which asks nobody: it writes a
//!   CA and certificates into a directory of the operator's.
//! * **Flow.** [`cli`] parses → [`session`] connects → [`commands`] ask and turn the messages into
//!   [`view`]s → [`render`] turns views into text (pure) → [`output`] writes it. What operators agree on
//!   ([`objects`]) is the core's types instead of views, and goes the same way for every kind.
//! * **Invariants.** Every way to end has its own exit status ([`exit`]). A change whose answer did
//!   not arrive is reported as unknown, never as failed. Text that came from DHCP clients is
//!   printed without its control characters.
//! * **Cancel-safe** in the sense that dropping a call may leave a change done or not done; the
//!   exit status says so. **A crash** leaves nothing.

pub mod cli;
pub mod commands;
pub mod exit;
pub mod failure;
pub mod objects;
pub mod output;
pub mod pki;
pub mod render;
pub mod session;
pub mod view;
