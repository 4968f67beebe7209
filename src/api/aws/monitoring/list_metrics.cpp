// ListMetrics: metrics with data in the last two weeks, 500 a page.
#include "api/aws/monitoring/handlers.h"
#include "api/aws/monitoring/monitoring_errors.h"
#include "wire/aws/monitoring/shapes.h"

namespace kansoku::api::aws::monitoring {
namespace {

namespace shapes = kansoku::aws::monitoring;
using Input = shapes::ListMetricsInput;
using Output = shapes::ListMetricsOutput;

constexpr size_t kPageMax = 500;
constexpr int64_t kListedMs = int64_t{14} * 86'400'000;
constexpr int64_t kRecentMs = int64_t{3} * 3'600'000;

std::string binding_of(const OperationContext& context, const Input& input) {
  std::string out;
  append_part(out, "ListMetrics");
  append_part(out, context.account());
  append_part(out, context.region);
  append_part(out, input.metric_namespace.value_or(""));
  append_part(out, input.metric_name.value_or(""));
  append_part(out, input.recently_active.value_or(""));
  append_part(out, input.owning_account.value_or(""));
  if (input.dimensions) {
    for (const auto& one : *input.dimensions) {
      append_part(out, *one.name);
      append_part(out, one.value ? "=" + *one.value : "");
    }
  }
  return out;
}

std::string to_position(const MetricIdentity& metric) {
  std::string out;
  append_part(out, metric.metric_namespace);
  append_part(out, metric.metric_name);
  for (const auto& [name, value] : metric.dimensions) {
    append_part(out, name);
    append_part(out, value);
  }
  return out;
}

std::optional<MetricIdentity> from_position(std::string_view text) {
  MetricIdentity out;
  std::string_view part, value;
  if (!take_part(text, part)) return std::nullopt;
  out.metric_namespace = part;
  if (!take_part(text, part)) return std::nullopt;
  out.metric_name = part;
  while (!text.empty()) {
    if (!take_part(text, part) || !take_part(text, value)) return std::nullopt;
    out.dimensions.emplace_back(part, value);
  }
  return out;
}

void handle(const Shared& shared, const std::shared_ptr<OperationContext>& context,
            const Input& input, TypedReply<Output> reply) {
  // Only the caller's own account is here, so another one owns nothing.
  if (input.owning_account && *input.owning_account != context->account()) {
    Output none;
    none.metrics.emplace();
    return reply(std::move(none));
  }
  ListQuery query;
  query.metric_namespace = input.metric_namespace;
  query.metric_name = input.metric_name;
  if (input.dimensions) {
    for (const auto& one : *input.dimensions) query.dimensions.push_back({*one.name, one.value});
  }
  query.active_since_ms = context->now.ms() - (input.recently_active ? kRecentMs : kListedMs);
  query.limit = kPageMax;
  std::string binding = binding_of(*context, input);
  if (input.next_token) {
    auto position = shared.tokens.open(binding, *input.next_token);
    if (position) query.after = from_position(*position);
    if (!query.after) return reply(std::unexpected(invalid_next_token()));
  }
  bool owners = input.include_linked_accounts.value_or(false);
  shared.backend().list(
      {context->account(), context->region}, std::move(query),
      [&shared, context, owners, binding, reply = std::move(reply)](Result<ListPage> page) mutable {
        if (!page) return reply(std::unexpected(backend_error(page.error())));
        Output output;
        output.metrics.emplace();
        if (owners) output.owning_accounts.emplace(page->metrics.size(), context->account());
        if (page->more && !page->metrics.empty()) {
          output.next_token = shared.tokens.issue(binding, to_position(page->metrics.back()));
        }
        for (MetricIdentity& metric : page->metrics) {
          shapes::Metric& out = output.metrics->emplace_back();
          out.metric_namespace = std::move(metric.metric_namespace);
          out.metric_name = std::move(metric.metric_name);
          out.dimensions.emplace();
          for (auto& [name, value] : metric.dimensions) {
            out.dimensions->push_back({std::move(name), std::move(value)});
          }
        }
        reply(std::move(output));
      });
}

}  // namespace

OperationSpec list_metrics(std::shared_ptr<Shared> shared) {
  return {.name = "ListMetrics",
          .action = "cloudwatch:ListMetrics",
          .handler =
              typed_handler<Input, Output>([shared](std::shared_ptr<OperationContext> context,
                                                    const Input& input, TypedReply<Output> reply) {
                handle(*shared, context, input, std::move(reply));
              })};
}

}  // namespace kansoku::api::aws::monitoring
