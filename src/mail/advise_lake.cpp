// The evidence for advice, from the store and the DNS; and advice as a document.
#include <algorithm>

#include "mail/advise.h"
#include "mail/audit_parts.h"
#include "model/escape.h"

namespace rw {
namespace {

constexpr std::uint64_t kMaxSubdomains = 50;  // with most messages: each is one question to the DNS
constexpr std::int64_t kMaxDays = 3'650;

Result<std::vector<SubdomainMail>> find_subdomains(Store& store, const std::string& domain, TimeRange window) {
  const auto passed = [](const char* column) { return expr::eq(expr::column(column), expr::text("pass")); };
  const auto told = [](const char* column) { return expr::not_(expr::is_null(expr::column(column))); };
  Query query;
  query.table = "mail_rows";
  query.time = window;
  query.where = expr::all_of({expr::eq(expr::column("kind"), expr::text("aggregate")),
                              expr::eq(expr::column("domain"), expr::text(domain)),
                              expr::matches(expr::column("header_from"), "*." + domain)});
  query.group_by = {{"name", expr::column("header_from")}};
  query.measures = {{"messages", Measure::Kind::kSum, expr::column("messages")},
                    {"hit", Measure::Kind::kSum, expr::column("messages"),
                     expr::all_of({told("dkim_aligned"), told("spf_aligned"), expr::not_(passed("dkim_aligned")),
                                   expr::not_(passed("spf_aligned"))})}};
  query.order_by = {{"messages", true}, {"name", false}};
  query.limit = kMaxSubdomains;
  RW_ASSIGN(const Answer answer, store.run(query));
  std::vector<SubdomainMail> found;
  for (const auto& row : answer.rows)
    found.push_back({as_string(row[0]), as_int(row[1]), as_int(row[2]), DnsState::kFailed});
  return found;
}

void ask_whether_they_exist(Resolver& resolver, std::vector<SubdomainMail>& subdomains) {
  std::vector<DnsQuestion> questions;
  for (const SubdomainMail& one : subdomains) questions.push_back({one.name, DnsType::kA});
  const std::vector<DnsReply> replies = resolver.lookup(questions);
  for (std::size_t i = 0; i < subdomains.size(); ++i)
    subdomains[i].exists =
        replies[i].state == DnsState::kAbsent && replies[i].name_exists ? DnsState::kPresent : replies[i].state;
}

bool receives_mail(Resolver& resolver, const std::string& domain) {
  const DnsReply reply = resolver.lookup(domain, DnsType::kMx);
  return reply.state == DnsState::kPresent && !(reply.records.size() == 1 && reply.records.front().name.empty());
}

void grade_after(Resolver& resolver, const AuditOptions& options, Advice& advice) {
  if (!advice.record) return;
  OverlayResolver published(resolver);
  published.publish(*advice.record);
  advice.grade_after = audit_domain(published, advice.domain, options).grade;
}

Document text_or_null(const std::string& text) { return text.empty() ? Document() : Document(text); }
Document grade_of(const std::optional<char>& grade) { return grade ? Document(std::string(1, *grade)) : Document(); }
Document texts(const std::vector<std::string>& all) {
  Document list = Document::list();
  for (const std::string& one : all) list.push(one);
  return list;
}

Document step_document(const std::optional<PolicyStep>& step) {
  if (!step) return {};
  Document d = Document::object();
  d.set("policy", std::string(to_string(step->policy)));
  d.set("testing", step->testing);
  d.set("pct", step->pct ? Document(static_cast<std::int64_t>(*step->pct)) : Document());
  return d;
}

Document sender_document(const AdvisedSender& sender) {
  Document d = Document::object();
  d.set("organisation", escape_text(sender.organisation));
  d.set("kind", std::string(to_string(sender.kind)));
  d.set("messages", sender.messages);
  d.set("hit", sender.hit);
  d.set("hit_per_day", sender.hit_per_day);
  d.set("addresses", sender.addresses);
  d.set("blocks", sender.blocks);
  d.set("reasons", texts(sender.reasons));
  d.set("fix", text_or_null(sender.fix));
  return d;
}

Document evidence_document(const Advice& advice) {
  Document d = Document::object();
  d.set("from", advice.window.from);
  d.set("to", advice.window.to);
  d.set("messages", advice.messages);
  d.set("reports", advice.reports);
  d.set("reporters", advice.reporters);
  d.set("days", advice.days);
  d.set("legitimate", advice.legitimate);
  d.set("legitimate_hit", advice.legitimate_hit);
  d.set("forwarded_hit", advice.forwarded_hit);
  d.set("spoofed", advice.spoofed);
  d.set("untold", advice.untold);
  d.set("hit_per_day", advice.hit_per_day);
  d.set("hit_share", Document(advice.hit_share));
  d.set("upper_share", Document(advice.upper_share));
  d.set("allowed_share", advice.allowed_share > 0 ? Document(advice.allowed_share) : Document());
  d.set("method", advice.upper_share ? Document(advice.method) : Document());
  return d;
}

}  // namespace

Result<Advice> advise_domain(Store& store, Resolver& resolver, const AdviceQuestion& question,
                             const SenderContext& context) {
  if (question.options.days <= 0 || question.options.days > kMaxDays)
    return Failure(ErrorCode::kUsage, "the window must be 1 to " + std::to_string(kMaxDays) + " days");
  AdviceEvidence evidence;
  evidence.domain = audit::lower(question.domain);
  const TimeRange window{question.options.now - Duration{question.options.days * kDay.us}, question.options.now};
  evidence.dmarc = discover_dmarc(resolver, evidence.domain, DmarcStandard::kRfc9989);
  if (evidence.dmarc.record) {  // the newer standard reads past pct, which receivers of the older one still apply
    const DmarcRecord old = parse_dmarc(evidence.dmarc.record->text, DmarcStandard::kRfc7489);
    if (!evidence.dmarc.record->pct) evidence.dmarc.record->pct = old.pct;
  }
  evidence.receives_mail = receives_mail(resolver, evidence.domain);
  RW_ASSIGN(evidence.senders, find_senders(store, {.domain = evidence.domain, .range = window}, context));
  RW_ASSIGN(evidence.subdomains, find_subdomains(store, evidence.domain, window));
  ask_whether_they_exist(resolver, evidence.subdomains);
  const AuditOptions options{.now = question.options.now, .propose = false};
  const Audit audit = audit_domain(resolver, evidence.domain, options);
  evidence.permitted = audit.permitted;
  Advice advice = decide_advice(evidence, question.options);
  advice.grade = audit.grade;
  grade_after(resolver, options, advice);
  return advice;
}

Document advice_document(const Advice& advice) {
  Document d = Document::object();
  d.set("domain", advice.domain);
  d.set("kind", std::string(to_string(advice.kind)));
  d.set("summary", advice.summary);
  d.set("now", step_document(advice.now));
  d.set("next", step_document(advice.next));
  d.set("evidence", evidence_document(advice));
  Document senders = Document::list();
  for (const AdvisedSender& one : advice.senders) senders.push(sender_document(one));
  d.set("senders", std::move(senders));
  Document subdomains = Document::list();
  for (const SubdomainMail& one : advice.subdomains) {
    Document s = Document::object();
    s.set("name", escape_text(one.name));
    s.set("messages", one.messages);
    s.set("hit", one.hit);
    s.set("exists", one.exists == DnsState::kFailed ? Document() : Document(one.exists == DnsState::kPresent));
    subdomains.push(std::move(s));
  }
  d.set("subdomains", std::move(subdomains));
  d.set("missing", texts(advice.missing));
  d.set("notes", texts(advice.notes));
  Document record;
  if (advice.record) {
    record = Document::object();
    record.set("name", advice.record->name);
    record.set("type", advice.record->type);
    record.set("value", advice.record->value);
    record.set("zone_line", zone_line(*advice.record));
    record.set("replaces", text_or_null(escape_text(advice.record->replaces)));
  }
  d.set("record", std::move(record));
  d.set("look_again", advice.look_again ? Document(advice.look_again->date()) : Document());
  d.set("grade", grade_of(advice.grade));
  d.set("grade_after", grade_of(advice.grade_after));
  return d;
}

}  // namespace rw
