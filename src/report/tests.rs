use super::{Counts, Detail, Narrator, RestsOn};
use crate::trace::Record;

/// A short run: records as in a trace.
const RUN: &str = r#"
{"t":0,"n":0,"who":"pc","kind":"power-on"}
{"t":0,"n":1,"who":"pc","kind":"timer-set","timer":"boot","after":40000,"why":"Windows to start"}
{"t":40210,"n":2,"who":"pc","kind":"timer-fired","timer":"boot"}
{"t":40210,"n":3,"who":"pc","kind":"screen","screen":{"id":"oobe.checking","title":"Just a moment...","text":["This will not take long."],"busy":true}}
{"t":40210,"n":4,"who":"pc","kind":"request","id":{"boot":1,"slot":"profile","serial":1},"method":"POST","url":"https://ztd.dds.microsoft.com/ztd/v1/profile","bytes":70,"digest":"e3b0","why":"asking for the Autopilot profile"}
{"t":40300,"n":5,"who":"cloud","kind":"cloud","service":"ztd","what":"profile-delivered","ok":true,"detail":"standard","rule":"PRO-001"}
{"t":40510,"n":6,"who":"pc","kind":"reply","id":{"boot":1,"slot":"profile","serial":1},"status":200,"bytes":900,"digest":"4ae7","took":300}
{"t":40510,"n":7,"who":"pc","kind":"note","note":{"note":"decided","what":"with a profile the organization's sign-in page comes at once, and nobody is asked about personal use","rule":"OOB-002"}}
{"t":40510,"n":8,"who":"pc","kind":"event","event":{"channel":"autopilot","id":161,"level":"Info","text":"AutopilotManager retrieve settings succeeded.","data":{},"time":0}}
{"t":40510,"n":9,"who":"pc","kind":"registry","write":{"key":"HKLM\\SOFTWARE\\A","name":"TenantMatched","value":{"type":"REG_DWORD","data":1}}}
{"t":40520,"n":10,"who":"pc","kind":"screen","screen":{"id":"entra.password","title":"Enter password","fields":[{"name":"password","label":"Password","value":"","secret":true}],"buttons":[{"label":"Sign in","enabled":true}]}}
{"t":65000,"n":11,"who":"pc","kind":"act","person":"alice","act":{"act":"fill","field":"password","text":"***"}}
{"t":65000,"n":12,"who":"pc","kind":"act","person":"alice","act":{"act":"press","button":"Sign in"}}
{"t":66000,"n":13,"who":"pc","kind":"note","note":{"note":"failed","doing":"signing in","fault":"person","code":"AADSTS50126","detail":"the password is wrong\nTrace ID: 1"}}
{"t":66000,"n":14,"who":"pc","kind":"screen","screen":{"id":"entra.password","title":"Enter password","error":"Your account or password is incorrect."}}
{"t":70000,"n":15,"who":"pc","kind":"screen","screen":{"id":"esp.device-setup","title":"Setting up for work or school","esp":{"phases":[{"phase":"device-setup","state":"working","status":"Working on it...","rows":[{"title":"Apps","state":"working","status":"0 of 1 installed"}]}]}}}
{"t":70000,"n":16,"who":"pc","kind":"timer-set","timer":"poll","after":200000,"why":"the installer of Reader"}
{"t":270000,"n":17,"who":"pc","kind":"timer-fired","timer":"poll"}
{"t":270000,"n":18,"who":"pc","kind":"note","note":{"note":"progress","item":"Reader","state":"installed"}}
{"t":270000,"n":19,"who":"pc","kind":"screen","screen":{"id":"esp.device-setup","title":"Setting up for work or school","esp":{"phases":[{"phase":"device-setup","state":"complete","status":"Complete","rows":[{"title":"Apps","state":"completed","status":"1 of 1 installed"}]}]}}}
{"t":270000,"n":20,"who":"pc","kind":"trigger","trigger":"someone trips over the cable","action":"power goes and comes back after 2m"}
{"t":270000,"n":21,"who":"pc","kind":"power-lost"}
{"t":390000,"n":22,"who":"pc","kind":"power-on"}
{"t":400000,"n":23,"who":"pc","kind":"reply","id":{"boot":1,"slot":"session","serial":9},"bytes":0,"digest":"","error":"connection refused","took":10}
{"t":400000,"n":24,"who":"pc","kind":"restart","why":"Device setup is complete and needs a restart"}
{"t":400000,"n":25,"who":"pc","kind":"note","note":{"note":"ended","outcome":"desktop"}}
{"t":400000,"n":26,"who":"world","kind":"end","outcome":"desktop","detail":"every device reached: desktop"}
"#;

fn run() -> Vec<Record> {
    RUN.trim().lines().map(|line| serde_json::from_str(line).expect("the line is a record")).collect()
}

fn story(width: usize, detail: Detail, several: bool) -> String {
    let mut narrator = Narrator::new(width, detail, several);
    let mut told: String = run().iter().map(|record| narrator.hear(record)).collect();
    told.push_str(&narrator.finish());
    anstream::adapter::strip_str(&told).to_string()
}

#[test]
fn a_run_reads_like_a_story() {
    insta::assert_snapshot!("story", story(100, Detail::Story, false));
    insta::assert_snapshot!("story-narrow", story(60, Detail::Story, false));
    insta::assert_snapshot!("story-several", story(100, Detail::Story, true));
}

#[test]
fn more_can_be_told() {
    insta::assert_snapshot!("story-more", story(100, Detail::More, false));
    insta::assert_snapshot!("story-all", story(100, Detail::All, false));
}

#[test]
fn a_run_is_counted_and_rests_on_rules() {
    let counts = Counts::of(&run());
    assert_eq!((counts.requests, counts.restarts, counts.power_cuts, counts.events), (1, 1, 1, 1));
    assert_eq!((counts.screens, counts.failures), (3, 1));
    let rests = RestsOn::of(&run());
    assert_eq!(rests.to_string(), "rests on 2 documented, 0 observed, 0 modelled rules");
    assert!(rests.documented.contains("OOB-002") && rests.documented.contains("PRO-001"));
}
