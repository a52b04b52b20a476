//! PCRs (part 3, chapter 22), and the signals with which hardware measures a launch.

use tpm2_protocol::data::{Tpm2bAuth, Tpm2bDigest, Tpm2bEvent, TpmtHa, TpmuHa};

use crate::Tpm;
use crate::command::Call;
use crate::crypto::HashAlg;
use crate::entity::RH_NULL;
use crate::object::sensitive::trim_auth;
use crate::params::{self, Param};
use crate::rc::Rc;
use crate::state::Shutdown;
use crate::state::pcr::{PCR_COUNT, Pcrs, has_own_authorization, selections_to_wire};

/// TPM2_PCR_Allocate.
pub fn allocate(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let selections = call.params.read_with(params::pcr_selections)?;
    call.params.finish()?;
    let allocation = tpm.state.pcr.allocate(&selections).map_err(|_| Rc::PCR)?;
    call.out.put_int(u8::from(allocation.success));
    call.out.put_int(allocation.max_pcr);
    call.out.put_int(allocation.needed);
    call.out.put_int(allocation.available);
    Ok(())
}

/// TPM2_PCR_SetAuthPolicy.
pub fn set_auth_policy(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let policy: Tpm2bDigest = call.params.read()?;
    let hash: Option<HashAlg> = call.params.read()?;
    let pcr = call.params.read_with(|buf| match u32::read(buf)? {
        pcr if pcr < PCR_COUNT => Ok(pcr),
        _ => Err(Rc::VALUE),
    })?;
    call.params.finish()?;
    if policy.len() != hash.map_or(0, HashAlg::size) {
        return Err(Rc::SIZE.param(1));
    }
    if !has_own_authorization(pcr) {
        return Err(Rc::VALUE.param(3));
    }
    tpm.state.pcr.set_policy(hash.map(|hash| (hash, policy.to_vec())));
    Ok(())
}

/// TPM2_PCR_SetAuthValue.
pub fn set_auth_value(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let auth: Tpm2bAuth = call.params.read()?;
    call.params.finish()?;
    if !has_own_authorization(call.handles[0]) {
        return Err(Rc::VALUE);
    }
    tpm.state.pcr.set_auth(trim_auth(&auth));
    Ok(())
}

/// Whether the command's locality may extend the register; TPM_RH_NULL stands for none and always may.
pub(crate) fn check_extend(tpm: &Tpm, pcr: u32) -> Result<(), Rc> {
    if pcr == RH_NULL || Pcrs::may_extend(pcr, tpm.state.locality) { Ok(()) } else { Err(Rc::LOCALITY) }
}

/// What Shutdown(STATE) has put aside is no longer what the register holds, if it is one that is put aside.
pub(crate) fn note_change(tpm: &mut Tpm, pcr: u32) {
    if Pcrs::is_saved(pcr) {
        tpm.state.shutdown = Shutdown::None;
    }
}

/// TPM2_PCR_Extend.
pub fn extend(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let digests: Vec<TpmtHa> = call.params.read_with(|buf| params::list(buf, HashAlg::ALL.len()))?;
    call.params.finish()?;
    let pcr = call.handles[0];
    check_extend(tpm, pcr)?;
    if pcr != RH_NULL {
        note_change(tpm, pcr);
        for digest in &digests {
            if let (Some(hash), TpmuHa::Digest(value)) = (HashAlg::from_alg(digest.hash_alg), &digest.digest)
            {
                tpm.state.pcr.extend(hash, pcr, value);
            }
        }
    }
    Ok(())
}

/// TPM2_PCR_Event.
pub fn event(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let data: Tpm2bEvent = call.params.read()?;
    call.params.finish()?;
    let pcr = call.handles[0];
    check_extend(tpm, pcr)?;
    let digests = HashAlg::ALL.map(|hash| (hash, hash.digest(&[&data])));
    event_digests(tpm, call, pcr, &digests);
    Ok(())
}

/// Answers with digests of an event (TPML_DIGEST_VALUES), and extends the register with them unless it is TPM_RH_NULL.
/// The caller has checked the locality.
pub(crate) fn event_digests(tpm: &mut Tpm, call: &mut Call, pcr: u32, digests: &[(HashAlg, Vec<u8>)]) {
    if pcr != RH_NULL {
        note_change(tpm, pcr);
    }
    call.out.put_int(u32::try_from(digests.len()).expect("one digest for each hash"));
    for (hash, digest) in digests {
        if pcr != RH_NULL {
            tpm.state.pcr.extend(*hash, pcr, digest);
        }
        call.out.put_int(hash.alg() as u16);
        call.out.bytes.extend_from_slice(digest);
    }
}

/// TPM2_PCR_Reset.
pub fn reset(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let pcr = call.handles[0];
    if !Pcrs::may_reset(pcr, tpm.state.locality) {
        return Err(Rc::LOCALITY);
    }
    note_change(tpm, pcr);
    tpm.state.pcr.reset(pcr);
    Ok(())
}

/// TPM2_PCR_Read.
pub fn read(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let selections = call.params.read_with(params::pcr_selections)?;
    call.params.finish()?;
    let (read, values) = tpm.state.pcr.read(&selections);
    call.out.put_int(tpm.state.pcr.update_counter());
    call.out.bytes.extend(selections_to_wire(&read));
    call.out.put_int(u32::try_from(values.len()).expect("eight values at most"));
    for value in &values {
        call.out.put_2b(value);
    }
    Ok(())
}

impl Tpm {
    /// `_TPM_Hash_Start` (part 3, 22.9): hardware begins to measure a launch. Before TPM2_Startup that is the static root
    /// of trust, after it the dynamic one.
    pub fn hash_start(&mut self) {
        if self.state.powered {
            self.state.shutdown = if self.state.started { Shutdown::None } else { self.state.shutdown };
            self.state.pcr.launch_start();
        }
    }

    /// `_TPM_Hash_Data` (part 3, 22.10); ignored without [`Tpm::hash_start`].
    pub fn hash_data(&mut self, data: &[u8]) {
        self.state.pcr.launch_data(data);
    }

    /// `_TPM_Hash_End` (part 3, 22.11): resets the registers of the launch and extends the first of them.
    pub fn hash_end(&mut self) {
        self.state.pcr.launch_end(self.state.started);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manufacture::event_log::{Event, EventLog, EventType, LoggedDigest};

    fn started() -> Tpm {
        let mut tpm = Tpm::new(b"seed", &[HashAlg::Sha1, HashAlg::Sha256]);
        tpm.power_on();
        start(&mut tpm, 0);
        tpm
    }

    fn start(tpm: &mut Tpm, kind: u8) {
        assert_eq!(code(&tpm.execute(&[0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, kind])), 0);
    }

    fn code(response: &[u8]) -> u32 {
        u32::from_be_bytes(response[6..10].try_into().unwrap())
    }

    fn extend(tpm: &mut Tpm, pcr: u32, byte: u8) -> u32 {
        let digests = [HashAlg::Sha1, HashAlg::Sha256]
            .map(|hash| LoggedDigest { alg: hash.alg() as u16, value: vec![byte; hash.size()] });
        let event = Event { pcr, kind: EventType::POST_CODE, digests: digests.to_vec(), data: Vec::new() };
        let log = EventLog { header: None, events: vec![event] };
        log.extend_commands().map(|command| code(&tpm.execute(&command))).last().unwrap()
    }

    fn value(tpm: &Tpm, pcr: u32) -> Vec<u8> {
        tpm.state.pcr.value(HashAlg::Sha256, pcr).unwrap().to_vec()
    }

    #[test]
    fn extending_counts_and_depends_on_locality() {
        let mut tpm = started();
        assert_eq!(extend(&mut tpm, 5, 1), 0);
        assert_eq!(value(&tpm, 5), HashAlg::Sha256.digest(&[&[0; 32], &[1; 32]]));
        assert_eq!(tpm.state.pcr.update_counter(), 2, "once for each bank");
        assert_eq!(extend(&mut tpm, 16, 1), 0);
        assert_eq!(tpm.state.pcr.update_counter(), 2, "the debug register does not count");
        assert_eq!(extend(&mut tpm, 17, 1), Rc::LOCALITY.raw());
        tpm.set_locality(3);
        assert_eq!(extend(&mut tpm, 17, 1), 0);
        assert_eq!(value(&tpm, 17), HashAlg::Sha256.digest(&[&[0xff; 32], &[1; 32]]));
    }

    #[test]
    fn sleep_keeps_what_hibernation_forgets() {
        let mut tpm = started();
        extend(&mut tpm, 5, 1);
        extend(&mut tpm, 16, 1);
        let before = value(&tpm, 5);
        let shutdown_state = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x45, 0, 1];
        assert_eq!(code(&tpm.execute(&shutdown_state)), 0);
        tpm.power_on();
        start(&mut tpm, 1);
        assert_eq!(value(&tpm, 5), before);
        assert_eq!(value(&tpm, 16), [0; 32]);
        assert_eq!(tpm.state.pcr.update_counter(), 2);
        assert_eq!(code(&tpm.execute(&shutdown_state)), 0);
        tpm.power_on();
        start(&mut tpm, 0);
        assert_eq!(value(&tpm, 5), [0; 32]);
        assert_eq!(tpm.state.pcr.update_counter(), 0);
    }

    #[test]
    fn launches_measure_into_their_registers() {
        let mut tpm = Tpm::new(b"seed", &[HashAlg::Sha256]);
        tpm.power_on();
        tpm.hash_start();
        tpm.hash_data(b"static ");
        tpm.hash_data(b"root");
        tpm.hash_end();
        start(&mut tpm, 0);
        let mut four = [0; 32];
        four[31] = 4;
        let root = HashAlg::Sha256.digest(&[b"static root"]);
        assert_eq!(value(&tpm, 0), HashAlg::Sha256.digest(&[&four, &root]));
        tpm.hash_start();
        tpm.hash_data(b"dynamic");
        tpm.hash_end();
        let dynamic = HashAlg::Sha256.digest(&[b"dynamic"]);
        assert_eq!(value(&tpm, 17), HashAlg::Sha256.digest(&[&[0; 32], &dynamic]));
        assert_eq!(value(&tpm, 18), [0; 32]);
        tpm.power_on();
        tpm.set_locality(3);
        start(&mut tpm, 0);
        assert_eq!(value(&tpm, 0)[31], 3, "the locality of Startup");
        assert_eq!(value(&tpm, 18), [0xff; 32]);
    }

    #[test]
    fn a_measured_boot_replays_to_the_registers() {
        use crate::manufacture::measured_boot::{BootDescription, measure};
        let mut tpm = started();
        let log = measure(&BootDescription::default(), &[HashAlg::Sha1, HashAlg::Sha256]);
        for command in log.extend_commands() {
            assert_eq!(code(&tpm.execute(&command)), 0);
        }
        for hash in [HashAlg::Sha1, HashAlg::Sha256] {
            for (pcr, expected) in (0..).zip(log.replay(hash)) {
                assert_eq!(tpm.state.pcr.value(hash, pcr).unwrap(), expected, "{hash:?} {pcr}");
            }
        }
    }
}
