//! The template and expression engine behind three planted flaws. It is a real one (minijinja),
//! with few filters and with fuel, and without the statements that let a short input double the
//! memory it takes: the shop must survive what it is sent.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use minijinja::AutoEscape;
use minijinja::Environment;
use minijinja::Error;
use minijinja::ErrorKind;
use minijinja::State;
use minijinja::UndefinedBehavior;
use minijinja::Value;
use minijinja::value::Object;
use tokio::runtime::Handle;

use super::shell::Shell;
use crate::demo::shop::Shop;

const FUEL: u64 = 2000;
const SOURCE_LIMIT: usize = 2000;
const OUTPUT_LIMIT: usize = 16 << 10;
const STATEMENTS_REFUSED: &[&str] =
    &["macro", "recursive", "import", "include", "extends", "block", "call", "filter"];
const ASSIGNMENTS: usize = 3;
const SUMS: usize = 12;
const DIGITS: usize = 9;

/// Renders a template that visitors have had their hands on. Blocks.
pub(super) fn render(shop: &Arc<Shop>, source: &str, context: Value) -> Result<String, Error> {
    check(source)?;
    let environment = environment(shop);
    let mut output = Limited(Vec::new());
    environment.template_from_str(source)?.render_captured_to(context, &mut output)?;
    Ok(String::from_utf8_lossy(&output.0).into_owned())
}

/// The value of an expression, as text. Blocks.
pub(super) fn evaluate(shop: &Arc<Shop>, source: &str, context: Value) -> Result<String, Error> {
    check(source)?;
    let environment = environment(shop);
    let value = environment.compile_expression_owned(source.to_owned())?.eval(context)?;
    Ok(value.to_string().chars().take(OUTPUT_LIMIT).collect())
}

/// Refuses what could take much memory: fuel counts steps, not the length of strings.
fn check(source: &str) -> Result<(), Error> {
    let assignments = source.matches("set").count() + source.matches("with").count();
    let refused = STATEMENTS_REFUSED.iter().find(|statement| source.contains(**statement));
    let (products, sums) = (source.matches('*').count(), source.matches(['~', '+']).count());
    let is_digit = |c: char| c.is_ascii_digit();
    let numbers = source.split(|c| !is_digit(c)).map(str::len).max().unwrap_or(0);
    let grows = assignments > ASSIGNMENTS
        || sums > SUMS
        || numbers > DIGITS
        || (products > 3 && (assignments > 0 || sums > 2));
    if source.len() > SOURCE_LIMIT || grows {
        return Err(Error::new(ErrorKind::OutOfFuel, "template is too large"));
    }
    match refused {
        Some(statement) => {
            Err(Error::new(ErrorKind::SyntaxError, format!("unknown statement {statement}")))
        }
        None => Ok(()),
    }
}

fn environment(shop: &Arc<Shop>) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL));
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_unknown_method_callback(method);
    environment.add_filter("upper", |text: &str| text.to_uppercase());
    environment.add_filter("lower", |text: &str| text.to_lowercase());
    environment.add_filter("length", |value: Value| value.len().unwrap_or(0));
    environment.add_filter("reverse", |text: &str| text.chars().rev().collect::<String>());
    environment.add_filter("string", |value: Value| value.to_string());
    environment.add_filter("safe", |value: Value| value);
    environment.add_function("len", |value: Value| value.len().unwrap_or(0));
    environment.add_function("str", |value: Value| value.to_string());
    let runtime = Value::from_object(Runtime(Arc::clone(shop)));
    for name in ["T", "__import__", "require"] {
        let runtime = runtime.clone();
        environment.add_function(name, move |_module: Value| runtime.clone());
    }
    for name in ["os", "time", "subprocess", "Runtime"] {
        environment.add_global(name, runtime.clone());
    }
    environment
}

/// Methods of strings, as Python, JavaScript and Java call them.
fn method(
    _state: &mut State<'_, '_>,
    value: &Value,
    name: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    let unknown = || Error::from(ErrorKind::UnknownMethod);
    let text = value.as_str().ok_or_else(unknown)?;
    let argument = arguments.first().map(ToString::to_string).unwrap_or_default();
    Ok(match name {
        "upper" | "toUpperCase" => Value::from(text.to_uppercase()),
        "lower" | "toLowerCase" => Value::from(text.to_lowercase()),
        "concat" => Value::from(format!("{text}{argument}")),
        "length" => Value::from(text.chars().count()),
        "strip" | "trim" | "read" | "decode" | "toString" => Value::from(text.trim()),
        "startswith" | "startsWith" => Value::from(text.starts_with(&argument)),
        "contains" => Value::from(text.contains(&argument)),
        _ => return Err(unknown()),
    })
}

/// What a language's runtime hands out: here it has the shop's own shell.
struct Runtime(Arc<Shop>);

impl fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("<module 'os'>")
    }
}

impl Object for Runtime {
    fn call_method(
        self: &Arc<Self>,
        _state: &mut State<'_, '_>,
        method: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        let argument = arguments.first().map(ToString::to_string).unwrap_or_default();
        let script = match method {
            "getRuntime" => return Ok(Value::from_object(Self(Arc::clone(&self.0)))),
            "system" | "popen" | "exec" | "execSync" | "getoutput" | "check_output" => argument,
            "sleep" => format!("sleep {argument}"),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        };
        // On a blocking thread, as the two functions above say.
        let output = Handle::current().block_on(Shell::new(&self.0.files).run(&script));
        Ok(Value::from(output.text))
    }
}

/// Output that ends where a page would become a burden.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > OUTPUT_LIMIT {
            return Err(std::io::Error::other("output is too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
