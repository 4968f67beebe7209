// Saved queries: PutQueryDefinition, DescribeQueryDefinitions, DeleteQueryDefinition.
//
// A record of the collection "log_query_definitions" under account/region/id: milliseconds of its
// last change, a blank, and the request as JSON of its described shape.
#include <algorithm>

#include "api/aws/logs/handlers.h"

namespace kansoku::api::aws::logs {
namespace {

const std::string kCollection = "log_query_definitions";
// CloudWatch Logs' default.
constexpr size_t kDefinitionsMax = 1'000;

std::string prefix_of(const OperationContext& context) {
  return context.account() + "/" + context.region + "/";
}

const describe::Type& stored_type() {
  static const describe::Type& type =
      *kansoku::aws::find_operation(shapes::operation_shapes(), "PutQueryDefinition")->input;
  return type;
}

// The request with its id, and when it was made.
struct Saved {
  shapes::PutQueryDefinitionInput definition;
  int64_t modified_ms = 0;
};

std::string encode(const Saved& saved) {
  return std::to_string(saved.modified_ms) + " " +
         kansoku::aws::encode_json(&stored_type(), &saved.definition);
}
std::optional<Saved> decode(const std::string& value) {
  const size_t blank = value.find(' ');
  if (blank == std::string::npos) return std::nullopt;
  Saved out;
  out.modified_ms = std::strtoll(value.c_str(), nullptr, 10);
  if (!kansoku::aws::decode_json(std::string_view(value).substr(blank + 1), stored_type(),
                                 &out.definition)) {
    return std::nullopt;
  }
  return out;
}

void put(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
         const shapes::PutQueryDefinitionInput& input,
         TypedReply<shapes::PutQueryDefinitionOutput> reply) {
  if (input.query_language && *input.query_language != "CWLI") {
    return reply(std::unexpected(invalid_parameter(
        fmt::format("query language {} is not supported, only CWLI is", *input.query_language))));
  }
  if (const auto plan = query::logs_insights::compile(*input.query_string); !plan) {
    return reply(std::unexpected(invalid_parameter(fmt::format(
        "{} at character {} of the query", plan.error().message, plan.error().start + 1))));
  }
  store::Catalog& catalog = *shared->options.catalog;
  Saved saved{input, context->now.ms()};
  std::string& id = saved.definition.query_definition_id.emplace(
      input.query_definition_id.value_or(new_uuid(*shared->options.random)));
  const std::string key = prefix_of(*context) + id;
  if (input.query_definition_id && !catalog.get(kCollection, key))
    return reply(std::unexpected(resource_not_found("The query definition does not exist.")));
  const auto known = catalog.list(kCollection, prefix_of(*context), "", 0);
  if (!input.query_definition_id && known && known->size() >= kDefinitionsMax) {
    return reply(std::unexpected(
        store_error(resource_exhausted("an account has at most {} query definitions in a region",
                                       kDefinitionsMax)
                        .error())));
  }
  std::string value = encode(saved);
  catalog.commit({{.collection = kCollection,
                   .key = key,
                   .value = std::move(value),
                   .indexes = {},
                   .expected_version = std::nullopt}},
                 [id, reply = std::move(reply)](Result<std::vector<uint64_t>> versions) mutable {
                   if (!versions) return reply(std::unexpected(store_error(versions.error())));
                   shapes::PutQueryDefinitionOutput out;
                   out.query_definition_id = std::move(id);
                   reply(std::move(out));
                 });
}

void describe(const std::shared_ptr<Shared>& shared,
              const std::shared_ptr<OperationContext>& context,
              const shapes::DescribeQueryDefinitionsInput& input,
              TypedReply<shapes::DescribeQueryDefinitionsOutput> reply) {
  std::string binding;
  for (const std::string& part : {std::string("DescribeQueryDefinitions"), prefix_of(*context),
                                  input.query_definition_name_prefix.value_or("")}) {
    append_part(binding, part);
  }
  std::string after;
  if (input.next_token) {
    const auto position = shared->tokens.open(binding, *input.next_token);
    if (!position) return reply(std::unexpected(invalid_token()));
    after = *position;
  }
  const auto records = shared->options.catalog->list(kCollection, prefix_of(*context), after, 0);
  if (!records) return reply(std::unexpected(store_error(records.error())));
  const auto limit = static_cast<size_t>(input.max_results.value_or(1'000));
  shapes::DescribeQueryDefinitionsOutput out;
  out.query_definitions.emplace();
  std::string last;
  for (const store::CatalogRecord& record : *records) {
    const auto saved = decode(record.value);
    if (!saved ||
        !saved->definition.name->starts_with(input.query_definition_name_prefix.value_or(""))) {
      continue;
    }
    if (out.query_definitions->size() == limit) {
      out.next_token = shared->tokens.issue(binding, last);
      break;
    }
    last = record.key;
    shapes::QueryDefinition& row = out.query_definitions->emplace_back();
    row.query_language = "CWLI";
    row.query_definition_id = saved->definition.query_definition_id;
    row.name = saved->definition.name;
    row.query_string = saved->definition.query_string;
    row.last_modified = saved->modified_ms;
    row.log_group_names = saved->definition.log_group_names;
  }
  reply(std::move(out));
}

void remove(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::DeleteQueryDefinitionInput& input,
            TypedReply<shapes::DeleteQueryDefinitionOutput> reply) {
  const std::string key = prefix_of(*context) + *input.query_definition_id;
  if (!shared->options.catalog->get(kCollection, key))
    return reply(std::unexpected(resource_not_found("The query definition does not exist.")));
  shared->options.catalog->commit(
      {{.collection = kCollection,
        .key = key,
        .value = std::nullopt,
        .indexes = {},
        .expected_version = std::nullopt}},
      [reply = std::move(reply)](Result<std::vector<uint64_t>> versions) mutable {
        if (!versions) return reply(std::unexpected(store_error(versions.error())));
        shapes::DeleteQueryDefinitionOutput out;
        out.success = true;
        reply(std::move(out));
      });
}

}  // namespace

void add_definition_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table) {
  auto& rows = table.operations;
  rows.push_back(line<shapes::PutQueryDefinitionInput, shapes::PutQueryDefinitionOutput>(
      "PutQueryDefinition", "logs:PutQueryDefinition", shared, put));
  rows.push_back(
      line<shapes::DescribeQueryDefinitionsInput, shapes::DescribeQueryDefinitionsOutput>(
          "DescribeQueryDefinitions", "logs:DescribeQueryDefinitions", shared, describe));
  rows.push_back(line<shapes::DeleteQueryDefinitionInput, shapes::DeleteQueryDefinitionOutput>(
      "DeleteQueryDefinition", "logs:DeleteQueryDefinition", shared, remove));
}

}  // namespace kansoku::api::aws::logs
