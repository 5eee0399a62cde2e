//! The stand-in vendor as a program: `mixpanel-standin [port]`, prints its URL and runs until standard input closes or it is killed.

use std::io::{Read, Write};

use weir_tests::standin::{Account, Standin};

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let standin = Standin::start_with(Account::default(), port);
    writeln!(std::io::stdout(), "{}", standin.url())?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
