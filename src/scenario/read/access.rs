//! Lists, tables and choices, one entry after the other.

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::{ReadError, Reader};
use crate::scenario::tree::{Entry, Node, Value};

pub(super) struct Items<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) items: std::slice::Iter<'a, Node>,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some(node) = self.items.next() else { return Ok(None) };
        seed.deserialize(self.reader.child(node)).map(Some).map_err(|e| e.or_at(node.at))
    }
}

pub(super) struct Pairs<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) entries: std::vec::IntoIter<&'a Entry>,
    pub(super) current: Option<&'a Entry>,
}

impl<'de> de::MapAccess<'de> for Pairs<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        self.current = self.entries.next();
        let Some(entry) = self.current else { return Ok(None) };
        let key: StrDeserializer<'_, ReadError> = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|e| e.or_at(entry.key_at))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let entry = self.current.take().expect("serde asks for a value only after its key");
        seed.deserialize(self.reader.child(&entry.node)).map_err(|e| {
            // A whole `[section]` is too much to underline: its heading will do.
            let own_section = matches!(entry.node.value, Value::Table(_));
            e.or_at(if own_section { entry.key_at } else { entry.node.at })
        })
    }
}

pub(super) struct Chosen<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) name: &'a str,
    pub(super) content: Option<&'a Node>,
}

impl<'de> de::EnumAccess<'de> for Chosen<'de> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadError> {
        let name: StrDeserializer<'_, ReadError> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> Chosen<'de> {
    fn content(&self) -> Result<Reader<'de>, ReadError> {
        let node = self.content.ok_or_else(|| {
            ReadError::new("scenario::wrong-type", format!("`{}` needs more to go with it", self.name))
                .help(format!("write `{{ {} = {{ ... }} }}`", self.name))
        })?;
        Ok(self.reader.child(node))
    }
}

impl<'de> de::VariantAccess<'de> for Chosen<'de> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(ReadError::new("scenario::wrong-type", format!("`{}` takes nothing", self.name))
                .help(format!("write `\"{}\"` alone", self.name))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, ReadError> {
        de::Deserializer::deserialize_seq(self.content()?, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        de::Deserializer::deserialize_struct(self.content()?, "", fields, visitor)
    }
}
