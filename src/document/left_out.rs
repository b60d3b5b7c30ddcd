//! What of a file is not in its document: nothing goes without being counted.

/// Why a block was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Boilerplate,
    Around,
    OtherDocument,
    OtherLanguage,
}

/// So many blocks, and the bytes of their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    pub blocks: usize,
    pub bytes: usize,
}

impl Amount {
    fn add(&mut self, other: Amount) {
        self.blocks += other.blocks;
        self.bytes += other.bytes;
    }
}

/// What was left out of a document, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Menus, banners, footers, forms, what a page hides; programs in Markdown and text.
    pub boilerplate: Amount,
    /// What stands before and after the policy on its page: news, teasers, links.
    pub around: Amount,
    /// Terms of use and the like on the same page.
    pub other_documents: Amount,
    /// Blocks in another language than English.
    pub other_language: Amount,
}

impl LeftOut {
    /// All of it together.
    pub fn total(&self) -> Amount {
        let mut total = self.boilerplate;
        for amount in [self.around, self.other_documents, self.other_language] {
            total.add(amount);
        }
        total
    }

    /// Counts one block.
    pub(super) fn add(&mut self, reason: Reason, bytes: usize) {
        let amount = match reason {
            Reason::Boilerplate => &mut self.boilerplate,
            Reason::Around => &mut self.around,
            Reason::OtherDocument => &mut self.other_documents,
            Reason::OtherLanguage => &mut self.other_language,
        };
        amount.add(Amount { blocks: 1, bytes });
    }

    /// Counts what was left out of a part of the file.
    pub(super) fn include(&mut self, part: &LeftOut) {
        self.boilerplate.add(part.boilerplate);
        self.around.add(part.around);
        self.other_documents.add(part.other_documents);
        self.other_language.add(part.other_language);
    }
}

#[cfg(test)]
mod tests {
    use crate::document::{Boilerplate, Gate, ReadOptions, read};

    const POLICY: &str = "We collect the name and the address of everybody who opens an account, and \
         we use this information to answer questions. We share personal information with third \
         parties only with your consent. We keep cookies and other personal data for a year, and \
         you may ask us at any time to delete the information in your account.";

    fn left_out(source: &str, name: &str, boilerplate: Boilerplate) -> super::LeftOut {
        let options = ReadOptions { boilerplate, ..ReadOptions::default() };
        read(source.as_bytes(), Some(name), &options).unwrap().left_out
    }

    #[test]
    fn menus_and_other_documents_are_counted() {
        let terms = "You grant us a perpetual, royalty-free license to your submissions, and we \
                     disclaim all warranties and any liability for damages. ";
        let page = format!(
            "<html><nav><a href=/>Home</a></nav><h1>Terms of Use</h1><p>{0}<p>{0}<p>{0}\
             <h1>Privacy Policy</h1><p>{POLICY}<p>{POLICY}</html>",
            terms.repeat(3)
        );
        let found = left_out(&page, "a.html", Boilerplate::Drop);
        assert_eq!((found.boilerplate.blocks, found.boilerplate.bytes), (1, "Home".len()));
        assert_eq!(found.other_documents.blocks, 4);
        assert!(found.other_documents.bytes > 9 * terms.trim().len());
        assert_eq!(left_out(&page, "a.html", Boilerplate::Keep).total().blocks, 0);
    }

    #[test]
    fn menus_in_markdown_are_counted() {
        let menu = "* [Home](/)\n* [Shop](/shop)\n* [Log in](/in)\n";
        let source = format!("{menu}\n# Privacy Policy\n\n{POLICY}\n");
        let found = left_out(&source, "a.md", Boilerplate::Drop);
        assert_eq!((found.boilerplate.blocks, found.total().bytes), (3, "HomeShopLog in".len()));
    }

    #[test]
    fn other_languages_are_counted() {
        let german = "Wir verarbeiten Ihre Daten nur, soweit das zur Bereitstellung dieser Seite \
             erforderlich ist, und löschen sie danach wieder, sofern kein Gesetz dagegen steht.";
        let source = format!("{POLICY}\n\n{POLICY}\n\n{german}\n");
        let options = ReadOptions { gate: Gate::On, ..ReadOptions::default() };
        let found = read(source.as_bytes(), Some("a.txt"), &options).unwrap().left_out;
        assert_eq!(found.other_language.bytes, german.len());
        assert_eq!(found.total(), found.other_language);
    }
}
