//! The table of all commands (part 3): handles and their roles, flags, handlers.

use crate::Tpm;
use crate::commands as c;
use crate::params::{Out, Params};
use crate::rc::Rc;

/// A handler: reads its parameters from the call, answers into it.
pub type Handler = fn(&mut Tpm, &mut Call) -> Result<(), Rc>;

/// A command in flight. Its handles are there (checked for kind and presence), its sessions have authorised it, its first
/// parameter is decrypted.
#[derive(Debug)]
pub struct Call {
    /// The command's entry.
    pub command: &'static Command,
    /// Its handles.
    pub handles: Vec<u32>,
    /// Its parameters.
    pub params: Params,
    /// The response.
    pub out: Out,
    /// cpHash of the command in the hash of the first session, and what else the authorisation leaves for the handler.
    pub auth: crate::auth::CallAuth,
}

/// What kind of handle a command takes (the interface types of part 2, chapter 9): anything else is TPM_RC_VALUE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleKind {
    /// TPMI_DH_OBJECT: transient or persistent.
    Object,
    /// TPMI_DH_OBJECT+: or TPM_RH_NULL.
    ObjectOrNull,
    /// TPMI_DH_PARENT+: an object, or a hierarchy, the null hierarchy included.
    Parent,
    /// TPMI_DH_ENTITY: hierarchy but null, lockout, object, NV index, PCR.
    Entity,
    /// TPMI_DH_ENTITY+: or TPM_RH_NULL.
    EntityOrNull,
    /// TPMI_DH_PCR.
    Pcr,
    /// TPMI_DH_PCR+: or TPM_RH_NULL.
    PcrOrNull,
    /// TPMI_DH_CONTEXT: session or transient object.
    Context,
    /// TPMI_SH_HMAC.
    HmacSession,
    /// TPMI_SH_POLICY.
    PolicySession,
    /// TPMI_RH_HIERARCHY+: owner, endorsement, platform, null.
    HierarchyOrNull,
    /// TPMI_RH_HIERARCHY: owner, endorsement, platform.
    Hierarchy,
    /// TPMI_RH_HIERARCHY_AUTH and TPMI_RH_HIERARCHY_POLICY: owner, endorsement, platform, lockout.
    HierarchyAuth,
    /// TPMI_RH_PLATFORM.
    Platform,
    /// TPMI_RH_ENDORSEMENT: the endorsement hierarchy.
    Endorsement,
    /// TPMI_RH_PROVISION: owner or platform.
    Provision,
    /// TPMI_RH_CLEAR: lockout or platform.
    Clear,
    /// TPMI_RH_LOCKOUT.
    Lockout,
    /// TPMI_RH_NV_AUTH: platform, owner or an NV index.
    NvAuth,
    /// TPMI_RH_NV_INDEX.
    NvIndex,
}

/// The authorisation that a handle needs (part 1, "Authorization roles").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// None.
    None,
    /// USER.
    User,
    /// ADMIN.
    Admin,
    /// DUP.
    Dup,
}

/// A command's entry.
#[derive(Debug)]
pub struct Command {
    /// TPM_CC.
    pub code: u32,
    /// Handles of the handle area, those that need authorisation first.
    pub handles: &'static [(HandleKind, Role)],
    /// Bits of [`flag`].
    pub flags: u16,
    /// The handler.
    pub handler: Handler,
}

/// Flags of [`Command`].
pub mod flag {
    /// The first parameter is a TPM2B that a session may decrypt.
    pub const DECRYPT: u16 = 1;
    /// The first parameter of the response is a TPM2B that a session may encrypt.
    pub const ENCRYPT: u16 = 2;
    /// The response has a handle.
    pub const RETURNS_HANDLE: u16 = 4;
    /// The command may write NV (TPMA_CC.nv).
    pub const NV: u16 = 8;
    /// The command may take no sessions.
    pub const NO_SESSIONS: u16 = 0x10;
    /// The command may flush many objects (TPMA_CC.extensive).
    pub const EXTENSIVE: u16 = 0x20;
    /// A transient handle of the command is flushed (TPMA_CC.flushed).
    pub const FLUSHED: u16 = 0x40;
    /// TPM2_PP_Commands may make it need physical presence.
    pub const PP: u16 = 0x80;
}

impl Command {
    /// Whether a flag is set.
    pub fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// Number of handles that need authorisation; they come first.
    pub fn auth_handles(&self) -> usize {
        self.handles.iter().filter(|(_, role)| *role != Role::None).count()
    }

    /// TPMA_CC (part 2, section 8.9).
    pub fn attributes(&self) -> u32 {
        let handles = u32::try_from(self.handles.len()).expect("no command has more than three handles");
        let bit = |flag, bit: u32| if self.has(flag) { 1 << bit } else { 0 };
        self.code & 0xffff
            | bit(flag::NV, 22)
            | bit(flag::EXTENSIVE, 23)
            | bit(flag::FLUSHED, 24)
            | handles << 25
            | bit(flag::RETURNS_HANDLE, 28)
            | (self.code >> 29 & 1) << 29
    }
}

/// The entry of a command code.
pub fn find(code: u32) -> Option<&'static Command> {
    COMMANDS.binary_search_by_key(&code, |command| command.code).ok().map(|index| &COMMANDS[index])
}

const D: u16 = flag::DECRYPT;
const E: u16 = flag::ENCRYPT;
const DE: u16 = D | E;
const R: u16 = flag::RETURNS_HANDLE;
const NV: u16 = flag::NV;
const NO: u16 = flag::NO_SESSIONS;
const X: u16 = flag::EXTENSIVE;
const F: u16 = flag::FLUSHED;
const PP: u16 = flag::PP;

use HandleKind::{
    Clear, Context, Endorsement, Entity, EntityOrNull, Hierarchy, HierarchyAuth, HierarchyOrNull,
    HmacSession, Lockout, NvAuth, NvIndex, Object, ObjectOrNull, Parent, Pcr, PcrOrNull, Platform,
    PolicySession, Provision,
};
use Role::{Admin, Dup, User};
const NONE: Role = Role::None;

const fn entry(code: u32, handles: &'static [(HandleKind, Role)], flags: u16, run: Handler) -> Command {
    Command { code, handles, flags, handler: run }
}

/// All commands, in the order of their codes.
#[rustfmt::skip]
pub static COMMANDS: &[Command] = &[
    entry(0x11f, &[(NvIndex, Admin), (Platform, User)], NV | PP, c::nv::undefine_space_special),
    entry(0x120, &[(Provision, User), (Object, NONE)], NV | PP, c::context::evict_control),
    entry(0x121, &[(Hierarchy, User)], NV | X | PP, c::hierarchy::hierarchy_control),
    entry(0x122, &[(Provision, User), (NvIndex, NONE)], NV | PP, c::nv::undefine_space),
    entry(0x124, &[(Platform, User)], NV | X | PP, c::hierarchy::change_eps),
    entry(0x125, &[(Platform, User)], NV | X | PP, c::hierarchy::change_pps),
    entry(0x126, &[(Clear, User)], NV | X | PP, c::hierarchy::clear),
    entry(0x127, &[(Clear, User)], NV | PP, c::hierarchy::clear_control),
    entry(0x128, &[(Provision, User)], NV | PP, c::clock::clock_set),
    entry(0x129, &[(HierarchyAuth, User)], NV | PP | D, c::hierarchy::hierarchy_change_auth),
    entry(0x12a, &[(Provision, User)], NV | PP | D, c::nv::define_space),
    entry(0x12b, &[(Platform, User)], NV | PP, c::pcr::allocate),
    entry(0x12c, &[(Platform, User)], NV | PP | D, c::pcr::set_auth_policy),
    entry(0x12d, &[(Platform, User)], NV | PP, c::hierarchy::pp_commands),
    entry(0x12e, &[(HierarchyAuth, User)], NV | PP | D, c::hierarchy::set_primary_policy),
    entry(0x130, &[(Provision, User)], PP, c::clock::clock_rate_adjust),
    entry(0x131, &[(HierarchyOrNull, User)], R | PP | DE, c::hierarchy::create_primary),
    entry(0x132, &[(Provision, User)], NV | PP, c::nv::global_write_lock),
    entry(0x133, &[(Endorsement, User), (ObjectOrNull, User)], NV | DE, c::attestation::get_command_audit_digest),
    entry(0x134, &[(NvAuth, User), (NvIndex, NONE)], NV, c::nv::increment),
    entry(0x135, &[(NvAuth, User), (NvIndex, NONE)], NV, c::nv::set_bits),
    entry(0x136, &[(NvAuth, User), (NvIndex, NONE)], NV | D, c::nv::extend),
    entry(0x137, &[(NvAuth, User), (NvIndex, NONE)], NV | D, c::nv::write),
    entry(0x138, &[(NvAuth, User), (NvIndex, NONE)], NV, c::nv::write_lock),
    entry(0x139, &[(Lockout, User)], NV, c::dictionary_attack::lock_reset),
    entry(0x13a, &[(Lockout, User)], NV, c::dictionary_attack::parameters),
    entry(0x13b, &[(NvIndex, Admin)], NV | D, c::nv::change_auth),
    entry(0x13c, &[(PcrOrNull, User)], NV | D, c::pcr::event),
    entry(0x13d, &[(Pcr, User)], NV, c::pcr::reset),
    entry(0x13e, &[(Object, User)], F | DE, c::sequence::sequence_complete),
    entry(0x13f, &[(Platform, User)], NV | PP, c::hierarchy::set_algorithm_set),
    entry(0x140, &[(Provision, User)], NV | PP, c::audit::set_command_code_audit_status),
    entry(0x142, &[], NV, c::testing::incremental_self_test),
    entry(0x143, &[], NV, c::testing::self_test),
    entry(0x144, &[], NV | NO, c::startup::startup),
    entry(0x145, &[], NV, c::startup::shutdown),
    entry(0x146, &[], NV | D, c::random::stir_random),
    entry(0x147, &[(Object, Admin), (Object, User)], DE, c::credential::activate_credential),
    entry(0x148, &[(Object, Admin), (ObjectOrNull, User)], DE, c::attestation::certify),
    entry(0x149, &[(NvAuth, User), (NvIndex, NONE), (PolicySession, NONE)], D, c::policy::policy_nv),
    entry(0x14a, &[(ObjectOrNull, User), (Object, NONE)], DE, c::attestation::certify_creation),
    entry(0x14b, &[(Object, Dup), (ObjectOrNull, NONE)], DE, c::duplication::duplicate),
    entry(0x14c, &[(Endorsement, User), (ObjectOrNull, User)], DE, c::attestation::get_time),
    entry(0x14d, &[(Endorsement, User), (ObjectOrNull, User), (HmacSession, NONE)], DE, c::attestation::get_session_audit_digest),
    entry(0x14e, &[(NvAuth, User), (NvIndex, NONE)], E, c::nv::read),
    entry(0x14f, &[(NvAuth, User), (NvIndex, NONE)], NV, c::nv::read_lock),
    entry(0x150, &[(Object, Admin), (Object, NONE)], DE, c::object::object_change_auth),
    entry(0x151, &[(Entity, User), (PolicySession, NONE)], DE, c::policy::policy_secret),
    entry(0x152, &[(ObjectOrNull, User), (ObjectOrNull, NONE)], DE, c::duplication::rewrap),
    entry(0x153, &[(Object, User)], DE, c::object::create),
    entry(0x154, &[(Object, User)], DE, c::asymmetric::ecdh_zgen),
    entry(0x155, &[(Object, User)], DE, c::symmetric::hmac),
    entry(0x156, &[(Object, User)], DE, c::duplication::import),
    entry(0x157, &[(Object, User)], R | DE, c::object::load),
    entry(0x158, &[(ObjectOrNull, User)], DE, c::attestation::quote),
    entry(0x159, &[(Object, User)], DE, c::asymmetric::rsa_decrypt),
    entry(0x15b, &[(Object, User)], R | D, c::sequence::hmac_start),
    entry(0x15c, &[(Object, User)], D, c::sequence::sequence_update),
    entry(0x15d, &[(Object, User)], D, c::signing::sign),
    entry(0x15e, &[(Object, User)], E, c::object::unseal),
    entry(0x160, &[(Object, NONE), (PolicySession, NONE)], DE, c::policy::policy_signed),
    entry(0x161, &[], R | NO, c::context::context_load),
    entry(0x162, &[(Context, NONE)], NO, c::context::context_save),
    entry(0x163, &[(Object, NONE)], E, c::asymmetric::ecdh_key_gen),
    entry(0x164, &[(Object, User)], E, c::symmetric::encrypt_decrypt),
    entry(0x165, &[], NO, c::context::flush_context),
    entry(0x167, &[], R | DE, c::object::load_external),
    entry(0x168, &[(Object, NONE)], DE, c::credential::make_credential),
    entry(0x169, &[(NvIndex, NONE)], E, c::nv::read_public),
    entry(0x16a, &[(PolicySession, NONE)], D, c::policy::policy_authorize),
    entry(0x16b, &[(PolicySession, NONE)], 0, c::policy::policy_auth_value),
    entry(0x16c, &[(PolicySession, NONE)], 0, c::policy::policy_command_code),
    entry(0x16d, &[(PolicySession, NONE)], D, c::policy::policy_counter_timer),
    entry(0x16e, &[(PolicySession, NONE)], D, c::policy::policy_cp_hash),
    entry(0x16f, &[(PolicySession, NONE)], 0, c::policy::policy_locality),
    entry(0x170, &[(PolicySession, NONE)], D, c::policy::policy_name_hash),
    entry(0x171, &[(PolicySession, NONE)], 0, c::policy::policy_or),
    entry(0x172, &[(PolicySession, NONE)], D, c::policy::policy_ticket),
    entry(0x173, &[(Object, NONE)], E, c::object::read_public),
    entry(0x174, &[(Object, NONE)], DE, c::asymmetric::rsa_encrypt),
    entry(0x176, &[(ObjectOrNull, NONE), (EntityOrNull, NONE)], R | DE, c::session::start_auth_session),
    entry(0x177, &[(Object, NONE)], D, c::signing::verify_signature),
    entry(0x178, &[], 0, c::asymmetric::ecc_parameters),
    entry(0x17a, &[], 0, c::capability::get_capability),
    entry(0x17b, &[], E, c::random::get_random),
    entry(0x17c, &[], E, c::testing::get_test_result),
    entry(0x17d, &[], DE, c::symmetric::hash),
    entry(0x17e, &[], 0, c::pcr::read),
    entry(0x17f, &[(PolicySession, NONE)], D, c::policy::policy_pcr),
    entry(0x180, &[(PolicySession, NONE)], 0, c::session::policy_restart),
    entry(0x181, &[], 0, c::clock::read_clock),
    entry(0x182, &[(PcrOrNull, User)], NV, c::pcr::extend),
    entry(0x183, &[(Pcr, User)], D, c::pcr::set_auth_value),
    entry(0x184, &[(ObjectOrNull, User), (NvAuth, User), (NvIndex, NONE)], DE, c::nv::certify),
    entry(0x185, &[(PcrOrNull, User), (Object, User)], NV | F | D, c::sequence::event_sequence_complete),
    entry(0x186, &[], R | D, c::sequence::hash_sequence_start),
    entry(0x187, &[(PolicySession, NONE)], 0, c::policy::policy_physical_presence),
    entry(0x188, &[(PolicySession, NONE)], D, c::policy::policy_duplication_select),
    entry(0x189, &[(PolicySession, NONE)], E, c::policy::policy_get_digest),
    entry(0x18a, &[], 0, c::capability::test_parms),
    entry(0x18b, &[(Object, User)], DE, c::ephemeral_ec::commit),
    entry(0x18c, &[(PolicySession, NONE)], 0, c::policy::policy_password),
    entry(0x18d, &[(Object, User)], DE, c::asymmetric::zgen_2phase),
    entry(0x18e, &[], E, c::ephemeral_ec::ec_ephemeral),
    entry(0x18f, &[(PolicySession, NONE)], 0, c::policy::policy_nv_written),
    entry(0x190, &[(PolicySession, NONE)], D, c::policy::policy_template),
    entry(0x191, &[(Parent, User)], R | PP | DE, c::object::create_loaded),
    entry(0x192, &[(NvAuth, User), (NvIndex, NONE), (PolicySession, NONE)], 0, c::policy::policy_authorize_nv),
    entry(0x193, &[(Object, User)], DE, c::symmetric::encrypt_decrypt2),
    entry(0x197, &[(Object, Admin), (ObjectOrNull, User)], DE, c::certify_x509::certify_x509),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_roles_come_first() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.code < b.code));
        for command in COMMANDS {
            let roles: Vec<bool> = command.handles.iter().map(|(_, role)| *role == Role::None).collect();
            assert!(roles.is_sorted(), "{:#x}: handles with authorisation come first", command.code);
            assert_eq!(find(command.code).map(|found| found.code), Some(command.code));
        }
        assert!(find(0x123).is_none());
    }
}
