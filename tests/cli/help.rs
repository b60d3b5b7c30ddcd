//! Help texts are part of the contract: one case a file in `tests/cmd`.

use super::work::{Work, text};

#[test]
fn help_texts() {
    trycmd::TestCases::new().case("tests/cmd/*.toml").env("COLUMNS", "100");
}

#[test]
fn completions_and_manual_pages_know_the_commands() {
    let work = Work::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = text(&work.run(&format!("completions {shell}"), 0).stdout);
        assert!(script.contains("--threshold") || script.contains("-l threshold"), "{shell}");
    }
    let page = text(&work.run("man", 0).stdout);
    assert!(page.starts_with(".ie") && page.contains("predict"));
    work.run("man --output pages", 0);
    assert!(text(&work.read("pages/fineprint-label.1")).contains("threshold"));
}
