//! A seed that is steered: asked about, done, and said.

use std::io::{Write, stderr, stdout};

use kumiko_seeds::{Backend, Ledger, SeedProgress};

use super::help::help;
use super::request::{SteeringRequest, Verb, find};
use super::view::SteeredView;
use crate::app_seeds::{AppSeeds, SeedSource};
use crate::arguments::Format;
use crate::database::{DatabaseUrl, connect, read_history};
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::operation_id::asked_for;
use crate::printing::{
    Palette, confirmation, painted, print_json, print_text, printable, printable_lines,
};

impl SteeringRequest {
    /// Does what is asked, after asking where it cannot be taken back, and prints where the seed stands.
    ///
    /// # Errors
    /// If the arguments name no seed or several, if nobody confirms it, if the database cannot be reached or written, or if
    /// the seed is not under way or is where this means nothing.
    pub async fn make<DB: Backend>(
        &self,
        url: &DatabaseUrl,
        seeds: &AppSeeds,
        invocation: &Invocation,
    ) -> Result<Exit, Failure> {
        url.check_for_changing()?;
        let history = read_history::<DB>(url, &seeds.app).await?;
        let id = find(&self.arguments.id, seeds, &history)?;
        let steering = self.verb.steering(&id, seeds)?;
        if !self.is_confirmed {
            self.confirm(&id, url, invocation)?;
        }
        let pool = connect::<DB>(url).await?;
        let pool = pool.ok_or_else(|| url.not_created())?;
        let ledger = Ledger::new(&pool).app(history.app);
        let steered = ledger.steer(&id, steering).await;
        pool.close().await;
        let progress = steered.map_err(|error| {
            let mut failure = url.failure(&error);
            if failure.help.is_empty() {
                failure.help = help(&error, invocation);
            }
            failure
        })?;
        self.say(&id, &progress)?;
        if self.verb.lets_go_on() {
            say_who_goes_on(&id, seeds.get(&id), invocation);
        }
        Ok(Exit::Fine)
    }

    fn confirm(&self, id: &str, url: &DatabaseUrl, invocation: &Invocation) -> Result<(), Failure> {
        let question = if self.verb == Verb::Cancel {
            format!("give {id} up in {url}? what is done stays, and no step runs any more")
        } else {
            format!("let {id} begin anew in {url}? what is done stays, and may be done again")
        };
        match confirmation(&question) {
            Some(true) => Ok(()),
            Some(false) => Err(Failure::new("nothing was changed")),
            None => {
                let command = self.line_of(id, invocation);
                Err(Failure::new("this asks first, and there is nobody to ask")
                    .help(format!("say yes beforehand:\n    {command} --yes")))
            }
        }
    }

    fn say(&self, id: &str, progress: &SeedProgress) -> Result<(), Failure> {
        let out = &mut stdout().lock();
        match self.arguments.format {
            Format::Json => print_json(out, &SteeredView::of(id, progress)),
            Format::Table => {
                let line = format!("{} {id}: {progress}", self.verb.done());
                print_text(out, &(printable(&line) + "\n"))
            }
        }
    }
}

/// Says on stderr who does the next step: neither to steer a seed nor to take its marker away starts anything.
pub(crate) fn say_who_goes_on(id: &str, source: Option<&SeedSource>, invocation: &Invocation) {
    let word = painted("help:", Palette::of_stderr().hint);
    let who = who_goes_on(id, source, invocation);
    drop(writeln!(stderr(), "{word} {}", printable_lines(&who)));
}

fn who_goes_on(id: &str, source: Option<&SeedSource>, invocation: &Invocation) -> String {
    if let Some(again) = asked_for(id) {
        let again = again.line(invocation);
        return format!(
            "no worker takes up what somebody has asked for; go on with it:\n    {again}"
        );
    }
    let (who, command) = match source {
        Some(seed) if !seed.background => ("the next start of the app takes it up", "seed:apply"),
        _ => (
            "a worker takes it up: one that runs, the next start of the app",
            "seed:work",
        ),
    };
    format!("{who}, or\n    {}", invocation.line(command, &[]))
}
