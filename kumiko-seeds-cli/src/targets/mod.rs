//! Many databases in place of one: which they are.

mod arguments;
mod list;

use kumiko_seeds::{Backend, Error, Target, Targets};
use sqlx::Database;

pub use arguments::TargetsArguments;

use crate::database::{DatabaseUrl, Place, parse};
use crate::failure::Failure;

/// Where many databases are.
#[derive(Clone, Debug)]
pub struct Places {
    kind: Kind,
    parallel: Option<usize>,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Each with its name.
    Databases(Vec<(String, DatabaseUrl)>),
    Schemas {
        of: DatabaseUrl,
        pattern: String,
    },
}

impl TargetsArguments {
    /// Where the databases are. `find` gives the database whose schemas are meant, if they are schemas.
    ///
    /// # Errors
    /// If the file that lists them cannot be read, or a line of it is no URL.
    pub fn places(
        &self,
        find: impl FnOnce() -> Result<DatabaseUrl, Failure>,
    ) -> Result<Places, Failure> {
        let kind = match &self.databases {
            Some(file) => {
                let named = list::read(file)?.into_iter().map(named);
                Kind::Databases(named.collect::<Result<_, _>>()?)
            }
            None => Kind::Schemas {
                of: find()?,
                pattern: self.each_schema.clone().unwrap_or_default(),
            },
        };
        let parallel = self.parallel;
        Ok(Places { kind, parallel })
    }
}

impl Places {
    /// Whether they are of this kind of database, as far as the first tells.
    #[must_use]
    pub fn are_for<DB: Database>(&self) -> bool {
        match &self.kind {
            Kind::Databases(databases) => {
                let mut urls = databases.iter().map(|(_, url)| url);
                urls.next().is_some_and(DatabaseUrl::is_for::<DB>)
            }
            Kind::Schemas { of, .. } => of.is_for::<DB>(),
        }
    }

    /// The same for whoever only reads. What is yet to be created is empty, and so is a database in memory.
    pub(crate) fn for_reading(mut self) -> Result<Self, Failure> {
        if let Kind::Databases(databases) = &mut self.kind {
            for (_, url) in databases {
                if let Ok(Place::ToCreate) = url.place() {
                    *url = DatabaseUrl::read("sqlite::memory:", url.source())?;
                }
            }
        }
        Ok(self)
    }

    /// The databases as targets.
    pub(crate) async fn targets<DB: Backend>(&self) -> Result<Targets<DB>, Failure> {
        let targets = match &self.kind {
            Kind::Databases(databases) => {
                let targets = databases.iter().map(target::<DB>);
                Targets::new(targets.collect::<Result<Vec<_>, _>>()?)
            }
            Kind::Schemas { of, pattern } => schemas(of, pattern).await?,
        };
        Ok(match self.parallel {
            Some(parallel) => targets.parallel(parallel),
            None => targets,
        })
    }
}

fn named(url: DatabaseUrl) -> Result<(String, DatabaseUrl), Failure> {
    url.check_outlives_command()?;
    Ok((url.to_string(), url))
}

fn target<DB: Backend>((name, url): &(String, DatabaseUrl)) -> Result<Target<DB>, Failure> {
    url.check_is_for::<DB>()?;
    Ok(Target::new(name, parse::<DB>(url)?))
}

async fn schemas<DB: Backend>(url: &DatabaseUrl, pattern: &str) -> Result<Targets<DB>, Failure> {
    url.check_is_for::<DB>()?;
    let options = parse::<DB>(url)?;
    if Target::<DB>::schema(&options, "").is_none() {
        return Err(Failure::new(
            "--each-schema is for PostgreSQL, and this app is built for SQLite",
        )
        .help("where each tenant has a file, list the files: --databases FILE"));
    }
    Targets::schemas(&options, pattern)
        .await
        .map_err(|error| match error {
            Error::NoSchemas { .. } => Failure::new(error.to_string()).help(format!(
                "% stands for any text and _ for any character; the schemas are looked for in {url}"
            )),
            error => url.failure(&error),
        })
}
