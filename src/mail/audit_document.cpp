// An audit as a document, and as rows for the store.
#include "mail/audit_parts.h"
#include "model/escape.h"

namespace rw {
namespace {

Document text_or_null(const std::string& text) { return text.empty() ? Document() : Document(text); }
Document escaped(const std::string& text) { return text.empty() ? Document() : Document(escape_text(text)); }
Document grade_of(const std::optional<char>& grade) { return grade ? Document(std::string(1, *grade)) : Document(); }

Document texts(const std::vector<std::string>& all) {
  Document list = Document::list();
  for (const std::string& one : all) list.push(one);
  return list;
}

Document spf_document(const SpfNode& node) {
  Document d = Document::object();
  d.set("term", escape_text(node.term));
  d.set("domain", escape_text(node.domain));
  d.set("record", escaped(node.record));
  d.set("lookups", static_cast<std::int64_t>(node.lookups));
  d.set("void", node.is_void);
  d.set("unknown", node.unknown);
  d.set("problem", escaped(node.problem));
  Document below = Document::list();
  for (const SpfNode& one : node.below) below.push(spf_document(one));
  d.set("below", std::move(below));
  return d;
}

Document key_document(const AuditKey& key) {
  Document d = Document::object();
  d.set("selector", key.selector);
  d.set("domain", key.domain);
  d.set("origin", key.origin);
  d.set("state", std::string(to_string(key.state)));
  d.set("key_type", text_or_null(key.key_type));
  d.set("bits", key.bits == 0 ? Document() : Document(static_cast<std::int64_t>(key.bits)));
  d.set("revoked", key.revoked);
  d.set("testing", key.testing);
  d.set("first_seen", Document(key.first_seen));
  return d;
}

Document dmarc_document(const DmarcDiscovery& found) {
  Document d = Document::object();
  d.set("state", std::string(to_string(found.state)));
  d.set("domain", text_or_null(found.domain));
  d.set("organisational_domain", text_or_null(found.organisational_domain));
  d.set("record", found.record ? escaped(found.record->text) : Document());
  d.set("policy", found.policy ? Document(std::string(to_string(*found.policy))) : Document());
  d.set("policy_tag", text_or_null(found.policy_tag));
  d.set("failure", escaped(found.failure));
  return d;
}

Document item_document(const AuditItem& item) {
  Document d = Document::object();
  d.set("topic", item.topic);
  d.set("item", escape_text(item.item));
  d.set("status", std::string(to_string(item.status)));
  d.set("value", escaped(item.value));
  d.set("text", item.text);
  d.set("best_grade", item.cap == 0 ? Document() : Document(std::string(1, item.cap)));
  d.set("fix", text_or_null(item.fix));
  return d;
}

Document record_document(const AuditRecord& record) {
  Document d = Document::object();
  d.set("name", record.name);
  d.set("type", record.type);
  d.set("value", escaped(record.value));
  d.set("zone_line", record.value.empty() ? Document() : Document(zone_line(record)));
  d.set("replaces", escaped(record.replaces));
  d.set("why", record.why);
  d.set("elsewhere", record.elsewhere);
  d.set("needs_work", record.needs_work);
  return d;
}

template <typename T>
Document list_of(const std::vector<T>& all, Document (*make)(const T&)) {
  Document list = Document::list();
  for (const T& one : all) list.push(make(one));
  return list;
}

}  // namespace

Document audit_document(const Audit& audit) {
  Document d = Document::object();
  d.set("domain", audit.domain);
  d.set("time", audit.time);
  d.set("resolver", audit.resolver);
  d.set("grade", grade_of(audit.grade));
  d.set("grade_reasons", texts(audit.grade_reasons));
  d.set("raise", texts(audit.raise));
  d.set("grade_after", grade_of(audit.grade_after));
  d.set("sends_mail", std::string(to_string(audit.sends_mail)));
  d.set("checks", list_of(audit.items, item_document));
  d.set("spf", audit.spf.domain.empty() ? Document() : spf_document(audit.spf));
  d.set("dkim", list_of(audit.keys, key_document));
  Document dmarc = Document::object();
  dmarc.set("rfc9989", dmarc_document(audit.dmarc));
  dmarc.set("rfc7489", dmarc_document(audit.dmarc_7489));
  d.set("dmarc", std::move(dmarc));
  d.set("publish", list_of(audit.records, record_document));
  return d;
}

std::vector<AuditRow> audit_rows(const Audit& audit) {
  std::vector<AuditRow> rows;
  rows.push_back({"grade", "grade",
                  audit.grade ? (*audit.grade <= 'B'   ? "good"
                                 : *audit.grade <= 'C' ? "warning"
                                                       : "bad")
                              : "unknown",
                  audit.grade ? std::string(1, *audit.grade) : ""});
  for (const AuditItem& item : audit.items)
    rows.push_back({item.topic, escape_text(item.item), std::string(to_string(item.status)), escape_text(item.value)});
  return rows;
}

}  // namespace rw
