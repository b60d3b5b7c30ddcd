//! How far people agree: Fleiss' and Cohen's kappa, and the F1 of one annotator against another.

/// Fleiss' kappa of one label from votes: each item is (annotators who gave the label,
/// annotators who read the clause). Items that fewer than two people read are left out; the
/// number of annotators may differ from item to item. `None` when nothing is left or chance
/// alone explains full agreement (all gave the label everywhere, or nobody did).
pub fn fleiss_kappa(items: &[(u32, u32)]) -> Option<f64> {
    let (mut agreed, mut read, mut yes, mut all) = (0.0, 0.0, 0.0, 0.0);
    for (votes, annotators) in usable(items) {
        let no = annotators - votes;
        agreed += (votes * (votes - 1.0) + no * (no - 1.0)) / (annotators * (annotators - 1.0));
        read += 1.0;
        yes += votes;
        all += annotators;
    }
    if read == 0.0 {
        return None;
    }
    let share: f64 = yes / all;
    kappa(agreed / read, share * share + (1.0 - share) * (1.0 - share))
}

/// The expected F1 of one annotator taken as the prediction against another taken as the gold,
/// over all ordered pairs. Needs no identities, and reads on the same scale as a model's F1.
/// `None` when nobody gave the label.
pub fn pairwise_f1(items: &[(u32, u32)]) -> Option<f64> {
    let (mut both, mut possible) = (0.0, 0.0);
    for (votes, annotators) in usable(items) {
        both += votes * (votes - 1.0);
        possible += votes * (annotators - 1.0);
    }
    (possible > 0.0).then(|| both / possible)
}

/// Items at least two people read, as numbers; more votes than readers count as all of them.
fn usable(items: &[(u32, u32)]) -> impl Iterator<Item = (f64, f64)> {
    items
        .iter()
        .filter(|(_, annotators)| *annotators >= 2)
        .map(|&(votes, annotators)| (f64::from(votes.min(annotators)), f64::from(annotators)))
}

/// Cohen's kappa of two passes over the same clauses, for one label. `None` when there are no
/// clauses or chance alone explains full agreement.
pub fn cohen_kappa(first: &[bool], second: &[bool]) -> Option<f64> {
    cohen(first.iter().copied().zip(second.iter().copied()))
}

/// Cohen's kappa of each category, for label sets by class index.
pub fn cohen_kappa_by_category(first: &[Vec<bool>], second: &[Vec<bool>]) -> Vec<Option<f64>> {
    let classes = first.first().map_or(0, Vec::len);
    let has = |labels: &[bool], class: usize| labels.get(class).copied().unwrap_or(false);
    let pairs = |class| first.iter().zip(second).map(move |(a, b)| (has(a, class), has(b, class)));
    (0..classes).map(|class| cohen(pairs(class))).collect()
}

fn cohen(pairs: impl Iterator<Item = (bool, bool)>) -> Option<f64> {
    let (mut all, mut same, mut first, mut second) = (0.0, 0.0, 0.0, 0.0);
    for (a, b) in pairs {
        all += 1.0;
        same += f64::from(u8::from(a == b));
        first += f64::from(u8::from(a));
        second += f64::from(u8::from(b));
    }
    if all == 0.0 {
        return None;
    }
    let (p, q): (f64, f64) = (first / all, second / all);
    kappa(same / all, p * q + (1.0 - p) * (1.0 - q))
}

/// Agreement beyond chance.
fn kappa(observed: f64, chance: f64) -> Option<f64> {
    (1.0 - chance > f64::EPSILON).then(|| (observed - chance) / (1.0 - chance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fleiss_matches_a_reference() {
        let votes = [0, 1, 1, 0, 2, 1, 3, 3, 1, 2, 3, 0, 0, 0, 0, 1, 3, 3, 1, 1, 3, 3, 1, 2, 2];
        let mut items: Vec<_> = votes.iter().map(|&v| (v, 3)).collect();
        let expected = 0.35988620199146465;
        assert!((fleiss_kappa(&items).unwrap() - expected).abs() < 1e-12);
        items.push((1, 1));
        assert!((fleiss_kappa(&items).unwrap() - expected).abs() < 1e-12, "one reader only");
    }

    #[test]
    fn fleiss_at_its_ends() {
        assert_eq!(fleiss_kappa(&[(3, 3), (0, 3), (2, 2)]), Some(1.0));
        assert_eq!(fleiss_kappa(&[(1, 2), (1, 2)]), Some(-1.0));
        assert_eq!(fleiss_kappa(&[(0, 3), (0, 3)]), None);
        assert_eq!(fleiss_kappa(&[(9, 3), (0, 3)]), Some(1.0), "votes beyond the readers");
        assert_eq!(fleiss_kappa(&[]), None);
    }

    #[test]
    fn pairwise_f1_is_the_mean_over_pairs() {
        // Three readers, votes 3, 2, 1: pairs that agree on yes 6 + 2 + 0 of 6 + 4 + 2.
        assert_eq!(pairwise_f1(&[(3, 3), (2, 3), (1, 3), (0, 3)]), Some(8.0 / 12.0));
        assert_eq!(pairwise_f1(&[(0, 3), (1, 1)]), None);
    }

    #[test]
    fn cohen_matches_scikit_learn() {
        let first = "0000000101000101000011000000011100101000";
        let second = "0010001101011101000011001000011100101100";
        let flags = |text: &str| text.chars().map(|c| c == '1').collect::<Vec<_>>();
        let (first, second) = (flags(first), flags(second));
        let found = cohen_kappa(&first, &second).unwrap();
        assert!((found - 0.67828418230563).abs() < 1e-12, "{found}");
        let rows = |flags: &[bool]| flags.iter().map(|&f| vec![f, true]).collect::<Vec<_>>();
        let both = cohen_kappa_by_category(&rows(&first), &rows(&second));
        assert_eq!(both, [Some(found), None]);
        assert_eq!(cohen_kappa(&[], &[]), None);
    }
}
