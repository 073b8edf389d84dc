// Trees through simdjson's DOM.
#include "format/json_tree.h"

#include <simdjson.h>

#include <cstring>

namespace rw {
namespace {

namespace dom = simdjson::dom;

// Places are kept as bytes, so that no header of ours needs simdjson's.
template <typename T, std::size_t N>
void put(std::array<std::byte, N>& raw, const T& value) {
  static_assert(sizeof(T) <= N && std::is_trivially_copyable_v<T>);
  std::memcpy(raw.data(), &value, sizeof(T));
}
template <typename T, std::size_t N>
T get(const std::array<std::byte, N>& raw) {
  T value;
  std::memcpy(static_cast<void*>(&value), raw.data(), sizeof(T));
  return value;
}

}  // namespace

struct JsonTree::Impl {
  dom::parser parser;
  dom::element root;
  bool there = false;
};

JsonTree::JsonTree() : impl_(std::make_unique<Impl>()) {}
JsonTree::~JsonTree() = default;

bool JsonTree::parse(std::string_view text) {
  const auto failed = impl_->parser.parse(text.data(), text.size()).get(impl_->root);
  impl_->there = failed == simdjson::SUCCESS;
  error_ = impl_->there ? std::string_view() : std::string_view(simdjson::error_message(failed));
  return impl_->there;
}

JsonValue JsonTree::root() const {
  JsonValue value;
  if (!impl_->there) return value;
  put(value.raw_, impl_->root);
  value.present_ = true;
  return value;
}

bool JsonValue::is_object() const { return present_ && get<dom::element>(raw_).is_object(); }
bool JsonValue::is_list() const { return present_ && get<dom::element>(raw_).is_array(); }
bool JsonValue::is_text() const { return present_ && get<dom::element>(raw_).is_string(); }

JsonValue JsonValue::operator[](std::string_view key) const {
  JsonValue value;
  if (!is_object()) return value;
  dom::element found;
  if (get<dom::element>(raw_).at_key(key).get(found) != simdjson::SUCCESS || found.is_null()) return value;
  put(value.raw_, found);
  value.present_ = true;
  return value;
}

std::string_view JsonValue::view() const {
  std::string_view text;
  if (!is_text() || get<dom::element>(raw_).get(text) != simdjson::SUCCESS) return {};
  return text;
}

std::string JsonValue::text() const {
  if (!present_) return {};
  if (is_text()) return std::string(view());
  if (const auto number = integer()) return std::to_string(*number);
  if (const auto said = truth()) return *said ? "true" : "false";
  return {};
}

std::optional<std::int64_t> JsonValue::integer() const {
  std::int64_t number = 0;
  if (!present_ || get<dom::element>(raw_).get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

std::optional<bool> JsonValue::truth() const {
  bool said = false;
  if (!present_ || get<dom::element>(raw_).get(said) != simdjson::SUCCESS) return std::nullopt;
  return said;
}

JsonValue::Items::Items(const JsonValue& list) {
  if (!list.is_list()) return;
  const dom::array items = get<dom::element>(list.raw_).get_array().value_unsafe();
  put(at_, items.begin());
  put(end_, items.end());
  left_ = kMaxItems;
}

bool JsonValue::Items::next(JsonValue& item) {
  if (left_ == 0) return false;
  auto at = get<dom::array::iterator>(at_);
  if (!(at != get<dom::array::iterator>(end_))) return false;
  --left_;
  put(item.raw_, *at);
  item.present_ = true;
  ++at;
  put(at_, at);
  return true;
}

}  // namespace rw
