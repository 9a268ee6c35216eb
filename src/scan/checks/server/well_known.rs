//! Files that stand on every system of a kind, and how their contents begin.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::scan::probe::Shot;

/// Two files of one kind: one to find, one to find again.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) files: [&'static str; 2],
    signatures: [Regex; 2],
}

/// What the kernel of Linux writes when it is read. Nothing can be written to it, so that it is safe
/// to name where nobody knows whether the application reads or writes.
pub(super) static KERNEL: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        ["proc/version", "proc/meminfo"],
        [r"Linux version \d+\.\d+[^\n]{0,80}\(", r"MemTotal:\s+\d+ kB"],
    )
});

/// Files that all may read, on Unix.
pub(super) static UNIX: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        ["etc/passwd", "etc/group"],
        [r"root:[^:\n]{0,40}:0:0:[^:\n]*:/", r"(?m)root:[^:\n]{0,40}:0:[^:\n<]*(?:$|<)"],
    )
});

/// The same on Windows.
pub(super) static WINDOWS: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        ["windows/win.ini", "windows/system.ini"],
        [r"for 16-bit app support|\[(?:mci )?extensions\]\s", r"\[386Enh\]|\[drivers\]\s"],
    )
});

impl Pair {
    fn new(files: [&'static str; 2], signatures: [&str; 2]) -> Self {
        let compile = |pattern| Regex::new(pattern).expect("a test compiles every signature");
        Self { files, signatures: signatures.map(compile) }
    }

    /// Where the contents of a file of the pair stand in a body.
    pub(super) fn find(&self, index: usize, shot: &Shot) -> Option<Range<usize>> {
        Some(self.signatures[index].find(&shot.response().body)?.range())
    }

    /// Whether contents of one of both stand there.
    pub(super) fn is_in(&self, shot: &Shot) -> bool {
        (0..self.files.len()).any(|index| self.find(index, shot).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_told_from_each_other() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nbin:x:1:1::/:/bin/false\n";
        let group = "root:x:0:\nadm:x:4:syslog\n";
        assert!(UNIX.signatures[0].is_match(passwd.as_bytes()));
        assert!(!UNIX.signatures[1].is_match(passwd.as_bytes()));
        assert!(UNIX.signatures[1].is_match(group.as_bytes()));
        assert!(WINDOWS.signatures[0].is_match(b"; for 16-bit app support\r\n[fonts]\r\n"));
        let version = b"Linux version 6.1.0-13-amd64 (debian-kernel@lists.debian.org) (gcc-12)";
        assert!(KERNEL.signatures[0].is_match(version));
    }
}
