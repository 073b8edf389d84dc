// Records as zone files write them, and a resolver that answers as if they were published.
#include <algorithm>
#include <charconv>

#include "mail/audit_parts.h"

namespace rw {
namespace {

using audit::lower;
using audit::words;

constexpr std::size_t kStringBytes = 255;  // RFC 1035 3.3

std::string quoted_strings(std::string_view text) {
  std::string line;
  do {
    // A record that is split between words stays readable.
    std::size_t length = std::min(text.size(), kStringBytes);
    if (length < text.size())
      if (const std::size_t space = text.rfind(' ', length - 1); space != std::string_view::npos && space > length / 2)
        length = space + 1;
    line += line.empty() ? "\"" : " \"";
    for (const char c : text.substr(0, length)) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        line += '\\';
        line += c;
      } else if (byte >= 0x20 && byte < 0x7F) {
        line += c;
      } else {
        line += '\\';
        line += static_cast<char>('0' + byte / 100);
        line += static_cast<char>('0' + byte / 10 % 10);
        line += static_cast<char>('0' + byte % 10);
      }
    }
    line += '"';
    text.remove_prefix(length);
  } while (!text.empty());
  return line;
}

// "v=spf1" of "v=spf1 mx -all": what a record is among the TXT records of one name.
std::string version_of(std::string_view text) { return lower(text.substr(0, text.find_first_of(" ;"))); }

bool replaces(const AuditRecord& record, const DnsRecord& there) {
  if (record.type != "TXT" || record.name.find("_domainkey.") != std::string::npos) return true;
  const std::string& shown = record.value.empty() ? record.replaces : record.value;
  return version_of(there.text) == version_of(shown);
}

DnsRecord record_of(const AuditRecord& record, std::string_view line) {
  DnsRecord made;
  if (record.type == "TXT") {
    made.text = record.value;
    made.strings = {record.value};
    return made;
  }
  const std::size_t space = std::min(line.find(' '), line.size() - 1);  // MX: "10 mx.example.org."
  std::from_chars(line.data(), line.data() + space, made.preference);
  made.name = lower(line.substr(space + 1));
  while (made.name.ends_with('.')) made.name.pop_back();
  return made;
}

bool answers(const AuditRecord& record, std::string_view name, DnsType type, const DnsReply& reply) {
  if (record.type != to_string(type)) return false;
  if (record.name == name) return true;
  return record.name.starts_with("*.") && name.ends_with(std::string_view(record.name).substr(1)) &&
         !reply.name_exists && reply.state == DnsState::kAbsent;
}

}  // namespace

std::string zone_line(const AuditRecord& record) {
  std::string text;
  for (const std::string& line : record.type == "TXT" ? std::vector{record.value} : words(record.value, '\n')) {
    if (!text.empty()) text += '\n';
    text += record.name + ". IN " + record.type + " " + (record.type == "TXT" ? quoted_strings(line) : line);
  }
  return text;
}

void OverlayResolver::publish(const AuditRecord& record) { records_.push_back(record); }

DnsReply OverlayResolver::lookup(std::string_view name, DnsType type) {
  DnsReply reply = behind_.lookup(name, type);
  std::string asked = lower(name);
  if (asked.ends_with('.')) asked.pop_back();
  for (const AuditRecord& record : records_) {
    if (!answers(record, asked, type, reply)) continue;
    std::erase_if(reply.records, [&](const DnsRecord& there) { return replaces(record, there); });
    if (!record.value.empty())
      for (const std::string& line : record.type == "TXT" ? std::vector{record.value} : words(record.value, '\n'))
        reply.records.push_back(record_of(record, line));
    reply.state = reply.records.empty() ? DnsState::kAbsent : DnsState::kPresent;
    reply.name_exists = true;
    reply.failure.clear();
    reply.ttl = std::max(reply.ttl, 1U);
    if (reply.canonical_name.empty()) reply.canonical_name = asked;
  }
  return reply;
}

std::vector<DnsReply> OverlayResolver::lookup(std::span<const DnsQuestion> questions) {
  std::vector<DnsReply> replies;
  replies.reserve(questions.size());
  (void)behind_.lookup(questions);  // side by side; the answers come from its cache then
  for (const DnsQuestion& question : questions) replies.push_back(lookup(question.name, question.type));
  return replies;
}

std::string OverlayResolver::description() const {
  return behind_.description() + ", with records that are not published yet";
}

}  // namespace rw
