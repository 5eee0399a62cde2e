use super::*;

#[test]
fn what_is_not_known_is_refused() {
    for bad in [
        r#"{"command":"erase_everything"}"#,
        r#"{"command":"reload","force":true}"#,
        r#"{"command":"destination_end","destination":"a"}"#,
        r#"{"command":"quarantine_list","limit":1,"filter":{"value":"x"}}"#,
        r#"{"command":"disclose","what":"everything"}"#,
        r#"{"command":"disclose","what":"ledger_subject","id":"x"}"#,
    ] {
        assert!(serde_json::from_str::<Command>(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_opened_event_prints_no_byte() {
    let command = Command::QuarantineReplay {
        entry: "raw-1".into(),
        opened: Some(Opened::new(b"ada@example.com")),
        preview: false,
    };
    let shown = format!("{command:?} {:?}", Opened::new(b"ada@example.com"));
    assert!(!shown.contains("ada") && !shown.contains(&weir_event::ids::hex(b"ada")));
    let json = serde_json::to_string(&command).unwrap();
    assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), command);
}

#[test]
fn every_command_that_changes_or_shows_content_is_recorded() {
    let entry = String::from("raw-1");
    let id = String::new;
    for command in [
        Command::Reload {},
        Command::ReloadForced {},
        Command::RolloutAbort {},
        Command::RolloutFinish {},
        Command::RolloutPause {},
        Command::RolloutResume {},
        Command::QuarantineShow { entry: entry.clone() },
        Command::QuarantineReplay { entry: entry.clone(), opened: None, preview: true },
        Command::QuarantineReplay { entry: entry.clone(), opened: None, preview: false },
        Command::QuarantineDiscard { entries: vec![entry] },
        Command::DestinationSuspend { destination: id() },
        Command::DestinationResume { destination: id() },
        Command::DestinationEnd { destination: id(), confirm: id() },
        Command::DestinationAdd { destination: id() },
        Command::DestinationPreview { destination: id(), config: None, source: None, since: 0 },
        Command::LadderMove { source: id(), event: None, step: LadderStep::Tap },
        Command::FalsePositiveMark { event: id(), property: id(), category: id(), source: None },
        Command::Trim {},
        Command::KeysBackup {},
        Command::Disclose(Disclose::new(Disclosure::LedgerExposure)),
        Command::BypassOpen { source: None, since: None, reason: id() },
        Command::BypassClose { window: None },
        Command::HoldingsImport { digest: id() },
        Command::HoldingsRemove { digest: id() },
        Command::LedgerErase { tags: vec![id()] },
        Command::ReconciliationKeep { digest: id() },
        Command::ReconciliationRemove { digest: id() },
        Command::BackupBegin { pid: 1 },
        Command::UpgradeFinish {},
        Command::Upgrade { binary: None },
    ] {
        assert!(command.is_recorded(), "{command:?}");
    }
}
