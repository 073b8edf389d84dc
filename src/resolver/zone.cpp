// Answers from master files, as an authoritative server and a resolver behind it would give them.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "resolver/names.h"
#include "resolver/resolver.h"
#include "resolver/zone_file.h"

namespace rw {
namespace {

constexpr std::size_t kMaxChain = 16;        // CNAME and DNAME steps; unbound stops at 11
constexpr std::uint32_t kNegativeTtl = 300;  // where a zone has no SOA
constexpr std::uint16_t kDname = 39;         // RFC 6672
constexpr std::uint16_t kEveryType = 0;
constexpr std::uint16_t number(DnsType type) { return static_cast<std::uint16_t>(type); }

struct RecordSet {
  std::uint32_t ttl = 0;
  std::vector<DnsRecord> records;
};
// What stands at one name. Empty: names below it exist (an empty non-terminal, RFC 8020).
using Node = std::map<std::uint16_t, RecordSet>;

struct Apex {
  bool secure = false;
  std::uint32_t negative_ttl = kNegativeTtl;
};

bool same_record(const DnsRecord& a, const DnsRecord& b) {
  return a.address == b.address && a.name == b.name && a.preference == b.preference && a.strings == b.strings &&
         a.data == b.data;
}

// RFC 2308 5: the lesser of the SOA's own time to live and its last field.
std::uint32_t negative_ttl(std::uint32_t ttl, std::string_view soa) {
  if (soa.size() < 4) return kNegativeTtl;
  std::uint32_t least = 0;
  for (const char c : soa.substr(soa.size() - 4)) least = least << 8 | static_cast<unsigned char>(c);
  return std::min(ttl, least);
}

}  // namespace

struct ZoneResolver::Zones {
  std::unordered_map<std::string, Node> nodes;  // with all names between a record and its zone's apex
  std::unordered_map<std::string, Apex> apexes;
  std::map<std::pair<std::string, std::uint16_t>, std::string> failures;
  std::vector<std::string> files;
  bool everything = false;
  mutable std::atomic<std::uint64_t> asked{0};

  // One step of an answer: where the question stands, or where it goes on.
  struct Step {
    const RecordSet* found = nullptr;
    std::string next;            // behind a CNAME or DNAME
    std::uint32_t next_ttl = 0;  // of that record
    bool exists = false;
    std::string failure;
  };

  const std::string* failure_of(const std::string& name, std::uint16_t type) const {
    for (const std::uint16_t one : {type, kEveryType})
      if (const auto it = failures.find({name, one}); it != failures.end()) return &it->second;
    return nullptr;
  }

  // The zone that answers for a name: the longest apex. A DS record stands in the zone above (RFC 4035 3.1.4.1).
  const Apex* zone_of(std::string_view name, std::uint16_t type, std::string& apex) const {
    if (type == number(DnsType::kDs) && !name.empty()) {
      if (const Apex* above = zone_of(parent_name(name), kEveryType, apex)) return above;
    }
    for (;; name = parent_name(name)) {
      if (const auto it = apexes.find(std::string(name)); it != apexes.end()) {
        apex = it->first;
        return &it->second;
      }
      if (name.empty()) return nullptr;
    }
  }

  const Node* node(std::string_view name) const {
    const auto it = nodes.find(std::string(name));
    return it == nodes.end() ? nullptr : &it->second;
  }

  // A cut or a DNAME above the name, inside of its zone.
  bool leads_away(std::string_view name, std::uint16_t type, std::string_view apex, Step& step) const {
    for (std::string_view at = name; at != apex; at = parent_name(at)) {
      const Node* here = node(at);
      const bool cut = here != nullptr && here->contains(number(DnsType::kNs));
      const bool of_the_cut = at == name && (type == number(DnsType::kDs) || type == number(DnsType::kNs));
      if (cut && !of_the_cut) {
        step.failure = "'" + std::string(at) + "' is delegated, and its zone is not here";
        return true;
      }
      const Node* above = node(parent_name(at));
      if (above == nullptr) continue;
      if (const auto it = above->find(kDname); it != above->end() && !it->second.records.empty()) {
        std::size_t read = 0;
        std::string target;
        if (!read_wire_name(it->second.records.front().data, read, target)) continue;
        const std::string_view owner = parent_name(at);
        step.next = std::string(name.substr(0, name.size() - owner.size() - (owner.empty() ? 0 : 1)));
        if (!target.empty()) step.next += "." + target;
        step.next_ttl = it->second.ttl;
        return true;
      }
    }
    return false;
  }

  void take(const Node& here, std::uint16_t type, Step& step) const {
    step.exists = true;
    const auto found = here.find(type);
    if (found != here.end()) {
      step.found = &found->second;
    } else if (const auto alias = here.find(number(DnsType::kCname)); alias != here.end()) {
      step.next = alias->second.records.front().name;
      step.next_ttl = alias->second.ttl;
    }
  }

  Step look(const std::string& name, std::uint16_t type, std::string_view apex) const {
    Step step;
    if (leads_away(name, type, apex, step)) return step;
    if (const Node* here = node(name)) {
      take(*here, type, step);
      return step;
    }
    // RFC 4592 3.3.1: the wildcard stands below the closest name that exists.
    for (std::string_view at = parent_name(name);; at = parent_name(at)) {
      if (at != apex && node(at) == nullptr) continue;
      if (const Node* wild = node(at.empty() ? std::string("*") : "*." + std::string(at))) take(*wild, type, step);
      return step;
    }
  }

  DnsReply answer(std::string name, std::uint16_t type) const {
    DnsReply reply;
    reply.canonical_name = name;
    reply.ttl = 0x7FFFFFFF;
    bool secure = true;
    std::unordered_set<std::string> seen;
    const auto failed = [&](std::string why) {
      reply.state = DnsState::kFailed;
      reply.security = why.starts_with("bogus") ? DnsSecurity::kBogus : DnsSecurity::kUnknown;
      reply.ttl = 0;
      reply.failure = std::move(why);
      return reply;
    };
    for (;;) {
      if (const std::string* why = failure_of(name, type)) return failed(*why);
      std::string apex;
      const Apex* zone = zone_of(name, type, apex);
      if (zone == nullptr && !everything) return failed("no zone here holds '" + name + "'");
      secure = secure && zone != nullptr && zone->secure;
      reply.security = secure ? DnsSecurity::kSecure : DnsSecurity::kInsecure;
      reply.canonical_name = name;
      Step step;
      if (zone != nullptr) step = look(name, type, apex);
      if (!step.failure.empty()) return failed(step.failure);
      if (!step.next.empty()) {
        reply.ttl = std::min(reply.ttl, step.next_ttl);
        std::string next;
        if (!canonical_name(step.next, next)) return failed("an alias of '" + name + "' is too long to be a name");
        if (!seen.insert(name).second || seen.size() > kMaxChain)
          return failed("aliases (CNAME) from '" + reply.canonical_name + "' go round in a circle or never end");
        name = next;
        continue;
      }
      if (step.found != nullptr) {
        reply.state = DnsState::kPresent;
        reply.records = step.found->records;
        reply.ttl = std::min(reply.ttl, step.found->ttl);
      } else {
        reply.state = DnsState::kAbsent;
        reply.ttl = std::min(reply.ttl, zone != nullptr ? zone->negative_ttl : kNegativeTtl);
      }
      reply.name_exists = step.exists;
      return reply;
    }
  }

  Apex& add_apex(const std::string& name) {
    nodes.try_emplace(name);
    return apexes[name];
  }

  // The name and all above it up to the apex exist from now on.
  void grow(const std::string& name, std::string_view apex) {
    for (std::string_view at = name; at != apex && !at.empty(); at = parent_name(at))
      if (!nodes.try_emplace(std::string(at)).second && at != name) break;
  }

  void put(const std::string& name, std::uint16_t type, std::uint32_t ttl, DnsRecord record) {
    RecordSet& set = nodes[name][type];
    set.ttl = set.records.empty() ? ttl : std::min(set.ttl, ttl);  // RFC 2181 5.2: one for all
    for (const DnsRecord& other : set.records)
      if (same_record(other, record)) return;
    set.records.push_back(std::move(record));
  }
};

ZoneResolver::ZoneResolver() : zones_(std::make_unique<Zones>()) {}
ZoneResolver::~ZoneResolver() = default;

Result<void> ZoneResolver::read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  // Piece by piece: room for the largest zone at once would be resident in every run.
  constexpr std::size_t kPiece = std::size_t{64} << 10;
  for (std::string piece(kPiece, '\0'); in && text.size() <= kMaxZoneBytes;) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    text.append(piece, 0, static_cast<std::size_t>(in.gcount()));
  }
  if (!in.eof() && text.size() <= kMaxZoneBytes)
    return Failure(ErrorCode::kNotFound, "cannot read the zone file " + path);
  return parse(text, path);
}

Result<void> ZoneResolver::parse(std::string_view text, const std::string& name) {
  RW_ASSIGN(ZoneFile file, parse_zone_file(text, name));
  // The zones of the file: where an SOA stands; without one, what $ORIGIN names; without that, each name for itself.
  std::vector<std::string> apexes;
  for (const ZoneRecord& record : file.records)
    if (record.type == number(DnsType::kSoa)) apexes.push_back(record.name);
  const bool has_soa = !apexes.empty();
  if (!has_soa) apexes = file.origins;
  const auto inside = [&](const std::string& owner) {
    return std::any_of(apexes.begin(), apexes.end(), [&](const std::string& a) { return is_at_or_below(owner, a); });
  };
  for (const ZoneRecord& record : file.records) {
    if (inside(record.name)) continue;
    if (has_soa)
      return Failure(ErrorCode::kUsage, name + ":" + std::to_string(record.line) + ": '" + record.name +
                                            "' lies outside of the file's zones (those with an SOA record)");
    apexes.push_back(record.name);
  }
  for (const std::string& apex : apexes) zones_->add_apex(apex).secure |= file.secure;
  for (const std::string& apex : file.secure_zones) zones_->add_apex(apex).secure = true;
  for (ZoneRecord& record : file.records) {
    std::string apex;
    Apex* zone = const_cast<Apex*>(zones_->zone_of(record.name, kEveryType, apex));
    if (record.type == number(DnsType::kSoa)) zone->negative_ttl = negative_ttl(record.ttl, record.data);
    DnsRecord decoded;
    decode_record(record.type, record.data, decoded);
    zones_->grow(record.name, apex);
    zones_->put(record.name, record.type, record.ttl, std::move(decoded));
    const Node& node = zones_->nodes[record.name];
    const auto alias = node.find(number(DnsType::kCname));
    if (alias != node.end() && (node.size() > 1 || alias->second.records.size() > 1))  // RFC 2181 10.1
      return Failure(ErrorCode::kUsage, name + ":" + std::to_string(record.line) + ": '" + record.name +
                                            "' has a CNAME record and others, which no server takes");
  }
  for (ZoneFailure& failure : file.failures) zones_->failures[{failure.name, failure.type}] = std::move(failure.reason);
  zones_->files.push_back(name);
  return {};
}

void ZoneResolver::add(std::string_view name, DnsType type, DnsRecord record) {
  std::string canonical;
  if (!canonical_name(name, canonical)) return;
  std::string apex;
  if (zones_->zone_of(canonical, kEveryType, apex) == nullptr) {
    apex = canonical;
    zones_->add_apex(apex);
  }
  if (record.text.empty())
    for (const std::string& text : record.strings) record.text += text;
  else if (record.strings.empty())
    record.strings = {record.text};
  canonical_name(std::string(record.name), record.name);
  zones_->grow(canonical, apex);
  zones_->put(canonical, number(type), kNegativeTtl, std::move(record));
}

void ZoneResolver::fail(std::string_view name) {
  std::string canonical;
  if (canonical_name(name, canonical)) zones_->failures[{canonical, kEveryType}] = "a test says that it fails";
}
void ZoneResolver::fail(std::string_view name, DnsType type) {
  std::string canonical;
  if (canonical_name(name, canonical)) zones_->failures[{canonical, number(type)}] = "a test says that it fails";
}
void ZoneResolver::answer_for_everything(bool on) { zones_->everything = on; }
std::uint64_t ZoneResolver::asked() const { return zones_->asked; }

DnsReply ZoneResolver::lookup(std::string_view name, DnsType type) {
  ++zones_->asked;
  std::string canonical;
  if (canonical_name(name, canonical)) return zones_->answer(std::move(canonical), number(type));
  DnsReply reply;
  reply.state = DnsState::kAbsent;
  reply.canonical_name = std::string(name);
  return reply;
}

std::vector<DnsReply> ZoneResolver::lookup(std::span<const DnsQuestion> questions) {
  std::vector<DnsReply> replies;
  replies.reserve(questions.size());
  for (const DnsQuestion& question : questions) replies.push_back(lookup(question.name, question.type));
  return replies;
}

std::string ZoneResolver::description() const {
  std::string text;
  for (const std::string& file : zones_->files) text += (text.empty() ? "" : ", ") + file;
  return (zones_->files.size() > 1 ? "zone files " : "zone file ") + text;
}

}  // namespace rw
