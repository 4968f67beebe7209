// What the fake server answers about its series: cardinality, labels, values, functions.

function labelsOf(one) {
  return { __name__: one.name, __namespace__: one.namespace, __unit__: one.unit, ...one.dimensions };
}

function countBy(all, keysOf) {
  const rows = new Map();
  for (const one of all) {
    for (const key of keysOf(one)) {
      const text = JSON.stringify(key);
      const row = rows.get(text) ?? { ...key, series: 0, lastActive: Date.now(), unread: 0, lastRead: 0 };
      row.series += 1;
      row.unread += 1;
      rows.set(text, row);
    }
  }
  return [...rows.values()].sort((a, b) => b.series - a.series);
}

function cardinality(all, search) {
  const by = search.get('by') ?? 'name';
  let rows;
  if (by === 'label') {
    rows = countBy(all, (one) => Object.keys(one.dimensions).map((name) => ({ name })));
    for (const row of rows) row.values = new Set(all.map((one) => one.dimensions[row.name]).filter(Boolean)).size;
  } else if (by === 'pair') {
    rows = countBy(all, (one) => Object.entries(one.dimensions).map(([name, value]) => ({ name, value })));
  } else rows = countBy(all, (one) => [{ name: one.name, namespace: one.namespace }]);
  const words = (search.get('q') ?? '').toLowerCase();
  const found = rows.filter((row) => `${row.name} ${row.namespace ?? ''} ${row.value ?? ''}`.toLowerCase().includes(words));
  return { series: all.length, unread: all.length, total: found.length,
    rows: found.slice(0, Number(search.get('limit') ?? 200)) };
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
