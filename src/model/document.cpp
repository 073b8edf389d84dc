// Access to the members of a Document.
#include "model/document.h"

namespace rw {

std::optional<double> Document::number() const {
  if (const auto* i = integer()) return static_cast<double>(*i);
  if (const auto* d = real()) return *d;
  return std::nullopt;
}

void Document::set(std::string_view name, Document value) {
  auto& object = std::get<Object>(value_);
  for (auto& [key, old] : object) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  object.emplace_back(std::string(name), std::move(value));
}

void Document::push(Document value) { std::get<List>(value_).push_back(std::move(value)); }

const Document* Document::find(std::string_view name) const {
  if (const Object* object = members())
    for (const auto& [key, value] : *object)
      if (key == name) return &value;
  return nullptr;
}

const Document& Document::operator[](std::string_view name) const {
  static const Document unknown;
  const Document* found = find(name);
  return found ? *found : unknown;
}

}  // namespace rw
