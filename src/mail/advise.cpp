// From reports to the next step: who is hit, how sure that is, and the record.
#include "mail/advise.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/quantity.h"
#include "mail/audit_parts.h"

namespace rw {

std::string advice_percent(double share) {
  if (share == 0) return "0 %";
  if (share < 0.00001) return "under 0.001 %";
  char text[32];
  std::snprintf(text, sizeof text, share < 0.001 ? "%.3f %%" : share < 0.1 ? "%.2f %%" : "%.0f %%", share * 100);
  return text;
}

namespace {

using audit::counted;
using audit::lower;

constexpr double kZ = 1.6449;  // one-sided 95 %
constexpr unsigned kFirstPct = 25;
constexpr std::int64_t kSteadyDays = 7;  // forgers change their sources faster
constexpr std::size_t kNamed = 3;        // senders that the summary names

bool is_legitimate(SenderKind kind) {
  return kind == SenderKind::kOwn || kind == SenderKind::kService || kind == SenderKind::kUnknown;
}
bool is_passing_on(SenderKind kind) { return kind == SenderKind::kForwarder || kind == SenderKind::kMailingList; }

std::string number(std::int64_t n) { return group_thousands(n); }

PolicyStep step_of(const DmarcRecord& record) {
  PolicyStep step{record.p.value_or(DmarcPolicy::kNone), record.testing, std::nullopt};
  if (record.pct && *record.pct < 100 && step.policy != DmarcPolicy::kNone) step.pct = record.pct;
  return step;
}

// The rung above. RFC 9989 7: t=y first, then without it.
std::optional<PolicyStep> step_above(const PolicyStep& now, bool legacy_pct) {
  if (now.policy == DmarcPolicy::kNone)
    return legacy_pct ? PolicyStep{DmarcPolicy::kQuarantine, false, kFirstPct}
                      : PolicyStep{DmarcPolicy::kQuarantine, true, {}};
  if (now.testing || now.pct) return PolicyStep{now.policy, false, {}};
  if (now.policy == DmarcPolicy::kQuarantine)
    return legacy_pct ? PolicyStep{DmarcPolicy::kReject, false, kFirstPct} : PolicyStep{DmarcPolicy::kReject, true, {}};
  return std::nullopt;
}

// ---- senders

const SenderSource* largest_failing(const SenderGroup& group, const Senders& senders) {
  const SenderSource* best = nullptr;
  for (const std::size_t at : group.sources)
    if (at < senders.sources.size())
      if (const SenderSource& one = senders.sources[at]; best == nullptr || one.counts.failed() > best->counts.failed())
        best = &one;
  return best;
}

bool within(std::string_view name, std::string_view domain) {
  return name == domain ||
         (name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.');
}

std::string fix_of_own(const SenderSource& source, const std::string& domain) {
  const auto ours = [&](const SenderIdentity& i) { return within(i.domain, domain) || within(domain, i.domain); };
  const auto spf = std::find_if(source.spf.begin(), source.spf.end(), ours);
  const auto dkim = std::find_if(source.dkim.begin(), source.dkim.end(), ours);
  if (dkim != source.dkim.end() && dkim->result != "pass")
    return "its signature as " + dkim->domain + (dkim->selector.empty() ? "" : " (selector " + dkim->selector + ")") +
           " does not verify: " + dkim->result + ". Compare the key with the published one";
  if (spf != source.spf.end() && spf->result != "pass" && source.address)
    return "add " + std::string(source.address->is_v4() ? "ip4:" : "ip6:") + source.address->to_string() +
           " to the SPF record of " + spf->domain + ", and sign with DKIM as " + domain;
  return "sign its mail with DKIM, d=" + domain + ", or have it use an envelope sender of " + domain +
         " that SPF covers";
}

std::string fix_of(const SenderGroup& group, SenderKind kind, const Senders& senders) {
  const SenderSource* source = largest_failing(group, senders);
  switch (kind) {
    case SenderKind::kOwn:
      return source == nullptr ? "sign its mail with DKIM, d=" + senders.domain : fix_of_own(*source, senders.domain);
    case SenderKind::kService:
      return "turn on DKIM with d=" + senders.domain + " at " + group.organisation +
             " (\"custom domain\" or \"domain authentication\"), or give it an envelope sender below " +
             senders.domain + " whose SPF record includes it";
    case SenderKind::kUnknown:
      return "find out who this is: 'rangewatch mail reports --by source --domain " + senders.domain +
             "'. If it is yours, sign its mail as " + senders.domain + "; if not, nothing is to be done";
    case SenderKind::kForwarder:
      return "nothing at your side: SPF never survives forwarding, a DKIM signature does; sign all mail";
    case SenderKind::kMailingList:
      return "nothing at your side: lists that change mail have to rewrite From or seal it with ARC";
    case SenderKind::kSpoofing: break;
  }
  // It may be a service that somebody booked and told nobody: one that says who it is.
  if (source == nullptr) return {};
  for (const auto* identities : {&source->dkim, &source->spf})
    for (const SenderIdentity& one : *identities)
      if (one.result == "pass" && one.messages >= kSenderMessages && source->days >= kSteadyDays)
        return "it authenticates as " + one.domain + ", day after day: make sure that this is no service of yours";
  return {};
}

AdvisedSender sender_of(const SenderGroup& group, const Senders& senders, double days) {
  AdvisedSender made;
  made.organisation = group.organisation;
  made.kind = group.kind;
  made.messages = group.counts.messages;
  made.hit = group.counts.failed();
  made.hit_per_day = static_cast<double>(made.hit) / days;
  made.addresses = static_cast<std::int64_t>(group.sources.size());
  if (const SenderSource* source = largest_failing(group, senders)) made.reasons = source->reasons;
  const std::int64_t told = group.counts.messages - group.counts.unknown_result;
  const bool known = made.kind == SenderKind::kOwn || made.kind == SenderKind::kService;
  made.blocks = known && made.hit >= kSenderMessages && told > 0 &&
                static_cast<double>(made.hit) > kSenderShare * static_cast<double>(told);
  if (made.hit > 0) made.fix = fix_of(group, made.kind, senders);
  return made;
}

const SpfPermission* permission_of(const SenderSource& source, const std::vector<SpfPermission>& permitted) {
  if (!source.address) return nullptr;
  for (const SpfPermission& one : permitted) {
    const unsigned narrow = one.network.is_v4() ? 96 + kNarrowIp4 : kNarrowIp6;
    if (one.network.length >= narrow && one.network.contains(*source.address)) return &one;
  }
  return nullptr;
}

// Who the domain's own SPF record lets in was let in by its owner, whatever else its mail lacks: no forgery, a service
// that is not set up yet.
Senders with_permitted(const AdviceEvidence& evidence) {
  Senders senders = evidence.senders;
  for (SenderSource& source : senders.sources) {
    if (source.kind != SenderKind::kSpoofing && source.kind != SenderKind::kUnknown) continue;
    if (const SpfPermission* by = permission_of(source, evidence.permitted)) {
      source.kind = SenderKind::kService;
      source.reasons.insert(source.reasons.begin(), "the domain's own SPF record lets it in, by " + by->term);
    }
  }
  for (SenderGroup& group : senders.groups) {
    std::map<SenderKind, std::int64_t> messages;
    for (const std::size_t at : group.sources)
      if (at < senders.sources.size()) messages[senders.sources[at].kind] += senders.sources[at].counts.messages;
    for (const auto& [kind, count] : messages)
      if (count > messages[group.kind]) group.kind = kind;
  }
  return senders;
}

// Counts by what each source is; what was cut off counts as unknown.
void count(const Senders& senders, Advice& advice) {
  SenderCounts rest = senders.counts;
  const auto take = [&](SenderKind kind, const SenderCounts& counts) {
    const std::int64_t told = counts.messages - counts.unknown_result;
    advice.untold += counts.unknown_result;
    if (is_legitimate(kind)) {
      advice.legitimate += told;
      advice.legitimate_hit += counts.failed();
    } else if (is_passing_on(kind)) {
      advice.forwarded_hit += counts.failed();
    } else {
      advice.spoofed += counts.failed();
    }
  };
  for (const SenderSource& source : senders.sources) {
    take(source.kind, source.counts);
    rest.messages -= source.counts.messages;
    rest.aligned -= source.counts.aligned;
    rest.unknown_result -= source.counts.unknown_result;
  }
  if (rest.messages > 0) take(SenderKind::kUnknown, rest);
}

// ---- the record

std::string joined_uris(const std::vector<std::string>& uris) {
  std::string text;
  for (const std::string& uri : uris)
    if (lower(uri.substr(0, 7)) == "mailto:" && uri.find('@') != std::string::npos)
      text += (text.empty() ? "" : ",") + uri;
  return text;
}

struct RecordParts {
  PolicyStep step;
  std::optional<DmarcPolicy> sp, np;
};

std::string record_text(const AdviceEvidence& evidence, const RecordParts& parts, std::vector<std::string>& notes) {
  const DmarcRecord old = evidence.dmarc.record.value_or(DmarcRecord{});
  std::string text = "v=DMARC1; p=" + std::string(to_string(parts.step.policy));
  if (parts.sp) text += "; sp=" + std::string(to_string(*parts.sp));
  if (parts.np) text += "; np=" + std::string(to_string(*parts.np));
  if (parts.step.testing) text += "; t=y";
  if (parts.step.pct) text += "; pct=" + std::to_string(*parts.step.pct);
  if (old.strict_dkim) text += "; adkim=s";
  if (old.strict_spf) text += "; aspf=s";
  if (old.psd == 'y' || old.psd == 'n') text += std::string("; psd=") + old.psd;
  std::string rua = joined_uris(old.rua);
  if (rua.empty() && evidence.receives_mail) {
    rua = "mailto:dmarc-reports@" + evidence.domain;
    notes.push_back("rua: a mailbox of your choice, which must exist; 'rangewatch mail reports' reads it");
  }
  if (!rua.empty()) text += "; rua=" + rua;
  if (const std::string ruf = joined_uris(old.ruf); !ruf.empty()) {
    text += "; ruf=" + ruf;
    if (!old.fo.empty() && old.fo != "0") text += "; fo=" + old.fo;
  }
  return text;
}

// Subdomains follow p unless their mail would be hit; then they stay where they are.
void choose_subdomains(const AdviceEvidence& evidence, RecordParts& parts, std::vector<std::string>& notes) {
  const DmarcRecord old = evidence.dmarc.record.value_or(DmarcRecord{});
  const DmarcPolicy before = old.sp.value_or(old.p.value_or(DmarcPolicy::kNone));
  const SubdomainMail *worst = nullptr, *missing = nullptr;
  for (const SubdomainMail& one : evidence.subdomains) {
    if (one.hit < kSenderMessages || static_cast<double>(one.hit) <= kSenderShare * static_cast<double>(one.messages))
      continue;
    // A name that does not exist and never authenticates is made up.
    if (one.exists == DnsState::kAbsent && one.hit == one.messages) continue;
    (one.exists == DnsState::kAbsent ? missing : worst) = &one;
  }
  if (worst != nullptr && before < parts.step.policy) {
    parts.sp = before;
    notes.push_back("sp stays " + std::string(to_string(before)) + ": " + number(worst->hit) + " of " +
                    number(worst->messages) + " messages from " + worst->name + " would be hit; mend that first");
  } else if (old.sp && *old.sp > parts.step.policy) {
    parts.sp = old.sp;
  } else {
    notes.push_back("subdomains follow p: no mail from them that authenticates would be hit");
  }
  const DmarcPolicy others = parts.sp.value_or(parts.step.policy);
  if (parts.step.policy == DmarcPolicy::kNone && !old.np) return;
  if (missing != nullptr) {
    notes.push_back("np is left out: " + missing->name +
                    ", which does not exist in the DNS, sends mail that authenticates");
    if (old.np && *old.np >= others) parts.np = old.np;
  } else if (others != DmarcPolicy::kReject || old.np) {
    parts.np = DmarcPolicy::kReject;
    notes.push_back(
        "np=reject: mail from names below the domain that do not exist is refused (RFC 9989), and none that "
        "authenticates was seen");
  }
}

// `tighten`: the reports prove the step, so that they may decide about subdomains too.
void set_record(const AdviceEvidence& evidence, const PolicyStep& step, bool tighten, Advice& advice) {
  RecordParts parts{step, std::nullopt, std::nullopt};
  if (tighten)
    choose_subdomains(evidence, parts, advice.notes);
  else if (evidence.dmarc.record && evidence.dmarc.domain == evidence.domain)
    parts.sp = evidence.dmarc.record->sp, parts.np = evidence.dmarc.record->np;
  if (step.testing)
    advice.notes.push_back(
        "t=y: who follows RFC 9989 applies the policy one level weaker, as a rehearsal; who follows RFC 7489 "
        "does not know it and applies the policy in full");
  if (step.pct)
    advice.notes.push_back(
        "pct is a legacy of RFC 7489: receivers of RFC 9989 do not know it and apply the policy in full");
  AuditRecord record{.name = "_dmarc." + evidence.domain, .type = "TXT"};
  record.value = record_text(evidence, parts, advice.notes);
  if (evidence.dmarc.record && evidence.dmarc.domain == evidence.domain) record.replaces = evidence.dmarc.record->text;
  record.why = "DMARC: " + to_string(step);
  if (record.value != record.replaces) advice.record = std::move(record);
}

// ---- the decision

void find_missing(const AdviceEvidence& evidence, Advice& advice) {
  const bool has_rua = evidence.dmarc.record && !joined_uris(evidence.dmarc.record->rua).empty();
  if (!has_rua)
    advice.missing.push_back("the record names no address for aggregate reports: publish it with rua, as below");
  if (advice.reports == 0) {
    advice.missing.push_back(
        "the lake holds no aggregate report from this time: 'rangewatch mail reports PATH' reads them from files and "
        "mailboxes");
    return;
  }
  if (advice.days < kAdviceDays)
    advice.missing.push_back("reports of " + std::to_string(kAdviceDays) +
                             " days are needed, so that each weekday is seen twice; there are " +
                             std::to_string(advice.days) +
                             ": look again later, or ingest older ones with a longer --days");
  if (advice.reporters < kAdviceReporters)
    advice.missing.push_back("reports of " + std::to_string(kAdviceReporters) +
                             " receivers are needed, since each sees only its own users' "
                             "mail; there are " +
                             std::to_string(advice.reporters) + ": are all reports ingested?");
  if (advice.legitimate < kAdviceMessages)
    advice.missing.push_back("at least " + std::to_string(kAdviceMessages) +
                             " messages of own and possibly own senders are needed, to bound what "
                             "would be hit; there are " +
                             number(advice.legitimate) + ": take a longer window with --days");
}

std::string names_of(const std::vector<AdvisedSender>& senders) {
  std::string text;
  std::size_t named = 0;
  for (const AdvisedSender& one : senders)
    if (one.blocks && named++ < kNamed) text += (text.empty() ? "" : ", ") + one.organisation;
  return named > kNamed ? text + " and " + std::to_string(named - kNamed) + " more" : text;
}

void decide_step(const AdviceEvidence& evidence, Advice& advice) {
  const PolicyStep& next = *advice.next;
  advice.allowed_share = next.policy == DmarcPolicy::kReject ? kRejectShare : kQuarantineShare;
  const std::string hit = number(advice.legitimate_hit) + " of " + number(advice.legitimate) +
                          " messages of legitimate or unknown senders fail, at most " +
                          advice_percent(advice.upper_share.value_or(1)) + " with 95 % confidence";
  const std::string blocking = names_of(advice.senders);
  const bool bounded = advice.upper_share && *advice.upper_share <= advice.allowed_share;
  if (!blocking.empty()) {
    advice.kind = AdviceKind::kHold;
    advice.summary = "Stay at " + to_string(*advice.now) + " until " + blocking + " " +
                     (blocking.find(',') == std::string::npos ? "is" : "are") + " mended: " + to_string(next) +
                     " would hit that mail. Over all, " + hit + ".";
  } else if (!bounded) {
    advice.kind = AdviceKind::kHold;
    advice.summary =
        "Stay at " + to_string(*advice.now) + ": " + hit + ", and " + to_string(next) + " is advised at " +
        advice_percent(advice.allowed_share) + " or less." +
        (advice.legitimate_hit == 0 ? " More messages are needed to show that: take a longer window with --days." : "");
  } else {
    advice.kind = AdviceKind::kStep;
    advice.summary = "Go to " + to_string(next) + ": " + hit + ", below the " + advice_percent(advice.allowed_share) +
                     " that is allowed for this step.";
    set_record(evidence, next, true, advice);
    return;
  }
  set_record(evidence, *advice.now, false, advice);
}

}  // namespace

std::string_view to_string(AdviceKind kind) {
  switch (kind) {
    case AdviceKind::kStart: return "start";
    case AdviceKind::kStep: return "step";
    case AdviceKind::kHold: return "hold";
    case AdviceKind::kRefuse: return "refuse";
    case AdviceKind::kDone: return "done";
    case AdviceKind::kUnknown: return "unknown";
  }
  return "?";
}

std::string to_string(const PolicyStep& step) {
  std::string text(to_string(step.policy));
  if (step.testing) text += " (t=y)";
  if (step.pct) text += " (pct=" + std::to_string(*step.pct) + ")";
  return text;
}

std::optional<double> upper_share(std::int64_t hit, std::int64_t n) {
  if (n <= 0) return std::nullopt;
  const double size = static_cast<double>(n);
  if (hit <= 0) return std::min(1.0, 3 / size);
  const double p = std::min(1.0, static_cast<double>(hit) / size), z2 = kZ * kZ;
  const double middle = p + z2 / (2 * size), spread = kZ * std::sqrt(p * (1 - p) / size + z2 / (4 * size * size));
  return std::min(1.0, (middle + spread) / (1 + z2 / size));
}

Advice decide_advice(const AdviceEvidence& evidence, const AdviceOptions& options) {
  Advice advice;
  advice.domain = evidence.domain;
  advice.window = {options.now - Duration{options.days * kDay.us}, options.now};
  const Senders senders = with_permitted(evidence);
  advice.messages = senders.counts.messages;
  advice.reporters = static_cast<std::int64_t>(senders.reporters.size());
  advice.days = senders.days;
  advice.reports = senders.reports;
  advice.subdomains = evidence.subdomains;
  const double days = static_cast<double>(std::max<std::int64_t>(senders.days, 1));
  for (const SenderGroup& group : senders.groups) advice.senders.push_back(sender_of(group, senders, days));
  std::stable_sort(advice.senders.begin(), advice.senders.end(),
                   [](const AdvisedSender& a, const AdvisedSender& b) { return a.blocks > b.blocks; });
  count(senders, advice);
  advice.hit_per_day = static_cast<double>(advice.legitimate_hit) / days;
  if (advice.legitimate > 0)
    advice.hit_share = static_cast<double>(advice.legitimate_hit) / static_cast<double>(advice.legitimate);
  advice.upper_share = upper_share(advice.legitimate_hit, advice.legitimate);
  advice.method = advice.legitimate_hit == 0 ? "rule of three" : "Wilson score";

  const DmarcDiscovery& found = evidence.dmarc;
  if (found.state == DnsState::kFailed) {
    advice.summary = "The DNS did not tell whether there is a DMARC record: " + found.failure + ". Ask again later.";
    return advice;
  }
  const bool own = found.record && found.domain == evidence.domain && found.record->error.empty() && !found.several;
  if (!own) {
    advice.kind = AdviceKind::kStart;
    const bool inherits = found.record && found.record->error.empty() && !found.several;
    const PolicyStep first =
        inherits ? PolicyStep{found.policy.value_or(DmarcPolicy::kNone), found.record->testing, {}} : PolicyStep{};
    advice.next = first;
    advice.summary =
        inherits
            ? "The policy is that of " + found.domain + "; a record of its own lets this domain be tightened by itself."
            : "There is no usable DMARC record. Begin with one that only asks for reports: it hits nobody.";
    set_record(evidence, first, false, advice);
    advice.look_again = options.now + kLookAgain;
    return advice;
  }
  advice.now = step_of(*found.record);
  advice.next = step_above(*advice.now, options.legacy_pct);
  find_missing(evidence, advice);
  if (!advice.next) {
    advice.kind = AdviceKind::kDone;
    advice.summary =
        "The policy is reject for all mail: there is no further step. Keep reading reports for senders that stop to "
        "authenticate.";
    set_record(evidence, *advice.now, advice.missing.empty(), advice);
    if (advice.record) {
      advice.kind = AdviceKind::kStep;
      advice.next = advice.now;
      advice.summary = "The policy is reject; what is left to tighten are the names below the domain.";
    }
  } else if (!advice.missing.empty()) {
    advice.kind = AdviceKind::kRefuse;
    advice.summary = "No advice: the reports are too thin to prove that " + to_string(*advice.next) + " hits nobody.";
    set_record(evidence, *advice.now, false, advice);
  } else {
    decide_step(evidence, advice);
  }
  advice.look_again = options.now + kLookAgain;
  return advice;
}

}  // namespace rw
