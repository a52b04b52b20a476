//! A software TPM in this process. It comes into being at the first command, so that a device that never asks its TPM for
//! anything pays nothing for it.

use oobe_agent::time::Span;
use tpm_sim::Tpm;
use tpm_sim::manufacture::Profile;

use super::{Backend, BackendError, Owner};
use crate::world::tpm::setup::TpmSetup;

/// A TPM of this process.
#[derive(Debug, Clone)]
pub(in crate::world::tpm) struct InProcess {
    setup: TpmSetup,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// Not made yet; what has happened to it so far.
    Lazy(Vec<Happened>),
    Made(Box<Tpm>),
}

#[derive(Debug, Clone, Copy)]
enum Happened {
    Power(bool),
    Passed(u64),
    Firmware(&'static Profile),
}

impl InProcess {
    /// The TPM that a setup describes, without power.
    pub(in crate::world::tpm) const fn new(setup: TpmSetup) -> Self {
        Self { setup, state: State::Lazy(Vec::new()) }
    }

    /// New firmware, while the device is off.
    pub(in crate::world::tpm) fn update_firmware(&mut self, profile: &'static Profile) {
        self.happens(Happened::Firmware(profile));
    }

    fn tpm(&mut self) -> &mut Tpm {
        if let State::Lazy(happened) = &self.state {
            let mut tpm = Box::new(self.setup.manufacture());
            for what in happened {
                happen(&mut tpm, *what);
            }
            self.state = State::Made(tpm);
        }
        match &mut self.state {
            State::Made(tpm) => tpm,
            State::Lazy(_) => unreachable!("it was made above"),
        }
    }

    fn happens(&mut self, what: Happened) {
        match &mut self.state {
            State::Made(tpm) => happen(tpm, what),
            State::Lazy(happened) => match (happened.last_mut(), what) {
                (Some(Happened::Passed(before)), Happened::Passed(more)) => *before += more,
                _ => happened.push(what),
            },
        }
    }
}

fn happen(tpm: &mut Tpm, what: Happened) {
    match what {
        Happened::Power(true) => tpm.power_on(),
        Happened::Power(false) => tpm.power_off(),
        Happened::Passed(milliseconds) => tpm.advance(milliseconds),
        Happened::Firmware(profile) => {
            tpm.update_firmware(profile)
                .expect("the scenario was checked: it is for this part, which is off");
        }
    }
}

impl Backend for InProcess {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, BackendError> {
        Ok(self.tpm().execute(command))
    }

    fn power(&mut self, on: bool) -> Result<(), BackendError> {
        self.happens(Happened::Power(on));
        Ok(())
    }

    fn pass(&mut self, span: Span) {
        self.happens(Happened::Passed(span.as_millis()));
    }

    fn rest(&mut self, span: Span) {
        self.pass(span);
    }

    fn owner(&self) -> Owner {
        Owner::Device
    }
}
