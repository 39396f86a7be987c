//! The totals of a JUnit report.

/// How many tests of each outcome a report holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// All of them.
    pub tests: usize,
    /// Those that ran and found the registry right.
    pub passed: usize,
    /// Those that found it wrong, or broke.
    pub failed: usize,
    /// Those that were skipped, or switched off.
    pub skipped: usize,
}

impl Report {
    /// Counts the `testcase` elements of a report by their `status` attribute, as
    /// the conformance suite writes them (its totals lie in as many attributes).
    pub fn parse(junit: &str) -> Self {
        let mut report = Self::default();
        for case in junit.split("<testcase ").skip(1) {
            report.tests += 1;
            let tag = case.split('>').next().unwrap_or_default();
            match attribute(tag, "status") {
                Some("passed") => report.passed += 1,
                Some("skipped") => report.skipped += 1,
                _ => report.failed += 1,
            }
        }
        report
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn counts_by_status_and_takes_an_unknown_one_for_a_failure() {
        let junit = r#"<testsuites tests="9"><testsuite name="s">
            <testcase name="a" classname="" status="passed"></testcase>
            <testcase name="b" classname="" status="skipped"><system-out>status="passed"</system-out></testcase>
            <testcase name="c" classname="" status="failure"></testcase>
            <testcase name="d" classname=""></testcase>
        </testsuite></testsuites>"#;

        let report = Report::parse(junit);

        assert_eq!(report, Report { tests: 4, passed: 1, failed: 2, skipped: 1 });
    }
}
