//! The engine protocol of marginspec, version 1: JSON, and the loop that hands each request to an engine.

#![allow(dead_code)] // an adapter need not use all of it

use std::fmt::Write as _;
use std::io::{self, BufRead, Write as _};
use std::panic::{catch_unwind, AssertUnwindSafe};

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

pub fn texts(given: &[&str]) -> Json {
    Json::List(given.iter().map(|one| text(one)).collect())
}

/// An answer of a kind, with its fields.
pub fn answer(kind: &str, fields: Vec<(&str, Json)>) -> Json {
    let mut made = vec![("answer".to_string(), text(kind))];
    made.extend(fields.into_iter().map(|(name, value)| (name.to_string(), value)));
    Json::Object(made)
}

pub fn ok() -> Json {
    answer("ok", vec![])
}

pub fn rejected(reason: &str) -> Json {
    answer("rejected", vec![("reason", text(reason))])
}

pub fn unsupported(capability: &str) -> Json {
    answer("unsupported", vec![("capability", text(capability))])
}

/// What an engine answers; whatever it does not have of its own is unsupported.
pub trait Engine {
    fn hello(&self) -> Json;

    fn configure(&mut self, _header: &Json) -> Json {
        ok()
    }

    /// Begin anew; the state is null for an exchange without anything.
    fn reset(&mut self, state: &Json) -> Json {
        if *state == Json::Null {
            ok()
        } else {
            unsupported("reset_state")
        }
    }

    /// The answer to one event; `want` says how much a result tells.
    fn step(&mut self, event: &Json, _want: &str) -> Json {
        unsupported(event.get("type").text())
    }

    fn state(&self) -> Json {
        unsupported("state")
    }

    fn calc(&self, _question: &Json) -> Json {
        unsupported("calc")
    }
}

/// Answer requests until `stop`.
pub fn serve(engine: &mut dyn Engine) -> io::Result<()> {
    let mut output = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let request = parse(&line?).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
        let mut answered = vec![("id".to_string(), request.get("id").clone())];
        if let Json::Object(fields) = answer_to(engine, &request) {
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

/// The answer to one event; a panic is the engine's word that it failed at it, and is told on standard error.
fn step(engine: &mut dyn Engine, event: &Json, want: &str) -> Json {
    catch_unwind(AssertUnwindSafe(|| engine.step(event, want)))
        .unwrap_or_else(|_| answer("errored", vec![("message", text("it panicked, see standard error"))]))
}

fn answer_to(engine: &mut dyn Engine, request: &Json) -> Json {
    let want = request.get("want").text();
    match request.get("do").text() {
        "hello" => engine.hello(),
        "configure" => engine.configure(request.get("header")),
        "reset" => engine.reset(request.get("state")),
        "step" => step(engine, request.get("event"), want),
        "batch" => {
            let answers = request.get("events").members().iter().map(|event| step(engine, event, want)).collect();
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
