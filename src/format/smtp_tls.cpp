// SMTP TLS reports (RFC 8460 section 4): one row for the sessions that went well, one for each kind of failure.
#include "format/smtp_tls.h"

#include <algorithm>

#include "format/json_tree.h"
#include "model/escape.h"

namespace rw {
namespace {

// A report lists policies and kinds of failure, not sessions: real ones have some kilobytes.
constexpr std::size_t kMaxReport = std::size_t{32} << 20;

constexpr std::string_view kPolicyTypes[] = {"sts", "tlsa", "no-policy-found"};
// RFC 8460 4.3
constexpr std::string_view kFailures[] = {"starttls-not-supported", "certificate-host-mismatch",
                                          "certificate-expired",    "certificate-not-trusted",
                                          "validation-failure",     "tlsa-invalid",
                                          "dnssec-invalid",         "dane-required",
                                          "sts-policy-fetch-error", "sts-policy-invalid",
                                          "sts-webpki-invalid"};
// Failures that the summary counts and no detail explains.
constexpr std::string_view kUnexplained = "failure";

class TlsReader {
 public:
  TlsReader(DecodeContext& context, const ReportOrigin& origin) : rows_(context, origin) {}

  Result<void> run(const JsonValue& report);
  ReportRows& rows() { return rows_; }

 private:
  bool head(const JsonValue& report);
  void policy(const JsonValue& policy);
  void failure(const JsonValue& detail, MailRow row, std::int64_t& explained);
  std::int64_t count(const JsonValue& value, const char* code);
  bool address(const JsonValue& value, std::optional<Ip>& out);

  ReportRows rows_;
  std::string reporter_, contact_, id_, domain_, receiver_;
  TextSlots slots_;
  MailRow base_;
};

bool TlsReader::head(const JsonValue& report) {
  const ReportName named = parse_report_name(rows_.origin().name);
  const auto time = [&](std::string_view key, std::optional<std::int64_t> by_name) -> std::optional<std::int64_t> {
    const std::string text = report["date-range"][key].text();
    std::int64_t us = 0;
    if (read_time(trimmed(text), us)) return us;
    if (!text.empty()) rows_.weird("bad-period", text);
    return by_name;
  };
  std::optional<std::int64_t> begin = time("start-datetime", named.begin);
  std::optional<std::int64_t> end = time("end-datetime", named.end);
  if (!begin && !end && rows_.origin().message_time) {
    rows_.weird("missing-period", "the time of the message stands for it");
    begin = rows_.origin().message_time;
  }
  if (!begin) begin = end;
  if (!end) end = begin;
  if (!begin) {
    rows_.weird("missing-period", "no row can be placed in time");
    return false;
  }
  base_.time = std::min(*begin, *end);
  base_.end_time = std::max(*begin, *end);
  if (*end < *begin) rows_.weird("bad-period", "ends before it begins");
  const std::string organisation = report["organization-name"].text();
  const std::string contact = report["contact-info"].text();
  const std::string id = report["report-id"].text();
  reporter_ = escape_text(trimmed(organisation));
  if (reporter_.empty()) {
    rows_.weird("missing-reporter");
    if (!report_domain(contact, reporter_)) reporter_ = named.receiver;
  }
  contact_ = escape_text(trimmed(contact));
  id_ = escape_text(trimmed(id));
  if (id_.empty()) rows_.weird("missing-report-id");
  base_.kind = "tls";
  base_.reporter = reporter_;
  if (!contact_.empty()) base_.reporter_address = contact_;
  if (!id_.empty()) base_.report_id = id_;
  domain_ = named.domain;
  rows_.identify(std::string("tls") + '\0' + organisation + '\0' + id + '\0');
  return true;
}

std::int64_t TlsReader::count(const JsonValue& value, const char* code) {
  if (const auto number = value.integer(); number && *number >= 0) return *number;
  std::int64_t number = 0;
  const std::string text = value.text();
  if (read_integer(trimmed(text), number) && number >= 0) return number;
  rows_.weird(code, text);
  return -1;
}

bool TlsReader::address(const JsonValue& value, std::optional<Ip>& out) {
  Ip ip;
  const std::string_view text = trimmed(value.view());
  if (text.empty()) return false;
  if (!read_address(text, ip)) {
    rows_.weird("bad-address", text);
    return false;
  }
  out = ip;
  return true;
}

void TlsReader::failure(const JsonValue& detail, MailRow row, std::int64_t& explained) {
  slots_.clear();
  const std::string_view type = one_of(trimmed(detail["result-type"].view()), kFailures);
  if (type.empty()) rows_.weird("unknown-tls-result", detail["result-type"].view());
  row.result = type.empty() ? kUnexplained : type;
  const std::int64_t sessions = count(detail["failed-session-count"], "bad-count");
  row.messages = sessions < 0 ? 1 : sessions;  // a detail is about one session at least
  explained += row.messages;
  address(detail["sending-mta-ip"], row.source);
  address(detail["receiving-ip"], row.receiver_address);
  std::string host = detail["receiving-mx-hostname"].text();
  if (host.empty()) host = detail["receiving-mx-helo"].text();
  std::uint16_t unused = 0;
  if (!host.empty()) row.receiver = slots_.domain(host, unused);
  std::string more = detail["failure-reason-code"].text();
  for (const std::string_view key : {"additional-information", "additional-info-uri", "additional-info"})
    if (const std::string text = detail[key].text(); !text.empty()) more += (more.empty() ? "" : " ") + text;
  if (!more.empty()) row.detail = slots_.escaped(more);
  rows_.add(row);
}

void TlsReader::policy(const JsonValue& item) {
  const JsonValue policy = item["policy"];
  MailRow row = base_;
  std::string domain;
  if (!report_domain(policy["policy-domain"].view(), domain)) {
    rows_.weird(policy["policy-domain"].view().empty() ? "missing-domain" : "bad-domain",
                policy["policy-domain"].view());
    domain = domain_;
  }
  if (domain.empty()) return;
  row.domain = domain;
  const std::string_view type = policy["policy-type"].view();
  row.policy = one_of(trimmed(type), kPolicyTypes);
  if (row.policy.empty()) {
    row.policy = {};
    rows_.weird("unknown-policy", type);
  }
  const JsonValue summary = item["summary"];
  const std::int64_t good = count(summary["total-successful-session-count"], "bad-count");
  std::int64_t bad = count(summary["total-failure-session-count"], "bad-count");
  if (good > 0 || (good == 0 && bad <= 0)) {
    row.result = "success";
    row.messages = good;
    rows_.add(row);
  }
  std::int64_t explained = 0;
  const JsonValue details = item["failure-details"];
  if (details.is_list())
    details.each([&](const JsonValue& detail) { failure(detail, row, explained); });
  else if (details.is_object())  // some leave the list out where there is one
    failure(details, row, explained);
  if (bad <= explained) {
    if (bad >= 0 && bad < explained) rows_.weird("contradicting-values", "fewer failures in the summary than details");
    return;
  }
  row.result = kUnexplained;
  row.messages = bad - explained;
  rows_.add(row);
}

Result<void> TlsReader::run(const JsonValue& report) {
  if (!report.is_object()) return Failure(ErrorCode::kUnsupported, "is JSON, but no TLS report");
  const JsonValue policies = report["policies"];
  if (!policies && !report["organization-name"] && !report["report-id"])
    return Failure(ErrorCode::kUnsupported, "is JSON, but no TLS report");
  if (!head(report)) return {};
  if (policies.is_list())
    policies.each([&](const JsonValue& item) { policy(item); });
  else if (policies.is_object())
    policy(policies);
  else
    rows_.weird("missing-policies");
  rows_.finish();
  return {};
}

int detect(Bytes head, std::string_view) { return looks_like_smtp_tls(head); }

Result<void> decode(DecodeContext& context) {
  ReportOrigin origin;
  origin.name = context.emitter.source();
  std::uint64_t rows = 0;
  return decode_smtp_tls(context, origin, rows);
}

}  // namespace

int looks_like_smtp_tls(Bytes head) {
  std::string_view text = as_text(head);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (!text.starts_with('{')) return 0;
  int score = 0;
  for (const std::string_view key :
       {"\"organization-name\"", "\"policies\"", "\"policy-type\"", "\"date-range\"", "\"start-datetime\""})
    if (text.find(key) != std::string_view::npos) score += 35;
  return score < 70 ? 0 : std::min(score, 97);
}

Result<void> decode_smtp_tls(DecodeContext& context, const ReportOrigin& origin, std::uint64_t& rows) {
  const Bytes bytes = peek_all(context.input, kMaxReport);
  if (bytes.size() > kMaxReport)
    return Failure(ErrorCode::kLimit, "a TLS report of over 32 MiB is not read: real ones have kilobytes");
  std::string_view text = as_text(bytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  JsonTree tree;
  const bool parsed = tree.parse(text);
  TlsReader reader(context, origin);
  reader.rows().at(context.input.offset());
  context.input.consume(bytes.size());
  if (!context.input.status()) return Failure(context.input.status().error());
  if (!parsed) return Failure(ErrorCode::kCorrupt, "damaged JSON: " + std::string(tree.error()));
  RW_TRY(reader.run(tree.root()));
  rows = reader.rows().rows();
  return {};
}

extern constinit const Format kSmtpTlsFormat{
    "smtp-tls",
    "SMTP TLS report, JSON",
    "mail_rows",
    "RFC 8460: for each policy one row of the sessions that went well and one for each kind of failure, with sending "
    "and receiving address where they are told; failures that the summary counts and no detail explains are a row of "
    "result 'failure'. A report that comes twice is taken once.",
    detect,
    decode};

}  // namespace rw
