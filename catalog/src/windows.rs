//! Builds of Windows.

use std::fmt;
use std::str::FromStr;

/// A build of Windows: branch and revision, `26100.4061`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowsBuild {
    /// The feature version, such as 26100.
    pub branch: u32,
    /// The update level within it.
    pub revision: u32,
}

impl WindowsBuild {
    /// A build from its two numbers.
    pub const fn new(branch: u32, revision: u32) -> Self {
        Self { branch, revision }
    }

    /// The marketing version, such as `24H2`; of a branch between two known ones, that of the lower one.
    pub const fn name(self) -> &'static str {
        match self.branch {
            28_000.. => "26H1",
            26_200.. => "25H2",
            26_100.. => "24H2",
            22_631.. => "23H2",
            // 22H2 of Windows 11, and of Windows 10
            22_621.. | 19_045..22_000 => "22H2",
            // 21H2 of Windows 11, and of Windows 10
            22_000.. | 19_044..19_045 => "21H2",
            19_043.. => "21H1",
            19_042.. => "20H2",
            19_041.. => "2004",
            18_363.. => "1909",
            18_362.. => "1903",
            17_763.. => "1809",
            17_134.. => "1803",
            16_299.. => "1709",
            15_063.. => "1703",
            14_393.. => "1607",
            10_586.. => "1511",
            _ => "1507",
        }
    }

    /// Windows 11 begins at 22000.
    pub const fn is_windows_11(self) -> bool {
        self.branch >= 22_000
    }

    /// `Windows 11 24H2`.
    pub fn product(self) -> String {
        format!("Windows {} {}", if self.is_windows_11() { 11 } else { 10 }, self.name())
    }

    /// The four-part form that protocols carry: `10.0.26100.4061`.
    pub fn dotted(self) -> String {
        format!("10.0.{}.{}", self.branch, self.revision)
    }

    /// The branch that this one shares its updates with: 19041 to 19045, 22621 and 22631, 26100 and 26200.
    pub(crate) const fn family(self) -> u32 {
        match self.branch {
            19_041..=19_045 => 19_041,
            22_621 | 22_631 => 22_621,
            26_100 | 26_200 => 26_100,
            other => other,
        }
    }
}

impl fmt::Display for WindowsBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.branch, self.revision)
    }
}

/// Not a build such as `26100.4061` or `10.0.26100.4061`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseBuildError(String);

impl fmt::Display for ParseBuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a Windows build such as 26100.4061 or 10.0.26100.4061", self.0)
    }
}

impl std::error::Error for ParseBuildError {}

impl FromStr for WindowsBuild {
    type Err = ParseBuildError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseBuildError(text.into());
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse::<u32>().ok()).flatten().ok_or_else(error)
        };
        let parts: Vec<&str> = text.trim().split('.').collect();
        match parts.as_slice() {
            [branch, revision] | ["10", "0", branch, revision] => {
                Ok(Self::new(number(branch)?, number(revision)?))
            }
            _ => Err(error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_parse() {
        let build = WindowsBuild::new(26_100, 4061);
        assert_eq!("26100.4061".parse(), Ok(build));
        assert_eq!("10.0.26100.4061".parse(), Ok(build));
        assert_eq!(build.dotted(), "10.0.26100.4061");
        assert_eq!(build.to_string(), "26100.4061");
        for wrong in ["", "26100", "10.0.26100", "26100.", "a.b", "11.0.26100.1", "+1.+2"] {
            assert!(wrong.parse::<WindowsBuild>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names() {
        let name = |branch| WindowsBuild::new(branch, 1).product();
        assert_eq!(name(26_100), "Windows 11 24H2");
        assert_eq!(name(26_200), "Windows 11 25H2");
        assert_eq!(name(22_631), "Windows 11 23H2");
        assert_eq!(name(22_621), "Windows 11 22H2");
        assert_eq!(name(22_000), "Windows 11 21H2");
        assert_eq!(name(19_045), "Windows 10 22H2");
        assert_eq!(name(19_044), "Windows 10 21H2");
        assert_eq!(name(17_763), "Windows 10 1809");
    }

    #[test]
    fn ordered_by_branch_then_revision() {
        assert!(WindowsBuild::new(26_100, 7462) > WindowsBuild::new(26_100, 4061));
        assert!(WindowsBuild::new(26_200, 1) > WindowsBuild::new(26_100, 7462));
    }
}
