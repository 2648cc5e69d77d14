//! What a pipeline that ended well has to say besides its counts.

use super::Engine;

impl Engine {
    /// A sentence each.
    pub(super) fn last_words(&self) -> Vec<String> {
        let halted = self.report.halted.iter();
        let halted =
            halted.map(|(partition, why)| format!("{} left partition {partition} halted: {why}", self.plan.name()));
        [self.all_are_dead(), self.is_held_back()].into_iter().flatten().chain(halted).collect()
    }

    /// Few keys are no flood, but where not one record got through it is hardly the records that are wrong. Of a run that
    /// left some it is not known whether one would have.
    fn all_are_dead(&self) -> Option<String> {
        let (name, all) = (self.plan.name(), &self.counters);
        let through = all.effects + all.duplicates_progress + all.duplicates_id + all.duplicates_boundary;
        let is_whole =
            through == 0 && all.dead + all.skipped == all.delivered && self.lag() == 0 && !self.report.unbegun;
        let first = self.report.first_death.as_ref().filter(|_| all.dead > 0 && is_whole)?;
        let which = match (all.dead, all.skipped) {
            (1, 0) => format!("the only record that {name} finished in this run is dead"),
            (dead, 0) => format!("all {dead} records that {name} finished in this run are dead"),
            (dead, skipped) => {
                let both = dead + skipped;
                format!(
                    "of {both} records that {name} finished in this run {skipped} skipped, all others ({dead}) dead"
                )
            }
        };
        Some(format!("{which}: {first}"))
    }

    /// Told to stop while the flood guard held records back: the next run meets them again.
    fn is_held_back(&self) -> Option<String> {
        let why = self.report.systemic.as_ref().filter(|_| self.flood.is_on())?;
        Some(format!("{} ended with records held back: {why}", self.plan.name()))
    }
}
