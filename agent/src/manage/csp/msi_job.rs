//! The job that a server hands to `DownloadInstall` (reference: protocols, D.4).

use oobe_wire::xml::{self, Element};
use serde::{Deserialize, Serialize};

/// `MsiInstallJob`, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobXml {
    /// Attribute `id`: the product code with braces.
    pub id: String,
    /// `Product Version`.
    pub version: String,
    /// `ContentURL`s, tried in order.
    pub urls: Vec<String>,
    /// `FileHash`: SHA-256 in hex, where the server gives one.
    pub sha256: Option<String>,
    /// `CommandLine`.
    pub command_line: String,
    /// `TimeOut`: minutes; 0 is no limit.
    pub timeout_minutes: u64,
    /// `RetryCount`: tries after the first.
    pub retry_count: u32,
    /// `RetryInterval`: minutes.
    pub retry_interval_minutes: u64,
}

/// Why the data of the Exec is no job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Not XML.
    #[error("not XML: {0}")]
    Xml(String),
    /// Another root element.
    #[error("not an MsiInstallJob")]
    Root,
    /// Nothing to download.
    #[error("no ContentURL")]
    NoUrl,
    /// A hash that is not 64 hex digits.
    #[error("FileHash is no SHA-256")]
    BadHash,
}

/// Reads the job.
pub fn parse(data: &str) -> Result<JobXml, JobError> {
    let root = xml::parse(data.as_bytes()).map_err(|e| JobError::Xml(e.to_string()))?;
    if root.name != "MsiInstallJob" {
        return Err(JobError::Root);
    }
    let product = root.child("Product");
    let at = |path: &[&str]| product.and_then(|p| p.text_at(path));
    let number =
        |name: &str| at(&["Enforcement", name]).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let list = product.and_then(|p| p.path(&["Download", "ContentURLList"]));
    let urls: Vec<String> = list
        .map(|list| list.children_named("ContentURL").map(Element::trimmed_text).collect())
        .unwrap_or_default();
    if urls.iter().all(String::is_empty) {
        return Err(JobError::NoUrl);
    }
    let sha256 = at(&["Validation", "FileHash"]).filter(|hash| !hash.is_empty());
    if sha256.as_ref().is_some_and(|h| h.len() != 64 || !h.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(JobError::BadHash);
    }
    Ok(JobXml {
        id: root.attr("id").unwrap_or_default().to_owned(),
        version: product.and_then(|p| p.attr("Version")).unwrap_or_default().to_owned(),
        urls: urls.into_iter().filter(|url| !url.is_empty()).collect(),
        sha256,
        command_line: at(&["Enforcement", "CommandLine"]).unwrap_or_default(),
        timeout_minutes: number("TimeOut"),
        retry_count: u32::try_from(number("RetryCount")).unwrap_or(u32::MAX),
        retry_interval_minutes: number("RetryInterval"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = r#"<MsiInstallJob id="{1A}"><Product Version="1.2.3"><Download><ContentURLList>
        <ContentURL>https://a.test/x.msi</ContentURL><ContentURL>https://b.test/x.msi</ContentURL></ContentURLList></Download>
        <Validation><FileHash>AB</FileHash></Validation><Enforcement><CommandLine>/quiet</CommandLine><TimeOut>5</TimeOut>
        <RetryCount>3</RetryCount><RetryInterval>2</RetryInterval></Enforcement></Product></MsiInstallJob>"#;

    #[test]
    fn a_job_is_read() {
        let job = parse(&JOB.replace("AB", &"AB".repeat(32))).unwrap();
        assert_eq!(job.id, "{1A}");
        assert_eq!(job.urls.len(), 2);
        assert_eq!((job.timeout_minutes, job.retry_count, job.retry_interval_minutes), (5, 3, 2));
    }

    #[test]
    fn what_is_no_job_is_told_apart() {
        assert_eq!(parse(JOB), Err(JobError::BadHash));
        assert_eq!(parse("<MsiInstallJob/>"), Err(JobError::NoUrl));
        assert_eq!(parse("<Other/>"), Err(JobError::Root));
        assert!(matches!(parse("{"), Err(JobError::Xml(_))));
    }
}
