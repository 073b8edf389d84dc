// Every renderer on one dossier: nothing from outside becomes markup, nothing is loaded, and figures are drawn.
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "report/figures.h"
#include "report/figures_script.h"
#include "report/json_text.h"
#include "report/renderer.h"
#include "report/units.h"

namespace rw {
namespace {

constexpr std::string_view kEvil = "</script><img onerror=x src=y>";

Dossier evil_dossier() {
  Dossier d;
  d.subject.id = "evil";
  d.subject.name = kEvil;
  d.subject.prefixes = {{*Prefix::parse("192.0.2.0/24"), std::string(kEvil), kAllTime}};
  d.request.period = {*Timestamp::parse("2019-01-01"), *Timestamp::parse("2019-01-08")};
  d.period_text = "2019-01-01 to 2019-01-08";
  d.judgements = {{"activity-1", std::string(kEvil), Confidence::kLow, {"activity"}}};
  d.synthetic = true;
  SectionResult s;
  s.id = "activity";
  s.title = "Activity";
  s.question = kEvil;
  s.numbers.set("name", kEvil);
  s.method = s.limits = s.query = kEvil;
  s.sentences = {std::string(kEvil)};
  s.facts = {{"1", std::string(kEvil), "note"}};
  s.tables = {{std::string(kEvil),
               {{"Address", Unit::kAddress}, {"Bytes", Unit::kBytes}},
               {{std::string(kEvil), 1234}, {"x", Document()}},
               2,
               false}};
  SectionFigure f{"figure-concentration", "ranking", std::string(kEvil), std::string(kEvil), Document::object()};
  Document names = Document::list(), bytes = Document::list(), shares = Document::list(), labels = Document::object();
  names.push(kEvil);
  bytes.push(10);
  shares.push(0.5);
  labels.set("bytes", kEvil);
  labels.set("share", kEvil);
  f.data.set("names", names);
  f.data.set("bytes", bytes);
  f.data.set("shares", shares);
  f.data.set("labels", labels);
  s.figures = {f};
  d.sections = {s};
  return d;
}

std::size_t occurrences(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

std::string rendered(std::string_view id, const Dossier& dossier) {
  const auto result = find_renderer(id)->render(dossier, {.version = "0"});
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return result ? result->text : "";
}

TEST(Renderers, AreNamedOnceAndExplained) {
  std::set<std::string_view> ids;
  for (const Renderer* renderer : renderers()) {
    EXPECT_TRUE(ids.insert(renderer->id).second);
    EXPECT_GT(renderer->doc.size(), 20U);
  }
  EXPECT_EQ(find_renderer("none"), nullptr);
}

TEST(Html, NothingFromOutsideBecomesMarkup) {
  const std::string page = rendered("html", evil_dossier());
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_NE(page.find("&lt;/script&gt;&lt;img onerror=x src=y&gt;"), std::string::npos);
  EXPECT_NE(page.find("\\u003c/script\\u003e\\u003cimg"), std::string::npos);
  EXPECT_EQ(occurrences(page, "<script"), 3U);  // two of data, one that runs
  EXPECT_EQ(occurrences(page, "</script"), 3U);
}

TEST(Html, LoadsNothingAndRunsOneScript) {
  const std::string page = rendered("html", evil_dossier());
  EXPECT_EQ(page.find("src=\"http"), std::string::npos);
  EXPECT_EQ(page.find("href=\"http"), std::string::npos);
  EXPECT_EQ(page.find("@import"), std::string::npos);
  EXPECT_NE(page.find("default-src 'none'; script-src '" + std::string(kFiguresScriptHash) + "'"), std::string::npos);
  EXPECT_NE(page.find("Synthetic:"), std::string::npos);
}

TEST(Html, HasFiguresAndTablesWithoutScripts) {
  std::string page = rendered("html", evil_dossier());
  page.resize(page.find("<script"));
  EXPECT_EQ(occurrences(page, "<svg"), 2U);  // for a page and for a phone
  EXPECT_EQ(occurrences(page, "role=\"img\""), 2U);
  EXPECT_EQ(occurrences(page, "<caption>"), 2U);
  EXPECT_NE(page.find("1.2&nbsp;kB"), std::string::npos);
}

TEST(Html, DataIsTheContract) {
  const Dossier dossier = evil_dossier();
  const std::string page = rendered("html", dossier);
  const std::string begin = "id=\"dossier-data\">";
  const std::size_t from = page.find(begin) + begin.size();
  const auto data = nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
  EXPECT_EQ(data, nlohmann::json::parse(rendered("json", dossier)));
  EXPECT_EQ(data["subject"]["name"], std::string(kEvil));
  EXPECT_TRUE(data["sections"]["routing"].is_null());
}

TEST(Markdown, NothingFromOutsideBecomesMarkup) {
  std::string text = rendered("md", evil_dossier());
  const std::string code = "`` " + std::string(kEvil) + " ``";  // a code span holds text as it is
  ASSERT_NE(text.find(code), std::string::npos);
  text.erase(text.find(code), code.size());
  EXPECT_EQ(text.find("<img"), std::string::npos);
  EXPECT_EQ(text.find("</script>"), std::string::npos);
  EXPECT_NE(text.find("&lt;/script&gt;"), std::string::npos);
  EXPECT_NE(text.find("| Address | Bytes |"), std::string::npos);
}

TEST(Markdown, PutsItsFiguresBesideTheFile) {
  const auto result = find_renderer("md")->render(evil_dossier(), {.version = "0", .files_stem = "case"});
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->files.size(), 1U);
  EXPECT_EQ(result->files[0].first, "case-figure-concentration.svg");
  EXPECT_EQ(result->files[0].second.find("var(--"), std::string::npos);
  EXPECT_NE(result->text.find("(<case-figure-concentration.svg>)"), std::string::npos);
}

TEST(Terminal, FitsItsWidthAndHasNoControlCharacters) {
  const auto result = find_renderer("terminal")->render(evil_dossier(), {.version = "0", .width = 60});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text.find('\x1b'), std::string::npos);
  EXPECT_NE(result->text.find("1.2 kB"), std::string::npos);
}

TEST(Figures, AreRepeatableAndCarryTheirWords) {
  const SectionFigure figure = evil_dossier().sections[0].figures[0];
  const auto one = FigureDrawer::start();
  const auto two = FigureDrawer::start();
  ASSERT_TRUE(one) << one.error().message;
  const auto first = (*one)->draw(figure, {});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(*first, *(*two)->draw(figure, {}));
  EXPECT_NE(*first, *(*one)->draw(figure, {.width = 358, .narrow = true}));
  EXPECT_NE(first->find("<title id=\"figure-concentration-title\">"), std::string::npos);
  EXPECT_NE(first->find("var(--figure-first)"), std::string::npos);
  EXPECT_EQ(first->find("#fe"), std::string::npos);  // no marker of a colour is left
}

TEST(Figures, AnUnknownKindIsAnError) {
  const auto drawer = FigureDrawer::start();
  const auto drawn = (*drawer)->draw({"x", "pie", "t", "d", Document::object()}, {});
  ASSERT_FALSE(drawn);
  EXPECT_NE(drawn.error().message.find("no figure of kind pie"), std::string::npos);
}

TEST(JsonText, EscapesAndKeepsTypes) {
  Document d = Document::object();
  d.set("text", "a\"b\\\n\x01<&>");
  d.set("unknown", Document());
  d.set("whole", 3.0);
  d.set("half", 0.5);
  d.set("none", std::numeric_limits<double>::infinity());
  d.set("flag", true);
  Document list = Document::list();
  list.push(1);
  list.push("x");
  d.set("list", list);
  EXPECT_EQ(json_text(d, JsonStyle::kCompact),
            "{\"text\":\"a\\\"b\\\\\\n\\u0001<&>\",\"unknown\":null,\"whole\":3,\"half\":0.5,\"none\":null,\"flag\":"
            "true,\"list\":[1,\"x\"]}");
  EXPECT_NE(json_text(d, JsonStyle::kInHtml).find("\\u003c\\u0026\\u003e"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(json_text(d)), nlohmann::json::parse(json_text(d, JsonStyle::kInHtml)));
}

TEST(FindingDocument, HasTheShapeOfTheContract) {
  Finding f;
  f.id = "1";
  f.detector = "irc-port";
  f.entities = {{"address", "192.0.2.1"}};
  f.evidence = {EvidenceKind::kPort, EvidenceKind::kList};
  f.figures = {{"bytes", std::int64_t{5}}, {"share", 0.5}, {"tool", FigureValue{}}};
  const auto j = nlohmann::ordered_json::parse(json_text(finding_document(f)));
  std::vector<std::string> keys;
  for (const auto& [key, value] : j.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"id", "detector", "title", "first_seen", "last_seen", "entities",
                                            "severity", "confidence", "evidence", "technique", "summary",
                                            "may_be_wrong_because", "figures", "observations", "status"}));
  EXPECT_TRUE(j["technique"].is_null());
  EXPECT_EQ(j["evidence"], (nlohmann::ordered_json{"port", "list"}));
  EXPECT_EQ(j["figures"]["bytes"], 5);
  EXPECT_TRUE(j["figures"]["tool"].is_null());
  EXPECT_EQ(j["observations"]["count"], 0);
}

TEST(Units, ReadAsPeopleWrite) {
  EXPECT_EQ(unit_text(Document(), Unit::kBytes), "–");
  EXPECT_EQ(unit_text(1'250'000, Unit::kBytes), "1.2 MB");
  EXPECT_EQ(unit_text(1204, Unit::kCount), "1,204");
  EXPECT_EQ(unit_text(0.125, Unit::kShare), "12.5 %");
  EXPECT_EQ(unit_text("2019-04-23T03:00:59.123Z", Unit::kTime), "2019-04-23 03:00");
}

}  // namespace
}  // namespace rw
