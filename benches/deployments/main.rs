//! What a deployment costs. `cargo bench --bench deployments` prints a table: time of a single run, deployments a
//! second, memory for each device, where the time goes, and what attestation and the self-deploying mode add. Times are
//! medians; how many a second are single rounds, to be run several times: machines are noisy.
//!
//! What a deployment is there: a world of its own with its own seed (device, TPM, cloud, people), built, run to the desktop
//! and dropped, with every message as bytes; its records are made and thrown away, not written down. Shared by all worlds of a
//! process are the CAs of the mock cloud, its TLS certificates and what the scenario says. What the cloud signed itself it
//! knows again by its digest (`mock-cloud/src/proved.rs`), and the PKCS#12 files have 64 rounds of key derivation (MOD-041).
//!
//! One part alone:
//! `cargo bench --bench deployments -- single|throughput|memory|split|attestation|self-deploying`. `-- profile` prints nothing and runs P-256
//! deployments one after the other, for a profiler to watch.

mod attestation;
mod price;
mod split;

use std::hint::black_box;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use oobe::scenario::spec::Keys;
use oobe::scenario::{self, LoadOptions, Scenario};
use oobe::world::{Run, RunOptions, TOGETHER, World, run};

// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// A benchmark reads the clock; the rest of the program may not.
#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

fn time(work: impl FnOnce()) -> Duration {
    let begun = now();
    work();
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn main() {
    // `cargo test --benches` passes flags of its own; then one round is enough to see that it works.
    let quick = std::env::args().any(|a| a == "--test");
    let scenario = load("user-driven.toml");
    let named: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |part: &str| named.is_empty() || named.iter().any(|n| n == part);
    if wanted("single") {
        single_runs(&scenario, if quick { 1 } else { 20 });
    }
    if wanted("throughput") {
        throughput("user-driven", &scenario, if quick { 2 } else { 2_000 });
    }
    if wanted("memory") {
        memory(&scenario, if quick { 2 } else { 400 });
    }
    if named.iter().any(|n| n == "profile") {
        (0..if quick { 10 } else { 300 }).for_each(|seed| deploy(&scenario, &options(seed, Keys::P256)));
    }
    if wanted("split") {
        split::print(&scenario, if quick { 1 } else { 30 });
    }
    if wanted("attestation") {
        attestation::print(if quick { 1 } else { 15 });
    }
    if wanted("self-deploying") {
        let scenario = load("self-deploying.toml");
        single_runs(&scenario, if quick { 1 } else { 20 });
        throughput("self-deploying", &scenario, if quick { 2 } else { 2_000 });
    }
}

fn load(name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    scenario::load(&path, &LoadOptions::default()).expect("the scenario is valid")
}

fn deploy(scenario: &Scenario, options: &RunOptions) {
    let result = run(scenario, options, &mut |record| {
        black_box(record);
    });
    assert!(result.is_ok_and(|r| r.ending.outcome == "desktop"));
}

fn options(seed: u64, keys: Keys) -> RunOptions {
    RunOptions { seed: Some(seed), keys: Some(keys), ..RunOptions::default() }
}

fn single_runs(scenario: &Scenario, seeds: u64) {
    for (name, keys) in [("P-256", Keys::P256), ("RSA-2048", Keys::Rsa)] {
        let times = (0..seeds).map(|seed| time(|| deploy(scenario, &options(seed, keys)))).collect();
        let scenario = &scenario.name;
        println!("single run, {scenario}, {name}, median of {seeds} seeds: {:.1} ms", ms(median(times)));
    }
}

/// As `oobe run --devices` does it: each thread gives a few worlds a step each by turns. Last, for comparison, one world
/// after the other.
fn throughput(name: &str, scenario: &Scenario, runs: u64) {
    for (threads, together) in [(1, TOGETHER), (2, TOGETHER), (2, 1)] {
        let next = AtomicU64::new(0);
        let size = u64::try_from(together).expect("a few");
        let took = time(|| {
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        loop {
                            let first = next.fetch_add(size, Ordering::Relaxed);
                            if first >= runs {
                                break;
                            }
                            deploy_together(scenario, first..runs.min(first + size));
                        }
                    });
                }
            });
        });
        let rate = f64::from(u32::try_from(runs).expect("few runs")) / took.as_secs_f64();
        println!(
            "{name}, in process, full bytes, P-256, {threads} thread(s), {together} world(s) by turns: {rate:.0} \
             deployments/s ({runs} runs)"
        );
    }
}

fn deploy_together(scenario: &Scenario, seeds: Range<u64>) {
    let run = |seed| Run::new(scenario, &options(seed, Keys::P256)).expect("the scenario can be built");
    let mut runs: Vec<Run> = seeds.map(run).collect();
    let mut goes_on = true;
    while goes_on {
        goes_on = false;
        for run in &mut runs {
            goes_on |= run.step(&mut |record| {
                black_box(record);
            });
        }
    }
    assert!(runs.into_iter().all(|run| run.result().ending.outcome == "desktop"));
}

/// Resident memory of this process in KiB, as the kernel tells it.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Worlds in the middle of their run, all alive at once.
fn memory(scenario: &Scenario, worlds: u64) {
    let before = resident_kib();
    let alive: Vec<World> = (0..worlds)
        .map(|seed| {
            let mut world =
                World::new(scenario, &options(seed, Keys::P256)).expect("the scenario can be built");
            for _ in 0..250 {
                world.step(&mut |_| {});
            }
            world
        })
        .collect();
    let grown = resident_kib().saturating_sub(before);
    println!(
        "memory: {} KiB for each world (one device, its cloud, its queue), {} alive",
        grown / worlds,
        alive.len()
    );
}
