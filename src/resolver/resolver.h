// DNS questions of our own: what is there, what is not, and what could not be asked are three different answers.
//
//   const DnsReply reply = resolver.lookup("_dmarc.example.org", DnsType::kTxt);
//   if (reply.state == DnsState::kFailed) …   // not "no record"
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"

namespace rw {

enum class DnsType : std::uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kDs = 43,
  kDnskey = 48,
  kTlsa = 52
};
std::string_view to_string(DnsType type);  // "TXT"

enum class DnsState : std::uint8_t {
  kPresent,  // records of this type are there
  kAbsent,   // the authority says that they are not (no such name, or the name has none of this type)
  kFailed    // nobody knows: time-out, SERVFAIL, REFUSED, bogus under DNSSEC, malformed, no network
};
std::string_view to_string(DnsState state);

enum class DnsSecurity : std::uint8_t {
  kUnknown,   // not validated here
  kInsecure,  // validated: the zone is not signed
  kSecure,    // validated
  kBogus      // signed, and the signature does not hold: the state is kFailed
};
std::string_view to_string(DnsSecurity security);

// One record. Which members hold something depends on the type that was asked for.
struct DnsRecord {
  Ip address;        // A, AAAA
  std::string name;  // NS, CNAME, PTR, MX: lower case, escaped as RFC 1035 5.1, no final dot ("" is the root)
  std::uint16_t preference = 0;      // MX
  std::string text;                  // TXT: its strings joined without separator, bytes as they are
  std::vector<std::string> strings;  // TXT: one by one
  std::string data;                  // SOA, DS, DNSKEY, TLSA: the data as on the wire
};

struct DnsReply {
  DnsState state = DnsState::kFailed;
  bool name_exists = false;  // kAbsent: the name has other records, or names below it (NODATA, not NXDOMAIN)
  DnsSecurity security = DnsSecurity::kUnknown;
  std::vector<DnsRecord> records;
  std::string canonical_name;  // behind CNAMEs; the name that was asked for where there are none
  std::uint32_t ttl = 0;       // seconds, the least of the answer's
  std::string failure;         // kFailed: "timed out after 5 s", "SERVFAIL from 192.0.2.53", "bogus: …"
};

struct DnsQuestion {
  std::string name;  // ASCII, any case, escaped as RFC 1035 5.1, with or without a final dot
  DnsType type = DnsType::kA;
  friend bool operator==(const DnsQuestion&, const DnsQuestion&) = default;
};

// Any thread may ask; several at once share one cache and one bound of questions in flight.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // A name that cannot be one (a label over 63 bytes, over 253 in all, an empty label) is kAbsent without asking.
  virtual DnsReply lookup(std::string_view name, DnsType type) = 0;
  // Answers in the order of the questions, asked side by side within the bound of concurrency.
  virtual std::vector<DnsReply> lookup(std::span<const DnsQuestion> questions) = 0;
  // What every report of it should say: "libunbound 1.17.1, validating, forwarding to 192.0.2.53" or "zone file
  // weak.zone".
  virtual std::string description() const = 0;
};

// All the same questions as of reverse names: "1.2.0.192.in-addr.arpa".
std::string reverse_name(Ip address);

struct UnboundOptions {
  std::vector<std::string> forwarders;  // ADDRESS or ADDRESS@PORT; empty: those of /etc/resolv.conf
  bool recursive = false;               // ask the authorities from the root in place of forwarders
  bool validate = true;                 // DNSSEC; off for a forwarder that strips signatures
  std::string trust_anchor_file;  // DNSSEC root key; empty: Debian's, where it is there, else nothing is validated
  std::vector<std::string> trust_anchors;   // further ones, as zone-file text
  Duration timeout = Duration::seconds(5);  // of one question, retries included
  unsigned concurrency = 16;                // questions in flight at most: other people's servers answer them
  std::size_t cache_bytes = 16 << 20;
  std::uint32_t max_ttl = 86'400;  // seconds that an answer is kept at most
};
// kUsage: a forwarder or trust anchor that is none; kNotFound: no resolver is configured. Answers come on a thread of
// its own; a question that waits for its turn (concurrency) does not use up its timeout.
Result<std::unique_ptr<Resolver>> make_unbound_resolver(const UnboundOptions& options);

// Answers from master files (RFC 1035 5) alone, for tests and for trying a change before it is published. Names outside
// of all zones fail. Wildcards, CNAME chains and delegations work; a line ";! fail NAME [TYPE] [REASON]" makes
// questions fail, and ";! secure" says that the zone is signed.
class ZoneResolver : public Resolver {
 public:
  ZoneResolver();
  ~ZoneResolver() override;
  // kUsage with FILE:LINE and what is wrong. May be called for several zones.
  Result<void> read(const std::string& path);
  Result<void> parse(std::string_view text, const std::string& name);
  // For tests. Nothing is checked. A TXT record of several strings: `strings`.
  void add(std::string_view name, DnsType type, DnsRecord record);
  void fail(std::string_view name);  // every question for this name
  void fail(std::string_view name, DnsType type);
  void answer_for_everything(bool on);  // names outside of all zones are kAbsent instead of kFailed
  std::uint64_t asked() const;          // questions so far

  DnsReply lookup(std::string_view name, DnsType type) override;
  std::vector<DnsReply> lookup(std::span<const DnsQuestion> questions) override;
  std::string description() const override;

 private:
  struct Zones;
  std::unique_ptr<Zones> zones_;
};

// Keeps answers of another resolver: positive ones for their TTL, absent ones for at most 15 minutes, failed ones for
// at most 10 s; bounded, oldest out first. Time comes from `clock` (microseconds), so that tests can turn it.
std::unique_ptr<Resolver> make_caching_resolver(std::shared_ptr<Resolver> behind, std::size_t max_entries = 100'000,
                                                std::int64_t (*clock)() = nullptr);

}  // namespace rw
