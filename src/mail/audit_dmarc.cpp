// The DMARC part of an audit: the policy under both standards, and where reports go.
#include <algorithm>
#include <span>

#include "mail/audit_parts.h"

namespace rw::audit {
namespace {

constexpr std::string_view kTopic = "dmarc";

std::string policy_text(const std::optional<DmarcPolicy>& policy) {
  return policy ? std::string(to_string(*policy)) : "none is set";
}

// No record, several, or one that cannot be used. False where there is no policy to look at.
bool look_at_record(Run& run, const DmarcDiscovery& found) {
  const std::string at = "_dmarc." + run.audit.domain;
  if (found.state == DnsState::kFailed) {
    run.add(kTopic, "record", AuditStatus::kUnknown, found.failure,
            "Whether there is a DMARC record is not known: " + found.failure + ".");
    return false;
  }
  if (found.several) {
    run.add(kTopic, "record", AuditStatus::kBad, "",
            "There is more than one DMARC record at " + at + ": receivers use none of them.", 'F', "leave one record");
    return false;
  }
  if (!found.record) {
    run.add(kTopic, "record", AuditStatus::kBad, "",
            "There is no DMARC record: mail that claims to come from this domain and fails every check is delivered.",
            'F', "publish a DMARC record");
    return false;
  }
  const DmarcRecord& record = *found.record;
  if (!record.error.empty()) {
    run.add(kTopic, "record", AuditStatus::kBad, record.text, "The DMARC record cannot be used: " + record.error + ".",
            'F', "correct it");
    return false;
  }
  const bool inherited = found.domain != run.audit.domain;
  run.add(kTopic, "record", AuditStatus::kGood, record.text,
          inherited ? "The policy is that of " + found.domain + ", by its tag " + found.policy_tag + "."
                    : "One DMARC record, and it can be used.");
  for (const std::string& problem : record.problems)
    if (!problem.starts_with("pct"))  // told with the policy
      run.add(kTopic, "syntax", AuditStatus::kWarning, problem, "In the record: " + problem + ".", 'B',
              "correct that tag");
  return true;
}

void look_at_policy(Run& run, const DmarcDiscovery& found) {
  const DmarcRecord& record = *found.record;
  const DmarcPolicy policy = found.policy.value_or(DmarcPolicy::kNone);
  const std::string tag = found.policy_tag + "=" + std::string(to_string(policy));
  if (policy == DmarcPolicy::kNone)
    run.add(
        kTopic, "policy", record.rua.empty() ? AuditStatus::kBad : AuditStatus::kWarning, tag,
        "The policy is 'none': forged mail is delivered, and at best reported.", record.rua.empty() ? 'E' : 'D',
        "tighten it step by step; 'rangewatch mail advise " + run.audit.domain + "' proves each step on your reports");
  else if (policy == DmarcPolicy::kQuarantine)
    run.add(
        kTopic, "policy", AuditStatus::kGood, tag, "Forged mail goes to the spam folder.", 'B',
        "go on to 'reject' when reports show that it hits nobody: 'rangewatch mail advise " + run.audit.domain + "'");
  else
    run.add(kTopic, "policy", AuditStatus::kGood, tag, "Forged mail is refused.");
  if (record.testing && policy != DmarcPolicy::kNone)
    run.add(kTopic, "testing", AuditStatus::kWarning, "t=y",
            "t=y makes the policy one level weaker where RFC 9989 is followed" +
                std::string(policy == DmarcPolicy::kQuarantine ? ": as if it were 'none'." : "."),
            policy == DmarcPolicy::kQuarantine ? 'D' : 'B', "leave t=y out once reports show that nobody is hit");
  const std::optional<unsigned> pct = run.audit.dmarc_7489.record ? run.audit.dmarc_7489.record->pct : record.pct;
  if (pct && *pct < 100)
    run.add(kTopic, "pct", AuditStatus::kWarning, "pct=" + std::to_string(*pct),
            "pct is gone since RFC 9989: some receivers apply the policy to all mail, others to " +
                std::to_string(*pct) + " %.",
            *pct == 0 ? 'D' : 'C', "leave pct out; t=y is its successor");
  if (found.domain != run.audit.domain) return;
  if (record.sp && record.p && *record.sp < *record.p)
    run.add(kTopic, "sp", AuditStatus::kWarning, "sp=" + std::string(to_string(*record.sp)),
            "Subdomains are protected less than the domain itself: forgers use made-up ones.",
            *record.sp == DmarcPolicy::kNone ? 'C' : 'B', "raise sp, or leave it out");
  const DmarcPolicy others = record.sp.value_or(record.p.value_or(DmarcPolicy::kNone));
  if (record.np && *record.np < others)
    run.add(kTopic, "np", AuditStatus::kWarning, "np=" + std::string(to_string(*record.np)),
            "Names that do not exist are protected less than those that do.", 'C', "raise np, or leave it out");
  else if (!record.np && others != DmarcPolicy::kReject)
    run.add(kTopic, "np", AuditStatus::kInfo, "",
            "np=reject would refuse mail from subdomains that do not exist, which hits nobody who is real (RFC 9989).");
}

void look_at_alignment(Run& run, const DmarcRecord& record) {
  const std::string modes =
      std::string("adkim=") + (record.strict_dkim ? "s" : "r") + " aspf=" + (record.strict_spf ? "s" : "r");
  run.add(kTopic, "alignment", AuditStatus::kInfo, modes,
          record.strict_dkim || record.strict_spf
              ? "Strict alignment: mail that authenticates as a subdomain or parent does not count."
              : "Relaxed alignment: authentication as any name of the organisation counts.");
}

// "mailto:a@b.example" to b.example. "" where it is no such URI.
std::string report_domain(std::string_view uri) {
  if (lower(uri.substr(0, 7)) != "mailto:") return {};
  uri.remove_prefix(7);
  uri = uri.substr(0, uri.find('?'));
  const std::size_t at = uri.rfind('@');
  return at == std::string_view::npos || at == 0 ? std::string() : lower(uri.substr(at + 1));
}

// RFC 7489 7.1, RFC 9990 4: a destination elsewhere says that it wants the reports.
void look_at_authorisation(Run& run, const std::string& tag, const std::string& destination) {
  const std::string item = tag + "/" + destination;
  const std::string name = run.audit.dmarc.domain + "._report._dmarc." + destination;
  const DnsReply reply = run.ask(name, DnsType::kTxt);
  if (reply.state == DnsState::kFailed)
    run.add(kTopic, item, AuditStatus::kUnknown, reply.failure,
            "Whether " + destination + " takes the reports is not known: " + reply.failure + ".");
  else if (texts_with(reply, "v=dmarc1").empty())
    run.add(kTopic, item, AuditStatus::kBad, "",
            destination +
                " does not say that it takes this domain's reports, so nobody sends them there: no record at " + name +
                ".",
            tag == "rua" ? 'C' : 0, "have " + destination + " publish it, or name an address of your own");
  else
    run.add(kTopic, item, AuditStatus::kGood, destination, destination + " says that it takes this domain's reports.");
}

// Reports to one's own organisation need no consent. Where the tree walk could not be finished the public suffix list
// decides, which asks nobody.
bool same_organisation(Run& run, const std::string& destination) {
  const std::string& domain = run.audit.dmarc.domain;
  if (destination == domain || destination.ends_with("." + domain)) return true;
  for (const DmarcStandard standard : {DmarcStandard::kRfc9989, DmarcStandard::kRfc7489}) {
    const std::string ours = organisational_domain(run.resolver, domain, standard);
    const std::string theirs = organisational_domain(run.resolver, destination, standard);
    if (!ours.empty() && !theirs.empty()) return ours == theirs;
  }
  return false;
}

void look_at_reports(Run& run, const std::string& tag, const std::vector<std::string>& uris) {
  const std::string what = tag == "rua" ? "Aggregate" : "Failure";
  for (const std::string& uri : std::span(uris).first(std::min(uris.size(), kMaxReportUris))) {
    const std::string destination = report_domain(uri);
    if (destination.empty()) {
      run.add(kTopic, tag, AuditStatus::kWarning, uri, what + " reports cannot be sent to " + quoted(uri) + ".", 'B',
              "write " + tag + "=mailto:ADDRESS");
      continue;
    }
    if (same_organisation(run, destination))
      run.add(kTopic, tag + "/" + destination, AuditStatus::kGood, uri, what + " reports go to " + uri.substr(7) + ".");
    else
      look_at_authorisation(run, tag, destination);
  }
}

void compare_standards(Run& run) {
  const DmarcDiscovery& now = run.audit.dmarc;
  const DmarcDiscovery& before = run.audit.dmarc_7489;
  if (now.state == DnsState::kFailed || before.state == DnsState::kFailed) {
    if (now.state != before.state)
      run.add(kTopic, "standards", AuditStatus::kUnknown, "", "Whether RFC 7489 and RFC 9989 agree is not known.");
    return;
  }
  if (now.organisational_domain.empty() && !before.organisational_domain.empty()) {
    run.add(kTopic, "standards", AuditStatus::kUnknown, "",
            "Whether RFC 7489 and RFC 9989 agree is not known: the tree walk could not be finished.");
    return;
  }
  std::vector<std::string> differences;
  if (now.organisational_domain != before.organisational_domain)
    differences.push_back("the organisational domain is " + now.organisational_domain + " by the tree walk and " +
                          (before.organisational_domain.empty() ? "none" : before.organisational_domain) +
                          " by the public suffix list");
  if (now.domain != before.domain && now.record && before.record)
    differences.push_back("the record is taken from " + now.domain + " and from " + before.domain);
  if (now.record.has_value() != before.record.has_value())
    differences.push_back(std::string("only ") + (now.record ? "RFC 9989" : "RFC 7489") + " finds a record");
  else if (now.policy != before.policy)
    differences.push_back("the policy is " + policy_text(now.policy) + " and " + policy_text(before.policy));
  if (differences.empty()) {
    run.add(kTopic, "standards", AuditStatus::kGood, "",
            "RFC 7489 (public suffix list) and RFC 9989 (tree walk) come to the same.");
    return;
  }
  std::string text;
  for (const std::string& one : differences) text += (text.empty() ? "" : "; ") + one;
  run.add(kTopic, "standards", AuditStatus::kWarning, text,
          "Receivers differ by the standard they follow (RFC 9989 and RFC 7489): " + text + ".", 'B',
          "publish a record at _dmarc." + run.audit.domain + ", so that both find it");
}

}  // namespace

void look_at_dmarc(Run& run) {
  run.audit.dmarc = discover_dmarc(run.resolver, run.audit.domain, DmarcStandard::kRfc9989);
  run.audit.dmarc_7489 = discover_dmarc(run.resolver, run.audit.domain, DmarcStandard::kRfc7489);
  if (look_at_record(run, run.audit.dmarc)) {
    const DmarcRecord& record = *run.audit.dmarc.record;
    look_at_policy(run, run.audit.dmarc);
    look_at_alignment(run, record);
    if (record.rua.empty() && run.audit.sends_mail == SendsMail::kNo)
      run.add(kTopic, "rua", AuditStatus::kInfo, "", "No address takes reports of mail that claims to be from here.");
    else if (record.rua.empty())
      run.add(kTopic, "rua", AuditStatus::kWarning, "",
              "No address takes aggregate reports: nobody sees who sends in the domain's name.", 'B',
              "add rua=mailto:ADDRESS and read what comes: 'rangewatch mail reports'");
    look_at_reports(run, "rua", record.rua);
    look_at_reports(run, "ruf", record.ruf);
    if (!record.ruf.empty())
      run.add(kTopic, "ruf", AuditStatus::kInfo, "",
              "Failure reports may hold mail of other people; few receivers send them.");
  }
  compare_standards(run);
}

}  // namespace rw::audit
