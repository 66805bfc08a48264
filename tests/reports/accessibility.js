// Rules that a page must keep, whatever is on it. Returns sentences; none when all is well.
const found = [];
const say = (rule, element, more) => found.push(
  `${rule}: <${element.tagName.toLowerCase()}${element.id ? "#" + element.id : ""} class="${element.getAttribute("class") || ""}"> ` +
  `${(element.textContent || "").trim().slice(0, 30)} ${more || ""}`.trim());
const every = (selector, check) => document.querySelectorAll(selector).forEach(check);
const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden" && !e.closest("[hidden]");
const nameOf = e => e.getAttribute("aria-label") || (e.getAttribute("aria-labelledby") || "").split(" ")
  .map(id => (document.getElementById(id) || {}).textContent || "").join(" ").trim();

// Names
if (!document.documentElement.lang) found.push("the page has no language");
if (!document.title) found.push("the page has no title");
every("img", e => e.hasAttribute("alt") || say("picture without alt", e));
every("svg", e => e.closest("[aria-hidden=true]") || (e.getAttribute("role") === "img" && nameOf(e)) || say("drawing without name", e));
every("canvas, video", e => nameOf(e) || say("canvas without name", e));
every("input, select, textarea", e => nameOf(e) || (e.labels && e.labels.length && e.labels[0].textContent.trim()) || say("control without label", e));
every("button, a[href]", e => nameOf(e) || e.textContent.trim() || e.querySelector("img[alt]") || e.closest("svg") || say("nothing says what this does", e));
every("[role=region], nav, [role=group], [role=search]", e => nameOf(e) || say("region without name", e));
every("table th", e => e.scope || say("head without scope", e));

// Structure
const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5")].map(e => Number(e.tagName[1]));
if (levels.filter(l => l === 1).length !== 1) found.push("not exactly one h1");
levels.forEach((l, k) => k && l > levels[k - 1] + 1 && found.push(`heading level ${levels[k - 1]} is followed by ${l}`));
const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
ids.filter((id, k) => ids.indexOf(id) !== k).forEach(id => found.push(`id ${id} twice`));
every("[aria-labelledby]", e => e.getAttribute("aria-labelledby").split(" ").forEach(id => document.getElementById(id) || say("label that is not there", e)));

// Keyboard
every("[tabindex]", e => e.tabIndex > 0 && say("jumps the order of focus", e));
every("*", e => {
  const style = getComputedStyle(e);
  const scrolls = /auto|scroll/.test(style.overflowX) && e.scrollWidth > e.clientWidth + 1;
  if (scrolls && shown(e) && e.tabIndex < 0 && !e.querySelector("a[href], button, input, [tabindex='0']")) say("scrolls, but not by keyboard", e);
});

// Contrast: WCAG 2.2, 1.4.3 (text) against the first opaque ground
const channels = c => c.startsWith("color(") ? c.match(/[\d.]+/g).slice(0, 3).map(v => v * 255) : c.match(/[\d.]+/g).slice(0, 3).map(Number);
const luminance = c => { const [r, g, b] = channels(c).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const opaque = c => !/, 0\)$|\/ 0\)$|transparent/.test(c);
const ground = e => { for (; e; e = e.parentElement) { const b = getComputedStyle(e).backgroundColor; if (opaque(b)) return b; }
  return matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches ? "rgb(18, 18, 18)" : "rgb(255, 255, 255)"; };
const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)]; return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
const seen = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const e = walker.currentNode.parentElement;
  if (!walker.currentNode.nodeValue.trim() || seen.has(e) || /^(SCRIPT|STYLE|NOSCRIPT|OPTION|TITLE|title)$/.test(e.tagName)) continue;
  seen.add(e);
  if (!shown(e) || e.closest(".unseen, .skip")) continue;
  const style = getComputedStyle(e), drawn = e.closest("svg") !== null;
  const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
  const needed = !drawn && (size >= 24 || (bold && size >= 18.66)) ? 3 : 4.5;
  const value = ratio(drawn ? style.fill : style.color, ground(e));
  if (value < needed) say(`contrast ${value.toFixed(2)} below ${needed}`, e);
}
return [...new Set(found)].slice(0, 40);
