//! The tree itself: two halves, the user's one for each user who ever had a management context here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::node::{Format, Node, Value};
use super::schema;
use super::uri::{LocUri, Scope, UriText};

/// The CSP tree of a device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tree {
    device: Node,
    users: BTreeMap<String, Node>,
    /// Whose context is up: lost with every restart, so never on disk.
    #[serde(skip)]
    current: Option<String>,
    /// Rises with whatever may have changed it.
    #[serde(skip)]
    changes: u64,
}

impl Default for Tree {
    fn default() -> Self {
        Self { device: DEVICE.clone(), users: BTreeMap::new(), current: None, changes: 0 }
    }
}

/// What is on disk counts; whose context is up, and how it came to be so, does not.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.device == other.device && self.users == other.users
    }
}

/// Both halves as they are before anyone writes to them: the same for every device, so made once.
static DEVICE: LazyLock<Node> = LazyLock::new(|| planted(Scope::Device));
static USER: LazyLock<Node> = LazyLock::new(|| planted(Scope::User));

fn planted(scope: Scope) -> Node {
    let mut root = Node::default();
    for path in schema::permanent(scope) {
        root.put(&path, Node::default());
    }
    for path in schema::permanent(scope) {
        plant_leaves(&mut root, scope, &path);
    }
    root
}

fn plant_leaves(root: &mut Node, scope: Scope, path: &[&str]) {
    for (name, format, initial) in schema::initial_leaves(scope, path) {
        let leaf: Vec<&str> = path.iter().copied().chain([name]).collect();
        root.put(&leaf, Node::Leaf(Value::new(format, initial)));
    }
}

impl Tree {
    /// The user's context is up (`Some`), or gone.
    pub fn switch_user(&mut self, user: Option<&str>) {
        self.changes += 1;
        self.current = user.map(str::to_owned);
        if let Some(user) = user {
            self.users.entry(user.to_owned()).or_insert_with(|| USER.clone());
        }
    }

    /// Whose context is up.
    pub fn user(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// The root of that half; none for the user's while no context is up.
    pub fn root(&self, scope: Scope) -> Option<&Node> {
        match scope {
            Scope::Device => Some(&self.device),
            Scope::User => self.users.get(self.current.as_ref()?),
        }
    }

    fn root_mut(&mut self, scope: Scope) -> Option<&mut Node> {
        self.changes += 1;
        match scope {
            Scope::Device => Some(&mut self.device),
            Scope::User => self.users.get_mut(self.current.as_ref()?),
        }
    }

    /// Goes back to an earlier state, which is a change like any other.
    pub(in crate::manage) fn go_back(&mut self, before: Self) {
        *self = Self { changes: self.changes + 1, ..before };
    }

    /// A number that is another one after every change since this value came to be: whoever saw it need not look again.
    pub(in crate::manage) const fn changes(&self) -> u64 {
        self.changes
    }

    /// The node at `uri`.
    pub fn find(&self, uri: &LocUri) -> Option<&Node> {
        self.root(uri.scope)?.descend(uri.names.iter().map(String::as_str))
    }

    /// The node that a text names.
    pub(in crate::manage) fn look(&self, uri: &UriText<'_>) -> Option<&Node> {
        self.root(uri.scope())?.descend(uri.names())
    }

    /// The node at the end of `path`, in that half. For what is looked at after every step: no LocURI is made.
    pub fn at(&self, scope: Scope, path: &[&str]) -> Option<&Node> {
        self.root(scope)?.find(path)
    }

    /// What stands in the leaf at `uri`.
    pub fn read(&self, uri: &LocUri) -> Option<&str> {
        self.find(uri)?.data()
    }

    /// Whether the leaf at `uri` holds `true`.
    pub fn is_true(&self, uri: &LocUri) -> bool {
        self.read(uri) == Some("true")
    }

    /// The number in the leaf at `uri`.
    pub fn number(&self, uri: &LocUri) -> Option<i64> {
        self.read(uri)?.parse().ok()
    }

    /// The names below `uri`, ordered.
    pub fn names(&self, uri: &LocUri) -> Vec<String> {
        self.find(uri).map(|node| node.names().map(str::to_owned).collect()).unwrap_or_default()
    }

    /// The device's own write: no rule stands in its way. Nothing happens while the half is not there.
    pub fn set(&mut self, uri: &LocUri, format: Format, data: impl Into<String>) {
        let path = uri.path();
        self.add_path(uri.scope, &path[..path.len().saturating_sub(1)]);
        if let Some(root) = self.root_mut(uri.scope) {
            root.put(&path, Node::Leaf(Value::new(format, data)));
        }
    }

    /// Makes sure that the interior node at `uri` is there, with those above it, and with the leaves that each of
    /// them has from the start.
    pub fn add_interior(&mut self, uri: &LocUri) {
        self.add_path(uri.scope, &uri.path());
    }

    /// The same, by the names of the path.
    fn add_path(&mut self, scope: Scope, path: &[&str]) {
        let Some(root) = self.root_mut(scope) else { return };
        if root.find(path).is_some() {
            return;
        }
        for depth in 1..=path.len() {
            let above = &path[..depth];
            if root.find(above).is_none() && root.put(above, Node::default()) {
                plant_leaves(root, scope, above);
            }
        }
    }

    /// Takes the node at `uri` away.
    pub fn remove(&mut self, uri: &LocUri) -> bool {
        let path = uri.path();
        self.root_mut(uri.scope).and_then(|root| root.remove(&path)).is_some()
    }

    /// How many leaves both halves have, over all users.
    pub fn leaves(&self) -> usize {
        self.device.leaves() + self.users.values().map(Node::leaves).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permanent_nodes_are_there_and_dynamic_ones_bring_their_leaves() {
        let mut tree = Tree::default();
        let done = LocUri::device("Vendor/MSFT/EnrollmentStatusTracking/Setup/HasProvisioningCompleted");
        assert!(tree.is_true(&done));
        let first_sync = LocUri::device("Vendor/MSFT/DMClient/Provider/X/FirstSyncStatus");
        assert_eq!(tree.find(&first_sync), None);
        tree.add_interior(&first_sync);
        assert_eq!(tree.read(&first_sync.child("TimeOutUntilSyncFailure")), Some("60"));
        assert!(tree.is_true(&first_sync.child("SkipUserStatusPage")));
    }

    #[test]
    fn every_change_can_be_seen_without_looking() {
        let mut tree = Tree::default();
        let leaf = LocUri::device("Vendor/MSFT/Policy/Config/A/B");
        let mut seen = tree.changes();
        let mut changed = |tree: &Tree| std::mem::replace(&mut seen, tree.changes()) != tree.changes();
        assert!(!changed(&tree));
        tree.set(&leaf, Format::Chr, "x");
        assert!(changed(&tree));
        assert_eq!(tree.read(&leaf), Some("x"));
        assert!(!changed(&tree), "reading is no change");
        tree.switch_user(Some("alice"));
        assert!(changed(&tree));
        tree.add_interior(&leaf.parent().child("C"));
        assert!(changed(&tree));
        let before = tree.clone();
        tree.remove(&leaf);
        assert!(changed(&tree));
        tree.go_back(before.clone());
        assert!(changed(&tree));
        assert_eq!(tree, before);
        assert_ne!(tree.changes(), before.changes());
    }

    #[test]
    fn the_user_half_is_there_only_with_a_context_and_one_for_each_user() {
        let mut tree = Tree::default();
        let leaf = LocUri::at(Scope::User, "Vendor/MSFT/Policy/Config/A/B");
        tree.set(&leaf, Format::Chr, "lost");
        assert_eq!(tree.read(&leaf), None);
        tree.switch_user(Some("alice"));
        tree.set(&leaf, Format::Chr, "x");
        tree.switch_user(Some("bob"));
        assert_eq!(tree.read(&leaf), None);
        tree.switch_user(Some("alice"));
        assert_eq!(tree.read(&leaf), Some("x"));
    }
}
