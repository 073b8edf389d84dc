// Reference data as of a time: what dated lists say about addresses, names, URLs, hashes and fingerprints, and what
// internet scanners saw at an address.
//
//   RW_ASSIGN(const auto reference, Reference::load(store, range));
//   if (const auto relays = reference->addresses("tor"))
//     where = expr::not_(expr::is_null(expr::label(relays, expr::column("dst"), expr::column("start_time"))));
//   for (const ReferenceMatch& match : reference->domain("www.evil.example", time)) …
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "store/query.h"
#include "store/store.h"

namespace rw {

// One list as far as it was loaded. An entry without a date of its own is valid from its snapshot until the next
// snapshot of the list that does not hold it; before the first snapshot, that one is used, and matches say so.
struct ReferenceList {
  std::string name;
  std::string purpose;                      // threat, tor, hosting, cdn, vpn, proxy, pool, content
  std::optional<Timestamp> first_snapshot;  // null: every entry has dates of its own
  std::optional<Timestamp> last_snapshot;
  std::uint64_t entries = 0;
};

// One entry that matched. The texts live as long as the Reference, `indicator` aside.
struct ReferenceMatch {
  std::string indicator;  // as the table has it
  std::string_view kind;  // address, prefix, domain, url, hash, ja3, ja4
  std::string_view purpose;
  std::string_view list;
  std::string_view label;      // "" where the list gives none
  std::string_view reference;  // identifier of the entry in its source, or ""
  TimeRange valid;
  std::optional<std::uint8_t> confidence;  // percent, as the list grades it
  bool before_first_snapshot = false;      // the list is younger than what it is used for
};

// What scanners saw at one address, as of a time: their latest look before it and what they saw in the 90 days before
// that look; or, before the first look, that one.
struct ScanService {
  std::uint16_t port = 0;
  std::uint8_t proto = 0;
  std::string service;  // "" where the scanner names none
  std::string product;
  std::string version;
};
struct ScanFacts {
  Timestamp seen;                     // the latest look that is used
  bool after_the_fact = false;        // every look is later than the time asked for
  std::vector<ScanService> services;  // by port; at most 64
  std::vector<std::string> vpn;       // VPN protocols that it answers: "openvpn", "pptp", "ike" …
  bool vpn_by_port_only = false;      // no service name or banner says so, only the port is open
  bool mikrotik = false;              // a MikroTik device by banner, product, system or Winbox service
  std::string os, device, name;       // "" unknown
  std::vector<std::string> scanners;

  bool vpn_endpoint() const { return !vpn.empty(); }
  // "VPN endpoint (pptp), MikroTik RouterOS; shodan 2019-07-01": what a finding says of its far end.
  std::string summary() const;
};

class Reference {
 public:
  // Bounds of what is held: lists of this size take about 400 MB. More is thinned (fewer snapshots of each list) and
  // then cut, and notes() says so.
  static constexpr std::uint64_t kMostEntries = 2'000'000;
  static constexpr std::uint64_t kMostScanRows = 500'000;

  // All that lists and scans say about `range`. A store without lists costs two look-ups in its catalog.
  static Result<std::shared_ptr<const Reference>> load(Store& store, TimeRange range);
  ~Reference();

  bool empty() const;  // neither lists nor scans
  const std::vector<ReferenceList>& lists() const { return lists_; }
  bool has(std::string_view purpose) const;                         // a list of this purpose is there
  const std::vector<std::string>& notes() const { return notes_; }  // what was left out, for `limits` texts

  // Addresses and prefixes of one purpose with their validity inside the range that was loaded; the label of a range is
  // the name of its list, or with kEntryLabel the entry's own label (the provider, say; the list's name where it has
  // none). Null where no list of this purpose has addresses.
  enum class LabelBy : std::uint8_t { kList, kEntryLabel };
  std::shared_ptr<const LabelSet> addresses(std::string_view purpose, LabelBy by = LabelBy::kList) const;
  // True where the address column lies on a list of this purpose at the time in `time_column`; null without lists.
  ExprPtr on_list(std::string_view purpose, std::string_view address, std::string_view time_column) const;

  // Entries that were valid at any moment of `during` (or at one time); of all purposes, or of one. Of each list the
  // narrowest entry only, newest first among equals.
  std::vector<ReferenceMatch> address(Ip address, TimeRange during, std::string_view purpose = {}) const;
  std::vector<ReferenceMatch> address(Ip ip, Timestamp at, std::string_view purpose = {}) const {
    return address(ip, moment(at), purpose);
  }
  // `name` as the tables hold names (lower case, escaped, no final dot): it, or a domain above it.
  std::vector<ReferenceMatch> domain(std::string_view name, TimeRange during, std::string_view purpose = {}) const;
  std::vector<ReferenceMatch> domain(std::string_view name, Timestamp at, std::string_view purpose = {}) const {
    return domain(name, moment(at), purpose);
  }
  // In canonical form (model/indicator_text.h); http and https count as one.
  std::vector<ReferenceMatch> url(std::string_view url, TimeRange during) const;
  std::vector<ReferenceMatch> hash(std::string_view hexadecimal, TimeRange during) const;
  std::vector<ReferenceMatch> ja3(std::string_view hash, TimeRange during) const;
  std::vector<ReferenceMatch> ja4(std::string_view fingerprint, TimeRange during) const;
  // Whether there is any entry of this kind at all: no need to ask the store for names without.
  bool has_kind(std::string_view kind) const;

  // For questions in two steps: whether any listed domain has this registered domain, and any listed URL this host
  // (lower case, with the port where it is not the scheme's).
  bool has_domain_below(std::string_view registered) const;
  bool has_url_of(std::string_view host) const;

  // Null where no scanner saw the address. A range with more scan rows than kMostScanRows holds the newest only:
  // scans() asks the store again.
  std::optional<ScanFacts> scan(Ip address, Timestamp at) const;
  bool has_scans() const;
  // The same straight from the store, for a few addresses (at most 10,000), each as of its own time.
  struct ScanQuestion {
    Ip address;
    Timestamp at;
  };
  static Result<std::vector<std::optional<ScanFacts>>> scans(Store& store, std::span<const ScanQuestion> questions);

  static constexpr TimeRange moment(Timestamp at) { return {at, Timestamp{at.us + 1}}; }

 private:
  Reference();
  struct Entry;
  struct Index;
  struct Loader;
  class ScanTable;
  ReferenceMatch match_of(const Entry& entry, TimeRange during) const;

  TimeRange range_;
  std::vector<ReferenceList> lists_;
  std::vector<std::string> notes_;
  std::unique_ptr<Index> index_;
  std::unique_ptr<ScanTable> scans_;
  mutable std::mutex mutex_;  // of label_sets_, which are made when they are first asked for
  mutable std::map<std::pair<std::string, LabelBy>, std::shared_ptr<const LabelSet>> label_sets_;
};

}  // namespace rw
