//! The onefold binary as a process: started, killed, its output kept for complaints.

use anyhow::{Context, bail};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Output goes to the end of `log`.
    pub fn start(binary: &Path, arguments: &[&str], folder: &Path, log: &Path) -> anyhow::Result<Process> {
        let out = fs::File::options().create(true).append(true).open(log)?;
        let child = Command::new(binary)
            .args(arguments)
            .current_dir(folder)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("cannot run {}", binary.display()))?;
        Ok(Process { child, log: log.to_owned() })
    }

    /// A broker, ready to serve.
    pub fn broker(binary: &Path, data: &Path, address: &str, log: &Path) -> anyhow::Result<Process> {
        let data_text = data.to_string_lossy();
        let folder = data.parent().unwrap_or(data);
        let mut broker = Process::start(binary, &["broker", "--data", &data_text, "--listen", address], folder, log)?;
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = broker.child.try_wait()? {
                bail!("the broker ended with {status}:\n{}", broker.said());
            }
            if began.elapsed() > Duration::from_secs(30) {
                bail!("the broker does not listen on {address} after 30 s:\n{}", broker.said());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(broker)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory now.
    pub fn memory_mib(&self) -> anyhow::Result<f64> {
        memory_mib(self.pid(), "VmRSS:")
    }

    /// The most resident memory so far.
    pub fn peak_memory_mib(&self) -> anyhow::Result<f64> {
        memory_mib(self.pid(), "VmHWM:")
    }

    /// Its status, if it ended by itself within the time.
    pub fn ended_within(&mut self, limit: Duration) -> anyhow::Result<Option<ExitStatus>> {
        let until = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            thread::sleep(left.min(Duration::from_millis(5)));
        }
    }

    /// kill -9.
    pub fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// The end of what it printed.
    pub fn said(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(4_000)..]).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An address that was free a moment ago, for a server that must come back on the same one.
pub fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// One line of a process's own account, in MiB.
pub fn memory_mib(pid: u32, line: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let value = status.lines().find_map(|one| one.strip_prefix(line)).unwrap_or_default();
    Ok(value.trim().trim_end_matches(" kB").trim().parse::<f64>()? / 1024.0)
}
