//! Certificates that a server installs: roots at once, PFX files with their keys through the key store (reference:
//! protocols, D.5).

use oobe_catalog::codes;
use oobe_wire::encoding::base64_decode;
use oobe_wire::pfx;
use oobe_wire::x509::parse_certificate;
use serde::{Deserialize, Serialize};

use super::csp::{Format, LocUri};
use super::{Activity, Management};
use crate::cx::{Answer, Ask, Cx};
use crate::io::{Note, NoteFault, Slot};
use crate::keys::{KeyCommand, KeyName};

/// A PFX on its way into its store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CertificateJob {
    /// Number: names the slot.
    pub(super) number: u16,
    /// `PFXCertInstall/<id>`.
    pub(super) node: LocUri,
    /// Where it stands.
    pub(super) state: CertificateState,
    /// Thumbprint, once the file was opened.
    pub(super) thumbprint: String,
}

/// Where a PFX stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CertificateState {
    /// The key is on its way into the key store.
    Importing,
    /// The key is in; the rest is being done.
    Installing,
    /// In its store.
    Installed,
    /// Not usable.
    Failed,
}

const DOING: &str = "installing a certificate";

impl Management {
    /// A root certificate was written. Its name has to be its thumbprint.
    pub(super) fn root_written(&mut self, cx: &mut Cx<'_>, uri: &LocUri, data: &str) {
        let parsed = base64_decode(data).ok().and_then(|der| parse_certificate(&der).ok());
        let thumbprint = uri.parent().last().to_owned();
        let failed = match &parsed {
            None => Some("it can't be read".to_owned()),
            Some(c) if !c.sha1_thumbprint_hex_upper().eq_ignore_ascii_case(&thumbprint) => {
                Some(format!("it is named {thumbprint}, its thumbprint is {}", c.sha1_thumbprint_hex_upper()))
            }
            Some(_) => None,
        };
        cx.checked("root-certificate", failed.clone());
        let node = uri.parent();
        if let Some(why) = failed {
            self.tree.remove(&node);
            let code = codes::E_INVALIDARG.code.to_string();
            cx.failed(DOING, NoteFault::PeerBrokeProtocol, Some(code), why);
            return;
        }
        let Some(certificate) = parsed else { return };
        self.tree.set(&node.child("IssuedTo"), Format::Chr, certificate.subject.to_string());
        self.tree.set(&node.child("IssuedBy"), Format::Chr, certificate.issuer.to_string());
        self.tree.set(&node.child("ValidFrom"), Format::Chr, certificate.not_before.to_rfc3339());
        self.tree.set(&node.child("ValidTo"), Format::Chr, certificate.not_after.to_rfc3339());
        cx.note(Note::Progress {
            item: certificate.subject.to_string(),
            state: "root certificate installed".into(),
        });
    }

    /// Blob or password below `PFXCertInstall/<id>` was written: with both there, the file is opened and its key
    /// handed to the key store. Both stay on disk until the key is in, so that a power cut loses nothing.
    pub(super) fn pfx_written(&mut self, a: &mut Activity, cx: &mut Cx<'_>, node: &LocUri) {
        let read = |name: &str| self.tree.read(&node.child(name)).map(str::to_owned);
        let (Some(blob), Some(password)) = (read("PFXCertBlob"), read("PFXCertPassword")) else { return };
        let number = self.certificate_job(node);
        if blob.is_empty() || a.importing.contains(&number) {
            return;
        }
        let opened = base64_decode(&blob).map_err(|e| e.to_string());
        let opened = opened.and_then(|file| pfx::open(&file, &password).map_err(|e| e.to_string()));
        let checked = opened.and_then(|opened| {
            let parsed = parse_certificate(&opened.certificate).map_err(|e| e.to_string())?;
            if parsed.public_key == *opened.key.public() {
                Ok((opened, parsed))
            } else {
                Err("certificate and key in the file don't belong together".to_owned())
            }
        });
        match checked {
            Ok((opened, parsed)) => {
                cx.checked("pfx", None);
                let key = KeyName::new(format!("pfx-{}-{}", node.last(), parsed.sha1_thumbprint_hex_upper()));
                let store = LocUri::at(node.scope, "Vendor/MSFT/CertificateStore/My/System")
                    .child(&parsed.sha1_thumbprint_hex_upper());
                let encoded = oobe_wire::encoding::base64_encode(&opened.certificate);
                self.tree.set(&store.child("EncodedCertificate"), Format::B64, encoded);
                self.job_mut(number, |job| job.thumbprint = parsed.sha1_thumbprint_hex_upper());
                let pkcs8 = opened.key.to_pkcs8_der();
                cx.ask(Slot::Certificate(number), Ask::Keys(KeyCommand::Import { key, pkcs8 }));
                a.importing.insert(number);
                cx.note(Note::Progress { item: node.to_string(), state: "key being imported".into() });
            }
            Err(why) => {
                cx.checked("pfx", Some(why.clone()));
                self.certificate_failed(cx, number, NoteFault::PeerBrokeProtocol, &why);
            }
        }
    }

    fn certificate_job(&mut self, node: &LocUri) -> u16 {
        if let Some(job) = self.certificates.iter_mut().find(|job| job.node == *node) {
            job.state = CertificateState::Importing;
            return job.number;
        }
        let number = u16::try_from(self.certificates.len()).unwrap_or(u16::MAX);
        self.certificates.push(CertificateJob {
            number,
            node: node.clone(),
            state: CertificateState::Importing,
            thumbprint: String::new(),
        });
        number
    }

    fn job_mut(&mut self, number: u16, change: impl FnOnce(&mut CertificateJob)) {
        if let Some(job) = self.certificates.iter_mut().find(|job| job.number == number) {
            change(job);
        }
    }

    /// The key store answered.
    pub(super) fn certificate_answer(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        number: u16,
        answer: &Answer,
    ) {
        a.importing.remove(&number);
        match answer {
            Answer::Keys(Ok(_)) => {
                self.forget_pfx(number);
                self.job_mut(number, |job| job.state = CertificateState::Installing);
                self.work.certificates.push_back(number);
                self.work(a, cx);
            }
            Answer::Keys(Err(error)) => {
                self.certificate_failed(cx, number, NoteFault::Device, &error.to_string());
                self.look_soon(a, cx);
            }
            Answer::Http(_) | Answer::Tpm(_) => {}
        }
    }

    /// The certificate is in its store: `Status` 0 (reference: protocols, D.5).
    pub(super) fn certificate_done(&mut self, cx: &mut Cx<'_>, number: u16) {
        let Some(job) = self.certificates.iter_mut().find(|job| job.number == number) else { return };
        job.state = CertificateState::Installed;
        let (node, thumbprint) = (job.node.clone(), job.thumbprint.clone());
        self.tree.set(&node.child("Thumbprint"), Format::Chr, thumbprint);
        self.tree.set(&node.child("Status"), Format::Int, "0");
        cx.note(Note::Progress { item: node.to_string(), state: "certificate installed".into() });
    }

    fn certificate_failed(&mut self, cx: &mut Cx<'_>, number: u16, fault: NoteFault, why: &str) {
        let Some(job) = self.certificates.iter_mut().find(|job| job.number == number) else { return };
        job.state = CertificateState::Failed;
        let node = job.node.clone();
        self.forget_pfx(number);
        // Any number but 0 is a failure; the documentation names no others.
        self.tree.set(
            &node.child("Status"),
            Format::Int,
            i64::from(codes::E_INVALIDARG.code.signed()).to_string(),
        );
        cx.failed(DOING, fault, Some(codes::E_INVALIDARG.code.to_string()), why);
    }

    /// The file and its password have done their service.
    fn forget_pfx(&mut self, number: u16) {
        let Some(job) = self.certificates.iter().find(|job| job.number == number) else { return };
        let node = job.node.clone();
        self.tree.remove(&node.child("PFXCertBlob"));
        self.tree.remove(&node.child("PFXCertPassword"));
    }

    /// Try again: what could not be installed is open until the server sends it again.
    pub(super) fn retry_certificates(&mut self) {
        let failed = self.certificates.iter().filter(|job| job.state == CertificateState::Failed);
        let nodes: Vec<LocUri> = failed.map(|job| job.node.clone()).collect();
        for node in nodes {
            self.tree.remove(&node.child("Status"));
        }
    }

    /// Keys that were on their way when memory was lost are imported again. Those of a user wait for the context.
    pub(super) fn resume_certificates(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        let importing = self.certificates.iter().filter(|job| job.state == CertificateState::Importing);
        let nodes: Vec<LocUri> = importing.map(|job| job.node.clone()).collect();
        for node in nodes {
            self.pfx_written(a, cx, &node);
        }
    }
}
