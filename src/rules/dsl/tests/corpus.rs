//! A folder of templates: does everything in them parse? Run by hand:
//! `SHAKEDOWN_TEMPLATES=… cargo nextest run dsl_corpus --run-ignored all --no-capture`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

use super::super::{Expression, Text};

#[derive(Debug, Default, Deserialize)]
struct Template {
    #[serde(default)]
    http: Vec<Block>,
}

#[derive(Debug, Deserialize)]
struct Block {
    #[serde(default)]
    path: Vec<String>,
    #[serde(default)]
    raw: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    matchers: Vec<Operator>,
    #[serde(default)]
    extractors: Vec<Operator>,
}

#[derive(Debug, Deserialize)]
struct Operator {
    #[serde(default)]
    dsl: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
}

#[test]
#[ignore = "needs a folder of templates"]
fn dsl_corpus() {
    #[expect(clippy::disallowed_methods, reason = "the folder is named by whoever runs this")]
    let folder = std::env::var("SHAKEDOWN_TEMPLATES").expect("SHAKEDOWN_TEMPLATES is a folder");
    let mut paths = Vec::new();
    files(Path::new(&folder), &mut paths);
    paths.sort();
    let mut count = Count::default();
    for path in &paths {
        let text = fs::read_to_string(path).expect("a readable template");
        match serde_saphyr::from_str::<Template>(&text) {
            Ok(template) => count.template(path, &template),
            Err(_) => count.unread += 1,
        }
    }
    let report = format!(
        "{} files, {} not read; {} lines, {} different, {} failed in {} files; \
         {} texts, {} with markers; {} calls that cannot work; {} functions",
        paths.len(),
        count.unread,
        count.lines,
        count.different.len(),
        count.failed.len(),
        count.failed.iter().map(|(path, _)| path).collect::<BTreeSet<_>>().len(),
        count.texts,
        count.marked,
        count.problems.len(),
        count.functions.len(),
    );
    let all: Vec<String> = count
        .failed
        .iter()
        .chain(&count.problems)
        .map(|(path, text)| format!("{path}: {text}"))
        .collect();
    fs::write(
        std::env::temp_dir().join("dsl_corpus.txt"),
        format!("{report}\n{}\n", all.join("\n")),
    )
    .expect("a report");
    assert!(count.failed.is_empty(), "{report}\n{}", all.join("\n"));
}

#[derive(Debug, Default)]
struct Count {
    unread: usize,
    lines: usize,
    texts: usize,
    marked: usize,
    different: BTreeSet<String>,
    functions: BTreeSet<&'static str>,
    failed: Vec<(String, String)>,
    problems: Vec<(String, String)>,
}

impl Count {
    fn template(&mut self, path: &Path, template: &Template) {
        let path = path.display().to_string();
        for block in &template.http {
            let operators = block.matchers.iter().chain(&block.extractors);
            for operator in operators {
                operator.dsl.iter().for_each(|line| self.line(&path, line));
                operator.words.iter().for_each(|word| self.text(&path, word));
            }
            let texts = block.path.iter().chain(&block.raw).chain(&block.body);
            texts.chain(block.headers.values()).for_each(|text| self.text(&path, text));
        }
    }

    fn line(&mut self, path: &str, line: &str) {
        self.lines += 1;
        self.different.insert(line.to_owned());
        match Expression::tolerant(line) {
            Ok(expression) => {
                self.functions.extend(expression.functions());
                let misuse = expression.misuse().map(|misuse| format!("{line}: {misuse}"));
                self.problems.extend(misuse.map(|misuse| (path.to_owned(), misuse)));
            }
            Err(error) => self.failed.push((path.to_owned(), format!("{line}: {error}"))),
        }
    }

    fn text(&mut self, path: &str, source: &str) {
        let text = Text::compile(source);
        self.texts += 1;
        self.marked += usize::from(!text.is_plain());
        self.functions.extend(text.functions());
        let problems = text.problems().map(|problem| (path.to_owned(), problem.to_string()));
        self.problems.extend(problems);
        for at in text.unparsed_calls() {
            let shown: String = source[at..].chars().take(100).collect();
            self.problems.push((path.to_owned(), format!("no expression: {shown:?}")));
        }
    }
}
