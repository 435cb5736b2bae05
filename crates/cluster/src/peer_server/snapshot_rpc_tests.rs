//! A snapshot that comes too slowly ends, and one that comes through the worst link does not.

use super::*;
use crate::limits::SNAPSHOT_CHUNK_BYTES;
use tokio::time::advance;

/// How long a transfer is borne of which `bytes` come every `pause`.
async fn borne(bytes: u64, pause: Duration) -> Duration {
    let (begun, mut received) = (Instant::now(), 0);
    while received < MAX_SNAPSHOT_BYTES {
        let within = patience(begun, received);
        if pause > within {
            advance(within).await;
            return begun.elapsed();
        }
        advance(pause).await;
        received += bytes;
    }
    Duration::MAX
}

#[tokio::test(start_paused = true)]
async fn a_dripping_snapshot_ends_soon_whatever_its_header_says() {
    let pause = Duration::from_secs(9);
    assert_eq!(borne(1, pause).await, SNAPSHOT_SLACK);
    assert!(borne(1024, pause).await < 2 * SNAPSHOT_SLACK);
    let still = Duration::from_secs(60);
    assert_eq!(borne(1, still).await, SNAPSHOT_CHUNK_TIMEOUT);
}

/// L7: 14 kB/s.
#[tokio::test(start_paused = true)]
async fn a_large_snapshot_comes_through_the_worst_link() {
    let chunk = SNAPSHOT_CHUNK_BYTES as u64;
    let pause = Duration::from_millis(chunk / 14);
    assert_eq!(borne(chunk, pause).await, Duration::MAX);
}
