// What a source of mail is, decided from what reports said of it.
#include <algorithm>

#include "base/quantity.h"
#include "enrich/registered_domain.h"
#include "mail/senders.h"

namespace rw {
namespace {

// Shares of a source's messages from which something is taken for its habit. Judged on synthetic worlds; a handful of
// oddities must not decide what thousands of messages say.
constexpr double kMostly = 0.5;
constexpr double kHardlyAny = 0.1;
// A forwarder that knows no DKIM looks like a spoofer while the domain signs nothing itself: few messages decide
// nothing.
constexpr std::int64_t kFewMessages = 10;
// Campaigns move; a machine that sends for this long with our reverse path may be one of ours that SPF forgot.
constexpr std::int64_t kRegularDays = 7;

std::string_view organisational(std::string_view domain) {
  const std::string_view registered = registered_domain(domain);
  return registered.data() == nullptr ? domain : registered;
}
bool same_organisation(std::string_view a, std::string_view b) { return organisational(a) == organisational(b); }

double share(std::int64_t part, std::int64_t whole) {
  return whole <= 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string percent(double share_of) { return std::to_string(static_cast<int>(share_of * 100 + 0.5)) + " %"; }

// What identities say, summed up.
struct Signs {
  std::string foreign_spf;                 // of another organisation, passed; most messages
  std::string foreign_dkim;                // the same for DKIM
  std::int64_t foreign_messages = 0;       // that showed a pass of another organisation, by SPF
  std::int64_t own_broken = 0;             // with a signature of the domain that failed
  std::int64_t own_signed = 0;             // with one that passed
  bool own_selectors_only = true;          // of those, all selectors are known from sources of ours
  std::vector<std::string> selectors;      // of own_signed
  std::int64_t own_reverse_path = 0;       // SPF was asked for the domain
  std::int64_t own_reverse_path_fail = 0;  // and said fail
};

Signs signs_of(const SenderEvidence& evidence, const SenderSource& source) {
  Signs signs;
  for (const SenderIdentity& one : source.spf) {
    const bool own = same_organisation(one.domain, evidence.domain);
    if (own) {
      signs.own_reverse_path += one.messages;
      if (one.result == "fail") signs.own_reverse_path_fail += one.messages;
    } else if (one.result == "pass") {
      if (signs.foreign_spf.empty()) signs.foreign_spf = one.domain;
      signs.foreign_messages += one.messages;
    }
  }
  for (const SenderIdentity& one : source.dkim) {
    if (!same_organisation(one.domain, evidence.domain)) {
      if (one.result == "pass" && signs.foreign_dkim.empty()) signs.foreign_dkim = one.domain;
    } else if (one.result == "pass") {
      signs.own_signed += one.messages;
      signs.selectors.push_back(one.selector);
      if (std::find(evidence.own_selectors.begin(), evidence.own_selectors.end(), one.selector) ==
          evidence.own_selectors.end())
        signs.own_selectors_only = false;
    } else if (one.result != "none") {
      signs.own_broken += one.messages;
    }
  }
  return signs;
}

std::int64_t overridden(const SenderSource& source, std::initializer_list<std::string_view> reasons) {
  std::int64_t sum = 0;
  for (const auto& [reason, messages] : source.overrides)
    if (std::find(reasons.begin(), reasons.end(), reason) != reasons.end()) sum += messages;
  return sum;
}

// The known service that an identity belongs to: one that passed, so that naming it proves something.
std::string_view service_of(const SenderSource& source) {
  for (const auto* identities : {&source.dkim, &source.spf})
    for (const SenderIdentity& one : *identities)
      if (one.result == "pass")
        if (const std::string_view name = known_service(one.domain); !name.empty()) return name;
  for (const std::string& domain : source.other_signers)
    if (const std::string_view name = known_service(domain); !name.empty()) return name;
  return {};
}

std::string list_of(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) (out += out.empty() ? "" : ", ") += name;
  return out;
}

std::string foreign_organisation(const Signs& signs, const SenderSource& source) {
  const std::string& domain = signs.foreign_spf.empty() ? signs.foreign_dkim : signs.foreign_spf;
  if (!domain.empty()) return std::string(organisational(domain));
  return source.address ? source.address->to_string() : "unknown source";
}

bool by_prefix(const SenderEvidence& evidence, SenderSource& source) {
  if (!source.address) return false;
  for (const Prefix& prefix : evidence.organisation.prefixes) {
    if (!prefix.contains(*source.address)) continue;
    source.kind = SenderKind::kOwn;
    source.organisation = evidence.domain;
    source.reasons.push_back("in the organisation's prefix " + prefix.to_string());
    return true;
  }
  return false;
}

bool by_override(const Signs& signs, SenderSource& source) {
  const std::int64_t lists = overridden(source, {"mailing_list"});
  const std::int64_t forwarded = overridden(source, {"forwarded", "trusted_forwarder"});
  if (share(lists + forwarded, source.counts.messages) < kMostly) return false;
  source.kind = lists >= forwarded ? SenderKind::kMailingList : SenderKind::kForwarder;
  source.organisation = foreign_organisation(signs, source);
  source.reasons.push_back("receivers say " + std::string(lists >= forwarded ? "mailing list" : "forwarded") + " for " +
                           percent(share(lists + forwarded, source.counts.messages)) + " of its messages");
  return true;
}

bool by_service(SenderSource& source) {
  const std::string_view service = service_of(source);
  if (service.empty()) return false;
  source.kind = SenderKind::kService;
  source.service = service;
  source.organisation = service;
  source.reasons.push_back("authenticates with domains of " + std::string(service));
  return true;
}

// Enough of it passes DMARC: it is ours, or it hands on what we signed.
bool by_alignment(const SenderEvidence& evidence, const Signs& signs, SenderSource& source) {
  const SenderCounts& counts = source.counts;
  if (share(counts.spf_aligned, counts.messages) >= kHardlyAny) {
    source.kind = SenderKind::kOwn;
    source.organisation = evidence.domain;
    source.reasons.push_back("SPF of " + std::string(evidence.domain) + " names it (" +
                             percent(share(counts.spf_aligned, counts.messages)) + " of its messages pass)");
    return true;
  }
  if (share(counts.dkim_aligned, counts.messages) < kHardlyAny) return false;
  const bool hands_on = signs.own_selectors_only && !evidence.own_selectors.empty() && !signs.selectors.empty() &&
                        (!signs.foreign_spf.empty() || signs.own_reverse_path > 0);
  if (hands_on) {
    source.kind = signs.own_broken > signs.own_signed ? SenderKind::kMailingList : SenderKind::kForwarder;
    source.organisation = foreign_organisation(signs, source);
    source.reasons.push_back("signatures that our own servers make (selector " + list_of(signs.selectors) +
                             ") survive, while SPF " +
                             (signs.foreign_spf.empty() ? "does not name it" : "is of " + signs.foreign_spf));
    return true;
  }
  source.kind = SenderKind::kOwn;
  source.organisation = evidence.domain;
  source.reasons.push_back("signs as " + std::string(evidence.domain) +
                           (signs.selectors.empty() ? "" : " with selector " + list_of(signs.selectors)));
  return true;
}

void by_failure(const SenderEvidence& evidence, const Signs& signs, SenderSource& source) {
  const SenderCounts& counts = source.counts;
  source.organisation = foreign_organisation(signs, source);
  if (share(signs.own_broken, counts.messages) >= kMostly) {
    // Somebody had mail that we signed, and changed it.
    source.kind = SenderKind::kMailingList;
    source.reasons.push_back("signatures of " + std::string(evidence.domain) + " are there and broken in " +
                             percent(share(signs.own_broken, counts.messages)) + " of its messages");
    return;
  }
  if (counts.unknown_result >= counts.messages) {
    source.reasons.push_back("the reports do not say whether anything was aligned");
    return;
  }
  if (const std::int64_t some = overridden(source, {"mailing_list", "forwarded", "trusted_forwarder"}); some > 0) {
    source.reasons.push_back("receivers say forwarded or mailing list for some of its messages (" +
                             std::to_string(some) + ")");
    return;
  }
  if (source.days >= kRegularDays && signs.own_reverse_path > counts.messages / 2 &&
      signs.own_reverse_path_fail < signs.own_reverse_path / 2) {
    source.reasons.push_back("sends with our reverse path on " + std::to_string(source.days) +
                             " days, and SPF does not forbid it: it may be a machine of ours that the record lacks");
    return;
  }
  if (evidence.own_selectors.empty() && counts.messages < kFewMessages) {
    source.reasons.push_back("few messages, and the domain signs nothing: a forwarder cannot be told apart");
    return;
  }
  source.kind = SenderKind::kSpoofing;
  source.reasons.push_back("neither SPF nor DKIM is aligned in " + percent(share(counts.failed(), counts.messages)) +
                           " of its messages");
  if (!signs.foreign_spf.empty()) source.reasons.push_back("SPF passes for " + signs.foreign_spf + " instead");
  if (!signs.foreign_dkim.empty()) source.reasons.push_back("signed by " + signs.foreign_dkim + " instead");
  if (signs.own_reverse_path_fail > 0) source.reasons.push_back("SPF of the domain says fail");
}

}  // namespace

void classify_sender(const SenderEvidence& evidence, SenderSource& source) {
  source.kind = SenderKind::kUnknown;
  source.reasons.clear();
  source.service.clear();
  const Signs signs = signs_of(evidence, source);
  if (by_prefix(evidence, source)) {
    // whatever it sends
  } else if (by_override(signs, source) || by_service(source) || by_alignment(evidence, signs, source)) {
    // told by reasons
  } else {
    by_failure(evidence, signs, source);
  }
  if (source.counts.failed() > 0 && source.kind != SenderKind::kSpoofing)
    source.reasons.push_back(percent(share(source.counts.failed(), source.counts.messages)) +
                             " of its messages fail DMARC");
  for (const WatchedSource& watched : source.watched)
    source.reasons.push_back("lies in " + watched.prefix + " of the watched space " + watched.subject);
}

// ---- known services

namespace {

struct Service {
  std::string_view domain;  // registered, or below a public suffix of its own
  std::string_view name;
};
// By the domains that they use in reverse paths and signatures, as their own documentation names them. In order.
constexpr Service kServices[] = {
    {"acems1.com", "ActiveCampaign"},
    {"acems2.com", "ActiveCampaign"},
    {"activehosted.com", "ActiveCampaign"},
    {"amazonses.com", "Amazon SES"},
    {"atlassian.net", "Atlassian"},
    {"aweber.com", "AWeber"},
    {"awebermail.com", "AWeber"},
    {"barracudanetworks.com", "Barracuda"},
    {"bmsend.com", "Benchmark Email"},
    {"brevo.com", "Brevo"},
    {"brevosend.com", "Brevo"},
    {"ccsend.com", "Constant Contact"},
    {"cmail19.com", "Campaign Monitor"},
    {"cmail20.com", "Campaign Monitor"},
    {"constantcontact.com", "Constant Contact"},
    {"createsend.com", "Campaign Monitor"},
    {"customeriomail.com", "Customer.io"},
    {"cvent-planner.com", "Cvent"},
    {"docusign.net", "DocuSign"},
    {"e2ma.net", "Emma"},
    {"elasticemail.com", "Elastic Email"},
    {"emailsrvr.com", "Rackspace Email"},
    {"exacttarget.com", "Salesforce Marketing Cloud"},
    {"fastmail.com", "Fastmail"},
    {"freshdesk.com", "Freshworks"},
    {"freshemail.io", "Freshworks"},
    {"gappssmtp.com", "Google Workspace"},
    {"getresponse-mail.com", "GetResponse"},
    {"gmail.com", "Gmail"},
    {"google.com", "Google"},
    {"greenhouse-mail.io", "Greenhouse"},
    {"helpscout.net", "Help Scout"},
    {"hostedemail.com", "OpenSRS"},
    {"hubspot.com", "HubSpot"},
    {"hubspotemail.net", "HubSpot"},
    {"icloud.com", "iCloud Mail"},
    {"infusionmail.com", "Keap"},
    {"intercom-mail.com", "Intercom"},
    {"iphmx.com", "Cisco Secure Email"},
    {"klaviyomail.com", "Klaviyo"},
    {"mailchannels.net", "MailChannels"},
    {"mailchimp.com", "Mailchimp"},
    {"mailchimpapp.net", "Mailchimp"},
    {"mailerlite.com", "MailerLite"},
    {"mailgun.net", "Mailgun"},
    {"mailgun.org", "Mailgun"},
    {"mailjet.com", "Mailjet"},
    {"mandrillapp.com", "Mailchimp Transactional"},
    {"mcdlv.net", "Mailchimp"},
    {"mcsv.net", "Mailchimp"},
    {"messagelabs.com", "Symantec Email Security"},
    {"messagingengine.com", "Fastmail"},
    {"mimecast.com", "Mimecast"},
    {"mktomail.com", "Marketo"},
    {"mlsend.com", "MailerLite"},
    {"mtasv.net", "Postmark"},
    {"onmicrosoft.com", "Microsoft 365"},
    {"outlook.com", "Microsoft 365"},
    {"ovh.net", "OVHcloud"},
    {"pphosted.com", "Proofpoint"},
    {"ppe-hosted.com", "Proofpoint"},
    {"proton.ch", "Proton Mail"},
    {"protonmail.ch", "Proton Mail"},
    {"qualtrics-research.com", "Qualtrics"},
    {"rsgsv.net", "Mailchimp"},
    {"salesforce.com", "Salesforce"},
    {"sendgrid.info", "SendGrid"},
    {"sendgrid.net", "SendGrid"},
    {"sender-sib.com", "Brevo"},
    {"sendinblue.com", "Brevo"},
    {"service-now.com", "ServiceNow"},
    {"shopifyemail.com", "Shopify"},
    {"smtp2go.com", "SMTP2GO"},
    {"smtp.com", "SMTP.com"},
    {"sparkpostmail.com", "SparkPost"},
    {"stripe.com", "Stripe"},
    {"surveymonkey.com", "SurveyMonkey"},
    {"surveymonkeyuser.com", "SurveyMonkey"},
    {"yahoo.com", "Yahoo Mail"},
    {"yahoodns.net", "Yahoo Mail"},
    {"zcsend.net", "Zoho"},
    {"zendesk.com", "Zendesk"},
    {"zoho.com", "Zoho"},
    {"zohomail.com", "Zoho"},
};

}  // namespace

std::string_view known_service(std::string_view domain) {
  // Some are public suffixes in the private part of the list, so parents are tried one by one.
  for (std::string_view name = domain; name.find('.') != std::string_view::npos;
       name.remove_prefix(name.find('.') + 1)) {
    const auto* found = std::find_if(std::begin(kServices), std::end(kServices),
                                     [&](const Service& one) { return one.domain == name; });
    if (found != std::end(kServices)) return found->name;
  }
  return {};
}

}  // namespace rw
