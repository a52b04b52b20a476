//! What a token is for (reference: protocols, section 0 and A.1).

use serde::{Deserialize, Serialize};

/// The audiences that this cloud knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Audience {
    /// Device Registration Service.
    DeviceRegistration,
    /// Intune enrolment, and management sessions.
    Enrolment,
    /// Graph.
    Graph,
    /// Azure AD Graph.
    AadGraph,
    /// Intune's own service.
    Intune,
}

impl Audience {
    /// All of them.
    const ALL: [Self; 5] =
        [Self::DeviceRegistration, Self::Enrolment, Self::Graph, Self::AadGraph, Self::Intune];

    /// The `aud` of tokens.
    pub(crate) const fn claim(self) -> &'static str {
        match self {
            Self::DeviceRegistration => "urn:ms-drs:enterpriseregistration.windows.net",
            Self::Enrolment => "https://enrollment.manage.microsoft.com/",
            Self::Graph => "https://graph.microsoft.com",
            Self::AadGraph => "https://graph.windows.net/",
            Self::Intune => "https://manage.microsoft.com/",
        }
    }

    /// The application id.
    const fn app(self) -> &'static str {
        match self {
            Self::DeviceRegistration => "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9",
            Self::Enrolment => "d4ebce55-015a-49b5-a083-c84d1797ae8c",
            Self::Graph => "00000003-0000-0000-c000-000000000000",
            Self::AadGraph => "00000002-0000-0000-c000-000000000000",
            Self::Intune => super::INTUNE_APP,
        }
    }

    /// The audience that a resource names: by its identifier or its application id.
    pub(crate) fn of_resource(resource: &str) -> Option<Self> {
        let wanted = resource.trim().trim_end_matches('/').to_lowercase();
        Self::ALL.into_iter().find(|a| a.claim().trim_end_matches('/') == wanted || a.app() == wanted)
    }

    /// The audience that a scope names: `{resource}/.default`, or `{resource}/{permission}`. `Ok(None)` when the scope
    /// has only the words of OpenID Connect.
    pub(crate) fn of_scope(scope: &str) -> Result<Option<Self>, String> {
        const WORDS: [&str; 7] = ["openid", "profile", "email", "offline_access", "aza", "ugs", "sid"];
        let mut audience = None;
        for word in scope.split_whitespace().filter(|w| !WORDS.contains(w)) {
            let resource = word.rsplit_once('/').map_or(word, |(resource, _)| resource);
            let found = Self::of_resource(resource)
                .or_else(|| Self::of_resource(word))
                .ok_or_else(|| format!("there is no resource {word:?}"))?;
            audience = audience.or(Some(found));
        }
        Ok(audience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_known_by_every_name_that_clients_use() {
        for name in [
            "https://enrollment.manage.microsoft.com/",
            "https://enrollment.manage.microsoft.com",
            "d4ebce55-015a-49b5-a083-c84d1797ae8c",
        ] {
            assert_eq!(Audience::of_resource(name), Some(Audience::Enrolment));
        }
        assert_eq!(
            Audience::of_scope("openid profile 01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9/.default"),
            Ok(Some(Audience::DeviceRegistration))
        );
        assert_eq!(
            Audience::of_scope("openid https://enrollment.manage.microsoft.com/.default"),
            Ok(Some(Audience::Enrolment))
        );
        assert_eq!(Audience::of_scope("openid aza ugs"), Ok(None));
        assert!(Audience::of_scope("https://nowhere.test/.default").is_err());
    }
}
