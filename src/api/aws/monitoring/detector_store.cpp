#include "api/aws/monitoring/detector_store.h"

#include <algorithm>

#include "api/aws/monitoring/series_query.h"
#include "api/aws/page_token.h"
#include "base/text/percent.h"
#include "net/auth/sigv4.h"
#include "wire/aws/protocol.h"

namespace kansoku::api::aws::monitoring {
namespace {

const std::string kCollection = "anomaly_detectors";

std::string prefix_of(const Tenant& tenant) { return tenant.account + "/" + tenant.region + "/"; }

const describe::Type& definition_type() {
  static const describe::Type& type =
      *kansoku::aws::find_operation(shapes::operation_shapes(), "PutAnomalyDetector")->input;
  return type;
}

// Half a SHA-256: as unlikely to meet another as a random UUID.
std::string short_hash(std::string_view bytes) {
  return net::auth::sha256_hex(bytes).substr(0, 32);
}

std::string encoded(std::string_view text) {
  std::string out;
  append_percent_encoded(out, text, "");
  return out;
}

std::optional<Detector> read(const Tenant& tenant, const store::CatalogRecord& record) {
  Detector out;
  if (!kansoku::aws::decode_json(record.value, definition_type(), &out.definition)) {
    return std::nullopt;
  }
  out.key = record.key.substr(prefix_of(tenant).size());
  out.id = short_hash(record.key);
  return out;
}

}  // namespace

std::string single_metric_key(const MetricIdentity& metric, std::string_view stat) {
  std::string rest;
  for (const auto& [name, value] : metric.dimensions) {
    append_part(rest, name);
    append_part(rest, value);
  }
  append_part(rest, stat);
  return "metric/" + encoded(metric.metric_namespace) + "/" + encoded(metric.metric_name) + "/" +
         short_hash(rest);
}

std::string metric_math_key(const std::vector<shapes::MetricDataQuery>& queries) {
  std::vector<std::string> parts;
  for (const auto& query : queries) {
    std::string& part = parts.emplace_back();
    append_part(part, query.id.value_or(""));
    append_part(part, query.expression.value_or(""));
    if (!query.metric_stat) continue;
    const shapes::MetricStat& stat = *query.metric_stat;
    append_part(part, stat.metric->metric_namespace.value_or(""));
    append_part(part, stat.metric->metric_name.value_or(""));
    for (const auto& [name, value] : dimension_list(stat.metric->dimensions)) {
      append_part(part, name);
      append_part(part, value);
    }
    append_part(part, stat.stat.value_or(""));
  }
  std::ranges::sort(parts);
  std::string all;
  for (const std::string& part : parts) append_part(all, part);
  return "math/" + short_hash(all);
}

std::string detector_key(const shapes::PutAnomalyDetectorInput& definition) {
  if (definition.metric_math_anomaly_detector) {
    return metric_math_key(*definition.metric_math_anomaly_detector->metric_data_queries);
  }
  const auto& single = *definition.single_metric_anomaly_detector;
  return single_metric_key(
      {*single.metric_namespace, *single.metric_name, dimension_list(single.dimensions)},
      *single.stat);
}

std::optional<Detector> DetectorStore::find(const Tenant& tenant, const std::string& key) const {
  if (catalog_ == nullptr) return std::nullopt;
  auto record = catalog_->get(kCollection, prefix_of(tenant) + key);
  if (!record) return std::nullopt;
  return read(tenant, *record);
}

Result<std::vector<Detector>> DetectorStore::list(const Tenant& tenant) const {
  std::vector<Detector> out;
  if (catalog_ == nullptr) return out;
  KANSOKU_TRY(auto records, catalog_->list(kCollection, prefix_of(tenant), "", 0));
  for (const store::CatalogRecord& record : records) {
    if (auto detector = read(tenant, record)) out.push_back(std::move(*detector));
  }
  return out;
}

bool DetectorStore::is_full_for(const Tenant& tenant, const std::string& key) const {
  if (catalog_ == nullptr || catalog_->get(kCollection, prefix_of(tenant) + key)) return false;
  auto all = catalog_->list(kCollection, prefix_of(tenant), "", kDetectorsMax);
  return all && all->size() >= kDetectorsMax;
}

void DetectorStore::put(const Tenant& tenant, const shapes::PutAnomalyDetectorInput& definition,
                        std::move_only_function<void(Result<std::string>)> done) {
  if (catalog_ == nullptr) return done(unavailable("there is no catalog to keep detectors in"));
  std::string key = prefix_of(tenant) + detector_key(definition);
  std::string id = short_hash(key);
  catalog_->commit({{.collection = kCollection,
                     .key = key,
                     .value = kansoku::aws::encode_json(&definition_type(), &definition),
                     .indexes = {},
                     .expected_version = std::nullopt}},
                   [id, done = std::move(done)](Result<std::vector<uint64_t>> versions) mutable {
                     if (!versions) return done(std::unexpected(std::move(versions).error()));
                     done(std::move(id));
                   });
}

void DetectorStore::remove(const Tenant& tenant, const std::string& key,
                           std::move_only_function<void(Status)> done) {
  if (catalog_ == nullptr || !catalog_->get(kCollection, prefix_of(tenant) + key)) {
    return done(not_found("no anomaly detector for this metric and statistic"));
  }
  catalog_->commit({{.collection = kCollection,
                     .key = prefix_of(tenant) + key,
                     .value = std::nullopt,
                     .indexes = {},
                     .expected_version = std::nullopt}},
                   [done = std::move(done)](Result<std::vector<uint64_t>> versions) mutable {
                     if (!versions) return done(std::unexpected(std::move(versions).error()));
                     done({});
                   });
}

}  // namespace kansoku::api::aws::monitoring
