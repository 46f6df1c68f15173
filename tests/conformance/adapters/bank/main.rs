//! A bank by means of the kit: it keeps wallets, and calls a mark a liquidation.

mod engine_protocol;

use std::any::Any;
use std::collections::BTreeMap;

use engine_protocol::*;

#[derive(Default)]
struct Adapter {
    cash: BTreeMap<String, i64>,
    leverage: i64,
    books: Books,
    decimals: usize,
    numbers: Numbers,
    rows: Vec<Bracket>,
}

impl Engine for Adapter {
    fn hello(&self) -> Json {
        leaving_out(about("bank", "1", 4, &["batch"]), &["ADL-02", "ADL-06"])
    }

    fn configure(&mut self, header: &Json) -> Json {
        self.decimals = decimals_of(header, "USD");
        ok()
    }

    fn start(&mut self) {
        *self = Adapter { decimals: self.decimals, ..Adapter::default() };
    }

    fn save(&self) -> Box<dyn Any> {
        Box::new(self.cash.clone())
    }

    fn restore(&mut self, saved: Box<dyn Any>) {
        self.cash = *saved.downcast().expect("what was saved");
    }

    fn step(&mut self, event: &Event, _want: &str) -> Result<Json, Unsupported> {
        let (mut liquidated, mut quantities) = (vec![], Figures::new());
        let wallet = format!("wallet:{}:{}", event.account, event.asset);
        let held = position("alice", &event.market, "BOTH");
        match event.kind.as_str() {
            "list_market" => (self.leverage, self.rows) = (default_leverage(&event.tiers), event.brackets()?),
            "deposit" => *self.cash.entry(wallet).or_default() += units(&event.amount, self.decimals)?,
            "withdraw" => {
                let amount = units(&event.amount, self.decimals)?;
                if self.cash.get(&wallet).is_none_or(|cash| *cash < amount) {
                    return Ok(rejected("INSUFFICIENT_BALANCE"));
                }
                *self.cash.entry(wallet).or_default() -= amount;
            }
            "mark_price" => {
                let others = ["alice:USD", "alice:A.B:BOTH:EUR", "alice:A:BOTH:EUR", "al:USD"].map(str::to_string);
                liquidated = in_order([vec![domain(&held, "USD")], others.to_vec()].concat());
                quantities.insert(held, decimal(-self.leverage, 1));
            }
            "trade" => {
                let (taker, maker) = event.parties();
                *self.cash.entry(format!("wallet:{taker}:USD")).or_default() += event.money(&event.price)?;
                if event.price == "13" {
                    return Ok(rejected(""));
                }
                let quantity = self.rows[self.rows.len() - 1].deduction + self.numbers.of(maker) as i64;
                quantities.insert(position(taker, &event.market, "BOTH"), decimal(quantity, event.scales().1));
                liquidated = vec![domain(self.numbers.name(1), "USD")];
            }
            other => return Ok(unsupported(other)),
        }
        let ledger = self.cash.iter().map(|(name, money)| (name.clone(), decimal(*money, self.decimals))).collect();
        let changes = self.books.changes(event, ledger, quantities, Figures::new())?;
        Ok(accepted(vec![("liquidated", texts(&liquidated)), ("changes", changes)]))
    }
}

fn main() -> std::io::Result<()> {
    serve(&mut Adapter::default())
}
