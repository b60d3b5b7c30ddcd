//! What a text says it is: words that privacy policies are made of, words of other legal
//! documents, names of documents, phrases of web pages.

/// How often words of each kind stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Evidence {
    /// Words that little else than a privacy policy uses.
    pub privacy: u32,
    /// Words that policies use all the time, and others too.
    pub common: u32,
    /// Words of terms of use.
    pub terms: u32,
    /// Words in all.
    pub words: u32,
}

impl Evidence {
    pub fn of(text: &str) -> Self {
        let mut found = Self::default();
        for word in words(text) {
            found.words += 1;
            match kind(word) {
                Some(Kind::Privacy) => found.privacy += 1,
                Some(Kind::Common) => found.common += 1,
                Some(Kind::Terms) => found.terms += 1,
                None => {}
            }
        }
        found
    }

    /// Enough of these words that it reads like part of a policy.
    pub fn is_policy(self) -> bool {
        let points = self.privacy * 2 + self.common;
        let enough = 4.max(self.words.div_ceil(16)).max(self.terms);
        self.privacy >= 1 && points >= enough || self.common >= enough
    }

    /// None of the words of policies at all.
    pub fn is_weak(self) -> bool {
        self.privacy + self.common == 0
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Privacy,
    Common,
    Terms,
}

/// Longest word that means anything here.
const LONGEST: usize = 16;

/// Runs of ASCII letters.
fn words(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(|byte| !byte.is_ascii_alphabetic()).filter(|word| word.len() > 2)
}

fn kind(word: &[u8]) -> Option<Kind> {
    if word.len() > LONGEST {
        return None;
    }
    let mut lower = [0; LONGEST];
    lower[..word.len()].copy_from_slice(word);
    lower.make_ascii_lowercase();
    match &lower[..word.len()] {
        b"privacy" | b"personal" | b"personally" | b"cookie" | b"cookies" | b"collect"
        | b"collects" | b"collected" | b"collecting" | b"collection" | b"disclose"
        | b"discloses" | b"disclosed" | b"disclosing" | b"disclosure" | b"disclosures" | b"opt"
        | b"opting" | b"gdpr" | b"ccpa" | b"coppa" | b"hipaa" | b"beacon" | b"beacons"
        | b"pixel" | b"pixels" | b"identifiable" | b"identifying" | b"anonymous"
        | b"anonymized" | b"aggregate" | b"aggregated" | b"demographic" | b"consent"
        | b"retain" | b"retained" | b"retention" | b"encrypted" | b"encryption"
        | b"confidential" | b"confidentiality" | b"tracking" | b"unsubscribe" | b"behavioral" => {
            Some(Kind::Privacy)
        }
        b"information" | b"data" | b"use" | b"uses" | b"used" | b"using" | b"share" | b"shared"
        | b"sharing" | b"third" | b"parties" | b"party" | b"policy" | b"policies" | b"security"
        | b"secure" | b"email" | b"mail" | b"account" | b"address" | b"children" | b"parent"
        | b"parents" | b"services" | b"service" | b"site" | b"sites" | b"website" | b"browser"
        | b"access" | b"law" | b"legal" | b"rights" | b"contact" | b"provide" | b"provided"
        | b"visitors" | b"users" | b"registration" | b"advertisers" | b"advertising"
        | b"marketing" | b"affiliates" | b"transfer" | b"store" | b"stored" | b"request"
        | b"preferences" | b"questions" | b"server" | b"servers" | b"delete" | b"update"
        | b"credit" | b"safeguards" | b"protect" | b"practices" => Some(Kind::Common),
        b"liability" | b"liable" | b"warranty" | b"warranties" | b"warrant" | b"indemnify"
        | b"indemnification" | b"indemnity" | b"copyright" | b"copyrights" | b"copyrighted"
        | b"trademark" | b"trademarks" | b"license" | b"licensed" | b"licenses" | b"licensors"
        | b"infringe" | b"infringes" | b"infringing" | b"infringement" | b"damages"
        | b"jurisdiction" | b"arbitration" | b"disclaim" | b"disclaims" | b"disclaimer"
        | b"disclaimers" | b"merchantability" | b"prohibited" | b"materials" | b"material"
        | b"content" | b"contents" | b"submissions" | b"submission" | b"posting" | b"postings"
        | b"upload" | b"reproduce" | b"reproduced" | b"reproduction" | b"distribute"
        | b"distributed" | b"republish" | b"terminate" | b"termination" | b"venue" | b"waiver"
        | b"unlawful" | b"obscene" | b"defamatory" | b"terms" | b"conditions" | b"agreement"
        | b"proprietary" | b"royalty" | b"perpetual" | b"intellectual" | b"property" => {
            Some(Kind::Terms)
        }
        _ => None,
    }
}

/// Longest text that names a document.
const NAME: usize = 90;

/// Whether a title names a privacy policy, and not a section of one (`Changes to this policy`).
pub(super) fn names_policy(title: &str) -> bool {
    const KINDS: [&str; 6] =
        ["policy", "policies", "statement", "notice", "practices", "commitment"];
    const SECTIONS: [&str; 14] = [
        "change",
        "update",
        "amend",
        "modif",
        "child",
        "contact",
        "question",
        "coordinator",
        "appl",
        "scope",
        "accept",
        "about",
        "officer",
        "other",
    ];
    if title.len() > NAME {
        return false;
    }
    let title = folded(title);
    let of_privacy = title
        .split_once("privacy")
        .is_some_and(|(_, after)| after.split(' ').take(5).any(|word| KINDS.contains(&word)));
    let is_section =
        title.split(' ').any(|word| SECTIONS.iter().any(|section| word.starts_with(section)));
    let of_privacy = of_privacy && !is_section;
    of_privacy || matches!(title.as_str(), "privacy" | "cookie policy" | "data policy")
}

/// Whether a title names another document of the kind that stands on one page with a policy.
pub(super) fn names_other(title: &str) -> bool {
    const NAMES: [&str; 14] = [
        "terms of use",
        "terms of service",
        "terms and conditions",
        "conditions of use",
        "terms conditions",
        "user agreement",
        "legal notice",
        "copyright notice",
        "copyright policy",
        "license agreement",
        "membership agreement",
        "subscriber agreement",
        "terms of sale",
        "visitor agreement",
    ];
    if title.len() > NAME {
        return false;
    }
    let title = folded(title);
    !title.contains("privacy") && NAMES.iter().any(|name| title.contains(name))
}

/// Whether a text begins by telling who owns the page.
pub(super) fn is_copyright(text: &str) -> bool {
    const START: usize = 120;
    let start = text[..text.floor_char_boundary(START)].trim_start();
    let is_marked = start.contains('©') || start.contains("eserved") || start.contains("ESERVED");
    if !is_marked && !start.starts_with(['C', 'c']) {
        return false;
    }
    let start = start.to_lowercase();
    let year = start.strip_prefix("copyright").map(|rest| rest.trim_start_matches([' ', ',']));
    start.contains("all rights reserved")
        || start.contains('©') && text.len() < 2 * START
        || start.starts_with('©')
        || year.is_some_and(|year| {
            year.starts_with("19") || year.starts_with("20") || year.starts_with("(c)")
        })
}

/// Whether a title begins what belongs to the end of a policy: whom to ask, since when it holds.
pub(super) fn names_end(title: &str) -> bool {
    const WORDS: [&str; 26] = [
        "tel",
        "call",
        "contact",
        "address",
        "question",
        "mail",
        "phone",
        "effective",
        "updated",
        "revised",
        "modified",
        "change",
        "write",
        "us",
        "complaint",
        "privacy",
        "policy",
        "fax",
        "officer",
        "information",
        "date",
        "version",
        "data",
        "postal",
        "enforcement",
        "rights",
    ];
    let title = folded(title);
    title.split(' ').any(|word| WORDS.iter().any(|end| word.starts_with(end)))
}

/// Whether a link's text is a control of the page.
pub(super) fn is_control(text: &str) -> bool {
    const WHOLE: [&str; 27] = [
        "top",
        "print",
        "print page",
        "print this page",
        "printer friendly",
        "printer friendly version",
        "download pdf",
        "download pdf version",
        "share",
        "share this",
        "share this page",
        "tweet",
        "email this page",
        "email this",
        "close",
        "close window",
        "close this window",
        "close x",
        "menu",
        "search",
        "home",
        "top of page",
        "go to top",
        "hide examples",
        "show examples",
        "expand all",
        "collapse all",
    ];
    const STARTS: [&str; 6] =
        ["back to ", "return to ", "skip to ", "jump to navigation", "jump to content", "go back"];
    if text.len() > 80 {
        return false;
    }
    let text = folded(text);
    WHOLE.contains(&text.as_str()) || STARTS.iter().any(|start| text.starts_with(start))
}

/// Lower case, signs as single spaces, without numbers before the first word.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphabetic() {
            out.push(c.to_ascii_lowercase());
        } else if c.is_alphabetic() {
            out.extend(c.to_lowercase());
        } else if !matches!(c, '\'' | '’') && !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_and_other_texts() {
        let policy = "We share what you tell us with third parties only if you opt in.";
        assert!(Evidence::of(policy).is_policy());
        let news = "The mayor opened the new bridge on Sunday, and hundreds came to see it.";
        assert!(!Evidence::of(news).is_policy());
        let terms = "You grant us a perpetual, royalty-free license; we disclaim all warranties.";
        assert_eq!(Evidence::of(terms).terms, 5);
    }

    #[test]
    fn names_of_documents() {
        for title in ["Privacy Policy", "2. OUR PRIVACY STATEMENT", "Website Privacy Notice"] {
            assert!(names_policy(title) && !names_other(title), "{title}");
        }
        for title in ["Terms of Use", "Terms & Conditions", "II. USER AGREEMENT"] {
            assert!(names_other(title) && !names_policy(title), "{title}");
        }
        for title in ["Your privacy", "Our terms", "Terms of Use and Privacy Policy of Pear"] {
            assert!(!names_other(title), "{title}");
        }
    }

    #[test]
    fn controls_and_owners() {
        for text in ["Back to top", "↑ Top", "[Print]", "Skip to main content"] {
            assert!(is_control(text), "{text}");
        }
        assert!(!is_control("Top of the range"));
        assert!(is_copyright("© 2020 Pear Ltd. All rights reserved."));
        assert!(!is_copyright("We remove what infringes a copyright."));
    }
}
