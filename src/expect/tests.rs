use super::{Verdict, evaluate};
use crate::scenario::spec::ExpectSpec;
use crate::trace::Record;

/// A short run, as JSON records without `t`, `n` and `who`: time is ten seconds a line, `cloud` decides, `pc` does the
/// rest.
const RUN: &[&str] = &[
    r#"{"kind":"power-on"}"#,
    r#"{"kind":"request","id":{"boot":1,"slot":"sign-in","serial":1},"method":"POST","url":"https://login.test/oauth2/token?x=1","bytes":5,"digest":"","why":"signing in"}"#,
    r#"{"kind":"cloud","service":"entra","what":"password","ok":false,"detail":"wrong","rule":"USR-013"}"#,
    r#"{"kind":"reply","id":{"boot":1,"slot":"sign-in","serial":1},"status":400,"bytes":9,"digest":"","took":300}"#,
    r#"{"kind":"screen","screen":{"id":"entra.password","title":"Enter password","error":"That password is incorrect. AADSTS50126"}}"#,
    r#"{"kind":"screen","screen":{"id":"entra.password","title":"Enter password","error":"That password is incorrect. AADSTS50126","busy":true}}"#,
    r#"{"kind":"note","note":{"note":"decided","what":"signed in","rule":"USR-002"}}"#,
    r#"{"kind":"note","note":{"note":"checked","check":"token-audience","failed":null}}"#,
    r#"{"kind":"event","event":{"channel":"autopilot","id":161,"level":"Info","text":"done","data":{"name":"standard"},"time":0}}"#,
    r#"{"kind":"registry","write":{"key":"HKLM\\SOFTWARE\\A","name":"TenantMatched","value":{"type":"REG_DWORD","data":1}}}"#,
    r#"{"kind":"note","note":{"note":"csp","verb":"Add","uri":"./Device/Vendor/MSFT/X","status":200,"value":null}}"#,
    r#"{"kind":"note","note":{"note":"progress","item":"app Reader","state":"success (1000)"}}"#,
    r#"{"kind":"note","note":{"note":"state","machine":"oobe","from":"esp","to":"desktop"}}"#,
    r#"{"kind":"restart","why":"a policy"}"#,
    r#"{"kind":"screen","screen":{"id":"desktop","title":"Desktop"}}"#,
    r#"{"kind":"note","note":{"note":"failed","doing":"joining","fault":"peer-refused","code":"0x801C0003","detail":"no"}}"#,
    r#"{"kind":"note","note":{"note":"ended","outcome":"desktop"}}"#,
    r#"{"kind":"end","outcome":"desktop","detail":""}"#,
];

fn run() -> Vec<Record> {
    let record = |(n, line): (usize, &&str)| {
        let who = if line.contains(r#""kind":"cloud""#) { "cloud" } else { "pc" };
        let head = format!(r#"{{"t":{},"n":{n},"who":"{who}","#, n * 10_000);
        serde_json::from_str(&line.replacen('{', &head, 1)).expect("the line is a record")
    };
    RUN.iter().enumerate().map(record).collect()
}

fn verdict(expectation: &str) -> Verdict {
    let expect: ExpectSpec = toml::from_str(expectation).unwrap_or_else(|e| panic!("{expectation}: {e}"));
    evaluate(&[expect], &run()).remove(0)
}

#[test]
fn what_happened_holds() {
    for expectation in [
        r#"outcome = "desktop""#,
        r#"screen = "desktop""#,
        "screen = \"entra.password\"\nshows = \"*incorrect*\"",
        // Changes of a screen that is up are not another time.
        "screen = \"entra.password\"\nexactly = 1",
        r#"screens = ["entra.password", "desktop"]"#,
        "event = { channel = \"autopilot\", id = 161, data = { name = \"stand*\" } }",
        "registry = { key = '*\\A', name = \"tenantmatched\", value = 1 }",
        "registry = { key = '*\\A', name = \"TenantMatched\", value = true }",
        r#"rule = "usr-002""#,
        // The cloud's decisions rest on rules too.
        r#"rule = "USR-013""#,
        r#"code = "AADSTS50126""#,
        r#"code = "0x801c0003""#,
        "state = { machine = \"oobe\", to = \"desktop\" }",
        "check = { name = \"token-*\", held = true }",
        "cloud = { service = \"entra\", what = \"password\", ok = false }",
        "csp = { uri = \"*/X\", verb = \"add\", status = 200 }",
        "progress = { item = \"*Reader\", state = \"success*\" }",
        "request = { host = \"login.test\", path = \"/oauth2/*\", method = \"post\" }",
        "request = { host = \"login.test\", status = 400 }",
        "restart = true\nexactly = 1",
        "screen = \"desktop\"\nwithin = \"3m\"\nafter = \"2m\"",
        "restart = true\nat_most = 1",
        "screen = \"oobe.eula\"\nnever = true",
        "screens = [\"desktop\", \"entra.password\"]\nnever = true",
        "screen = \"oobe.eula\"\nat_most = 2",
        "device = \"pc\"\noutcome = \"desktop\"",
    ] {
        let verdict = verdict(expectation);
        assert!(verdict.held, "{expectation}\n{verdict:#?}");
    }
}

#[test]
fn what_did_not_happen_is_told() {
    for (expectation, expected, happened) in [
        (r#"outcome = "quiet""#, "the run ends as `quiet`", "it ended as `desktop` at 2:40"),
        (
            r#"screen = "oobe.eula""#,
            "the screen oobe.eula",
            "it did not come; the last screen was desktop (Desktop) at 2:20",
        ),
        (
            "screen = \"entra.password\"\nshows = \"*locked*\"",
            "the screen entra.password showing \"*locked*\"",
            "the screen came at 0:40, without that text: entra.password (That password is incorrect. AADSTS50126)",
        ),
        (
            r#"screens = ["desktop", "entra.password"]"#,
            "the screens desktop, then entra.password",
            "the screen entra.password, number 2 of 2, did not come after 2:20, only before, at 0:40",
        ),
        ("restart = true\nnever = true", "a restart, never", "it came once, at 2:10: a policy"),
        ("restart = true\nexactly = 2", "a restart, exactly twice", "it came once, at 2:10: a policy"),
        (
            "screen = \"desktop\"\nwithin = \"1m\"",
            "the screen desktop, within 1m",
            "it came at 2:20, at no time that counts",
        ),
        (
            "registry = { key = '*\\A', name = \"TenantMatched\", value = 0 }",
            "the registry value *\\A\\TenantMatched = 0",
            "TenantMatched = 1 at 1:30",
        ),
        (
            "progress = { item = \"*Reader\", state = \"failed*\" }",
            "*Reader is failed*",
            "last: app Reader: success (1000)",
        ),
        (
            "request = { host = \"mdm.test\" }\nat_least = 3",
            "a request to mdm.test, at least 3 times",
            "it did not come",
        ),
        (r#"code = "0x80180018""#, "the code 0x80180018", "it did not come"),
    ] {
        let verdict = verdict(expectation);
        assert!(!verdict.held, "{expectation}");
        assert_eq!(
            (verdict.expected.as_str(), verdict.happened.as_str()),
            (expected, happened),
            "{expectation}"
        );
    }
}

#[test]
fn an_empty_trace_holds_nothing_but_nevers() {
    let expect = |text: &str| toml::from_str::<ExpectSpec>(text).expect("an expectation");
    let all = [
        expect(r#"outcome = "desktop""#),
        expect("screen = \"desktop\"\nnever = true"),
        expect(r#"screens = ["desktop"]"#),
    ];
    let held: Vec<bool> = evaluate(&all, &[]).iter().map(|v| v.held).collect();
    assert_eq!(held, [false, true, false]);
}
