// Reads and writes rangewatch.toml.
#include "model/settings.h"

#include "base/quantity.h"
#include "model/toml_file.h"

namespace rw {
namespace {

constexpr std::int64_t kMaxRetentionMonths = 1200;  // a century: more is a typing error
constexpr std::int64_t kLeastMemory = 64 << 20;     // below this the engine cannot hold its own buffers
constexpr std::int64_t kMaxThreads = 1024;

void read_size(TomlTable& table, std::string_view key, std::uint64_t& out) {
  const auto text = table.text(key);
  if (!text) return;
  const auto bytes = parse_count(*text);
  if (!bytes)
    table.problem(key, "'" + *text + "' is not a size such as \"512M\", \"2G\" (decimal) or \"2Gi\" (binary)");
  else if (*bytes < kLeastMemory)
    table.problem(key, "'" + std::string(key) + "' must be at least \"64Mi\"");
  else
    out = static_cast<std::uint64_t>(*bytes);
}

void read_timeout(TomlTable& table, std::string_view key, Duration& out) {
  const auto value = table.duration(key);
  if (!value) return;
  if (*value < kSecond)
    table.problem(key, "'" + std::string(key) + "' must be at least 1s");
  else
    out = *value;
}

Result<Settings> read_from(TomlFile file) {
  Settings settings;
  TomlTable root = file.root();
  if (auto lake = root.table("lake")) {
    if (const auto months = lake->integer("retention_months")) {
      if (*months < 1 || *months > kMaxRetentionMonths)
        lake->problem("retention_months", "'retention_months' must be from 1 to 1200");
      settings.retention_months = *months;
    }
  }
  if (auto query = root.table("query")) {
    read_size(*query, "memory", settings.memory_bytes);
    if (const auto threads = query->integer("threads")) {
      if (*threads < 1 || *threads > kMaxThreads)
        query->problem("threads", "'threads' must be from 1 to 1024");
      else
        settings.threads = static_cast<unsigned>(*threads);
    }
  }
  if (auto ingest = root.table("ingest")) {
    read_timeout(*ingest, "active_timeout", settings.active_timeout);
    read_timeout(*ingest, "idle_timeout", settings.idle_timeout);
  }
  settings.organisation = organisation_from(root);
  RW_TRY(file.finish());
  return settings;
}

// A TOML basic string (TOML 1.0, "String").
std::string quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (byte < 0x20 || byte == 0x7F)
      (((out += "\\u00") += kHex[byte >> 4]) += kHex[byte & 15]);
    else
      out += c;
  }
  return out + '"';
}

template <typename List, typename Text>
std::string list_line(std::string_view key, const List& list, const Text& text) {
  std::string out(key);
  out += " = [";
  bool first = true;
  for (const auto& item : list) {
    out += (first ? "" : ", ") + quoted(text(item));
    first = false;
  }
  return out + "]\n";
}

std::string seconds(Duration duration) { return quoted(std::to_string(duration.us / 1'000'000) + "s"); }

std::string organisation_toml(const Organisation& organisation) {
  const auto same = [](const std::string& text) { return text; };
  const auto shown = [](const auto& value) { return value.to_string(); };
  std::string out = "\n# Who is defended.\n[organisation]\n";
  out += list_line("prefixes", organisation.prefixes, shown);
  out += list_line("domains", organisation.domains, same);
  out += list_line("resolvers", organisation.resolvers, shown);
  for (const VpnService& vpn : organisation.vpn) {
    out += "\n# One of its own VPN services.\n[[organisation.vpn]]\nname = " + quoted(vpn.name) +
           "\nprotocol = " + quoted(vpn.protocol) + "\n";
    out += list_line("endpoints", vpn.endpoints, same);
  }
  return out;
}

}  // namespace

Result<Settings> read_settings(const std::string& path) {
  auto file = TomlFile::read(path);
  if (!file && file.error().code == ErrorCode::kNotFound) return Settings{};
  if (!file) return Failure(file.error());
  return read_from(std::move(*file));
}

Result<Settings> parse_settings(std::string toml, const std::string& name) {
  RW_ASSIGN(TomlFile file, TomlFile::parse(std::move(toml), name));
  return read_from(std::move(file));
}

std::string settings_toml(const Settings& settings) {
  std::string out = "[lake]\n# Months that 'rangewatch lake drop' keeps.\n";
  out += "retention_months = " + std::to_string(settings.retention_months) + "\n\n[query]\n";
  out += "# Memory beyond which queries spill to disk; without it half of the machine's, at most 8 GiB.\n";
  out += settings.memory_bytes > 0 ? "memory = \"" + std::to_string(settings.memory_bytes) + "\"\n"
                                   : "# memory = \"2G\"\n";
  out += "# Threads for queries; without it all cores.\n";
  out += settings.threads > 0 ? "threads = " + std::to_string(settings.threads) + "\n" : "# threads = 2\n";
  out += "\n[ingest]\n# A flow assembled from packets that goes on is told in pieces of at most this …\n";
  out += "active_timeout = " + seconds(settings.active_timeout) + "\n# … and it ends after this much silence.\n";
  out += "idle_timeout = " + seconds(settings.idle_timeout) + "\n";
  return out + organisation_toml(settings.organisation);
}

}  // namespace rw
