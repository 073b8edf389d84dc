// Alphabets of names, marks of tunnel tools, and the list of exchanges that are no tunnels.
#include "detect/dns_tunnel_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "enrich/registered_domain.h"

namespace rw::dns_tunnel {
namespace {

constexpr double kMost = 0.8;            // "most names": room for handshakes, polls and somebody else's look-ups
constexpr std::size_t kEnoughNames = 5;  // fewer say nothing about a tool
constexpr std::size_t kDataBytes = 16;   // shorter text has no alphabet that could be told

// Names that belong to list operators and antivirus products (as of 2026-11), with the types that they answer to.
struct Known {
  std::string_view domain;
  Exchange exchange;
  std::array<std::uint16_t, 3> types;
};
constexpr std::array<std::uint16_t, 3> kListTypes = {kTypeA, kTypeTxt, kTypeAaaa};
constexpr Known kKnown[] = {
    {"abuseat.org", Exchange::kBlockList, kListTypes},
    {"abusix.zone", Exchange::kBlockList, kListTypes},
    {"barracudacentral.org", Exchange::kBlockList, kListTypes},
    {"blocklist.de", Exchange::kBlockList, kListTypes},
    {"cymru.com", Exchange::kBlockList, kListTypes},
    {"dnswl.org", Exchange::kBlockList, kListTypes},
    {"dronebl.org", Exchange::kBlockList, kListTypes},
    {"efnetrbl.org", Exchange::kBlockList, kListTypes},
    {"gbudb.net", Exchange::kBlockList, kListTypes},
    {"habeas.com", Exchange::kBlockList, kListTypes},
    {"hostkarma.com", Exchange::kBlockList, kListTypes},
    {"invaluement.com", Exchange::kBlockList, kListTypes},
    {"isipp.com", Exchange::kBlockList, kListTypes},
    {"junkemailfilter.com", Exchange::kBlockList, kListTypes},
    {"mailspike.net", Exchange::kBlockList, kListTypes},
    {"mailspike.org", Exchange::kBlockList, kListTypes},
    {"manitu.net", Exchange::kBlockList, kListTypes},
    {"msbl.org", Exchange::kBlockList, kListTypes},
    {"njabl.org", Exchange::kBlockList, kListTypes},
    {"nszones.com", Exchange::kBlockList, kListTypes},
    {"rspamd.com", Exchange::kBlockList, kListTypes},
    {"s5h.net", Exchange::kBlockList, kListTypes},
    {"senderbase.org", Exchange::kBlockList, kListTypes},
    {"senderscore.com", Exchange::kBlockList, kListTypes},
    {"sorbs.net", Exchange::kBlockList, kListTypes},
    {"spamcop.net", Exchange::kBlockList, kListTypes},
    {"spameatingmonkey.net", Exchange::kBlockList, kListTypes},
    {"spamhaus.net", Exchange::kBlockList, kListTypes},
    {"spamhaus.org", Exchange::kBlockList, kListTypes},
    {"spamrats.com", Exchange::kBlockList, kListTypes},
    {"surbl.org", Exchange::kBlockList, kListTypes},
    {"surriel.com", Exchange::kBlockList, kListTypes},
    {"swinog.ch", Exchange::kBlockList, kListTypes},
    {"uceprotect.net", Exchange::kBlockList, kListTypes},
    {"uribl.com", Exchange::kBlockList, kListTypes},
    {"avast.com", Exchange::kReputation, kListTypes},
    {"avcdn.net", Exchange::kReputation, kListTypes},
    {"avg.com", Exchange::kReputation, kListTypes},
    {"avira.com", Exchange::kReputation, kListTypes},
    {"bitdefender.net", Exchange::kReputation, kListTypes},
    {"clamav.net", Exchange::kReputation, kListTypes},
    {"drweb.com", Exchange::kReputation, kListTypes},
    {"e5.sk", Exchange::kReputation, kListTypes},
    {"eset.com", Exchange::kReputation, kListTypes},
    {"f-secure.com", Exchange::kReputation, kListTypes},
    {"fsapi.com", Exchange::kReputation, kListTypes},
    {"kaspersky-labs.com", Exchange::kReputation, kListTypes},
    {"kaspersky.com", Exchange::kReputation, kListTypes},
    {"mcafee.com", Exchange::kReputation, kListTypes},
    {"sophosxl.com", Exchange::kReputation, kListTypes},
    {"sophosxl.net", Exchange::kReputation, kListTypes},
    {"symantec.com", Exchange::kReputation, kListTypes},
    {"trellix.com", Exchange::kReputation, kListTypes},
    {"trendmicro.com", Exchange::kReputation, kListTypes},
    {"webrootcloudav.com", Exchange::kReputation, kListTypes},
};

std::vector<std::string_view> labels_of(std::string_view name) {
  std::vector<std::string_view> labels;
  std::size_t start = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '\\') {
      ++i;
      continue;
    }
    if (name[i] != '.') continue;
    labels.push_back(name.substr(start, i - start));
    start = i + 1;
  }
  labels.push_back(name.substr(start));
  return labels;
}

// What stands before `domain` in `name`; the whole name where it does not end in it.
std::string_view before(std::string_view name, std::string_view domain) {
  if (domain.empty() || !name.ends_with(domain)) return name;
  if (name.size() == domain.size()) return {};
  if (name[name.size() - domain.size() - 1] != '.') return name;
  return name.substr(0, name.size() - domain.size() - 1);
}

std::string common_base(std::span<const Sample> samples) {
  std::string_view common = samples.empty() ? std::string_view() : samples.front().name;
  for (const Sample& sample : samples) {
    while (!common.empty() && before(sample.name, common) == sample.name && sample.name != common) {
      const auto labels = labels_of(common);
      common = labels.size() < 2 ? std::string_view() : common.substr(labels.front().size() + 1);
    }
    if (common.empty()) break;
  }
  return std::string(common);
}

// Letters up to `last_letter`, digits from `first_digit` to `last_digit`.
bool all_in(std::string_view text, char last_letter, char first_digit, char last_digit) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return (c >= 'a' && c <= last_letter) || (c >= first_digit && c <= last_digit); });
}

bool is_hex(std::string_view text) { return all_in(text, 'f', '0', '9'); }
// RFC 4648 section 6, and the alphabet of iodine, which goes on with 0 to 5.
bool is_base32(std::string_view text) { return all_in(text, 'z', '2', '7'); }
bool is_iodine_base32(std::string_view text) { return all_in(text, 'z', '0', '5'); }

// The data of a name without its dots and the shared base.
std::string payload(std::string_view name, std::string_view base) {
  std::string bytes;
  for (const std::string_view label : labels_of(before(name, base))) bytes += unescaped(label);
  return bytes;
}

bool has_bytes(std::string_view payload_bytes) {
  return std::any_of(payload_bytes.begin(), payload_bytes.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 128; });
}

// Words have about 40 % vowels and few digits; random text in base 32 or 64 has 10 to 16 % vowels.
bool reads_as_data(std::string_view text) {
  if (has_bytes(text)) return true;
  if (text.size() < kDataBytes) return false;
  std::size_t letters = 0, vowels = 0, digits = 0, marks = 0;
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') {
      ++letters;
      if (std::string_view("aeiou").find(c) != std::string_view::npos) ++vowels;
    } else if (c >= '0' && c <= '9') {
      ++digits;
    } else {
      ++marks;
    }
  }
  if (is_hex(text)) return digits > 0;
  if (marks * 8 > text.size()) return false;  // words joined by hyphens
  return digits * 20 >= text.size() && vowels * 100 <= letters * 30;
}

template <typename Passes>
double share(const std::vector<std::string>& texts, const Passes& passes) {
  if (texts.empty()) return 0;
  return static_cast<double>(std::count_if(texts.begin(), texts.end(), passes)) / static_cast<double>(texts.size());
}

std::string alphabet_of(const std::vector<std::string>& payloads) {
  std::string all;
  for (const std::string& p : payloads) all += p;
  if (share(payloads, [](const std::string& p) { return has_bytes(p); }) >= 0.3) return "bytes";
  if (all.size() < 4 * kDataBytes) return "";
  if (is_hex(all)) return "hexadecimal";
  if (is_base32(all) || is_iodine_base32(all)) return "base32";
  return "base64";
}

std::size_t common_prefix(const std::vector<std::string>& texts) {
  if (texts.empty()) return 0;
  std::size_t length = texts.front().size();
  for (const std::string& text : texts) {
    std::size_t i = 0;
    while (i < std::min(length, text.size()) && text[i] == texts.front()[i]) ++i;
    length = i;
  }
  return length;
}

double type_share(std::span<const Sample> samples, std::initializer_list<std::uint16_t> types) {
  std::size_t known = 0, wanted = 0;
  for (const Sample& sample : samples) {
    if (sample.type == 0) continue;
    ++known;
    wanted += std::find(types.begin(), types.end(), sample.type) != types.end() ? 1 : 0;
  }
  return known == 0 ? 0 : static_cast<double>(wanted) / static_cast<double>(known);
}

struct Tool {
  std::string_view name;
  std::string_view evidence;
  bool proven = false;
};

// dnscat2: every packet is a random 16-bit id, a type of one byte (SYN 00, MSG 01, FIN 02, ENC 03, PING ff) and a
// 16-bit session id, in hexadecimal, behind the tag "dnscat" where no domain is used.
bool is_dnscat(std::string_view text) {
  if (text.starts_with("dnscat")) text.remove_prefix(6);
  if (text.size() < 10 || !is_hex(text)) return false;
  const std::string_view type = text.substr(4, 2);
  return type == "00" || type == "01" || type == "02" || type == "03" || type == "ff";
}

std::size_t dnscat_sessions(const std::vector<std::string>& payloads) {
  std::set<std::string> sessions;
  for (const std::string& p : payloads)
    if (is_dnscat(p)) sessions.insert(p.substr(p.starts_with("dnscat") ? 12 : 6, 4));
  return sessions.size();
}

// iodine: the first character says what a request is: version, login, codec check, switches, ping, or the user's
// number before data.
bool is_iodine_request(std::string_view text) {
  return !text.empty() &&
         (is_hex(text.substr(0, 1)) || std::string_view("vlzsonryip").find(text[0]) != std::string_view::npos);
}

bool is_iodine_handshake(std::string_view text) {
  return text.find("aaahhh-drink-mal-ein-j") != std::string_view::npos ||
         text.find("aabbccddeeffgghhiijjkkllmmnnoopp") != std::string_view::npos;
}

Tool tool_of(std::span<const Sample> samples, const std::vector<std::string>& payloads) {
  if (share(payloads, [](const std::string& p) { return is_iodine_handshake(p); }) > 0)
    return {"iodine", "names of iodine's codec check", true};
  const bool marked = std::any_of(samples.begin(), samples.end(), [](const Sample& s) {
    return s.name.find(".=auth.") != std::string::npos || s.name.find(".=connect.") != std::string::npos ||
           s.name.find(".=resource.") != std::string::npos;
  });
  if (marked) return {"dns2tcp", "dns2tcp's labels =auth, =connect or =resource", true};
  if (payloads.size() < kEnoughNames) return {};
  if (share(payloads, [](const std::string& p) { return is_dnscat(p); }) >= kMost &&
      dnscat_sessions(payloads) * 2 <= payloads.size())
    return {"dnscat2", "hexadecimal names with dnscat2's packet type and a session number that stays", true};
  const bool up_down = std::any_of(samples.begin(), samples.end(), [](const Sample& s) {
    return s.name.find(".id-") != std::string::npos &&
           (s.name.find(".up.") != std::string::npos || s.name.find(".down.") != std::string::npos);
  });
  if (up_down) return {"ozymandns", "labels id-NUMBER and up or down", true};
  const double requests = share(payloads, [](const std::string& p) { return is_iodine_request(p); });
  const double bytes = share(payloads, [](const std::string& p) { return has_bytes(p); });
  const bool raw = type_share(samples, {kTypeNull, 65'399}) >= kMost;  // iodine's private type
  if (requests >= kMost && raw)
    return {"iodine", "NULL or private records, and names that begin as iodine's requests do"};
  if (requests >= kMost && bytes >= 0.3) return {"iodine", "8-bit names that begin as iodine's requests do"};
  std::string all;
  for (const std::string& p : payloads) all += p;
  if (all.size() < 300) return {};
  if (is_base32(all) && common_prefix(payloads) >= 10 && type_share(samples, {kTypeTxt}) >= kMost)
    return {"dnstt", "TXT, and base32 names that begin with one number of 8 bytes, as dnstt's client does"};
  if (is_iodine_base32(all) && requests >= kMost && !is_hex(all) && common_prefix(payloads) < 2)
    return {"iodine", "iodine's own base32 alphabet, and names that begin as its requests do"};
  if (type_share(samples, {kTypeTxt, kTypeKey}) >= kMost && common_prefix(payloads) >= 2 && !is_hex(all))
    return {"dns2tcp", "TXT or KEY, and base64 names that begin with one session number"};
  return {};
}

bool is_octet(std::string_view label) {
  if (label.empty() || label.size() > 3) return false;
  if (!std::all_of(label.begin(), label.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) return false;
  return label.size() < 3 || label <= "255";
}

// The reversed address of RFC 5782: four octets, or 32 nibbles.
bool is_reversed_address(std::string_view subdomain) {
  const auto labels = labels_of(subdomain);
  if (labels.size() >= 4 && std::all_of(labels.begin(), labels.begin() + 4, is_octet)) return true;
  return labels.size() >= 32 && std::all_of(labels.begin(), labels.begin() + 32,
                                            [](std::string_view l) { return l.size() == 1 && is_hex(l); });
}

// A whole name of somebody else stands before the domain: "www.example.com" of "www.example.com.corp.lan".
bool is_name_in_name(std::string_view subdomain) {
  return labels_of(subdomain).size() >= 2 && !registered_domain(subdomain).empty() &&
         is_known_top_level_domain(last_label(subdomain)) && subdomain.find('\\') == std::string_view::npos;
}

}  // namespace

std::string_view to_string(Exchange exchange) {
  switch (exchange) {
    case Exchange::kNone: break;
    case Exchange::kBlockList: return "block-list";
    case Exchange::kReputation: return "reputation";
    case Exchange::kSearchList: return "search-list";
  }
  return "";
}

bool is_data_type(std::uint16_t type) {
  return type == kTypeCname || type == kTypeNull || type == kTypeMx || type == kTypeTxt || type == kTypeKey ||
         type == kTypeSrv || type >= kFirstPrivateType;
}

std::string unescaped(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '\\' || i + 1 >= name.size()) {
      out += name[i];
      continue;
    }
    const auto digit = [&](std::size_t at) { return at < name.size() && name[at] >= '0' && name[at] <= '9'; };
    if (digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>((name[i + 1] - '0') * 100 + (name[i + 2] - '0') * 10 + (name[i + 3] - '0'));
      i += 3;
    } else {
      out += name[++i];
    }
  }
  return out;
}

std::int64_t wire_bytes(std::string_view name) {
  return name.empty() ? 0 : static_cast<std::int64_t>(unescaped(name).size()) + 1;
}

std::string_view last_label(std::string_view name) { return labels_of(name).back(); }

NameTraits examine(std::span<const Sample> samples, std::string_view domain) {
  NameTraits traits;
  traits.names = samples.size();
  if (samples.empty()) return traits;
  traits.base = samples.size() < 2 ? std::string(domain) : common_base(samples);
  if (!domain.empty() && !traits.base.ends_with(domain)) traits.base = domain;
  std::vector<std::string> payloads;
  std::size_t data = 0;
  for (const Sample& sample : samples) {
    std::string p = payload(sample.name, traits.base);
    if (p.empty()) continue;
    data += reads_as_data(p) && !is_reversed_address(before(sample.name, domain)) ? 1 : 0;
    payloads.push_back(std::move(p));
  }
  if (!payloads.empty()) traits.data_share = static_cast<double>(data) / static_cast<double>(payloads.size());
  if (traits.data_share >= 0.3) traits.alphabet = alphabet_of(payloads);
  const Tool tool = tool_of(samples, payloads);
  traits.tool = tool.name;
  traits.tool_evidence = tool.evidence;
  traits.tool_proven = tool.proven;
  return traits;
}

Exchange benign_exchange(std::span<const Sample> samples, std::string_view registered) {
  if (samples.empty()) return Exchange::kNone;
  for (const Known& known : kKnown) {
    if (known.domain != registered) continue;
    const auto fits = [&known](const Sample& s) {
      return s.type == 0 || std::find(known.types.begin(), known.types.end(), s.type) != known.types.end();
    };
    return std::all_of(samples.begin(), samples.end(), fits) ? known.exchange : Exchange::kNone;
  }
  // What all share behind is no name of somebody else: a label "cat" of the tunnel's own is no top-level domain.
  std::string base = samples.size() < 2 ? std::string(registered) : common_base(samples);
  if (!base.ends_with(registered)) base = registered;
  std::size_t reversed = 0, whole = 0, data = 0;
  for (const Sample& sample : samples) {
    const bool plain = sample.type == kTypeA || sample.type == kTypeAaaa || sample.type == kTypeTxt || sample.type == 0;
    const auto labels = labels_of(before(sample.name, base));
    const bool reads = reads_as_data(payload(sample.name, base)) ||
                       std::any_of(labels.begin(), labels.end(), [](auto l) { return reads_as_data(unescaped(l)); });
    if (plain && is_reversed_address(before(sample.name, registered)))
      ++reversed;
    else if (plain && is_name_in_name(before(sample.name, base)) && !reads)
      ++whole;
    else
      data += reads ? 1 : 0;
  }
  // Half of such names are enough, unless what is beside them reads as data: they would be decoys.
  const std::size_t rest = samples.size() - reversed - whole;
  if (rest > reversed + whole || (rest > 0 && data * 2 >= rest)) return Exchange::kNone;
  return reversed >= whole ? Exchange::kBlockList : Exchange::kSearchList;
}

}  // namespace rw::dns_tunnel
