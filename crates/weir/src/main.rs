//! The binary: the command line, and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(weir::cli::run(std::env::args_os(), weir::serve::run) as u8)
}
