// The room page: shows what the server streams, and posts. Nothing from the room is ever parsed as markup in this document.
const byId = (id) => document.getElementById(id);
const timeline = byId("timeline");
const scroller = document.querySelector("main");
const field = byId("text");

const allowedTags = new Set(
  "B STRONG I EM U S DEL CODE PRE BR P A UL OL LI BLOCKQUOTE H1 H2 H3 H4 H5 H6 HR SPAN DIV".split(" "),
);
const droppedTags = new Set(
  "SCRIPT STYLE TEMPLATE MX-REPLY IFRAME OBJECT SVG MATH TITLE TEXTAREA".split(" "),
);

/** Builds allowed elements anew, without attributes (but a link's http address), from a document that runs nothing. */
function rebuilt(source, depth = 0) {
  const result = document.createDocumentFragment();
  for (const node of source.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) result.append(node.textContent);
    if (node.nodeType !== Node.ELEMENT_NODE || depth > 50) continue;
    const tag = node.nodeName.toUpperCase();
    if (droppedTags.has(tag)) continue;
    const children = rebuilt(node, depth + 1);
    if (!allowedTags.has(tag)) {
      result.append(children);
      continue;
    }
    const element = document.createElement(tag);
    if (tag === "A") makeLink(element, node.getAttribute("href"));
    element.append(children);
    result.append(element);
  }
  return result;
}
function makeLink(element, address) {
  if (!/^https?:\/\//i.test(address ?? "")) return;
  element.href = address;
  element.target = "_blank";
  element.rel = "noopener noreferrer";
}
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function mediaElement({ kind, url, posterUrl, name, width, height }) {
  if (kind === "video") {
    const video = make("video", "media");
    video.controls = true;
    video.preload = "metadata";
    video.src = url;
    if (posterUrl) video.poster = posterUrl;
    if (width && height) [video.width, video.height] = [width, height];
    video.setAttribute("aria-label", name);
    return video;
  }
  const link = make("a", "media", kind === "file" ? name : undefined);
  makeLink(link, new URL(url, location.origin).href);
  if (kind === "file") return link;
  const image = make("img");
  image.alt = name;
  if (width && height) [image.width, image.height] = [width, height];
  image.src = url;
  link.append(image);
  return link;
}
function itemElement(item) {
  const line = make("li", item.kind);
  line.id = item.id;
  line.classList.toggle("in-thread", item.inThread);
  line.classList.toggle("redacted", item.redacted);
  if (item.kind === "event") {
    line.textContent = item.text;
    return line;
  }
  const by = make("div", "by");
  by.append(make("strong", "", item.sender), ` ${new Date(item.timeMs).toLocaleTimeString()}`);
  if (item.edited) by.append(" (edited)");
  line.append(by);
  if (item.quote) line.append(make("p", "quote", `${item.quote.sender}: ${item.quote.text}`));
  if (item.media) line.append(mediaElement(item.media));
  if (item.html) {
    const body = make("div", "body");
    body.append(rebuilt(new DOMParser().parseFromString(item.html, "text/html").body));
    line.append(body);
  } else if (item.text) {
    line.append(make("div", "body plain", item.text));
  }
  return line;
}
function show(item) {
  const isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 120;
  const line = itemElement(item);
  const known = byId(item.id);
  if (known) known.replaceWith(line);
  else timeline.append(line);
  if (!isAtEnd) return;
  const toEnd = () => scroller.scrollTo({ top: scroller.scrollHeight });
  toEnd();
  line.querySelector("img, video")?.addEventListener("load", toEnd);
}

// The window shrinks under who begins to type: the newest stays in sight.
let wasAtEnd = true;
scroller.addEventListener("scroll", () => {
  wasAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 120;
});
new ResizeObserver(() => {
  if (wasAtEnd) scroller.scrollTo({ top: scroller.scrollHeight });
}).observe(scroller);

async function post(body) {
  const answer = await fetch("/sandbox/say", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ body }),
  });
  if (!answer.ok) throw new Error((await answer.json()).error);
}
byId("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = field.value.trim();
  if (text === "") return;
  byId("problem").textContent = "";
  try {
    await post(text);
    if (field.value.trim() === text) field.value = "";
  } catch (error) {
    byId("problem").textContent = `Not sent: ${error.message}`;
  }
});

const { name, user, links } = await (await fetch("/sandbox/room")).json();
document.title = `${name} · Roost sandbox`;
byId("name").textContent = name;
byId("user").textContent = user;
for (const { url, label } of links) {
  const button = make("button", "", label);
  button.type = "button";
  button.title = url;
  button.addEventListener("click", () => {
    field.value = url;
    field.focus();
  });
  byId("links").append(button);
}
const events = new EventSource("/sandbox/events");
events.addEventListener("item", ({ data }) => show(JSON.parse(data)));
events.addEventListener("ready", () => {
  byId("connection").textContent = "";
});
events.addEventListener("typing", ({ data }) => {
  const names = JSON.parse(data).filter((typist) => typist !== user);
  byId("typing").textContent = names.length === 0 ? "" : `${names.join(", ")} is typing…`;
});
events.addEventListener("error", () => {
  byId("connection").textContent = "The sandbox does not answer. Is the demo still running?";
});
