// What the files of the audit share: one run over one domain, and how each topic adds to it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mail/audit.h"
#include "mail/spf.h"

namespace rw::audit {

// How many names of a tree, hosts or keys are looked at: beyond it a domain is hostile or broken, which is told.
inline constexpr std::size_t kMaxSpfRecords = 100;
inline constexpr std::size_t kMaxSpfDepth = 20;
inline constexpr std::size_t kMaxHosts = 20;       // MX names
inline constexpr std::size_t kMaxNetworks = 2000;  // of an SPF tree: they are compared with each other
inline constexpr std::size_t kMaxReportUris = 10;  // of rua or ruf: receivers need to take two (RFC 7489 6.2)
inline constexpr std::size_t kSpfMxNames = 10;     // of one mechanism, RFC 7208 4.6.4
inline constexpr std::size_t kMaxSelectors = 200;
inline constexpr unsigned kSpfLookups = 10;         // RFC 7208 4.6.4
inline constexpr unsigned kSpfVoidLookups = 2;      // the same
inline constexpr std::size_t kTidyTextBytes = 450;  // RFC 7208 3.4: so that an answer fits into 512 bytes
inline constexpr std::size_t kPlainUdpBytes = 512;  // RFC 1035 2.3.4
inline constexpr std::size_t kSafeUdpBytes = 1232;  // what servers and resolvers send without fragments

// A network that SPF lets in, and by whom.
struct SpfNetwork {
  Prefix prefix;
  std::string term;      // as written
  std::string domain;    // in whose record
  std::string top;       // the term of the domain's own record that leads to it
  bool own = false;      // in the domain's own record
  bool literal = false;  // ip4, ip6: what names lead to changes
};

struct MailHost {
  std::string name;
  std::uint16_t preference = 0;
  bool resolved = false;  // has an address
  DnsSecurity security = DnsSecurity::kUnknown;
};

struct Run {
  Resolver& resolver;
  const AuditOptions& options;
  Audit& audit;
  // Of earlier topics, for later ones.
  std::vector<std::string> spf_texts;  // all SPF records at the domain
  SpfRecord spf_record;                // of the only one
  std::vector<SpfNetwork> networks;
  unsigned void_lookups = 0;
  std::vector<MailHost> hosts;
  DnsState mx_state = DnsState::kFailed;
  bool null_mx = false;
  DnsSecurity zone_security = DnsSecurity::kUnknown;

  AuditItem& add(std::string_view topic, std::string item, AuditStatus status, std::string value, std::string text,
                 char cap = 0, std::string fix = {}) {
    audit.items.push_back(
        {std::string(topic), std::move(item), status, std::move(value), std::move(text), cap, std::move(fix)});
    return audit.items.back();
  }
  DnsReply ask(std::string_view name, DnsType type) const { return resolver.lookup(name, type); }
};

void look_at_mx(Run& run);
void look_at_dnssec(Run& run);
void look_at_spf(Run& run);
void look_at_dkim(Run& run);
void look_at_dmarc(Run& run);
void look_at_mta_sts(Run& run);
void look_at_tls_rpt(Run& run);
void look_at_bimi(Run& run);
void look_at_dane(Run& run);
void decide_grade(Audit& audit);
void propose_records(Run& run);

// ---- small things

std::string lower(std::string_view text);
std::string trimmed(std::string_view text);
std::string counted(std::size_t n, std::string_view word);  // "1 record", "3 records"
std::vector<std::string> words(std::string_view text, char separator = ' ');
// "a=b; c=d" (RFC 6376 3.2): names lower case, in order.
std::vector<std::pair<std::string, std::string>> tags(std::string_view text);
std::string tag(std::string_view text, std::string_view name);
// TXT records at a name whose text begins so, case folded.
std::vector<std::string> texts_with(const DnsReply& reply, std::string_view prefix);
std::string quoted(std::string_view text);  // 'text', cut to 200 bytes, escaped

}  // namespace rw::audit
