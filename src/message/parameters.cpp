// Structured fields of MIME: "value; name=value; …" (RFC 2045 5.1) with the continuations and charsets of RFC 2231.
#include <algorithm>
#include <map>
#include <optional>

#include "message/charset.h"
#include "message/encoded_word.h"
#include "message/mime.h"
#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::size_t kMaxValue = 4096;  // bytes of one parameter for people and comparisons

bool is_space(char c) { return is_wsp(c) || c == '\r' || c == '\n'; }

// One "name=value" as it stands in the field, still encoded.
struct RawParameter {
  std::string name, value;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}
  bool broken = false;

  std::string value() {
    std::string out;
    while (!rest_.empty() && rest_[0] != ';') {
      if (rest_[0] == '(') {
        skip_comment();
      } else {
        if (out.size() < kMaxValue) out += lower(rest_[0]);
        rest_.remove_prefix(1);
      }
    }
    return std::string(trimmed(out));
  }

  std::optional<RawParameter> next() {
    for (;;) {
      skip_space();
      while (!rest_.empty() && rest_[0] == ';') {
        rest_.remove_prefix(1);
        skip_space();
      }
      if (rest_.empty()) return std::nullopt;
      RawParameter parameter;
      const std::size_t end = std::min(rest_.find_first_of("=;"), rest_.size());
      parameter.name = lowered(trimmed(rest_.substr(0, std::min<std::size_t>(end, 256))));
      const bool has_value = end < rest_.size() && rest_[end] == '=';
      rest_.remove_prefix(end + (has_value ? 1 : 0));
      if (!has_value || parameter.name.empty()) {
        broken = true;
        if (has_value) read_value();
        continue;
      }
      parameter.value = read_value();
      return parameter;
    }
  }

 private:
  void skip_comment() {
    unsigned depth = 0;
    for (; !rest_.empty(); rest_.remove_prefix(1)) {
      if (rest_[0] == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
      } else if (rest_[0] == '(') {
        ++depth;
      } else if (rest_[0] == ')' && --depth == 0) {
        rest_.remove_prefix(1);
        return;
      }
    }
    broken = true;
  }
  void skip_space() {
    for (;;) {
      while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
      if (rest_.empty() || rest_[0] != '(') return;
      skip_comment();
    }
  }
  std::string read_value() {
    skip_space();
    if (!rest_.starts_with('"')) return read_plain();
    std::string out;
    std::size_t i = 1;
    for (; i < rest_.size() && rest_[i] != '"'; ++i) {
      if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
      if (out.size() < kMaxValue && rest_[i] != '\r' && rest_[i] != '\n') out += rest_[i];
    }
    if (i == rest_.size()) broken = true;
    rest_.remove_prefix(std::min(i + 1, rest_.size()));
    skip_space();
    if (!rest_.empty() && rest_[0] != ';') {  // something behind the closing quote: readers disagree
      broken = true;
      rest_.remove_prefix(std::min(rest_.find(';'), rest_.size()));
    }
    return out;
  }
  // Without quotes many senders write spaces and brackets: all up to ";" counts, a comment at the end does not.
  std::string read_plain() {
    const std::size_t end = std::min(rest_.find(';'), rest_.size());
    std::string_view text = trimmed(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (text.ends_with(')')) {
      const std::size_t comment = text.find_first_of(" \t\r\n");
      if (comment != std::string_view::npos) {
        const std::string_view behind = trimmed(text.substr(comment));
        if (behind.starts_with('(')) text = trimmed(text.substr(0, comment));
      }
    }
    if (text.find_first_of(" \t\r\n\"") != std::string_view::npos) broken = true;
    std::string out;
    for (const char c : text.substr(0, kMaxValue))
      if (c != '\r' && c != '\n') out += c;
    return out;
  }

  std::string_view rest_;
};

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
    } else {
      out += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  return out;
}

// What RFC 2231 made of one name: name, name*, name*0, name*1* …
struct Forms {
  std::optional<std::string> plain;
  std::optional<std::string> extended;
  struct Section {
    bool encoded = false;
    std::string value;
  };
  std::map<unsigned, Section> sections;
  bool broken = false;

  void keep(std::optional<std::string>& form, const std::string& value) {
    if (form && *form != value) broken = true;
    if (!form) form = value;
  }
  void take(std::string_view suffix, const std::string& value) {
    if (suffix.empty()) return keep(plain, value);
    if (suffix == "*") return keep(extended, value);
    suffix.remove_prefix(1);
    const bool encoded = suffix.ends_with('*');
    if (encoded) suffix.remove_suffix(1);
    unsigned index = 0;
    for (const char c : suffix) {
      if (!is_digit(c) || index > kMaxParameters) {
        broken = true;
        return;
      }
      index = index * 10 + static_cast<unsigned>(c - '0');
    }
    if (suffix.empty() || !sections.emplace(index, Section{encoded, value}).second) broken = true;
  }

  // "charset'language'bytes" (RFC 2231 4); without the two quotes the bytes are taken as they are.
  static std::string converted(std::string_view charset, std::string_view bytes) {
    std::string out;
    if (!append_as_utf8(out, charset.empty() ? "us-ascii" : charset, bytes, kMaxValue)) append_scrubbed(out, bytes);
    return out;
  }
  static std::string_view charset_of(std::string_view& value) {
    const std::size_t first = value.find('\'');
    const std::size_t second = first == std::string_view::npos ? first : value.find('\'', first + 1);
    if (second == std::string_view::npos) return {};
    const std::string_view charset = value.substr(0, first);
    value.remove_prefix(second + 1);
    return charset;
  }
  // RFC 2047 5 forbids encoded words in parameters; senders of file names use them all the same. A boundary is as it
  // is.
  std::string value(bool is_file_name) {
    std::string simple;
    if (plain && is_file_name)
      append_decoded_words(simple, *plain, kMaxValue);
    else if (plain)
      append_scrubbed(simple, *plain);
    std::optional<std::string> other;
    if (!sections.empty()) other = joined(is_file_name);
    if (extended) {
      std::string_view rest = *extended;
      const std::string_view charset = charset_of(rest);
      const std::string text = converted(charset, percent_decoded(rest));
      if (other && *other != text) broken = true;
      if (!other) other = text;
    }
    if (other && plain && *other != simple) broken = true;
    return other ? *other : simple;
  }
  std::string joined(bool is_file_name) {
    std::string bytes, charset_name;
    unsigned expected = 0;
    for (const auto& [index, section] : sections) {
      if (index != expected++) {  // one is missing: what is behind belongs nowhere
        broken = true;
        break;
      }
      std::string_view text = section.value;
      if (section.encoded && index == 0) charset_name = charset_of(text);
      bytes += section.encoded ? percent_decoded(text) : std::string(text);
      if (bytes.size() > kMaxValue) break;
    }
    const bool plain_sections = std::ranges::none_of(sections, [](const auto& s) { return s.second.encoded; });
    if (!is_file_name || !plain_sections) return converted(charset_name, bytes);
    std::string decoded;  // an encoded word cut into sections
    append_decoded_words(decoded, bytes, kMaxValue);
    return decoded;
  }
};

}  // namespace

ParameterisedValue parse_parameters(std::string_view body) {
  ParameterisedValue result;
  FieldReader reader(body);
  result.value = reader.value();
  std::map<std::string, Forms, std::less<>> all;
  std::vector<std::string> order;
  std::size_t count = 0;
  for (auto parameter = reader.next(); parameter; parameter = reader.next()) {
    if (++count > kMaxParameters) {
      result.broken = true;
      break;
    }
    const std::size_t star = std::min(parameter->name.find('*'), parameter->name.size());
    const std::string name = parameter->name.substr(0, star);
    const auto [it, fresh] = all.try_emplace(name);
    if (fresh) order.push_back(name);
    it->second.take(std::string_view(parameter->name).substr(star), parameter->value);
  }
  for (const std::string& name : order) {
    Forms& forms = all.find(name)->second;
    std::string value = forms.value(name == "name" || name == "filename");
    result.broken |= forms.broken;
    result.parameters.emplace_back(name, std::move(value));
  }
  result.broken |= reader.broken;
  return result;
}

std::string_view ParameterisedValue::get(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &std::pair<std::string, std::string>::first);
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace rw
