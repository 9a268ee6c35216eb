//! What the program says about itself is true and complete.

use crate::program::told;

fn commands() -> Vec<String> {
    let (code, help, _) = told(&["--help"]);
    assert_eq!(code, 0);
    help.lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| line.chars().nth(2).is_some_and(char::is_alphabetic))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect()
}

#[test]
fn every_command_explains_itself() {
    let commands = commands();
    assert!(commands.contains(&"load".to_owned()), "{commands:?}");
    for command in commands {
        let (code, help, _) = told(&[&command, "--help"]);
        assert_eq!(code, 0, "{command}");
        assert!(help.contains("Usage: shakedown"), "{command}");
    }
}

#[test]
fn the_readme_names_every_command_and_no_other() {
    let readme = include_str!("../../README.md");
    let commands = commands();
    for command in &commands {
        assert!(
            readme.contains(&format!("shakedown {command}")),
            "README is silent about {command}"
        );
    }
    for rest in readme.split("$ shakedown ").skip(1) {
        let named = rest.split_whitespace().next().unwrap_or_default();
        assert!(commands.iter().any(|command| command == named), "README names `{named}`");
    }
}

#[test]
fn readme_and_help_give_the_same_exit_codes() {
    let readme = include_str!("../../README.md");
    let (_, help, _) = told(&["--help"]);
    for exit in shakedown::model::ExitCode::ALL {
        let code = exit.code();
        assert!(help.contains(&format!("{code}  ")), "--help is silent about {code}");
        assert!(readme.contains(&format!("| {code} |")), "README is silent about {code}");
    }
}

#[test]
fn completions_are_made_for_the_common_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = told(&["completions", shell]);
        assert_eq!(code, 0);
        assert!(script.contains("shakedown") && script.contains("scan"), "{shell}");
    }
}

#[test]
fn colour_can_be_forced_and_is_off_in_a_pipe() {
    let (_, plain, _) = told(&["report", "reports/example.json"]);
    assert!(!plain.contains('\u{1b}'));
    let (_, coloured, _) = told(&["report", "reports/example.json", "--color", "always"]);
    assert!(coloured.contains('\u{1b}'));
}

#[test]
fn the_plan_in_the_readme_is_valid() {
    let readme = include_str!("../../README.md");
    let plan = readme
        .split("```yaml\n")
        .find(|rest| rest.starts_with("version:"))
        .and_then(|rest| rest.split("```").next());
    let plan = plan.expect("the README shows a plan");
    let today = jiff::civil::date(2026, 11, 23);
    let mut overrides = shakedown::plan::Overrides::new(shakedown::model::Seed(1), today);
    overrides.known_checks =
        shakedown::rules::Registry::embedded().native_ids().map(str::to_owned).collect();
    let parsed = shakedown::plan::from_text("README.md", plan, &|_| None, &overrides);
    if let Err(errors) = parsed {
        panic!("{}", errors.render(false));
    }
}
