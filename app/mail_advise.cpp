// rangewatch mail advise: the next safe step of a domain's DMARC policy, proven on its own reports.
#include "mail/advise.h"

#include <algorithm>

#include "base/quantity.h"
#include "command.h"
#include "flags.h"
#include "listing.h"
#include "mail_audit_text.h"
#include "mail_resolver.h"
#include "message/address.h"
#include "model/escape.h"
#include "open_lake.h"
#include "report/json_text.h"

namespace rw {
namespace {

constexpr std::size_t kShownSenders = 15;

extern constinit const Flag kDays{
    .name = "days", .value = "N", .doc = "take the reports of so many days", .preset = "30"};
extern constinit const Flag kAt{.name = "at", .value = "TIME", .doc = "advise as of this time; default now"};
extern constinit const Flag kLegacyPct{
    .name = "legacy-pct",
    .doc = "stage the step with pct in place of t=y; receivers that follow RFC 9989 do not know pct any more"};

std::string number(std::int64_t n) { return group_thousands(n); }
std::string per_day(double n) {
  char text[32];
  std::snprintf(text, sizeof text, n > 0 && n < 10 ? "%.1f" : "%.0f", n);
  return text;
}

Value first_for(const AdvisedSender& sender) {
  if (sender.blocks) return std::string("mend");
  if (sender.hit > 0 && sender.kind == SenderKind::kUnknown) return std::string("find out");
  if (sender.kind == SenderKind::kSpoofing && !sender.fix.empty()) return std::string("look");
  return Null{};
}

class Page {
 public:
  Page(const Advice& advice, const PageStyle& style) : advice_(advice), style_(style) {}
  std::string text;

  void head() {
    const bool go =
        advice_.kind == AdviceKind::kStep || advice_.kind == AdviceKind::kStart || advice_.kind == AdviceKind::kDone;
    const std::string_view colour = go ? "1;32" : advice_.kind == AdviceKind::kHold ? "1;33" : "1;31";
    text += painted(style_, "1", advice_.domain) + "  " + painted(style_, colour, std::string(to_string(advice_.kind)));
    if (advice_.now) text += "  policy " + to_string(*advice_.now);
    if (advice_.next && advice_.now && *advice_.next != *advice_.now) text += ", next " + to_string(*advice_.next);
    if (advice_.grade) text += "  grade " + std::string(1, *advice_.grade);
    if (advice_.grade && advice_.grade_after && *advice_.grade_after != *advice_.grade)
      text += ", " + std::string(1, *advice_.grade_after) + " with the record below";
    text += "\n  " + wrapped(advice_.summary, 2, style_.width) + "\n";
    for (const std::string& one : advice_.missing) line("missing", one);
  }

  void evidence() {
    heading("Reports from " + advice_.window.from.date() + " to " + advice_.window.to.date());
    line("reports", number(advice_.reports) + " of " + number(advice_.reporters) + " receivers, on " +
                        number(advice_.days) + " days");
    if (advice_.messages == 0) return;
    line("messages",
         number(advice_.messages) + ", of them " + number(advice_.legitimate) + " of own, service and unknown senders");
    std::string hit = number(advice_.legitimate_hit) + " of these";
    if (advice_.hit_share) hit += " (" + advice_percent(*advice_.hit_share) + ")";
    hit += ", " + per_day(advice_.hit_per_day) + " a day";
    if (advice_.upper_share)
      hit += "; at most " + advice_percent(*advice_.upper_share) + " with 95 % confidence (" + advice_.method + ")";
    if (advice_.allowed_share > 0) hit += ", and " + advice_percent(advice_.allowed_share) + " is allowed";
    line("would hit", hit);
    if (advice_.forwarded_hit > 0)
      line("forwarded", number(advice_.forwarded_hit) + " that lost their authentication on the way");
    line("spoofed", number(advice_.spoofed) + " that nothing vouches for: what the policy is for");
    if (advice_.untold > 0)
      line("untold", number(advice_.untold) + " of which reports do not say how they fared; counted nowhere");
  }

  void senders() {
    if (advice_.senders.empty()) return;
    heading("Senders");
    AnswerWriter writer({.format = ListingFormat::kTable, .colour = style_.colour, .width = 0},
                        [this](std::string_view piece) { return text += piece, true; });
    writer.begin({{"sender"},
                  {"kind"},
                  {"messages", "messages", true},
                  {"would_hit", "messages", true},
                  {"a_day", "", false},
                  {"first"}});
    const std::size_t shown = std::min(advice_.senders.size(), kShownSenders);
    for (std::size_t i = 0; i < shown; ++i) {
      const AdvisedSender& one = advice_.senders[i];
      writer.add({escape_text(one.organisation, 50), std::string(to_string(one.kind)), one.messages, one.hit,
                  per_day(one.hit_per_day), first_for(one)});
    }
    writer.finish(advice_.senders.size());
    bool first = true;
    for (const AdvisedSender& one : advice_.senders) {
      if (one.fix.empty()) continue;
      if (first) heading("What to do for whom");
      first = false;
      const std::string name = escape_text(one.organisation, 80);
      const std::string told = wrapped(name + ": " + one.fix, 6, style_.width);
      text += "  " + painted(style_, "1", name) + told.substr(name.size()) + "\n";
    }
  }

  void subdomains() {
    if (advice_.subdomains.empty()) return;
    heading("Names below the domain");
    for (std::size_t i = 0; i < std::min<std::size_t>(advice_.subdomains.size(), kShownSenders); ++i) {
      const SubdomainMail& one = advice_.subdomains[i];
      line(escape_text(one.name, 60), number(one.hit) + " of " + number(one.messages) + " would be hit" +
                                          (one.exists == DnsState::kAbsent   ? "; the name does not exist"
                                           : one.exists == DnsState::kFailed ? "; whether the name exists is not known"
                                                                             : ""));
    }
  }

  void record() {
    if (advice_.record) {
      heading("Publish");
      text += record_for_people(*advice_.record, style_);
    }
    for (const std::string& one : advice_.notes) text += "      " + wrapped(one, 6, style_.width) + "\n";
    if (advice_.look_again) text += "\nLook again on " + advice_.look_again->date() + ".\n";
  }

 private:
  void heading(const std::string& title) { text += "\n" + painted(style_, "1;34", title) + "\n"; }
  void line(const std::string& label, const std::string& what) {
    constexpr std::size_t kLabel = 11;
    text += "  " + label + std::string(kLabel > label.size() ? kLabel - label.size() : 1, ' ') +
            wrapped(what, kLabel + 2, style_.width) + "\n";
  }

  const Advice& advice_;
  const PageStyle& style_;
};

void print_csv(const Advice& advice, const Arguments& args, Console& console) {
  AnswerWriter writer = listing_writer(args, console);
  writer.begin({{"domain"}, {"advice"}, {"next"}, {"sender"}, {"kind"}, {"messages"}, {"hit"}, {"blocks"}, {"fix"}});
  for (const AdvisedSender& one : advice.senders)
    writer.add({advice.domain, std::string(to_string(advice.kind)),
                advice.next ? Value(to_string(*advice.next)) : Value(Null{}), one.organisation,
                std::string(to_string(one.kind)), one.messages, one.hit, one.blocks,
                one.fix.empty() ? Value(Null{}) : Value(one.fix)});
  writer.finish();
}

void print(const Advice& advice, const Arguments& args, Console& console) {
  const std::string_view format = args.get(flags::kFormat);
  if (format == "json" || format == "ndjson") {
    console.out(json_text(advice_document(advice), format == "json" ? JsonStyle::kReadable : JsonStyle::kCompact) +
                (format == "json" ? "" : "\n"));
  } else if (format == "csv") {
    print_csv(advice, args, console);
  } else {
    const PageStyle style{console.out_colour(), console.width() == 0 ? 100 : std::clamp(console.width(), 60U, 120U)};
    Page page(advice, style);
    page.head();
    page.evidence();
    page.senders();
    page.subdomains();
    page.record();
    console.out(page.text);
  }
}

Result<int> run(const Arguments& args, Console& console) {
  AdviceQuestion question;
  question.domain = normalised_domain(args.positionals().front());
  if (question.domain.empty() || question.domain.find('.') == std::string::npos)
    return Failure(ErrorCode::kUsage, "'" + args.positionals().front() + "' is no domain");
  question.options.now = {Timestamp::now().us / kDay.us * kDay.us + kDay.us};  // whole days: reports are daily
  if (args.has(kAt)) {
    RW_ASSIGN(question.options.now, Timestamp::parse(args.get(kAt)));
  }
  RW_ASSIGN(const std::uint64_t days, args.number(kDays));
  if (days == 0 || days > 3'650) return Failure(ErrorCode::kUsage, "'--days' must be from 1 to 3650");
  question.options.days = static_cast<std::int64_t>(days);
  question.options.legacy_pct = args.has(kLegacyPct);
  RW_ASSIGN(const Settings settings, lake_settings(args));
  RW_ASSIGN(const auto lake, open_lake(args));
  RW_ASSIGN(const std::shared_ptr<Resolver> resolver, make_resolver(args));
  RW_ASSIGN(const Advice advice, advise_domain(*lake, *resolver, question, {settings.organisation, {}}));
  print(advice, args, console);
  return 0;
}

constexpr const Flag* kFlags[] = {
    &kDays, &kLegacyPct, &kAt, RW_RESOLVER_FLAGS, &flags::kFormat, &flags::kLake, &flags::kMemory, &flags::kThreads};
constexpr std::string_view kExamples[] = {"rangewatch mail advise example.org",
                                          "rangewatch mail advise example.org --days 90 --format json"};
constexpr Positional kPositionals[] = {
    {.name = "DOMAIN", .doc = "the domain whose policy to tighten", .required = true}};

}  // namespace

extern constinit const Command kMailAdviseCommand{
    .name = "mail advise",
    .summary = "advise the next safe step of a domain's DMARC policy, proven on its own reports",
    .examples = kExamples,
    .doc =
        "Asks the aggregate reports in the lake who sends in the domain's name and whose mail the next step would hit: "
        "from "
        "none by quarantine to reject, each first with t=y. A step is advised only where the share of legitimate mail "
        "that "
        "it hits is bounded (1 % for quarantine, 0.3 % for reject, with 95 % confidence), no sender of yours would "
        "lose "
        "its mail, and the reports cover at least 14 days, 3 receivers and 300 messages. Otherwise it says what is "
        "missing.\n\n"
        "Which senders are yours is read from the [organisation] in rangewatch.toml and from how they authenticate.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run};

}  // namespace rw
