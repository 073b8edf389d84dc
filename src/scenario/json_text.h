// Writes JSON text piece by piece, with commas and indentation where they belong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rw::scenario {

//   JsonText json;  json.object();  json.key("scale").number(0.5);  json.end();  json.take()
class JsonText {
 public:
  JsonText& object() { return open('{', '}'); }
  JsonText& list() { return open('[', ']'); }
  JsonText& end();
  JsonText& key(std::string_view name);
  JsonText& text(
      std::string_view value);  // printable ASCII, as everything in a scenario is; quotes and backslashes are escaped
  JsonText& number(std::uint64_t value);
  JsonText& number(double value);  // shortest form that reads back the same
  JsonText& boolean(bool value);
  JsonText& null();
  // The same for a member of an object.
  template <typename T>
  JsonText& member(std::string_view name, const T& value) {
    key(name);
    if constexpr (std::is_convertible_v<T, std::string_view>)
      return text(value);
    else if constexpr (std::is_same_v<T, bool>)
      return boolean(value);
    else if constexpr (std::is_floating_point_v<T>)
      return number(static_cast<double>(value));
    else
      return number(static_cast<std::uint64_t>(value));
  }
  std::string take();

 private:
  JsonText& open(char begin, char end);
  void before_value();
  void new_line();

  std::string text_;
  std::string closers_;
  bool first_ = true;
  bool after_key_ = false;
};

}  // namespace rw::scenario
