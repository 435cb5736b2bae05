//! Faults that keep a daemon from running, several at once if need be: it comes up again when the last of
//! them is over, and not before. So whoever keeps it down can say so and be believed.

use std::process::ExitStatus;

use anyhow::Result;

use super::node::Gateway;

impl Gateway {
    /// Kills the daemon, if it runs, and keeps it down until [`Gateway::let_up`].
    pub fn hold_down(&mut self) -> Result<()> {
        self.holds += 1;
        self.ensure_killed()
    }

    /// Freezes the daemon, if it runs, until [`Gateway::let_up`]; if it does not, it stays so.
    pub fn freeze(&mut self) -> Result<()> {
        self.holds += 1;
        match self.is_running()? {
            true => self.process()?.stop(),
            false => Ok(()),
        }
    }

    /// One fault is over. After the last the daemon runs.
    pub fn let_up(&mut self) -> Result<()> {
        self.holds = self.holds.saturating_sub(1);
        if self.is_running()? {
            return self.process()?.cont();
        }
        self.start_unless_held()
    }

    /// Kills the daemon, if it runs; it is started again unless a fault keeps it down.
    pub fn restart_hard(&mut self) -> Result<()> {
        self.ensure_killed()?;
        self.start_unless_held()
    }

    /// Whether a fault keeps it down.
    pub fn is_held(&self) -> bool {
        self.holds > 0
    }

    /// Starts the daemon, unless it runs or is kept down.
    pub fn start_unless_held(&mut self) -> Result<()> {
        if self.is_held() || self.is_running()? {
            return Ok(());
        }
        self.process = None;
        self.start()
    }

    /// Kills the daemon, if it runs.
    pub fn ensure_killed(&mut self) -> Result<()> {
        if self.is_running()? {
            self.kill_9()?;
        }
        self.process = None;
        Ok(())
    }

    /// Whether the daemon was started and has not ended; a frozen one has not.
    pub fn is_running(&mut self) -> Result<bool> {
        match &mut self.process {
            Some(process) => process.is_running(),
            None => Ok(false),
        }
    }

    /// If the daemon was started and has ended by itself: how, and what it logged. Once.
    pub fn take_end(&mut self) -> Result<Option<(ExitStatus, String)>> {
        let Some(process) = &mut self.process else {
            return Ok(None);
        };
        let Some(status) = process.ended()? else {
            return Ok(None);
        };
        let logged = process.log_of_this_run()?;
        self.process = None;
        Ok(Some((status, logged)))
    }
}
