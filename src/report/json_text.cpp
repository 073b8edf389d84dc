// Writes JSON, and findings in the contract's shape.
#include "report/json_text.h"

#include <algorithm>

#include "report/answer_writer.h"

namespace rw {
namespace {

class Writer {
 public:
  explicit Writer(JsonStyle style) : style_(style) {}

  void write(const Document& d, int depth) {
    if (const auto* object = d.members()) return write_object(*object, depth);
    if (const auto* list = d.items()) return write_list(*list, depth);
    if (const auto* text = d.text()) return write_text(*text);
    if (const auto* flag = d.boolean())
      out_ += *flag ? "true" : "false";
    else if (const auto* i = d.integer())
      append_json(out_, Value(*i));
    else if (const auto* r = d.real())
      append_json(out_, Value(*r));
    else
      out_ += "null";
  }
  std::string take() { return std::move(out_); }

 private:
  void write_text(std::string_view text) {
    if (style_ != JsonStyle::kInHtml) return append_json_text(out_, text);
    std::string plain;
    append_json_text(plain, text);
    for (const char c : plain) {
      if (c == '<')
        out_ += "\\u003c";
      else if (c == '>')
        out_ += "\\u003e";
      else if (c == '&')
        out_ += "\\u0026";
      else
        out_ += c;
    }
  }
  void line(int depth) {
    if (style_ == JsonStyle::kReadable) out_.append(1, '\n').append(static_cast<std::size_t>(2 * depth), ' ');
  }
  const char* comma(bool one_line) const { return style_ == JsonStyle::kReadable && one_line ? ", " : ","; }

  void write_object(const Document::Object& object, int depth) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, value] : object) {
      if (!first) out_ += ',';
      first = false;
      line(depth + 1);
      write_text(key);
      out_ += style_ == JsonStyle::kReadable ? ": " : ":";
      write(value, depth + 1);
    }
    if (!object.empty()) line(depth);
    out_ += '}';
  }

  void write_list(const Document::List& list, int depth) {
    const bool one_line =
        std::all_of(list.begin(), list.end(), [](const Document& d) { return !d.members() && !d.items(); });
    out_ += '[';
    bool first = true;
    for (const Document& value : list) {
      if (!first) out_ += comma(one_line);
      first = false;
      if (!one_line) line(depth + 1);
      write(value, depth + 1);
    }
    if (!one_line) line(depth);
    out_ += ']';
  }

  JsonStyle style_;
  std::string out_;
};

}  // namespace

std::string json_text(const Document& document, JsonStyle style) {
  Writer writer(style);
  writer.write(document, 0);
  return writer.take();
}

Document finding_document(const Finding& finding) {
  Document entities = Document::list();
  for (const Entity& entity : finding.entities) {
    Document item = Document::object();
    item.set("kind", entity.kind);
    item.set("value", entity.value);
    entities.push(std::move(item));
  }
  Document evidence = Document::list();
  for (const EvidenceKind kind : finding.evidence) evidence.push(to_string(kind));
  Document figures = Document::object();
  for (const Figure& figure : finding.figures) {
    Document value;
    if (const auto* i = std::get_if<std::int64_t>(&figure.value))
      value = *i;
    else if (const auto* d = std::get_if<double>(&figure.value))
      value = *d;
    else if (const auto* t = std::get_if<std::string>(&figure.value))
      value = *t;
    figures.set(figure.name, std::move(value));
  }
  Document observations = Document::object();
  observations.set("query", finding.observations.query);
  observations.set("count", finding.observations.count);

  Document d = Document::object();
  d.set("id", finding.id);
  d.set("detector", finding.detector);
  d.set("title", finding.title);
  d.set("first_seen", finding.first_seen);
  d.set("last_seen", finding.last_seen);
  d.set("entities", std::move(entities));
  d.set("severity", to_string(finding.severity));
  d.set("confidence", to_string(finding.confidence));
  d.set("evidence", std::move(evidence));
  d.set("technique", finding.technique.empty() ? Document() : Document(finding.technique));
  d.set("summary", finding.summary);
  d.set("may_be_wrong_because", finding.may_be_wrong_because);
  d.set("figures", std::move(figures));
  d.set("observations", std::move(observations));
  d.set("status", to_string(finding.status));
  return d;
}

}  // namespace rw
