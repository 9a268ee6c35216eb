//! nginx with a configuration of its own: the server for HTTP/2, which ours do not speak.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::certificate::certificate;
use crate::problem::Problem;

/// How often it is looked for, every ten milliseconds, after it was started.
const LOOKS: u32 = 500;

/// Its folder, and the port that is free for it.
pub(super) fn files() -> Result<(TempDir, u16), Problem> {
    let files = tempfile::tempdir().map_err(Problem::doing("making a temporary folder"))?;
    let port = free_port().map_err(Problem::doing("looking for a free port"))?;
    let made = certificate();
    let written = fs::write(files.path().join("cert.pem"), made.cert.pem())
        .and_then(|()| fs::write(files.path().join("key.pem"), made.signing_key.serialize_pem()))
        .and_then(|()| fs::write(files.path().join("nginx.conf"), configuration(port)));
    written.map_err(Problem::doing("writing nginx's configuration"))?;
    Ok((files, port))
}

/// The shell says the process's number and ends it with our standard input, so that it never
/// outlives the benchmark.
pub(super) fn command(program: &Path, folder: &Path) -> Command {
    const HELD: &str = r#"command -v "$0" >/dev/null || PATH=$PATH:/usr/sbin
command -v "$0" >/dev/null || { echo "$0 is not there"; exit 1; }
"$0" -p "$1" -e error.log -c nginx.conf </dev/null >/dev/null & echo $!; read -r _; kill $!; wait"#;
    let mut command = Command::new("sh");
    command.args(["-c", HELD]).arg(program).arg(folder);
    command
}

/// One process without a master, so that its processor time is all of it.
fn configuration(port: u16) -> String {
    format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\n  access_log off;\n  keepalive_requests 1000000000;\n  keepalive_time 24h;\n  \
         client_body_temp_path body;\n  proxy_temp_path proxy;\n  fastcgi_temp_path fastcgi;\n  \
         uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;\n  \
         server {{\n    listen 127.0.0.1:{port} ssl http2;\n    \
         ssl_certificate cert.pem;\n    ssl_certificate_key key.pem;\n    \
         location / {{ return 200 'Hello, world!'; }}\n  }}\n}}\n"
    )
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

pub(super) fn wait_until_it_listens(port: u16) -> Result<(), Problem> {
    for _ in 0..LOOKS {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    let bound = Duration::from_millis(10) * LOOKS;
    Err(Problem::TooLong { program: "starting nginx".to_owned(), bound })
}
