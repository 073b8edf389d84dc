// check_host() of RFC 7208 4: one Check per message, which counts look-ups over all records it visits.
#include "mail/spf.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "mail/spf_macro.h"
#include "message/address.h"
#include "model/escape.h"

namespace rw {
namespace {

constexpr std::size_t kMaxName = 253, kMaxLabel = 63;  // RFC 1035 2.3.4, as text
// RFC 5321 4.5.3.1.3: a path has at most 256 octets. Beyond this nobody can have sent it, and macros repeat it.
constexpr std::size_t kMaxIdentity = 1024;

std::int64_t steady_microseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Calls `label` with each label of `name`; false where it cannot be a domain name: an empty label, one that is too
// long.
template <typename Use>
bool for_each_label(std::string_view name, Use&& label) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (name.empty() || name.size() > kMaxName) return false;
  for (;;) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    if (dot == 0 || dot > kMaxLabel) return false;
    label(name.substr(0, dot));
    if (dot == name.size()) return true;
    name.remove_prefix(dot + 1);
  }
}

// The domain that check_host() starts with, or what is wrong with it (4.3). "" : fine.
std::string unfit_domain(std::string_view domain) {
  if (domain.empty()) return "there is no domain";
  if (domain.front() == '[') return "the domain is an address literal";
  unsigned labels = 0;
  if (!for_each_label(domain, [&](std::string_view) { ++labels; }))
    return "the domain has an empty label, one of over 63 bytes, or over 253 bytes in all";
  if (labels < 2) return "the domain has one label only";
  for (const char c : domain)
    if (c < 0x21 || c > 0x7E) return "the domain holds a space or a byte that is no ASCII";
  return {};
}

// Without its final dot; over-long names lose labels on the left (7.3).
std::string_view shortened(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  while (name.size() > kMaxName) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) break;
    name.remove_prefix(dot + 1);
  }
  return name;
}

// An expanded name as the resolver takes it, escaped. Null where no question can be made of it.
std::optional<std::string> question_name(std::string_view name) {
  name = shortened(name);
  std::string out;
  const bool good = for_each_label(name, [&](std::string_view label) {
    if (!out.empty()) out += '.';
    append_escaped_label(out, label);
  });
  if (!good) return std::nullopt;
  return out;
}

// Whether `name` is `domain` or below it. Both lower case.
bool is_within(std::string_view name, std::string_view domain) {
  if (!name.ends_with(domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

SpfResult result_of(char qualifier) {
  switch (qualifier) {
    case '-': return SpfResult::kFail;
    case '~': return SpfResult::kSoftfail;
    case '?': return SpfResult::kNeutral;
    default: return SpfResult::kPass;
  }
}

enum class Match : std::uint8_t { kYes, kNo, kTemperror, kPermerror };

class Check {
 public:
  Check(Resolver& resolver, const SpfRequest& request, const SpfOptions& options, SpfVerdict& verdict)
      : resolver_(resolver), request_(request), options_(options), verdict_(verdict) {
    deadline_ = now() + options_.max_time.us;
    helo_ = request_.helo;
    if (helo_.size() > kMaxIdentity) helo_.remove_prefix(helo_.size() - kMaxIdentity);
    if (!helo_.empty() && helo_.back() == '.') helo_.remove_suffix(1);
  }
  void run(std::string_view local, std::string_view sender_domain);

 private:
  using Trail = std::vector<SpfStep>;
  // check_host() for `domain`. On a decision `trail` says how. `explain`: fails take the record's exp= along.
  SpfResult check_host(const std::string& domain, Trail& trail, bool explain);
  SpfResult evaluate(const SpfRecord& record, const std::string& domain, Trail& trail, bool explain);
  std::optional<SpfRecord> fetch_record(const std::string& domain, SpfResult& result);

  Match matches(const SpfTerm& term, const std::string& domain, Trail& trail);
  Match match_include(const SpfTerm& term, const std::string& domain, Trail& trail);
  Match match_a(const SpfTerm& term, const std::string& domain);
  Match match_mx(const SpfTerm& term, const std::string& domain);
  Match match_ptr(const SpfTerm& term, const std::string& domain);
  Match match_exists(const SpfTerm& term, const std::string& domain);
  Match match_names(const SpfTerm& term, const std::vector<std::string>& names);
  SpfResult follow_redirect(const SpfTerm& term, const std::string& domain, Trail& trail, bool explain);

  std::optional<std::string> expand(std::string_view text, std::string_view domain);
  std::string validated_name(std::string_view domain);
  const std::vector<std::string>& validated_names();
  void explain(const SpfRecord& record, const std::string& domain);

  bool count_lookup(const SpfTerm& term);
  bool count_void(const SpfTerm& term);
  DnsReply ask(const std::string& name, DnsType type);
  bool holds(const DnsRecord& record, const SpfTerm& term) const;
  DnsType address_type() const { return request_.client.is_v4() ? DnsType::kA : DnsType::kAaaa; }
  std::int64_t now() const { return options_.clock ? options_.clock() : steady_microseconds(); }
  bool late() const { return now() >= deadline_; }
  Match temperror(std::string problem) {
    verdict_.problem = std::move(problem);
    return Match::kTemperror;
  }
  Match permerror(std::string problem) {
    verdict_.problem = std::move(problem);
    return Match::kPermerror;
  }

  Resolver& resolver_;
  const SpfRequest& request_;
  const SpfOptions& options_;
  SpfVerdict& verdict_;
  std::int64_t deadline_ = 0;
  std::string_view helo_, local_, sender_domain_;
  std::optional<std::vector<std::string>> names_;  // of the client, validated (5.5); once per check
};

DnsReply Check::ask(const std::string& name, DnsType type) {
  if (late()) {
    DnsReply reply;
    reply.failure = "the check took over " + std::to_string(options_.max_time.us / 1'000'000) + " s";
    return reply;
  }
  return resolver_.lookup(name, type);
}

// 4.6.4: the terms that ask the DNS are counted over all records of one check.
bool Check::count_lookup(const SpfTerm& term) {
  ++verdict_.lookups;
  if (!names_ && term.kind != SpfTerm::Kind::kPtr && uses_spf_macro(term.domain, 'p')) ++verdict_.lookups;
  if (verdict_.lookups <= options_.max_lookups) return true;
  permerror("'" + term.text + "' is look-up number " + std::to_string(verdict_.lookups) + "; at most " +
            std::to_string(options_.max_lookups) + " are allowed (4.6.4)");
  return false;
}

bool Check::count_void(const SpfTerm& term) {
  if (++verdict_.void_lookups <= options_.max_void_lookups) return true;
  permerror("'" + term.text + "' is void look-up number " + std::to_string(verdict_.void_lookups) + "; at most " +
            std::to_string(options_.max_void_lookups) + " are allowed (4.6.4)");
  return false;
}

bool Check::holds(const DnsRecord& record, const SpfTerm& term) const {
  const int length = request_.client.is_v4() ? 96 + term.length4 : term.length6;
  // An AAAA record may hold an IPv4-mapped address; only A records match IPv4 clients and AAAA records the others.
  if (record.address.is_v4() != request_.client.is_v4()) return false;
  return Prefix::of(record.address, static_cast<std::uint8_t>(length)).contains(request_.client);
}

std::optional<std::string> Check::expand(std::string_view text, std::string_view domain) {
  SpfMacroValues values;
  values.local = local_;
  values.sender_domain = sender_domain_;
  values.domain = domain;
  values.helo = helo_;
  values.receiver = request_.receiver;
  values.client = request_.client;
  values.now = request_.now;
  values.validated_name = [this, domain] { return validated_name(domain); };
  return expand_spf_macros(text, values);
}

// The names that the client's address maps to and that map back to it (5.5), at most max_names looked at.
const std::vector<std::string>& Check::validated_names() {
  if (names_) return *names_;
  names_.emplace();
  const DnsReply pointers = ask(reverse_name(request_.client), DnsType::kPtr);
  if (pointers.state != DnsState::kPresent) return *names_;
  std::vector<DnsQuestion> questions;
  for (const DnsRecord& record : pointers.records) {
    if (questions.size() == options_.max_names) break;  // the others are ignored (4.6.4)
    questions.push_back({lower_case(record.name), address_type()});
  }
  if (late()) return *names_;
  const std::vector<DnsReply> replies = resolver_.lookup(questions);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const auto is_client = [&](const DnsRecord& record) { return record.address == request_.client; };
    if (replies[i].state == DnsState::kPresent &&
        std::any_of(replies[i].records.begin(), replies[i].records.end(), is_client))
      names_->push_back(questions[i].name);
  }
  return *names_;
}

// p (7.3): the domain itself, else a name below it, else any; "unknown" where none is valid.
std::string Check::validated_name(std::string_view domain) {
  const std::vector<std::string>& names = validated_names();
  const std::string wanted = question_name(domain).value_or("");
  for (const std::string& name : names)
    if (name == wanted) return name;
  for (const std::string& name : names)
    if (is_within(name, wanted)) return name;
  return names.empty() ? "unknown" : names.front();
}

std::optional<SpfRecord> Check::fetch_record(const std::string& domain, SpfResult& result) {
  const std::optional<std::string> name = question_name(domain);
  const DnsReply reply = ask(name.value_or(""), DnsType::kTxt);
  result = SpfResult::kNone;
  if (reply.state == DnsState::kFailed) {
    temperror("TXT of " + domain + ": " + reply.failure);
    result = SpfResult::kTemperror;
    return std::nullopt;
  }
  const std::string* text = nullptr;
  for (const DnsRecord& record : reply.records) {
    if (!is_spf_record(record.text)) continue;
    if (text != nullptr) {
      permerror(domain + " has more than one SPF record (4.5)");
      result = SpfResult::kPermerror;
      return std::nullopt;
    }
    text = &record.text;
  }
  if (text == nullptr) return std::nullopt;
  SpfRecord record = parse_spf(*text);
  if (record.error.empty()) return record;
  permerror("the record of " + domain + ", character " + std::to_string(record.error_offset + 1) + ", " + record.error);
  result = SpfResult::kPermerror;
  return std::nullopt;
}

SpfResult Check::check_host(const std::string& domain, Trail& trail, bool explain_fails) {
  if (!unfit_domain(domain).empty()) return SpfResult::kNone;
  SpfResult result = SpfResult::kNone;
  const std::optional<SpfRecord> record = fetch_record(domain, result);
  return record ? evaluate(*record, domain, trail, explain_fails) : result;
}

SpfResult Check::evaluate(const SpfRecord& record, const std::string& domain, Trail& trail, bool explain_fails) {
  const SpfTerm* redirect = nullptr;
  for (const SpfTerm& term : record.terms) {
    if (term.kind == SpfTerm::Kind::kRedirect) redirect = &term;
    if (term.kind == SpfTerm::Kind::kRedirect || term.kind == SpfTerm::Kind::kExp ||
        term.kind == SpfTerm::Kind::kUnknownModifier)
      continue;
    Trail inner;
    const Match match = matches(term, domain, inner);
    if (match == Match::kNo) continue;
    if (match == Match::kTemperror) return SpfResult::kTemperror;
    if (match == Match::kPermerror) return SpfResult::kPermerror;
    trail.push_back({domain, term.text});
    trail.insert(trail.end(), inner.begin(), inner.end());
    const SpfResult result = result_of(term.qualifier);
    if (result == SpfResult::kFail && explain_fails) explain(record, domain);
    return result;
  }
  if (redirect != nullptr) return follow_redirect(*redirect, domain, trail, explain_fails);
  return SpfResult::kNeutral;  // 4.7
}

// 6.1: the other record takes this one's place; none there, or a name that is none, is a permerror.
SpfResult Check::follow_redirect(const SpfTerm& term, const std::string& domain, Trail& trail, bool explain_fails) {
  if (!count_lookup(term)) return SpfResult::kPermerror;
  const std::optional<std::string> target = expand(term.domain, domain);
  const std::string name = target ? lower_case(shortened(*target)) : "";
  Trail inner;
  const SpfResult result = check_host(name, inner, explain_fails);
  if (result == SpfResult::kNone) {
    permerror("'" + term.text + "' of " + domain + " leads to a domain without a record (6.1)");
    return SpfResult::kPermerror;
  }
  if (!inner.empty()) {
    trail.push_back({domain, term.text});
    trail.insert(trail.end(), inner.begin(), inner.end());
  }
  return result;
}

Match Check::matches(const SpfTerm& term, const std::string& domain, Trail& trail) {
  using Kind = SpfTerm::Kind;
  if (term.kind == Kind::kAll) return Match::kYes;
  if (term.kind == Kind::kIp4 || term.kind == Kind::kIp6) {
    // An IPv4-mapped client is an IPv4 client (5), which ip6 never matches.
    if (request_.client.is_v4() != (term.kind == Kind::kIp4)) return Match::kNo;
    return term.network.contains(request_.client) ? Match::kYes : Match::kNo;
  }
  if (!count_lookup(term)) return Match::kPermerror;
  switch (term.kind) {
    case Kind::kInclude: return match_include(term, domain, trail);
    case Kind::kA: return match_a(term, domain);
    case Kind::kMx: return match_mx(term, domain);
    case Kind::kPtr: return match_ptr(term, domain);
    default: return match_exists(term, domain);
  }
}

Match Check::match_include(const SpfTerm& term, const std::string& domain, Trail& trail) {
  const std::optional<std::string> target = expand(term.domain, domain);
  const std::string name = target ? lower_case(shortened(*target)) : "";
  switch (check_host(name, trail, false)) {
    case SpfResult::kPass: return Match::kYes;
    case SpfResult::kTemperror: return Match::kTemperror;
    case SpfResult::kPermerror: return Match::kPermerror;
    case SpfResult::kNone: return permerror("'" + term.text + "' of " + domain + ": there is no SPF record (5.2)");
    default: trail.clear(); return Match::kNo;
  }
}

Match Check::match_a(const SpfTerm& term, const std::string& domain) {
  const std::optional<std::string> target = term.domain.empty() ? domain : expand(term.domain, domain);
  const std::optional<std::string> name = target ? question_name(*target) : std::nullopt;
  if (!name) return Match::kNo;
  return match_names(term, {*name});
}

// Whether one of the names has an address within the term's prefix. Void where none of them has any.
Match Check::match_names(const SpfTerm& term, const std::vector<std::string>& names) {
  std::vector<DnsQuestion> questions;
  for (const std::string& name : names) questions.push_back({name, address_type()});
  if (late()) return temperror("'" + term.text + "': the check took too long");
  const std::vector<DnsReply> replies = resolver_.lookup(questions);
  bool any = false;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    // Those before it in order decide first, as if they were asked one after the other.
    if (replies[i].state == DnsState::kFailed)
      return temperror("'" + term.text + "': " + std::string(to_string(address_type())) + " of " + names[i] + ": " +
                       replies[i].failure);
    any |= replies[i].state == DnsState::kPresent;
    for (const DnsRecord& record : replies[i].records)
      if (holds(record, term)) return Match::kYes;
  }
  if (!any && !count_void(term)) return Match::kPermerror;
  return Match::kNo;
}

Match Check::match_mx(const SpfTerm& term, const std::string& domain) {
  const std::optional<std::string> target = term.domain.empty() ? domain : expand(term.domain, domain);
  const std::optional<std::string> name = target ? question_name(*target) : std::nullopt;
  if (!name) return Match::kNo;
  const DnsReply reply = ask(*name, DnsType::kMx);
  if (reply.state == DnsState::kFailed) return temperror("'" + term.text + "': MX of " + *name + ": " + reply.failure);
  if (reply.state == DnsState::kAbsent) return count_void(term) ? Match::kNo : Match::kPermerror;
  std::vector<std::string> names;
  for (const DnsRecord& record : reply.records)
    if (!record.name.empty()) names.push_back(record.name);  // a null MX (RFC 7505) names the root: no host
  if (names.size() > options_.max_names)
    return permerror("'" + term.text + "': " + *name + " has " + std::to_string(names.size()) +
                     " MX records; at most " + std::to_string(options_.max_names) + " are looked up (4.6.4)");
  return names.empty() ? Match::kNo : match_names(term, names);
}

Match Check::match_ptr(const SpfTerm& term, const std::string& domain) {
  const std::optional<std::string> target = term.domain.empty() ? domain : expand(term.domain, domain);
  const std::optional<std::string> name = target ? question_name(*target) : std::nullopt;
  if (!name) return Match::kNo;
  for (const std::string& valid : validated_names())
    if (is_within(valid, *name)) return Match::kYes;
  return Match::kNo;
}

Match Check::match_exists(const SpfTerm& term, const std::string& domain) {
  const std::optional<std::string> target = expand(term.domain, domain);
  const std::optional<std::string> name = target ? question_name(*target) : std::nullopt;
  if (!name) return Match::kNo;
  const DnsReply reply = ask(*name, DnsType::kA);  // A for IPv6 clients, too (5.7)
  if (reply.state == DnsState::kFailed) return temperror("'" + term.text + "': A of " + *name + ": " + reply.failure);
  if (reply.state == DnsState::kPresent) return Match::kYes;
  return count_void(term) ? Match::kNo : Match::kPermerror;
}

// 6.2: whatever goes wrong, there is no explanation. Its look-ups do not count.
void Check::explain(const SpfRecord& record, const std::string& domain) {
  const auto exp = std::find_if(record.terms.begin(), record.terms.end(),
                                [](const SpfTerm& term) { return term.kind == SpfTerm::Kind::kExp; });
  if (exp == record.terms.end()) return;
  const std::optional<std::string> target = expand(exp->domain, domain);
  const std::optional<std::string> name = target ? question_name(*target) : std::nullopt;
  if (!name) return;
  const DnsReply reply = ask(*name, DnsType::kTxt);
  if (reply.state != DnsState::kPresent || reply.records.size() != 1) return;
  const std::string& text = reply.records.front().text;
  if (check_spf_macros(text, true, true)) return;
  const std::optional<std::string> words = expand(text, domain);
  if (!words) return;
  // A local part may hold anything; what goes into an SMTP reply may not (6.2: US-ASCII).
  if (std::all_of(words->begin(), words->end(), [](char c) { return c >= 0x20 && c <= 0x7E; }))
    verdict_.explanation = *words;
}

void Check::run(std::string_view local, std::string_view sender_domain) {
  local_ = local;
  sender_domain_ = sender_domain;
  verdict_.result = check_host(verdict_.domain, verdict_.trail, true);
  if (verdict_.trail.empty()) return;
  // What decided in the sender's own words: the last step that is neither a redirect nor inside an include.
  for (const SpfStep& step : verdict_.trail) {
    verdict_.mechanism = step.mechanism;
    verdict_.matched_in = step.domain;
    if (!lower_case(step.mechanism).starts_with("redirect=")) break;
  }
}

}  // namespace

std::string_view to_string(SpfResult result) {
  constexpr std::array<std::string_view, 7> kNames = {"none",     "neutral",   "pass",     "fail",
                                                      "softfail", "temperror", "permerror"};
  return kNames[static_cast<std::size_t>(result)];
}

SpfVerdict check_spf(Resolver& resolver, const SpfRequest& request, const SpfOptions& options) {
  SpfVerdict verdict;
  std::string_view sender = request.mail_from, local = "postmaster";
  verdict.identity = sender.empty() ? "helo" : "mailfrom";
  if (sender.empty()) {
    sender = request.helo;  // 2.4: postmaster@helo
  } else if (const std::size_t at = sender.rfind('@'); at != std::string_view::npos) {
    if (at > 0) local = sender.substr(0, at);  // 4.3
    sender.remove_prefix(at + 1);
  }
  // Two "@" outside of quotes: no server takes such a path, but a stored message may hold it, and readers find
  // different domains in it.
  const bool quoted = local.size() > 1 && local.front() == '"' && local.back() == '"';
  if (!quoted && local.find('@') != std::string_view::npos) {
    verdict.problem = "the reverse path can be read as more than one address";
    return verdict;
  }
  if (!sender.empty() && sender.back() == '.') sender.remove_suffix(1);
  verdict.domain = lower_case(sender.substr(0, kMaxIdentity));
  if (local.size() + sender.size() > kMaxIdentity) {
    verdict.problem = "the identity is longer than any path can be";
    return verdict;
  }
  // RFC 8616 4: U-labels become A-labels before anything is asked.
  const auto is_wide = [](char c) { return static_cast<unsigned char>(c) > 0x7F; };
  if (std::any_of(verdict.domain.begin(), verdict.domain.end(), is_wide)) {
    const std::string ascii = normalised_domain(verdict.domain);
    if (!ascii.empty()) verdict.domain = ascii;
    sender = verdict.domain;
  }
  verdict.problem = unfit_domain(verdict.domain);
  if (!verdict.problem.empty()) return verdict;
  Check(resolver, request, options, verdict).run(local, sender);
  return verdict;
}

}  // namespace rw
