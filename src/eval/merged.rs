//! OPP-115 as ten categories: the three kinds of `Other` count as one.

use crate::taxonomy::{OPP115, OTHER, Taxonomy};

use super::Scored;

/// The clauses in the ten-category view and its taxonomy (`Other` last): a clause has the
/// merged label when it has any of the three. `None` for other taxonomies.
pub fn merge_other(taxonomy: &Taxonomy, rows: &[Scored]) -> Option<(Taxonomy, Vec<Scored>)> {
    if !taxonomy.is_opp115() {
        return None;
    }
    let is_other = |name: &String| OPP115.iter().any(|c| c.other && c.name == name);
    let (merged, kept): (Vec<usize>, Vec<usize>) =
        (0..taxonomy.len()).partition(|&i| is_other(&taxonomy.names()[i]));
    let mut names: Vec<String> = kept.iter().map(|&i| taxonomy.names()[i].clone()).collect();
    names.push(OTHER.to_owned());
    let view = View { kept, merged };
    Some((Taxonomy::new(names), rows.iter().map(|row| view.row(row)).collect()))
}

/// Class indices that stay, and those that become one.
struct View {
    kept: Vec<usize>,
    merged: Vec<usize>,
}

impl View {
    fn row(&self, row: &Scored) -> Scored {
        Scored {
            group: row.group.clone(),
            gold: self.merge(&row.gold, |a, b| a | b),
            scores: self.merge(&row.scores, f32::max),
            predicted: self.merge(&row.predicted, |a, b| a | b),
            // Votes for each of the three do not tell how many annotators gave any of them.
            votes: None,
        }
    }

    fn merge<T: Copy + Default>(&self, values: &[T], join: fn(T, T) -> T) -> Vec<T> {
        let value = |&i: &usize| values.get(i).copied().unwrap_or_default();
        let other = self.merged.iter().map(value).fold(T::default(), join);
        self.kept.iter().map(value).chain([other]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_the_three_is_other() {
        let taxonomy = Taxonomy::opp115();
        let mut row = Scored {
            gold: vec![false; 12],
            scores: vec![0.1; 12],
            predicted: vec![false; 12],
            ..Scored::default()
        };
        row.gold[4] = true;
        row.gold[10] = true;
        row.predicted[9] = true;
        row.scores[11] = 0.7;
        let (ten, rows) = merge_other(&taxonomy, &[row]).unwrap();
        assert_eq!(ten.len(), 10);
        assert_eq!(ten.names()[9], "Other");
        assert_eq!(ten.names()[4], "Data Retention");
        let at = |flags: &[bool]| (0..10).filter(|&i| flags[i]).collect::<Vec<_>>();
        assert_eq!(at(&rows[0].gold), [4, 9]);
        assert_eq!(at(&rows[0].predicted), [9]);
        assert_eq!(rows[0].scores[9], 0.7);
        assert!(merge_other(&ten, &rows).is_none());
    }
}
