// One JSON value as a tree, for documents whose shape is too deep for JsonLine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rw {

// A place in a tree. Valid until the tree parses again. What is not there is a place too, of nothing: so a path can be
// asked for in one go, and the answer is "" or null.
class JsonValue {
 public:
  JsonValue() = default;
  explicit operator bool() const { return present_; }
  bool is_object() const;
  bool is_list() const;
  bool is_text() const;
  JsonValue operator[](std::string_view key) const;  // a member of an object
  // Texts as they are, whole numbers and truth values as written; "" for anything else.
  std::string text() const;
  std::string_view view() const;  // of texts only; else ""
  std::optional<std::int64_t> integer() const;
  std::optional<bool> truth() const;
  // Calls visit(JsonValue) for the items of a list, at most kMaxItems of them; for nothing else.
  template <typename Visit>
  void each(Visit visit) const {
    Items items(*this);
    JsonValue item;
    while (items.next(item)) visit(item);
  }
  static constexpr std::size_t kMaxItems = 1 << 20;

 private:
  friend class JsonTree;
  class Items {
   public:
    explicit Items(const JsonValue& list);
    bool next(JsonValue& item);

   private:
    alignas(8) std::array<std::byte, 16> at_{};
    alignas(8) std::array<std::byte, 16> end_{};
    std::size_t left_ = 0;
  };
  alignas(8) std::array<std::byte, 16> raw_{};  // the parser's own idea of the place
  bool present_ = false;
};

class JsonTree {
 public:
  JsonTree();
  ~JsonTree();
  // False when the text is not one JSON value; error() says why. Its depth is bounded by the parser (1,024).
  bool parse(std::string_view text);
  std::string_view error() const { return error_; }
  JsonValue root() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string_view error_;
};

}  // namespace rw
