//! Which nodes there can be, and what may be done to each: data, one table for every CSP (reference: protocols, D).
//! A path has `*` where a server chooses the name; `**` stands for anything below, for CSPs whose inside plays no part
//! in provisioning and which are kept as plain nodes (reference: protocols, D.7; MOD-012).

mod apps;
mod certificates;
mod device;
mod dmclient;
mod plain;

use std::sync::LazyLock;

use super::node::Format;
use super::uri::Scope;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Has nodes below.
    Interior,
    /// Holds a value.
    Leaf(Format),
}

/// What may be done to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct May(u8);

impl May {
    /// Get.
    pub(crate) const GET: Self = Self(1);
    /// Add.
    pub(crate) const ADD: Self = Self(2);
    /// Replace.
    pub(crate) const REPLACE: Self = Self(4);
    /// Delete.
    pub(crate) const DELETE: Self = Self(8);
    /// Exec.
    pub(crate) const EXEC: Self = Self(16);
    /// Replace adds the node when it is not there ("many CSPs implicitly add").
    pub(crate) const IMPLICIT: Self = Self(32);
    /// What stands in it is secret: masked in the trace, never answered to a Get.
    pub(crate) const SECRET: Self = Self(64);

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is allowed.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Get only.
const G: May = May::GET;
/// Get and Replace; Replace adds.
const GR: May = G.and(May::REPLACE).and(May::IMPLICIT).and(May::ADD);
/// Get, Add, Replace, Delete.
const GARD: May = GR.and(May::DELETE);
/// A node whose name the server chooses.
const GAD: May = G.and(May::ADD).and(May::DELETE);
/// Something to Exec.
const X: May = May::EXEC;

/// In which half a node can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halves {
    /// `./Device` only.
    Device,
    /// Both.
    Both,
}

impl Halves {
    const fn has(self, scope: Scope) -> bool {
        matches!((self, scope), (Self::Both, _) | (Self::Device, Scope::Device))
    }
}

/// One kind of node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Def {
    /// Path below the CSP's root; empty for the root itself.
    pub path: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What may be done.
    pub may: May,
    /// Where it can be.
    pub halves: Halves,
    /// What a permanent leaf holds before anyone writes it; `None` for a leaf that is absent until then.
    pub initial: Option<&'static str>,
}

impl Def {
    const fn node(path: &'static str, may: May) -> Self {
        Self { path, kind: Kind::Interior, may, halves: Halves::Both, initial: None }
    }

    const fn leaf(path: &'static str, format: Format, may: May) -> Self {
        Self { path, kind: Kind::Leaf(format), may, halves: Halves::Both, initial: None }
    }

    const fn device(mut self) -> Self {
        self.halves = Halves::Device;
        self
    }

    const fn holds(mut self, initial: &'static str) -> Self {
        self.initial = Some(initial);
        self
    }
}

/// One configuration service provider.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Csp {
    /// Where it is rooted.
    pub root: &'static str,
    /// In which half.
    pub halves: Halves,
    /// Its nodes.
    pub nodes: &'static [Def],
}

/// The interior nodes above all CSPs: `.`, `Vendor`, `Vendor/MSFT`.
const ABOVE: Def = Def::node("", G);

/// Every CSP there is.
pub(crate) fn csps() -> impl Iterator<Item = &'static Csp> {
    device::CSPS.iter().chain(dmclient::CSPS).chain(apps::CSPS).chain(certificates::CSPS).chain(plain::CSPS)
}

/// A CSP whose paths are taken apart: every command and every new node looks through all of them.
struct Apart {
    root: Vec<&'static str>,
    halves: Halves,
    nodes: Vec<(Vec<&'static str>, &'static Def)>,
}

static APART: LazyLock<Vec<Apart>> = LazyLock::new(|| {
    let nodes = |csp: &'static Csp| csp.nodes.iter().map(|def| (names(def.path), def)).collect();
    csps().map(|csp| Apart { root: names(csp.root), halves: csp.halves, nodes: nodes(csp) }).collect()
});

/// The names of a path; none of an empty one.
fn names(path: &'static str) -> Vec<&'static str> {
    path.split('/').filter(|name| !name.is_empty()).collect()
}

/// The CSPs that `path` may be in, with what is below their roots.
fn around<'p>(scope: Scope, path: &'p [&'p str]) -> impl Iterator<Item = (&'static Apart, &'p [&'p str])> {
    let csps = APART.iter().filter(move |csp| csp.halves.has(scope));
    csps.filter_map(|csp| Some((csp, path.strip_prefix(csp.root.as_slice())?)))
}

/// What the node at `path` would be; `None` when no CSP knows such a node.
pub(crate) fn find(scope: Scope, path: &[&str]) -> Option<Def> {
    if matches!(path, [] | ["Vendor"] | ["Vendor", "MSFT"]) {
        return Some(ABOVE);
    }
    around(scope, path).find_map(|(csp, below)| {
        let mut nodes = csp.nodes.iter().filter(|(_, def)| def.halves.has(scope));
        nodes.find(|(pattern, _)| matches(pattern, below)).map(|(_, def)| **def)
    })
}

/// The leaves that are there from the start below the interior node at `path`, with what they hold.
pub(crate) fn initial_leaves(scope: Scope, path: &[&str]) -> Vec<(&'static str, Format, &'static str)> {
    let mut leaves = Vec::new();
    for (csp, below) in around(scope, path) {
        for (pattern, def) in csp.nodes.iter().filter(|(_, def)| def.halves.has(scope)) {
            if let (Kind::Leaf(format), Some(initial)) = (def.kind, def.initial)
                && let Some((name, above)) = pattern.split_last()
                && matches(above, below)
            {
                leaves.push((*name, format, initial));
            }
        }
    }
    leaves
}

/// The interior nodes that are there from the start, whole paths.
pub(crate) fn permanent(scope: Scope) -> Vec<Vec<&'static str>> {
    let mut paths = vec![vec!["Vendor", "MSFT"]];
    for csp in csps().filter(|csp| csp.halves.has(scope)) {
        for def in csp.nodes.iter().filter(|def| def.halves.has(scope)) {
            if def.kind == Kind::Interior && !def.path.contains('*') {
                paths.push([names(csp.root), names(def.path)].concat());
            }
        }
    }
    paths
}

fn matches(pattern: &[&str], path: &[&str]) -> bool {
    let mut path = path.iter();
    for name in pattern {
        match (*name, path.next()) {
            ("**", Some(_)) => return true,
            ("*", Some(_)) => {}
            (name, Some(found)) if name == *found => {}
            _ => return false,
        }
    }
    path.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(scope: Scope, path: &str) -> Option<Def> {
        find(scope, &path.split('/').collect::<Vec<_>>())
    }

    #[test]
    fn every_initial_value_fits_its_format() {
        for def in csps().flat_map(|csp| csp.nodes) {
            let (Some(initial), Kind::Leaf(format)) = (def.initial, def.kind) else { continue };
            assert_eq!(format.normalise(initial).as_deref(), Some(initial), "{}", def.path);
        }
    }

    #[test]
    fn every_leaf_has_an_interior_above_it() {
        for csp in csps() {
            for def in csp.nodes.iter().filter(|d| !d.path.is_empty()) {
                let path = names(def.path);
                let above = &path[..path.len() - 1];
                let interior = csp.nodes.iter().find(|d| matches(&names(d.path), above));
                assert_eq!(interior.map(|d| d.kind), Some(Kind::Interior), "{} {}", csp.root, def.path);
            }
        }
    }

    #[test]
    fn halves_and_patterns() {
        let first_sync = "Vendor/MSFT/DMClient/Provider/MS DM Server/FirstSyncStatus";
        assert!(at(Scope::Device, &format!("{first_sync}/SkipUserStatusPage")).is_some());
        assert!(at(Scope::User, &format!("{first_sync}/SkipUserStatusPage")).is_none());
        assert!(at(Scope::User, &format!("{first_sync}/ServerHasFinishedProvisioning")).is_some());
        assert!(at(Scope::User, "DevInfo/Man").is_none());
        assert!(at(Scope::Device, "Vendor/MSFT/WiFi/Profile/Corp/WlanXml").is_some());
        assert!(at(Scope::Device, "Vendor/MSFT/NoSuchThing").is_none());
        assert!(at(Scope::Device, "Vendor/MSFT").is_some());
        assert!(at(Scope::Device, "").is_none());
    }
}
