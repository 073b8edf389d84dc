// A tree of values in the shape of JSON, for numbers that travel from a section or detector to every renderer.
//
//   Document d = Document::object();
//   d.set("bytes", std::int64_t{42});
//   d.set("daily", Document::list());
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"

namespace rw {

class Document {
 public:
  struct Unknown {
    friend bool operator==(Unknown, Unknown) { return true; }
  };
  using List = std::vector<Document>;
  using Object = std::vector<std::pair<std::string, Document>>;  // in the order in which it is written

  Document() = default;                                     // unknown: null in JSON
  Document(bool v) : value_(v) {}                           // NOLINT(google-explicit-constructor)
  Document(int v) : value_(std::int64_t{v}) {}              // NOLINT(google-explicit-constructor)
  Document(std::int64_t v) : value_(v) {}                   // NOLINT(google-explicit-constructor)
  Document(std::uint32_t v) : value_(std::int64_t{v}) {}    // NOLINT(google-explicit-constructor)
  Document(double v) : value_(v) {}                         // NOLINT(google-explicit-constructor)
  Document(std::string v) : value_(std::move(v)) {}         // NOLINT(google-explicit-constructor)
  Document(std::string_view v) : value_(std::string(v)) {}  // NOLINT(google-explicit-constructor)
  Document(const char* v) : value_(std::string(v)) {}       // NOLINT(google-explicit-constructor)
  Document(Timestamp v) : value_(v.to_string()) {}          // NOLINT(google-explicit-constructor)
  template <typename T>
  Document(const std::optional<T>& v) {  // NOLINT(google-explicit-constructor)
    if (v) *this = Document(*v);
  }
  static Document list() { return Document(List{}, 0); }
  static Document object() { return Document(Object{}, 0); }

  bool is_null() const { return std::holds_alternative<Unknown>(value_); }
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  const double* real() const { return std::get_if<double>(&value_); }
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const List* items() const { return std::get_if<List>(&value_); }
  const Object* members() const { return std::get_if<Object>(&value_); }
  // Integer or real as double; nullopt for everything else.
  std::optional<double> number() const;

  // Adds to an object, or replaces what it has under that name. Only for objects.
  void set(std::string_view name, Document value);
  // Adds to a list. Only for lists.
  void push(Document value);
  // The member called `name`, or null when this is no object or has none.
  const Document* find(std::string_view name) const;
  // As find(), and an unknown value when there is none: d["activity"]["ratio"].
  const Document& operator[](std::string_view name) const;

  friend bool operator==(const Document&, const Document&) = default;

 private:
  Document(List v, int) : value_(std::move(v)) {}
  Document(Object v, int) : value_(std::move(v)) {}
  std::variant<Unknown, bool, std::int64_t, double, std::string, List, Object> value_;
};

}  // namespace rw
