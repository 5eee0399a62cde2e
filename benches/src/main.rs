//! The benchmark of the request path (`cargo xtask bench`): Weir on one core, the generator and the sink on the other, beside a
//! byte-copying proxy, nginx and a bare fdatasync loop in the same run, so that every figure can be read as a ratio.
//!
//! It reports; it never fails on a time. The workload is the issue's: `/track` JSON batches of 50 events × 17 properties of about
//! 650 bytes, seeded, 3 % with an e-mail, phone, card or address in a value, 64 keep-alive connections.

mod load;
mod relay;
mod report;
mod run;
mod sink;
mod workload;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match command.as_str() {
        "sink" => sink::main(),
        "relay" => relay::main(&rest),
        "load" => load::main(&rest),
        "fdatasync" => run::fdatasync_main(&rest),
        "run" => run::main(&rest),
        _ => Err("usage: weir-bench run [--events N] [--weir PATH] [--json FILE] [--only WORDS] | sink | relay TARGET | load … | fdatasync DIR".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            report::line(&format!("weir-bench: {message}"));
            ExitCode::from(2)
        }
    }
}
