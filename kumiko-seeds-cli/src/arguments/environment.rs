//! The argument that says where the app runs.

use clap::Args;
use kumiko_seeds::{Backend, Environment, SeedInfo, SeedRunner};

use crate::failure::Failure;

/// In which environment.
#[derive(Clone, Debug, Default, Args)]
pub struct EnvironmentArguments {
    /// The environment, in which seeds of others do not run; by default that of the app or the variable `KUMIKO_ENVIRONMENT`
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
}

impl EnvironmentArguments {
    /// The environment, where the app has not said which it is.
    ///
    /// # Errors
    /// If it is none of those that the app declares.
    pub fn of_seeds<'a>(
        &self,
        seeds: impl IntoIterator<Item = SeedInfo<'a>>,
    ) -> Result<Environment, Failure> {
        checked(
            Environment::named_or_from_variable(self.environment.as_deref()),
            seeds,
        )
    }

    /// The runner in the environment that was given, or in its own.
    ///
    /// # Errors
    /// If it is none of those that the app declares.
    pub(crate) fn set<DB: Backend>(
        &self,
        runner: SeedRunner<DB>,
    ) -> Result<SeedRunner<DB>, Failure> {
        let runner = match &self.environment {
            Some(name) => runner.environment(name.as_str()),
            None => runner,
        };
        checked(runner.runs_in(), runner.infos())?;
        Ok(runner)
    }

    /// The argument as it was given.
    pub(crate) fn words(&self) -> Vec<String> {
        let name = self.environment.iter();
        name.flat_map(|name| ["--environment".to_owned(), name.clone()])
            .collect()
    }
}

fn checked<'a>(
    environment: Environment,
    seeds: impl IntoIterator<Item = SeedInfo<'a>>,
) -> Result<Environment, Failure> {
    environment.check(seeds).map_err(|error| {
        let failure = Failure::new(error.to_string());
        match error.remedy() {
            Some(remedy) => failure.help(remedy),
            None => failure,
        }
    })?;
    Ok(environment)
}
