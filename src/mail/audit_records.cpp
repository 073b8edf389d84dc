// The exact records that put right what an audit found.
#include <algorithm>
#include <set>

#include "mail/audit_parts.h"
#include "mail/dkim.h"

namespace rw::audit {
namespace {

using Kind = SpfTerm::Kind;

constexpr int kRounds = 50;  // of taking out what does not hold; each takes out a term, or is the last

bool broken(const AuditItem& item) { return item.status == AuditStatus::kBad || item.status == AuditStatus::kWarning; }

bool any_broken(const Audit& audit, std::string_view topic, std::initializer_list<std::string_view> but) {
  return std::any_of(audit.items.begin(), audit.items.end(), [&](const AuditItem& item) {
    return item.topic == topic && broken(item) && std::find(but.begin(), but.end(), item.item) == but.end();
  });
}

// ---- SPF

struct SpfDraft {
  std::vector<std::string> terms;  // without 'all'
  std::string all = "~all";
  std::vector<std::pair<std::string, std::string>>
      helpers;  // names below the domain that hold networks, with their text
  std::vector<std::string> notes;

  std::string text() const {
    std::string out = "v=spf1";
    for (const std::string& term : terms) out += " " + term;
    if (std::none_of(terms.begin(), terms.end(),
                     [](const std::string& t) { return lower(t).starts_with("redirect="); }))
      out += " " + all;
    return out;
  }
};

// Terms of all records there, those that cannot be read or count for nothing left out.
SpfDraft draft_of(const Run& run) {
  SpfDraft draft;
  bool strict = !run.spf_texts.empty(), has_all = false;
  for (const std::string& text : run.spf_texts)
    for (const std::string& word : words(std::string_view(text).substr(6))) {
      const SpfRecord one = parse_spf("v=spf1 " + word);
      if (!one.error.empty() || one.terms.size() != 1) {
        draft.notes.push_back("without " + quoted(word) + ", which cannot be read");
        continue;
      }
      const SpfTerm& term = one.terms.front();
      if (term.kind == Kind::kAll) {
        has_all = true;
        strict = strict && term.qualifier == '-';
        if (run.spf_texts.size() == 1) break;  // what follows was never evaluated
        continue;
      }
      if (term.kind == Kind::kPtr) {
        draft.notes.push_back("without " + quoted(word) + ": list what it stood for, if anything");
        continue;
      }
      std::string kept = word;
      if (term.kind == Kind::kRedirect && (run.spf_texts.size() > 1 || has_all)) kept = "include:" + term.domain;
      if (std::none_of(draft.terms.begin(), draft.terms.end(),
                       [&](const std::string& t) { return lower(t) == lower(kept); }))
        draft.terms.push_back(std::move(kept));
    }
  if (strict && has_all) draft.all = "-all";
  return draft;
}

SpfDraft first_draft(const Run& run) {
  if (!run.spf_texts.empty()) return draft_of(run);
  SpfDraft draft;
  if (run.audit.sends_mail == SendsMail::kNo || (run.hosts.empty() && run.mx_state == DnsState::kAbsent)) {
    draft.all = "-all";
    draft.notes.push_back("as long as nothing sends mail in the domain's name");
  } else {
    draft.terms = {"mx"};
    draft.notes.push_back("add what else sends: 'rangewatch mail reports' lists it");
  }
  return draft;
}

// The domain's SPF as if the draft were published.
struct Trial {
  Audit audit;
  std::vector<SpfNetwork> networks;
};
Trial trial_of(const Run& run, const SpfDraft& draft) {
  OverlayResolver published(run.resolver);
  published.publish({.name = run.audit.domain, .type = "TXT", .value = draft.text()});
  for (const auto& [name, text] : draft.helpers) published.publish({.name = name, .type = "TXT", .value = text});
  Trial trial;
  trial.audit.domain = run.audit.domain;
  Run inner{.resolver = published, .options = run.options, .audit = trial.audit};
  look_at_spf(inner);
  trial.networks = std::move(inner.networks);
  return trial;
}

bool remove_term(SpfDraft& draft, const std::string& term, const std::string& why) {
  const auto at = std::find(draft.terms.begin(), draft.terms.end(), term);
  if (at == draft.terms.end()) return false;
  draft.terms.erase(at);
  draft.notes.push_back("without '" + term + "', which " + why);
  return true;
}

// An include or redirect below which a record is missing or leads back: every message gets permerror.
bool leads_nowhere(const SpfNode& node) {
  const bool record = lower(node.term).find("include:") <= 1 || lower(node.term).starts_with("redirect=");
  if (record && !node.unknown && !node.problem.empty() && !node.problem.starts_with("depends") &&
      !node.problem.starts_with("not followed"))
    return true;
  return std::any_of(node.below.begin(), node.below.end(), leads_nowhere);
}

bool take_out_what_fails(SpfDraft& draft, const Trial& trial) {
  bool any = false;
  for (const SpfNode& node : trial.audit.spf.below) {
    if (leads_nowhere(node))
      any |=
          remove_term(draft, node.term, node.problem.empty() ? "leads to a record that does not hold" : node.problem);
    else if (node.passes_everybody)
      any |= remove_term(draft, node.term, "lets every server pass");
    else if (node.is_void)
      any |= remove_term(draft, node.term, node.problem.empty() ? "finds nothing" : node.problem);
  }
  return any;
}

bool take_out_redundant(SpfDraft& draft, const Trial& trial) {
  bool any = false;
  std::set<std::size_t> gone;  // of two that are equal the later one goes
  for (std::size_t i = trial.networks.size(); i-- > 0;) {
    const SpfNetwork& a = trial.networks[i];
    if (!a.own || !a.literal) continue;
    for (std::size_t j = 0; j < trial.networks.size(); ++j) {
      const SpfNetwork& b = trial.networks[j];
      if (i == j || !b.own || !b.literal || gone.contains(j) || b.prefix.length > a.prefix.length ||
          !b.prefix.overlaps(a.prefix))
        continue;
      any |= remove_term(draft, a.term, "lies in " + b.term);
      gone.insert(i);
      break;
    }
  }
  return any;
}

std::string network_term(const Prefix& prefix) {
  std::string text = prefix.to_string();
  if (text.ends_with("/32") && prefix.is_v4()) text.resize(text.size() - 3);
  if (text.ends_with("/128")) text.resize(text.size() - 4);
  return (prefix.is_v4() ? "ip4:" : "ip6:") + text;
}

bool listed_already(const Trial& trial, const SpfNetwork& network, const std::string& term) {
  return std::any_of(trial.networks.begin(), trial.networks.end(), [&](const SpfNetwork& other) {
    return other.own && other.literal && other.term != term && other.prefix.length <= network.prefix.length &&
           other.prefix.overlaps(network.prefix);
  });
}

// The term of the domain's own record that costs most, replaced by the networks it leads to today. Own names first:
// their addresses are the domain's to know.
bool flatten_one(SpfDraft& draft, const Trial& trial) {
  const SpfNode* most = nullptr;
  for (const bool own : {true, false}) {
    for (const SpfNode& node : trial.audit.spf.below) {
      const SpfRecord one = parse_spf("v=spf1 " + node.term);
      if (one.terms.empty() || one.terms.front().qualifier != '+' || has_spf_macro(one.terms.front().domain) ||
          node.unknown)
        continue;
      const Kind kind = one.terms.front().kind;
      const bool is_own = kind == Kind::kA || kind == Kind::kMx;
      const bool helper = node.domain.starts_with("_spf") && node.domain.ends_with("." + trial.audit.domain);
      if (is_own != own || (!own && kind != Kind::kInclude) || helper) continue;
      if (most == nullptr || node.lookups > most->lookups) most = &node;
    }
    if (most != nullptr) break;
  }
  if (most == nullptr) return false;
  const auto at = std::find(draft.terms.begin(), draft.terms.end(), most->term);
  if (at == draft.terms.end()) return false;
  std::vector<std::string> fresh;
  for (const SpfNetwork& network : trial.networks) {
    const std::string term = network_term(network.prefix);
    if (network.top == most->term && !listed_already(trial, network, most->term) &&
        std::find(fresh.begin(), fresh.end(), term) == fresh.end())
      fresh.push_back(term);
  }
  draft.notes.push_back(fresh.empty() ? "without '" + most->term + "', whose addresses are listed already"
                                      : "with the networks of '" + most->term +
                                            "' as of today in its place: look again when they change");
  const auto behind = draft.terms.erase(at);
  draft.terms.insert(behind, fresh.begin(), fresh.end());
  return true;
}

// Networks that would make the record too long for one answer go to records of their own, each one look-up.
void spread(SpfDraft& draft, const std::string& domain) {
  if (draft.text().size() <= kTidyTextBytes) return;
  std::vector<std::string> kept, networks;
  for (const std::string& term : draft.terms) (lower(term).starts_with("ip") ? networks : kept).push_back(term);
  std::string text;
  const auto close = [&] {
    if (text.empty()) return;
    const std::string name = "_spf" + std::to_string(draft.helpers.size() + 1) + "." + domain;
    draft.helpers.emplace_back(name, "v=spf1" + text + " -all");
    kept.push_back("include:" + name);
    text.clear();
  };
  for (const std::string& term : networks) {
    if (text.size() + term.size() + 16 > kTidyTextBytes) close();
    text += " " + term;
  }
  close();
  draft.terms = std::move(kept);
}

std::string joined_notes(const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes) text += (text.empty() ? "" : "; ") + note;
  return text;
}

void propose_spf(Run& run) {
  const AuditItem* record = run.audit.find("spf", "record");
  if (record == nullptr || record->status == AuditStatus::kUnknown) return;
  if (!any_broken(run.audit, "spf", {"size", "wide-network", "near-miss"})) return;
  SpfDraft draft = first_draft(run);
  for (int round = 0; round < kRounds; ++round) {
    const Trial trial = trial_of(run, draft);
    if (take_out_what_fails(draft, trial) || take_out_redundant(draft, trial)) continue;
    SpfDraft published = draft;
    spread(published, run.audit.domain);
    if (trial.audit.spf.lookups + published.helpers.size() <= kSpfLookups || !flatten_one(draft, trial)) break;
  }
  spread(draft, run.audit.domain);
  std::string there;
  for (const std::string& text : run.spf_texts) there += (there.empty() ? "" : " | ") + text;
  run.audit.records.push_back(
      {.name = run.audit.domain,
       .type = "TXT",
       .value = draft.text(),
       .replaces = there,
       .why = "SPF" + (draft.notes.empty() ? std::string(" that holds") : " " + joined_notes(draft.notes))});
  for (const auto& [name, text] : draft.helpers)
    run.audit.records.push_back(
        {.name = name, .type = "TXT", .value = text, .why = "networks that the SPF record includes"});
}

// ---- DMARC

std::string report_address(const Run& run, std::string_view local) {
  return run.hosts.empty() ? std::string() : "mailto:" + std::string(local) + "@" + run.audit.domain;
}

std::string joined_uris(const std::vector<std::string>& uris) {
  std::string text;
  for (const std::string& uri : uris)
    if (lower(uri.substr(0, 7)) == "mailto:" && uri.find('@') != std::string::npos)
      text += (text.empty() ? "" : ",") + uri;
  return text;
}

std::string dmarc_text(const Run& run, const DmarcRecord& old, DmarcPolicy policy, std::vector<std::string>& notes) {
  std::string text = "v=DMARC1; p=" + std::string(to_string(policy));
  const bool keep_sp = old.sp && *old.sp >= policy && *old.sp != policy;
  if (keep_sp) text += "; sp=" + std::string(to_string(*old.sp));
  const DmarcPolicy others = keep_sp ? *old.sp : policy;
  if (old.np && *old.np > others) text += "; np=" + std::string(to_string(*old.np));
  if (old.sp && *old.sp < policy)
    notes.push_back("subdomains follow p; 'mail advise' proves whether that hits anybody");
  if (old.strict_dkim) text += "; adkim=s";
  if (old.strict_spf) text += "; aspf=s";
  if (old.psd == 'y' || old.psd == 'n') text += std::string("; psd=") + old.psd;
  std::string rua = joined_uris(old.rua);
  if (rua.empty() && !(rua = report_address(run, "dmarc-reports")).empty())
    notes.push_back("reports go to a mailbox of your choice, which must exist");
  if (rua.empty() && run.audit.sends_mail != SendsMail::kNo) notes.push_back("add rua=mailto:ADDRESS to see reports");
  if (!rua.empty()) text += "; rua=" + rua;
  if (const std::string ruf = joined_uris(old.ruf); !ruf.empty()) {
    text += "; ruf=" + ruf;
    if (!old.fo.empty() && old.fo != "0") text += "; fo=" + old.fo;
  }
  return text;
}

void propose_dmarc(Run& run) {
  const DmarcDiscovery& found = run.audit.dmarc;
  if (found.state == DnsState::kFailed) return;
  const bool inherited = found.record && found.domain != run.audit.domain;
  const bool parked = run.audit.sends_mail == SendsMail::kNo;
  const bool weak_parked = parked && found.policy.value_or(DmarcPolicy::kNone) != DmarcPolicy::kReject;
  if (!weak_parked && !any_broken(run.audit, "dmarc", {})) return;
  if (inherited && run.audit.find("dmarc", "standards")->status != AuditStatus::kWarning && !weak_parked) return;
  const DnsReply reply = run.ask("_dmarc." + run.audit.domain, DnsType::kTxt);
  const std::vector<std::string> there = texts_with(reply, "v=dmarc1");
  DmarcRecord old;
  DmarcPolicy policy = DmarcPolicy::kNone;
  std::vector<std::string> notes;
  if (inherited) {
    old = *found.record;
    policy = found.policy.value_or(DmarcPolicy::kNone);
    old.sp = old.np = std::nullopt;
  } else if (!there.empty()) {
    old = parse_dmarc(there.front(), DmarcStandard::kRfc9989);
    policy = old.p.value_or(DmarcPolicy::kNone);
    for (const std::string& one : there)  // of several that nobody used so far, the mildest hits nobody at once
      policy = std::min(policy, parse_dmarc(one, DmarcStandard::kRfc9989).p.value_or(DmarcPolicy::kNone));
  }
  if (parked)
    policy = DmarcPolicy::kReject, notes.push_back("nothing sends mail as this domain");
  else if (policy == DmarcPolicy::kNone)
    notes.push_back("a first step that hits nobody: 'rangewatch mail advise' proves the next ones");
  std::string all;
  for (const std::string& one : there) all += (all.empty() ? "" : " | ") + one;
  const std::string text = dmarc_text(run, old, policy, notes);
  if (text != all)
    run.audit.records.push_back({.name = "_dmarc." + run.audit.domain,
                                 .type = "TXT",
                                 .value = text,
                                 .replaces = all,
                                 .why = "DMARC" + (notes.empty() ? std::string() : ": " + joined_notes(notes))});
}

void propose_authorisations(Run& run) {
  for (const AuditItem& item : run.audit.items) {
    if (item.topic != "dmarc" || item.status != AuditStatus::kBad) continue;
    if (!item.item.starts_with("rua/") && !item.item.starts_with("ruf/")) continue;
    const std::string destination = item.item.substr(4);
    const std::string name = run.audit.dmarc.domain + "._report._dmarc." + destination;
    if (std::any_of(run.audit.records.begin(), run.audit.records.end(),
                    [&](const AuditRecord& r) { return r.name == name; }))
      continue;
    run.audit.records.push_back({.name = name,
                                 .type = "TXT",
                                 .value = "v=DMARC1",
                                 .why = "by " + destination + ", to say that it takes the reports",
                                 .elsewhere = true});
  }
}

// ---- the others

void propose_dkim(Run& run) {
  for (const AuditKey& key : run.audit.keys) {
    const bool bad_hash = run.audit.find("dkim", "hash/" + key.selector) != nullptr;
    if (key.text.empty() || (!key.testing && !bad_hash)) continue;
    std::string text;
    for (const auto& [name, value] : tags(key.text)) {
      std::string kept = value;
      if (name == "h" && bad_hash) continue;
      if (name == "t") {
        kept.clear();
        for (const std::string& flag : words(value, ':'))
          if (trimmed(flag) != "y") kept += (kept.empty() ? "" : ":") + trimmed(flag);
        if (kept.empty()) continue;
      }
      text += (text.empty() ? "" : "; ") + name + "=" + kept;
    }
    run.audit.records.push_back(
        {.name = key.selector + "._domainkey." + key.domain,
         .type = "TXT",
         .value = text,
         .replaces = key.text,
         .why = key.testing ? "the same key, no longer as a test" : "the same key for SHA-256"});
  }
  const bool wildcard = run.audit.find("dkim", "wildcard") != nullptr;
  if (run.audit.sends_mail == SendsMail::kNo && run.audit.keys.empty() && !wildcard)
    run.audit.records.push_back({.name = "*._domainkey." + run.audit.domain,
                                 .type = "TXT",
                                 .value = "v=DKIM1; p=",
                                 .why = "no selector of this domain signs anything"});
}

void propose_mx(Run& run) {
  if (run.audit.sends_mail == SendsMail::kNo && run.mx_state == DnsState::kAbsent) {
    run.audit.records.push_back(
        {.name = run.audit.domain, .type = "MX", .value = "0 .", .why = "the domain takes no mail (RFC 7505)"});
    return;
  }
  if (!any_broken(run.audit, "mx", {})) return;
  const DnsReply reply = run.ask(run.audit.domain, DnsType::kMx);
  std::string there, value;
  std::set<std::string> kept;
  std::vector<MailHost> hosts = run.hosts;
  for (const MailHost& host : hosts) {
    there += (there.empty() ? "" : ", ") + std::to_string(host.preference) + " " + host.name;
    const AuditItem* item = run.audit.find("mx", "host/" + host.name);
    if (item != nullptr && item->status == AuditStatus::kBad) continue;
    std::string name = host.name;
    if (item != nullptr && item->status == AuditStatus::kWarning) name = run.ask(host.name, DnsType::kA).canonical_name;
    if (kept.insert(name).second)
      value += (value.empty() ? "" : "\n") + std::to_string(host.preference) + " " + name + ".";
  }
  if (!value.empty() && hosts.size() < kMaxHosts)
    run.audit.records.push_back({.name = run.audit.domain,
                                 .type = "MX",
                                 .value = value,
                                 .replaces = there,
                                 .why = "only mail servers that are there, by their own names"});
}

std::string digits_of(Timestamp time) {
  std::string digits;
  for (const char c : time.to_string())
    if (c >= '0' && c <= '9' && digits.size() < 14) digits += c;
  return digits;
}

void propose_transport(Run& run) {
  if (run.hosts.empty() || run.audit.sends_mail == SendsMail::kNo) return;
  const AuditItem* sts = run.audit.find("mta-sts", "record");
  const bool dane = std::any_of(run.audit.items.begin(), run.audit.items.end(),
                                [](const AuditItem& i) { return i.topic == "dane" && i.status == AuditStatus::kGood; });
  if (sts != nullptr && (sts->status == AuditStatus::kBad || (sts->status == AuditStatus::kInfo && !dane))) {
    std::string policy = "version: STSv1\nmode: testing\n";
    for (const MailHost& host : run.hosts)
      if (host.resolved) policy += "mx: " + host.name + "\n";
    policy += "max_age: 604800\n";
    run.audit.records.push_back(
        {.name = "_mta-sts." + run.audit.domain,
         .type = "TXT",
         .value = "v=STSv1; id=" + digits_of(run.options.now),
         .replaces = sts->value,
         .why = "when https://mta-sts." + run.audit.domain + "/.well-known/mta-sts.txt serves:\n" + policy,
         .needs_work = true});
  }
  const AuditItem* tls = run.audit.find("tls-rpt", "record");
  if (tls != nullptr && (tls->status == AuditStatus::kBad || tls->status == AuditStatus::kInfo))
    run.audit.records.push_back({.name = "_smtp._tls." + run.audit.domain,
                                 .type = "TXT",
                                 .value = "v=TLSRPTv1; rua=" + report_address(run, "tls-reports"),
                                 .replaces = tls->value,
                                 .why = "TLS reports go to a mailbox of your choice, which must exist"});
  const AuditItem* bimi = run.audit.find("bimi", "record");
  if (bimi != nullptr && bimi->status == AuditStatus::kBad)
    run.audit.records.push_back({.name = "default._bimi." + run.audit.domain,
                                 .type = "TXT",
                                 .value = "v=BIMI1; l=; a=",
                                 .replaces = bimi->value,
                                 .why = "no logo, until there is a valid one"});
}

}  // namespace

void propose_records(Run& run) {
  propose_mx(run);
  propose_spf(run);
  propose_dkim(run);
  propose_dmarc(run);
  propose_authorisations(run);
  propose_transport(run);
}

}  // namespace rw::audit
