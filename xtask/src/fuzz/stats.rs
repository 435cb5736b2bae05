//! What libFuzzer prints, as far as we look at it.

/// The figures of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Inputs tried.
    pub executions: u64,
    /// A second, on average.
    pub per_second: u64,
    /// Inputs found that reach something new.
    pub new_units: u64,
    /// Edges reached.
    pub coverage: u64,
    /// Edges, and how often each: what libFuzzer calls features.
    pub features: u64,
    /// The most memory, in MiB.
    pub peak_mib: u64,
    /// The input of a crash, where it was written to.
    pub crash: Option<String>,
}

impl Stats {
    /// Reads a run's output.
    pub fn read(output: &str) -> Self {
        let stat = |name: &str| {
            let line = output
                .lines()
                .rev()
                .find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.trim().parse().ok()).unwrap_or(0)
        };
        let last = status_line(output).unwrap_or_default();
        Self {
            executions: stat("stat::number_of_executed_units:"),
            per_second: stat("stat::average_exec_per_sec:"),
            new_units: stat("stat::new_units_added:"),
            coverage: after(last, "cov: "),
            features: after(last, "ft: "),
            peak_mib: stat("stat::peak_rss_mb:"),
            crash: output
                .lines()
                .find_map(|line| line.split_once("Test unit written to "))
                .map(|(_, path)| path.trim().to_owned()),
        }
    }
}

/// The last line that says how far it is: `#4096 pulse cov: 12 ft: 34 corp: 5/6b …`.
pub fn status_line(output: &str) -> Option<&str> {
    let is_status = |line: &&str| line.starts_with('#') && line.contains(" cov: ");
    output.lines().rev().find(is_status)
}

fn after(line: &str, name: &str) -> u64 {
    let rest = line.split_once(name).map(|(_, rest)| rest);
    let number = rest.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_a_run() {
        let output = "INFO: Seed: 1\n#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 30Mb\n\
                      #900\tDONE   cov: 120 ft: 345 corp: 9/1Kb lim: 99 exec/s: 90 rss: 44Mb\n\
                      stat::number_of_executed_units: 900\nstat::average_exec_per_sec:     90\n\
                      stat::new_units_added:          8\nstat::slowest_unit_time_sec:    0\n\
                      stat::peak_rss_mb:              45\n";
        let expected = Stats {
            executions: 900,
            per_second: 90,
            new_units: 8,
            coverage: 120,
            features: 345,
            peak_mib: 45,
            crash: None,
        };
        assert_eq!(Stats::read(output), expected);
    }

    #[test]
    fn a_crash_names_its_input() {
        let output = "==1== ERROR: libFuzzer: deadly signal\n\
                      artifact_prefix='a/'; Test unit written to a/crash-0123\n";
        assert_eq!(Stats::read(output).crash.as_deref(), Some("a/crash-0123"));
    }
}
