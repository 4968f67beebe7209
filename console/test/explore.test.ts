import { describe, expect, it } from 'vitest';
import type { CardinalityRow } from '../src/api/types';
import { isExpression, queryBody, queryKey, toAwsCli } from '../src/chart/export';
import { spreadUnits } from '../src/chart/useChart';
import type { TimedSeries } from '../src/chart/data';
import { errorSpan, indexOfByte } from '../src/editor/position';
import { openQuote } from '../src/editor/words';
import { formatOrder, parseOrder, rowQueryOf, shownOf, sorted } from '../src/pages/cardinality/table';
import { addRow, expressionRow, formatRows, metricRow, operandsOf, parseRows, rowColour, rowQuery } from '../src/state/rows';
import { property } from './random';

const metric = (name: string) => metricRow(
  { namespace: 'N', metric: name, dimensions: {}, match: 'exact', stat: 'Average', period: 0 },
);

describe('the place of an error', () => {
  it('is counted in bytes by the server and in UTF-16 units by the editor', () => {
    expect(indexOfByte('a≥b', 4)).toBe(2);
    expect(indexOfByte('😀x', 4)).toBe(2);
    property(200, (r) => {
      const text = r.text(20);
      const at = r.int(0, text.length);
      const head = [...text].slice(0, at).join('');
      expect(indexOfByte(text, new TextEncoder().encode(head).length)).toBe(head.length);
    });
  });

  it('spans the word, and the last character at the end', () => {
    expect(errorSpan('1 + nope', 4)).toEqual({ from: 4, to: 8 });
    expect(errorSpan('rate(x[5m)', 9)).toEqual({ from: 9, to: 10 });
    expect(errorSpan('sum(x', 5)).toEqual({ from: 4, to: 5 });
    expect(errorSpan('', 0)).toBeNull();
  });
});

describe('rows with ids', () => {
  it('keep their ids when a row above them goes', () => {
    const rows = parseRows(formatRows(addRow(addRow([], metric('m')), expressionRow('math', 'a * 2'))));
    expect(rows.map((row) => row.id)).toEqual(['a', 'b']);
    const left = parseRows(formatRows(rows.slice(1)));
    expect(left.map((row) => row.id)).toEqual(['b']);
    expect(rowColour(left[0]!, 0)).toBe(1);
    expect(addRow(left, metric('n')).map((row) => row.id)).toEqual(['b', 'c']);
  });

  it('are distinct whatever the URL says', () => {
    const texts = ['{"q":"sql","e":"x","i":"b"}', '{"q":"sql","e":"y"}', '{"q":"math","e":"z","i":"b"}', '{"q":"lisp","e":""}'];
    expect(new Set(parseRows(texts).map((row) => row.id)).size).toBe(3);
  });

  it('give metric math the rows that it uses, also through another', () => {
    const rows = [
      { ...metric('m'), id: 'a' }, { ...metric('n'), id: 'b' }, { ...expressionRow('math', 'a + 1'), id: 'c' },
      { ...expressionRow('promql', 'up'), id: 'd' }, { ...expressionRow('math', "c / FILL(d, 0) + SUM(SEARCH('b', 'Sum'))"), id: 'e' },
    ];
    expect(operandsOf(rows[4]!, rows).map((one) => one.id).sort()).toEqual(['a', 'c']);
    expect(rowQuery(rows[3]!, rows)).toMatchObject({ lang: 'promql', operands: [] });
  });
});

describe('queries of three languages', () => {
  const math = rowQuery({ ...expressionRow('math', 'a * 2'), id: 'b' }, [{ ...metric('m'), id: 'a' }]);

  it('are sent as the server takes them', () => {
    expect(queryBody(rowQuery(expressionRow('promql', 'up', { period: 30 })))).toEqual({ lang: 'promql', text: 'up', step: 30 });
    const { lang, text } = queryBody(math);
    expect(lang).toBe('cloudwatch');
    expect(JSON.parse(text)).toMatchObject({ expression: 'a * 2', operands: [{ id: 'a', metric: 'm' }] });
    expect(queryKey(rowQuery(expressionRow('sql', 'SELECT\nAVG(m)')))).not.toContain('\n');
  });

  it('become one AWS CLI call, operands included', () => {
    const expressions = isExpression(math) ? [{ query: math, period: 60 }] : [];
    const text = toAwsCli([], { from: 0, to: 1 }, 'http://h', 'r', expressions);
    expect(text).toContain('"Id":"a","ReturnData":false');
    expect(text).toContain('"Expression":"a * 2","Period":60');
  });

  it('share an axis with their unit only', () => {
    const one = (id: string, unit: string) => ({ id, unit, axis: 'left' }) as TimedSeries;
    const all = spreadUnits([one('a/0', 'Percent'), one('b/0', 'Bytes'), one('c/0', 'Bytes')], new Set(['a', 'b']));
    expect(all.map((series) => series.axis)).toEqual(['left', 'right', 'left']);
  });
});

describe('cardinality', () => {
  const row = (name: string, series: number, more: Partial<CardinalityRow> = {}): CardinalityRow => (
    { name, series, ...more }
  );

  it('sorts by any column, and by the larger first where nothing is said', () => {
    const rows = [row('b', 1), row('a', 3), row('c', 3)];
    expect(sorted(rows, parseOrder(undefined, 'name')).map((one) => one.name)).toEqual(['a', 'c', 'b']);
    expect(sorted(rows, { column: 'name', down: false }).map((one) => one.name)).toEqual(['a', 'b', 'c']);
    expect(parseOrder(formatOrder({ column: 'series', down: false }), 'label')).toEqual({ column: 'series', down: false });
    expect(parseOrder('values:up', 'name')).toEqual({ column: 'series', down: true });
    expect(parseOrder(undefined, 'label')).toEqual({ column: 'values', down: true });
  });

  it('finds by any part of a name or a pair, and keeps what the rows are a share of', () => {
    const data = {
      series: 9, seriesLimit: 100, names: 3, labels: 1, pairs: 2, byName: [row('up', 5), row('net', 4)],
      byLabel: [row('job', 9, { values: 2 })], byPair: [row('job', 5, { value: 'node' }), row('job', 4, { value: 'web' })],
      unread: { days: 30, names: 1, series: 4, byName: [row('net', 4, { lastRead: null })] },
    };
    expect(shownOf(data, 'name', 'NE')).toMatchObject({ rows: [{ name: 'net' }], total: 3, whole: 9 });
    expect(shownOf(data, 'pair', 'job=w').rows).toHaveLength(1);
    expect(shownOf(data, 'unread', '')).toMatchObject({ rows: [{ name: 'net' }], total: 1, whole: 4 });
  });

  it('leads to a query that draws few lines', () => {
    expect(rowQueryOf(row('up', 3), 'name').text).toBe('up');
    expect(rowQueryOf(row('m', 300), 'unread').text).toBe('avg(m)');
    expect(rowQueryOf(row('job', 9, { values: 2 }), 'label').text).toBe('count by (job) ({job!=""})');
    expect(rowQueryOf(row('a.b', 900, { value: 'x"y' }), 'pair').text).toBe('count by (__name__) ({"a.b"="x\\"y"})');
  });
});

describe('completion', () => {
  it('knows the quote that is open', () => {
    expect(openQuote("SEARCH('{AWS/EC2,")).toEqual({ quote: "'", from: 8 });
    expect(openQuote("WHERE a = 'x' AND ")).toBeNull();
  });
});
