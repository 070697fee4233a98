//! What a page is, and what pages are told each second: the graph with its loads, the books, the cogs' numbers, errors.

use std::time::{Duration, Instant};

use super::super::client::Form;
use super::super::words::Words;
use super::super::{Control, map};
use super::guard::random;
use super::http::{refusal, response};
use crate::datum::Datum;
use crate::draw::{Format, STYLE};
use crate::train::Train;

/// Telling pages takes at most this part of the time.
const PART: u32 = 50;
/// Letters of a picture that pages are still sent.
const PICTURE: usize = 512 << 10;

const PAGE: &str = include_str!("page.html");
const CODE: &str = include_str!("page.js");
const LOOK: &str = include_str!("page.css");

/// The page, whose own script may run and no other; nothing that comes later can be taken as markup.
pub(super) fn page() -> Vec<u8> {
    let Ok(nonce) = random() else { return refusal(503) };
    let policy = format!(
        "Content-Security-Policy: default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'\r\n"
    );
    let text = PAGE.replace("{{nonce}}", &nonce).replace("{{look}}", LOOK).replace("{{drawing}}", STYLE).replace("{{code}}", CODE);
    response(200, "text/html", &policy, text.as_bytes())
}

impl Control {
    /// Tells all pages what goes on, where there are any.
    pub(in super::super) fn tell_pages(&mut self, train: &mut Train) {
        if self.clients.values().all(|client| client.form != Form::Events) {
            return;
        }
        let now = train.escapement().now();
        if self.ui.as_ref().and_then(|ui| ui.next).is_some_and(|next| now < next) {
            return;
        }
        let began = Instant::now();
        let told = self.now_of(train);
        for client in self.clients.values_mut().filter(|client| client.form == Form::Events) {
            client.tell(&told);
        }
        // It is the train's own thread that draws.
        let pause = began.elapsed() * PART;
        if let Some(ui) = &mut self.ui {
            ui.next = (pause > Duration::from_secs(1)).then(|| now + pause);
        }
    }

    /// What goes on.
    pub(super) fn now_of(&mut self, train: &mut Train) -> Datum {
        let loads = self.loads(train);
        let picture = self.drawn(Format::Svg, Some(&loads));
        let picture = if picture.len() > PICTURE { Datum::Unit } else { Datum::from(picture) };
        let cogs = Words::parse("ls").and_then(|words| self.ls(train, &words)).unwrap_or_default();
        let errors = Words::parse("errors").and_then(|words| Self::errors(train, &words)).unwrap_or_default();
        let books = self.stats(train);
        let books = books.as_map().and_then(|stats| stats.by_name("books").cloned()).unwrap_or_default();
        map([
            ("event", Datum::from("now")),
            ("picture", picture),
            ("bottleneck", self.node_name(loads.bottleneck)),
            ("books", books),
            ("cogs", cogs),
            ("errors", errors),
            ("about", self.status(train)),
        ])
    }
}
