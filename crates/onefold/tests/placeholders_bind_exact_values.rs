//! What a placeholder binds is what was sent: exact digits, no NULL where something is missing, and no value that
//! ever becomes part of a statement.
#![cfg(feature = "sqlite")]

use onefold::Record;
use onefold::placeholders::{Bind, Condition, Fields, Form, Hole, Mark, Path, Poison, Scalar, Statement, Template};

const VALUE: &str = r#"{"id":"a-1","data":{"user_id":"u-1","amount":250,"big":9223372036854775807,
  "huge":12345678901234567890,"price":12.30,"exact":12345678901234567890.123456,"tags":["a",{"b":1}],"ok":true,
  "none":null,"note":"O'Hara {x}","esc\u0061ped":"\u00e9\n","a.b":7,"twice":1,"twice":2,"far":1e400}}"#;

fn record() -> Record {
    Record::new("payments", Some(b"u-1"), Some(VALUE.as_bytes())).with_header("trace", "t-9")
}

fn bind(hole: &str) -> Result<Bind, Poison> {
    Bind::of(&Hole::parse(hole).expect("a placeholder"), &Fields::of(&record()))
}

#[test]
fn numbers_keep_their_digits() {
    assert_eq!(bind("data.amount"), Ok(Bind::Int(250)));
    assert_eq!(bind("data.big"), Ok(Bind::Int(i64::MAX)));
    assert_eq!(bind("data.price"), Ok(Bind::Real(12.3)));
    assert_eq!(bind("data.price:text"), Ok(Bind::Text("12.30".into())));
    assert_eq!(bind("data.exact:text"), Ok(Bind::Text("12345678901234567890.123456".into())));
    assert_eq!(bind("data.huge:text"), Ok(Bind::Text("12345678901234567890".into())));
    assert!(matches!(bind("data.huge"), Err(Poison::TooLarge { .. })));
    assert!(matches!(bind("data.far"), Err(Poison::TooLarge { .. })));
}

#[test]
fn text_arrays_and_the_records_own_parts() {
    assert_eq!(bind("data.tags"), Ok(Bind::Text(r#"["a",{"b":1}]"#.into())));
    assert_eq!(bind("data.tags.1.b"), Ok(Bind::Int(1)));
    assert_eq!(bind("data.ok"), Ok(Bind::Int(1)));
    assert_eq!(bind("data.note"), Ok(Bind::Text("O'Hara {x}".into())));
    assert_eq!(bind("data.escaped"), Ok(Bind::Text("é\n".into())));
    assert_eq!(bind("data.\"a.b\""), Ok(Bind::Int(7)));
    assert_eq!(bind("data.twice"), Ok(Bind::Int(2)));
    assert_eq!(bind("@key"), Ok(Bind::Text("u-1".into())));
    assert_eq!(bind("@header.trace"), Ok(Bind::Text("t-9".into())));
    assert_eq!(bind("@offset"), Ok(Bind::Int(0)));
    assert_eq!(bind("@topic"), Ok(Bind::Text("payments".into())));
}

#[test]
fn what_is_missing_is_poison_unless_it_says_so() {
    assert_eq!(bind("data.gone"), Err(Poison::Missing { path: "data.gone".into() }));
    assert_eq!(bind("data.user_id.deeper"), Err(Poison::Missing { path: "data.user_id.deeper".into() }));
    assert_eq!(bind("data.gone?"), Ok(Bind::Null));
    assert_eq!(bind("data.none"), Ok(Bind::Null));
    assert_eq!(bind("@timestamp?"), Ok(Bind::Null));
}

#[test]
fn bytes_that_are_not_json_are_poison_even_when_optional() {
    for value in [&b"{\"a\":1"[..], b"", b"{\"a\":1} x", b"\xff", b"{\"a\":\"\xff\"}", b"[1,]"] {
        let record = Record::new("payments", None, Some(value));
        let bound = Bind::of(&Hole::parse("a?").expect("a placeholder"), &Fields::of(&record));
        assert!(matches!(bound, Err(Poison::NotJson(_))), "{value:?} gave {bound:?}");
    }
    let tombstone = Record::new("payments", None, None);
    assert_eq!(Fields::of(&tombstone).text(&Path::parse("a").expect("a path")), Err(Poison::NoValue));
}

#[test]
fn braces_in_strings_names_and_comments_are_left_alone() {
    let sql = "SELECT '{a}', \"{b}\", `{c}`, {data.x}, {{ -- {d}\n /* {e} */ $t$ {f} $t$, {data.x}, {data.y?}";
    let statement = Statement::compile(sql, Mark::Question).expect("compiles");
    assert_eq!(statement.sql, "SELECT '{a}', \"{b}\", `{c}`, ?1, { -- {d}\n /* {e} */ $t$ {f} $t$, ?1, ?2");
    assert!(Statement::compile("SELECT {data.x", Mark::Dollar).is_err());
    assert!(Statement::compile("SELECT 'open", Mark::Dollar).is_err());
    assert!(Statement::compile("SELECT {data..x}", Mark::Dollar).is_err());
    assert_eq!(Statement::compile("SELECT {@key}", Mark::Dollar).map(|s| s.sql), Ok("SELECT $1".into()));
}

#[test]
fn several_statements_are_told_apart() {
    let all = Statement::compile_all("INSERT INTO a VALUES (';', {x});\n-- done;\nDELETE FROM b; ", Mark::Question);
    let all: Vec<_> = all.expect("compiles").into_iter().map(|statement| statement.sql).collect();
    assert_eq!(all, ["INSERT INTO a VALUES (';', ?1)", "-- done;\nDELETE FROM b"]);
}

#[test]
fn a_hostile_value_stays_a_value() {
    let database = rusqlite::Connection::open_in_memory().expect("memory");
    database.execute_batch("CREATE TABLE t (v TEXT)").expect("creates");
    let value = r#"{"v":"x'); DROP TABLE t; --"}"#;
    let record = Record::new("t", None, Some(value.as_bytes()));
    let statement = Statement::compile("INSERT INTO t VALUES ({v})", Mark::Question).expect("compiles");
    let bound = statement.bind(&Fields::of(&record)).expect("binds");
    database.execute(&statement.sql, rusqlite::params_from_iter(bound)).expect("inserts");
    let stored: String = database.query_row("SELECT v FROM t", [], |row| row.get(0)).expect("is there");
    assert_eq!(stored, "x'); DROP TABLE t; --");
}

#[test]
fn templates_leave_json_as_it_is_written() {
    let record = record();
    let render = |text: &str, form| Template::parse(text).expect("parses").render(&Fields::of(&record), form);
    let body =
        r#"{"user": {data.user_id}, "cents": {data.amount}, "empty": {}, "gone": {data.gone?}, "n": {data.note:text}}"#;
    let expected = r#"{"user": "u-1", "cents": 250, "empty": {}, "gone": null, "n": O'Hara {x}}"#;
    assert_eq!(render(body, Form::Json).as_deref(), Ok(expected));
    assert_eq!(render("Bearer {data.user_id} {{a}", Form::Text).as_deref(), Ok("Bearer u-1 {a}"));
    assert_eq!(render("http://h/{data.note}?k={@key}", Form::Url).as_deref(), Ok("http://h/O%27Hara%20%7Bx%7D?k=u-1"));
    assert!(render("{data.gone}", Form::Text).is_err());
}

/// `"Hello {data.name}"` in a body: the value becomes a part of that string, whatever is in it.
#[test]
fn between_quotes_a_value_stays_within_its_string() {
    let value = br#"{"user":"u-1","cents":250,"price":12.30,"note":"a \"b\"\n\\","tags":["x"],"none":null}"#;
    let record = Record::new("payments", Some(b"k\"1"), Some(value));
    let body = r#"{"a": "{user}", "b": "for {note}: {cents} \" {price:text}", "c": {user}, "k": "{@key}",
        "t": "{tags}", "n": "<{none}{gone?}>", "o": "{@offset}"}"#;
    let rendered = Template::parse(body).expect("parses").render(&Fields::of(&record), Form::Json).expect("renders");
    let read: serde_json::Value = serde_json::from_str(&rendered).unwrap_or_else(|why| panic!("{why}: {rendered}"));
    let expected = serde_json::json!({
        "a": "u-1", "b": "for a \"b\"\n\\: 250 \" 12.30", "c": "u-1", "k": "k\"1", "t": "[\"x\"]", "n": "<>", "o": "0",
    });
    assert_eq!(read, expected);
    let missing = Template::parse("\"{gone}\"").expect("parses").render(&Fields::of(&record), Form::Json);
    assert_eq!(missing, Err(Poison::Missing { path: "gone".into() }));
}

#[test]
fn conditions_compare_values_and_never_skip_the_unreadable() {
    let holds = |path: &str, wanted: Scalar| {
        let condition = Condition { tests: vec![(Path::parse(path).expect("a path"), vec![wanted])] };
        condition.holds(&Fields::of(&record()))
    };
    assert_eq!(holds("id", Scalar::Text("a-1".into())), Ok(true));
    assert_eq!(holds("id", Scalar::Text("a-2".into())), Ok(false));
    assert_eq!(holds("data.amount", Scalar::Int(250)), Ok(true));
    assert_eq!(holds("data.amount", Scalar::Text("250".into())), Ok(false));
    assert_eq!(holds("data.ok", Scalar::Bool(true)), Ok(true));
    assert_eq!(holds("data.gone", Scalar::Bool(true)), Ok(false));
    assert_eq!(holds("@key", Scalar::Text("u-1".into())), Ok(true));
    let broken = Record::new("payments", None, Some(b"{"));
    let any = Condition { tests: vec![(Path::parse("id").expect("a path"), vec![Scalar::Int(1)])] };
    assert!(any.holds(&Fields::of(&broken)).is_err());
}
