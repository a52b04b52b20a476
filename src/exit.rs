//! Exit codes: a public contract (docs/exit-codes.md). A number never changes its meaning.

use std::process::ExitCode;

/// What the program tells its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// Everything that was asked for was done, and every expectation held.
    Success,
    /// An expectation did not hold, or the two traces differ.
    ExpectationFailed,
    /// The command line can't be understood, or asks for something that is not there.
    Usage,
    /// A scenario or a trace can't be used: it can't be read, or what it says is wrong.
    Invalid,
    /// A run did not finish: the time limit came first, or everybody waited for somebody.
    Unfinished,
    /// A server that is not ours refused, broke the protocol, or could not be reached.
    Peer,
    /// A fault of this program.
    Internal,
    /// A file, the terminal or a socket of this machine could not be used.
    Io,
    /// A signal ended the terminal, or the terminal went away.
    Interrupted,
}

impl Exit {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Success,
        Self::ExpectationFailed,
        Self::Usage,
        Self::Invalid,
        Self::Unfinished,
        Self::Peer,
        Self::Internal,
        Self::Io,
        Self::Interrupted,
    ];

    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::ExpectationFailed => 1,
            Self::Usage => 2,
            Self::Invalid => 3,
            Self::Unfinished => 4,
            Self::Peer => 5,
            Self::Internal => 70,
            Self::Io => 74,
            Self::Interrupted => 130,
        }
    }

    /// What it means, in a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "Everything that was asked for was done, and every expectation held.",
            Self::ExpectationFailed => "An expectation did not hold, or the two traces differ.",
            Self::Usage => "The command line can't be understood, or asks for something that is not there.",
            Self::Invalid => {
                "A scenario or a trace can't be used: it can't be read, or what it says is wrong."
            }
            Self::Unfinished => {
                "A run did not finish: the time limit came first, or everybody waited for somebody."
            }
            Self::Peer => "A server that is not ours refused, broke the protocol, or could not be reached.",
            Self::Internal => "A fault of this program.",
            Self::Io => "A file, the terminal or a socket of this machine could not be used.",
            Self::Interrupted => "A signal ended `oobe tui`, or its terminal went away.",
        }
    }

    /// The one that weighs more, when several things happened.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        let weight = |exit: Self| match exit {
            Self::Success => 0,
            Self::Unfinished => 1,
            Self::ExpectationFailed => 2,
            Self::Peer => 3,
            Self::Invalid => 4,
            Self::Usage => 5,
            Self::Io => 6,
            Self::Internal => 7,
            Self::Interrupted => 8,
        };
        if weight(other) > weight(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn numbers_are_unique_and_success_is_the_lightest() {
        let mut codes = Exit::ALL.map(Exit::code);
        codes.sort_unstable();
        assert!(codes.windows(2).all(|w| w[0] < w[1]));
        for exit in Exit::ALL {
            assert_eq!(Exit::Success.or_worse(exit), exit);
            assert_eq!(exit.or_worse(Exit::Success), exit);
        }
    }
}
