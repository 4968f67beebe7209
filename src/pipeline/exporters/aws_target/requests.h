// The requests that targets take, and their answers. Internal to this folder; pure functions.
#pragma once

#include "pipeline/exporters/aws_target/aws_target.h"

namespace kansoku::pipeline::aws_target {

// How many of the records, from `first`, go into one request.
size_t records_of_request(const Target& target, std::span<const Record> records, size_t first);
net::aws::AwsRequest request_of(const Target& target, std::span<const Record> records);
// By Firehose's specification of HTTP endpoints.
net::HttpClientRequest http_request_of(const Target& target, std::span<const Record> records,
                                       std::string_view request_id, int64_t now_ms);

// Which records of a request that was answered by 200 are to be sent again.
Result<std::vector<size_t>> refused_records(const Target& target, std::string_view answer,
                                            size_t records);

}  // namespace kansoku::pipeline::aws_target
