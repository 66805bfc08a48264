// Filters and sorts the episodes table and marks the section in view. The page reads in full without it.
(function () {
  "use strict";
  var table = document.getElementById("episodes-table");
  if (table) {
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows);
    var shown = document.getElementById("episodes-shown");
    var text = document.getElementById("filter-text");
    var selects = Array.prototype.slice.call(document.querySelectorAll("select[data-column]"));

    var valueOf = function (cell) { return cell.dataset.value === undefined ? cell.textContent : cell.dataset.value; };

    var words = null;
    // A table of thousands is laid out slowly: as many rows as a reader looks through, the others on demand.
    var SHOWN_AT_ONCE = 200, limit = SHOWN_AT_ONCE;
    var more = document.getElementById("episodes-more");
    more.addEventListener("click", function () { limit = Infinity; apply(); });

    var apply = function () {
      var wanted = text.value.trim().toLowerCase();
      if (wanted && !words) { words = new Map(rows.map(function (row) { return [row, row.textContent.toLowerCase()]; })); }
      var count = 0;
      rows.forEach(function (row) {
        var visible = !wanted || words.get(row).indexOf(wanted) >= 0;
        selects.forEach(function (select) {
          if (select.value && row.dataset[select.dataset.column] !== select.value) { visible = false; }
        });
        if (visible) { count += 1; }
        if (row.hidden === (visible && count <= limit)) { row.hidden = !row.hidden; }
      });
      shown.textContent = count + " of " + rows.length + " episodes" + (count > limit ? ", the first " + limit + " shown" : "");
      more.hidden = count <= limit;
      more.textContent = "Show all " + count;
    };
    text.addEventListener("input", apply);
    selects.forEach(function (select) { select.addEventListener("change", apply); });
    document.getElementById("filter-clear").addEventListener("click", function () {
      text.value = "";
      selects.forEach(function (select) { select.value = ""; });
      apply();
    });

    Array.prototype.slice.call(table.tHead.rows[0].cells).forEach(function (cell, index) {
      var button = cell.querySelector("button.sort");
      if (!button) { return; }
      button.addEventListener("click", function () {
        var ascending = cell.getAttribute("aria-sort") !== "ascending";
        Array.prototype.slice.call(table.tHead.rows[0].cells).forEach(function (other) { other.removeAttribute("aria-sort"); });
        cell.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        var keys = new Map(rows.map(function (row) { return [row, valueOf(row.cells[index])]; }));
        rows.sort(function (a, b) {
          var x = keys.get(a), y = keys.get(b);
          // Unknown values stay at the end in both directions.
          if (x === "" || y === "") { return (x === "") - (y === ""); }
          var order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : Number(x) - Number(y);
          return ascending ? order : -order;
        });
        var sorted = document.createDocumentFragment();
        rows.forEach(function (row) { sorted.appendChild(row); });
        body.appendChild(sorted);
        apply();
      });
    });
    apply();
  }

  var condition = document.getElementById("map-condition");
  if (condition) {
    condition.addEventListener("change", function () {
      document.querySelectorAll("svg.map g[data-condition]").forEach(function (group) {
        group.classList.toggle("off", Boolean(condition.value) && group.dataset.condition !== condition.value);
      });
    });
  }

  // A key entry is a switch: pressed, its line stands out in the charts of the section.
  document.querySelectorAll("ul.key[data-highlights]").forEach(function (list) {
    var section = list.closest("section");
    list.querySelectorAll("li").forEach(function (item) {
      var name = item.textContent.trim();
      var lines = Array.prototype.filter.call(section.querySelectorAll("g.one"), function (g) { return g.dataset.line === name; });
      if (!lines.length) { return; }
      var button = document.createElement("button");
      button.type = "button"; button.className = "line"; button.setAttribute("aria-pressed", "false");
      while (item.firstChild) { button.appendChild(item.firstChild); }
      item.appendChild(button);
      button.addEventListener("click", function () {
        var on = button.getAttribute("aria-pressed") !== "true";
        list.querySelectorAll("button.line").forEach(function (other) { other.setAttribute("aria-pressed", "false"); });
        button.setAttribute("aria-pressed", String(on));
        section.querySelectorAll("g.one").forEach(function (g) { g.classList.toggle("dim", on && g.dataset.line !== name); });
        lines.forEach(function (g) { g.classList.toggle("strong-line", on); });
      });
    });
  });

  // A table or chart that goes on to the right fades out there, and scrolls by keyboard.
  var boxes = document.querySelectorAll(".scroll, .plot");
  var fade = function (box) {
    box.classList.toggle("goes-on", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
    if (box.scrollWidth > box.clientWidth + 1) { box.tabIndex = 0; }
  };
  boxes.forEach(function (box) { fade(box); box.addEventListener("scroll", function () { fade(box); }, { passive: true }); });
  window.addEventListener("resize", function () { boxes.forEach(fade); });
  document.querySelectorAll("details").forEach(function (part) { part.addEventListener("toggle", function () { part.querySelectorAll(".scroll, .plot").forEach(fade); }); });

  var links = {};
  document.querySelectorAll("nav.toc a").forEach(function (link) { links[link.hash.slice(1)] = link; });
  if ("IntersectionObserver" in window) {
    var observer = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        var link = links[entry.target.id];
        if (link && entry.isIntersecting) {
          Object.keys(links).forEach(function (id) { links[id].removeAttribute("aria-current"); });
          link.setAttribute("aria-current", "true");
        }
      });
    }, { rootMargin: "-20% 0px -70% 0px" });
    document.querySelectorAll("main section[id]").forEach(function (section) { observer.observe(section); });
  }
})();
