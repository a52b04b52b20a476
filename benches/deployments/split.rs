//! Where the time of one deployment goes. The device is pure, so its share is measured by feeding the recorded inputs to a
//! fresh one; the TPM's and the key store's by their commands; XML by its bodies; cryptography by counting its operations and
//! timing each by itself. The rest is cloud and driver.

use std::hint::black_box;
use std::time::Duration;

use oobe::scenario::Scenario;
use oobe::scenario::spec::Keys;
use oobe::world::{TpmBackend, TpmSetup, TpmSocket, World};
use oobe_agent::Device;
use oobe_agent::io::{Effect, Input};
use oobe_agent::keys::{KeyCommand, SoftwareKeyStore};
use oobe_agent::time::VirtualTime;
use oobe_agent::tpm::TpmCommand;
use oobe_wire::crypto::meter;
use oobe_wire::{syncml, xml};

use super::{deploy, median, ms, options, price, time};

/// What the device had the rest of the world do, in order.
#[derive(Default)]
struct Asked {
    keys: Vec<KeyCommand>,
    tpm: Vec<(VirtualTime, TpmCommand)>,
    /// XML that the device wrote, and that it read.
    written: Vec<Vec<u8>>,
    read: Vec<Vec<u8>>,
}

/// One deployment's time, and parts of it.
struct Split {
    whole: Duration,
    device: Duration,
    device_crypto: Duration,
    device_xml: Duration,
    keys: Duration,
    tpm: Duration,
    xml: Duration,
    crypto: Duration,
    work: meter::Work,
    asked: Asked,
}

/// Prints it.
pub(super) fn print(scenario: &Scenario, rounds: usize) {
    let options = options(1, Keys::P256);
    let repeat = |work: &mut dyn FnMut() -> Duration| median((0..rounds).map(|_| work()).collect());
    let whole = repeat(&mut || time(|| deploy(scenario, &options)));
    let _ = meter::take();
    deploy(scenario, &options);
    let work = meter::take();

    let mut world = World::new(scenario, &options).expect("the scenario can be built");
    world.record_inputs();
    while world.next_due().is_some() {
        world.step(&mut |_| {});
    }
    let name = scenario.spec.device.keys().next().expect("a device").clone();
    let setup = world.device(&name).expect("the device").setup().clone();
    let inputs = world.inputs(&name).to_vec();

    let device = repeat(&mut || {
        let mut device = Device::new(setup.clone());
        let inputs = inputs.clone();
        time(|| {
            for (at, input) in inputs {
                black_box(device.step(at, input));
            }
        })
    });
    let _ = meter::take();
    let asked = replay(Device::new(setup.clone()), inputs);
    let device_work = meter::take();

    let tpm_of = |seed| {
        let profile = tpm_sim::manufacture::profile("simulator").expect("the profile of the presets");
        let setup = TpmSetup::new(profile, seed, &name, super::attestation::EPOCH, "BENCH-1", "26100.4061")
            .expect("it has a TPM");
        let mut socket =
            TpmSocket::new(setup, &TpmBackend::InProcess, seed, &name).expect("it is in process");
        socket.power_on(VirtualTime::ZERO);
        socket
    };
    let mut socket = tpm_of(1);
    let done = asked.tpm.iter().filter(|(at, command)| socket.execute(command, *at).result.is_ok()).count();
    assert_eq!(done, asked.tpm.len(), "a TPM of the same kind and seed does what the device asks");
    let tpm = repeat(&mut || {
        let mut socket = tpm_of(1);
        time(|| {
            for (at, command) in &asked.tpm {
                black_box(socket.execute(command, *at));
            }
        })
    });
    let keys = repeat(&mut || {
        let mut store = SoftwareKeyStore::new(setup.seed, &setup.name);
        time(|| {
            for command in &asked.keys {
                let _ = black_box(store.execute(command));
            }
        })
    });
    let reading = |bodies: &[Vec<u8>]| {
        repeat(&mut || {
            time(|| {
                for body in bodies {
                    let _ = black_box(syncml::Message::parse(body).map_err(|_| xml::parse(body).map(drop)));
                }
            })
        })
    };
    let messages = |bodies: &[Vec<u8>]| -> Vec<syncml::Message> {
        bodies.iter().filter_map(|body| syncml::Message::parse(body).ok()).collect()
    };
    let writing = |bodies: &[Vec<u8>]| {
        let messages = messages(bodies);
        repeat(&mut || {
            time(|| {
                for message in &messages {
                    black_box(message.write());
                }
            })
        })
    };
    let device_xml = reading(&asked.read) + writing(&asked.written);
    let cloud_xml = reading(&asked.written) + writing(&asked.read);
    let wire = price::of(work);
    tell(&Split {
        whole,
        device,
        device_crypto: price::of(device_work),
        device_xml,
        keys,
        tpm,
        xml: device_xml + cloud_xml,
        crypto: wire + tpm,
        work,
        asked,
    });
}

fn replay(mut device: Device, inputs: Vec<(VirtualTime, Input)>) -> Asked {
    let mut asked = Asked::default();
    for (at, input) in inputs {
        if let Input::HttpReplied { result: Ok(reply), .. } = &input {
            asked.read.push(reply.body.clone());
        }
        for effect in device.step(at, input) {
            match effect {
                Effect::AskKeys { command, .. } => asked.keys.push(command),
                Effect::AskTpm { command, .. } => asked.tpm.push((at, command)),
                Effect::Send { request, .. } => asked.written.push(request.body),
                _ => {}
            }
        }
    }
    for bodies in [&mut asked.read, &mut asked.written] {
        bodies.retain(|body| xml::parse(body).is_ok());
    }
    asked
}

fn tell(split: &Split) {
    let row = |name: &str, part: Duration, more: &str| {
        let percent = 100.0 * part.as_secs_f64() / split.whole.as_secs_f64();
        println!("  {name:<52} {:>6.2} ms {percent:>4.0} %{more}", ms(part));
    };
    let Split { work, asked, .. } = split;
    println!("one deployment, P-256: {:.2} ms, of which", ms(split.whole));
    let machine = split.device.saturating_sub(split.device_crypto + split.device_xml);
    row("device: state machines, CSP tree, JSON, its checks", machine, "");
    row("device: XML", split.device_xml, "");
    row("device: cryptography outside the TPM", split.device_crypto, "");
    row("TPM", split.tpm, &format!("   {} commands of the device", asked.tpm.len()));
    row("key store", split.keys, &format!("   {} commands", asked.keys.len()));
    let rest = split.whole.saturating_sub(split.device + split.tpm + split.keys);
    row("cloud, transport, driver (the rest)", rest, "");
    println!("and across all of them");
    let messages = asked.read.len() + asked.written.len();
    row("XML, both sides", split.xml, &format!("   {messages} messages, written and read"));
    let counted = format!(
        "   the TPM, and in software {} keys, {} signatures, {} verifications, {} agreements, {} KiB hashed, {} PFX files",
        work.public_keys,
        work.signatures,
        work.verifications,
        work.agreements,
        work.hashed / 1024,
        work.pfx_written + work.pfx_opened,
    );
    row("cryptography, both sides", split.crypto, &counted);
}
