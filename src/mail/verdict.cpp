// The verdict on a message, and what its author's domain should publish.
#include "mail/verdict.h"

#include <algorithm>

namespace rw {
namespace {

bool at_or_below(std::string_view domain, std::string_view parent) {
  return !parent.empty() && (domain == parent || (domain.size() > parent.size() && domain.ends_with(parent) &&
                                                  domain[domain.size() - parent.size() - 1] == '.'));
}

// An identity that nobody could check because the DNS did not answer, and that might have been aligned.
bool could_have_passed(const DmarcVerdict& dmarc, std::string_view from_domain, const SpfVerdict& spf,
                       const std::vector<DkimVerdict>& dkim) {
  const std::string& top =
      dmarc.discovery.organisational_domain.empty() ? dmarc.discovery.domain : dmarc.discovery.organisational_domain;
  const auto near = [&](std::string_view domain) { return at_or_below(domain, top) || domain == from_domain; };
  if (spf.result == SpfResult::kTemperror && near(spf.domain)) return true;
  return std::any_of(dkim.begin(), dkim.end(), [&](const DkimVerdict& signature) {
    return signature.result == DkimResult::kTemperror && near(signature.domain);
  });
}

std::string join_uris(const std::vector<std::string>& uris) {
  std::string out;
  for (const std::string& uri : uris) (out += out.empty() ? "" : ",") += uri;
  return out;
}

bool weak(const std::optional<DmarcPolicy>& policy) { return policy && *policy == DmarcPolicy::kNone; }

}  // namespace

std::string_view to_string(MailVerdict verdict) {
  switch (verdict) {
    case MailVerdict::kPass: return "pass";
    case MailVerdict::kPassNoPolicy: return "pass-no-policy";
    case MailVerdict::kFailReject: return "fail-reject";
    case MailVerdict::kFailQuarantine: return "fail-quarantine";
    case MailVerdict::kFailDelivered: return "fail-delivered";
    case MailVerdict::kAmbiguousAuthor: return "ambiguous-author";
    case MailVerdict::kNoAuthor: return "no-author";
    case MailVerdict::kPermerror: return "permerror";
    case MailVerdict::kTemperror: return "temperror";
  }
  return "temperror";
}

std::string_view verdict_sentence(MailVerdict verdict) {
  switch (verdict) {
    case MailVerdict::kPass: return "passed DMARC";
    case MailVerdict::kPassNoPolicy: return "authenticated as its domain, which publishes no policy against others";
    case MailVerdict::kFailReject: return "failed DMARC, the policy asks to reject it";
    case MailVerdict::kFailQuarantine: return "failed DMARC, the policy asks to quarantine it";
    case MailVerdict::kFailDelivered: return "failed DMARC, delivered because the policy is none or missing";
    case MailVerdict::kAmbiguousAuthor: return "two readers can see different authors, so nobody can be authenticated";
    case MailVerdict::kNoAuthor: return "has no author: nothing can be authenticated";
    case MailVerdict::kPermerror: return "the policy of its domain cannot be read";
    case MailVerdict::kTemperror: return "unknown: the DNS did not answer";
  }
  return "unknown";
}

MailVerdict verdict_of(const Author& author, const DmarcVerdict& dmarc, const SpfVerdict& spf,
                       const std::vector<DkimVerdict>& dkim, bool aligned_without_policy) {
  if (author.state == AuthorState::kNone) return MailVerdict::kNoAuthor;
  if (author.state == AuthorState::kAmbiguous || author.domain.empty()) return MailVerdict::kAmbiguousAuthor;
  switch (dmarc.result) {
    case DmarcResult::kPass: return MailVerdict::kPass;
    case DmarcResult::kTemperror: return MailVerdict::kTemperror;
    case DmarcResult::kPermerror: return MailVerdict::kPermerror;
    case DmarcResult::kNone:
      if (aligned_without_policy) return MailVerdict::kPassNoPolicy;
      return could_have_passed(dmarc, author.domain, spf, dkim) ? MailVerdict::kTemperror : MailVerdict::kFailDelivered;
    case DmarcResult::kFail: break;
  }
  if (could_have_passed(dmarc, author.domain, spf, dkim)) return MailVerdict::kTemperror;
  switch (dmarc.disposition) {
    case DmarcPolicy::kReject: return MailVerdict::kFailReject;
    case DmarcPolicy::kQuarantine: return MailVerdict::kFailQuarantine;
    case DmarcPolicy::kNone: break;
  }
  return MailVerdict::kFailDelivered;
}

RecordToPublish record_to_publish(std::string_view organisational_domain, const DmarcRecord* present) {
  RecordToPublish out;
  out.name = "_dmarc." + std::string(organisational_domain);
  out.text = "v=DMARC1; p=";
  const bool usable = present != nullptr && present->error.empty();
  const bool stronger = usable && present->p && *present->p == DmarcPolicy::kReject;
  out.text += stronger ? "reject" : "quarantine";
  if (usable) {
    // What weakens the policy goes (sp=none, np=none, t=y, pct); what it says otherwise stays.
    if (present->sp)
      out.text += std::string("; sp=") + (weak(present->sp) ? "quarantine" : std::string(to_string(*present->sp)));
    if (present->np)
      out.text += std::string("; np=") + (weak(present->np) ? "reject" : std::string(to_string(*present->np)));
    if (present->strict_dkim) out.text += "; adkim=s";
    if (present->strict_spf) out.text += "; aspf=s";
    if (!present->fo.empty() && present->fo != "0") out.text += "; fo=" + present->fo;
    if (!present->ruf.empty()) out.text += "; ruf=" + join_uris(present->ruf);
  }
  out.text +=
      "; rua=" + (usable && !present->rua.empty() ? join_uris(present->rua)
                                                  : "mailto:dmarc-reports@" + std::string(organisational_domain));
  return out;
}

std::string advice_to_owner(std::string_view from_domain, const DmarcVerdict& dmarc) {
  const DmarcDiscovery& found = dmarc.discovery;
  if (from_domain.empty() || found.state == DnsState::kFailed) return "";
  const std::string place = !found.domain.empty()                  ? found.domain
                            : !found.organisational_domain.empty() ? found.organisational_domain
                                                                   : std::string(from_domain);
  const DmarcRecord* record = found.record ? &*found.record : nullptr;
  const RecordToPublish publish = record_to_publish(place, record);
  std::string out = "Mail that claims to come from " + std::string(from_domain) +
                    " was delivered to us though nothing in it proves that you sent it";
  if (found.several)
    out += ": " + place + " has more than one DMARC record, so receivers use none of them.\n\n";
  else if (record == nullptr)
    out += ": " + place + " publishes no DMARC policy.\n\n";
  else if (record->testing)
    out += ": the DMARC record of " + place + " says t=y, so its policy is applied one level weaker.\n\n";
  else
    out +=
        ": the DMARC policy of " + place + " is " + (found.policy_tag.empty() ? "p" : found.policy_tag) + "=none.\n\n";
  out += "Please publish this TXT record at " + publish.name +
         (record != nullptr || found.several ? ", in place of what is there" : "") + ":\n\n  " + publish.text + "\n\n";
  out +=
      "With quarantine (or, once your reports are clean, reject) receivers treat mail that fails as suspicious. "
      "Without it,\n"
      "others write to people in your name and are delivered; groups that court experts with harmless conversations\n"
      "before they send anything harmful choose such domains. The address behind rua receives daily reports of who "
      "sends\n"
      "in your name: read them first, and make sure that your own senders pass SPF or DKIM with " +
      place + ".\n";
  return out;
}

}  // namespace rw
