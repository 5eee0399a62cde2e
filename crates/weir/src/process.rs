//! What the process itself uses, under the names that Prometheus' client libraries have for it. Source: Prometheus, "Writing client
//! libraries", standard and runtime collectors. Read from `/proc/self`, where there is one; what cannot be read is left out.

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};
use weir_console::metrics::{Kind, Sample};
use weir_event::Millis;

/// All of it.
pub fn samples(started: Millis) -> Vec<Sample> {
    let mut all = Vec::new();
    let mut sample = |name, help, kind, value: Option<f64>| {
        all.extend(value.map(|value| Sample { name, help, kind, labels: Vec::new(), value }));
    };
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let cpu = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
    sample("process_cpu_seconds_total", "CPU time of the process.", Kind::Counter, Some(cpu));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    sample("process_resident_memory_bytes", "Memory in use.", Kind::Gauge, kibibytes(&status, "VmRSS:"));
    sample("process_virtual_memory_bytes", "Address space in use.", Kind::Gauge, kibibytes(&status, "VmSize:"));
    let open = std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as f64);
    sample("process_open_fds", "Open files and sockets.", Kind::Gauge, open);
    let most = getrlimit(Resource::Nofile).current.map(|most| most as f64);
    sample("process_max_fds", "Files and sockets that may be open.", Kind::Gauge, most);
    let since = started.0 as f64 / 1e3;
    sample("process_start_time_seconds", "When the process began, Unix time.", Kind::Gauge, Some(since));
    all
}

fn kibibytes(status: &str, field: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()? * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_knows_what_it_uses() {
        let all = samples(Millis(5_000));
        let of = |name: &str| all.iter().find(|sample| sample.name == name).map(|sample| sample.value);
        assert!(of("process_cpu_seconds_total").is_some_and(|v| v > 0.0));
        assert!(of("process_resident_memory_bytes").is_some_and(|v| v > 1e6));
        assert!(of("process_open_fds").is_some_and(|v| v >= 3.0));
        assert_eq!(of("process_start_time_seconds"), Some(5.0));
        assert_eq!(kibibytes("VmSize:\t  10 kB\nVmRSS:\t 4 kB\n", "VmRSS:"), Some(4096.0));
    }
}
