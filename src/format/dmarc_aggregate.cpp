// Reading DMARC aggregate reports as reporters write them, record by record.
#include "format/dmarc_aggregate.h"

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "format/xml_scanner.h"
#include "model/escape.h"

namespace rw {
namespace {

// Elements by their local name, in the words of RFC 7489 appendix C and RFC 9990 appendix A.
enum class Element : std::uint8_t {
  kUnknown,
  kFeedback,
  kReportMetadata,
  kDateRange,
  kPolicyPublished,
  kRecord,
  kRow,
  kPolicyEvaluated,
  kReason,
  kIdentifiers,
  kAuthResults,
  kDkim,
  kSpf,  // containers; dkim and spf are values inside of policy_evaluated
  kOrgName,
  kEmail,
  kReportId,
  kBegin,
  kEnd,
  kDomain,
  kP,
  kSp,
  kNp,
  kAdkim,
  kAspf,
  kPct,
  kTesting,
  kDiscoveryMethod,
  kSourceIp,
  kCount,
  kDisposition,
  kType,
  kComment,
  kHeaderFrom,
  kEnvelopeFrom,
  kEnvelopeTo,
  kSelector,
  kScope,
  kResult
};

struct Name {
  std::string_view text;
  Element element;
};
// In order of length: most names are told apart by it.
constexpr Name kNames[] = {
    {"p", Element::kP},
    {"sp", Element::kSp},
    {"np", Element::kNp},
    {"spf", Element::kSpf},
    {"row", Element::kRow},
    {"end", Element::kEnd},
    {"pct", Element::kPct},
    {"dkim", Element::kDkim},
    {"type", Element::kType},
    {"aspf", Element::kAspf},
    {"count", Element::kCount},
    {"scope", Element::kScope},
    {"begin", Element::kBegin},
    {"email", Element::kEmail},
    {"adkim", Element::kAdkim},
    {"record", Element::kRecord},
    {"domain", Element::kDomain},
    {"result", Element::kResult},
    {"reason", Element::kReason},
    {"testing", Element::kTesting},
    {"comment", Element::kComment},
    {"selector", Element::kSelector},
    {"feedback", Element::kFeedback},
    {"org_name", Element::kOrgName},
    {"source_ip", Element::kSourceIp},
    {"report_id", Element::kReportId},
    {"date_range", Element::kDateRange},
    {"identities", Element::kIdentifiers},
    {"header_from", Element::kHeaderFrom},
    {"disposition", Element::kDisposition},
    {"identifiers", Element::kIdentifiers},
    {"envelope_to", Element::kEnvelopeTo},
    {"auth_results", Element::kAuthResults},
    {"envelope_from", Element::kEnvelopeFrom},
    {"report_metadata", Element::kReportMetadata},
    {"policy_published", Element::kPolicyPublished},
    {"policy_evaluated", Element::kPolicyEvaluated},
    {"discovery_method", Element::kDiscoveryMethod},
};

// Where the names of each length begin in kNames, and where those of the longest end.
constexpr std::size_t kLongestName = 16;
constexpr auto kFirstOfLength = [] {
  std::array<std::uint8_t, kLongestName + 2> first{};
  for (std::size_t length = 0; length < first.size(); ++length)
    for (const Name& one : kNames) first[length] += one.text.size() < length ? 1 : 0;
  return first;
}();

Element element_of(std::string_view name) {
  if (name.size() > kLongestName) return Element::kUnknown;
  for (std::size_t i = kFirstOfLength[name.size()]; i < kFirstOfLength[name.size() + 1]; ++i)
    if (kNames[i].text == name) return kNames[i].element;
  return Element::kUnknown;
}

bool is_container(Element element) { return element >= Element::kFeedback && element <= Element::kSpf; }

// Bounds: each is far above what reporters send, and keeps a hostile report from holding much.
constexpr std::size_t kMaxDepth = 32;       // of open elements; the schema has 6
constexpr std::size_t kMaxValue = 1024;     // characters of a value that are kept
constexpr std::size_t kMaxSignatures = 50;  // of one record: RFC 9990 allows 100, none has over a dozen
constexpr std::size_t kMaxReasons = 20;
constexpr std::size_t kMaxHeld = 20'000;  // records before metadata and policy: the order is wrong, or they are missing
constexpr std::size_t kMaxHeldBytes = 16 << 20;

constexpr std::string_view kDispositions[] = {"none", "quarantine", "reject", "pass"};
constexpr std::string_view kPolicies[] = {"none", "quarantine", "reject"};
constexpr std::string_view kModes[] = {"r", "s"};
constexpr std::string_view kAlignments[] = {"pass", "fail"};
constexpr std::string_view kOtherResults[] = {"none",      "neutral",   "softfail", "hardfail",
                                              "temperror", "permerror", "policy",   "unknown"};
constexpr std::string_view kResults[] = {"none",      "pass",      "fail",   "neutral", "softfail",
                                         "temperror", "permerror", "policy", "hardfail"};
constexpr std::string_view kReasons[] = {"forwarded",    "sampled_out", "trusted_forwarder", "mailing_list",
                                         "local_policy", "other",       "policy_test_mode"};
constexpr std::string_view kScopes[] = {"mfrom", "helo"};
constexpr std::string_view kYesNo[] = {"y", "n"};
constexpr std::string_view kDiscoveries[] = {"psl", "treewalk"};

struct Signature {
  std::string domain, selector, result;
};
struct Spf {
  std::string domain, scope, result;
};
struct Reason {
  std::string type, comment;
};
struct Record {
  std::uint64_t offset = 0;
  std::string source, count, disposition, dkim, spf, header_from, envelope_from, envelope_to;
  unsigned identifiers = 0;
  std::vector<Signature> signatures;
  std::vector<Spf> spfs;
  std::vector<Reason> reasons;

  void clear(std::uint64_t at) {
    offset = at;
    for (std::string* text : {&source, &count, &disposition, &dkim, &spf, &header_from, &envelope_from, &envelope_to})
      text->clear();
    identifiers = 0;
    signatures.clear(), spfs.clear(), reasons.clear();
  }
  std::size_t bytes() const {
    std::size_t sum =
        sizeof *this + source.size() + count.size() + header_from.size() + envelope_from.size() + envelope_to.size();
    for (const Signature& one : signatures)
      sum += sizeof one + one.domain.size() + one.selector.size() + one.result.size();
    for (const Spf& one : spfs) sum += sizeof one + one.domain.size();
    for (const Reason& one : reasons) sum += sizeof one + one.type.size() + one.comment.size();
    return sum;
  }
};

struct Head {
  std::string org_name, email, report_id, begin, end;                   // report_metadata
  std::string domain, p, sp, np, adkim, aspf, pct, testing, discovery;  // policy_published
};

class AggregateReader {
 public:
  AggregateReader(DecodeContext& context, const ReportOrigin& origin)
      : context_(context), scanner_(context.input), rows_(context, origin), name_(parse_report_name(origin.name)) {}

  Result<void> run(std::uint64_t& rows);

 private:
  struct Open {
    Element element;
    bool container;
  };

  void open(std::string_view name);
  void close(std::string_view name);
  void pop();
  void text(std::string_view text);
  void assign(Element element);
  std::string* slot(Element element);
  std::string* record_slot(Element element);
  Element container() const;
  void end_record();

  bool settle();
  void emit(const Record& record);
  void emit_held();
  void fill_authentication(const Record& record, MailRow& row);
  void fill_signatures(const Record& record, MailRow& row);
  void fill_reasons(const Record& record, MailRow& row);
  std::string_view enumerated(std::string_view text, std::span<const std::string_view> values, const char* code);
  std::string_view alignment(std::string_view text, const char* code);
  std::string_view safe(std::string_view text);

  DecodeContext& context_;
  XmlScanner scanner_;
  ReportRows rows_;
  ReportName name_;
  std::vector<Open> stack_;
  std::size_t ignored_depth_ = 0;  // elements beyond kMaxDepth that are open
  std::string value_;              // of the innermost value that is open
  std::uint64_t value_at_ = 0;
  bool feedback_ = false;
  bool in_record_ = false;
  bool metadata_ended_ = false, policy_ended_ = false;
  bool bad_utf8_ = false;
  Head head_;
  Record record_;
  std::deque<Record> held_;
  std::size_t held_bytes_ = 0;
  bool settled_ = false;

  // Of the rows of this report, safe to keep.
  std::int64_t begin_ = 0, end_ = 0;
  std::string domain_, reporter_, reporter_address_, report_id_;
  std::optional<std::uint8_t> pct_;
  MailRow base_;
  // Of one row.
  TextSlots slots_;
  std::string header_from_, envelope_from_, envelope_to_, spf_domain_, dkim_domain_, others_, comment_;
};

Element AggregateReader::container() const {
  for (auto it = stack_.rbegin(); it != stack_.rend(); ++it)
    if (it->container) return it->element;
  return Element::kUnknown;
}

void AggregateReader::open(std::string_view name) {
  Element element = element_of(name);
  if (stack_.size() >= kMaxDepth) {
    if (ignored_depth_++ == 0) rows_.weird("too-deep");
    return;
  }
  const Element around = container();
  // A value has no elements inside: it was not closed.
  if (!stack_.empty() && !stack_.back().container && stack_.back().element != Element::kUnknown &&
      element != Element::kUnknown) {
    rows_.at(scanner_.offset());
    rows_.weird("unclosed-element", name);
    pop();
  }
  bool is_open_container = is_container(element);
  switch (element) {
    case Element::kFeedback: feedback_ = true; break;
    case Element::kRecord:
      // The one before was not closed.
      if (in_record_) end_record();
      in_record_ = true;
      record_.clear(scanner_.offset());
      break;
    case Element::kIdentifiers: ++record_.identifiers; break;
    case Element::kDkim:
      is_open_container = around != Element::kPolicyEvaluated && around != Element::kRow && around != Element::kReason;
      if (is_open_container && record_.signatures.size() < kMaxSignatures) record_.signatures.emplace_back();
      break;
    case Element::kSpf:
      is_open_container = around != Element::kPolicyEvaluated && around != Element::kRow && around != Element::kReason;
      if (is_open_container && record_.spfs.size() < kMaxSignatures) record_.spfs.emplace_back();
      break;
    case Element::kReason:
      if (record_.reasons.size() < kMaxReasons) record_.reasons.emplace_back();
      break;
    default: break;
  }
  stack_.push_back({element, is_open_container});
  value_.clear();
  value_at_ = scanner_.offset();
  if (scanner_.empty_element()) pop();
}

// Closes the innermost element, and takes its value.
void AggregateReader::pop() {
  const Open top = stack_.back();
  stack_.pop_back();
  if (!top.container || top.element == Element::kReason) assign(top.element);
  value_.clear();
  switch (top.element) {
    case Element::kReportMetadata: metadata_ended_ = true; break;
    case Element::kPolicyPublished: policy_ended_ = true; break;
    case Element::kRecord:
      if (in_record_) end_record();
      break;
    default: break;
  }
}

void AggregateReader::close(std::string_view name) {
  if (ignored_depth_ > 0) {
    --ignored_depth_;
    return;
  }
  const Element element = element_of(name);
  std::size_t at = stack_.size();
  while (at > 0 && stack_[at - 1].element != element) --at;
  // An end without a beginning, or one that would close the record from inside of a value of another kind.
  if (at == 0) {
    rows_.at(scanner_.offset());
    if (element != Element::kUnknown) rows_.weird("stray-end-tag", name);
    return;
  }
  if (at < stack_.size() && stack_.back().element != Element::kUnknown) {
    rows_.at(scanner_.offset());
    rows_.weird("unclosed-element", name);
  }
  while (stack_.size() >= at) pop();
}

void AggregateReader::text(std::string_view text) {
  if (stack_.empty()) return;
  const Open& top = stack_.back();
  if (top.element == Element::kUnknown || (top.container && top.element != Element::kReason)) return;
  if (scanner_.stray_markup()) {
    rows_.at(scanner_.offset());
    rows_.weird("stray-markup", trimmed(text));
  }
  if (value_.empty()) text = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  value_ += text.substr(0, kMaxValue - std::min(kMaxValue, value_.size()));
}

std::string* AggregateReader::record_slot(Element element) {
  const Element around = container();
  switch (element) {
    case Element::kSourceIp: return &record_.source;
    case Element::kCount: return &record_.count;
    case Element::kDisposition: return &record_.disposition;
    case Element::kDkim: return &record_.dkim;
    case Element::kSpf: return &record_.spf;
    case Element::kHeaderFrom: return &record_.header_from;
    case Element::kEnvelopeFrom: return &record_.envelope_from;
    case Element::kEnvelopeTo: return &record_.envelope_to;
    case Element::kType: return record_.reasons.empty() ? nullptr : &record_.reasons.back().type;
    case Element::kReason: return record_.reasons.empty() ? nullptr : &record_.reasons.back().type;
    case Element::kComment: return record_.reasons.empty() ? nullptr : &record_.reasons.back().comment;
    default: break;
  }
  if (around == Element::kDkim && !record_.signatures.empty()) {
    Signature& signature = record_.signatures.back();
    if (element == Element::kDomain) return &signature.domain;
    if (element == Element::kSelector) return &signature.selector;
    if (element == Element::kResult) return &signature.result;
  }
  if (around == Element::kSpf && !record_.spfs.empty()) {
    Spf& spf = record_.spfs.back();
    if (element == Element::kDomain) return &spf.domain;
    if (element == Element::kScope) return &spf.scope;
    if (element == Element::kResult) return &spf.result;
  }
  return nullptr;
}

// Where a value belongs, as what stands around it says; null: nowhere that we keep.
std::string* AggregateReader::slot(Element element) {
  if (in_record_) return record_slot(element);
  switch (element) {
    case Element::kOrgName: return &head_.org_name;
    case Element::kEmail: return &head_.email;
    case Element::kReportId: return &head_.report_id;
    case Element::kBegin: return &head_.begin;
    case Element::kEnd: return &head_.end;
    case Element::kDomain: return &head_.domain;
    case Element::kP: return &head_.p;
    case Element::kSp: return &head_.sp;
    case Element::kNp: return &head_.np;
    case Element::kAdkim: return &head_.adkim;
    case Element::kAspf: return &head_.aspf;
    case Element::kPct: return &head_.pct;
    case Element::kTesting: return &head_.testing;
    case Element::kDiscoveryMethod: return &head_.discovery;
    default: return nullptr;
  }
}

void AggregateReader::assign(Element element) {
  const std::string_view value = trimmed(value_);
  if (value.empty()) return;
  std::string* to = slot(element);
  if (to == nullptr) return;
  if (!bad_utf8_ && !is_plain_ascii(value) && !valid_utf8(value)) {
    bad_utf8_ = true;  // once a report: it is the reporter's encoding that is wrong
    rows_.at(value_at_);
    rows_.weird("bad-utf8", value);
  }
  if (to->empty()) {
    to->assign(value);
  } else if (*to != value) {  // said twice and differently: the first stands
    rows_.at(value_at_);
    rows_.weird("contradicting-values", value);
  }
}

void AggregateReader::end_record() {
  in_record_ = false;
  if (record_.identifiers > 1) {
    rows_.at(record_.offset);
    rows_.weird("several-identifiers");
  }
  if (settled_ || (metadata_ended_ && policy_ended_ && held_.empty())) {
    if (settle()) emit(record_);
    return;
  }
  held_bytes_ += record_.bytes();
  held_.push_back(record_);
}

std::string_view AggregateReader::safe(std::string_view text) { return slots_.escaped(text); }

// One of `values`, or nothing; a value that is none of them is told.
std::string_view AggregateReader::enumerated(std::string_view text, std::span<const std::string_view> values,
                                             const char* code) {
  if (text.empty()) return {};
  const std::string_view found = one_of(text, values);
  if (found.empty()) rows_.weird(code, text);
  return found;
}

// What metadata and policy say, once for all rows. False: no row can be placed in time, or told whose it is.
bool AggregateReader::settle() {
  if (settled_) return begin_ != INT64_MIN;
  settled_ = true;
  const auto time = [this](const std::string& text, std::optional<std::int64_t> named, const char* code) {
    std::int64_t us = 0;
    if (!text.empty() && read_time(text, us)) return std::optional(us);
    if (!text.empty()) rows_.weird(code, text);
    return named;
  };
  std::optional<std::int64_t> begin = time(head_.begin, name_.begin, "bad-period");
  std::optional<std::int64_t> end = time(head_.end, name_.end, "bad-period");
  if (!begin && !end && rows_.origin().message_time) {
    rows_.weird("missing-period", "the time of the message stands for it");
    begin = rows_.origin().message_time;
  }
  if (!begin) begin = end;
  if (!end) end = begin;
  begin_ = begin.value_or(INT64_MIN);
  end_ = end.value_or(INT64_MIN);
  if (end_ < begin_) {
    rows_.weird("bad-period", head_.begin + " to " + head_.end);
    std::swap(begin_, end_);
  }
  if (!head_.domain.empty() && !report_domain(head_.domain, domain_)) rows_.weird("bad-domain", head_.domain);
  if (domain_.empty()) domain_ = name_.domain;
  reporter_address_ = escape_text(trimmed(head_.email), TextSlots::kMaxText);
  reporter_ = escape_text(head_.org_name);
  if (reporter_.empty() && !report_domain(head_.email, reporter_)) reporter_ = name_.receiver;
  if (head_.org_name.empty()) rows_.weird("missing-reporter");
  report_id_ = escape_text(head_.report_id);
  if (head_.report_id.empty()) rows_.weird("missing-report-id");
  if (std::uint8_t pct = 0; read_integer(std::string_view(head_.pct), pct) && pct <= 100)
    pct_ = pct;
  else if (!head_.pct.empty())
    rows_.weird("bad-pct", head_.pct);
  base_.time = begin_;
  base_.end_time = end_;
  base_.kind = "aggregate";
  base_.reporter = reporter_;
  if (!reporter_address_.empty()) base_.reporter_address = reporter_address_;
  if (!report_id_.empty()) base_.report_id = report_id_;
  base_.policy = enumerated(head_.p, kPolicies, "unknown-policy");
  base_.policy_subdomains = enumerated(head_.sp, kPolicies, "unknown-policy");
  base_.policy_missing = enumerated(head_.np, kPolicies, "unknown-policy");
  base_.adkim = enumerated(head_.adkim, kModes, "unknown-alignment-mode");
  base_.aspf = enumerated(head_.aspf, kModes, "unknown-alignment-mode");
  base_.testing = enumerated(head_.testing, kYesNo, "unknown-testing");
  base_.discovery = enumerated(head_.discovery, kDiscoveries, "unknown-discovery-method");
  base_.pct = pct_;
  if (begin_ == INT64_MIN) rows_.weird("missing-period", "no row can be placed in time");
  std::string identity = "aggregate";
  for (const std::string_view text :
       {std::string_view(head_.org_name), std::string_view(head_.email), std::string_view(head_.report_id)})
    (identity += '\0') += text;
  rows_.identify(identity + '\0');
  return begin_ != INT64_MIN;
}

// DMARC's own view. What is neither pass nor fail cannot have been a pass.
std::string_view AggregateReader::alignment(std::string_view text, const char* code) {
  if (text.empty()) return {};
  if (const std::string_view found = one_of(text, kAlignments); !found.empty()) return found;
  rows_.weird(code, text);
  return one_of(text, kOtherResults).empty() ? std::string_view() : "fail";
}

// Labels from the right that two names share.
std::size_t shared_labels(std::string_view a, std::string_view b) {
  std::size_t count = 0;
  while (!a.empty() && !b.empty()) {
    const std::size_t x = a.rfind('.'), y = b.rfind('.');
    const std::string_view last_a = x == std::string_view::npos ? a : a.substr(x + 1);
    const std::string_view last_b = y == std::string_view::npos ? b : b.substr(y + 1);
    if (last_a != last_b) break;
    ++count;
    a = x == std::string_view::npos ? std::string_view() : a.substr(0, x);
    b = y == std::string_view::npos ? std::string_view() : b.substr(0, y);
  }
  return count;
}

// The signature that counts. Formats know no public suffixes; where DMARC saw an aligned pass, the aligned one is the
// pass whose domain is nearest to the author's.
void AggregateReader::fill_signatures(const Record& record, MailRow& row) {
  if (record.signatures.empty()) return;
  std::size_t best = 0, best_score = 0;
  std::string domain;
  for (std::size_t i = 0; i < record.signatures.size(); ++i) {
    const Signature& one = record.signatures[i];
    const bool pass = one_of(one.result, kAlignments) == "pass";
    report_domain(one.domain, domain);
    const std::size_t score = pass ? 2 + (row.dkim_aligned == "pass" ? 2 * shared_labels(domain, header_from_) : 0) : 1;
    if (score > best_score) best = i, best_score = score;
  }
  const Signature& counts = record.signatures[best];
  if (report_domain(counts.domain, dkim_domain_))
    row.dkim_domain = dkim_domain_;
  else if (!counts.domain.empty())
    rows_.weird("bad-domain", counts.domain);
  if (!counts.selector.empty()) row.dkim_selector = safe(counts.selector);
  row.dkim_result = enumerated(counts.result, kResults, "unknown-dkim-result");
  if (row.dkim_result == "hardfail") row.dkim_result = "fail";
  others_.clear();
  for (std::size_t i = 0; i < record.signatures.size(); ++i) {
    if (i == best) continue;
    const Signature& one = record.signatures[i];
    if (!report_domain(one.domain, domain)) domain = "?";
    const std::string_view result = one_of(one.result, kResults);
    if (!others_.empty()) others_ += ' ';
    std::string selector(one.selector.substr(0, 63));
    std::replace(selector.begin(), selector.end(), ' ', '_');
    others_ += domain + "/" + (selector.empty() ? "?" : selector) + "=" + (result.empty() ? "?" : std::string(result));
  }
  if (!others_.empty()) row.dkim_others = safe(others_);
}

void AggregateReader::fill_reasons(const Record& record, MailRow& row) {
  comment_.clear();
  for (const Reason& reason : record.reasons) {
    std::string_view type = one_of(reason.type, kReasons);
    if (type.empty() && !reason.type.empty()) {
      rows_.weird("unknown-override", reason.type);
      type = "other";
    }
    if (row.override_reason.data() == nullptr && !type.empty()) row.override_reason = type;
    if (record.reasons.size() == 1) {
      comment_ = reason.comment;
    } else {  // all of them, where there are several
      if (!comment_.empty()) comment_ += "; ";
      comment_ += type;
      if (!reason.comment.empty()) (comment_ += ": ") += reason.comment;
    }
  }
  if (!comment_.empty()) row.override_comment = safe(comment_);
}

void AggregateReader::fill_authentication(const Record& record, MailRow& row) {
  row.dkim_aligned = alignment(record.dkim, "unknown-dkim-alignment");
  row.spf_aligned = alignment(record.spf, "unknown-spf-alignment");
  fill_signatures(record, row);
  if (record.spfs.empty()) return;
  // RFC 9990 wants the MAIL FROM identity only; older reports may hold HELO beside it.
  const Spf* counts = &record.spfs.front();
  for (const Spf& one : record.spfs)
    if (one_of(one.scope, kScopes) != "helo") {
      counts = &one;
      break;
    }
  if (report_domain(counts->domain, spf_domain_))
    row.spf_domain = spf_domain_;
  else if (!counts->domain.empty())
    rows_.weird("bad-domain", counts->domain);
  row.spf_scope = enumerated(counts->scope, kScopes, "unknown-spf-scope");
  row.spf_result = enumerated(counts->result, kResults, "unknown-spf-result");
  if (row.spf_result == "hardfail") row.spf_result = "fail";
}

void AggregateReader::emit(const Record& record) {
  rows_.at(record.offset);
  if (record.source.empty() && record.count.empty() && record.header_from.empty()) return rows_.weird("empty-record");
  slots_.clear();
  MailRow row = base_;
  Ip source;
  std::string_view address = trimmed(record.source);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  if (read_address(address, source))
    row.source = source;
  else
    rows_.weird(address.empty() ? "missing-source" : "bad-source", address);
  // A record is about one message at least; how many more, nobody knows.
  if (!read_integer(trimmed(record.count), row.messages) || row.messages < 0) {
    rows_.weird(record.count.empty() ? "missing-count" : "bad-count", record.count);
    row.messages = 1;
  }
  row.disposition = enumerated(record.disposition, kDispositions, "unknown-disposition");
  const auto domain = [&](const std::string& text, std::string& to, std::string_view& column) {
    if (report_domain(text, to))
      column = to;
    else if (!text.empty() && text != "<>")  // the reverse path of a bounce is empty
      rows_.weird("bad-domain", text);
  };
  domain(record.header_from, header_from_, row.header_from);
  domain(record.envelope_from, envelope_from_, row.envelope_from);
  domain(record.envelope_to, envelope_to_, row.envelope_to);
  if (record.header_from.empty()) rows_.weird("missing-header-from");
  row.domain = domain_.empty() ? std::string_view(header_from_) : std::string_view(domain_);
  if (row.domain.empty()) return rows_.weird("missing-domain");
  fill_authentication(record, row);
  fill_reasons(record, row);
  rows_.add(row);
}

void AggregateReader::emit_held() {
  for (const Record& record : held_) emit(record);
  held_.clear();
  held_bytes_ = 0;
}

Result<void> AggregateReader::run(std::uint64_t& rows) {
  for (XmlToken token = scanner_.next(); token != XmlToken::kEnd; token = scanner_.next()) {
    switch (token) {
      case XmlToken::kOpen: open(scanner_.name()); break;
      case XmlToken::kClose: close(scanner_.name()); break;
      case XmlToken::kText: text(scanner_.text()); break;
      case XmlToken::kEnd: break;
    }
    if (!context_.emitter.status()) return {};
    if (held_.size() > kMaxHeld || held_bytes_ > kMaxHeldBytes) {
      if (!settle())
        return Failure(ErrorCode::kLimit, "over 20,000 records come before the report says what period it is about");
      emit_held();
    }
  }
  const bool broken = !scanner_.status() || !stack_.empty() || scanner_.cut();
  const bool begun = !head_.domain.empty() || !head_.report_id.empty() || feedback_;
  // A record that was cut off may lack what makes it fail or pass: it is left out.
  if (in_record_ && broken) {
    rows_.at(record_.offset);
    rows_.weird("unfinished-record");
    in_record_ = false;
  } else if (in_record_) {
    end_record();
  }
  if (begun && !held_.empty() && settle()) emit_held();
  rows_.finish();
  rows = rows_.rows();
  if (!scanner_.status()) return Failure(scanner_.status().error());
  if (broken && begun) {
    rows_.at(scanner_.offset());
    rows_.weird("unfinished-xml");
  }
  if (!begun) return Failure(ErrorCode::kUnsupported, "is XML, but no DMARC report");
  if (rows == 0 && !broken) context_.emitter.skipped("report-without-records");
  return {};
}

int detect(Bytes head, std::string_view) { return looks_like_dmarc_aggregate(head); }

Result<void> decode(DecodeContext& context) {
  ReportOrigin origin;
  origin.name = context.emitter.source();
  std::uint64_t rows = 0;
  return decode_dmarc_aggregate(context, origin, rows);
}

}  // namespace

int looks_like_dmarc_aggregate(Bytes head) {
  std::string_view text = as_text(head);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (!text.starts_with('<')) return 0;
  const auto begins = [&](std::string_view element) {
    for (std::size_t at = text.find(element); at != std::string_view::npos; at = text.find(element, at + 1)) {
      const char before = at == 0 ? ' ' : text[at - 1];
      const char after = at + element.size() < text.size() ? text[at + element.size()] : '>';
      if ((before == '<' || before == ':') &&
          (after == '>' || after == ' ' || after == '\n' || after == '\r' || after == '\t'))
        return true;
    }
    return false;
  };
  if (begins("feedback")) return begins("report_metadata") || begins("policy_published") ? 97 : 80;
  return begins("report_metadata") || begins("policy_published") ? 75 : 0;
}

Result<void> decode_dmarc_aggregate(DecodeContext& context, const ReportOrigin& origin, std::uint64_t& rows) {
  return AggregateReader(context, origin).run(rows);
}

extern constinit const Format kDmarcAggregateFormat{
    "dmarc-aggregate",
    "DMARC aggregate report, XML",
    "mail_rows",
    "RFC 7489 and RFC 9990, with or without namespaces, and older drafts: one row for each record, with what the "
    "receiver saw of DKIM and SPF and the policy that it found. Reporters leave out, misorder and misspell much: what "
    "is certain is taken, what was wrong is kept in weird with its place. A report that comes twice is taken once. "
    "Documents that declare types or entities are refused.",
    detect,
    decode};

}  // namespace rw
