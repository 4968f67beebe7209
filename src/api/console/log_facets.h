// The most frequent values of fields, counted over a sample. Internal to api/console.
// Thread contract: confined.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "api/console/log_level.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::console {

class Facets {
 public:
  struct Field {
    uint64_t rows = 0;
    bool more = false;  // values beyond kFacetValuesMax are not told apart
    std::unordered_map<std::string, uint64_t> values;
  };

  Facets();  // of kFacetRowsMax rows
  explicit Facets(uint64_t rows_max) : rows_max_(rows_max) {}
  // True until enough rows are counted.
  bool wants() const;
  // Of rows that were kept, with their levels; cuts them to what is still wanted.
  Status add(store::EventRows& rows, std::span<const LogLevel> levels);
  // {"rows":…,"fields":[{"name","rows","distinct","more","values":[{"value","count"}]}]}
  void append(wire::JsonWriter& json) const;
  uint64_t rows() const { return rows_; }
  const std::map<std::string, Field>& fields() const { return fields_; }

 private:
  void count(Field& field, std::string value);
  Status add_fields(store::EventRows& rows);

  uint64_t rows_max_;
  uint64_t rows_ = 0;
  std::map<std::string, Field> fields_;
};

}  // namespace kansoku::api::console
