//! Between marginspec and your engine. Build with `cargo build --release`, run with `target/release/adapter`.
//!
//! Fill in one type of event after another. Amounts are texts: make whole numbers of them, never `f64`. Log with
//! `eprintln!`: on standard output only answers may stand.

mod engine_protocol;

use engine_protocol::{answer, ok, serve, text, texts, unsupported, Engine, Json};

struct Adapter;

impl Engine for Adapter {
    fn hello(&self) -> Json {
        answer(
            "hello",
            vec![
                ("protocol", Json::Whole(1)),
                ("name", text("my engine")),
                ("version", text("0.1")),
                ("language", text("Rust")),
                ("rulebook", text("2")),
                ("level", Json::Whole(2)),
                ("capabilities", texts(&["batch"])),
            ],
        )
    }

    fn reset(&mut self, state: &Json) -> Json {
        if *state != Json::Null {
            return unsupported("reset_state");
        }
        // Make an exchange without markets, accounts and money.
        ok()
    }

    /// Answer
    /// `answer("result", vec![("liquidated", texts(&[])), ("deleveraged", texts(&[])), ("levied", texts(&[]))])` or
    /// `engine_protocol::rejected("UNKNOWN_MARKET")`.
    fn step(&mut self, event: &Json, _want: &str) -> Json {
        match event.get("type").text() {
            other => unsupported(other),
        }
    }
}

fn main() -> std::io::Result<()> {
    serve(&mut Adapter)
}
