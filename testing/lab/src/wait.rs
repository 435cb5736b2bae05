//! The one way to wait for something: poll a condition until a deadline.
//!
//! Nothing else in this crate sleeps, so every wait says what it waited for when it gives up.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a condition is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Polls `condition` until it yields a value, and fails once `within` has passed.
///
/// `Ok(None)` means "not yet"; an `Err` ends the wait at once.
pub fn wait_until<T>(
    what: &str,
    within: Duration,
    mut condition: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = condition().with_context(|| format!("waiting for {what}"))? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            bail!("{what}: still not so after {within:?}");
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// [`wait_until`] for a plain yes or no.
pub fn wait_until_true(
    what: &str,
    within: Duration,
    mut condition: impl FnMut() -> Result<bool>,
) -> Result<()> {
    wait_until(what, within, || Ok(condition()?.then_some(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_value_as_soon_as_there_is_one() {
        let mut polls = 0;
        let value = wait_until("three polls", Duration::from_secs(5), || {
            polls += 1;
            Ok((polls == 3).then_some(polls))
        });
        assert_eq!(value.ok(), Some(3));
    }

    #[test]
    fn says_what_it_waited_for() {
        let error = wait_until_true("the moon", Duration::ZERO, || Ok(false)).err();
        assert!(error.is_some_and(|e| e.to_string().contains("the moon")));
    }
}
