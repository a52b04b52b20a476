//! Which TPM a run uses: the software TPM in this process, or one outside.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::backend::{Backend, BackendError, Chip, Mssim, Swtpm};

/// Where the device's TPM is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TpmBackend {
    /// A software TPM in this process, of the scenario's kind.
    #[default]
    InProcess,
    /// A simulator that speaks the protocol of the reference simulator: command port, and platform port above it.
    Mssim {
        /// Host.
        host: String,
        /// Command port.
        port: u16,
    },
    /// swtpm's sockets.
    Swtpm {
        /// Host.
        host: String,
        /// Data port.
        port: u16,
        /// Port of the control channel.
        control: u16,
    },
    /// A TPM of this machine: Linux' resource manager, for example `/dev/tpmrm0`.
    Device(PathBuf),
}

/// Why a text names no TPM.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no TPM: write `in-process`, `mssim:HOST:PORT`, `swtpm:HOST:PORT[,CONTROLPORT]` or `device:PATH`"
)]
pub struct TpmBackendError(pub String);

impl FromStr for TpmBackend {
    type Err = TpmBackendError;

    fn from_str(text: &str) -> Result<Self, TpmBackendError> {
        parse(text).ok_or_else(|| TpmBackendError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<TpmBackend> {
    if text == "in-process" {
        return Some(TpmBackend::InProcess);
    }
    let (kind, rest) = text.split_once(':')?;
    match kind {
        "mssim" => {
            let (host, port) = address(rest)?;
            Some(TpmBackend::Mssim { host, port })
        }
        "swtpm" => {
            let (data, control) =
                rest.split_once(',').map_or((rest, None), |(data, control)| (data, Some(control)));
            let (host, port) = address(data)?;
            let control = control.map_or_else(|| port.checked_add(1), |text| text.parse().ok())?;
            Some(TpmBackend::Swtpm { host, port, control })
        }
        "device" if !rest.is_empty() => Some(TpmBackend::Device(PathBuf::from(rest))),
        _ => None,
    }
}

/// `host:port`; an IPv6 address stands in brackets.
fn address(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    (!host.is_empty()).then_some(())?;
    Some((host.to_owned(), port.parse().ok()?))
}

impl fmt::Display for TpmBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bracketed = |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        match self {
            Self::InProcess => f.write_str("in-process"),
            Self::Mssim { host, port } => write!(f, "mssim:{}:{port}", bracketed(host)),
            Self::Swtpm { host, port, control } => write!(f, "swtpm:{}:{port},{control}", bracketed(host)),
            Self::Device(path) => write!(f, "device:{}", path.display()),
        }
    }
}

impl TpmBackend {
    /// The host that it is on, when that is neither this machine nor one that was allowed: the protocols of simulators
    /// know no authentication, and what is sent to them is not encrypted.
    pub fn remote_host(&self, allowed: &[String]) -> Option<&str> {
        let (Self::Mssim { host, .. } | Self::Swtpm { host, .. }) = self else { return None };
        let loopback =
            host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let permitted = loopback || allowed.iter().any(|name| name.eq_ignore_ascii_case(host));
        (!permitted).then_some(host.as_str())
    }

    /// Opens it; `None` for the one in process.
    pub(super) fn open(&self) -> Result<Option<Box<dyn Backend>>, BackendError> {
        Ok(match self {
            Self::InProcess => None,
            Self::Mssim { host, port } => Some(Box::new(Mssim::connect(host, *port)?)),
            Self::Swtpm { host, port, control } => Some(Box::new(Swtpm::connect(host, *port, *control)?)),
            Self::Device(path) => Some(Box::new(Chip::open(path)?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for text in [
            "in-process",
            "mssim:localhost:2321",
            "mssim:[::1]:2321",
            "swtpm:127.0.0.1:2321,2400",
            "device:/dev/tpmrm0",
        ] {
            assert_eq!(text.parse::<TpmBackend>().unwrap().to_string(), text);
        }
        let above: TpmBackend = "swtpm:localhost:2321".parse().unwrap();
        assert_eq!(above.to_string(), "swtpm:localhost:2321,2322");
    }

    #[test]
    fn what_names_no_tpm_is_refused() {
        for text in [
            "",
            "mssim",
            "mssim:",
            "mssim:host",
            "mssim::1",
            "mssim:h:70000",
            "swtpm:h:65535",
            "device:",
            "tcp:h:1",
        ] {
            assert!(text.parse::<TpmBackend>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_this_machine_unless_allowed() {
        let remote: TpmBackend = "mssim:tpm.example.test:2321".parse().unwrap();
        assert_eq!(remote.remote_host(&[]), Some("tpm.example.test"));
        assert_eq!(remote.remote_host(&["tpm.example.test".to_owned()]), None);
        for text in
            ["mssim:127.0.0.1:1", "swtpm:[::1]:1,2", "mssim:localhost:1", "device:/dev/x", "in-process"]
        {
            assert_eq!(text.parse::<TpmBackend>().unwrap().remote_host(&[]), None, "{text}");
        }
    }
}
