// Flattening through simdjson's on-demand parser (the one file that includes it).
#include "format/json_line.h"

#include <simdjson.h>

#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace rw {
namespace {

namespace od = simdjson::ondemand;

constexpr std::int16_t kNone = -1;
constexpr std::size_t kMaxUnknownKeys = 256;  // remembered, so that passing over them is fast; hostile keys stop there
constexpr std::size_t kBuckets = 64;
constexpr std::size_t kMaxKey = 60;  // comparing a key may read this far past it, which the padding allows
static_assert(kMaxKey < simdjson::SIMDJSON_PADDING);

// A key at one place of the document.
struct Node {
  std::string key;
  std::int16_t field = kNone;  // index of the path that ends here
  bool list = false;           // the path goes on into a list's items
  std::int16_t same_bucket = kNone;
  std::int16_t follower = kNone;  // the sibling that came after it last time: lines of one log repeat their order
  std::array<std::int16_t, kBuckets>* children = nullptr;
  std::int16_t first = kNone;  // the child that came first last time
};

std::size_t bucket_of(std::string_view key) {
  return (key.size() * 7 + static_cast<unsigned char>(key.front()) * 3 + static_cast<unsigned char>(key.back())) %
         kBuckets;
}

}  // namespace

struct JsonLine::Impl {
  od::parser parser;
  std::vector<char> buffer;  // the line with the padding that simdjson needs
  std::vector<Node> nodes;
  std::vector<std::unique_ptr<std::array<std::int16_t, kBuckets>>> tables;
  std::size_t unknown_keys = 0;
  std::vector<std::string_view> texts;
  std::vector<std::vector<std::string_view>> lists;
  std::vector<std::int16_t> touched;  // fields that the last line set
  simdjson::error_code error = simdjson::SUCCESS;

  std::int16_t add_node(std::int16_t parent, std::string_view key) {
    nodes.push_back({std::string(key)});
    const auto added = static_cast<std::int16_t>(nodes.size() - 1);
    if (parent == kNone) return added;
    Node& above = nodes[static_cast<std::size_t>(parent)];
    if (above.children == nullptr) {
      tables.push_back(std::make_unique<std::array<std::int16_t, kBuckets>>());
      tables.back()->fill(kNone);
      above.children = tables.back().get();
    }
    std::int16_t& head = (*above.children)[bucket_of(key)];
    nodes.back().same_bucket = head;
    head = added;
    return added;
  }
  std::int16_t find_child(std::int16_t parent, std::string_view key) const {
    const Node& above = nodes[static_cast<std::size_t>(parent)];
    if (above.children == nullptr) return kNone;
    std::int16_t at = (*above.children)[bucket_of(key)];
    while (at != kNone && nodes[static_cast<std::size_t>(at)].key != key)
      at = nodes[static_cast<std::size_t>(at)].same_bucket;
    return at;
  }
  void add_path(std::string_view path, std::int16_t field);

  std::int16_t child(std::int16_t parent, std::int16_t previous, const char* key);
  void set(std::int16_t field, std::string_view text) {
    std::string_view& slot = texts[static_cast<std::size_t>(field)];
    if (slot.data() == nullptr) touched.push_back(field);
    slot = text;
  }
  void set_item(std::int16_t field, std::size_t index, std::string_view text) {
    auto& list = lists[static_cast<std::size_t>(field)];
    if (index >= kMaxListItems) return;
    if (list.empty()) touched.push_back(field);
    if (list.size() <= index) list.resize(index + 1);
    list[index] = text;
  }
  simdjson::error_code object(od::object& members, std::int16_t parent, std::ptrdiff_t index);
  simdjson::error_code value(od::value& found, std::int16_t node, std::ptrdiff_t index);
  simdjson::error_code array(od::array& items, std::int16_t node);
  simdjson::error_code scalar(od::value& found, od::json_type type, std::int16_t field, std::ptrdiff_t index);
};

void JsonLine::Impl::add_path(std::string_view path, std::int16_t field) {
  std::int16_t at = 0;
  while (!path.empty()) {
    const std::size_t dot = path.find('/');
    std::string_view key = path.substr(0, dot);
    path.remove_prefix(std::min(path.size(), dot == std::string_view::npos ? path.size() : dot + 1));
    const bool list = key.ends_with("[]");
    if (list) key.remove_suffix(2);
    std::int16_t next = find_child(at, key);
    if (next == kNone) next = add_node(at, key);
    nodes[static_cast<std::size_t>(next)].list |= list;
    at = next;
  }
  nodes[static_cast<std::size_t>(at)].field = field;
}

// The node of the key that begins at `key`, just after its quote. Most often it is the one that followed last time.
std::int16_t JsonLine::Impl::child(std::int16_t parent, std::int16_t previous, const char* key) {
  std::int16_t& guess = previous == kNone ? nodes[static_cast<std::size_t>(parent)].first
                                          : nodes[static_cast<std::size_t>(previous)].follower;
  if (guess != kNone) {
    const std::string& text = nodes[static_cast<std::size_t>(guess)].key;
    if (std::memcmp(text.data(), key, text.size()) == 0 && key[text.size()] == '"') return guess;
  }
  const auto* end = static_cast<const char*>(std::memchr(key, '"', kMaxKey));
  if (end == nullptr || end == key) return kNone;
  const std::string_view text(key, static_cast<std::size_t>(end - key));
  std::int16_t found = find_child(parent, text);
  if (found == kNone && unknown_keys < kMaxUnknownKeys) {
    ++unknown_keys;
    found = add_node(parent, text);
    // add_node may have moved the nodes, and `guess` with them.
    (previous == kNone ? nodes[static_cast<std::size_t>(parent)].first
                       : nodes[static_cast<std::size_t>(previous)].follower) = found;
    return found;
  }
  if (found != kNone) guess = found;
  return found;
}

simdjson::error_code JsonLine::Impl::scalar(od::value& found, od::json_type type, std::int16_t field,
                                            std::ptrdiff_t index) {
  std::string_view text;
  if (type == od::json_type::string) {
    if (const auto failed = found.get_string().get(text)) return failed;
    if (text.data() == nullptr) text = "";
  } else if (type == od::json_type::null) {
    return simdjson::SUCCESS;
  } else {
    text = found.raw_json_token();
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' || text.back() == '\n'))
      text.remove_suffix(1);
  }
  if (index < 0)
    set(field, text);
  else
    set_item(field, static_cast<std::size_t>(index), text);
  return simdjson::SUCCESS;
}

simdjson::error_code JsonLine::Impl::array(od::array& items, std::int16_t node) {
  std::ptrdiff_t index = 0;
  for (auto item : items) {
    od::value found;
    if (const auto failed = item.get(found)) return failed;
    od::json_type type{};
    if (const auto failed = found.type().get(type)) return failed;
    if (type == od::json_type::object) {
      od::object members;
      if (const auto failed = found.get_object().get(members)) return failed;
      if (const auto failed = object(members, node, index)) return failed;
    } else if (type != od::json_type::array && nodes[static_cast<std::size_t>(node)].field != kNone) {
      if (const auto failed = scalar(found, type, nodes[static_cast<std::size_t>(node)].field, index)) return failed;
    }
    ++index;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code JsonLine::Impl::value(od::value& found, std::int16_t node, std::ptrdiff_t index) {
  const Node& here = nodes[static_cast<std::size_t>(node)];
  if (here.field == kNone && here.children == nullptr) return simdjson::SUCCESS;
  od::json_type type{};
  if (const auto failed = found.type().get(type)) return failed;
  if (type == od::json_type::object) {
    if (here.children == nullptr) return simdjson::SUCCESS;
    od::object members;
    if (const auto failed = found.get_object().get(members)) return failed;
    return object(members, node, here.list ? 0 : index);
  }
  if (type == od::json_type::array) {
    if (!here.list || index >= 0) return simdjson::SUCCESS;  // lists in lists are not asked for
    od::array items;
    if (const auto failed = found.get_array().get(items)) return failed;
    return array(items, node);
  }
  if (here.field == kNone) return simdjson::SUCCESS;
  return scalar(found, type, here.field, here.list && index < 0 ? 0 : index);
}

// Depth is bounded by the paths: only what they name is entered, the rest simdjson skips without recursion.
simdjson::error_code JsonLine::Impl::object(od::object& members, std::int16_t parent, std::ptrdiff_t index) {
  std::int16_t previous = kNone;
  for (auto member : members) {
    od::field found;
    if (const auto failed = std::move(member).get(found)) return failed;
    const std::int16_t node = child(parent, previous, found.key().raw());
    if (node == kNone) continue;
    previous = node;
    if (const auto failed = value(found.value(), node, index)) return failed;
  }
  return simdjson::SUCCESS;
}

JsonLine::JsonLine(std::span<const std::string_view> paths) : impl_(std::make_unique<Impl>()) {
  impl_->add_node(kNone, "");
  for (std::size_t i = 0; i < paths.size(); ++i) impl_->add_path(paths[i], static_cast<std::int16_t>(i));
  impl_->texts.resize(paths.size());
  impl_->lists.resize(paths.size());
  texts_ = impl_->texts;
}

JsonLine::~JsonLine() = default;

bool JsonLine::parse(std::string_view line) {
  Impl& impl = *impl_;
  for (const std::int16_t field : impl.touched) {
    impl.texts[static_cast<std::size_t>(field)] = {};
    impl.lists[static_cast<std::size_t>(field)].clear();
  }
  impl.touched.clear();
  const std::size_t needed = line.size() + simdjson::SIMDJSON_PADDING;
  if (impl.buffer.size() < needed) impl.buffer.assign(needed * 2, ' ');
  std::memcpy(impl.buffer.data(), line.data(), line.size());
  std::memset(impl.buffer.data() + line.size(), ' ', simdjson::SIMDJSON_PADDING);
  od::document document;
  impl.error = impl.parser.iterate(impl.buffer.data(), line.size(), impl.buffer.size()).get(document);
  if (impl.error) return false;
  od::object members;
  impl.error = document.get_object().get(members);
  if (!impl.error) impl.error = impl.object(members, 0, -1);
  if (!impl.error && document.current_location().error() != simdjson::OUT_OF_BOUNDS)
    impl.error = simdjson::TRAILING_CONTENT;
  return impl.error == simdjson::SUCCESS;
}

std::string_view JsonLine::error() const { return simdjson::error_message(impl_->error); }

std::span<const std::string_view> JsonLine::list(std::size_t path) const { return impl_->lists[path]; }

}  // namespace rw
