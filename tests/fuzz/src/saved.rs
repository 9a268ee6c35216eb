//! Saved runs: reports, event logs, Nuclei's results.

use shakedown::format::{nuclei, read_run, report};

/// What can be read comes back from a report as it was; results of Nuclei's become findings that a
/// baseline can hold, and whatever is wrong is said in one line.
pub fn any(data: &[u8]) {
    match read_run(data) {
        Ok(run) => {
            assert_eq!(report::read(&report::write(&run)), Ok(run.clone()));
            if nuclei::is_results(data) {
                assert!(run.verdict.is_some() && run.run.is_some());
                let is_print = |print: &str| print.len() == 32 && print.is_ascii();
                assert!(run.findings.iter().all(|finding| is_print(&finding.fingerprint)));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
