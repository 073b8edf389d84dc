// The one adapter for toml++: typed values, and problems with their place in the file.
#include "model/toml_file.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <set>

#include "base/nearest.h"
#include "base/quantity.h"

namespace rw {
namespace {

constexpr std::size_t kMaxShownLine = 160;  // longer lines are cut around the place of the error
constexpr std::size_t kMaxProblems = 20;    // more help nobody

struct Place {
  std::size_t line = 0;  // from 1; 0: unknown
  std::size_t column = 0;
};

Place place_of(const toml::source_position& position) { return {position.line, position.column}; }

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? (c == '\t' ? ' ' : '?') : c;
  return out;
}

}  // namespace

struct TomlFile::Impl {
  std::string name;
  std::string text;
  toml::table root;
  std::map<const void*, std::set<std::string, std::less<>>> asked;  // per table
  std::vector<std::pair<Place, std::string>> problems;

  std::string line_text(std::size_t line) const {
    std::size_t begin = 0;
    for (std::size_t i = 1; i < line && begin < text.size(); ++i) {
      const std::size_t end = text.find('\n', begin);
      if (end == std::string::npos) return {};
      begin = end + 1;
    }
    std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin && text[end - 1] == '\r') --end;
    return text.substr(begin, end - begin);
  }

  // "file.toml:3:1: message", the line, and a caret below the place.
  std::string describe(Place place, std::string_view message) const {
    std::string out = name;
    if (place.line > 0) out += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
    out += ": " + std::string(message);
    if (place.line == 0) return out;
    std::string line = line_text(place.line);
    std::size_t at = place.column > 0 ? place.column - 1 : 0;
    if (line.size() > kMaxShownLine) {
      const std::size_t cut = at > kMaxShownLine / 2 ? std::min(at - kMaxShownLine / 2, line.size()) : 0;
      line = line.substr(cut, kMaxShownLine);
      at -= cut;
    }
    const std::string number = std::to_string(place.line);
    out += "\n  " + number + " | " + printable(line) + "\n  " + std::string(number.size(), ' ') + " | " +
           std::string(at, ' ') + "^";
    return out;
  }

  void problem(Place place, std::string_view message) {
    if (problems.size() <= kMaxProblems) problems.emplace_back(place, describe(place, message));
  }

  void find_unknown(const toml::table& table) {
    const auto known = asked.find(&table);
    if (known == asked.end()) return;
    for (const auto& [key, node] : table) {
      if (known->second.contains(key.str())) {
        if (const auto* child = node.as_table()) find_unknown(*child);
        if (const auto* array = node.as_array())
          for (const auto& element : *array)
            if (const auto* child = element.as_table()) find_unknown(*child);
        continue;
      }
      const std::vector<std::string_view> candidates(known->second.begin(), known->second.end());
      const std::string_view near = nearest(key.str(), candidates);
      std::string message = "unknown key '" + printable(key.str()) + "'";
      if (!near.empty())
        (message += "; a similar key exists: '") += std::string(near) + "'";
      else if (!candidates.empty()) {
        message += "; known here:";
        for (const std::string_view candidate : candidates) (message += ' ') += candidate;
      }
      problem(place_of(key.source().begin), message);
    }
  }
};

namespace {

const toml::table& as_table(const void* node) { return *static_cast<const toml::table*>(node); }

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string: return "text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::date: return "a date";
    case toml::node_type::time: return "a time of day";
    case toml::node_type::date_time: return "a time";
    case toml::node_type::array: return "a list";
    case toml::node_type::table: return "a table";
    default: return "something else";
  }
}

std::optional<Timestamp> to_time(const toml::date& date, const toml::time* time, const toml::time_offset* offset) {
  std::int64_t us = days_from_civil({date.year, date.month, date.day}) * kDay.us;
  if (time != nullptr)
    us += (time->hour * 3600LL + time->minute * 60LL + time->second) * 1'000'000 + time->nanosecond / 1000;
  if (offset != nullptr) us -= offset->minutes * kMinute.us;
  return Timestamp{us};
}

}  // namespace

// ---- TomlTable

bool TomlTable::has(std::string_view key) const { return as_table(node_).contains(key); }

void TomlTable::leave_to_others(std::string_view key) { file_->impl_->asked[node_].emplace(key); }

void TomlTable::problem(std::string_view key, std::string_view message) {
  const toml::node* node = as_table(node_).get(key);
  const auto& source = node != nullptr ? node->source() : as_table(node_).source();
  file_->impl_->problem(place_of(source.begin), message);
}

namespace {

// The value at `key`, or null when absent; marks the key as known.
template <typename Asked>
const toml::node* look_up(const void* table, Asked& asked, std::string_view key) {
  asked[table].emplace(key);
  return as_table(table).get(key);
}

// Reads one node with `convert` (optional<T>(node)); notes what was wanted when it gives nothing.
template <typename Impl, typename Convert>
auto convert_node(Impl& impl, const toml::node& node, std::string_view key, std::string_view wanted,
                  const Convert& convert) -> decltype(convert(node)) {
  auto value = convert(node);
  if (!value)
    impl.problem(place_of(node.source().begin),
                 "'" + std::string(key) + "' must be " + std::string(wanted) + ", not " + std::string(type_name(node)));
  return value;
}

template <typename Impl, typename Convert>
auto get_one(Impl& impl, const void* table, std::string_view key, std::string_view wanted, const Convert& convert)
    -> decltype(convert(std::declval<const toml::node&>())) {
  const toml::node* node = look_up(table, impl.asked, key);
  if (node == nullptr) return std::nullopt;
  return convert_node(impl, *node, key, wanted, convert);
}

template <typename T, typename Impl, typename Convert>
std::vector<T> get_list(Impl& impl, const void* table, std::string_view key, std::string_view wanted,
                        const Convert& convert) {
  std::vector<T> out;
  const toml::node* node = look_up(table, impl.asked, key);
  if (node == nullptr) return out;
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    impl.problem(place_of(node->source().begin), "'" + std::string(key) + "' must be a list, such as [" +
                                                     (wanted == "a whole number" ? "1, 2" : "\"…\"") + "], not " +
                                                     std::string(type_name(*node)));
    return out;
  }
  for (const toml::node& element : *array)
    if (auto value = convert_node(impl, element, key, wanted, convert)) out.push_back(std::move(*value));
  return out;
}

std::optional<std::string> node_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  return std::nullopt;
}

std::optional<std::int64_t> node_integer(const toml::node& node) {
  if (const auto* value = node.as_integer()) return value->get();
  return std::nullopt;
}

// Text that T::parse reads; a text that it refuses is noted with its own message and gives nothing.
template <typename T, typename Impl>
std::optional<T> node_parsed(Impl& impl, const toml::node& node) {
  const auto text = node_text(node);
  if (!text) return std::nullopt;
  auto value = T::parse(*text);
  if (value) return *value;
  impl.problem(place_of(node.source().begin), value.error().message);
  return std::nullopt;
}

template <typename T, typename Impl>
std::optional<T> get_parsed(Impl& impl, const void* table, std::string_view key, std::string_view wanted) {
  const toml::node* node = look_up(table, impl.asked, key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_string()) {
    convert_node(impl, *node, key, wanted, node_text);
    return std::nullopt;
  }
  return node_parsed<T>(impl, *node);
}

template <typename T, typename Impl>
std::vector<T> get_parsed_list(Impl& impl, const void* table, std::string_view key, std::string_view wanted) {
  std::vector<T> out;
  const toml::node* node = look_up(table, impl.asked, key);
  if (node == nullptr) return out;
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    impl.problem(place_of(node->source().begin),
                 "'" + std::string(key) + "' must be a list, such as [\"…\"], not " + std::string(type_name(*node)));
    return out;
  }
  for (const toml::node& element : *array) {
    if (!element.is_string())
      convert_node(impl, element, key, wanted, node_text);
    else if (auto value = node_parsed<T>(impl, element))
      out.push_back(*value);
  }
  return out;
}

}  // namespace

std::optional<std::string> TomlTable::text(std::string_view key) {
  return get_one(*file_->impl_, node_, key, "text in quotes", node_text);
}

std::optional<std::int64_t> TomlTable::integer(std::string_view key) {
  return get_one(*file_->impl_, node_, key, "a whole number", node_integer);
}

std::optional<double> TomlTable::real(std::string_view key) {
  return get_one(*file_->impl_, node_, key, "a number", [](const toml::node& node) { return node.value<double>(); });
}

std::optional<bool> TomlTable::boolean(std::string_view key) {
  return get_one(*file_->impl_, node_, key, "true or false", [](const toml::node& node) -> std::optional<bool> {
    if (const auto* value = node.as_boolean()) return value->get();
    return std::nullopt;
  });
}

std::optional<Timestamp> TomlTable::time(std::string_view key) {
  const toml::node* node = look_up(node_, file_->impl_->asked, key);
  if (node != nullptr && node->is_string()) return node_parsed<Timestamp>(*file_->impl_, *node);
  return get_one(*file_->impl_, node_, key, "a date or time", [](const toml::node& value) -> std::optional<Timestamp> {
    if (const auto* date = value.as_date()) return to_time(date->get(), nullptr, nullptr);
    if (const auto* both = value.as_date_time()) {
      const auto& offset = both->get().offset;
      return to_time(both->get().date, &both->get().time, offset ? &*offset : nullptr);
    }
    return std::nullopt;
  });
}

std::optional<Duration> TomlTable::duration(std::string_view key) {
  const toml::node* node = look_up(node_, file_->impl_->asked, key);
  if (node == nullptr) return std::nullopt;
  std::optional<Duration> value;
  if (const auto* seconds = node->as_integer())
    value = parse_duration(std::to_string(seconds->get()));
  else if (const auto text = node_text(*node))
    value = parse_duration(*text);
  if (!value) problem(key, "'" + std::string(key) + "' must be a duration such as \"30s\", \"5min\" or \"1d\"");
  return value;
}

std::optional<Prefix> TomlTable::prefix(std::string_view key) {
  return get_parsed<Prefix>(*file_->impl_, node_, key, "a prefix such as \"192.0.2.0/24\"");
}

std::vector<std::string> TomlTable::texts(std::string_view key) {
  return get_list<std::string>(*file_->impl_, node_, key, "text in quotes", node_text);
}

std::vector<std::int64_t> TomlTable::integers(std::string_view key) {
  return get_list<std::int64_t>(*file_->impl_, node_, key, "a whole number", node_integer);
}

std::vector<Prefix> TomlTable::prefixes(std::string_view key) {
  return get_parsed_list<Prefix>(*file_->impl_, node_, key, "a prefix such as \"192.0.2.0/24\"");
}

std::vector<Ip> TomlTable::addresses(std::string_view key) {
  return get_parsed_list<Ip>(*file_->impl_, node_, key, "an address such as \"192.0.2.53\"");
}

std::string TomlTable::required_text(std::string_view key) {
  if (!has(key)) problem(key, "the key '" + std::string(key) + "' is missing");
  return text(key).value_or("");
}

Prefix TomlTable::required_prefix(std::string_view key) {
  if (!has(key)) problem(key, "the key '" + std::string(key) + "' is missing");
  return prefix(key).value_or(Prefix{});
}

std::optional<TomlTable> TomlTable::table(std::string_view key) {
  const toml::node* node = look_up(node_, file_->impl_->asked, key);
  if (node == nullptr) return std::nullopt;
  const toml::table* child = node->as_table();
  if (child == nullptr) {
    problem(key, "'" + std::string(key) + "' must be a table, written [" + std::string(key) + "], not " +
                     std::string(type_name(*node)));
    return std::nullopt;
  }
  file_->impl_->asked[child];
  return TomlTable(file_, child);
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
  std::vector<TomlTable> out;
  const toml::node* node = look_up(node_, file_->impl_->asked, key);
  if (node == nullptr) return out;
  const auto add = [&](const toml::node& element) {
    const toml::table* child = element.as_table();
    if (child == nullptr) {
      file_->impl_->problem(place_of(element.source().begin),
                            "'" + std::string(key) + "' must be tables, each written [[" + std::string(key) + "]]");
      return;
    }
    file_->impl_->asked[child];
    out.push_back(TomlTable(file_, child));
  };
  if (const toml::array* array = node->as_array())
    for (const toml::node& element : *array) add(element);
  else
    add(*node);
  return out;
}

std::vector<std::string> TomlTable::keys() const {
  std::vector<std::pair<Place, std::string>> found;
  for (const auto& [key, node] : as_table(node_))
    found.emplace_back(place_of(key.source().begin), std::string(key.str()));
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) < std::pair(b.first.line, b.first.column);
  });
  std::vector<std::string> out;
  for (auto& [place, key] : found) out.push_back(std::move(key));
  return out;
}

// ---- TomlFile

TomlFile::TomlFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TomlFile::TomlFile(TomlFile&&) noexcept = default;
TomlFile& TomlFile::operator=(TomlFile&&) noexcept = default;
TomlFile::~TomlFile() = default;

Result<TomlFile> TomlFile::read(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr)
    return Failure(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                   "cannot read " + path + ": " + std::strerror(errno));
  std::string text(kMaxBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  const bool failed = std::ferror(file) != 0;
  const int error = errno;
  std::fclose(file);
  if (failed) return Failure(ErrorCode::kIo, "cannot read " + path + ": " + std::strerror(error));
  if (text.size() > kMaxBytes)
    return Failure(ErrorCode::kLimit, path + " is larger than 4 MiB: that is no configuration");
  return parse(std::move(text), path);
}

Result<TomlFile> TomlFile::parse(std::string text, std::string name) {
  auto impl = std::make_unique<Impl>();
  impl->name = std::move(name);
  impl->text = std::move(text);
  toml::parse_result result = toml::parse(std::string_view(impl->text), std::string_view(impl->name));
  if (!result) {
    const toml::parse_error& error = result.error();
    return Failure(ErrorCode::kUsage, impl->describe(place_of(error.source().begin), printable(error.description())));
  }
  impl->root = std::move(result).table();
  impl->asked[&impl->root];
  return TomlFile(std::move(impl));
}

TomlTable TomlFile::root() { return TomlTable(this, &impl_->root); }

Result<void> TomlFile::finish() {
  impl_->find_unknown(impl_->root);
  auto& problems = impl_->problems;
  if (problems.empty()) return {};
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) < std::pair(b.first.line, b.first.column);
  });
  std::string message;
  for (const auto& [place, text] : problems) (message += message.empty() ? "" : "\n") += text;
  return Failure(ErrorCode::kUsage, message);
}

}  // namespace rw
