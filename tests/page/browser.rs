//! The page as people see it, in a real browser.

use serde_json::json;

use super::chromium::Browser;
use super::{EVIL, SCRIPT, Served};

/// Ten events, one of them nothing that can be read.
fn events(from: u64) -> String {
    let line = |n: u64| format!("{}\n", json!({ "n": n, "agent": EVIL, EVIL: n }));
    (from..from + 9).map(line).collect::<String>() + EVIL + "\n"
}

#[test]
fn the_page_shows_the_graph_taps_and_errors_and_runs_nothing_of_the_data() {
    let Some(mut browser) = Browser::start() else { return };
    let mut served = Served::start(SCRIPT);
    let url = served.url();
    let mut n = 0;
    let mut more = || {
        served.feed(events(n));
        n += 10;
    };
    browser.open(&url);

    // The graph, with rates that move.
    browser.wait("document.querySelectorAll('#picture [data-cog]').length === 5", &mut more);
    let rates = "[...document.querySelectorAll('#picture text.rate')].map((text) => text.textContent).join()";
    browser.wait(&format!("/\\d\\/s/.test({rates})"), &mut more);
    let before = browser.value(rates);
    browser.wait(&format!("{rates} !== {before}"), &mut more);
    assert_eq!(browser.value("document.querySelectorAll('#picture style').length"), 0);
    // Thousands stand apart: a page that comes late shows such numbers first.
    browser.wait(r"Number(document.querySelector('#books b').textContent.replace(/\D/g, '')) > 20", &mut more);
    browser.wait("document.getElementById('link').textContent === 'live'", || ());

    // A click on a cog shows what it is; its focus outlives the next picture.
    browser.click("#picture [data-cog=parse] text");
    browser.wait("!document.getElementById('panel').hidden", || ());
    browser.wait("document.getElementById('cog-about').textContent === 'text::json_parse · cog · pipe.rhai:4'", || ());
    browser.wait("document.getElementById('cog-links').textContent === 'fed bystdin_supplyfeedsfilter'", || ());
    browser.wait("document.querySelector('#cog-numbers').textContent.includes('errors')", || ());

    // A tap with a predicate shows what it matches, as text.
    browser.click("#tap-where");
    browser.type_in("e.n % 2 == 1");
    browser.click("#tap-start");
    browser.wait("document.querySelectorAll('#tap-events li').length > 3", &mut more);
    let shown = browser.value("[...document.querySelectorAll('#tap-events pre')].map((pre) => JSON.parse(pre.textContent))");
    for event in shown.as_array().expect("a list") {
        assert_eq!((event["agent"].as_str(), event["n"].as_u64().map(|n| n % 2)), (Some(EVIL), Some(1)), "{event}");
    }
    assert!(browser.value("document.querySelector('#tap-events .id').textContent").as_str().unwrap().starts_with("stdin_supply#"));

    // What is remembered, and the errors in groups.
    browser.click("#record");
    browser.wait("document.querySelectorAll('#recent li').length === 10", &mut more);
    browser.wait("document.getElementById('recent').textContent.includes('onerror')", || ());
    browser.wait("[...document.querySelectorAll('#errors-lines tr')].some((line) => line.textContent.includes('onerror'))", &mut more);
    browser.picture("page-light.png");
    let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    browser.call("Emulation.setEmulatedMedia", &dark);
    browser.picture("page-dark.png");
    browser.click("#tap-start");
    browser.wait("document.getElementById('tap-told').textContent.startsWith('ended: ')", &mut more);

    // A predicate that is none is told, and nothing is tapped.
    browser.value("document.getElementById('tap-where').value = 'e.n >'");
    browser.click("#tap-start");
    browser.wait("document.getElementById('tap-told').classList.contains('told-bad')", || ());
    assert_eq!(browser.value("document.getElementById('tap-start').textContent"), "Start");

    // All of it by keys.
    browser.press("Escape", 27);
    browser.wait("document.getElementById('panel').hidden && document.activeElement.dataset.cog === 'parse'", || ());
    browser.press("ArrowRight", 39);
    browser.wait("document.activeElement.dataset.cog === 'filter'", || ());
    let total = browser.value("document.querySelector('#books b').textContent");
    browser.wait(&format!("document.querySelector('#books b').textContent !== {total}"), &mut more);
    assert_eq!(browser.value("document.activeElement.dataset.cog"), "filter");
    browser.press("Enter", 13);
    browser.wait("document.getElementById('cog-name').textContent === 'filter'", || ());
    browser.wait("document.getElementById('cog-numbers').textContent.includes('dropped')", || ());

    // On a small screen.
    let narrow = json!({ "width": 420, "height": 900, "deviceScaleFactor": 1, "mobile": true });
    browser.call("Emulation.setDeviceMetricsOverride", &narrow);
    browser.wait("document.documentElement.scrollWidth <= 420", || ());
    browser.picture("page-narrow.png");

    // Nothing of the data was run, nor became markup; and the policy would have stopped it.
    assert_eq!(browser.value("typeof window.owned"), "undefined");
    assert_eq!(browser.value("document.querySelectorAll('img, script:not([nonce])').length"), 0);
    assert_eq!(browser.faults(), Vec::<serde_json::Value>::new());
    let markup = "(() => { try { document.body.innerHTML = '<p>'; return 'set'; } catch (error) { return error.name; } })()";
    assert_eq!(browser.value(markup), "TypeError");

    // The process ends although the page is open, and the page says so.
    let outcome = served.end().expect_status(0);
    assert_eq!(outcome.stdout.lines().count(), (0..n).filter(|n| n % 10 != 9 && n % 2 == 0).count());
    browser.wait("document.getElementById('link').classList.contains('gone')", || ());
}
