//! Scratch.
use std::path::Path;
use oobe::scenario::{self, LoadOptions};
use oobe::world::{RunOptions, World};
#[test]
fn zz() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/user-driven.toml");
    let options = LoadOptions { set: vec!["time_limit=90m".into()], ..LoadOptions::default() };
    let mut s = scenario::load(&path, &options).unwrap();
    let mut world = World::new(&s, &RunOptions::default()).unwrap();
    let mut asked = vec![];
    while world.next_due().is_some() { world.step(&mut |r| if let oobe::trace::record::What::Request { .. } = &r.what { asked.push(r.t) }); }
    let at = asked[50];
    let spec: oobe::scenario::spec::FaultSpec = toml::from_str("machine = { clock = \"3650d\" }").unwrap();
    let mut spec = spec;
    spec.from = Some(oobe::scenario::quantity::Duration(at - oobe_agent::time::VirtualTime::ZERO));
    s.spec.fault.push(spec);
    let mut world = World::new(&s, &RunOptions::default()).unwrap();
    let mut n = 0;
    while world.next_due().is_some() { world.step(&mut |r| { n += 1; if n > 1150 && n < 1500 || n % 3000 < 60 { println!("{n} {} {}", r.t.as_millis(), format!("{:?}", r.what).chars().take(330).collect::<String>()) } }); }
    let t = std::time::Duration::ZERO; let _ = t;
}
