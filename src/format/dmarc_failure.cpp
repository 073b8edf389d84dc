// Failure reports: fields of a feedback report, or sentences that say the same.
#include "format/dmarc_failure.h"

#include <algorithm>
#include <array>
#include <vector>

#include "message/address.h"
#include "model/escape.h"

namespace rw {
namespace {

constexpr std::size_t kMaxFeedback = 64 << 10;  // bytes of the machine-readable part; real ones have under 2 kB
constexpr std::size_t kMaxWords = 16 << 10;     // bytes of a text in which a report may be told
constexpr std::size_t kMaxSample = 256 << 10;   // bytes of the header of the message it is about

constexpr std::string_view kPassFail[] = {"pass", "fail"};
constexpr std::string_view kPolicies[] = {"none", "quarantine", "reject"};
constexpr std::string_view kSpfResults[] = {"none", "pass", "fail", "neutral", "softfail", "temperror", "permerror"};
constexpr std::string_view kDkimResults[] = {"none", "pass", "fail", "neutral", "policy", "temperror", "permerror"};
// RFC 6591 3.3 and RFC 7489 7.3.1
constexpr std::string_view kFailures[] = {"adsp", "bodyhash", "revoked", "signature", "spf", "dmarc"};
// RFC 6591 3.2.2
constexpr std::string_view kDeliveries[] = {"delivered", "spam", "policy", "reject", "other", "smg-policy-action"};

// What a report says, gathered from fields or from words.
struct Told {
  std::string source, arrival, domain, result, delivery, mail_from, rcpt_to, alignment, incidents, reporter;
  std::string dkim_domain, dkim_selector, message_id, authentication, feedback_type;
  std::string dkim_aligned, spf_aligned;  // only words tell them apart from `alignment`
};

// One method of an Authentication-Results field (RFC 8601 2.2), as much of it as reports use.
struct MethodResult {
  std::string method, result, comment;
  std::vector<std::pair<std::string, std::string>> properties;  // "header.from", value

  std::string_view get(std::string_view name) const {
    for (const auto& [key, value] : properties)
      if (key == name) return value;
    return {};
  }
};

std::vector<MethodResult> parse_results(std::string_view body) {
  constexpr std::size_t kMost = 50;
  std::vector<MethodResult> out;
  MethodResult current;
  std::string word;
  unsigned depth = 0;
  bool quoted = false;
  const auto end_word = [&] {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos && equals > 0) {
      std::string key = word.substr(0, equals);
      key = lowered(key);
      std::string value = word.substr(equals + 1);
      if (current.method.empty())
        current.method = key.substr(0, key.find('/')), current.result = std::move(value);
      else if (current.properties.size() < kMost)
        current.properties.emplace_back(std::move(key), std::move(value));
    }
    word.clear();
  };
  const auto end_method = [&] {
    end_word();
    if (!current.method.empty() && out.size() < kMost) out.push_back(std::move(current));
    current = {};
  };
  for (const char c : body) {
    if (quoted) {
      if (c == '"')
        quoted = false;
      else
        word += c;
    } else if (c == '(') {
      ++depth;
    } else if (depth > 0) {
      if (c == ')')
        --depth;
      else
        current.comment += c;
    } else if (c == '"') {
      quoted = true;
    } else if (c == ';') {
      end_method();
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      if (!word.empty() && word.back() != '=') end_word();
    } else {
      word += c;
    }
  }
  end_method();
  return out;
}

const MethodResult* find_method(const std::vector<MethodResult>& results, std::string_view method) {
  for (const MethodResult& one : results)
    if (one.method == method) return &one;
  return nullptr;
}

// ---- from fields

void take_fields(const Message& fields, Told& told) {
  struct Field {
    std::string_view name;
    std::string Told::*to;
  };
  static constexpr Field kFields[] = {{"Feedback-Type", &Told::feedback_type},
                                      {"Source-IP", &Told::source},
                                      {"Source", &Told::source},
                                      {"Arrival-Date", &Told::arrival},
                                      {"Received-Date", &Told::arrival},
                                      {"Reported-Domain", &Told::domain},
                                      {"Auth-Failure", &Told::result},
                                      {"Delivery-Result", &Told::delivery},
                                      {"Original-Mail-From", &Told::mail_from},
                                      {"Original-Rcpt-To", &Told::rcpt_to},
                                      {"Identity-Alignment", &Told::alignment},
                                      {"Incidents", &Told::incidents},
                                      {"Reporting-MTA", &Told::reporter},
                                      {"DKIM-Domain", &Told::dkim_domain},
                                      {"DKIM-Selector", &Told::dkim_selector},
                                      {"Message-ID", &Told::message_id}};
  for (const HeaderField& field : fields.fields) {
    if (same_folded(field.name, "Authentication-Results")) {
      (told.authentication += unfolded(field.body)) += ';';
      continue;
    }
    for (const Field& one : kFields)
      if (same_folded(field.name, one.name) && (told.*one.to).empty()) told.*one.to = unfolded(field.body);
  }
}

// ---- from words

// "This is an email abuse report for an email message received from IP 192.0.2.1 on Tue, 30 Apr 2019 02:09:00 +0000."
void take_sentence(std::string_view text, Told& told) {
  constexpr std::string_view kFrom = "received from IP ";
  const std::size_t at = text.find(kFrom);
  if (at == std::string_view::npos) return;
  std::string_view rest = text.substr(at + kFrom.size());
  const std::size_t end = std::min(rest.find_first_of(" \r\n,"), rest.size());
  told.source = rest.substr(0, end);
  while (told.source.ends_with('.')) told.source.pop_back();
  rest.remove_prefix(end);
  const std::size_t on = rest.find_first_not_of(" \r\n");
  if (on == std::string_view::npos || !rest.substr(on).starts_with("on ")) return;
  rest.remove_prefix(on + 3);
  std::string_view date = rest.substr(0, std::min(rest.find_first_of("\r\n"), rest.size()));
  while (date.ends_with('.') || date.ends_with(' ')) date.remove_suffix(1);
  told.arrival = date;
}

// "Sender IP Address: 192.0.2.1" and the like, one on a line.
void take_lines(std::string_view text, Told& told) {
  struct Line {
    std::string_view name;
    std::string Told::*to;
  };
  static constexpr Line kLines[] = {{"sender domain", &Told::domain},      {"domain", &Told::domain},
                                    {"reported domain", &Told::domain},    {"sender ip address", &Told::source},
                                    {"source ip", &Told::source},          {"source-ip", &Told::source},
                                    {"ip address", &Told::source},         {"received date", &Told::arrival},
                                    {"arrival date", &Told::arrival},      {"arrival-date", &Told::arrival},
                                    {"spf alignment", &Told::spf_aligned}, {"dkim alignment", &Told::dkim_aligned},
                                    {"dmarc results", &Told::delivery},    {"message-id", &Told::message_id},
                                    {"message id", &Told::message_id}};
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    // A copy of the message's header follows: its fields are not the reporter's.
    if (line.starts_with("------") || line.find("copy of the headers") != std::string_view::npos) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon > 40) continue;
    const std::string_view name = trimmed(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    for (const Line& one : kLines)
      if (same_folded(name, one.name) && (told.*one.to).empty()) told.*one.to = value;
  }
}

// The header that follows such lines, "" where there is none.
std::string_view header_in_words(std::string_view text) {
  std::size_t at = text.find("copy of the headers");
  if (at == std::string_view::npos) at = text.find("------");
  if (at == std::string_view::npos) return {};
  at = text.find('\n', at);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = text.find_first_not_of("\r\n -", at);
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

bool told_in_words(std::string_view text) {
  Told told;
  take_sentence(text, told);
  if (!told.source.empty() && (text.find("authentication-failure report") != std::string_view::npos ||
                               text.find("abuse report") != std::string_view::npos ||
                               text.find("authentication failure report") != std::string_view::npos))
    return true;
  if (text.find("DMARC") == std::string_view::npos && text.find("dmarc") == std::string_view::npos) return false;
  told = {};
  take_lines(text, told);
  Ip ip;
  return read_address(told.source, ip) && !told.arrival.empty() && !told.domain.empty();
}

// ---- the row

class FailureRow {
 public:
  FailureRow(DecodeContext& context, const ReportOrigin& origin) : rows_(context, origin), origin_(origin) {}
  bool emit(const Told& told, const Message* sample);

 private:
  bool place(const Told& told, const std::vector<MethodResult>& results, const Message* sample);
  void authenticate(const Told& told, const std::vector<MethodResult>& results);

  ReportRows rows_;
  const ReportOrigin& origin_;
  TextSlots slots_;
  MailRow row_;
  std::string domain_, header_from_, envelope_from_, envelope_to_, spf_domain_, dkim_domain_, reporter_, delivery_;
};

bool FailureRow::place(const Told& told, const std::vector<MethodResult>& results, const Message* sample) {
  std::int64_t time = 0;
  if (!parse_mail_date(told.arrival, time) && !read_time(trimmed(told.arrival), time)) {
    if (!told.arrival.empty()) rows_.weird("bad-arrival-date", told.arrival);
    if (!origin_.message_time) {
      rows_.weird("missing-period", "no row can be placed in time");
      return false;
    }
    time = *origin_.message_time;
  }
  row_.time = row_.end_time = time;
  const MethodResult* dmarc = find_method(results, "dmarc");
  if (dmarc != nullptr) report_domain(dmarc->get("header.from"), header_from_);
  if (header_from_.empty() && sample != nullptr) header_from_ = parse_author(*sample).domain;
  if (!report_domain(told.domain, domain_)) {
    if (!told.domain.empty()) rows_.weird("bad-domain", told.domain);
    domain_ = header_from_;
  }
  if (domain_.empty()) {
    rows_.weird("missing-domain");
    return false;
  }
  row_.domain = domain_;
  if (!header_from_.empty()) row_.header_from = header_from_;
  Ip source;
  std::string_view address = trimmed(told.source);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (same_folded(address.substr(0, 5), "IPv6:")) address.remove_prefix(5);
  if (read_address(address, source))
    row_.source = source;
  else
    rows_.weird(address.empty() ? "missing-source" : "bad-source", address);
  return true;
}

void FailureRow::authenticate(const Told& told, const std::vector<MethodResult>& results) {
  if (const MethodResult* spf = find_method(results, "spf")) {
    row_.spf_result = one_of(spf->result, kSpfResults);
    const bool helo = spf->get("smtp.mailfrom").empty();
    if (report_domain(helo ? spf->get("smtp.helo") : spf->get("smtp.mailfrom"), spf_domain_)) {
      row_.spf_domain = spf_domain_;
      row_.spf_scope = helo ? "helo" : "mfrom";
    }
  }
  const MethodResult* dkim = find_method(results, "dkim");
  if (dkim != nullptr) row_.dkim_result = one_of(dkim->result, kDkimResults);
  std::string_view signer = told.dkim_domain;
  if (signer.empty() && dkim != nullptr)
    signer = !dkim->get("header.d").empty() ? dkim->get("header.d") : dkim->get("header.i");
  // "header.d=none" is how some say that there is no signature.
  if (signer != "none" && report_domain(signer, dkim_domain_)) row_.dkim_domain = dkim_domain_;
  if (!told.dkim_selector.empty())
    row_.dkim_selector = slots_.escaped(trimmed(told.dkim_selector));
  else if (dkim != nullptr && !dkim->get("header.s").empty())
    row_.dkim_selector = slots_.escaped(dkim->get("header.s"));
  const MethodResult* dmarc = find_method(results, "dmarc");
  if (dmarc != nullptr) {
    const std::size_t p = dmarc->comment.find("p=");
    if (p != std::string::npos && (p == 0 || dmarc->comment[p - 1] == ' ')) {
      const std::string_view rest = std::string_view(dmarc->comment).substr(p + 2);
      row_.policy = one_of(rest.substr(0, rest.find_first_of(" ;,")), kPolicies);
    }
  }
  // RFC 7489 7.3: the identifiers that were aligned, or "none".
  if (!told.alignment.empty()) {
    row_.dkim_aligned = told.alignment.find("dkim") != std::string::npos ? "pass" : "fail";
    row_.spf_aligned = told.alignment.find("spf") != std::string::npos ? "pass" : "fail";
  } else if (dmarc != nullptr && one_of(dmarc->result, kPassFail) == "fail") {
    row_.dkim_aligned = row_.spf_aligned = "fail";  // DMARC fails only where neither is
  }
  const auto yes_no = [](const std::string& text, std::string_view& column) {
    if (same_folded(text.substr(0, 2), "no")) column = "fail";
    if (same_folded(text.substr(0, 3), "yes")) column = "pass";
  };
  yes_no(told.dkim_aligned, row_.dkim_aligned);
  yes_no(told.spf_aligned, row_.spf_aligned);
}

bool FailureRow::emit(const Told& told, const Message* sample) {
  const std::vector<MethodResult> results = parse_results(told.authentication);
  if (!place(told, results, sample)) return false;
  row_.kind = "failure";
  if (!report_domain(told.reporter.substr(told.reporter.find(';') + 1), reporter_) &&
      !report_domain(origin_.message_from, reporter_))
    rows_.weird("missing-reporter");
  row_.reporter = reporter_;
  if (!origin_.message_from.empty()) row_.reporter_address = slots_.escaped(origin_.message_from);
  if (!origin_.message_id.empty()) row_.report_id = slots_.escaped(origin_.message_id);
  row_.messages = 1;
  if (!told.incidents.empty() && (!read_integer(trimmed(told.incidents), row_.messages) || row_.messages < 1)) {
    rows_.weird("bad-count", told.incidents);
    row_.messages = 1;
  }
  delivery_ = trimmed(told.delivery.substr(0, told.delivery.find_first_of(" ,;(")));
  row_.disposition = one_of(delivery_, kDeliveries);
  if (row_.disposition.empty()) {
    row_.disposition = one_of(delivery_, kPolicies);
    if (row_.disposition.empty() && !delivery_.empty()) rows_.weird("unknown-disposition", told.delivery);
  }
  if (row_.disposition.empty()) row_.disposition = {};
  if (report_domain(told.mail_from, envelope_from_)) row_.envelope_from = envelope_from_;
  if (report_domain(told.rcpt_to, envelope_to_)) row_.envelope_to = envelope_to_;
  row_.result = one_of(trimmed(told.result), kFailures);
  if (row_.result.empty() && !told.result.empty()) rows_.weird("unknown-failure", told.result);
  authenticate(told, results);
  std::string id = told.message_id;
  if (id.empty() && sample != nullptr)
    if (const HeaderField* field = sample->find("Message-ID")) id = unfolded(field->body);
  std::string_view bare = trimmed(id);
  if (bare.starts_with('<')) bare.remove_prefix(1);
  if (bare.ends_with('>')) bare.remove_suffix(1);
  if (!bare.empty()) row_.detail = slots_.escaped(bare);
  // Receivers send one for each message: what tells them apart is the report's own identifier, else the message's.
  rows_.identify("failure" + std::string(1, '\0') + reporter_ + '\0' + origin_.message_id + '\0' + std::string(bare) +
                 '\0');
  rows_.add(row_);
  rows_.finish();
  return true;
}

int ancestor_sample(const MimeTree& tree, int feedback) {
  const int parent = tree.parts[static_cast<std::size_t>(feedback)].parent;
  for (std::size_t i = static_cast<std::size_t>(feedback) + 1; i < tree.parts.size(); ++i) {
    const MimePart& part = tree.parts[i];
    if (part.parent == parent && (part.type == "message/rfc822" || part.type == "text/rfc822-headers" ||
                                  part.type == "message/rfc822-headers" || part.type == "message/global"))
      return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

std::optional<FailureReport> find_failure_report(const MimeTree& tree) {
  constexpr std::size_t kLook = 64;  // parts: the report is among the first
  const std::size_t count = std::min(kLook, tree.parts.size());
  for (std::size_t i = 0; i < count; ++i) {
    const MimePart& part = tree.parts[i];
    const bool typed = part.type == "message/feedback-report";
    // Some label it as text.
    const bool labelled = !typed && part.type == "text/plain" && part.body.substr(0, 2048).find("Feedback-Type:") == 0;
    if (typed || labelled) return FailureReport{static_cast<int>(i), ancestor_sample(tree, static_cast<int>(i)), false};
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(count, 4); ++i) {
    const MimePart& part = tree.parts[i];
    if (part.type != "text/plain" || part.attachment || !told_in_words(part.text(kMaxWords))) continue;
    return FailureReport{static_cast<int>(i), ancestor_sample(tree, static_cast<int>(i)), true};
  }
  return std::nullopt;
}

bool decode_dmarc_failure(DecodeContext& context, const ReportOrigin& origin, const MimeTree& tree,
                          const FailureReport& found) {
  const MimePart& part = tree.parts[static_cast<std::size_t>(found.feedback)];
  const std::string text = found.told_in_words ? part.text(kMaxWords) : part.decoded(kMaxFeedback);
  Told told;
  std::string sample_text;
  if (found.told_in_words) {
    take_sentence(text, told);
    take_lines(text, told);
    sample_text = header_in_words(text);
  } else {
    take_fields(parse_header(text), told);
    // Other kinds of feedback (abuse, fraud, not-spam …) are no concern of DMARC.
    if (const std::string_view type = trimmed(told.feedback_type);
        !type.empty() && !same_folded(type, "auth-failure")) {
      context.emitter.skipped("feedback-report-of-another-kind");
      return true;
    }
  }
  if (found.sample >= 0) {
    const MimePart& sample = tree.parts[static_cast<std::size_t>(found.sample)];
    sample_text = sample.decoded(kMaxSample);
  }
  const Message sample = parse_header(sample_text);
  return FailureRow(context, origin).emit(told, sample.fields.empty() ? nullptr : &sample);
}

}  // namespace rw
