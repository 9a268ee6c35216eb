//! The commands of the shop's shell.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::arithmetic;
use super::run::Output;
use super::run::Shell;
use crate::demo::annex::fetch::fetch;

const LONGEST_SLEEP: f64 = 10.0;

/// Runs one command on what the command before it has printed.
pub(super) async fn run(
    shell: &Shell<'_>,
    words: &[String],
    input: String,
    depth: usize,
) -> Output {
    let Some((name, arguments)) = words.split_first() else {
        return Output::default();
    };
    let plain = |text: &str| Output { text: format!("{text}\n"), status: 0 };
    let base = name.rsplit('/').next().unwrap_or(name);
    match base {
        "echo" => echo(arguments),
        "printf" => Output { text: printf(arguments), status: 0 },
        "expr" => expr(arguments),
        "sleep" => {
            let asked = arguments.first().and_then(|word| word.trim_end_matches('s').parse().ok());
            let seconds = f64::clamp(asked.unwrap_or(0.0), 0.0, LONGEST_SLEEP);
            shell.sleep(Duration::from_secs_f64(seconds)).await;
            Output::default()
        }
        "id" => plain("uid=1000(shop) gid=1000(shop) groups=1000(shop)"),
        "whoami" => plain("shop"),
        "hostname" => plain("demo-shop"),
        "pwd" => plain("/srv/shop"),
        "uname" if arguments.is_empty() => plain("Linux"),
        "uname" => plain("Linux demo-shop 6.1.0-demo x86_64 GNU/Linux"),
        "env" | "printenv" => plain("USER=shop\nHOME=/srv/shop\nPATH=/usr/bin:/bin"),
        "cat" if arguments.is_empty() => Output { text: input, status: 0 },
        "cat" | "head" | "tail" | "rev" | "wc" | "base64" | "grep" => {
            filter(shell, base, arguments, input)
        }
        "ls" => list(shell, arguments),
        "sh" | "bash" | "dash" if arguments.first().is_some_and(|word| word == "-c") => {
            let script = arguments.get(1).cloned().unwrap_or_default();
            shell.script(&script, depth + 1).await
        }
        "eval" => shell.script(&arguments.join(" "), depth + 1).await,
        "ping" => ping(shell, arguments).await,
        "nslookup" | "host" | "dig" => lookup(arguments),
        "curl" | "wget" => download(base, arguments).await,
        "true" | ":" | "mail" | "sendmail" | "export" | "cd" | "exit" => Output::default(),
        "false" => Output::failed(String::new(), 1),
        _ => Output::failed(format!("sh: 1: {name}: not found\n"), 127),
    }
}

fn echo(arguments: &[String]) -> Output {
    let options = arguments.iter().take_while(|word| matches!(word.as_str(), "-n" | "-e")).count();
    let (options, words) = arguments.split_at(options);
    let mut text = words.join(" ");
    if options.iter().any(|option| option == "-e") {
        text = unescaped(&text);
    }
    if !options.iter().any(|option| option == "-n") {
        text.push('\n');
    }
    Output { text, status: 0 }
}

/// `\n`, `\t`, `\\`, `\xHH` and `\NNN`.
fn unescaped(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        result.push_str(before);
        let radix = if after.starts_with('x') { 16 } else { 8 };
        let start = usize::from(radix == 16);
        let digits =
            after[start..].chars().take_while(|c| c.is_digit(radix)).take(4 - start).count();
        let code = u8::from_str_radix(&after[start..start + digits], radix);
        let (character, length) = match (code, after.chars().next()) {
            (Ok(code), _) => (char::from(code), start + digits),
            (Err(_), Some('n')) => ('\n', 1),
            (Err(_), Some('t')) => ('\t', 1),
            (Err(_), Some('r')) => ('\r', 1),
            (Err(_), Some(other)) => (other, other.len_utf8()),
            (Err(_), None) => ('\\', 0),
        };
        result.push(character);
        rest = &after[length..];
    }
    result + rest
}

fn printf(arguments: &[String]) -> String {
    let Some((format, values)) = arguments.split_first() else {
        return "printf: usage: printf format [arguments]\n".to_owned();
    };
    let mut values = values.iter();
    let mut text = String::new();
    let format = unescaped(format);
    let mut characters = format.chars();
    while let Some(next) = characters.next() {
        if next != '%' {
            text.push(next);
            continue;
        }
        let value = |values: &mut std::slice::Iter<'_, String>| {
            values.next().map(String::as_str).unwrap_or_default().to_owned()
        };
        match characters.next() {
            Some('%') => text.push('%'),
            Some('x') => {
                let number: i64 = value(&mut values).parse().unwrap_or(0);
                let _infallible = write!(text, "{number:x}");
            }
            Some('d' | 'i') => {
                let number: i64 = value(&mut values).parse().unwrap_or(0);
                let _infallible = write!(text, "{number}");
            }
            _ => text.push_str(&value(&mut values)),
        }
    }
    text
}

fn expr(arguments: &[String]) -> Output {
    let words = arguments.join(" ");
    match (arithmetic::value(&words), arguments) {
        (Some(value), _) => Output { text: format!("{value}\n"), status: i32::from(value == 0) },
        (None, [word]) => Output { text: format!("{word}\n"), status: 0 },
        (None, [name, word]) if name == "length" => {
            Output { text: format!("{}\n", word.chars().count()), status: 0 }
        }
        _ => Output::failed("expr: syntax error\n".to_owned(), 2),
    }
}

/// Commands that read files, or what was printed before.
fn filter(shell: &Shell<'_>, name: &str, arguments: &[String], input: String) -> Output {
    let (options, mut words): (Vec<_>, Vec<_>) =
        arguments.iter().partition(|word| word.starts_with('-'));
    let number =
        options.iter().find_map(|word| word.trim_start_matches(['-', 'n', 'c']).parse().ok());
    let pattern = (name == "grep" && !words.is_empty()).then(|| words.remove(0));
    let mut text = if words.is_empty() { input } else { String::new() };
    for file in words.into_iter().filter(|word| word.parse::<u32>().is_err()) {
        match shell.files.read(&absolute(file)) {
            Ok(contents) => text.push_str(&contents),
            Err(_) => {
                return Output::failed(format!("{name}: {file}: No such file or directory\n"), 1);
            }
        }
    }
    let lines = text.lines();
    let text = match name {
        "head" => joined(lines.take(number.unwrap_or(10))),
        "tail" => {
            let skipped = lines.clone().count().saturating_sub(number.unwrap_or(10));
            joined(lines.skip(skipped))
        }
        "rev" => joined(lines.map(|line| line.chars().rev().collect::<String>())),
        "wc" => format!("{}\n", text.len()),
        "base64" if options.iter().any(|option| *option == "-d") => {
            let decoded = STANDARD.decode(text.trim()).unwrap_or_default();
            String::from_utf8_lossy(&decoded).into_owned()
        }
        "base64" => STANDARD.encode(&text) + "\n",
        "grep" => {
            let pattern = pattern.map_or("", String::as_str);
            joined(lines.filter(|line| line.contains(pattern)))
        }
        _ => text,
    };
    Output { text, status: 0 }
}

fn joined<T: AsRef<str>>(lines: impl Iterator<Item = T>) -> String {
    lines.fold(String::new(), |text, line| text + line.as_ref() + "\n")
}

fn list(shell: &Shell<'_>, arguments: &[String]) -> Output {
    let folder = arguments.iter().find(|word| !word.starts_with('-'));
    let folder = folder.map_or("/srv/shop", String::as_str);
    match shell.files.names(&absolute(folder)) {
        Ok(names) => Output { text: joined(names.iter()), status: 0 },
        Err(_) => {
            Output::failed(format!("ls: cannot access '{folder}': No such file or directory\n"), 2)
        }
    }
}

/// Relative names start in the shop's folder.
fn absolute(name: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { format!("/srv/shop/{name}") }
}

/// One second between two packets, as the real one waits.
async fn ping(shell: &Shell<'_>, arguments: &[String]) -> Output {
    let count = arguments.iter().position(|word| word == "-c" || word == "-n");
    let count = count.and_then(|at| arguments.get(at + 1)).and_then(|word| word.parse().ok());
    let count = count.unwrap_or(4_u32).clamp(1, 11);
    let host = arguments.last().map_or("", String::as_str);
    shell.sleep(Duration::from_secs(u64::from(count - 1))).await;
    let text = format!(
        "PING {host}\n--- {host} ping statistics ---\n{count} packets transmitted, {count} received\n"
    );
    Output { text, status: 0 }
}

/// Names are answered from a list of the shop's own: nothing is looked up.
fn lookup(arguments: &[String]) -> Output {
    let host = arguments.iter().find(|word| !word.starts_with(['-', '+', '@']));
    let host = host.map_or("", String::as_str);
    let head = "Server:\t\t192.0.2.53\nAddress:\t192.0.2.53#53\n\n";
    match host.strip_suffix(".shop.example") {
        Some("mail") => found(head, host, "192.0.2.25"),
        Some("depot") => found(head, host, "192.0.2.40"),
        Some("returns") => found(head, host, "192.0.2.41"),
        _ => Output::failed(format!("{head}** server can't find {host}: NXDOMAIN\n"), 1),
    }
}

fn found(head: &str, host: &str, address: &str) -> Output {
    Output { text: format!("{head}Name:\t{host}\nAddress: {address}\n"), status: 0 }
}

async fn download(name: &str, arguments: &[String]) -> Output {
    let Some(address) = arguments.iter().rfind(|word| !word.starts_with('-')) else {
        return Output::failed(format!("{name}: no URL specified\n"), 2);
    };
    let address =
        if address.contains("://") { address.clone() } else { format!("http://{address}") };
    match fetch(&address).await {
        Ok(fetched) => Output { text: fetched.body, status: 0 },
        Err(error) => Output::failed(format!("{name}: {error}\n"), 6),
    }
}
