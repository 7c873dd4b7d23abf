//! A database of each test's own, in either store.

use std::path::Path;

use faultline_platform::config::Secret;
use faultline_sink::{Item, Position, Prepared, SinkSettings, Store};
use faultline_tests::postgres::{Database, Postgres};
use sqlx::Connection as _;

/// A database of a test's own.
pub(crate) enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(Database),
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(Postgres::shared().unwrap().create_database().unwrap())
    }

    pub(crate) fn settings(&self) -> SinkSettings {
        match self {
            Self::Sqlite(_) => SinkSettings::default(),
            Self::Postgres(database) => SinkSettings { url: Secret::from(database.url()), ..SinkSettings::default() },
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::Sqlite(folder) => folder.path(),
            Self::Postgres(_) => Path::new(""),
        }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.settings(), self.folder()).await.unwrap()
    }

    /// Makes the database refuse articles of source `poison`.
    #[allow(dead_code, reason = "not every test file breaks its database")]
    pub(crate) async fn poison(&self) {
        match self {
            Self::Sqlite(folder) => {
                let mut connection = connect(folder.path()).await;
                sqlx::raw_sql(
                    "CREATE TRIGGER poison BEFORE INSERT ON articles WHEN NEW.source = 'poison' \
                     BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
                )
                .execute(&mut connection)
                .await
                .unwrap();
            }
            Self::Postgres(database) => {
                database.execute("ALTER TABLE articles ADD CONSTRAINT poisoned CHECK (source <> 'poison')").unwrap();
            }
        }
    }
}

pub(crate) async fn connect(folder: &Path) -> sqlx::SqliteConnection {
    sqlx::SqliteConnection::connect(&format!("sqlite:{}", folder.join("faultline.sqlite").display())).await.unwrap()
}

/// Each test, once in each store.
#[macro_export]
macro_rules! in_both_stores {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::place::Place::sqlite()).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::place::Place::postgres()).await; })*
        }
    };
}

pub(crate) fn item(store: &Store, offset: i64, document: &serde_json::Value) -> Item {
    let rows = Prepared::new(document.to_string().as_bytes(), store.dialect(), 1_660_000_000_000).unwrap();
    Item { position: Position { topic: "faultline.enriched".into(), partition: 0, offset, restarted: false }, rows }
}

/// Messages of one partition, from `first` on.
pub(crate) fn items(store: &Store, first: i64, documents: &[serde_json::Value]) -> Vec<Item> {
    documents.iter().zip(first..).map(|(document, offset)| item(store, offset, document)).collect()
}
