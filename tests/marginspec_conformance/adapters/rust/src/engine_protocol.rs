//! The engine protocol of marginspec, version 1: the loop that hands each request to an engine, and what adapters need.

#![allow(dead_code)] // an adapter need not use all of it

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, Write as _};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::Rc;

/// A value of JSON; every amount is a text, so numbers are whole.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Whole(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// A field of an object; null if it has none of that name.
    pub fn get(&self, name: &str) -> &Json {
        match self {
            Json::Object(fields) => fields.iter().find(|field| field.0 == name).map_or(&Json::Null, |field| &field.1),
            _ => &Json::Null,
        }
    }

    /// A text; empty for anything else.
    pub fn text(&self) -> &str {
        match self {
            Json::Text(text) => text,
            _ => "",
        }
    }

    /// A whole number; zero for anything else.
    pub fn whole(&self) -> i64 {
        match self {
            Json::Whole(given) => *given,
            _ => 0,
        }
    }

    /// The members of a list; none for anything else.
    pub fn members(&self) -> &[Json] {
        match self {
            Json::List(members) => members,
            _ => &[],
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(given) => out.push_str(if *given { "true" } else { "false" }),
            Json::Whole(given) => write!(out, "{given}").expect("a String takes any text"),
            Json::Text(given) => write_text(given, out),
            Json::List(members) => {
                out.push('[');
                for (at, member) in members.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    member.write(out);
                }
                out.push(']');
            }
            Json::Object(fields) => {
                out.push('{');
                for (at, (name, value)) in fields.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    write_text(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for one in text.chars() {
        match one {
            '"' | '\\' => out.extend(['\\', one]),
            '\0'..='\x1f' => write!(out, "\\u{:04x}", one as u32).expect("a String takes any text"),
            _ => out.push(one),
        }
    }
    out.push('"');
}

pub fn text(given: &str) -> Json {
    Json::Text(given.to_string())
}

pub fn texts<S: AsRef<str>>(given: &[S]) -> Json {
    Json::List(given.iter().map(|one| text(one.as_ref())).collect())
}

/// An answer of a kind, with its fields.
pub fn answer(kind: &str, fields: Vec<(&str, Json)>) -> Json {
    let mut made = vec![("answer".to_string(), text(kind))];
    made.extend(fields.into_iter().map(|(name, value)| (name.to_string(), value)));
    Json::Object(made)
}

/// What an engine says of itself.
pub fn about(name: &str, version: &str, level: i64, capabilities: &[&str]) -> Json {
    answer(
        "hello",
        vec![
            ("protocol", Json::Whole(1)),
            ("name", text(name)),
            ("version", text(version)),
            ("language", text("Rust")),
            ("rulebook", text("2")),
            ("level", Json::Whole(level)),
            ("capabilities", texts(capabilities)),
        ],
    )
}

/// The same, with the clauses that the engine does not follow.
pub fn leaving_out(mut hello: Json, clauses: &[&str]) -> Json {
    if let Json::Object(fields) = &mut hello {
        fields.push(("left_out".to_string(), texts(clauses)));
    }
    hello
}

/// Nobody is liquidated, deleveraged or levied but whom the fields name.
pub fn accepted(fields: Vec<(&str, Json)>) -> Json {
    let mut made = fields;
    for name in ["liquidated", "deleveraged", "levied"] {
        if !made.iter().any(|field| field.0 == name) {
            made.push((name, Json::List(vec![])));
        }
    }
    answer("result", made)
}

pub fn ok() -> Json {
    answer("ok", vec![])
}

/// For one of the rulebook's reasons; an unknown one is never the right one.
pub fn rejected(reason: &str) -> Json {
    let known = if reason.is_empty() { "NO_REASON_OF_THE_RULEBOOK" } else { reason };
    answer("rejected", vec![("reason", text(known))])
}

pub fn unsupported(capability: &str) -> Json {
    answer("unsupported", vec![("capability", text(capability))])
}

/// The engine has nothing for what is asked; as the error of `step`, it is the answer.
#[derive(Debug)]
pub struct Unsupported(pub String);

/// A decimal text counted in 10^-decimals; Unsupported if it is finer, or beyond 64 bits.
pub fn units(text: &str, decimals: usize) -> Result<i64, Unsupported> {
    i64::try_from(wide_units(text, decimals)?).map_err(|_| Unsupported("big numbers".to_string()))
}

fn wide_units(text: &str, decimals: usize) -> Result<i128, Unsupported> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<decimals$}");
    if part[decimals..].trim_matches('0') != "" {
        return Err(Unsupported("finer amounts".to_string()));
    }
    format!("{whole}{}", &part[..decimals]).parse().map_err(|_| Unsupported("big numbers".to_string()))
}

/// What is counted in 10^-decimals as a decimal text, in its shortest form.
pub fn decimal(counted: impl Into<i128>, decimals: usize) -> String {
    let counted = counted.into();
    let digits = format!("{:0>width$}", counted.unsigned_abs(), width = decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    shortest(&format!("{}{whole}.{part}", if counted < 0 { "-" } else { "" }))
}

/// A decimal text in its shortest form: `1.5` for `1.50`, `0` for `-0.0`.
pub fn shortest(text: &str) -> String {
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    if short == "-0" { "0" } else { short }.to_string()
}

/// The decimals of an asset: those that the header says, else eight.
pub fn decimals_of(header: &Json, asset: &str) -> usize {
    match header.get("assets").get(asset).get("decimals") {
        Json::Whole(decimals) => *decimals as usize,
        _ => 8,
    }
}

/// The leverage of an account that set none: 20, or the first tier's maximum if that is less.
pub fn default_leverage(tiers: &[Tier]) -> i64 {
    tiers[0].max_leverage.min(20)
}

/// The name of a position; its side is BOTH in one-way mode.
pub fn position(account: &str, market: &str, side: &str) -> String {
    format!("{account}:{market}:{side}")
}

/// The name of a margin domain: of an account if it is cross, of a position if it is isolated.
pub fn domain(owner: &str, asset: &str) -> String {
    format!("{owner}:{asset}")
}

/// Margin domains in the order in which they are liquidated: by account, asset, market and side, cross first.
pub fn in_order(mut domains: Vec<String>) -> Vec<String> {
    domains.sort_by_cached_key(|name| {
        let mut parts: Vec<String> = name.split(':').map(str::to_string).collect();
        parts[1..].rotate_right(1);
        parts
    });
    domains
}

/// A row of a market's table.
#[derive(Clone, Debug, Default)]
pub struct Tier {
    pub floor: String,
    pub max_leverage: i64,
    pub maintenance_rate: String,
}

macro_rules! event {
    ($($word:ident),*; $($number:ident),*) => {
        /// The fields of all events; amounts are texts, and what an event does not have is empty.
        #[derive(Clone, Debug, Default)]
        pub struct Event {
            pub kind: String,
            pub reduce_only: bool,
            pub tiers: Vec<Tier>,
            /// The listing of the event's market, if it is listed.
            pub listing: Option<Rc<Event>>,
            /// The decimals of the event's asset, or of its market's.
            pub decimals: usize,
            $(pub $word: String,)*
            $(pub $number: i64,)*
        }

        impl Event {
            fn of(given: &Json) -> Event {
                Event {
                    kind: given.get("type").text().to_string(),
                    reduce_only: *given.get("reduce_only") == Json::Bool(true),
                    tiers: given.get("tiers").members().iter().map(Tier::of).collect(),
                    listing: None,
                    decimals: 8,
                    $($word: given.get(stringify!($word)).text().to_string(),)*
                    $($number: given.get(stringify!($number)).whole(),)*
                }
            }
        }
    };
}

event!(
    market, asset, account, buyer, seller, taker, counterparty, side, order, mode, amount, price, quantity, rate, tick,
    taker_fee, maker_fee, insurance_fee_share, clearance_fee, price_band, fill_band, funding_cap, position_limit,
    position_side, buyer_side, seller_side, counterparty_side, buyer_order, seller_order, buyer_fee, seller_fee,
    counterparty_fee; leverage, price_decimals, quantity_decimals
);

/// A row of a market's table as venues have it; all but `rate`, which is in 10^-8, counts quanta.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bracket {
    pub floor: i64,
    pub ceiling: i64,
    pub rate: i64,
    pub deduction: i64,
    pub max_leverage: i64,
}

impl Event {
    /// An amount counted in quanta of the event's asset, or of its market's; Unsupported if it is finer.
    pub fn money(&self, text: &str) -> Result<i64, Unsupported> {
        units(text, self.decimals)
    }

    /// The decimals of prices and of quantities of the event's market.
    pub fn scales(&self) -> (usize, usize) {
        self.listing.as_ref().map_or((8, 8), |one| (one.price_decimals as usize, one.quantity_decimals as usize))
    }

    /// The taker and the maker of a trade.
    pub fn parties(&self) -> (&str, &str) {
        if self.taker == "buyer" { (&self.buyer, &self.seller) } else { (&self.seller, &self.buyer) }
    }

    /// The rows of a listing or of new tiers (MKT-02), the ceiling of the last the most that 64 bits hold; Unsupported
    /// if a deduction is no whole number of quanta.
    pub fn brackets(&self) -> Result<Vec<Bracket>, Unsupported> {
        let (mut rows, mut deduction, mut rate) = (Vec::<Bracket>::new(), 0i128, 0i64);
        for tier in &self.tiers {
            let (floor, before) = (self.money(&tier.floor)?, rate);
            rate = units(&tier.maintenance_rate, 8)?;
            deduction += i128::from(floor) * i128::from(rate - before);
            let whole = i64::try_from(deduction / 100_000_000).unwrap_or(-1);
            if i128::from(whole) * 100_000_000 != deduction {
                return Err(Unsupported("finer deductions".to_string()));
            }
            if let Some(last) = rows.last_mut() {
                last.ceiling = floor;
            }
            let max_leverage = tier.max_leverage;
            rows.push(Bracket { floor, ceiling: i64::MAX, rate, deduction: whole, max_leverage });
        }
        Ok(rows)
    }

    /// The event with its market's listing, and what amounts of its asset are counted in.
    fn completed(mut self, talk: &Conversation) -> Event {
        self.listing = talk.listed.get(&self.market).cloned();
        let of_market = self.listing.as_ref().map_or("", |one| &one.asset);
        self.decimals = decimals_of(&talk.header, if self.asset.is_empty() { of_market } else { &self.asset });
        self
    }
}

impl Tier {
    fn of(given: &Json) -> Tier {
        Tier {
            floor: given.get("floor").text().to_string(),
            max_leverage: given.get("max_leverage").whole(),
            maintenance_rate: given.get("maintenance_rate").text().to_string(),
        }
    }
}

/// Names as whole numbers from 1 on, for engines that name nothing.
#[derive(Clone, Default)]
pub struct Numbers {
    names: Vec<String>,
}

impl Numbers {
    /// The number of a name, a new one if it has none.
    pub fn of(&mut self, name: &str) -> usize {
        self.names.iter().position(|one| one == name).unwrap_or_else(|| {
            self.names.push(name.to_string());
            self.names.len() - 1
        }) + 1
    }

    /// The name that has a number.
    pub fn name(&self, number: usize) -> &str {
        &self.names[number - 1]
    }
}

/// Balances, quantities or claims, by name.
pub type Figures = BTreeMap<String, String>;

/// An engine's balances from event to event, and the money that came from outside.
#[derive(Default)]
pub struct Books {
    outside: BTreeMap<String, i128>, // in 10^-8 of each asset, which 64 bits do not hold of all amounts
    before: [Figures; 3],
}

impl Books {
    /// What an accepted event changed; all balances after it, by name, are given, but for `external`.
    pub fn changes(
        &mut self,
        event: &Event,
        mut ledger: Figures,
        positions: Figures,
        claims: Figures,
    ) -> Result<Json, Unsupported> {
        let way = match event.kind.as_str() {
            "deposit" | "fund_insurance" => -1,
            "withdraw" | "withdraw_house" => 1,
            _ => 0,
        };
        if way != 0 {
            *self.outside.entry(event.asset.clone()).or_default() += way * wide_units(&event.amount, 8)?;
        }
        for (asset, counted) in &self.outside {
            ledger.insert(format!("external:{asset}"), decimal(*counted, 8));
        }
        let mut changed = vec![];
        for (at, (kind, given)) in [("ledger", ledger), ("positions", positions), ("claims", claims)].into_iter().enumerate() {
            let before = &mut self.before[at];
            let mut after: Figures = before.keys().map(|name| (name.clone(), "0".to_string())).collect();
            after.extend(given.into_iter().map(|(name, text)| (name, shortest(&text))));
            let differing = after
                .iter()
                .filter(|(name, text)| before.get(*name).map_or("0", String::as_str) != text.as_str())
                .map(|(name, text)| (name.clone(), Json::Text(text.clone())))
                .collect();
            changed.push((kind.to_string(), Json::Object(differing)));
            *before = after;
        }
        Ok(Json::Object(changed))
    }
}

/// What an engine answers; whatever it does not have of its own is unsupported.
pub trait Engine {
    fn hello(&self) -> Json;

    fn configure(&mut self, _header: &Json) -> Json {
        ok()
    }

    /// Make an exchange without markets, accounts and money.
    fn start(&mut self);

    /// Begin anew; the state is null for an exchange without anything.
    fn reset(&mut self, state: &Json) -> Json {
        if *state != Json::Null {
            return unsupported("reset_state");
        }
        self.start();
        ok()
    }

    /// The answer to one event; `want` says how much a result tells.
    fn step(&mut self, event: &Event, _want: &str) -> Result<Json, Unsupported> {
        Err(Unsupported(event.kind.clone()))
    }

    /// What `restore` needs to bring the exchange back where it is, by copy; asked for before each event.
    fn save(&self) -> Box<dyn Any> {
        Box::new(())
    }

    /// Bring the exchange back to where it was saved; called after each event that is not accepted.
    fn restore(&mut self, _saved: Box<dyn Any>) {}

    fn state(&self) -> Json {
        unsupported("state")
    }

    fn calc(&self, _question: &Json) -> Json {
        unsupported("calc")
    }
}

/// What the loop keeps of an exchange: its header, and the markets that were listed.
struct Conversation {
    header: Json,
    listed: BTreeMap<String, Rc<Event>>,
}

/// Answer requests until `stop`.
pub fn serve(engine: &mut dyn Engine) -> io::Result<()> {
    let mut talk = Conversation { header: Json::Null, listed: BTreeMap::new() };
    let mut output = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let request = parse(&line?).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
        let mut answered = vec![("id".to_string(), request.get("id").clone())];
        if let Json::Object(fields) = answer_to(engine, &request, &mut talk) {
            answered.extend(fields);
        }
        let mut text = String::new();
        Json::Object(answered).write(&mut text);
        writeln!(output, "{text}")?;
        output.flush()?;
        if request.get("do").text() == "stop" {
            break;
        }
    }
    Ok(())
}

/// The answer to one event, which changes nothing unless it is accepted; a panic is the engine's word that it failed at
/// it, and is told on standard error.
fn step(engine: &mut dyn Engine, event: &Json, want: &str, talk: &mut Conversation) -> Json {
    let (saved, event) = (engine.save(), Event::of(event).completed(talk));
    let stepped = catch_unwind(AssertUnwindSafe(|| engine.step(&event, want)));
    let answered = match stepped {
        Ok(Ok(answered)) => answered,
        Ok(Err(lacking)) => unsupported(&lacking.0),
        Err(_) => answer("errored", vec![("message", text("it panicked, see standard error"))]),
    };
    if answered.get("answer").text() != "result" {
        engine.restore(saved);
    } else if event.kind == "list_market" {
        talk.listed.insert(event.market.clone(), Rc::new(event));
    }
    answered
}

fn answer_to(engine: &mut dyn Engine, request: &Json, talk: &mut Conversation) -> Json {
    let want = request.get("want").text();
    match request.get("do").text() {
        "hello" => engine.hello(),
        "configure" => {
            talk.header = request.get("header").clone();
            engine.configure(&talk.header)
        }
        "reset" => {
            talk.listed.clear();
            engine.reset(request.get("state"))
        }
        "step" => step(engine, request.get("event"), want, talk),
        "batch" => {
            let events = request.get("events").members().iter();
            let answers = events.map(|event| step(engine, event, want, talk)).collect();
            answer("batch", vec![("answers", Json::List(answers))])
        }
        "state" => engine.state(),
        "calc" => engine.calc(request.get("question")),
        "stop" => ok(),
        other => unsupported(other),
    }
}

/// A value from its JSON text; what is wrong, and at which character, if it is none.
pub fn parse(text: &str) -> Result<Json, String> {
    let mut reader = Reader { text: text.chars().collect(), at: 0 };
    reader.value()
}

struct Reader {
    text: Vec<char>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> char {
        while self.at < self.text.len() && self.text[self.at].is_whitespace() {
            self.at += 1;
        }
        self.peek()
    }

    fn peek(&self) -> char {
        self.text.get(self.at).copied().unwrap_or('\0')
    }

    fn fail<T>(&self) -> Result<T, String> {
        Err(format!("no JSON at character {}", self.at))
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, String> {
        if self.text[self.at..].iter().take(word.len()).collect::<String>() != word {
            return self.fail();
        }
        self.at += word.len();
        Ok(value)
    }

    fn value(&mut self) -> Result<Json, String> {
        match self.next() {
            '{' => self.object(),
            '[' => self.list(),
            '"' => Ok(Json::Text(self.string()?)),
            't' => self.word("true", Json::Bool(true)),
            'f' => self.word("false", Json::Bool(false)),
            'n' => self.word("null", Json::Null),
            _ => {
                let start = self.at;
                while self.peek() == '-' || self.peek().is_ascii_digit() {
                    self.at += 1;
                }
                let digits: String = self.text[start..self.at].iter().collect();
                digits.parse().map(Json::Whole).or_else(|_| self.fail())
            }
        }
    }

    /// Whether another member follows; passes the comma, or the end.
    fn more(&mut self, end: char) -> Result<bool, String> {
        let found = self.next();
        self.at += 1;
        match found {
            ',' => Ok(true),
            _ if found == end => Ok(false),
            _ => self.fail(),
        }
    }

    fn object(&mut self) -> Result<Json, String> {
        let mut fields = vec![];
        self.at += 1;
        if self.next() == '}' {
            self.at += 1;
            return Ok(Json::Object(fields));
        }
        loop {
            self.next();
            let name = self.string()?;
            if self.next() != ':' {
                return self.fail();
            }
            self.at += 1;
            fields.push((name, self.value()?));
            if !self.more('}')? {
                return Ok(Json::Object(fields));
            }
        }
    }

    fn list(&mut self) -> Result<Json, String> {
        let mut members = vec![];
        self.at += 1;
        if self.next() == ']' {
            self.at += 1;
            return Ok(Json::List(members));
        }
        loop {
            members.push(self.value()?);
            if !self.more(']')? {
                return Ok(Json::List(members));
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let mut made = String::new();
        if self.peek() != '"' {
            return self.fail();
        }
        loop {
            self.at += 1;
            match self.peek() {
                '"' => break,
                '\0' => return self.fail(),
                '\\' => {
                    self.at += 1;
                    made.push(self.escaped()?);
                }
                one => made.push(one),
            }
        }
        self.at += 1;
        Ok(made)
    }

    fn escaped(&mut self) -> Result<char, String> {
        match self.peek() {
            'b' => Ok('\x08'),
            'f' => Ok('\x0c'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'u' => {
                let digits: String = self.text.iter().skip(self.at + 1).take(4).collect();
                self.at += 4;
                u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).map_or_else(|| self.fail(), Ok)
            }
            other => Ok(other),
        }
    }
}
