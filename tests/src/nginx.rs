//! A real nginx with a configuration of `deploy/`, its addresses replaced by those of a test.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::captures::fixtures;
use crate::harness::PATIENCE;
use crate::wire;

/// A running nginx. Dropping it ends it.
pub struct Nginx {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Nginx {
    /// Starts it with `deploy/nginx/<name>`: plain HTTP on a free port, logs in a folder of its own, and these texts replaced, each of
    /// which must be there.
    pub fn start(name: &str, replaced: &[(&str, &str)]) -> Nginx {
        let file = fixtures().parent().expect("the fixtures lie in the repository").join("deploy/nginx").join(name);
        let mut server = std::fs::read_to_string(&file).expect("the configuration can be read");
        let folder = TempDir::with_prefix("weir-nginx-").expect("a folder can be made");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let log = format!("access_log {}/access.log", folder.path().display());
        let listen = format!("listen 127.0.0.1:{port};");
        let own = [("listen 443 ssl;", listen.as_str()), ("access_log /var/log/nginx/weir.log", &log)];
        for (from, to) in own.iter().chain(replaced) {
            assert!(server.contains(from), "{name} has no `{from}`");
            server = server.replace(from, to);
        }
        let server: String = server
            .lines()
            .filter(|l| !l.trim_start().starts_with("ssl_certificate"))
            .map(|l| format!("{l}\n"))
            .collect();
        let root = folder.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {root}/{what};\n"))
            .concat();
        let whole = format!(
            "daemon off;\nmaster_process off;\npid {root}/pid;\nevents {{}}\nhttp {{\n{temporary}{server}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, whole).expect("the configuration can be written");
        let child = Command::new("/usr/sbin/nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(folder.path().join("error.log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("nginx is installed: cargo xtask install");
        let nginx = Nginx { child, address: SocketAddr::from(([127, 0, 0, 1], port)), folder };
        let until = Instant::now() + PATIENCE;
        while wire::Connection::open(nginx.address).is_err() {
            assert!(Instant::now() < until, "nginx does not answer");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        nginx
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As a base URL for an SDK.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its folder: configuration, logs, and whatever it wrote of a body.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
