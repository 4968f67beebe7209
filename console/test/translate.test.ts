import { describe, expect, it } from 'vitest';
import { expressionRow, metricRow, type Row } from '../src/state/rows';
import { promDuration, promSelector, readSelector, translate } from '../src/state/translate';
import { property } from './random';

const cpu = (more: Partial<Row> = {}) => metricRow({
  namespace: 'AWS/EC2', metric: 'CPUUtilization', dimensions: { InstanceId: 'i-1' }, match: 'exact',
  stat: 'Average', period: 60, ...more,
}, more);
const promql = (row: Row, period = 0, absent: string[] = []) => translate(row, 'promql', period, absent)?.text ?? null;
const metric = (text: string, lang: 'promql' | 'sql' = 'promql') => translate(expressionRow(lang, text), 'metric', 0);
const SELECTOR = 'CPUUtilization{__namespace__="AWS/EC2",InstanceId="i-1"';

describe('a metric in PromQL', () => {
  it('reads the cells of its statistic over its period', () => {
    expect(promql(cpu())).toBe(`avg_over_time(${SELECTOR},__stat__="avg"}[1m])`);
    expect(promql(cpu({ stat: 'Sum', period: 300 }))).toBe(`sum_over_time(${SELECTOR},__stat__="sum"}[5m])`);
    expect(promql(cpu({ stat: 'Maximum', period: 3600 }))).toBe(`max_over_time(${SELECTOR},__stat__="max"}[1h])`);
    expect(promql(cpu({ stat: 'SampleCount' }))).toBe(`sum_over_time(${SELECTOR},__stat__="count"}[1m])`);
    expect(promql(cpu({ stat: 'p99' }))).toBe(`last_over_time(${SELECTOR},__stat__="p99"}[1m])`);
    expect(promql(cpu({ stat: 'Sum', rate: true, period: 300 }))).toBe(`rate(${SELECTOR}}[5m])`);
  });

  it('weighs the averages of minutes by their counts', () => {
    expect(promql(cpu({ period: 300 })))
      .toBe(`sum_over_time(${SELECTOR},__stat__="sum"}[5m]) / sum_over_time(${SELECTOR},__stat__="count"}[5m])`);
  });

  it('keeps other sets of dimensions out, and takes any value of a wildcard', () => {
    expect(promql(cpu({ dimensions: { InstanceId: '*' } }), 0, ['ImageId', 'InstanceId']))
      .toBe('avg_over_time(CPUUtilization{__namespace__="AWS/EC2",InstanceId!="",ImageId="",__stat__="avg"}[1m])');
    expect(promql(cpu({ match: 'subset' }), 0, ['ImageId'])).not.toContain('ImageId');
  });

  it('has no equal for percentiles of longer periods, periods below a minute and trimmed means', () => {
    expect(promql(cpu({ stat: 'p99', period: 300 }))).toBeNull();
    expect(promql(cpu({ period: 10 }))).toBeNull();
    expect(promql(cpu({ stat: 'tm99' }))).toBeNull();
    expect(promql(cpu({ namespace: 'OTel' }))).toBeNull();
    expect(promql(cpu({ stat: 'Average', rate: true }))).toBeNull();
  });

  it('rounds a period that the server chose up to a minute', () => {
    expect(promql(cpu({ period: 0 }), 5)).toContain('[1m]');
    expect(promql(cpu({ period: 0, stat: 'Sum' }), 300)).toContain('[5m]');
  });

  it('reads the points of a Prometheus series', () => {
    const row = cpu({ namespace: 'Prometheus', metric: 'up', dimensions: { job: 'node' }, period: 300 });
    expect(promql(row)).toBe('avg_over_time(up{job="node"}[5m])');
    expect(promql({ ...row, stat: 'p99' })).toBeNull();
  });
});

describe('PromQL as a metric', () => {
  it('is read where it is one function over one selector of equalities', () => {
    expect(metric(`sum_over_time(${SELECTOR},__stat__="sum"}[5m])`)).toMatchObject({
      lang: 'metric', namespace: 'AWS/EC2', metric: 'CPUUtilization', dimensions: { InstanceId: 'i-1' },
      match: 'subset', stat: 'Sum', period: 300, rate: false,
    });
    expect(metric('avg_over_time(up{job="node"}[1m])')).toMatchObject({ namespace: 'Prometheus', stat: 'Average' });
    expect(metric(`rate(${SELECTOR}}[1m])`)).toMatchObject({ stat: 'Sum', rate: true });
  });

  it('is refused where no equal exists', () => {
    for (const text of [
      'up', 'rate(http_requests_total[5m])', 'sum(rate(x[5m]))', `avg_over_time(${SELECTOR}}[5m])`,
      'avg_over_time(up{job=~"n.*"}[1m])', 'avg_over_time(up{job!="n"}[1m])', 'avg_over_time(up[1m] offset 1h)',
      'avg_over_time(up[30s])', `max_over_time(${SELECTOR},__stat__="sum"}[1m])`, 'avg_over_time({job="n"}[1m])',
      'avg_over_time(up{job=""}[1m])', 'avg_over_time(', '', 'avg_over_time(up[1m:30s])',
    ]) expect(metric(text), text).toBeNull();
  });

  it('comes back to the same text', () => {
    property(200, (r) => {
      const row = cpu({
        match: 'subset', stat: r.pick(['Sum', 'Minimum', 'Maximum', 'SampleCount']), period: r.pick([60, 300, 3600]),
        metric: r.pick(['cpu', 'a.b', 'x y']), namespace: r.pick(['AWS/EC2', 'N"q']),
        dimensions: { a: r.pick(['1', 'x"y', 'b\\c', '*']), 'd.e': r.pick(['}', '[1m]', ',']) },
      });
      const text = promql(row)!;
      const back = metric(text);
      expect(promql(back!)).toBe(text);
      expect(readSelector(promSelector(row.metric, row.namespace, row.dimensions, [], 'sum')))
        .toEqual({ metric: row.metric, namespace: row.namespace, dimensions: row.dimensions, stat: 'sum' });
    });
  });

  it('never throws on foreign text', () => {
    property(300, (r) => {
      const text = r.text(40);
      metric(text);
      metric(`avg_over_time(${text}[1m])`);
      metric(`SELECT AVG(x) FROM SCHEMA(${text})`, 'sql');
    });
  });
});

describe('a metric in SQL and back', () => {
  it('names the whole set of dimensions', () => {
    const row = cpu({ dimensions: { InstanceId: '*', cpu: 'cpu-total' } });
    const text = translate(row, 'sql', 0)!.text;
    expect(text).toBe('SELECT AVG(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId, cpu)'
      + " WHERE cpu = 'cpu-total' GROUP BY InstanceId");
    expect(metric(text, 'sql')).toMatchObject({
      namespace: 'AWS/EC2', dimensions: { InstanceId: '*', cpu: 'cpu-total' }, match: 'exact', stat: 'Average',
    });
  });

  it('has no equal for percentiles, rates, open dimensions and merged ones', () => {
    expect(translate(cpu({ stat: 'p99' }), 'sql', 0)).toBeNull();
    expect(translate(cpu({ match: 'subset' }), 'sql', 0)).toBeNull();
    expect(translate(cpu({ stat: 'Sum', rate: true }), 'sql', 0)).toBeNull();
    for (const text of [
      'SELECT AVG(m) FROM SCHEMA("N", a)', 'SELECT AVG(m) FROM "N"', "SELECT AVG(m) FROM SCHEMA(\"N\", a) WHERE a != 'x'",
      "SELECT AVG(m) FROM SCHEMA(\"N\", a) WHERE a = 'x' LIMIT 5", 'SELECT AVG(m) FROM SCHEMA("N", a) GROUP BY a ORDER BY MAX()',
    ]) expect(metric(text, 'sql'), text).toBeNull();
  });
});

describe('durations', () => {
  it('take the largest unit that fits', () => {
    expect([60, 90, 3600, 86_400, 172_800].map(promDuration)).toEqual(['1m', '90s', '1h', '1d', '2d']);
  });
});
