//! The list of what is there to be found.

/// What it takes to find a page of the maze.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Reading what the site sends, and safe requests.
    Reader,
    /// The same, and requests that are not safe: forms that are posted.
    Unsafe,
    /// A browser that renders, clicks and scrolls: the address is made at run time.
    Browser,
}

/// A page that something in the maze leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The method that it answers.
    pub method: &'static str,
    /// Its path, unique in the list for the method; `{}` stands for a number.
    pub path: &'static str,
    /// What it takes to find it.
    pub needs: Needs,
    /// The kind of source that names it.
    pub kind: &'static str,
}

impl Target {
    /// Whether a request of this method to this path is this target.
    pub fn is(&self, method: &str, path: &str) -> bool {
        if self.method != method {
            return false;
        }
        match self.path.split_once("{}") {
            None => self.path == path,
            Some((before, after)) => {
                path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).is_some_and(
                    |value| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()),
                )
            }
        }
    }
}

/// Every page of the maze that is there to be found.
pub fn targets() -> Vec<Target> {
    include_str!("targets.tsv").lines().filter(|line| !line.starts_with('#')).map(target).collect()
}

fn target(line: &'static str) -> Target {
    let mut columns = line.split('\t');
    let mut next = || columns.next().expect("four columns: a test reads every line");
    let (method, path, needs, kind) = (next(), next(), next(), next());
    let needs = match needs {
        "reader" => Needs::Reader,
        "unsafe" => Needs::Unsafe,
        "browser" => Needs::Browser,
        other => unreachable!("{other} is not in the list's head"),
    };
    Target { method, path, needs, kind }
}
