//! Between marginspec and your engine. Build with `cargo build --release`, run with `target/release/adapter`.
//!
//! Fill in one type of event after another. Amounts are texts: `units` makes whole numbers of them. Log with
//! `eprintln!`: on standard output only answers may stand.

mod engine_protocol;

use engine_protocol::{about, leaving_out, serve, unsupported, Engine, Event, Json, Unsupported};

struct Adapter;

impl Engine for Adapter {
    /// What is left out is not asked; leave out less as your engine has more.
    fn hello(&self) -> Json {
        leaving_out(about("my engine", "0.1", 2, &["batch"]), &["input_checks", "several_assets"])
    }

    /// Make an exchange without markets, accounts and money.
    fn start(&mut self) {}

    /// Answer `Ok(accepted(vec![("liquidated", texts(&["alice:USDT"]))]))` or `Ok(rejected("UNKNOWN_MARKET"))`.
    fn step(&mut self, event: &Event, _want: &str) -> Result<Json, Unsupported> {
        match event.kind.as_str() {
            other => Ok(unsupported(other)),
        }
    }
}

fn main() -> std::io::Result<()> {
    serve(&mut Adapter)
}
