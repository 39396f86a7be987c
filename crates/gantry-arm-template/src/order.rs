//! An order in which everything comes after what it depends on.

use std::collections::BTreeSet;

/// The order of places, of which each has the set of those that it depends on. Where that
/// leaves a choice, the order is that of the places.
///
/// # Errors
///
/// The places of a circle, with the first again at the end.
pub(crate) fn order(depends_on: &[BTreeSet<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut dependents = vec![Vec::new(); depends_on.len()];
    let mut missing: Vec<usize> = depends_on.iter().map(BTreeSet::len).collect();
    for (place, dependencies) in depends_on.iter().enumerate() {
        for &dependency in dependencies {
            dependents[dependency].push(place);
        }
    }
    let mut ready: BTreeSet<usize> =
        (0..missing.len()).filter(|&place| missing[place] == 0).collect();
    let mut ordered = Vec::with_capacity(missing.len());
    while let Some(place) = ready.pop_first() {
        ordered.push(place);
        for &dependent in &dependents[place] {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                ready.insert(dependent);
            }
        }
    }
    match (0..missing.len()).find(|&place| missing[place] > 0) {
        None => Ok(ordered),
        Some(stuck) => Err(circle(depends_on, &missing, stuck)),
    }
}

/// Follows what is stuck to what it waits for, which is stuck too, until it meets itself.
fn circle(depends_on: &[BTreeSet<usize>], missing: &[usize], stuck: usize) -> Vec<usize> {
    let mut path = vec![stuck];
    loop {
        let last = path[path.len() - 1];
        let next = depends_on[last].iter().copied().find(|&place| missing[place] > 0);
        let next = next.expect("what is stuck waits for something that is");
        let met = path.iter().position(|&place| place == next);
        path.push(next);
        if let Some(met) = met {
            return path.split_off(met);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(depends_on: &[&[usize]]) -> Vec<BTreeSet<usize>> {
        depends_on.iter().map(|set| set.iter().copied().collect()).collect()
    }

    #[test]
    fn what_is_free_keeps_its_place() {
        assert_eq!(order(&sets(&[&[], &[], &[]])), Ok(vec![0, 1, 2]));
        assert_eq!(order(&sets(&[&[2], &[], &[]])), Ok(vec![1, 2, 0]));
        assert_eq!(order(&sets(&[&[1, 2], &[2], &[], &[0]])), Ok(vec![2, 1, 0, 3]));
    }

    #[test]
    fn a_circle_is_told() {
        assert_eq!(order(&sets(&[&[0]])), Err(vec![0, 0]));
        assert_eq!(order(&sets(&[&[], &[2], &[3, 0], &[2]])), Err(vec![2, 3, 2]));
    }
}
