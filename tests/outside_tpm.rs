//! Whole runs with a TPM outside are those in process: the same end, the same screens, events and registry values in order,
//! the same requests, the same decisions of the cloud. `cargo xtask interop swtpm` starts the TPMs and names them here.

use std::io::Write as _;
use std::path::Path;

use oobe::certificates;
use oobe::scenario::spec::Keys;
use oobe::scenario::{self, LoadOptions, Scenario};
use oobe::trace::record::{Record, What};
use oobe::world::{RunOptions, run};
use oobe_agent::io::Note;
use oobe_agent::registry::{RegistryValue, RegistryWrite};

/// One scenario for each mode, one that is refused, wiped and let in again, and one that ends with the page's limit.
const RUNS: [(&str, &str); 5] = [
    ("self-deploying", "desktop"),
    ("pre-provisioned", "desktop"),
    ("user-driven", "desktop"),
    ("self-deploying-again", "desktop"),
    ("self-deploying-time-limit", "desktop"),
];

/// A TPM that can't be attested, and the scenario about it.
struct Kind {
    profile: &'static str,
    scenario: &'static str,
    set: &'static [&'static str],
    outcome: &'static str,
    /// What the program tells of one that shows no endorsement key.
    advice: Option<&'static str>,
}

const KINDS: [Kind; 4] = [
    // The administrator assigns a profile that asks for no attestation.
    Kind {
        profile: "hyper-v",
        scenario: "attestation/virtual-tpm",
        set: &[],
        outcome: "desktop",
        advice: None,
    },
    // Nobody updates the firmware of a TPM outside: up to there.
    Kind {
        profile: "vulnerable-firmware",
        scenario: "attestation/vulnerable-firmware",
        set: &["when=[]"],
        outcome: "quiet",
        advice: None,
    },
    Kind {
        profile: "reduced-functionality",
        scenario: "attestation/reduced-functionality",
        set: &[],
        outcome: "quiet",
        advice: Some("does not show its endorsement key"),
    },
    // As with the virtual one, another profile.
    Kind {
        profile: "tpm-1.2",
        scenario: "attestation/tpm-1.2",
        set: &[],
        outcome: "desktop",
        advice: Some("the TPM is a TPM 1.2"),
    },
];

/// A TPM that was made today has a certificate that is valid from today on: the world begins later than that. Those of
/// `KINDS` are as old as the scenarios expect, and their certificates are over by then.
const EPOCH: &str = "epoch=\"2040-01-02T08:00:00Z\"";

fn shipped(name: &str, set: &[&str]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{name}.toml"));
    let set = set.iter().map(|&text| text.to_owned()).collect();
    scenario::load(&path, &LoadOptions { set, ..LoadOptions::default() }).expect("the scenario is valid")
}

/// What a run comes to, without what may differ from TPM to TPM: names of the vendor, keys, times.
#[derive(Default, PartialEq, Eq)]
struct Course {
    outcome: String,
    screens: Vec<String>,
    events: Vec<String>,
    registry: Vec<String>,
    requests: Vec<String>,
    cloud: Vec<String>,
    decisions: Vec<String>,
    /// What the program tells of the TPM.
    advice: Option<String>,
}

impl Course {
    fn of(scenario: &Scenario, options: &RunOptions) -> Self {
        let mut course = Self::default();
        let result = run(scenario, options, &mut |record| course.hear(record)).expect("the scenario runs");
        course.outcome = result.ending.outcome;
        course.advice = result.advice;
        course
    }

    fn hear(&mut self, record: &Record) {
        match &record.what {
            What::Screen { screen } => {
                let rows = screen.esp.iter().flat_map(|page| &page.phases).flat_map(|phase| &phase.rows);
                let rows: Vec<&str> = rows.map(|row| &*row.status).collect();
                self.screens.push(format!("{} {:?} {rows:?}", screen.id, screen.error));
            }
            What::Event { event } => self.events.push(format!("{:?} {}", event.channel, event.id)),
            What::Registry { write } => {
                self.registry.push(format!("{} {} {}", write.key, write.name, value(write)));
            }
            What::Request { method, url, .. } => {
                // The host of the attestation service has the vendor and the key in its name.
                let path = url.split('/').skip(3).collect::<Vec<_>>().join("/");
                let path = path.split('?').next().unwrap_or_default().to_owned();
                self.requests.push(format!("{method} {path}"));
            }
            What::Cloud { service, what, ok, .. } => self.cloud.push(format!("{service} {what} {ok}")),
            What::Note { note: Note::Decided { rule, .. } } => self.decisions.push(format!("{rule:?}")),
            _ => {}
        }
    }

    /// Each part by name.
    fn parts(&self) -> [(&'static str, &[String]); 6] {
        [
            ("screens", &self.screens),
            ("events", &self.events),
            ("registry values", &self.registry),
            ("requests", &self.requests),
            ("decisions of the cloud", &self.cloud),
            ("decisions of the device", &self.decisions),
        ]
    }
}

/// A registry value, without the time in the one that has it: how long a TPM takes is its own.
fn value(write: &RegistryWrite) -> String {
    match &write.value {
        RegistryValue::Dword(number) => number.to_string(),
        RegistryValue::String(text) if write.name == "PolicyJsonCache" => {
            let mut cache: serde_json::Value = serde_json::from_str(text).expect("the cache is JSON");
            let date = cache.as_object_mut().and_then(|cache| cache.remove("PolicyDownloadDate"));
            assert!(date.is_some(), "{text}");
            cache.to_string()
        }
        RegistryValue::String(text) => text.clone(),
    }
}

/// Certificates that the cloud is to trust besides the vendors'.
fn trusted(file: &str) -> Vec<Vec<u8>> {
    certificates::read(Path::new(file)).expect("the file has the CA's certificates")
}

/// Nobody vouches for swtpm's TPM: the proof fails at the certificate's chain, and nothing is joined. It is a virtual TPM,
/// so that Windows goes on hoping until its time is over (SDM-004).
fn refuses_without_its_authority(outside: &RunOptions) {
    let scenario = shipped("self-deploying", &[EPOCH]);
    let course = Course::of(&scenario, &RunOptions { tpm_ca: Vec::new(), ..outside.clone() });
    assert!(course.cloud.iter().any(|did| did == "attestation attest-ek-chain false"), "{:?}", course.cloud);
    assert!(!course.cloud.iter().any(|did| did.contains("device-joined")));
    assert_ne!(course.outcome, "desktop");
    let [.., last] = course.screens.as_slice() else { panic!("there is no screen") };
    assert!(last.starts_with("esp.error ") && last.contains("0x800705B4"), "{last}");
    let _ = writeln!(std::io::stdout(), "{} without its CA: refused by attest-ek-chain", outside.tpm);
}

/// Runs the scenario with both TPMs: what comes of it is the same, part by part.
fn compare(
    scenario: &Scenario,
    outcome: &str,
    (inside, outside): (&RunOptions, &RunOptions),
    advice: Option<&str>,
) {
    let (name, tpm) = (&scenario.name, &outside.tpm);
    let (wanted, found) = (Course::of(scenario, inside), Course::of(scenario, outside));
    assert_eq!((wanted.outcome.as_str(), found.outcome.as_str()), (outcome, outcome), "{name} with {tpm}");
    assert_eq!(wanted.advice, None);
    match (advice, &found.advice) {
        (None, None) => {}
        (Some(part), Some(told)) if told.contains(part) => {}
        (_, told) => panic!("{name} with {tpm}: told is {told:?} and not {advice:?}"),
    }
    let mut told = Vec::new();
    for ((what, wanted), (_, found)) in wanted.parts().into_iter().zip(found.parts()) {
        assert!(!wanted.is_empty(), "{name}: nothing to compare in {what}");
        let parted = wanted.iter().zip(found).position(|(a, b)| a != b);
        if let Some(at) = parted {
            panic!(
                "{name} with {tpm}: {what} part at {at}: in process {}, outside {}",
                wanted[at], found[at]
            );
        }
        assert_eq!(wanted.len(), found.len(), "{name} with {tpm}: {what}");
        told.push(format!("{} {what}", wanted.len()));
    }
    let _ = writeln!(
        std::io::stdout(),
        "{name} with {tpm}: {outcome}; the same as in process: {}",
        told.join(", ")
    );
}

#[test]
#[ignore = "needs a TPM outside: cargo xtask interop swtpm"]
fn whole_runs_with_a_tpm_outside_are_those_in_process() {
    let named = |name: &str| std::env::var(name).ok();
    let tpm = named("OOBE_TEST_TPM").expect("OOBE_TEST_TPM names the TPM, for example mssim:127.0.0.1:2321");
    let keys = if named("OOBE_TEST_TPM_KEYS").as_deref() == Some("rsa") { Keys::Rsa } else { Keys::P256 };
    let inside = RunOptions { keys: Some(keys), ..RunOptions::default() };
    let outside = RunOptions {
        tpm: tpm.parse().expect("OOBE_TEST_TPM names a TPM"),
        tpm_ca: named("OOBE_TEST_TPM_CA").map(|file| trusted(&file)).unwrap_or_default(),
        ..inside.clone()
    };
    if let Some(kind) = named("OOBE_TEST_TPM_KIND") {
        let kind = KINDS.into_iter().find(|known| known.profile == kind).expect("a kind of KINDS");
        let scenario = shipped(kind.scenario, kind.set);
        return compare(&scenario, kind.outcome, (&inside, &outside), kind.advice);
    }
    for (name, outcome) in RUNS {
        compare(&shipped(name, &[EPOCH]), outcome, (&inside, &outside), None);
    }
    if !outside.tpm_ca.is_empty() {
        refuses_without_its_authority(&outside);
    }
}
