//! What crosses services: end to end, chaos and load, with real servers.
//!
//! This library starts the real parts that the tests need, each on its own port and in its own folder, and ends them
//! when it is dropped, even when a test fails: Apache Kafka ([`kafka`]), PostgreSQL ([`postgres`]), Alertmanager ([`alertmanager`]), a mail server ([`mail`]), the bundled broker and
//! Faultline's own roles as child processes ([`faultline`]).
//!
//! `FAULTLINE_TEST_KAFKA` and `FAULTLINE_TEST_POSTGRES` name servers to be used instead of starting them. Tests that need
//! the `shared` folder beside the checkout say so and pass where it is missing ([`shared`]).

#![expect(clippy::print_stdout, reason = "tests say in plain sight what they skip")]

pub mod alertmanager;
pub mod faultline;
pub mod http;
pub mod kafka;
pub mod mail;
pub mod postgres;
pub mod process;
pub mod shared;
pub mod site;
pub mod stack;
pub mod topics;
