//! The app's own types: an account, and what people see of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{EventUpcaster, SemanticVersionEventUpcaster};
use cqrs_es::{Aggregate, DomainEvent, EventEnvelope, View};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An account.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Account {
    open: bool,
    balance: i64,
}

/// What can be asked of it.
#[derive(Clone, Debug)]
pub enum AccountCommand {
    /// Open it.
    Open,
    /// Put money in.
    Deposit {
        /// How much.
        amount: i64,
    },
    /// Put money in, in two events.
    DepositTwice {
        /// How much each time.
        amount: i64,
    },
    /// Take money out.
    Withdraw {
        /// How much.
        amount: i64,
    },
    /// Nothing, which leads to no event.
    Nothing,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AccountEvent {
    /// It was opened.
    Opened,
    /// Money was put in.
    Deposited {
        /// How much.
        amount: i64,
        /// Of what. Version 1.0 of the event did not say.
        currency: String,
    },
    /// Money was taken out.
    Withdrawn {
        /// How much.
        amount: i64,
    },
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// It has to be opened first.
    #[error("the account is not open")]
    NotOpen,
    /// There is not enough in it.
    #[error("there are only {0} in the account")]
    NotEnough(i64),
}

/// The bank, a service.
#[derive(Clone, Default)]
pub struct Bank {
    asked: Arc<AtomicUsize>,
    meanwhile: Option<Meanwhile>,
}

type Meanwhile = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

impl Bank {
    /// A bank that does something while it is asked.
    pub fn meanwhile(action: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static) -> Self {
        Self {
            meanwhile: Some(Arc::new(action)),
            ..Self::default()
        }
    }

    /// How often it was asked.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    async fn ask(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if let Some(action) = &self.meanwhile {
            action().await;
        }
    }
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = AccountCommand;
    type Event = AccountEvent;
    type Error = AccountError;
    type Services = Bank;

    async fn handle(
        &mut self,
        command: AccountCommand,
        bank: &Bank,
        sink: &EventSink<Self>,
    ) -> Result<(), AccountError> {
        bank.ask().await;
        let deposited = |amount| AccountEvent::Deposited {
            amount,
            currency: "EUR".to_owned(),
        };
        match command {
            AccountCommand::Open => sink.write(AccountEvent::Opened, self).await,
            _ if !self.open => return Err(AccountError::NotOpen),
            AccountCommand::Deposit { amount } => sink.write(deposited(amount), self).await,
            AccountCommand::DepositTwice { amount } => {
                sink.write(deposited(amount), self).await;
                sink.write(deposited(amount), self).await;
            }
            AccountCommand::Withdraw { amount } if amount > self.balance => {
                return Err(AccountError::NotEnough(self.balance));
            }
            AccountCommand::Withdraw { amount } => {
                sink.write(AccountEvent::Withdrawn { amount }, self).await;
            }
            AccountCommand::Nothing => {}
        }
        Ok(())
    }

    fn apply(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::Opened => self.open = true,
            AccountEvent::Deposited { amount, .. } => self.balance += amount,
            AccountEvent::Withdrawn { amount } => self.balance -= amount,
        }
    }
}

impl DomainEvent for AccountEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Opened => "opened",
            Self::Deposited { .. } => "deposited",
            Self::Withdrawn { .. } => "withdrawn",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        match self {
            Self::Deposited { .. } => "2.0.0",
            _ => "1.0",
        }
        .to_owned()
    }
}

/// What makes the events of old ones.
#[must_use]
pub fn upcasters() -> Vec<Box<dyn EventUpcaster>> {
    let currency = |mut payload: serde_json::Value| {
        payload["Deposited"]["currency"] = json!("DEM");
        payload
    };
    let currency = SemanticVersionEventUpcaster::new("deposited", "2.0.0", Box::new(currency));
    vec![Box::new(currency)]
}

/// What people see of an account: its balance, and all that has happened, with who did it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct AccountView {
    balance: i64,
    history: Vec<String>,
}

impl View<Account> for AccountView {
    fn update(&mut self, event: &EventEnvelope<Account>) {
        match &event.payload {
            AccountEvent::Opened => {}
            AccountEvent::Deposited { amount, .. } => self.balance += amount,
            AccountEvent::Withdrawn { amount } => self.balance -= amount,
        }
        let who = event.metadata.get("who").map_or("nobody", String::as_str);
        let what = event.payload.event_type();
        self.history
            .push(format!("{} {what} by {who}", event.sequence));
    }
}
