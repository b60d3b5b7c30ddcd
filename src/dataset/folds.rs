//! Cross-validation by policy.

use super::Example;

/// Examples of `fold` as the test set, all others as the training set: `(train, test)`.
/// An example without a fold is only ever trained on.
pub fn split_by_fold(examples: &[Example], fold: u32) -> (Vec<Example>, Vec<Example>) {
    let (test, train) = examples.iter().cloned().partition(|e| e.fold == Some(fold));
    (train, test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_set_is_one_fold() {
        let folds = [Some(0), Some(1), None, Some(1)].into_iter().enumerate();
        let examples: Vec<_> = folds
            .map(|(i, fold)| Example { id: i.to_string(), fold, ..Example::default() })
            .collect();
        let (train, test) = split_by_fold(&examples, 1);
        let ids = |set: &[Example]| set.iter().map(|e| e.id.clone()).collect::<Vec<_>>().join(" ");
        assert_eq!((ids(&train), ids(&test)), ("0 2".to_owned(), "1 3".to_owned()));
    }
}
