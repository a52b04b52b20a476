//! Questions that people ask, and what is answered.

use jiff::civil::{Date, date};
use oobe_catalog::explain::{TopicKind, explain, suggestions};
use oobe_catalog::{AsOf, Bound, InForce, WindowsBuild, codes, in_force, kbs, rules};

fn world(day: Date, build: &str) -> AsOf {
    AsOf::new(day, build.parse().expect("a build"))
}

#[test]
fn a_timeout_has_many_causes() {
    let topics = explain("0x800705b4");
    assert_eq!(topics.len(), 1);
    let topic = &topics[0];
    assert_eq!(topic.title, "0x800705B4 ERROR_TIMEOUT");
    assert_eq!(topic.basis.to_string(), "seed");
    let causes = topic.field("Causes").join("\n");
    for cause in ["virtual machine", "clock", "endpoints"] {
        assert!(causes.contains(cause), "{cause} is not among {causes}");
    }
    assert!(topic.sources.iter().any(|s| s.contains("self-deploying mode")));
    assert!(!topic.field("Remedy").is_empty());
}

#[test]
fn a_code_in_all_its_forms() {
    let timeout = vec![codes::ERROR_TIMEOUT];
    for form in
        ["0x800705b4", "800705B4", "0X800705B4", "-2147023436", "2147943860", "error_timeout", "ERR-001"]
    {
        assert_eq!(codes::find(form), timeout, "{form}");
    }
    assert_eq!(codes::find("801c0003"), vec![codes::DSREG_E_DEVICE_AUTHORIZATION_ERROR]);
    assert_eq!(codes::find("AADSTS50126"), vec![codes::AADSTS50126]);
    assert_eq!(codes::AADSTS50126, codes::AADSTS_INVALID_PASSWORD);
    assert_eq!(codes::find("50126"), vec![codes::AADSTS50126]);
    assert_eq!(codes::find("405"), vec![codes::SYNCML_NOT_ALLOWED]);
    assert_eq!(codes::find("SyncML 405"), vec![codes::SYNCML_NOT_ALLOWED]);
    assert_eq!(codes::find("ZtdDeviceHasNoAssignedProfile").len(), 2);
    assert_eq!(codes::find("1618"), vec![codes::EXIT_INSTALL_ALREADY_RUNNING]);
    assert_eq!(codes::find("807"), vec![codes::ZTD_DEVICE_NOT_REGISTERED]);
    assert!(codes::find("0x12345678").is_empty());
}

#[test]
fn events_by_log_and_id() {
    let one = explain("autopilot 171");
    assert_eq!((one.len(), one[0].kind, one[0].title.as_str()), (1, TopicKind::Event, "autopilot 171"));
    // the code table knows 171 as well
    let both: Vec<TopicKind> = explain("171").iter().map(|t| t.kind).collect();
    assert_eq!(both, [TopicKind::Code, TopicKind::Event]);
    assert_eq!(explain("MDM_110")[0].title, "mdm 110");
    // 100 is an event of two logs
    let hundred = explain("event 100");
    assert_eq!(hundred.iter().map(|t| t.title.as_str()).collect::<Vec<_>>(), ["autopilot 100", "mdm 100"]);
}

#[test]
fn screens_rules_values_files_and_updates() {
    assert_eq!(explain("ESP_ERROR")[0].title, "esp.error");
    assert_eq!(explain("usr-004")[0].kind, TopicKind::Rule);
    assert_eq!(explain("tenantmatched")[0].kind, TopicKind::Registry);
    assert_eq!(explain("AutopilotConfigurationFile.json")[0].kind, TopicKind::File);
    let update = explain("kb5072033");
    assert_eq!(update[0].kind, TopicKind::Kb);
    assert!(update[0].see_also.contains(&"PRO-031".to_owned()));
}

#[test]
fn words_find_something_and_typos_are_guessed() {
    assert!(explain("attestation").len() > 3);
    assert!(explain("").is_empty());
    assert!(explain("qqqqqq").is_empty());
    assert!(suggestions("0x800705B5").contains(&"0x800705B4".to_owned()));
    assert!(suggestions("entra.sigin").contains(&"entra.signin".to_owned()));
    assert!(suggestions("USR-0044").contains(&"USR-004".to_owned()));
    assert!(suggestions("qqqqqqqq").is_empty());
}

#[test]
fn a_defect_ends_with_the_build_that_fixes_it() {
    let day = date(2026, 3, 1);
    let keyboard = |build| in_force(rules::PRO_031, &world(day, build));
    assert_eq!(keyboard("26100.4061"), InForce::Yes);
    assert_eq!(keyboard("26100.7461"), InForce::Yes);
    assert_eq!(keyboard("26100.7462"), InForce::Ended);
    assert_eq!(keyboard("26200.7461"), InForce::Yes);
    assert_eq!(keyboard("26200.7462"), InForce::Ended);
    assert_eq!(in_force(rules::PRO_031, &world(date(2025, 4, 3), "26100.4061")), InForce::NotYet);
    let patched = world(day, "26100.4061").with_kbs([5_072_033]);
    assert_eq!(in_force(rules::PRO_031, &patched), InForce::Ended);
}

#[test]
fn a_service_change_goes_by_the_date() {
    let at = |day| in_force(rules::ESD_026, &world(day, "26100.4061"));
    assert_eq!(at(date(2026, 9, 13)), InForce::NotYet);
    assert_eq!(at(date(2026, 9, 14)), InForce::Yes);
    let intune = |day| in_force(rules::ESD_028, &world(day, "26100.4061"));
    assert_eq!(intune(date(2025, 6, 25)), InForce::NotYet);
    assert_eq!(intune(date(2025, 6, 26)), InForce::Yes);
    // the status page itself has no date
    assert_eq!(in_force(rules::ESS_017, &world(date(2020, 1, 1), "18363.1")), InForce::Yes);
}

#[test]
fn old_and_new_take_turns() {
    for (old, new, turn) in [
        (rules::DPP_005, rules::DPP_040, date(2026, 1, 30)),
        (rules::DPP_028, rules::DPP_041, date(2026, 4, 10)),
        (rules::DPP_032, rules::DPP_046, date(2026, 9, 14)),
        (rules::DRG_002, rules::DRG_004, date(2023, 7, 1)),
        (rules::RPT_001, rules::RPT_011, date(2025, 3, 20)),
    ] {
        let before = world(turn.yesterday().expect("a day"), "26100.4061");
        let after = world(turn, "26100.4061");
        assert_eq!(
            (old.in_force(&before), new.in_force(&before)),
            (InForce::Yes, InForce::NotYet),
            "{}",
            old.id
        );
        assert_eq!(
            (old.in_force(&after), new.in_force(&after)),
            (InForce::Ended, InForce::Yes),
            "{}",
            old.id
        );
    }
    let kiosk = |build| {
        let world = world(date(2026, 1, 1), build);
        (rules::KSK_003.in_force(&world), rules::KSK_009.in_force(&world))
    };
    assert_eq!(kiosk("26100.4060"), (InForce::Yes, InForce::NotYet));
    assert_eq!(kiosk("26100.4061"), (InForce::Ended, InForce::Yes));
    assert_eq!(kiosk("22631.9999"), (InForce::Yes, InForce::NotYet));
}

#[test]
fn a_later_branch_has_what_an_earlier_one_got() {
    let day = date(2026, 3, 1);
    let hybrid = |build| in_force(rules::HYB_032, &world(day, build));
    assert_eq!(hybrid("26200.6725"), InForce::Ended);
    assert_eq!(hybrid("26200.6584"), InForce::Yes);
    assert_eq!(hybrid("26100.6584"), InForce::Ended);
    assert_eq!(hybrid("22631.6276"), InForce::Ended);
    assert_eq!(hybrid("22631.6275"), InForce::Yes);
    assert_eq!(hybrid("28000.1"), InForce::Ended);
    // Windows 10 22H2 is a branch of its own here, whatever its revision
    let board = |build| in_force(rules::MBR_016, &world(day, build));
    assert_eq!(board("19044.6000"), InForce::Yes);
    assert_eq!(board("19045.1"), InForce::Ended);
    assert_eq!(board("22000.1041"), InForce::Yes);
    assert_eq!(board("22000.1042"), InForce::Ended);
    assert_eq!(board("22631.1"), InForce::Ended);
}

#[test]
fn an_update_without_a_known_build_has_to_be_listed() {
    let day = date(2026, 10, 1);
    let device = world(day, "26200.9000");
    assert_eq!(in_force(rules::DAS_001, &device), InForce::NotYet);
    assert_eq!(in_force(rules::DAS_001, &device.with_kbs([5_120_998])), InForce::Yes);
}

#[test]
fn wording_bounds_do_not_end_a_rule() {
    let late = world(date(2026, 11, 1), "26100.8037");
    assert_eq!(in_force(rules::OOB_004, &late), InForce::Yes);
    assert_eq!(in_force(rules::ESS_023, &world(date(2026, 1, 1), "22621.1")), InForce::Yes);
}

#[test]
fn every_update_that_bounds_a_rule_is_in_the_table() {
    for rule in rules::ALL {
        for limit in [rule.since, rule.until].into_iter().flatten() {
            for bound in limit.bounds {
                if let Bound::Kb { number, build } = *bound {
                    let known = kbs::find(number).unwrap_or_else(|| panic!("KB{number} of {}", rule.id));
                    assert_eq!(known.builds.is_empty(), build.is_none(), "KB{number}");
                    assert!(build.is_none_or(|b| known.builds.contains(&b)), "KB{number} {build:?}");
                }
            }
        }
    }
    assert_eq!(kbs::find(5_058_411).map(|kb| kb.builds), Some([WindowsBuild::new(26_100, 4061)].as_slice()));
}
