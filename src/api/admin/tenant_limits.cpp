#include "api/admin/tenant_limits.h"

#include "wire/document/document.h"
#include "wire/json/json_writer.h"

namespace kansoku::api {
namespace {

constexpr const char* kCollection = "tenant_limits";

}  // namespace

Result<std::unique_ptr<TenantLimits>> TenantLimits::open(store::Catalog& catalog,
                                                         store::MetricStore& metrics,
                                                         uint64_t series_default) {
  std::unique_ptr<TenantLimits> out(new TenantLimits(catalog, metrics, series_default));
  KANSOKU_TRY(auto records, catalog.list(kCollection, "", "", 0));
  for (const store::CatalogRecord& record : records) {
    KANSOKU_TRY(auto node, wire::parse_json(record.value));
    auto series = static_cast<uint64_t>(node.number_of("series").value_or(0));
    if (series == 0) continue;
    out->series_[record.key] = series;
    KANSOKU_RETURN_IF_ERROR(metrics.set_series_limit(record.key, series));
  }
  return out;
}

void TenantLimits::set_series(const std::string& account, uint64_t series_max, Done done) {
  bool is_account =
      account.size() == 12 && account.find_first_not_of("0123456789") == std::string::npos;
  if (!is_account) {
    done(invalid_argument("{} is no account: 12 digits", quoted(account)));
    return;
  }
  store::CatalogWrite write{.collection = kCollection, .key = account, .value = {}, .indexes = {}};
  if (series_max > 0) {
    std::string value;
    wire::JsonWriter json(value);
    json.begin_object();
    json.key("series");
    json.unsigned_integer(series_max);
    json.end_object();
    write.value = std::move(value);
  }
  std::vector<store::CatalogWrite> writes;
  writes.push_back(std::move(write));
  catalog_.commit(std::move(writes), [this, account, series_max, done = std::move(done)](
                                         Result<std::vector<uint64_t>> versions) mutable {
    if (!versions) {
      done(std::unexpected(std::move(versions).error()));
      return;
    }
    {
      std::lock_guard lock(series_mutex_);
      if (series_max == 0) {
        series_.erase(account);
      } else {
        series_[account] = series_max;
      }
    }
    done(metrics_.set_series_limit(account, series_max));
  });
}

std::map<std::string, uint64_t> TenantLimits::series() const {
  std::lock_guard lock(series_mutex_);
  return series_;
}

uint64_t TenantLimits::series_of(const std::string& account) const {
  std::lock_guard lock(series_mutex_);
  auto found = series_.find(account);
  return found == series_.end() ? series_default_ : found->second;
}

}  // namespace kansoku::api
