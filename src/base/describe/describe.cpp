#include "base/describe/describe.h"

namespace kansoku::describe {

const Member* find_member(const Type& structure, std::string_view name, size_t hint) {
  std::span<const Member> members = structure.members;
  for (size_t i = hint; i < members.size(); ++i) {
    if (members[i].name == name) return &members[i];
  }
  for (size_t i = 0; i < hint && i < members.size(); ++i) {
    if (members[i].name == name) return &members[i];
  }
  return nullptr;
}

}  // namespace kansoku::describe
