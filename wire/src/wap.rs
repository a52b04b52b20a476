//! The provisioning document that ends an enrolment (reference: protocols, B.6).

use crate::xml::{Element, Writer, XmlError, parse};

/// A `wap-provisioningdoc`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProvisioningDoc {
    /// Its characteristics, in order.
    pub characteristics: Vec<Characteristic>,
}

/// A node of the document: `characteristic type="..."`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Characteristic {
    /// Its `type`: a CSP or a node below one.
    pub kind: String,
    /// Its parameters, in order. They are written before the characteristics inside.
    pub parms: Vec<Parm>,
    /// The characteristics inside, in order.
    pub children: Vec<Characteristic>,
}

/// A parameter: `parm name="..." value="..." datatype="..."`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parm {
    /// Name; for w7 APPLICATION case-sensitive and upper-case.
    pub name: String,
    /// Value; may be missing, and is then not the same as empty.
    pub value: Option<String>,
    /// `integer`, `boolean` or `string`.
    pub datatype: Option<String>,
}

/// Why a provisioning document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WapError {
    /// Not XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The root element is another one.
    #[error("not a wap-provisioningdoc but {0:?}")]
    Root(String),
    /// A characteristic without `type`, or a parm without `name`.
    #[error("a {0} without its {1} attribute")]
    MissingAttribute(&'static str, &'static str),
}

impl Parm {
    /// A parameter without data type.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: Some(value.into()), datatype: None }
    }

    /// A parameter of `datatype` `integer`, `boolean` or `string`.
    pub fn typed(name: impl Into<String>, value: impl Into<String>, datatype: impl Into<String>) -> Self {
        Self { datatype: Some(datatype.into()), ..Self::new(name, value) }
    }

    /// A parameter without a value.
    pub fn flag(name: impl Into<String>) -> Self {
        Self { name: name.into(), value: None, datatype: None }
    }
}

impl Characteristic {
    /// A characteristic with nothing in it.
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), ..Self::default() }
    }

    /// This one with one more parameter.
    #[must_use]
    pub fn with_parm(mut self, parm: Parm) -> Self {
        self.parms.push(parm);
        self
    }

    /// This one with one more characteristic inside.
    #[must_use]
    pub fn with_child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// The first characteristic inside of that type.
    pub fn child(&self, kind: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.kind == kind)
    }

    /// Follows the first characteristic of each type down.
    pub fn path(&self, kinds: &[&str]) -> Option<&Self> {
        kinds.iter().try_fold(self, |node, kind| node.child(kind))
    }

    /// The value of the first parameter of that name; `None` too when the parameter has none.
    pub fn parm(&self, name: &str) -> Option<&str> {
        self.parms.iter().find(|p| p.name == name)?.value.as_deref()
    }

    fn write(&self, writer: &mut Writer) {
        if self.parms.is_empty() && self.children.is_empty() {
            writer.empty("characteristic", &[("type", &self.kind)]);
            return;
        }
        writer.start("characteristic", &[("type", &self.kind)]);
        for parm in &self.parms {
            let mut attributes = vec![("name", parm.name.as_str())];
            attributes.extend(parm.value.as_deref().map(|value| ("value", value)));
            attributes.extend(parm.datatype.as_deref().map(|datatype| ("datatype", datatype)));
            writer.empty("parm", &attributes);
        }
        for child in &self.children {
            child.write(writer);
        }
        writer.end();
    }

    fn read(element: &Element<'_>) -> Result<Self, WapError> {
        let attr = |of: &Element<'_>, name| of.attr(name).map(str::to_owned);
        let parm = |parm: &Element<'_>| {
            Ok(Parm {
                name: attr(parm, "name").ok_or(WapError::MissingAttribute("parm", "name"))?,
                value: attr(parm, "value"),
                datatype: attr(parm, "datatype"),
            })
        };
        Ok(Self {
            kind: attr(element, "type").ok_or(WapError::MissingAttribute("characteristic", "type"))?,
            parms: element.children_named("parm").map(parm).collect::<Result<_, WapError>>()?,
            children: element.children_named("characteristic").map(Self::read).collect::<Result<_, _>>()?,
        })
    }

    /// Whether there is a parameter of that name, with or without a value.
    pub fn has_parm(&self, name: &str) -> bool {
        self.parms.iter().any(|p| p.name == name)
    }
}

impl ProvisioningDoc {
    /// Follows the first characteristic of each type down from the top: `["CertificateStore", "My",
    /// "System"]`.
    pub fn path(&self, kinds: &[&str]) -> Option<&Characteristic> {
        let (first, rest) = kinds.split_first()?;
        self.characteristics.iter().find(|c| c.kind == *first)?.path(rest)
    }

    /// All characteristics at the top of that type: there may be several `APPLICATION`s.
    pub fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Characteristic> {
        self.characteristics.iter().filter(move |c| c.kind == kind)
    }

    /// Writes the document, version 1.1.
    pub fn write(&self) -> String {
        let mut writer = Writer::new();
        writer.start("wap-provisioningdoc", &[("version", "1.1")]);
        for characteristic in &self.characteristics {
            characteristic.write(&mut writer);
        }
        writer.finish()
    }

    /// Reads a document.
    pub fn parse(xml: &[u8]) -> Result<Self, WapError> {
        let root = parse(xml)?;
        if root.name != "wap-provisioningdoc" {
            return Err(WapError::Root(root.name.into_owned()));
        }
        let characteristics = root.children_named("characteristic").map(Characteristic::read);
        Ok(Self { characteristics: characteristics.collect::<Result<_, _>>()? })
    }

    /// As the enrolment reply carries it: base64.
    pub fn to_base64(&self) -> String {
        crate::encoding::base64_encode(self.write().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn document() -> ProvisioningDoc {
        let my = Characteristic::new("My").with_child(
            Characteristic::new("System").with_child(
                Characteristic::new("AB12")
                    .with_parm(Parm::new("EncodedCertificate", "TUlJ"))
                    .with_child(Characteristic::new("PrivateKeyContainer")),
            ),
        );
        let application = Characteristic::new("APPLICATION")
            .with_parm(Parm::new("APPID", "w7"))
            .with_parm(Parm::new("ADDR", "https://mdm.test/m?a=1&b=2"))
            .with_parm(Parm::flag("BACKCOMPATRETRYDISABLED"))
            .with_parm(Parm::typed("INITIALBACKOFFTIME", "30000", "integer"));
        ProvisioningDoc {
            characteristics: vec![Characteristic::new("CertificateStore").with_child(my), application],
        }
    }

    #[test]
    fn exact_text() {
        insta::assert_snapshot!(document().write());
    }

    #[test]
    fn lookups() {
        let document = ProvisioningDoc::parse(document().write().as_bytes()).unwrap();
        let certificate = document.path(&["CertificateStore", "My", "System", "AB12"]).unwrap();
        assert_eq!(certificate.parm("EncodedCertificate"), Some("TUlJ"));
        let application = document.all("APPLICATION").next().unwrap();
        assert!(application.has_parm("BACKCOMPATRETRYDISABLED"));
        assert_eq!(application.parm("BACKCOMPATRETRYDISABLED"), None);
        assert_eq!(application.parm("addr"), None);
        assert!(document.path(&["CertificateStore", "Root"]).is_none());
        assert!(document.path(&[]).is_none());
    }

    #[test]
    fn what_is_missing_is_said() {
        let error = |text: &str| ProvisioningDoc::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error("<a/>"), WapError::Root("a".into()));
        assert_eq!(
            error("<wap-provisioningdoc><characteristic/></wap-provisioningdoc>"),
            WapError::MissingAttribute("characteristic", "type")
        );
    }

    fn characteristic() -> impl Strategy<Value = Characteristic> {
        let text = "[ -~\\t\\n\u{80}-\u{2fff}]{0,12}";
        let parm = (text, proptest::option::of(text), proptest::option::of("[a-z]{1,8}"))
            .prop_map(|(name, value, datatype)| Parm { name, value, datatype });
        let leaf = (text, proptest::collection::vec(parm, 0..3)).prop_map(|(kind, parms)| Characteristic {
            kind,
            parms,
            children: Vec::new(),
        });
        leaf.prop_recursive(3, 12, 3, |inner| {
            (inner.clone(), proptest::collection::vec(inner, 0..3))
                .prop_map(|(one, children)| Characteristic { children, ..one })
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(characteristics in proptest::collection::vec(characteristic(), 0..3)) {
            let document = ProvisioningDoc { characteristics };
            prop_assert_eq!(ProvisioningDoc::parse(document.write().as_bytes()), Ok(document));
        }

        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>) {
            let _ = ProvisioningDoc::parse(&bytes);
        }
    }
}
