// Detector courtship: somebody outside who writes harmlessly first, and then less so.
#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>

#include "base/quantity.h"
#include "detect/courtship_timeline.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/mail_rows.h"
#include "detect/thresholds.h"
#include "enrich/registered_domain.h"
#include "enrich/resemblance.h"

namespace rw {
namespace {

namespace limits = thresholds::courtship;
using courtship::Letter;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPayload, EvidenceKind::kBehaviour};

// Bounds of what one run brings into memory.
constexpr std::uint64_t kMostGroups = 200'000;  // author, Reply-To and recipient together
constexpr std::size_t kMostAddresses = 2'000;   // of correspondents that are looked at closely
constexpr std::uint64_t kMostLetters = 50'000;
constexpr std::uint64_t kMostSketches = 20'000;  // newest mails whose text may have been reused
constexpr std::uint64_t kMostAnswers = 50'000;

std::vector<Query> queries(const DetectContext& context);
std::vector<Query> follow_up(const DetectContext& context, std::span<const Answer> answers);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);
std::vector<std::string> left_out(const DetectContext& context, std::span<const Answer> answers,
                                  std::span<const Finding> findings);

}  // namespace

extern constinit const Detector kCourtshipDetector{
    .id = "courtship",
    .title = "A correspondence that courts one of our people",
    .technique = "T1566",
    .may_be_wrong_because =
        "people do change their address, write from home, follow up and send papers; only somebody who knows the "
        "correspondent can tell",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "The letters of one outside correspondent to our people in order: a harmless opener, failing DMARC and "
        "delivered, "
        "a name that looks like ours, answers that lead elsewhere, another domain, text of somebody else's mail, a "
        "follow-up "
        "without an answer, then a link or an attachment. Each sign has a weight (see the thresholds), and the sum is "
        "the "
        "score. Letters belong together by address, by the address for answers, and by name or look-alike towards one "
        "recipient. Newsletters, lists, machines, bounces and invitations are left out unless they deceive, and so is "
        "who "
        "writes to many. Recipients appear as hashes and are never ranked.",
    .queries = queries,
    .follow_up = follow_up,
    .decide = decide,
    .left_out = left_out,
};

namespace {

// ---- first: who writes, and does anything about it stand out?

enum Group : std::size_t { kAddress, kDomain, kName, kReplyTo, kImpersonates, kRecipient, kMessages, kStanding };

ExprPtr text_of(std::string_view column) { return expr::coalesce({expr::column(column), expr::text("")}); }
ExprPtr positive(std::string_view column) {
  return expr::binary(Expr::Kind::kGt, expr::column(column), expr::number(0));
}

// From outside to us, and not what lists and machines send.
ExprPtr letters(const DetectContext& context) {
  std::vector<ExprPtr> all = {expr::not_(expr::is_null(expr::column("from_address"))),
                              expr::any_of({expr::not_(ordinary_traffic()), strong_signs()})};
  if (!context.organisation.domains.empty()) {
    all.push_back(own_domain(context, "recipient_domain"));
    all.push_back(expr::any_of(
        {expr::not_(own_domain(context, "from_domain")), expr::matches(expr::column("verdict"), "fail-*")}));
  }
  return expr::all_of(std::move(all));
}

std::vector<Query> queries(const DetectContext& context) {
  Query query;
  query.table = "messages";
  query.time = context.range;
  query.where = letters(context);
  query.group_by = {{"address", expr::column("from_address")},
                    {"domain", text_of("from_domain")},
                    {"name", text_of("from_name")},
                    {"reply_to", text_of("reply_to_address")},
                    {"like", text_of("impersonates")},
                    {"recipient", text_of("recipient")}};
  Measure standing{
      .name = "standing",
      .kind = Measure::Kind::kCount,
      .arg = nullptr,
      .where = expr::any_of({strong_signs(), expr::eq(expr::column("verdict"), expr::text("fail-delivered")),
                             has_sign("reply-to-differs"), has_sign("reply-to-free-mail"),
                             has_sign("encrypted-archive"), positive("misleading_links")})};
  query.measures = {{"messages", Measure::Kind::kCount, nullptr}, standing};
  query.order_by = {{"standing", true}, {"messages", true}};
  query.limit = kMostGroups;
  return {query};
}

// ---- correspondents: what belongs together

std::string folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

class Unions {
 public:
  std::size_t id(const std::string& key) {
    const auto [found, fresh] = ids_.try_emplace(key, parents_.size());
    if (fresh) parents_.push_back(found->second);
    return root(found->second);
  }
  void join(std::size_t a, std::size_t b) { parents_[root(a)] = root(b); }
  std::size_t root(std::size_t id) {
    while (parents_[id] != id) id = parents_[id] = parents_[parents_[id]];
    return id;
  }

 private:
  std::unordered_map<std::string, std::size_t> ids_;
  std::vector<std::size_t> parents_;
};

std::string_view registered_or_all(std::string_view domain) {
  const std::string_view registered = registered_domain(domain);
  return registered.data() == nullptr ? domain : registered;
}

bool leads_elsewhere(std::string_view reply_to, std::string_view domain) {
  const std::size_t at = reply_to.rfind('@');
  return at != std::string_view::npos && registered_or_all(reply_to.substr(at + 1)) != registered_or_all(domain);
}

// The correspondent of a letter, by everything that ties letters together.
std::size_t correspondent(Unions& unions, const std::string& address, const std::string& domain,
                          const std::string& name, const std::string& reply_to, const std::string& like,
                          const std::string& recipient) {
  const std::size_t me = unions.id("a:" + folded(address));
  if (!reply_to.empty() && leads_elsewhere(reply_to, domain)) unions.join(unions.id("a:" + folded(reply_to)), me);
  // A name of one word ties nobody together: "info", "Maria".
  if (name.find(' ') != std::string::npos && !recipient.empty())
    unions.join(unions.id("n:" + folded(name) + "\n" + recipient), me);
  if (!like.empty() && !recipient.empty()) unions.join(unions.id("l:" + folded(like) + "\n" + recipient), me);
  return unions.root(me);
}

std::set<std::string> addresses_to_look_at(const DetectContext& context, const Answer& groups) {
  struct Cluster {
    std::set<std::string> addresses, recipients;
    std::int64_t messages = 0, standing = 0;
  };
  Unions unions;
  for (const auto& row : groups.rows)
    correspondent(unions, as_string(row[kAddress]), as_string(row[kDomain]), as_string(row[kName]),
                  as_string(row[kReplyTo]), as_string(row[kImpersonates]), as_string(row[kRecipient]));
  std::map<std::size_t, Cluster> clusters;
  for (const auto& row : groups.rows) {
    Cluster& cluster = clusters[unions.id("a:" + folded(as_string(row[kAddress])))];
    cluster.addresses.insert(as_string(row[kAddress]));
    cluster.recipients.insert(as_string(row[kRecipient]));
    cluster.messages += as_int(row[kMessages]);
    cluster.standing += as_int(row[kStanding]);
  }
  std::vector<const Cluster*> wanted;
  for (const auto& [root, cluster] : clusters)
    if (cluster.standing > 0 && static_cast<double>(cluster.messages) >= context.thresholds[limits::kMinMessages] &&
        static_cast<double>(cluster.recipients.size()) <= context.thresholds[limits::kMaxRecipients])
      wanted.push_back(&cluster);
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const Cluster* a, const Cluster* b) { return a->standing > b->standing; });
  std::set<std::string> out;
  for (const Cluster* cluster : wanted) {
    if (out.size() + cluster->addresses.size() > kMostAddresses) break;
    out.insert(cluster->addresses.begin(), cluster->addresses.end());
  }
  return out;
}

// ---- then: their letters, our answers, and other people's texts

enum Answers : std::size_t { kGroups, kLetters, kTexts, kReplies };

constexpr std::string_view kTextColumns[] = {
    "from_address", "from_domain", "from_name",    "reply_to_address", "reply_to_domain", "recipient", "message_id",
    "in_reply_to",  "verdict",     "impersonates", "impersonation",    "signs",           "sketch",    "spf",
    "spf_domain",   "dkim",        "dkim_domain"};
constexpr std::string_view kNumberColumns[] = {"links", "misleading_links", "attachments", "macros"};

std::vector<Query> follow_up(const DetectContext& context, std::span<const Answer> answers) {
  const std::set<std::string> addresses = addresses_to_look_at(context, answers[kGroups]);
  if (addresses.empty()) return {};
  Query rows;
  rows.table = "messages";
  rows.time = context.range;
  rows.where = expr::all_of({letters(context), expr::in(expr::column("from_address"),
                                                        std::vector<Value>(addresses.begin(), addresses.end()))});
  rows.select = {{"time", expr::column("time")}};
  for (const std::string_view name : kTextColumns) rows.select.push_back({std::string(name), text_of(name)});
  for (const std::string_view name : kNumberColumns) rows.select.push_back({std::string(name), expr::column(name)});
  rows.order_by = {{"time", false}, {"message_id", false}};
  rows.limit = kMostLetters;

  Query texts;
  texts.table = "messages";
  texts.time = context.range;
  texts.where = expr::not_(expr::is_null(expr::column("sketch")));
  texts.select = {
      {"time", expr::column("time")}, {"from_address", text_of("from_address")}, {"sketch", expr::column("sketch")}};
  texts.order_by = {{"time", true}};
  texts.limit = kMostSketches;

  Query replies;
  replies.table = "messages";
  replies.time = context.range;
  replies.where =
      expr::all_of({own_domain(context, "from_domain"), expr::not_(expr::is_null(expr::column("in_reply_to")))});
  replies.select = {{"time", expr::column("time")}, {"in_reply_to", expr::column("in_reply_to")}};
  replies.order_by = {{"time", true}};
  replies.limit = kMostAnswers;
  return {rows, texts, replies};
}

Letter letter_of(const std::vector<Value>& row) {
  Letter letter;
  std::string* const texts[] = {
      &letter.address,       &letter.domain,     &letter.name,        &letter.reply_to, &letter.reply_to_domain,
      &letter.recipient,     &letter.message_id, &letter.in_reply_to, &letter.verdict,  &letter.impersonates,
      &letter.impersonation, &letter.signs,      &letter.sketch,      &letter.spf,      &letter.spf_domain,
      &letter.dkim,          &letter.dkim_domain};
  std::int64_t* const numbers[] = {&letter.links, &letter.misleading_links, &letter.attachments, &letter.macros};
  if (const auto* time = std::get_if<Timestamp>(&row[0])) letter.time = *time;
  std::size_t column = 1;
  for (std::string* text : texts) *text = as_string(row[column++]);
  for (std::int64_t* number : numbers) *number = as_int(row[column++]);
  return letter;
}

// Mails by pairs of their sketches' minima, so that near ones are found without comparing all with all.
class Texts {
 public:
  explicit Texts(const Answer& answer) {
    for (const auto& row : answer.rows) {
      const auto* time = std::get_if<Timestamp>(&row[0]);
      std::string sketch = as_string(row[2]);
      if (time == nullptr || sketch.size() != kSketchMinima * kSketchHexDigits) continue;
      const auto index = static_cast<std::uint32_t>(mails_.size());
      for (const std::string& band : bands(sketch)) places_[band].push_back(index);
      mails_.push_back({*time, folded(as_string(row[1])), std::move(sketch)});
    }
  }

  // Somebody else wrote nearly the same before, and not everybody does.
  bool reused(const Letter& letter, const std::set<std::string>& own_addresses, double least, std::int64_t most) const {
    if (letter.sketch.size() != kSketchMinima * kSketchHexDigits) return false;
    std::set<std::uint32_t> seen;
    std::set<std::string> others;
    for (const std::string& band : bands(letter.sketch)) {
      const auto found = places_.find(band);
      if (found == places_.end()) continue;
      for (const std::uint32_t index : found->second) {
        if (!seen.insert(index).second) continue;
        const Mail& mail = mails_[index];
        if (mail.time >= letter.time || own_addresses.contains(mail.address)) continue;
        if (resemblance(letter.sketch, mail.sketch).value_or(0) >= least)
          others.insert(mail.address + std::to_string(mail.time.us));
        if (static_cast<std::int64_t>(others.size()) > most) return false;
      }
    }
    return !others.empty();
  }

 private:
  static constexpr std::size_t kBandMinima = 2;
  struct Mail {
    Timestamp time;
    std::string address, sketch;
  };
  static std::vector<std::string> bands(const std::string& sketch) {
    constexpr std::size_t kBand = kBandMinima * kSketchHexDigits;
    std::vector<std::string> out;
    for (std::size_t at = 0; at + kBand <= sketch.size(); at += kBand)
      out.push_back(std::to_string(at) + ":" + sketch.substr(at, kBand));
    return out;
  }
  std::vector<Mail> mails_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> places_;
};

// ---- decision

std::string joined_signs(const courtship::Verdict& verdict) {
  std::string out;
  for (const courtship::Sign& sign : verdict.signs) {
    std::string weight = std::to_string(sign.weight);
    weight.erase(weight.find_last_not_of('0') + 1);
    if (weight.ends_with('.')) weight.pop_back();
    out += (out.empty() ? "" : ", ") + sign.name + " " + weight;
  }
  return out;
}

// The strongest three signs in words.
std::string reasons(const courtship::Verdict& verdict) {
  std::vector<courtship::Sign> signs = verdict.signs;
  std::stable_sort(signs.begin(), signs.end(), [](const auto& a, const auto& b) { return a.weight > b.weight; });
  std::string out;
  constexpr std::size_t kMost = 4;
  for (std::size_t i = 0; i < std::min(signs.size(), kMost); ++i) {
    std::string name = signs[i].name;
    std::replace(name.begin(), name.end(), '-', ' ');
    out += (i == 0 ? "" : ", ") + name;
  }
  return out;
}

Finding about(const DetectContext& context, const std::vector<Letter>& letters, const courtship::Verdict& verdict) {
  Finding finding;
  const Letter& first = letters.front();
  finding.first_seen = first.time;
  finding.last_seen = letters.back().time;
  finding.entities = {{"correspondent", first.address}};
  std::set<std::string> recipients, addresses, hashes;
  std::int64_t attachments = 0, links = 0;
  std::string like;
  bool loaded = false;
  for (const Letter& letter : letters) {
    recipients.insert(letter.recipient);
    addresses.insert(letter.address);
    attachments += letter.attachments;
    links += letter.links;
    if (!letter.impersonates.empty()) like = letter.impersonates;
    loaded = loaded || letter.harmful() || letter.misleading_links > 0;
  }
  const double over = verdict.score - context.thresholds[limits::kMinScore];
  constexpr double kSure = 4, kLikely = 2;
  finding.severity =
      loaded || verdict.has("later-attachment") || verdict.has("later-link") ? Severity::kHigh : Severity::kMedium;
  finding.confidence = over >= kSure ? Confidence::kHigh : over >= kLikely ? Confidence::kModerate : Confidence::kLow;
  finding.summary = first.address + (like.empty() ? "" : ", who looks like " + like + ",") + " wrote " +
                    counted(static_cast<std::int64_t>(letters.size()), "letter") + " to " +
                    counted(static_cast<std::int64_t>(recipients.size()), "recipient") + " of ours from " +
                    first.time.date() + " to " + letters.back().time.date() + ": " + reasons(verdict) + ".";
  const auto whole = static_cast<std::int64_t>(verdict.score);
  const bool is_whole = static_cast<double>(whole) == verdict.score;
  finding.figures = {{"score", is_whole ? FigureValue(whole) : FigureValue(verdict.score)},
                     {"signs", joined_signs(verdict)},
                     {"timeline", timeline_text(letters, verdict)},
                     {"messages", static_cast<std::int64_t>(letters.size())},
                     {"recipients", static_cast<std::int64_t>(recipients.size())},
                     {"addresses", static_cast<std::int64_t>(addresses.size())},
                     {"attachments", attachments},
                     {"links", links}};
  std::string list;
  for (const std::string& address : addresses) list += (list.empty() ? "" : ", ") + sql_text(address);
  finding.observations = {messages_command("from_address in (" + list + ")", first.time, letters.back().time),
                          static_cast<std::int64_t>(letters.size())};
  return finding;
}

// Letters between two pauses.
std::vector<std::vector<Letter>> episodes(std::vector<Letter> letters, Duration gap) {
  std::vector<std::vector<Letter>> out;
  for (Letter& letter : letters) {
    if (out.empty() || letter.time - out.back().back().time > gap) out.emplace_back();
    out.back().push_back(std::move(letter));
  }
  return out;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  if (answers.size() <= kReplies) return {};
  Unions unions;
  std::vector<Letter> all;
  for (const auto& row : answers[kLetters].rows) {
    all.push_back(letter_of(row));
    const Letter& l = all.back();
    correspondent(unions, l.address, l.domain, l.name, l.reply_to, l.impersonates, l.recipient);
  }
  std::map<std::size_t, std::vector<Letter>> correspondents;
  for (Letter& letter : all) correspondents[unions.id("a:" + folded(letter.address))].push_back(std::move(letter));
  const Texts texts(answers[kTexts]);
  std::unordered_map<std::string, Timestamp> answered;  // identifier of a letter -> when one of ours answered it
  for (const auto& row : answers[kReplies].rows)
    if (const auto* time = std::get_if<Timestamp>(&row[0])) answered[as_string(row[1])] = *time;

  std::vector<Finding> findings;
  const auto& values = context.thresholds;
  for (auto& [root, letters] : correspondents) {
    std::set<std::string> own_addresses;
    for (const Letter& letter : letters) own_addresses.insert(folded(letter.address));
    Timestamp earliest_answer = kAllTime.to;
    for (Letter& letter : letters) {
      if (const auto found = answered.find(letter.message_id); found != answered.end())
        earliest_answer = std::min(earliest_answer, found->second);
      letter.answered_before = earliest_answer < letter.time;
      letter.reused_text =
          texts.reused(letter, own_addresses, values[limits::kMinResemblance], values.whole(limits::kMaxSameText));
    }
    for (const std::vector<Letter>& episode : episodes(std::move(letters), values.duration(limits::kQuietGap))) {
      std::set<std::string> recipients;
      for (const Letter& letter : episode) recipients.insert(letter.recipient);
      if (static_cast<double>(episode.size()) < values[limits::kMinMessages] ||
          static_cast<double>(recipients.size()) > values[limits::kMaxRecipients])
        continue;
      const courtship::Verdict verdict = courtship::judge(episode, values);
      if (verdict.score >= values[limits::kMinScore]) findings.push_back(about(context, episode, verdict));
    }
  }
  return findings;
}

std::vector<std::string> left_out(const DetectContext& /*context*/, std::span<const Answer> answers,
                                  std::span<const Finding> /*findings*/) {
  std::vector<std::string> out;
  if (!answers.empty() && answers[kGroups].rows.size() >= kMostGroups)
    out.push_back("more than " + std::to_string(kMostGroups) +
                  " pairs of correspondents and recipients: those with the fewest signs were left out; look at a "
                  "shorter time");
  if (answers.size() > kLetters && answers[kLetters].rows.size() >= kMostLetters)
    out.push_back("more than " + std::to_string(kMostLetters) +
                  " letters of correspondents that stand out: the latest were left out; look at a shorter time");
  return out;
}

}  // namespace
}  // namespace rw
