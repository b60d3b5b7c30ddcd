//! Files whose line ends were lost: crawlers write a whole policy as one line.

use std::ops::Range;

/// Shorter lines are left as they are, in bytes.
const LONG_LINE: usize = 400;
/// Headings inside the line that show that line ends were lost.
const ENOUGH_HEADINGS: usize = 2;
/// The same of bullets.
const ENOUGH_BULLETS: usize = 3;
/// Longest title: where a title ends and its text begins cannot be told in what is longer.
const TITLE: usize = 60;

/// The lines that a part of a file had, as ranges of `text`: the part itself unless it is one long
/// line with several headings or bullets inside.
pub(super) fn lines(text: &str, part: Range<usize>) -> Vec<Range<usize>> {
    let line = text[part.clone()].trim_end();
    if line.len() < LONG_LINE || line.contains('\n') {
        return vec![part];
    }
    let (headings, bullets) = marks(line);
    let mut starts = vec![0];
    starts.extend(headings.iter().filter(|_| headings.len() >= ENOUGH_HEADINGS));
    starts.extend(bullets.iter().filter(|_| bullets.len() >= ENOUGH_BULLETS));
    if starts.len() == 1 {
        return vec![part];
    }
    starts.sort_unstable();
    starts.push(line.len());
    let lines = starts.windows(2).map(|pair| without_mark(line, pair[0]..pair[1]));
    lines.map(|range| range.start + part.start..range.end + part.start).collect()
}

/// Where marks of headings and of bullets stand inside a line. A star between spaces is a bullet; a
/// dash is one in a list that a colon begins.
fn marks(line: &str) -> (Vec<usize>, Vec<usize>) {
    let (mut headings, mut bullets) = (Vec::new(), Vec::new());
    let mut in_list = false;
    for (space, _) in line.match_indices(' ') {
        let at = space + 1;
        let word = line[at..].split(' ').next().unwrap_or_default();
        match word {
            "#" | "##" | "###" | "####" | "#####" | "######" => {
                in_list = false;
                headings.push(at);
            }
            "*" => bullets.push(at),
            "-" if in_list || line[..space].ends_with(':') => {
                in_list = true;
                bullets.push(at);
            }
            _ => {}
        }
    }
    (headings, bullets)
}

/// A line without the mark of a heading if it is more than a title.
fn without_mark(line: &str, range: Range<usize>) -> Range<usize> {
    let text = &line[range.clone()];
    let rest = text.trim_start_matches('#');
    let is_title = text.len() <= TITLE && !text.trim_end().ends_with(['.', ':', ';']);
    if is_title || rest.len() == text.len() {
        return range;
    }
    range.end - rest.trim_start().len()..range.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        lines(text, 0..text.len()).into_iter().map(|range| text[range].trim_end()).collect()
    }

    #[test]
    fn a_long_line_is_cut_at_headings_and_bullets() {
        let body = "We keep what you tell us - all of it - for a year. ".repeat(8);
        let text = format!("# Policy ## Data {body}We keep: - names - towns - streets ## End");
        let section = format!("Data {body}We keep:");
        let wanted = ["# Policy", section.as_str(), "- names", "- towns", "- streets", "## End"];
        assert_eq!(cut(&text), wanted);
    }

    #[test]
    fn other_lines_are_left_alone() {
        let dashes = "We keep what you tell us - all of it - for a year. ".repeat(20);
        let once = format!("{dashes} ## One");
        let short = "# One ## Two ## Three";
        let two = format!("{dashes}\n# One ## Two ## Three");
        for text in [dashes.as_str(), once.as_str(), short, two.as_str()] {
            assert_eq!(cut(text), [text.trim_end()]);
        }
    }
}
