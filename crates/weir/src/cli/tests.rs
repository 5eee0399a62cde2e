use clap::CommandFactory;

use super::*;

fn exit(args: &[&str]) -> Exit {
    run(std::iter::once("weir").chain(args.iter().copied()).map(OsString::from), |_| Exit::Fine)
}

#[test]
fn every_command_has_help_with_an_example_and_takes_json() {
    fn walk(command: &clap::Command, path: &str) {
        if command.has_subcommands() {
            command.get_subcommands().for_each(|c| walk(c, &format!("{path} {}", c.get_name())));
            return;
        }
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.starts_with("Example:\n  weir "), "{path} shows no example");
        assert!(help.contains(path.trim()), "{path}: the example is of another command");
        assert!(command.get_about().is_some(), "{path} says not what it does");
    }
    let cli = Cli::command();
    cli.clone().debug_assert();
    walk(&cli, "weir");
    for line in ["weir serve --json", "weir ledger verify --json", "weir quarantine show raw-1 --json"] {
        Cli::try_parse_from(line.split(' ')).unwrap();
    }
}

#[test]
fn a_table_is_not_taken_where_it_would_not_be_read() {
    let of_self = ["weir", "ledger", "exposure", "--self", "--resolve", "users.csv", "--out", "list.csv"];
    assert!(Cli::try_parse_from(of_self).is_err());
    let of_vendor =
        ["weir", "ledger", "exposure", "--vendor", "mixpanel", "--resolve", "users.csv", "--out", "list.csv"];
    assert!(Cli::try_parse_from(of_vendor).is_ok());
}

#[test]
fn a_day_is_a_date() {
    assert_eq!(output::day(20_779), "2026-11-22");
}

#[test]
fn exit_codes_say_whether_it_ran_and_what_it_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("good.yaml"), "listen: {ingest: 127.0.0.1:0}\n").unwrap();
    std::fs::write(path("bad.yaml"), "listn: {}\n").unwrap();
    assert_eq!(exit(&["config", "check", &path("good.yaml")]), Exit::Fine);
    assert_eq!(exit(&["config", "check", &path("bad.yaml")]), Exit::Found);
    assert_eq!(exit(&["config", "check", &path("none.yaml")]), Exit::CouldNotRun);
    assert_eq!(exit(&["no-such-command"]), Exit::CouldNotRun);
    assert_eq!(exit(&["--help"]), Exit::Fine);
    assert_eq!(exit(&["status", "--data", &path("data")]), Exit::CouldNotRun);
    assert_eq!(exit(&["ledger", "verify", "--data", &path("data")]), Exit::CouldNotRun);
    assert_eq!(exit(&["keys", "list", "--keys", &path("keys")]), Exit::CouldNotRun);
    assert_eq!(exit(&["serve", "--data", &path("data"), "--ready-json"]), Exit::Fine, "handed to the gateway");
}

#[test]
fn keys_are_backed_up_and_the_copy_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    drop(weir_keys::Keys::open(&folder.path().join("keys"), std::sync::Arc::new(weir_event::SystemClock)).unwrap());
    let backup = |more: &[&str]| {
        let (copy, keys, data) = (path("copy"), path("keys"), path("data"));
        exit(&[&["keys", "backup", &copy, "--keys", &keys, "--data", &data], more].concat())
    };
    assert_eq!(backup(&[]), Exit::CouldNotRun, "there is nothing to record it in");
    assert_eq!(backup(&["--unrecorded"]), Exit::Fine);
    assert_eq!(exit(&["keys", "check-backup", &path("copy")]), Exit::Fine);
    assert_eq!(backup(&["--unrecorded"]), Exit::CouldNotRun, "never over a copy");
    std::fs::write(folder.path().join("copy/ring"), "x").unwrap();
    assert_eq!(exit(&["keys", "check-backup", &path("copy")]), Exit::Found);
}

fn audit_page() -> String {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/audit-log.md");
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn d19_the_page_of_the_audit_log_says_of_every_command_whether_it_is_recorded() {
    fn walk(command: &clap::Command, path: &str, leaves: &mut Vec<String>) {
        // A command with both stands for itself, too.
        if !command.has_subcommands() || !command.is_subcommand_required_set() {
            leaves.push(path.to_owned());
        }
        command.get_subcommands().for_each(|c| walk(c, &format!("{path} {}", c.get_name()), leaves));
    }
    let mut leaves = Vec::new();
    Cli::command().get_subcommands().for_each(|c| walk(c, &format!("weir {}", c.get_name()), &mut leaves));
    let page = audit_page();
    let commands = page.split("## Every command").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let named: Vec<&str> = commands
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(names, _)| names)
        .flat_map(|names| names.split("`, `"))
        .collect();
    let missing: Vec<&String> = leaves.iter().filter(|leaf| !named.contains(&leaf.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new(), "not on the page");
    let strange: Vec<&&str> = named.iter().filter(|name| !leaves.iter().any(|leaf| leaf == **name)).collect();
    assert_eq!(strange, Vec::<&&str>::new(), "on the page and no command");
}

#[test]
fn every_word_of_an_act_is_explained_and_every_command_of_the_socket_is_an_act_or_is_known_to_be_none() {
    // What changes nothing and shows nothing about people, and parts of what is recorded as a whole.
    const NO_ACT: &str = "status alerts quarantine_list destination_list keys_list observed why explain events catalog_save identity_save \
                          resend_preview resend_status rollout_preview rollout_status backup_cut backup_renew backup_end";
    let source = include_str!("../../../console/src/command.rs");
    let words = source.split("pub const fn action").skip(1).flat_map(|rest| {
        let body = rest.split("\n    }\n").next().unwrap_or_default();
        body.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).collect::<Vec<_>>()
    });
    let words: Vec<&str> = words.collect();
    assert!(words.len() > 40, "{words:?}");
    for word in words {
        let is_act = weir_trail::actions::of(word).is_some();
        assert_ne!(is_act, NO_ACT.split_whitespace().any(|known| known == word), "{word}");
    }
    let page = audit_page();
    for action in weir_trail::ACTIONS {
        let line = format!("| `{}` | {} | {} |", action.word, action.class.name(), action.says);
        assert!(page.contains(&line), "docs/audit-log.md lacks {line}");
    }
}
