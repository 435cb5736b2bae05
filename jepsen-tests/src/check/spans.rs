//! Spans of time: half open, in nanoseconds since the run began.

/// From, until.
pub type Span = (u64, u64);

/// Puts together spans that touch or overlap, or are no more than `gap` apart. They must be in order
/// of their beginnings.
pub fn merged(spans: impl IntoIterator<Item = Span>, gap: u64) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::new();
    for (from, until) in spans {
        match merged.last_mut() {
            Some(last) if from <= last.1.saturating_add(gap) => last.1 = last.1.max(until),
            _ => merged.push((from, until)),
        }
    }
    merged
}

/// What is not in `spans`, from 0 to `end`. They must be in order and not overlap.
pub fn complement(spans: &[Span], end: u64) -> Vec<Span> {
    let mut from = 0;
    let mut rest = Vec::new();
    for span in spans {
        rest.push((from, span.0.min(end)));
        from = span.1;
    }
    rest.push((from, end));
    rest.retain(|(from, until)| from < until);
    rest
}

/// What two lists of spans have in common. Each is in order and does not overlap itself.
pub fn common(left: &[Span], right: &[Span]) -> Vec<Span> {
    let mut common = Vec::new();
    let (mut l, mut r) = (0, 0);
    while let (Some(a), Some(b)) = (left.get(l), right.get(r)) {
        let (from, until) = (a.0.max(b.0), a.1.min(b.1));
        if from < until {
            common.push((from, until));
        }
        if a.1 < b.1 { l += 1 } else { r += 1 }
    }
    common
}

/// What the one list has and the other has not. Each is in order and does not overlap itself.
pub fn without(all: &[Span], cut: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    for (begin, until) in all.iter().copied() {
        let mut from = begin;
        for hole in cut.iter().filter(|hole| hole.1 > begin && hole.0 < until) {
            if from < hole.0 {
                left.push((from, hole.0));
            }
            from = from.max(hole.1);
        }
        if from < until {
            left.push((from, until));
        }
    }
    left
}

/// The span that holds all of `from` to `until`.
pub fn holding(spans: &[Span], from: u64, until: u64) -> Option<Span> {
    let found = |span: &&Span| span.0 <= from && until <= span.1;
    spans.iter().find(found).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_merge_and_meet() {
        assert_eq!(merged([(0, 2), (2, 3), (5, 6)], 0), [(0, 3), (5, 6)]);
        assert_eq!(merged([(0, 9), (2, 3), (10, 11)], 1), [(0, 11)]);
        assert_eq!(
            common(&[(0, 5), (7, 9)], &[(1, 2), (3, 8)]),
            [(1, 2), (3, 5), (7, 8)]
        );
        assert_eq!(
            without(&[(0, 5), (7, 9)], &[(1, 2), (4, 8)]),
            [(0, 1), (2, 4), (8, 9)]
        );
        assert_eq!(complement(&[(2, 3), (5, 9)], 12), [(0, 2), (3, 5), (9, 12)]);
        assert_eq!(complement(&[(0, 12)], 12), []);
        assert_eq!(holding(&[(0, 5)], 1, 5), Some((0, 5)));
        assert_eq!(holding(&[(0, 5)], 1, 6), None);
    }
}
