// The memory of a Reference: its entries, and the maps by which they are found. Only reference*.cpp see this.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "enrich/reference.h"

namespace rw {

// Texts kept once each; a number stands for one of them.
class TextPool {
 public:
  std::uint32_t keep(std::string_view text) {
    if (const auto found = numbers_.find(text); found != numbers_.end()) return found->second;
    texts_.emplace_back(text);
    const auto number = static_cast<std::uint32_t>(texts_.size() - 1);
    numbers_.emplace(texts_.back(), number);
    return number;
  }
  std::string_view text(std::uint32_t number) const { return texts_[number]; }
  std::size_t size() const { return texts_.size(); }

 private:
  std::deque<std::string> texts_;  // a deque's strings stay where they are
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

enum class IndicatorKind : std::uint8_t { kAddress, kPrefix, kDomain, kUrl, kHash, kJa3, kJa4 };
inline constexpr std::array<std::string_view, 7> kIndicatorKinds = {"address", "prefix", "domain", "url",
                                                                    "hash",    "ja3",    "ja4"};

struct Reference::Entry {
  std::uint32_t list;       // in lists_
  std::uint32_t indicator;  // texts, here and below
  std::uint32_t label;
  std::uint32_t reference;
  TimeRange valid;
  Ip first;  // of addresses and prefixes
  Ip last;
  IndicatorKind kind;
  std::uint8_t confidence;  // kUnknown where the list gives none
  bool dated;               // by its own line, not by its snapshot
  static constexpr std::uint8_t kUnknown = 255;
};

struct PrefixHash {
  std::size_t operator()(const Prefix& p) const noexcept { return IpHash{}(p.base) * 131 + p.length; }
};

struct Reference::Index {
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Node {  // of a chain: one entry, and the next one of the same key
    std::uint32_t entry;
    std::uint32_t next;
  };
  TextPool texts;
  std::vector<Entry> entries;
  std::vector<Node> nodes;
  std::unordered_map<Prefix, std::uint32_t, PrefixHash> prefixes;  // first node
  std::bitset<129> lengths;                                        // that occur among the prefixes
  std::array<std::unordered_map<std::string_view, std::uint32_t>, kIndicatorKinds.size()> names;  // first node

  std::unordered_set<std::string_view> registered;  // registered domains of the domains
  std::unordered_set<std::string_view> url_hosts;   // with their ports

  void chain(std::uint32_t& head, std::uint32_t entry) {
    nodes.push_back({entry, head});
    head = static_cast<std::uint32_t>(nodes.size() - 1);
  }
  void build();
};

// Calls `visit(prefix)` for the prefixes that make up [first, last], in order: at most 254.
template <typename Visit>
void for_each_prefix(Ip first, Ip last, Visit visit) {
  while (first <= last) {
    unsigned length = first.is_v4() ? 96 : 0;
    if (first == last) length = 128;
    Prefix prefix = Prefix::of(first, static_cast<std::uint8_t>(length));
    while (length < 128 && (prefix.base != first || last < prefix.last()))
      prefix = Prefix::of(first, static_cast<std::uint8_t>(++length));
    visit(prefix);
    first = prefix.last();
    if (++first.lo == 0 && ++first.hi == 0) return;  // that was the end of the address space
  }
}

}  // namespace rw
