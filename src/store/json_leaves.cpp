#include "store/json_leaves.h"

#include <cmath>
#include <unordered_set>

#include "store/event_store.h"
#include "wire/json/json_reader.h"

namespace kansoku::store {
namespace {

class LeafVisitor final : public wire::TreeVisitor {
 public:
  bool begin_map() override { return begin(false); }
  bool begin_list() override { return !levels_.empty() && begin(true); }
  bool end() override {
    levels_.pop_back();
    if (levels_.empty()) return true;
    next();
    return true;
  }
  bool key(std::string_view name) override {
    Level& level = levels_.back();
    path_.resize(level.path_bytes);
    const bool reserved = levels_.size() == 1 && name.starts_with('@');
    append_path_level(reserved ? "@" + std::string(name) : std::string(name), path_);
    return true;
  }
  bool text(std::string_view value) override { return leaf(std::string(value)); }
  bool bytes(std::string_view) override { return false; }
  bool integer(int64_t value) override { return leaf(value); }
  bool number(double value) override { return leaf(value); }
  bool boolean(bool value) override { return leaf(value); }
  bool null() override {
    if (levels_.empty()) return false;
    next();
    return true;
  }
  std::vector<JsonLeaf> take() { return std::move(leaves_); }

 private:
  struct Level {
    size_t path_bytes = 0;  // of the path above
    bool list = false;
    size_t item = 0;
  };

  bool begin(bool list) {
    levels_.push_back({path_.size(), list, 0});
    if (list) name_item();
    return true;
  }
  // A value of the innermost container is behind us.
  void next() {
    Level& level = levels_.back();
    if (!level.list) return;
    ++level.item;
    name_item();
  }
  void name_item() {
    const Level& level = levels_.back();
    path_.resize(level.path_bytes);
    append_path_level(std::to_string(level.item), path_);
  }
  template <class Value>
  bool leaf(Value value) {
    if (levels_.empty()) return false;  // the whole is no object
    if (leaves_.size() < kJsonLeavesMax && path_.size() <= kEventPathBytesMax &&
        seen_.insert(path_).second) {
      leaves_.push_back({path_, std::move(value)});
    }
    next();
    return true;
  }

  std::string path_;
  std::vector<Level> levels_;
  std::unordered_set<std::string> seen_;
  std::vector<JsonLeaf> leaves_;
};

}  // namespace

std::vector<JsonLeaf> json_leaves(std::string_view message) {
  const size_t begin = message.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || message[begin] != '{') return {};
  LeafVisitor visitor;
  if (!wire::read_json(message, visitor)) return {};
  return visitor.take();
}

}  // namespace kansoku::store
