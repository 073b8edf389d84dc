// JSON text: lists of scalars stay on one line, everything else is indented.
#include "scenario/json_text.h"

#include <charconv>

namespace rw::scenario {

void JsonText::new_line() {
  text_ += '\n';
  text_.append(closers_.size() * 2, ' ');
}

void JsonText::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (closers_.empty()) return;
  if (!first_) text_ += closers_.back() == ']' ? ", " : ",";
  first_ = false;
}

JsonText& JsonText::open(char begin, char end) {
  before_value();
  if (begin == '{' && !closers_.empty() && closers_.back() == ']') new_line();
  text_ += begin;
  closers_ += end;
  first_ = true;
  return *this;
}

JsonText& JsonText::end() {
  const char closer = closers_.back();
  closers_.pop_back();
  if (closer == '}' && !first_) new_line();
  text_ += closer;
  first_ = false;
  return *this;
}

JsonText& JsonText::key(std::string_view name) {
  if (!first_) text_ += ',';
  first_ = false;
  new_line();
  text_.append("\"").append(name).append("\": ");
  after_key_ = true;
  return *this;
}

JsonText& JsonText::text(std::string_view value) {
  before_value();
  text_ += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
  return *this;
}

JsonText& JsonText::number(std::uint64_t value) {
  before_value();
  text_ += std::to_string(value);
  return *this;
}

JsonText& JsonText::number(double value) {
  before_value();
  char digits[32];
  text_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  return *this;
}

JsonText& JsonText::boolean(bool value) {
  before_value();
  text_ += value ? "true" : "false";
  return *this;
}

JsonText& JsonText::null() {
  before_value();
  text_ += "null";
  return *this;
}

std::string JsonText::take() {
  text_ += '\n';
  return std::move(text_);
}

}  // namespace rw::scenario
