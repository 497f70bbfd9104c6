/* Layout + inputs -> page. Knows sections, facts, charts and tables; knows no customer. Text from data
 * only ever becomes a text node; pictures are ECharts options of the layout with rows of the inputs
 * as their dataset. */
(function () {
  'use strict';
  const inputs = JSON.parse(document.getElementById('inputs').textContent);
  const layout = JSON.parse(document.getElementById('layout').textContent);

  /* --- values ------------------------------------------------------------------------------- */

  const number = (places, style) => new Intl.NumberFormat('en-GB', Object.assign(
    { minimumFractionDigits: places, maximumFractionDigits: places }, style));
  const whole = number(0), cents = number(2), three = number(3), tenths = number(1);
  const share = number(1, { style: 'percent' }), rounded = number(0, { style: 'percent' }), short = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumSignificantDigits: 3 });
  const formats = {
    count: v => whole.format(v),
    money: v => Math.abs(v) >= 1000 ? whole.format(v) : cents.format(v),
    cents: v => cents.format(v),
    percent: v => share.format(v),
    percent0: v => rounded.format(v),
    points: v => tenths.format(v) + '%',
    ratio: v => three.format(v),
    number: v => Number.isInteger(v) ? whole.format(v) : tenths.format(v),
    short: v => short.format(v),
    seconds: v => v < 10 ? three.format(v) + ' s' : tenths.format(v) + ' s',
    bytes: v => v >= 1e6 ? tenths.format(v / 1e6) + ' MB' : whole.format(v / 1e3) + ' kB',
    day: v => String(v).slice(0, 10),
    month: v => String(v).slice(0, 7),
    yes: v => v ? 'yes' : 'no',
    words: v => String(v).replace(/_/g, ' '),
    name: v => Object.hasOwn(layout.names, v) ? layout.names[v] : String(v).replace(/_/g, ' '),
    factor: v => tenths.format(v) + ' times',
    times: v => cents.format(v) + ' x',
    gap: v => tenths.format(v * 100) + ' points',
    list: v => [].concat(v).join(', '),
    text: v => String(v)
  };
  const numeric = new Set(['count', 'money', 'cents', 'percent', 'percent0', 'points', 'ratio', 'number', 'short', 'seconds', 'bytes', 'factor', 'times', 'gap']);

  function show(value, format) {
    if (value === null || value === undefined || value === '') return '–';
    if (numeric.has(format)) {
      const v = Number(value);
      return Number.isFinite(v) ? formats[format](v) : '–';
    }
    return (formats[format] || formats.text)(value);
  }

  /* "cleaning.thresholds.price_max", "proof.snapshots.length"; undefined when something is missing. */
  function at(path, from) {
    return path.split('.').reduce((v, key) => v === null || v === undefined ? undefined : v[key], from || inputs);
  }

  const compare = {
    '>': (a, b) => a > b, '>=': (a, b) => a >= b, '<': (a, b) => a < b, '<=': (a, b) => a <= b,
    '=': (a, b) => a === b, '!=': (a, b) => a !== b
  };

  function plainRows(source) {
    if (Array.isArray(source)) return source;
    if (source && source.columns) {
      const names = Object.keys(source.columns);
      return Array.from({ length: source.rows }, (_, i) => Object.fromEntries(names.map(n => [n, source.columns[n][i]])));
    }
    if (source && typeof source === 'object') /* an object of objects, or of numbers: one row per key */
      return Object.entries(source).map(([key, v]) => v !== null && typeof v === 'object' ? Object.assign({ key }, v) : { key, value: v });
    return [];
  }

  /* Columns that are not in a file but follow from one row of it. */
  const derived = {
    '-': (a, b) => a - b,
    '/': (a, b) => b ? a / b : null,
    'of': (a, b) => a + b ? a / (a + b) : null /* a's part of a and b */
  };

  /* {from, where: [[column, operator, value]], some: column (no rows when it is 0 in all), latest: column, sort: column or -column, limit,
   * numbers: [columns], fill: {column: what stands for nothing}, derive: {column: [column, operator, column]}} */
  function rowsOf(spec) {
    let rows = plainRows(at(spec.from));
    for (const [column, operator, value] of spec.where || [])
      rows = rows.filter(r => compare[operator](r[column], value));
    if (spec.some && !rows.some(r => Number(r[spec.some]) !== 0)) rows = [];
    if (spec.latest) {
      const last = rows.reduce((m, r) => m === null || r[spec.latest] > m ? r[spec.latest] : m, null);
      rows = rows.filter(r => r[spec.latest] === last);
    }
    if (spec.sort) {
      const down = spec.sort[0] === '-', key = down ? spec.sort.slice(1) : spec.sort;
      rows = rows.slice().sort((a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0) * (down ? -1 : 1));
    }
    for (const [column, value] of Object.entries(spec.fill || {}))
      rows = rows.map(r => r[column] === '' || r[column] === null || r[column] === undefined ? Object.assign({}, r, { [column]: value }) : r);
    for (const [column, [a, operator, b]] of Object.entries(spec.derive || {}))
      rows = rows.map(r => Object.assign({}, r, { [column]: derived[operator](Number(at(a, r)), Number(at(b, r))) }));
    rows = spec.limit ? rows.slice(0, spec.limit) : rows;
    if (spec.numbers) rows = rows.map(r => Object.assign({}, r, ...spec.numbers.map(n => ({ [n]: r[n] === null || r[n] === undefined ? null : Number(r[n]) }))));
    return rows;
  }

  /* "{cleaning.final_rows|count} rows" -> pieces, after a 1 "row"; null when a value is missing. Paths that
   * begin with a point look into `row`. */
  function pieces(template, row) {
    const out = [];
    for (const part of template.split(/(\{[^}]*\})/)) {
      if (part[0] !== '{') { if (part) out.push({ text: out.length && out[out.length - 1].text === '1' ? part.replace(/^( \w+)s\b/, '$1') : part }); continue; }
      const [path, format] = part.slice(1, -1).split('|');
      const value = path[0] === '.' ? at(path.slice(1), row) : at(path);
      if (value === undefined || value === null || value === '') return null;
      out.push({ text: show(value, format), value: true });
    }
    return out;
  }

  const there = path => { const v = at(path); return v !== undefined && v !== null; };
  const holds = item => (item.needs || []).every(there) && !(item.lacks || []).some(there) &&
    !(item.differ && (!item.differ.every(there) || at(item.differ[0]) === at(item.differ[1]))) &&
    (!item.when || item.when.every(([path, operator, value]) => { const v = at(path); return v !== undefined && v !== null && compare[operator](isNaN(Number(v)) || typeof v === 'boolean' ? v : Number(v), value); }));

  /* --- elements ----------------------------------------------------------------------------- */

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) if (value !== undefined) element.setAttribute(name, value);
    for (const child of children.flat(3)) if (child !== null && child !== undefined) element.append(child);
    return element;
  }

  const isDate = text => /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text);

  function sentence(tag, template, attributes, row) {
    const parts = pieces(template, row);
    return parts && make(tag, attributes, parts.map(p => p.value ? make('b', { class: isDate(p.text) ? 'date' : undefined }, p.text) : p.text));
  }

  /* A template as a paragraph: given as a text, or as several with conditions, of which the first that holds
   * counts. */
  function paragraphOf(wording, kind) {
    const chosen = [].concat(wording || []).map(w => typeof w === 'string' ? { text: w } : w).find(holds);
    return chosen ? sentence('p', chosen.text, { class: kind }) : null;
  }

  /* Words over rows know how many there are (.count) and one column of them (.list); none, no words. */
  function wordsOf(words) {
    if (!holds(words)) return null;
    const rows = words.rows && rowsOf(words.rows);
    if (rows && rows.length === 0) return null;
    return sentence('li', words.text, { class: words.tone }, rows && { count: rows.length, list: rows.map(r => show(r[words.column], words.format)) });
  }

  function factOf(fact) {
    const parts = pieces(fact.value);
    if (!parts || !holds(fact)) return null;
    const tone = (fact.tones || []).find(t => holds({ when: t.when }));
    return make('div', { class: 'fact ' + (tone ? tone.tone : '') },
      make('div', { class: 'value' }, parts.map(p => p.text)),
      make('div', { class: 'label' }, fact.label),
      fact.about && sentence('div', fact.about, { class: 'about' }));
  }

  function tableOf(columns, rows) {
    const head = make('tr', {}, columns.map(c => make('th', { class: numeric.has(c.format) ? 'number' : undefined, title: c.about, scope: 'col' }, c.title || show(c.key, 'words'))));
    const body = rows.map(r => make('tr', {}, columns.map(c => {
      const text = show(at(c.key, r), c.format);
      const kind = numeric.has(c.format) ? 'number' : c.format === 'code' || c.format === 'digest' ? c.format : c.tone ? text : isDate(text) ? 'date' : undefined;
      return make('td', { class: kind }, text);
    })));
    return make('div', { class: rows.length > 40 ? 'scroll tall' : 'scroll', tabindex: '0' }, make('table', columns.length > 6 ? { style: 'min-width:' + 84 * columns.length + 'px' } : {}, make('thead', {}, head), make('tbody', {}, body)));
  }

  const quote = v => { const t = v === null || v === undefined ? '' : String(v); return /[",\n]/.test(t) ? '"' + t.replace(/"/g, '""') + '"' : t; };

  function dataBehind(columns, rows) {
    const copy = make('button', { type: 'button' }, 'Copy as CSV');
    copy.addEventListener('click', () => {
      const text = [columns.map(c => quote(c.key)), ...rows.map(r => columns.map(c => quote(at(c.key, r))))].map(l => l.join(',')).join('\n');
      const area = make('textarea', {});
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
      copy.textContent = 'Copied';
    });
    const details = make('details', {}, make('summary', {}, 'The numbers (' + show(rows.length, 'count') + (rows.length === 1 ? ' row)' : ' rows)')));
    details.addEventListener('toggle', () => {
      if (details.open && !details.querySelector('table')) details.append(make('div', { class: 'tools' }, copy), tableOf(columns, rows));
    });
    return details;
  }

  /* --- charts ------------------------------------------------------------------------------- */

  const drawn = [];
  const css = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();

  /* A copy of a piece of the layout: "@percent" becomes a formatter of a value, "#@percent:column" one of a
   * row, "$s1" a colour of the theme, {"$value": path} a number of the inputs. */
  function filled(node) {
    if (Array.isArray(node)) return node.map(filled);
    if (node && typeof node === 'object') {
      if (node.$value) { const v = at(node.$value); return v === undefined || v === null ? null : isNaN(Number(v)) ? v : Number(v); }
      return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, filled(value)]));
    }
    if (typeof node === 'string' && node.startsWith('#@')) { const [format, column] = node.slice(2).split(':'); return cell => show(cell.data[column], format); }
    if (typeof node === 'string' && node[0] === '@') return value => show(value, node.slice(1));
    if (typeof node === 'string' && node[0] === '$') return css(node.slice(1));
    return node;
  }

  const list = value => value === undefined ? [] : Array.isArray(value) ? value : [value];

  function axis(given, narrow, below) {
    const label = Object.assign({ color: css('soft'), fontSize: 12, hideOverlap: true }, given.axisLabel);
    if (label.overflow === 'break') label.lineHeight = 14;
    if (narrow && label.width) label.width = Math.min(label.width, 110);
    if (narrow && label.steep) Object.assign(label, { rotate: 45, overflow: 'truncate', width: 90 });
    return Object.assign({ nameTextStyle: { color: css('soft'), fontSize: 12 }, nameLocation: 'middle', nameGap: below ? 28 : 12 }, given, {
      axisLabel: label,
      axisLine: { show: given.type === 'category', lineStyle: { color: css('line') } },
      axisTick: { show: false },
      splitLine: { show: given.type !== 'category' && !given.plain, lineStyle: { color: css('line') } }
    });
  }

  /* From blue over green to yellow, told apart by lightness alone (cividis, sampled). */
  const ramp = [[0, 45, 108], [76, 85, 108], [124, 123, 120], [173, 165, 111], [225, 209, 84]];
  function shade(i, count) {
    const x = count > 1 ? i / (count - 1) * (ramp.length - 1) : 0, k = Math.min(Math.floor(x), ramp.length - 2), f = x - k;
    const lift = document.documentElement.dataset.theme === 'dark' ? 75 : 0;
    return 'rgb(' + ramp[k].map((c, j) => Math.min(255, Math.round(c + f * (ramp[k + 1][j] - c) + lift))).join(',') + ')';
  }

  /* One series per value of a column, each with its own rows. */
  function splitSeries(chart, rows) {
    const values = [...new Set(rows.map(r => r[chart.split.column]))];
    const datasets = values.map(v => ({ dimensions: chart.columns.map(c => c.key), source: rows.filter(r => r[chart.split.column] === v) }));
    const series = values.map((v, i) => Object.assign(filled(chart.split.series), { name: show(v, chart.split.format), datasetIndex: i }, chart.split.shades ? { itemStyle: { color: shade(i, values.length) } } : {}));
    return { datasets, series };
  }

  function radarOf(chart, rows) {
    const indicators = chart.radar.columns.map(c => ({ name: c.title, max: c.max === undefined ? 1 : c.max }));
    return {
      radar: { indicator: indicators, radius: '66%', axisName: { color: css('soft') }, splitLine: { lineStyle: { color: css('line') } }, axisLine: { lineStyle: { color: css('line') } }, splitArea: { show: false } },
      series: [{ type: 'radar', symbolSize: 4, lineStyle: { width: 2 }, data: rows.map(r => ({ name: show(r[chart.radar.name]), value: chart.radar.columns.map(c => r[c.key]) })) }]
    };
  }

  /* How many lines a legend takes: a name is about 6.5 pixels a letter, beside its mark. */
  function legendLines(names, width) {
    let lines = 1, x = 0;
    for (const name of names) {
      const w = 6.5 * name.length + 32;
      if (x > 0 && x + w > width) { lines++; x = 0; }
      x += w;
    }
    return lines;
  }

  function legendNames(chart, option, rows) {
    if (chart.radar) return rows.map(r => show(r[chart.radar.name]));
    return list(option.series).map(s => String(s.name));
  }

  function captionText(chart) {
    const caption = paragraphOf(chart.caption);
    return caption ? caption.textContent : '';
  }

  function optionOf(chart, rows, width) {
    const narrow = width < 420;
    const option = filled(chart.option || {});
    const named = chart.split || chart.radar || list(option.series).length > 1;
    option.color = option.color || ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8'].map(css);
    option.textStyle = { fontFamily: getComputedStyle(document.body).fontFamily };
    option.animation = false;
    option.aria = { enabled: true, label: { description: chart.title + '. ' + captionText(chart) } };
    if (chart.radar) Object.assign(option, radarOf(chart, rows));
    else if (chart.split) { const s = splitSeries(chart, rows); option.dataset = s.datasets; option.series = s.series.concat(list(option.series)); }
    else option.dataset = { dimensions: chart.columns.map(c => c.key), source: rows };
    for (const name of ['xAxis', 'yAxis']) if (option[name]) option[name] = list(option[name]).map(a => axis(a, narrow, name === 'xAxis'));
    for (const s of list(option.series)) /* a phone's cells have room for the digits; the scale has the sign */
      if (narrow && s.type === 'heatmap' && s.label) { const shown = s.label.formatter; s.label.formatter = cell => shown(cell).replace('%', ''); }
    const lines = named ? legendLines(legendNames(chart, option, rows), width) : 0;
    const marked = list(option.series).some(s => s.markLine);
    if (chart.radar) option.radar.center = ['50%', (55 + 2 * lines) + '%'];
    else option.grid = Object.assign({ left: 4, right: 20, top: (marked ? 28 : 16) + (named ? 8 + 20 * lines : 0), bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'all' }, option.grid);
    if (named && option.legend !== false) option.legend = Object.assign({ type: 'plain', top: 0, left: 0, itemGap: 12, textStyle: { color: css('ink') }, icon: 'roundRect', itemWidth: 14, itemHeight: 8 }, option.legend);
    option.tooltip = Object.assign({ renderMode: 'richText', confine: true, backgroundColor: css('card'), borderColor: css('line'), textStyle: { color: css('ink'), fontSize: 13 } }, option.tooltip);
    if (option.visualMap) option.visualMap = Object.assign({ textStyle: { color: css('soft') } }, option.visualMap);
    return option;
  }

  function draw(item) {
    if (!item.view) item.view = echarts.init(item.place, null, { renderer: 'svg' });
    item.view.setOption(optionOf(item.chart, item.rows, item.place.clientWidth), true);
  }

  /* A picture without rows leaves its title, and why there is none. */
  function absentOf(chart) {
    const file = chart.rows.from.split('.')[0];
    const why = there(file) ? paragraphOf(chart.absent, 'absent') : make('p', { class: 'absent' }, 'Its file is not among those of the run.');
    return make('div', { class: 'card' + (chart.wide ? ' wide' : ''), 'data-absent': chart.id }, make('h3', {}, chart.title), why);
  }

  function chartOf(chart) {
    const rows = rowsOf(chart.rows).map(r => Object.assign({}, r, ...chart.columns.filter(c => c.key.includes('.')).map(c => ({ [c.key]: at(c.key, r) }))));
    if (rows.length === 0 || !holds(chart)) return absentOf(chart);
    const height = chart.heightPerRow ? Math.max(chart.wide ? 160 : 320, 60 + chart.heightPerRow * new Set(rows.map(r => r[chart.heightOf || chart.columns[0].key])).size) : chart.height || 320;
    const place = make('div', { class: 'chart', role: 'img', 'aria-label': chart.title, style: 'height:' + height + 'px', 'data-chart': chart.id });
    drawn.push({ chart, rows, place });
    return make('div', { class: 'card' + (chart.wide ? ' wide' : '') }, make('h3', {}, chart.title), paragraphOf(chart.caption, 'caption'), place, dataBehind(chart.columns, rows));
  }

  /* One card per row: a title, lines, and a list of texts. */
  function tilesOf(tiles) {
    const rows = rowsOf(tiles.rows);
    if (rows.length === 0 || !holds(tiles)) return null;
    return make('div', { class: 'card wide' }, make('h3', {}, tiles.title), tiles.caption && make('p', { class: 'caption' }, tiles.caption),
      make('div', { class: 'tiles' }, rows.map(r => make('div', { class: 'tile' },
        sentence('h4', tiles.tile.title, {}, r),
        tiles.tile.lines.map(l => sentence('p', l, {}, r)),
        tiles.tile.list && make('ul', {}, [].concat(at(tiles.tile.list, r) || []).map(t => make('li', {}, String(t))))))));
  }

  function listOf(table) {
    const rows = rowsOf(table.rows);
    if (rows.length === 0 || !holds(table)) return null;
    return make('div', { class: 'card' + (table.wide === false ? '' : ' wide') }, make('h3', {}, table.title), table.caption && make('p', { class: 'caption' }, table.caption), tableOf(table.columns, rows));
  }

  /* --- page --------------------------------------------------------------------------------- */

  function sectionOf(section, first) {
    const element = make('section', { id: section.id }, make(first ? 'h1' : 'h2', {}, section.title));
    if (section.lead) element.append(make('p', { class: 'lead' }, section.lead));
    if (!holds(section)) {
      if (!section.absent) return null;
      element.append(make('p', { class: 'absent' }, section.absent));
      return element;
    }
    const words = (section.words || []).map(wordsOf).filter(Boolean);
    if (words.length) element.append(make('ul', { class: 'words' }, words));
    const facts = (section.facts || []).map(factOf).filter(Boolean);
    if (facts.length) element.append(make('div', { class: 'facts' }, facts));
    const cards = (section.cards || []).map(c => c.option || c.radar ? chartOf(c) : c.tile ? tilesOf(c) : listOf(c)).filter(Boolean);
    if (cards.length) element.append(make('div', { class: 'cards' }, cards));
    if (section.terms) element.append(make('dl', { class: 'terms' }, section.terms.map(([term, text]) => [make('dt', {}, term), make('dd', {}, text)])));
    return element;
  }

  function contents(sections) {
    const links = new Map(sections.map(s => [s.id, make('a', { href: '#' + s.id }, s.querySelector('h1, h2').textContent)]));
    document.getElementById('contents').append(...links.values());
    if (!window.IntersectionObserver) return;
    const watch = new IntersectionObserver(entries => {
      for (const e of entries) if (e.isIntersecting) { for (const l of links.values()) l.classList.remove('here'); links.get(e.target.id).classList.add('here'); }
    }, { rootMargin: '-80px 0px -70% 0px' });
    sections.forEach(s => watch.observe(s));
  }

  function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    document.getElementById('theme').textContent = theme === 'dark' ? 'Light' : 'Dark';
    drawn.forEach(draw);
  }

  const subject = pieces(layout.subject);
  if (subject) document.getElementById('subject').textContent = subject.map(p => p.text).join('');
  const sections = layout.sections.map((s, i) => sectionOf(s, i === 0)).filter(Boolean);
  document.getElementById('main').append(...sections);
  contents(sections);
  const foot = pieces(layout.colophon);
  if (foot) document.getElementById('colophon').textContent = foot.map(p => p.text).join('');
  const wish = window.matchMedia('(prefers-color-scheme: dark)');
  setTheme(wish.matches ? 'dark' : 'light');
  wish.addEventListener('change', e => setTheme(e.matches ? 'dark' : 'light'));
  document.getElementById('theme').addEventListener('click', () => setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'));
  let before = null;
  window.addEventListener('beforeprint', () => { before = document.documentElement.dataset.theme; setTheme('light'); });
  window.addEventListener('afterprint', () => { if (before) setTheme(before); });
  let pending = 0;
  window.addEventListener('resize', () => { clearTimeout(pending); pending = setTimeout(() => drawn.forEach(d => { d.view.resize(); draw(d); }), 120); });
  window.rcxReport = { charts: drawn, inputs };
})();
