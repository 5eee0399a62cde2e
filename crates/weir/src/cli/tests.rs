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
    assert_eq!(exit(&["keys", "backup", &path("copy"), "--keys", &path("keys")]), Exit::Fine);
    assert_eq!(exit(&["keys", "check-backup", &path("copy")]), Exit::Fine);
    assert_eq!(
        exit(&["keys", "backup", &path("copy"), "--keys", &path("keys")]),
        Exit::CouldNotRun,
        "never over a copy"
    );
    std::fs::write(folder.path().join("copy/ring"), "x").unwrap();
    assert_eq!(exit(&["keys", "check-backup", &path("copy")]), Exit::Found);
}
