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

    var apply = function () {
      var wanted = text.value.trim().toLowerCase();
      var count = 0;
      rows.forEach(function (row) {
        var visible = !wanted || row.textContent.toLowerCase().indexOf(wanted) >= 0;
        selects.forEach(function (select) {
          if (select.value && row.dataset[select.dataset.column] !== select.value) { visible = false; }
        });
        row.hidden = !visible;
        if (visible) { count += 1; }
      });
      shown.textContent = count + " of " + rows.length + " episodes";
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
        rows.sort(function (a, b) {
          var x = a.cells[index].dataset.value, y = b.cells[index].dataset.value;
          // Unknown values stay at the end in both directions.
          if (x === "" || y === "") { return (x === "") - (y === ""); }
          var order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : Number(x) - Number(y);
          return ascending ? order : -order;
        });
        rows.forEach(function (row) { body.appendChild(row); });
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
