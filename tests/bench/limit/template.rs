//! Road 5: the access log of road 3, one line for each by a template.

use std::io;
use std::path::Path;

use minijinja::{Environment, context};
use regex::bytes::RegexBuilder;

use crate::blocks::{Out, each_line};
use crate::regexp::EXPRESSION;

/// The same template as in the script.
const TEMPLATE: &str = concat!(
    r#"{{ time }} {{ client }}{% if user != "-" %} ({{ user }}){% endif %}: {{ verb }} {{ path }} "#,
    r#"{% if status >= 400 %}failed with {{ status }}{% else %}{{ size | replace("-", "0") }} bytes{% endif %}, by {{ agent }}"#
);

/// The same engine, given what the template names.
pub(crate) fn limit(input: &Path, output: &Path) -> io::Result<()> {
    let expression = RegexBuilder::new(EXPRESSION).unicode(false).build().map_err(io::Error::other)?;
    let mut places = expression.capture_locations();
    let mut environment = Environment::new();
    environment.add_template("line", TEMPLATE).map_err(io::Error::other)?;
    let template = environment.get_template("line").map_err(io::Error::other)?;
    let mut out = Out::create(output)?;
    each_line(input, |line| {
        if expression.captures_read(&mut places, line).is_none() {
            return Ok(());
        }
        let line = std::str::from_utf8(line).map_err(io::Error::other)?;
        let group = |number| places.get(number).and_then(|(start, end)| line.get(start..end)).unwrap_or_default();
        let values = context! {
            client => group(1),
            user => group(2),
            time => group(3),
            verb => group(4),
            path => group(5),
            status => group(7).parse::<i64>().unwrap_or_default(),
            size => group(8),
            agent => group(10),
        };
        out.bytes.extend_from_slice(template.render(values).map_err(io::Error::other)?.as_bytes());
        out.end_line()
    })?;
    out.write()
}
