//! A value for each label, in the taxonomy's order.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::taxonomy::Taxonomy;

/// Label → value in a fixed order: a JSON object whose keys stand in class order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMap<T>(Vec<(String, T)>);

impl<T> Default for LabelMap<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> LabelMap<T> {
    /// Pairs the labels of a taxonomy with values by class index.
    pub fn new(taxonomy: &Taxonomy, values: impl IntoIterator<Item = T>) -> Self {
        Self(taxonomy.names().iter().cloned().zip(values).collect())
    }

    /// The value of a label in its canonical spelling.
    pub fn get(&self, label: &str) -> Option<&T> {
        self.0.iter().find(|(name, _)| name == label).map(|(_, value)| value)
    }

    /// Labels and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Number of labels.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is no label.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> FromIterator<(String, T)> for LabelMap<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl<T: Serialize> Serialize for LabelMap<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for LabelMap<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

/// Reads a JSON object without losing the order of its keys.
struct Pairs<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
    type Value = LabelMap<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object from labels to values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(LabelMap(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_taxonomys_order_there_and_back() {
        let taxonomy = Taxonomy::new(vec!["Zebra".into(), "Apple".into()]);
        let map = LabelMap::new(&taxonomy, [0.3_f32, 0.25]);
        let text = serde_json::to_string(&map).unwrap();
        assert_eq!(text, r#"{"Zebra":0.3,"Apple":0.25}"#);
        assert_eq!(serde_json::from_str::<LabelMap<f32>>(&text).unwrap(), map);
        assert_eq!(map.get("Apple"), Some(&0.25));
        assert_eq!(map.get("Fig"), None);
    }
}
