// Reading scans, and judging what an address is.
#include "enrich/reference_scans.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/quantity.h"

namespace rw {
namespace {

constexpr std::size_t kMostServices = 64;  // of one address: a host that answers on every port is a honeypot
constexpr Duration kLookBack{90 * kDay.us};

struct VpnWord {
  std::string_view word;  // in a service's name
  std::string_view protocol;
};
constexpr VpnWord kVpnWords[] = {{"openvpn", "openvpn"},
                                 {"wireguard", "wireguard"},
                                 {"isakmp", "ike"},
                                 {"ipsec", "ike"},
                                 {"ikev", "ike"},
                                 {"pptp", "pptp"},
                                 {"l2tp", "l2tp"},
                                 {"sstp", "sstp"},
                                 {"softether", "softether"},
                                 {"anyconnect", "openconnect"},
                                 {"globalprotect", "globalprotect"},
                                 {"fortinet-vpn", "fortinet"},
                                 {"tinc", "tinc"}};

struct VpnPort {
  std::uint8_t proto;
  std::uint16_t port;
  std::string_view protocol;
};
constexpr VpnPort kVpnPorts[] = {{17, 500, "ike"},         {17, 4500, "ike"},     {17, 1701, "l2tp"},
                                 {6, 1723, "pptp"},        {17, 1194, "openvpn"}, {6, 1194, "openvpn"},
                                 {17, 51820, "wireguard"}, {6, 655, "tinc"},      {6, 5555, "softether"}};

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool says(std::string_view text, std::string_view word) { return lowered(text).find(word) != std::string::npos; }

std::string_view vpn_of_words(const ScanService& service) {
  // As a whole word only: ikettle is a scanner's module too.
  if (const std::string service_name = lowered(service.service); service_name == "ike" || service_name == "ike-nat-t")
    return "ike";
  for (const VpnWord& word : kVpnWords)
    if (says(service.service, word.word) || says(service.product, word.word)) return word.protocol;
  return {};
}

std::string_view vpn_of_port(const ScanService& service) {
  if (!service.service.empty()) return {};  // the scanner knows better
  for (const VpnPort& port : kVpnPorts)
    if (port.proto == service.proto && port.port == service.port) return port.protocol;
  return {};
}

Timestamp time_of(const Value& value) {
  const auto* time = std::get_if<Timestamp>(&value);
  return time == nullptr ? Timestamp{} : *time;
}

}  // namespace

std::string ScanFacts::summary() const {
  std::string text;
  const auto add = [&](std::string_view part) { (text += text.empty() ? "" : ", ") += part; };
  if (!vpn.empty()) {
    std::string names;
    for (const std::string& protocol : vpn) (names += names.empty() ? "" : ", ") += protocol;
    add("VPN endpoint (" + names + (vpn_by_port_only ? " by port only)" : ")"));
  }
  if (mikrotik)
    add("MikroTik");
  else if (!device.empty())
    add(device);
  else if (!os.empty())
    add(os);
  if (text.empty() && !services.empty()) {
    constexpr std::size_t kMost = 4;
    for (std::size_t i = 0; i < std::min(kMost, services.size()); ++i) {
      const ScanService& s = services[i];
      const std::string port = std::to_string(s.port) + (s.proto == 17 ? "/udp" : "/tcp");
      add(s.service.empty() ? port : s.service + " on " + port);
    }
    if (services.size() > kMost) add("and " + std::to_string(services.size() - kMost) + " more");
  }
  std::string who;
  for (const std::string& scanner : scanners) (who += who.empty() ? "" : ", ") += scanner;
  return text + "; " + who + " " + seen.date() + (after_the_fact ? " (later)" : "");
}

Result<void> Reference::ScanTable::read(Store& store, ExprPtr where, std::uint64_t most, bool& cut) {
  Query query;
  query.table = "scans";
  query.where = std::move(where);
  for (const char* name :
       {"address", "port", "proto", "service", "product", "product_version", "os", "device", "scanner"})
    query.group_by.push_back({name, expr::column(name)});
  std::vector<ExprPtr> brand;
  for (const char* column : {"banner", "product", "os", "device", "service"})
    for (const char* glob : {"*mikrotik*", "*routeros*", "*winbox*"})
      brand.push_back(expr::matches(expr::column(column), glob));
  query.measures = {{"first_seen", Measure::Kind::kMin, expr::column("time")},
                    {"last_seen", Measure::Kind::kMax, expr::column("time")},
                    {"name", Measure::Kind::kMax, expr::column("name")},
                    {"brand", Measure::Kind::kCount, nullptr, expr::any_of(std::move(brand))}};
  query.order_by = {{"last_seen", true}, {"address", false}, {"port", false}, {"proto", false}};
  query.limit = most + 1;
  RW_ASSIGN(const Answer answer, store.run(query));
  cut = answer.rows.size() > most;
  const std::size_t rows = std::min<std::size_t>(answer.rows.size(), most);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto& row = answer.rows[i];
    const auto* address = std::get_if<Ip>(&row[0]);
    if (address == nullptr) continue;
    Row one;
    one.service = {static_cast<std::uint16_t>(as_int(row[1])), static_cast<std::uint8_t>(as_int(row[2])),
                   as_string(row[3]), as_string(row[4]), as_string(row[5])};
    one.os = as_string(row[6]);
    one.device = as_string(row[7]);
    one.scanner = as_string(row[8]);
    one.first = time_of(row[9]);
    one.last = time_of(row[10]);
    one.name = as_string(row[11]);
    one.mikrotik = as_int(row[12]) > 0 || (one.service.port == 8291 && one.service.service.empty());
    rows_[*address].push_back(std::move(one));
  }
  return {};
}

Result<void> Reference::ScanTable::load(Store& store, std::uint64_t most, std::vector<std::string>& notes) {
  bool cut = false;
  RW_TRY(read(store, nullptr, most, cut));
  if (cut)
    notes.push_back("Scan data holds more than " + group_thousands(static_cast<std::int64_t>(most)) +
                    " services: only the newest were looked at.");
  return {};
}

Result<void> Reference::ScanTable::load(Store& store, const std::vector<Ip>& addresses) {
  std::vector<Value> values(addresses.begin(), addresses.end());
  bool cut = false;
  return read(store, expr::in(expr::column("address"), std::move(values)), kMostScanRows, cut);
}

std::optional<ScanFacts> Reference::ScanTable::facts(Ip address, Timestamp at) const {
  const auto found = rows_.find(address);
  if (found == rows_.end()) return std::nullopt;
  Timestamp latest = kAllTime.from, earliest = kAllTime.to;
  for (const Row& row : found->second) {
    if (row.first <= at) latest = std::max(latest, std::min(row.last, at));
    earliest = std::min(earliest, row.first);
  }
  ScanFacts facts;
  facts.after_the_fact = latest == kAllTime.from;
  facts.seen = facts.after_the_fact ? earliest : latest;
  // After the fact: what was seen within a day of the first look.
  const Timestamp from = facts.after_the_fact ? earliest : facts.seen - kLookBack;
  const Timestamp to = facts.after_the_fact ? earliest + kDay : facts.seen;
  std::set<std::string> scanners, by_word, by_port;
  for (const Row& row : found->second) {
    if (row.last < from || row.first > to) continue;
    scanners.insert(row.scanner);
    facts.mikrotik = facts.mikrotik || row.mikrotik;
    if (facts.os.empty()) facts.os = row.os;
    if (facts.device.empty()) facts.device = row.device;
    if (facts.name.empty()) facts.name = row.name;
    if (const std::string_view vpn = vpn_of_words(row.service); !vpn.empty())
      by_word.emplace(vpn);
    else if (const std::string_view port = vpn_of_port(row.service); !port.empty())
      by_port.emplace(port);
    if (row.service.proto != 0 && facts.services.size() < kMostServices) facts.services.push_back(row.service);
  }
  facts.vpn_by_port_only = by_word.empty() && !by_port.empty();
  const std::set<std::string>& vpn = by_word.empty() ? by_port : by_word;
  facts.vpn.assign(vpn.begin(), vpn.end());
  facts.scanners.assign(scanners.begin(), scanners.end());
  std::sort(facts.services.begin(), facts.services.end(), [](const ScanService& a, const ScanService& b) {
    return std::tie(a.port, a.proto, a.service, a.product) < std::tie(b.port, b.proto, b.service, b.product);
  });
  return facts;
}

Result<std::vector<std::optional<ScanFacts>>> Reference::scans(Store& store, std::span<const ScanQuestion> questions) {
  constexpr std::size_t kMostQuestions = 10'000;
  std::vector<std::optional<ScanFacts>> answers(questions.size());
  RW_ASSIGN(const TimeRange looks, store.extent("scans"));
  if (looks.empty() || questions.empty()) return answers;
  if (questions.size() > kMostQuestions)
    return Failure(ErrorCode::kLimit, "scan data was asked for too many addresses at once");
  std::set<Ip> distinct;
  for (const ScanQuestion& question : questions) distinct.insert(question.address);
  ScanTable table;
  RW_TRY(table.load(store, std::vector<Ip>(distinct.begin(), distinct.end())));
  for (std::size_t i = 0; i < questions.size(); ++i) answers[i] = table.facts(questions[i].address, questions[i].at);
  return answers;
}

}  // namespace rw
