"use strict";
// What comes from data is set as text and never read as markup: the policy of the page forbids all that would read it.

const token = new URLSearchParams(location.search).get("token") ?? "";
const at = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const ROWS = 200;

let session = null;
let now = null;
let selected = null;
let lastId = 0;
const waiting = new Map();
const taps = new Map();

/** An element with a class, and texts or elements within. */
function make(name, look, ...parts) {
  const made = document.createElement(name);
  if (look) made.className = look;
  made.append(...parts.map((part) => part instanceof Node ? part : String(part)));
  return made;
}

/** A number as people read it. */
function told(number) {
  if (number === null || number === undefined) return "–";
  return typeof number === "number" ? number.toLocaleString("en").replaceAll(",", "\u202f") : String(number);
}

function cut(text, most) {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** Does a command of the shell; its answer comes among the events. */
async function ask(cmd) {
  if (session === null) throw new Error("the page is not connected");
  const id = ++lastId;
  const answer = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  const query = new URLSearchParams({ token, session });
  const sent = await fetch(`/command?${query}`, { method: "POST", body: JSON.stringify({ id, cmd }) }).catch(() => null);
  if (!sent || !sent.ok) {
    waiting.delete(id);
    throw new Error(sent ? `the process refuses: ${sent.status}` : "the process cannot be reached");
  }
  return answer;
}

// The graph ---------------------------------------------------------------------------------------------------------------------

const TAGS = new Set(["svg", "g", "rect", "path", "text", "title"]);
const ATTRIBUTES = new Set(["class", "x", "y", "width", "height", "rx", "d", "transform", "viewBox", "font-size", "stroke-width", "data-cog", "data-from", "data-to"]);
const LETTERS = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": "\"" };
const plain = (text) => text.replace(/&(?:amp|lt|gt|quot);/g, (letter) => LETTERS[letter]);

/** Builds the picture from the elements and attributes that a picture has, and no others. */
function picture(text) {
  const root = document.createElementNS(SVG, "g");
  const open = [root];
  const pieces = /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"]*")*)\s*(\/?)>|([^<]+)/g;
  for (const [, closing, name, attributes, empty, words] of text.matchAll(pieces)) {
    const top = open.at(-1);
    if (words !== undefined) {
      if (top && ["text", "title"].includes(top.nodeName)) top.append(plain(words));
    } else if (closing) {
      if (open.length > 1) open.pop();
    } else {
      // What is no part of a picture, as its style, is read over.
      const made = top && TAGS.has(name) ? document.createElementNS(SVG, name) : null;
      for (const [, key, value] of attributes.matchAll(/([\w:-]+)="([^"]*)"/g)) {
        if (made && ATTRIBUTES.has(key)) made.setAttribute(key, plain(value));
      }
      if (made) top.append(made);
      if (!empty) open.push(made);
    }
  }
  return root.querySelector("svg");
}

/** Makes `old` what `fresh` is with as few changes as can be, so that focus and place stay. */
function become(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  fill(old, ...fresh.childNodes);
}

/** Has `parent` hold these and nothing else. */
function fill(parent, ...after) {
  const before = [...parent.childNodes];
  after.forEach((child, place) => (place < before.length ? become(before[place], child) : parent.append(child)));
  before.slice(after.length).forEach((child) => child.remove());
}

/** Makes a picture that is too wide smaller, as long as it can be read. */
function fit(drawing, room) {
  const [wide, high] = ["width", "height"].map((side) => Number(drawing.getAttribute(side)));
  const scale = Math.min(1, Math.max(0.72, room / wide));
  drawing.setAttribute("width", Math.floor(wide * scale));
  drawing.setAttribute("height", Math.ceil(high * scale));
}

addEventListener("resize", () => now && showPicture());

function showPicture() {
  const place = at("picture");
  if (now.picture === null) {
    place.replaceChildren(make("p", "quiet", "The geartrain is too large for a picture here: `deadbeat ctl NAME dot --live` draws it."));
    return;
  }
  const fresh = picture(now.picture);
  if (!fresh) return;
  for (const cog of fresh.querySelectorAll("[data-cog]")) {
    cog.setAttribute("tabindex", "0");
    cog.setAttribute("role", "button");
    const name = cog.dataset.cog;
    const words = [...cog.querySelectorAll("text")].map((text) => text.textContent).join(", ");
    cog.setAttribute("aria-label", `${name}: ${words}`);
    cog.setAttribute("aria-pressed", String(name === selected));
    if (name === selected) cog.classList.add("selected");
  }
  fit(fresh, place.clientWidth - 8);
  const old = place.querySelector("svg");
  if (old) become(old, fresh);
  else place.replaceChildren(fresh);
}

const cogOf = (target) => target.closest?.("[data-cog]");

at("picture").addEventListener("click", (event) => {
  const cog = cogOf(event.target);
  if (cog) choose(cog.dataset.cog);
});

at("picture").addEventListener("keydown", (event) => {
  const cog = cogOf(event.target);
  if (!cog) return;
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (event.key === "Enter" || event.key === " ") choose(cog.dataset.cog, true);
  else if (step) {
    const all = [...at("picture").querySelectorAll("[data-cog]")];
    all.at((all.indexOf(cog) + step) % all.length).focus();
  } else return;
  event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || selected === null) return;
  const name = selected;
  choose(null);
  [...at("picture").querySelectorAll("[data-cog]")].find((cog) => cog.dataset.cog === name)?.focus();
});

// One cog -----------------------------------------------------------------------------------------------------------------------

/** A button that goes to a cog. */
function toCog(name) {
  const button = make("button", "name", name);
  button.type = "button";
  button.dataset.go = name;
  return button;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-go]");
  if (button) choose(button.dataset.go, true);
});

async function choose(name, focus = false) {
  selected = name;
  at("panel").hidden = name === null;
  document.querySelector(".columns").classList.toggle("open", name !== null);
  showPicture();
  if (name === null) return;
  at("cog-name").textContent = name;
  at("cog-about").textContent = "";
  at("cog-links").replaceChildren();
  at("recent").replaceChildren();
  showSides();
  showNumbers();
  showTap();
  showMemory();
  if (focus) at("panel").focus();
  try {
    const found = await ask(`cog ${name}`);
    if (selected !== name) return;
    const parts = [found.is, found.kind, found.place].filter((part, place, all) => part && all.indexOf(part) === place);
    at("cog-about").textContent = parts.join(" · ");
    const links = [];
    if (found.fed_by.length) links.push("fed by", ...found.fed_by.map(toCog));
    if (found.feeds.length) links.push("feeds", ...found.feeds.map(toCog));
    if (found.error_route) links.push("what fails goes to", toCog(found.error_route));
    at("cog-links").replaceChildren(...links);
  } catch (error) {
    at("cog-about").textContent = error.message;
  }
}

at("close").addEventListener("click", () => choose(null));

const NUMBERS = [["rate", "per second"], ["in", "in"], ["out", "out"], ["dropped", "dropped"], ["errors", "errors"], ["kept", "waiting"], ["p50_us", "p50 µs"], ["p99_us", "p99 µs"], ["state", "state"]];

function showNumbers() {
  const line = now?.cogs.find((cog) => cog.cog === selected);
  if (!line) return;
  const fields = NUMBERS.filter(([key]) => line[key] !== null && line[key] !== undefined && line[key] !== "");
  fill(at("cog-numbers"), ...fields.map(([key, word]) => make("div", "", make("dt", "", word), make("dd", "", told(line[key])))));
}

function showSides() {
  const kind = now?.cogs.find((cog) => cog.cog === selected)?.kind;
  const sides = { supply: ["out"], drain: ["in", "diff"] }[kind] ?? ["out", "in", "diff"];
  const words = { in: "what enters", out: "what leaves", diff: "what changes" };
  at("tap-side").replaceChildren(...sides.map((side) => {
    const option = make("option", "", words[side]);
    option.value = side;
    return option;
  }));
}

// Taps --------------------------------------------------------------------------------------------------------------------------

at("tap").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = selected;
  const running = taps.get(name);
  try {
    if (running?.number) {
      const [ended] = await ask(`untap ${running.number}`);
      Object.assign(running, { number: null, words: summary("ended", ended) });
    } else {
      const wanted = at("tap-where").value.trim();
      const limit = Math.max(1, Number.parseInt(at("tap-limit").value, 10) || 100);
      const clause = wanted ? ` where ${wanted}` : "";
      taps.set(name, { number: null, rows: [], words: "", bad: false });
      const tap = await ask(`tap ${name} ${at("tap-side").value}${clause} -n ${limit}`);
      Object.assign(taps.get(name), { number: tap.tap, words: "waiting for events" });
      early.splice(0).forEach(tapped);
    }
  } catch (error) {
    taps.set(name, { number: null, rows: taps.get(name)?.rows ?? [], words: error.message, bad: true });
  }
  if (selected === name) showTap();
});

function summary(word, tap) {
  return `${word}: ${told(tap.seen)} seen, ${told(tap.matched)} matched, ${told(tap.shown)} shown, ${told(tap.skipped)} skipped`;
}

/** An event of a tap whose number has not come yet. */
const early = [];

function tapped(message) {
  const tap = [...taps.values()].find((tap) => tap.number === message.tap);
  if (!tap) {
    if (early.length < ROWS) early.push(message);
    return;
  }
  if (message.event === "tapped") {
    Object.assign(tap, { number: null, words: summary("over", message) });
  } else {
    tap.rows.push(message);
    tap.rows.splice(0, tap.rows.length - ROWS);
    tap.words = `${told(tap.rows.length)} shown`;
  }
  if (taps.get(selected) === tap) soon();
}

let drawn = false;

/** Shows the tap when the browser draws next, however many events come until then. */
function soon() {
  if (drawn) return;
  drawn = true;
  setTimeout(() => {
    drawn = false;
    showTap();
  }, 60);
}

/** One event as lines: whose, and what. */
function row(id, extra, ...data) {
  const pieces = data.map((datum) => make("pre", "", cut(JSON.stringify(datum, null, 1).replace(/\n\s*/g, " "), 4000)));
  return make("li", "", make("span", "id", [id, ...extra].filter(Boolean).join(" · ")), ...pieces);
}

function showTap() {
  const tap = taps.get(selected);
  at("tap-start").textContent = tap?.number ? "Stop" : "Start";
  at("tap-told").textContent = tap?.words ?? "";
  at("tap-told").classList.toggle("told-bad", tap?.bad ?? false);
  const rows = (tap?.rows ?? []).map((event) => {
    if (event.side !== "diff") return row(event.id, [], event.datum);
    return row(event.id, [event.became, event.error], event.datum, ...event.parts);
  });
  const list = at("tap-events");
  const follows = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  fill(list, ...rows);
  if (follows) list.scrollTop = list.scrollHeight;
}

// Remembered events -------------------------------------------------------------------------------------------------------------

at("record").addEventListener("click", async () => {
  try {
    now.about.remembers = await ask(now.about.remembers.on ? "record off" : "record on");
    showMemory();
  } catch (error) {
    at("recent-told").textContent = error.message;
  }
});

let asking = false;

async function showMemory() {
  const memory = now?.about.remembers;
  at("record").textContent = memory?.on ? "Forget events" : "Remember events";
  if (!memory?.on) {
    at("recent-told").textContent = "Events are not remembered.";
    at("recent").replaceChildren();
    return;
  }
  if (asking) return;
  asking = true;
  const name = selected;
  try {
    const events = await ask(`recent ${name} -n 10`);
    if (selected !== name) return;
    const left = memory.left_out ? `; of ${told(memory.seen)} events ${told(memory.left_out)} were left out` : "";
    at("recent-told").textContent = `The last that came here${left}.`;
    fill(at("recent"), ...events.reverse().map((event) => row(event.id, [event.end], event.datum)));
  } catch (error) {
    if (selected === name) at("recent-told").textContent = error.message;
  } finally {
    asking = false;
  }
}

// Books and errors --------------------------------------------------------------------------------------------------------------

function showBooks() {
  const words = [["in", "in"], ["delivered", "delivered"], ["filtered", "filtered"], ["failed", "failed"], ["dead", "dead"], ["on_their_way", "on their way"]];
  fill(at("books"), ...words.map(([key, word]) => {
    const bad = ["failed", "dead"].includes(key) && now.books[key] > 0;
    return make("div", bad ? "book bad" : "book", make("span", "quiet", word), make("b", "", told(now.books[key])));
  }));
}

function showErrors() {
  const total = now.errors.reduce((sum, error) => sum + error.count, 0);
  at("errors-told").textContent = total ? `${told(total)} of ${told(now.errors.length)} ${now.errors.length === 1 ? "kind" : "kinds"}` : "none so far";
  at("errors").hidden = total === 0;
  fill(at("errors-lines"), ...now.errors.map((error) => make("tr", "",
    make("td", "number", told(error.count)),
    make("td", "", toCog(error.cog)),
    make("td", "error", error.error, ...(error.hint ? [make("div", "quiet", error.hint)] : [])),
    make("td", "place", error.place ?? ""),
    make("td", "last quiet", error.last ? `${error.last} at ${error.last_time}` : ""))));
}

function showProcess() {
  const { name, pid, age_s, memory_kib, script } = now.about;
  document.title = `${name} – deadbeat`;
  at("name").textContent = name;
  const age = age_s < 120 ? `${Math.round(age_s)} s` : age_s < 7200 ? `${Math.round(age_s / 60)} min` : `${Math.round(age_s / 3600)} h`;
  at("process").textContent = `${script} · process ${pid} · ${age} · ${told(Math.round(memory_kib / 1024))} MiB`;
  at("bottleneck").textContent = now.bottleneck ? `bottleneck: ${now.bottleneck}` : "";
}

function link(state, words) {
  at("link").className = `pill ${state}`;
  at("link").textContent = words;
}

// What the process tells --------------------------------------------------------------------------------------------------------

const HEARD = {
  page(message) {
    session = message.session;
    link("live", "live");
    for (const tap of taps.values()) tap.number = null;
    if (selected !== null) choose(selected);
  },
  now(message) {
    now = message;
    showProcess();
    showBooks();
    showErrors();
    showPicture();
    if (selected === null) return;
    showNumbers();
    showMemory();
  },
  tap: tapped,
  tapped,
  ending() {
    link("gone", "the process is ending");
  },
};

const stream = new EventSource(`/events?${new URLSearchParams({ token })}`);
stream.addEventListener("message", (event) => {
  const message = JSON.parse(event.data);
  if (message.event) {
    HEARD[message.event]?.(message);
    return;
  }
  const asked = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.error === undefined) asked?.resolve(message.data);
  else asked?.reject(new Error(message.hint ? `${message.error} (${message.hint})` : message.error));
});
stream.addEventListener("error", () => {
  session = null;
  for (const { reject } of waiting.values()) reject(new Error("the process has gone"));
  waiting.clear();
  link("gone", "the process has gone");
});
