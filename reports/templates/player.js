// The player of one episode: camera pictures, the view from above, time series and readings, all at the same tick.
(function () {
  "use strict";
  var SVG = "http://www.w3.org/2000/svg";
  var COLOURS = ["c-blue", "c-purple", "c-green", "c-red", "c-sky", "c-grey"];
  var by = function (id) { return document.getElementById(id); };
  var episode = document.body.dataset.episode;
  var player = by("player");

  var fail = function (text) {
    var box = document.createElement("div");
    box.className = "missing";
    box.textContent = text;
    player.classList.add("failed");
    player.insertBefore(box, player.firstChild);
  };

  var make = function (name, attributes, parent, text) {
    var node = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach(function (key) { node.setAttribute(key, attributes[key]); });
    if (text !== undefined) { node.textContent = text; }
    if (parent) { parent.appendChild(node); }
    return node;
  };
  var element = function (name, parent, text) {
    var node = document.createElement(name);
    if (text !== undefined) { node.textContent = text; }
    if (parent) { parent.appendChild(node); }
    return node;
  };
  var fixed = function (value, digits, unit) {
    return value === null || value === undefined ? "—" : value.toFixed(digits).replace("-", "\u2212") + (unit ? "\u202f" + unit : "");
  };
  // A command with the folder that this page was opened from, as a shell reads it.
  var inFolder = function (command) {
    if (window.location.protocol !== "file:") { return command; }
    var folder = decodeURIComponent(window.location.pathname).split("/").slice(0, -3).join("/");
    return command.replace(/FOLDER(\S*)/g, function (_, rest) {
      var path = folder + rest;
      return /^[\w@%+=:,./-]+$/.test(path) ? path : "'" + path.replace(/'/g, "'\\''") + "'";
    });
  };
  var known = function (values) { return values.filter(function (v) { return v !== null; }); };
  var extent = function (values, fallback) {
    return values.length ? [Math.min.apply(null, values), Math.max.apply(null, values)] : fallback;
  };

  // ---- time series: one panel below the other over one time axis ---------------------------------------------------
  var WIDTH = 720, LEFT = 54, RIGHT = 12, GAP = 28, TOP = 26;

  var drawSeries = function (data) {
    var time = data.time_s, last = time.length - 1;
    var x = function (t) { return LEFT + (t - time[0]) / Math.max(time[last] - time[0], 1e-9) * (WIDTH - LEFT - RIGHT); };
    var height = TOP + 110 + GAP + 80 + (data.monitors.length ? GAP + 90 + 8 + 14 * data.monitors.length : 0) + 34;
    var svg = make("svg", { viewBox: "0 0 " + WIDTH + " " + height, role: "img", "class": "chart-player",
      "aria-label": "Steering, lane margin, monitor scores and alarms over " + fixed(time[last], 1) + " s; the readings below give the values at the shown tick" }, by("series"));
    var bottom = height - 30;
    var span = function (list, top, tall, css, title) {
      list.forEach(function (pair) {
        var box = make("rect", { x: x(pair[0]), y: top, width: Math.max(x(pair[1]) - x(pair[0]), 1), height: tall, "class": css }, svg);
        make("title", {}, box, title);
      });
    };
    span(data.masked, TOP, bottom - TOP, "span-masked", "outside the judged domain");
    span(data.departed, TOP, bottom - TOP, "span-departure", "over the line");
    span(data.takeovers, TOP, bottom - TOP, "span-takeover", "takeover driver holds the wheel");

    var panel = function (top, tall, low, high, title, ticks, lines) {
      var y = function (v) { return top + tall - (Math.min(Math.max(v, low), high) - low) / (high - low) * tall; };
      make("text", { x: 0, y: top - 9, "class": "panel-title" }, svg, title);
      ticks.forEach(function (tick) {
        if (tick < low || tick > high) { return; }
        make("line", { x1: LEFT, y1: y(tick), x2: WIDTH - RIGHT, y2: y(tick), "class": tick === 0 ? "zero" : "grid" }, svg);
        make("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end", "class": "tick" }, svg, String(Math.round(tick * 100) / 100).replace("-", "\u2212"));
      });
      lines.forEach(function (line) {
        var path = "", down = false;
        line.values.forEach(function (value, k) {
          if (value === null) { down = false; return; }
          path += (down ? "L" : "M") + x(time[k]).toFixed(1) + " " + y(value).toFixed(1);
          down = true;
        });
        make("path", { d: path, "class": "series " + line.css }, svg);
      });
      return y;
    };
    var step = function (low, high, about) {
      var raw = (high - low) / about, power = Math.pow(10, Math.floor(Math.log10(raw)));
      var size = [1, 2, 5, 10].map(function (f) { return f * power; }).filter(function (s) { return s >= raw * 0.999; })[0];
      var ticks = [];
      for (var v = Math.ceil(low / size) * size; v <= high + 1e-9; v += size) { ticks.push(Math.abs(v) < size / 1e6 ? 0 : v); }
      return ticks;
    };

    var key = by("series-key");
    var named = function (css, text) {
      var item = element("li", key);
      var swatch = make("svg", { viewBox: "0 0 16 8", "class": "swatch", "aria-hidden": "true" }, item);
      make("line", { x1: 0, y1: 4, x2: 16, y2: 4, "class": "series " + css }, swatch);
      item.appendChild(document.createTextNode(text));
    };
    var s = data.series;
    var steering = [{ values: s.swa_label_deg, css: "c-sky" }, { values: s.swa_actual_deg, css: "c-grey thin" }, { values: s.swa_agent_deg, css: "c-orange" }];
    named("c-orange", "SWA of the agent"); named("c-sky", "SWA of the label expert"); named("c-grey thin", "SWA reached");
    data.monitors.forEach(function (monitor, index) {
      if (!monitor.swa_error_deg) { return; }
      var css = COLOURS[index % COLOURS.length] + " dashed";
      // The predicted error is agent minus reference, so the reference it predicts is the agent's angle minus it.
      steering.push({ css: css, values: monitor.swa_error_deg.map(function (e, k) { return e === null || s.swa_agent_deg[k] === null ? null : s.swa_agent_deg[k] - e; }) });
      named(css, "SWA that " + monitor.name + " expects");
    });
    var range = extent(known([].concat.apply([10, -10], steering.map(function (l) { return l.values; }))), [-10, 10]);
    range = [Math.max(range[0], -200), Math.min(range[1], 200)];
    var top = TOP;
    panel(top, 110, range[0], range[1], "SWA, ° (left positive)", step(range[0], range[1], 4), steering);
    top += 110 + GAP;
    range = extent(known(s.lane_margin_m), [0, 1]);
    range = [Math.max(Math.min(range[0], -0.2), -1.5), Math.min(Math.max(range[1], 0.6), 1.5)];
    panel(top, 80, range[0], range[1], "lane margin, m (below 0: over the line)", step(range[0], range[1], 3), [{ values: s.lane_margin_m, css: "c-green" }]);
    named("c-green", "lane margin");
    top += 80 + GAP;
    if (data.monitors.length) {
      var lines = [], ratio = data.monitors.map(function (monitor) {
        return monitor.theta_on !== null && monitor.theta_on > 0 ? monitor.statistic.map(function (v) { return v === null ? null : v / monitor.theta_on; }) : null;
      });
      ratio.forEach(function (values, k) { if (values) { lines.push({ values: values, css: COLOURS[k % COLOURS.length] }); } });
      var y = panel(top, 90, 0, 2.5, "score / threshold (1 = alarm)", [0, 1, 2], lines);
      make("line", { x1: LEFT, y1: y(1), x2: WIDTH - RIGHT, y2: y(1), "class": "threshold" }, svg);
      top += 98;
      data.monitors.forEach(function (monitor, k) {
        var css = COLOURS[k % COLOURS.length];
        make("line", { x1: LEFT, y1: top + 7, x2: WIDTH - RIGHT, y2: top + 7, "class": "track faint" }, svg);
        span(monitor.alarms, top + 2, 9, "alarm " + css + "-fill", monitor.name + ": alarm");
        if (k === 0) { make("text", { x: LEFT - 6, y: top + 11, "text-anchor": "end", "class": "tick" }, svg, "alarms"); }
        make("text", { x: LEFT + 4, y: top + 10, "class": "tick small row-name" }, svg, monitor.name);
        named(css, "score and alarms of " + monitor.name + (monitor.theta_on === null ? " (no threshold, so no alarms)" : ratio[k] ? "" : " (threshold not positive: alarms only)"));
        top += 14;
      });
    }
    step(time[0], time[last], 8).forEach(function (tick) {
      make("line", { x1: x(tick), y1: bottom, x2: x(tick), y2: bottom + 4, "class": "axis" }, svg);
      make("text", { x: x(tick), y: bottom + 18, "text-anchor": "middle", "class": "tick" }, svg, tick + " s");
    });
    data.events.forEach(function (event) {
      var line = make("line", { x1: x(event.time_s), y1: 12, x2: x(event.time_s), y2: bottom, "class": "event-mark " + event.kind }, svg);
      make("title", {}, line, event.text);
    });
    var cursor = make("line", { x1: 0, y1: 8, x2: 0, y2: bottom, "class": "cursor", id: "cursor" }, svg);
    return {
      svg: svg,
      move: function (tick) { cursor.setAttribute("x1", x(time[tick])); cursor.setAttribute("x2", x(time[tick])); cursor.dataset.tick = tick; },
      at: function (clientX) {
        var box = svg.getBoundingClientRect();
        return time[0] + ((clientX - box.left) / box.width * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT) * (time[last] - time[0]);
      }
    };
  };

  // ---- from above: CARLA's x and y are the screen's, because its y grows to the right of x ------------------------
  var drawMap = function (data) {
    var svg = make("svg", { viewBox: "-22 -32 44 48", role: "img", "aria-label": "The car in its lane, from above" }, by("map"));
    var world = make("g", {}, svg), s = data.series;
    var line = function (xs, ys, css, from, to) {
      var points = [];
      for (var k = from; k <= to; k += 1) { if (xs[k] !== null && ys[k] !== null) { points.push(xs[k] + "," + ys[k]); } }
      return make("polyline", { points: points.join(" "), "class": css }, world);
    };
    var last = data.time_s.length - 1;
    var xs = extent(known(s.x_m), [0, 0]), ys = extent(known(s.y_m), [0, 0]);
    for (var gx = Math.floor(xs[0] / 10) * 10 - 40; gx <= xs[1] + 40; gx += 10) { make("line", { x1: gx, x2: gx, y1: ys[0] - 50, y2: ys[1] + 50, "class": "metre" }, world); }
    for (var gy = Math.floor(ys[0] / 10) * 10 - 40; gy <= ys[1] + 40; gy += 10) { make("line", { y1: gy, y2: gy, x1: xs[0] - 50, x2: xs[1] + 50, "class": "metre" }, world); }
    line(data.border_left[0], data.border_left[1], "border", 0, last);
    line(data.border_right[0], data.border_right[1], "border", 0, last);
    line(s.x_m, s.y_m, "path", 0, last);
    var tickOf = function (t) { return Math.min(Math.max(Math.round((t - data.time_s[0]) / data.tick_s), 0), last); };
    data.takeovers.forEach(function (pair) { line(s.x_m, s.y_m, "taken", tickOf(pair[0]), tickOf(pair[1])); });
    data.departed.forEach(function (pair) { line(s.x_m, s.y_m, "over", tickOf(pair[0]), tickOf(pair[1])); });
    data.monitors.forEach(function (monitor) {
      monitor.alarms.forEach(function (pair) {
        var k = tickOf(pair[0]);
        make("title", {}, make("circle", { cx: s.x_m[k], cy: s.y_m[k], r: 0.5, "class": "alarm-mark" }, world), monitor.name + ": alarm from " + fixed(pair[0], 2, "s"));
      });
    });
    var half = [data.ego.half_length_m || 2.4, data.ego.half_width_m || 0.9];
    make("rect", { x: -half[1], y: -half[0], width: 2 * half[1], height: 2 * half[0], rx: 0.4, "class": "ego" }, svg);
    make("path", { d: "M" + -half[1] * 0.7 + " " + -half[0] * 0.35 + "L0 " + -half[0] * 0.8 + "L" + half[1] * 0.7 + " " + -half[0] * 0.35, fill: "none", stroke: "#16202e", "stroke-width": 0.2 }, svg);
    return function (tick) {
      world.setAttribute("transform", "rotate(" + (-90 - s.yaw_deg[tick]) + ") translate(" + -s.x_m[tick] + " " + -s.y_m[tick] + ")");
      svg.dataset.tick = tick;
    };
  };

  // ---- saliency: the recorded maps are in the clip, those of other methods in a sheet with a tile per tick -----------
  var drawMethod = function (data, changed) {
    var select = by("method"), note = by("method-note"), saliency = data.saliency, image = null;
    if (!saliency) { return { chosen: function () { return null; } }; }
    if (!saliency.methods) {
      note.textContent = "Other saliency methods: " + saliency.missing + "." + (saliency.command ? " To add them: " : "");
      if (saliency.command) { element("code", note, inFolder(saliency.command)); }
      return { chosen: function () { return null; } };
    }
    select.disabled = false;
    saliency.methods.forEach(function (method) { element("option", select, method.name).value = method.source; });
    select.addEventListener("change", function () {
      image = null;
      if (!select.value) { changed(); return; }
      var loading = new Image();
      loading.onload = function () { image = loading; changed(); select.dataset.shown = select.value; };
      loading.onerror = function () { note.textContent = "The maps (" + loading.getAttribute("src") + ") are not beside this page: keep the folder whole, or build the report again."; };
      loading.src = select.value;
    });
    return {
      chosen: function () { return image; },
      draw: function (context, canvas, video, clip, frame) {
        var agent = clip.panels.agent, tile = saliency.tile, box = saliency.box;
        context.globalAlpha = 1; context.fillStyle = "#14181f"; context.fillRect(0, 0, canvas.width, canvas.height);
        context.globalAlpha = 0.45; context.drawImage(video, agent[0], agent[1], agent[2], agent[3], 0, 0, canvas.width, canvas.height);
        context.globalAlpha = 1;
        context.drawImage(image, frame % saliency.columns * tile[0], Math.floor(frame / saliency.columns) * tile[1], tile[0], tile[1], box[0], box[1], box[2], box[3]);
      }
    };
  };

  // ---- pictures: one video, cut into its panels, so that they cannot run apart -----------------------------------
  var drawPictures = function (data, pictures) {
    var note = by("picture-note"), clip = data.clip;
    var figures = Array.prototype.slice.call(document.querySelectorAll("#pictures figure"));
    if (!clip) { pictures.hidden = true; return function () {}; }
    figures.forEach(function (figure) { figure.classList.toggle("absent", !clip.panels[figure.dataset.panel]); });
    if (!clip.panels.before) { note.textContent = "The picture before the artifacts was not kept in this clip."; }
    var video = document.createElement("video"), wanted = null, busy = false, broken = false;
    var overlay = drawMethod(data, function () { if (pictures.dataset.tick !== undefined) { paint(); } });
    video.muted = true; video.preload = "auto"; video.playsInline = true;
    var say = function (text) { if (note.textContent !== text) { note.textContent = text; } };
    var paint = function () {
      var frame = Math.min(Math.floor(video.currentTime * clip.fps), clip.frames - 1);
      figures.forEach(function (figure) {
        var box = clip.panels[figure.dataset.panel], canvas = figure.querySelector("canvas");
        if (!box) { return; }
        var context = canvas.getContext("2d");
        if (figure.dataset.panel === "saliency" && overlay.chosen()) { overlay.draw(context, canvas, video, clip, frame); return; }
        context.drawImage(video, box[0], box[1], box[2], box[3], 0, 0, canvas.width, canvas.height);
      });
      pictures.dataset.tick = clip.first_tick + frame;
    };
    var next = function () {
      if (busy || wanted === null || broken || video.readyState < 1) { return; }
      busy = true;
      // The middle of a picture's time: neither neighbour can be met by rounding.
      video.currentTime = (wanted + 0.5) / clip.fps;
      wanted = null;
    };
    video.addEventListener("seeked", function () { busy = false; paint(); next(); });
    video.addEventListener("loadedmetadata", next);
    video.addEventListener("error", function () { broken = true; pictures.hidden = true; say("The clip cannot be read: keep the folder of the campaign whole (" + clip.source + ")."); });
    video.src = clip.source;
    return function (tick) {
      if (broken) { return; }
      var frame = tick - clip.first_tick;
      var outside = frame < 0 || frame >= clip.frames;
      pictures.classList.toggle("outside", outside);
      if (outside) {
        say("No picture was kept of this moment: the clip starts at " + fixed(data.time_s[clip.first_tick], 2, "s") + ".");
        figures.forEach(function (figure) { var c = figure.querySelector("canvas"); c.getContext("2d").clearRect(0, 0, c.width, c.height); });
        wanted = null;
        delete pictures.dataset.tick;
        return;
      }
      say(clip.panels.before ? "" : "The picture before the artifacts was not kept in this clip.");
      wanted = frame;
      next();
    };
  };

  var drawReadings = function (data) {
    var body = by("readout"), s = data.series, rows = [];
    var row = function (name, value) {
      var tr = element("tr", body);
      element("th", tr, name).scope = "row";
      rows.push([element("td", tr), value]);
    };
    row("SWA of the agent", function (k) { return fixed(s.swa_agent_deg[k], 1, "°"); });
    row("SWA of the label expert", function (k) { return fixed(s.swa_label_deg[k], 1, "°"); });
    row("SWA reached", function (k) { return fixed(s.swa_actual_deg[k], 1, "°"); });
    row("lane margin", function (k) { return fixed(s.lane_margin_m[k], 2, "m"); });
    row("lateral offset", function (k) { return fixed(s.lateral_offset_m[k], 2, "m"); });
    row("speed", function (k) { return fixed(s.speed_mps[k], 1, "m/s"); });
    row("artifact level", function (k) { return fixed(s.sensor_level[k], 2, "of 1"); });
    data.monitors.forEach(function (monitor) {
      row(monitor.name, function (k) {
        var v = monitor.statistic[k], text = v === null ? "fault" : String(v).replace("-", "\u2212") + (monitor.unit && monitor.unit !== "1" ? "\u202f" + monitor.unit : "");
        var up = monitor.alarms.some(function (p) { return data.time_s[k] >= p[0] - 1e-6 && data.time_s[k] < p[1] - 1e-6; });
        return text + (monitor.theta_on === null ? "" : " (θ " + Number(monitor.theta_on.toPrecision(3)) + ")") + (up ? " ALARM" : "");
      });
    });
    return function (tick) { rows.forEach(function (r) { r[0].textContent = r[1](tick); }); };
  };

  document.querySelectorAll("code[data-command]").forEach(function (code) { code.textContent = inFolder(code.dataset.command); });
  document.querySelectorAll("button[data-copies]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      var range = document.createRange(), said = function () { button.textContent = "Copied"; };
      range.selectNodeContents(by(button.dataset.copies));
      window.getSelection().removeAllRanges();
      window.getSelection().addRange(range);
      if (navigator.clipboard) { navigator.clipboard.writeText(range.toString()).then(said, function () {}); }
    });
  });

  window.showEpisode = function (data) {
    var last = data.time_s.length - 1;
    if (last < 0) { fail("This episode ended before its first tick."); return; }
    var pictures = by("pictures"), seek = by("seek"), clock = by("clock"), play = by("play"), here = by("here");
    var series = drawSeries(data);
    var parts = [series.move, drawMap(data), drawPictures(data, pictures), drawReadings(data)];
    var tick = -1, playing = false, started = 0, from = 0;
    seek.max = last;

    var tickOf = function (t) { return Math.min(Math.max(Math.round((t - data.time_s[0]) / data.tick_s), 0), last); };
    var show = function (wanted) {
      wanted = Math.min(Math.max(wanted, 0), last);
      if (wanted === tick) { return; }
      tick = wanted;
      parts.forEach(function (part) { part(tick); });
      seek.value = tick;
      seek.setAttribute("aria-valuetext", fixed(data.time_s[tick], 2) + " seconds");
      clock.textContent = fixed(data.time_s[tick], 2) + " / " + fixed(data.time_s[last], 2, "s");
      here.href = "#t=" + data.time_s[tick].toFixed(2);
      player.dataset.tick = tick;
    };
    var stop = function () { playing = false; play.textContent = "Play"; play.setAttribute("aria-pressed", "false"); };
    var frame = function (now) {
      if (!playing) { return; }
      var wanted = from + Math.floor((now - started) / 1000 * Number(by("rate").value) / data.tick_s);
      show(wanted);
      if (wanted >= last) { stop(); } else { window.requestAnimationFrame(frame); }
    };
    var start = function () {
      if (tick >= last) { show(0); }
      playing = true; started = window.performance.now(); from = tick;
      play.textContent = "Pause"; play.setAttribute("aria-pressed", "true");
      window.requestAnimationFrame(frame);
    };
    var go = function (wanted) { stop(); show(wanted); };
    var second = Math.round(1 / data.tick_s);

    play.addEventListener("click", function () { if (playing) { stop(); } else { start(); } });
    by("back").addEventListener("click", function () { go(tick - 1); });
    by("forward").addEventListener("click", function () { go(tick + 1); });
    seek.addEventListener("input", function () { go(Number(seek.value)); });
    by("rate").addEventListener("change", function () { if (playing) { start(); } });
    series.svg.addEventListener("click", function (event) { go(tickOf(series.at(event.clientX))); });
    document.addEventListener("keydown", function (event) {
      var name = event.target.tagName;
      if (event.ctrlKey || event.altKey || event.metaKey || name === "SELECT" || name === "PRE" || event.target.isContentEditable) { return; }
      var moves = { ArrowLeft: tick - (event.shiftKey ? second : 1), ArrowRight: tick + (event.shiftKey ? second : 1), Home: 0, End: last };
      var times = data.events.map(function (e) { return tickOf(e.time_s); });
      if (event.key === "[") { moves["["] = Math.max.apply(null, times.filter(function (k) { return k < tick; }).concat([0])); }
      if (event.key === "]") { moves["]"] = Math.min.apply(null, times.filter(function (k) { return k > tick; }).concat([last])); }
      if (event.key === " " && name !== "BUTTON" && name !== "A") { event.preventDefault(); play.click(); return; }
      if (moves[event.key] === undefined) { return; }
      event.preventDefault();
      go(moves[event.key]);
    });
    var list = by("events");
    data.events.forEach(function (event) {
      var button = element("button", element("li", list), fixed(event.time_s, 2, "s") + " " + event.text);
      button.type = "button";
      button.addEventListener("click", function () { go(tickOf(event.time_s)); });
    });
    if (!data.events.length) { list.replaceWith(element("p", null, "Nothing happened: no departure, no collision, no takeover.")); }
    var follow = function () {
      var match = /^#t=(\d+(?:\.\d+)?)$/.exec(window.location.hash);
      if (match) { go(tickOf(Number(match[1]))); return true; }
      return false;
    };
    window.addEventListener("hashchange", follow);
    if (!follow()) { show(data.clip ? data.clip.first_tick : 0); }
  };

  var script = document.createElement("script");
  script.src = episode + ".js";
  script.onerror = function () { fail("The numbers of this episode (" + episode + ".js) are not beside this page: keep the folder whole, or build the report again."); };
  document.head.appendChild(script);
})();
