//! The endorsement key: the library's own template, its certificate in NV memory, and the one thing it does.

use oobe_agent::keys::KeyName;
use oobe_agent::tpm::{Blob, TpmError, TpmReply};
use oobe_wire::crypto::KeyKind;
use oobe_wire::secret::Secret;
use tss_esapi::abstraction::{AsymmetricAlgorithmSelection, ek};
use tss_esapi::attributes::SessionAttributesBuilder;
use tss_esapi::constants::SessionType;
use tss_esapi::handles::{AuthHandle, KeyHandle};
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::interface_types::key_bits::RsaKeyBits;
use tss_esapi::interface_types::resource_handles::Hierarchy;
use tss_esapi::interface_types::session_handles::{AuthSession, PolicySession};
use tss_esapi::structures::{Digest, EncryptedSecret, IdObject, Nonce, Public, SymmetricDefinition};

use crate::EsapiTpm;
use crate::convert::{fitting, inside, public_area};

const fn selection(kind: KeyKind) -> AsymmetricAlgorithmSelection {
    match kind {
        KeyKind::Rsa2048 => AsymmetricAlgorithmSelection::Rsa(RsaKeyBits::Rsa2048),
        KeyKind::P256 => AsymmetricAlgorithmSelection::Ecc(EccCurve::NistP256),
    }
}

impl EsapiTpm {
    pub(crate) fn ek_certificate(&mut self, kind: KeyKind) -> Result<TpmReply, TpmError> {
        let certificate =
            match self.call("TPM2_NV_Read", |context| ek::retrieve_ek_pubcert(context, selection(kind))) {
                Ok(certificate) => Some(Blob(certificate)),
                Err(TpmError::Code(_)) => None,
                Err(other) => return Err(other),
            };
        let (_, public) = self.endorsement_key(kind)?;
        let (key, public_area) = public_area(&public)?;
        Ok(TpmReply::EkCertificate { certificate, chain: Vec::new(), key, public_area })
    }

    fn endorsement_key(&mut self, kind: KeyKind) -> Result<(KeyHandle, Public), TpmError> {
        let template = ek::create_ek_public_from_default_template_2(selection(kind), None)
            .map_err(|_| TpmError::Transport)?;
        let made = self.call_with_password("TPM2_CreatePrimary", |context| {
            context.create_primary(Hierarchy::Endorsement, template, None, None, None, None)
        })?;
        self.loaded.push(made.key_handle.into());
        Ok((made.key_handle, made.out_public))
    }

    pub(crate) fn activate(
        &mut self,
        aik: &KeyName,
        kind: KeyKind,
        credential_blob: &[u8],
        encrypted_secret: &[u8],
    ) -> Result<TpmReply, TpmError> {
        let blob: IdObject = fitting(inside(credential_blob)?)?;
        let secret: EncryptedSecret = fitting(inside(encrypted_secret)?)?;
        let aik = self.load(aik)?;
        let (ek, _) = self.endorsement_key(kind)?;
        let session = self.endorsement_policy()?;
        let both = (Some(AuthSession::Password), Some(session));
        let opened = self.call_with("TPM2_ActivateCredential", both, |context| {
            context.activate_credential(aik.handle, ek, blob, secret)
        });
        if opened.is_err() {
            // A session goes with the command that it authorised, but not with one that failed.
            self.loaded.push(tss_esapi::handles::SessionHandle::from(session).into());
        }
        Ok(TpmReply::Activated { secret: Secret::new(opened?.value().to_vec()) })
    }

    /// PolicySecret(TPM_RH_ENDORSEMENT).
    fn endorsement_policy(&mut self) -> Result<AuthSession, TpmError> {
        let session = self
            .call("TPM2_StartAuthSession", |context| {
                let null = SymmetricDefinition::AES_128_CFB;
                context.start_auth_session(
                    None,
                    None,
                    None,
                    SessionType::Policy,
                    null,
                    HashingAlgorithm::Sha256,
                )
            })?
            .ok_or(TpmError::Transport)?;
        let (attributes, mask) = SessionAttributesBuilder::new().with_continue_session(false).build();
        let policy = PolicySession::try_from(session).map_err(|_| TpmError::Transport)?;
        self.call_with_password("TPM2_PolicySecret", |context| {
            context.policy_secret(
                policy,
                AuthHandle::Endorsement,
                Nonce::default(),
                Digest::default(),
                Nonce::default(),
                None,
            )
        })?;
        self.context.tr_sess_set_attributes(session, attributes, mask).map_err(|_| TpmError::Transport)?;
        Ok(session)
    }
}
