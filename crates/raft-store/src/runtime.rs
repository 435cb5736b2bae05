//! The runtime that openraft runs on: tokio's, with randomness that a simulation can seed.
//!
//! * **What it is.** Tokio in everything but one thing: openraft draws its election timeouts from
//!   [`NodeRuntime::thread_rng`], and a simulation must be able to repeat them.
//! * **What it is not.** A simulated runtime. Time is exchanged by running a node in a tokio
//!   runtime whose clock is paused (ADR 0012), which needs nothing from here.
//! * **Invariant.** Without [`seed_randomness`] the numbers come from the operating system. openraft's
//!   only spread elections in time; a secret is drawn by [`fill_secret`], past any generator.

use openraft::{AsyncRuntime, OptionalSend};
use openraft_rt_tokio::TokioRuntime;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

thread_local! {
    /// The seed of the next generator that this thread asks for, if it is a simulation's.
    static NEXT_SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Makes what this thread draws from now on follow from `seed`; `None` gives it back to the
/// operating system.
pub fn seed_randomness(seed: Option<u64>) {
    NEXT_SEED.set(seed);
}

/// Fills `secret` from the operating system, or from this thread's seed if it is a simulation's.
pub(crate) fn fill_secret(secret: &mut [u8]) -> std::io::Result<()> {
    if NEXT_SEED.get().is_some() {
        NodeRuntime::thread_rng().fill_bytes(secret);
        return Ok(());
    }
    getrandom::fill(secret).map_err(|error| std::io::Error::other(error.to_string()))
}

/// Tokio, with randomness that can be seeded.
#[derive(Debug)]
pub struct NodeRuntime(TokioRuntime);

impl AsyncRuntime for NodeRuntime {
    type JoinError = <TokioRuntime as AsyncRuntime>::JoinError;
    type JoinHandle<T: OptionalSend + 'static> = <TokioRuntime as AsyncRuntime>::JoinHandle<T>;
    type Sleep = <TokioRuntime as AsyncRuntime>::Sleep;
    type Instant = <TokioRuntime as AsyncRuntime>::Instant;
    type TimeoutError = <TokioRuntime as AsyncRuntime>::TimeoutError;
    type Timeout<R, T: Future<Output = R> + OptionalSend> =
        <TokioRuntime as AsyncRuntime>::Timeout<R, T>;
    type ThreadLocalRng = SmallRng;
    type Mpsc = <TokioRuntime as AsyncRuntime>::Mpsc;
    type Watch = <TokioRuntime as AsyncRuntime>::Watch;
    type Oneshot = <TokioRuntime as AsyncRuntime>::Oneshot;
    type Mutex<T: OptionalSend + 'static> = <TokioRuntime as AsyncRuntime>::Mutex<T>;

    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        TokioRuntime::spawn(future)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        TokioRuntime::sleep(duration)
    }

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        TokioRuntime::sleep_until(deadline)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(
        duration: Duration,
        future: F,
    ) -> Self::Timeout<R, F> {
        TokioRuntime::timeout(duration, future)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(
        deadline: Self::Instant,
        future: F,
    ) -> Self::Timeout<R, F> {
        TokioRuntime::timeout_at(deadline, future)
    }

    fn is_panic(join_error: &Self::JoinError) -> bool {
        TokioRuntime::is_panic(join_error)
    }

    fn thread_rng() -> SmallRng {
        match NEXT_SEED.get() {
            Some(seed) => {
                NEXT_SEED.set(Some(seed.wrapping_add(1)));
                SmallRng::seed_from_u64(seed)
            }
            None => SmallRng::from_rng(&mut rand::rng()),
        }
    }

    fn new(threads: usize) -> Self {
        Self(TokioRuntime::new(threads))
    }

    fn block_on<F, T>(&mut self, future: F) -> T
    where
        F: Future<Output = T>,
    {
        self.0.block_on(future)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    fn draw() -> [u64; 8] {
        std::array::from_fn(|_| NodeRuntime::thread_rng().random())
    }

    #[test]
    fn a_seed_repeats_what_is_drawn() {
        seed_randomness(Some(7));
        let first = draw();
        seed_randomness(Some(7));
        assert_eq!(draw(), first);
        seed_randomness(Some(70));
        assert_ne!(draw(), first);
        seed_randomness(None);
        assert_ne!(draw(), first, "the operating system has no seed");
    }
}
