// Texts that are cut into literal pieces and values between them, kept as a tree of what was seen:
// the next text mostly takes the way of one before, which is a comparison of bytes a piece.
// Thread contract: one owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kansoku::store::events {

// A value between two literals.
struct CutValue {
  const char* text = nullptr;
  uint32_t bytes = 0;
  uint32_t scale = 0;  // decimals behind the point; of a JSON string 1: it stood with escapes
  int64_t number = 0;
  std::string_view view() const { return {text, bytes}; }
};

// A literal and the kind of the value behind it; the last piece has none.
struct CutPiece {
  std::string literal;
  uint16_t kind = 0;
};

class PieceTrie {
 public:
  static constexpr int kNone = -1;
  struct Next {
    uint16_t kind = 0;
    uint32_t node = 0;
  };

  // The number of the way that `text` takes, or kNone. `choose(nexts, at, end)` takes a value at
  // `at` of one of these kinds, moves `at` behind it and says which, or -1.
  template <class Choose>
  int walk(std::string_view text, Choose&& choose) {
    const char* at = text.data();
    const char* const end = at + text.size();
    uint32_t node = 0;
    for (;;) {
      std::vector<Branch>& branches = nodes_[node];
      int taken = kNone;
      const auto left = static_cast<size_t>(end - at);
      const uint32_t head = head_of({at, left});
      for (size_t i = 0; i < branches.size(); ++i) {
        if ((head & branches[i].mask) != branches[i].head) continue;
        const Edge& edge = *edges_[branches[i].edge];
        if (edge.literal.size() > left ||
            std::memcmp(edge.literal.data(), at, edge.literal.size()) != 0) {
          continue;
        }
        if (edge.literal.size() == left) {
          if (edge.way != kNone) return edge.way;
          continue;
        }
        if (edge.nexts.empty()) continue;
        const char* behind = at + edge.literal.size();
        taken = choose(std::span<const Next>(edge.nexts), behind, end);
        if (taken == kNone) continue;
        at = behind;
        node = edge.nexts[static_cast<size_t>(taken)].node;
        // What came last comes first.
        if (i > 0) std::swap(branches[i], branches[i / 2]);
        break;
      }
      if (taken == kNone) return kNone;
    }
  }
  // The number of the way of these pieces: one of before, or `fresh`, which is then taken; kNone
  // where the tree has become too wide for it.
  int insert(std::span<const CutPiece> pieces, int fresh) {
    uint32_t node = 0;
    for (size_t i = 0;; ++i) {
      Edge* const edge = edge_of(node, pieces[i].literal);
      if (edge == nullptr) return kNone;
      if (i + 1 == pieces.size()) {
        if (edge->way == kNone) edge->way = fresh;
        return edge->way;
      }
      node = next_of(*edge, pieces[i].kind);
    }
  }

 private:
  struct Edge {
    std::string literal;
    int way = kNone;
    std::vector<Next> nexts;
  };
  // From one place; prose would make as many as it has lines, and each is looked at.
  static constexpr size_t kBranchesMax = 256;
  // An edge, and the first bytes of its literal, which mostly say that it is another one.
  struct Branch {
    uint32_t edge = 0;
    uint32_t head = 0;
    uint32_t mask = 0;
  };
  static uint32_t head_of(std::string_view text) {
    uint32_t out = 0;
    std::memcpy(&out, text.data(), std::min(sizeof(out), text.size()));
    return out;
  }
  Edge* edge_of(uint32_t node, const std::string& literal) {
    for (const Branch& branch : nodes_[node]) {
      if (edges_[branch.edge]->literal == literal) return edges_[branch.edge].get();
    }
    if (nodes_[node].size() == kBranchesMax) return nullptr;
    const uint32_t mask =
        literal.size() >= 4 ? ~uint32_t{0} : (uint32_t{1} << (8 * literal.size())) - 1;
    nodes_[node].push_back({static_cast<uint32_t>(edges_.size()), head_of(literal), mask});
    edges_.push_back(std::make_unique<Edge>());
    edges_.back()->literal = literal;
    return edges_.back().get();
  }
  uint32_t next_of(Edge& edge, uint16_t kind) {
    for (const Next& next : edge.nexts) {
      if (next.kind == kind) return next.node;
    }
    const auto node = static_cast<uint32_t>(nodes_.size());
    nodes_.emplace_back();
    // Kinds descend: the narrower ones are tried first.
    auto place = edge.nexts.begin();
    while (place != edge.nexts.end() && place->kind > kind) ++place;
    edge.nexts.insert(place, {kind, node});
    return node;
  }

  std::vector<std::vector<Branch>> nodes_{1};
  std::vector<std::unique_ptr<Edge>> edges_;
};

}  // namespace kansoku::store::events
