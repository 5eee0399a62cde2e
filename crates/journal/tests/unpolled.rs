//! A caller that is not polled holds up nobody.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod support;
use std::time::Duration;
use support::*;
use weir_journal::sim::SimDisk;

#[test]
fn a_caller_that_is_not_polled_holds_up_nobody() {
    let disk = SimDisk::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (journal, _) = open(&disk);
        let n = names();
        journal.idle_hint()();
        for i in 0..20_u64 {
            let mut first = Box::pin(journal.append(Batch::new(&n, &[2 * i], 10)));
            std::future::poll_fn(|cx| {
                let _ = first.as_mut().poll(cx);
                std::task::Poll::Ready(())
            })
            .await;
            let second = journal.append(Batch::new(&n, &[2 * i + 1], 10));
            assert!(tokio::time::timeout(Duration::from_secs(5), second).await.is_ok(), "round {i}");
            first.await.unwrap();
        }
    });
}
