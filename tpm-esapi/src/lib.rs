//! The device's typed TPM commands ([`TpmCommand`]), executed by the TCG's Enhanced System API: tss-esapi over the
//! distribution's libtss2. What `oobe` does with bytes of its own making, this does with the library that everybody else
//! uses, so that each can be held against the other; and it reaches every TPM that a TCTI string names (`device:`,
//! `mssim:`, `swtpm:`, `tabrmd:`).
//!
//! The TPM belongs to somebody else: nothing lasting is written to it. Keys are wrapped blobs in this process.

mod attestation;
mod convert;
mod endorsement;
mod keys;
mod properties;
mod template;

use std::collections::BTreeMap;
use std::str::FromStr;

use oobe_agent::keys::KeyName;
use oobe_agent::time::Span;
use oobe_agent::tpm::{Blob, TpmCommand, TpmError, TpmExchange, TpmExecuted, TpmReply};
use tss_esapi::handles::ObjectHandle;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::{Context, TctiNameConf};

use crate::convert::response_code;
use crate::keys::Container;

/// Why there is no TPM to talk to.
#[derive(Debug)]
pub struct OpenError(tss_esapi::Error);

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no TPM there: {}", self.0)
    }
}

impl std::error::Error for OpenError {}

/// A TPM behind a TCTI.
pub struct EsapiTpm {
    context: Context,
    containers: BTreeMap<KeyName, Container>,
    ran: Vec<TpmExchange>,
    loaded: Vec<ObjectHandle>,
    log: Vec<u8>,
}

impl EsapiTpm {
    /// Opens the TPM that a TCTI string names, for example `mssim:host=localhost,port=2321`. It must have been started.
    pub fn open(tcti: &str) -> Result<Self, OpenError> {
        let name = TctiNameConf::from_str(tcti).map_err(OpenError)?;
        let context = Context::new(name).map_err(OpenError)?;
        Ok(Self {
            context,
            containers: BTreeMap::new(),
            ran: Vec::new(),
            loaded: Vec::new(),
            log: Vec::new(),
        })
    }

    /// Starts the TPM (TPM2_Startup), where no firmware has done it.
    pub fn start(&mut self) -> Result<(), TpmError> {
        let clear = tss_esapi::constants::StartupType::Clear;
        self.call("TPM2_Startup", |context| context.startup(clear))
    }

    /// The measured-boot log that [`TpmCommand::ReadEventLog`] gives: it is the platform's to know, not the TPM's.
    pub fn set_log(&mut self, log: Vec<u8>) {
        self.log = log;
    }

    /// Carries out a typed command. It takes no virtual time: the TPM is a real one, or somebody's simulator.
    pub fn execute(&mut self, command: &TpmCommand) -> TpmExecuted {
        self.ran.clear();
        let result = self.carry_out(command);
        while let Some(handle) = self.loaded.pop() {
            // What can't be flushed is not there.
            let _ = self.call("TPM2_FlushContext", |context| context.flush_context(handle));
        }
        TpmExecuted { result, ran: std::mem::take(&mut self.ran), took: Span::ZERO }
    }

    fn carry_out(&mut self, command: &TpmCommand) -> Result<TpmReply, TpmError> {
        match command {
            TpmCommand::GetProperties => self.properties(),
            TpmCommand::ReadEkCertificate { endorsement } => self.ek_certificate(*endorsement),
            TpmCommand::CreateAik { aik, kind } => self.create_aik(aik, *kind),
            TpmCommand::ActivateCredential { aik, endorsement, credential_blob, encrypted_secret } => {
                self.activate(aik, *endorsement, credential_blob, encrypted_secret)
            }
            TpmCommand::Quote { aik, nonce, bank, pcrs } => self.quote(aik, nonce, *bank, pcrs),
            TpmCommand::ReadEventLog => Ok(TpmReply::EventLog { log: Blob(self.log.clone()) }),
            TpmCommand::CreateKey { key, kind, purpose } => self.create_key(key, *kind, *purpose),
            TpmCommand::Certify { key, aik, nonce } => self.certify(key, aik, nonce),
            TpmCommand::Public { key } => self.public(key),
            TpmCommand::Sign { key, message, form } => self.sign(key, message, *form),
            TpmCommand::Decrypt { key, ciphertext } => self.decrypt(key, ciphertext),
            TpmCommand::Ecdh { key, ephemeral } => self.ecdh(key, ephemeral),
            TpmCommand::Delete { key } => self.delete(key),
        }
    }

    /// One call of the library, with no session.
    fn call<T>(
        &mut self,
        name: &str,
        call: impl FnOnce(&mut Context) -> tss_esapi::Result<T>,
    ) -> Result<T, TpmError> {
        self.call_with(name, (None, None), call)
    }

    /// One call of the library, with the empty password for one handle.
    fn call_with_password<T>(
        &mut self,
        name: &str,
        call: impl FnOnce(&mut Context) -> tss_esapi::Result<T>,
    ) -> Result<T, TpmError> {
        self.call_with(name, (Some(AuthSession::Password), None), call)
    }

    fn call_with<T>(
        &mut self,
        name: &str,
        (first, second): (Option<AuthSession>, Option<AuthSession>),
        call: impl FnOnce(&mut Context) -> tss_esapi::Result<T>,
    ) -> Result<T, TpmError> {
        let result = self.context.execute_with_sessions((first, second, None), call);
        let code = result.as_ref().err().map_or(Ok(0), |error| response_code(*error));
        if let Ok(code) = code {
            self.ran.push(TpmExchange { command: name.to_owned(), code });
        }
        result.map_err(|error| match response_code(error) {
            Ok(code) => TpmError::Code(code),
            Err(error) => error,
        })
    }
}
