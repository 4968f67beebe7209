// What the fake server answers about its series: cardinality, labels, values, functions.

function labelsOf(one) {
  return { __name__: one.name, __namespace__: one.namespace, __unit__: one.unit, ...one.dimensions };
}

function countBy(all, keysOf) {
  const rows = new Map();
  for (const one of all) {
    for (const key of keysOf(one)) {
      const text = JSON.stringify(key);
      const row = rows.get(text) ?? { ...key, series: 0 };
      row.series += 1;
      rows.set(text, row);
    }
  }
  return [...rows.values()].sort((a, b) => b.series - a.series);
}

function cardinality(all, search) {
  const limit = Number(search.get('limit') ?? 20);
  const byName = countBy(all, (one) => [{ name: one.name }])
    .map((row, i) => ({ ...row, lastRead: i % 3 === 0 ? null : Date.now() - i * 86_400_000, lastActive: Date.now() }));
  const byLabel = countBy(all, (one) => Object.keys(one.dimensions).map((name) => ({ name }))).map((row) => {
    const values = new Set(all.map((one) => one.dimensions[row.name]).filter(Boolean));
    return { ...row, values: values.size, bytes: [...values].join('').length };
  }).sort((a, b) => b.values - a.values);
  const byPair = countBy(all, (one) => Object.entries(one.dimensions).map(([name, value]) => ({ name, value })));
  const unread = byName.filter((row) => row.lastRead === null);
  return {
    series: all.length, seriesLimit: 2_000_000, names: byName.length, labels: byLabel.length, pairs: byPair.length,
    byName: byName.slice(0, limit), byLabel: byLabel.slice(0, limit), byPair: byPair.slice(0, limit),
    unread: { days: Number(search.get('unreadDays') ?? 30), names: unread.length,
      series: unread.reduce((sum, row) => sum + row.series, 0), byName: unread.slice(0, limit) },
  };
}

const doc = (name) => ({ name, doc: '' });

// The answer of a GET below /ui/api/, or null where the path is none of these.
export function explore(all, path, search) {
  if (path === 'cardinality') return cardinality(all, search);
  if (path === 'languages') {
    return { promql: ['rate', 'avg_over_time'].map(doc), math: ['FILL', 'SEARCH', 'SUM'].map(doc),
      sql: ['AVG', 'COUNT', 'MAX', 'MIN', 'SUM'].map(doc), sqlKeywords: ['SELECT', 'FROM', 'SCHEMA', 'WHERE', 'GROUP BY'] };
  }
  const chosen = all.filter((one) => !search.get('metric') || one.name === search.get('metric'));
  const list = (values) => ({ values: [...new Set(values)].sort(), total: new Set(values).size });
  if (path === 'labels') return list(chosen.flatMap((one) => Object.keys(labelsOf(one))));
  const [, label] = /^labels\/(.+)\/values$/.exec(path) ?? [];
  if (label !== undefined) {
    return list(chosen.map((one) => labelsOf(one)[decodeURIComponent(label)]).filter((one) => one !== undefined));
  }
  if (path !== 'metadata') return null;
  const names = new Map(chosen.map((one) => [one.name, one]));
  return { metrics: [...names.values()].map(({ name, namespace, unit }) => ({ name, namespace, type: 'statistics', unit })) };
}
