// Follows log groups with the AWS SDK for JavaScript v3 until so many events were told of; prints JSON lines for the Python test.
import { CloudWatchLogsClient, StartLiveTailCommand } from "@aws-sdk/client-cloudwatch-logs";

const [endpoint, accessKeyId, secretAccessKey, request, updates] = process.argv.slice(2);
const client = new CloudWatchLogsClient({
  endpoint, region: "us-east-1", credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1, disableHostPrefix: true,
});
const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

try {
  const answer = await client.send(new StartLiveTailCommand(JSON.parse(request)));
  let left = Number(updates);
  for await (const message of answer.responseStream) {
    if (message.sessionStart) print({ start: message.sessionStart });
    if (!message.sessionUpdate) continue;
    const { sessionResults, sessionMetadata } = message.sessionUpdate;
    print({ sampled: sessionMetadata.sampled, events: sessionResults });
    if (--left === 0) break;
  }
} catch (error) {
  print({ error: error.name, status: error.$metadata?.httpStatusCode, message: error.message });
}
client.destroy();
