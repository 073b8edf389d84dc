// What became of a message's claim to come from its author's domain: one stable word for people, rows and rules.
//
//   const MailVerdict verdict = verdict_of(author, dmarc, spf, dkim, aligned_without_policy);
//   to_string(verdict)   // "fail-delivered"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mail/dkim.h"
#include "mail/dmarc.h"
#include "mail/spf.h"
#include "message/address.h"

namespace rw {

enum class MailVerdict : std::uint8_t {
  kPass,            // DMARC passes
  kPassNoPolicy,    // an identifier that passed is aligned, and the domain publishes no policy: others can still use it
  kFailReject,      // fails, and the policy asks to reject
  kFailQuarantine,  // fails, and the policy asks to quarantine
  kFailDelivered,   // fails, and is delivered because the policy is none or missing
  kAmbiguousAuthor,  // two careful readers can see different authors: nothing can be said for all of them
  kNoAuthor,         // no From field, or one without an address
  kPermerror,        // the policy cannot be read, though there is one
  kTemperror         // the DNS did not answer something that could change the result: unknown, never "missing"
};
// pass, pass-no-policy, fail-reject, fail-quarantine, fail-delivered, ambiguous-author, no-author, permerror, temperror
std::string_view to_string(MailVerdict verdict);
// For people, one sentence without a final period: "failed DMARC, delivered because the policy is none or missing".
std::string_view verdict_sentence(MailVerdict verdict);

// `aligned_without_policy`: some identifier passed and is aligned, in relaxed mode; asked only where DMARC found no
// record. `dns_open`: an answer that failed could have made it pass (verdict_of looks at SPF and DKIM by itself).
MailVerdict verdict_of(const Author& author, const DmarcVerdict& dmarc, const SpfVerdict& spf,
                       const std::vector<DkimVerdict>& dkim, bool aligned_without_policy);

// What to send to the owner of a From domain whose mail fails and is delivered: which record to publish where, and why.
// "" where nothing is to be said (it passes, or the policy does its work). Plain text of a few short paragraphs.
std::string advice_to_owner(std::string_view from_domain, const DmarcVerdict& dmarc);
// The record's place and text alone: `_dmarc.example.org. IN TXT "v=DMARC1; p=quarantine; rua=mailto:…"`.
struct RecordToPublish {
  std::string name;  // "_dmarc.example.org"
  std::string text;  // "v=DMARC1; p=quarantine; …"
};
RecordToPublish record_to_publish(std::string_view organisational_domain, const DmarcRecord* present);

}  // namespace rw
