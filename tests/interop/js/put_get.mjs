// Puts one datum and reads it back with the AWS SDK for JavaScript v3; prints JSON for the Python test.
import { CloudWatchClient, GetMetricDataCommand, GetMetricStatisticsCommand, ListMetricsCommand, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const [endpoint, accessKeyId, secretAccessKey, namespace, metric, value, timestamp] = process.argv.slice(2);
const options = { endpoint, region: "us-east-1", credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 };
const client = new CloudWatchClient(options);
const at = new Date(Number(timestamp));
const dimensions = [{ Name: "Client", Value: "any" }];

if (value !== "read") {
  await client.send(new PutMetricDataCommand({
    Namespace: namespace,
    MetricData: [{ MetricName: metric, Dimensions: dimensions, Value: Number(value), Timestamp: at, Unit: "Count" }],
  }));
}
const range = { StartTime: new Date(at.getTime() - 60_000), EndTime: new Date(at.getTime() + 120_000) };
const statistics = await client.send(new GetMetricStatisticsCommand({
  Namespace: namespace, MetricName: metric, Dimensions: dimensions, Period: 60,
  Statistics: ["Sum", "Average", "Minimum", "Maximum", "SampleCount"], ...range,
}));
const data = await client.send(new GetMetricDataCommand({
  MetricDataQueries: [{ Id: "a", MetricStat: { Metric: { Namespace: namespace, MetricName: metric, Dimensions: dimensions }, Period: 60, Stat: "Sum" } }],
  ...range,
}));
const list = await client.send(new ListMetricsCommand({ Namespace: namespace, MetricName: metric }));
const identity = await new STSClient(options).send(new GetCallerIdentityCommand({}));
let failure = null;
try {
  await new CloudWatchClient({ ...options, credentials: { accessKeyId, secretAccessKey: "wrong" } })
    .send(new ListMetricsCommand({}));
} catch (error) {
  failure = { name: error.name, status: error.$metadata?.httpStatusCode };
}
console.log(JSON.stringify({
  statistics: statistics.Datapoints, values: data.MetricDataResults[0].Values,
  listed: list.Metrics.length, account: identity.Account, failure,
}));
