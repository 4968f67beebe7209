#include "api/prometheus/metadata_store.h"

#include "wire/document/document.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::prometheus {
namespace {

using wire::remote_write::Metadata;
using wire::remote_write::MetricType;

constexpr const char* kCollection = "metric_metadata";

std::string encode(const Metadata& metadata) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("type");
  json.string(metric_type_name(metadata.type));
  json.key("help");
  json.string(metadata.help);
  json.key("unit");
  json.string(metadata.unit);
  json.end_object();
  return out;
}

MetricType type_of(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(MetricType::StateSet); ++i) {
    if (metric_type_name(static_cast<MetricType>(i)) == name) return static_cast<MetricType>(i);
  }
  return MetricType::Unknown;
}

}  // namespace

Result<std::unique_ptr<MetadataStore>> MetadataStore::open(store::Catalog* catalog) {
  std::unique_ptr<MetadataStore> out(new MetadataStore(catalog));
  if (catalog == nullptr) return out;
  KANSOKU_TRY(auto records, catalog->list(kCollection, "", "", 0));
  for (const store::CatalogRecord& record : records) {
    KANSOKU_TRY(auto body, wire::parse_json(record.value));
    // "ACCOUNT/FAMILY"; accounts are digits.
    size_t slash = record.key.find('/');
    if (slash == std::string::npos) return corruption("metadata key {}", quoted(record.key));
    std::string family = record.key.substr(slash + 1);
    Metadata metadata{family, type_of(body.text_of("type")), std::string(body.text_of("help")),
                      std::string(body.text_of("unit"))};
    out->families_[record.key.substr(0, slash)].emplace(std::move(family), std::move(metadata));
  }
  return out;
}

void MetadataStore::put(const std::string& account, std::vector<Metadata> metadata,
                        std::move_only_function<void(Status)> done) {
  std::vector<Metadata> changed;
  {
    std::lock_guard lock(families_mutex_);
    const Families& known = families_[account];
    for (Metadata& one : metadata) {
      if (one.help.size() > kHelpBytesMax) one.help.resize(kHelpBytesMax);
      auto found = known.find(one.family);
      if (found != known.end() && found->second == one) continue;
      if (found == known.end() && known.size() + changed.size() >= kFamiliesMax) {
        done(failed_precondition("too many metric families with metadata: limit {}", kFamiliesMax));
        return;
      }
      changed.push_back(std::move(one));
    }
  }
  if (changed.empty()) {
    done({});
    return;
  }
  auto apply = [this, account](std::vector<Metadata> list) {
    std::lock_guard lock(families_mutex_);
    Families& known = families_[account];
    for (Metadata& one : list) known[one.family] = std::move(one);
  };
  if (catalog_ == nullptr) {
    apply(std::move(changed));
    done({});
    return;
  }
  std::vector<store::CatalogWrite> writes;
  for (const Metadata& one : changed) {
    writes.push_back(
        {kCollection, fmt::format("{}/{}", account, one.family), encode(one), {}, std::nullopt});
  }
  catalog_->commit(std::move(writes), [apply, changed = std::move(changed), done = std::move(done)](
                                          Result<std::vector<uint64_t>> result) mutable {
    if (!result) {
      done(std::unexpected(std::move(result).error()));
      return;
    }
    apply(std::move(changed));
    done({});
  });
}

std::vector<Metadata> MetadataStore::list(const std::string& account,
                                          std::string_view family) const {
  std::lock_guard lock(families_mutex_);
  std::vector<Metadata> out;
  auto found = families_.find(account);
  if (found == families_.end()) return out;
  if (!family.empty()) {
    auto one = found->second.find(family);
    if (one != found->second.end()) out.push_back(one->second);
    return out;
  }
  for (const auto& [name, metadata] : found->second) out.push_back(metadata);
  return out;
}

}  // namespace kansoku::api::prometheus
