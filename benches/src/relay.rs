//! The floor to compare with: a proxy that copies bytes and understands nothing.

use tokio::net::{TcpListener, TcpStream};

use crate::report;

/// Prints its address, then copies every connection to the target until killed.
#[expect(clippy::disallowed_methods, reason = "the floor of the benchmark is a bare connection")]
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let target = arguments.first().cloned().ok_or("relay needs a target address")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
        report::line(&listener.local_addr().map_err(|e| e.to_string())?.to_string());
        loop {
            let (mut inbound, _) = listener.accept().await.map_err(|e| e.to_string())?;
            let target = target.clone();
            tokio::spawn(async move {
                if let Ok(mut outbound) = TcpStream::connect(target).await {
                    let _ = (inbound.set_nodelay(true), outbound.set_nodelay(true));
                    let _ = tokio::io::copy_bidirectional_with_sizes(&mut inbound, &mut outbound, 64 * 1024, 64 * 1024)
                        .await;
                }
            });
        }
    })
}
