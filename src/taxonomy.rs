//! The labels a model speaks of.
//!
//! A [`Taxonomy`] is data of the model (its `id2label`), so a user can train other categories.
//! OPP-115 ([`Taxonomy::opp115`]) is the default: ten categories, `Other` as its three kinds.

use std::collections::HashMap;

/// One OPP-115 label: its canonical spelling, other spellings met in the wild, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Category {
    /// Canonical spelling, as every output writes it.
    pub name: &'static str,
    /// Spellings accepted on input beside the canonical one (compared without case).
    pub aliases: &'static [&'static str],
    /// One line: a clause gets this label when it says …
    pub definition: &'static str,
    /// True for the three kinds of `Other`, which the ten-category view merges.
    pub other: bool,
}

/// The twelve OPP-115 labels (Wilson et al., ACL 2016), in the order of the paper.
pub const OPP115: [Category; 12] = [
    Category {
        name: "First Party Collection/Use",
        aliases: &[
            "FPC",
            "First Party",
            "First Party Collection",
            "First Party Collection and Use",
        ],
        definition: "what the service itself collects, how, and what it uses it for",
        other: false,
    },
    Category {
        name: "Third Party Sharing/Collection",
        aliases: &[
            "TPS",
            "Third Party",
            "Third Party Sharing",
            "Third Party Sharing and Collection",
        ],
        definition: "data shared with, disclosed to or collected by anyone else, or that it is not",
        other: false,
    },
    Category {
        name: "User Choice/Control",
        aliases: &["UCC", "Choice/Control", "User Choice", "User Choice and Control"],
        definition: "a choice the user has: consent, opting in or out, settings, refusing cookies",
        other: false,
    },
    Category {
        name: "User Access, Edit and Deletion",
        aliases: &[
            "AED",
            "User Access, Edit, and Deletion",
            "User Access, Edit & Deletion",
            "User Access Edit and Deletion",
            "Access, Edit, Delete",
        ],
        definition: "how users see, correct, export or delete their data or account",
        other: false,
    },
    Category {
        name: "Data Retention",
        aliases: &["RET", "Retention"],
        definition: "how long data is kept, and what ends it",
        other: false,
    },
    Category {
        name: "Data Security",
        aliases: &["SEC", "Security"],
        definition: "how data is protected, and the limits of that protection",
        other: false,
    },
    Category {
        name: "Policy Change",
        aliases: &["PCH", "Policy Changes"],
        definition: "that the policy may change, how users learn of it, since when it is in force",
        other: false,
    },
    Category {
        name: "Do Not Track",
        aliases: &["DNT"],
        definition: "how Do Not Track signals are treated",
        other: false,
    },
    Category {
        name: "International and Specific Audiences",
        aliases: &[
            "ISA",
            "International & Specific Audiences",
            "International/Specific Audiences",
            "& Specific Audiences",
        ],
        definition: "practices for one group (children, a state, a region) and international transfers",
        other: false,
    },
    Category {
        name: "Introductory/Generic",
        aliases: &["INT", "Introductory", "Generic"],
        definition: "what the policy is and covers, definitions, generic promises",
        other: true,
    },
    Category {
        name: "Privacy contact information",
        aliases: &["CON", "Contact", "Privacy Contact"],
        definition: "how to reach the company about privacy",
        other: true,
    },
    Category {
        name: "Practice not covered",
        aliases: &["NOC", "Not covered"],
        definition: "a real statement that fits none of the other labels",
        other: true,
    },
];

/// Name of the merged category in the ten-category view.
pub const OTHER: &str = "Other";

/// An ordered set of label names; the position of a name is its class index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxonomy {
    names: Vec<String>,
    index: HashMap<String, usize>,
}

impl Taxonomy {
    /// The twelve OPP-115 labels.
    pub fn opp115() -> Self {
        Self::new(OPP115.iter().map(|c| c.name.to_owned()).collect())
    }

    /// A taxonomy of these names, in this order. Aliases of OPP-115 work wherever their
    /// canonical name is among them.
    pub fn new(names: Vec<String>) -> Self {
        let mut index = HashMap::new();
        for (i, name) in names.iter().enumerate() {
            let category = OPP115.iter().find(|c| c.name == name);
            for alias in category.map_or(&[][..], |c| c.aliases) {
                index.entry(fold(alias)).or_insert(i);
            }
        }
        for (i, name) in names.iter().enumerate() {
            index.insert(fold(name), i);
        }
        Self { names, index }
    }

    /// Canonical names in class order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of labels.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True when there is no label at all.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Class index of a canonical name or an accepted alias, whatever its case.
    pub fn resolve(&self, name: &str) -> Option<usize> {
        self.index.get(&fold(name)).copied()
    }

    /// True for the twelve OPP-115 labels in any order: only then is there a ten-category view.
    pub fn is_opp115(&self) -> bool {
        self.names.len() == OPP115.len()
            && OPP115.iter().all(|c| self.names.iter().any(|n| n == c.name))
    }
}

/// Case and white space do not tell labels apart.
fn fold(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_finds_its_category() {
        let taxonomy = Taxonomy::opp115();
        for (i, category) in OPP115.iter().enumerate() {
            assert_eq!(taxonomy.resolve(category.name), Some(i));
            for alias in category.aliases {
                assert_eq!(taxonomy.resolve(alias), Some(i), "{alias}");
            }
        }
        assert_eq!(taxonomy.resolve("data  SECURITY"), taxonomy.resolve("Data Security"));
        assert_eq!(taxonomy.resolve("Cookies"), None);
    }

    #[test]
    fn another_taxonomy_keeps_its_own_names() {
        let taxonomy = Taxonomy::new(vec!["Fees".into(), "Data Security".into()]);
        assert_eq!(taxonomy.resolve("fees"), Some(0));
        assert_eq!(taxonomy.resolve("SEC"), Some(1));
        assert_eq!(taxonomy.resolve("RET"), None);
        assert!(!taxonomy.is_opp115());
        assert!(Taxonomy::opp115().is_opp115());
    }
}
