// One operation of CloudWatch Logs with the AWS SDK for JavaScript v3; prints its answer or error as JSON.
import * as logs from "@aws-sdk/client-cloudwatch-logs";

const [endpoint, accessKeyId, secretAccessKey, operation, request] = process.argv.slice(2);
const client = new logs.CloudWatchLogsClient({
  endpoint, region: "us-east-1", credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1,
});
try {
  const { $metadata, ...answer } = await client.send(new logs[`${operation}Command`](JSON.parse(request)));
  console.log(JSON.stringify(answer));
} catch (error) {
  console.log(JSON.stringify({ error: error.name, message: error.message, status: error.$metadata?.httpStatusCode }));
}
