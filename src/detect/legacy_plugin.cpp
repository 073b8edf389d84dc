// Detector legacy-plugin: browser plugins without updates, Flash and Silverlight, in logs of HTTP.
#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/scope.h"
#include "detect/thresholds.h"

namespace rw {
namespace {

namespace limits = thresholds::legacy_plugin;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPayload};

std::vector<Query> queries(const DetectContext& context);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kLegacyPluginDetector{
    .id = "legacy-plugin",
    .title = "Browser plugin without updates",
    .technique = "T1189",
    .may_be_wrong_because =
        "a page may offer a file that no browser here can run, and crawlers and archives fetch such files without "
        "running them",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "HTTP requests for Flash (.swf) or Silverlight (.xap) files, answers of their media types, and browsers that "
        "name "
        "the plugin, where a client or a server of the organisation or a watched space takes part, or anybody where "
        "neither is configured: one finding for each address, plugin and role; a watched space is told by prefix. "
        "Medium "
        "where a client of ours loads them; after the plugin's last update (Flash 2020-12-31, Silverlight 2021-10-12) "
        "high. Encrypted pages are not seen.",
    .queries = queries,
    .decide = decide,
};

namespace {

struct Plugin {
  std::string_view id;
  std::string_view name;
  std::vector<std::string_view> targets;  // globs over the request's target
  std::vector<std::string_view> types;    // globs over the media type of the answer
  std::vector<std::string_view> agents;   // globs over the browser's name
  std::string_view last_update;
};
const std::vector<Plugin>& plugins() {
  static const auto* const kPlugins = new std::vector<Plugin>{
      {"flash",
       "Flash",
       {"*.swf", "*.swf?*"},
       {"*shockwave-flash*", "*x-flv*"},
       {"*shockwave flash*", "*adobe flash*"},
       "2020-12-31"},
      {"silverlight", "Silverlight", {"*.xap", "*.xap?*"}, {"*silverlight*"}, {"*silverlight*"}, "2021-10-12"}};
  return *kPlugins;
}

constexpr std::size_t kKeys = 2;       // address or prefix, plugin
constexpr std::size_t kQuestions = 2;  // of each scope: as client, as server

std::vector<Query> queries(const DetectContext& context) {
  std::vector<std::pair<ExprPtr, ExprPtr>> cases;
  std::vector<ExprPtr> any;
  for (const Plugin& plugin : plugins()) {
    std::vector<ExprPtr> signs;
    for (const std::string_view glob : plugin.targets) signs.push_back(expr::matches(expr::column("uri"), glob));
    for (const std::string_view glob : plugin.types) signs.push_back(expr::matches(expr::column("mime_type"), glob));
    for (const std::string_view glob : plugin.agents) signs.push_back(expr::matches(expr::column("user_agent"), glob));
    any.push_back(expr::any_of(std::move(signs)));
    cases.emplace_back(any.back(), expr::text(plugin.id));
  }
  const ExprPtr plugin = expr::classify(std::move(cases));
  const ExprPtr sign = expr::any_of(std::move(any));
  std::vector<Query> all;
  for (const Scope& scope : scopes_of(context))
    for (const bool client : {true, false}) {
      const char* near = client ? "src" : "dst";
      const bool everybody = scope.subject == nullptr && !scope.ours;
      const ExprPtr where = everybody && !client  // everybody is a client already
                                ? expr::any_of({})
                                : expr::all_of({sign, scope_address(context, scope, near, "time")});
      std::vector<Named> keys = aggregate_keys(scope, {near, near, "time"});
      keys[1] = {"plugin", plugin};
      all.push_back(event_query({.table = "http",
                                 .answered = expr::not_(expr::is_null(expr::column("status"))),
                                 .amount = expr::coalesce({expr::column("response_body_bytes"), expr::number(0)})},
                                context.range, where, std::move(keys), expr::column("host")));
    }
  return all;
}

Finding about(const Scope& scope, const Episode& episode, bool client) {
  const Plugin& plugin = episode.key[1] == "flash" ? plugins()[0] : plugins()[1];
  const std::string& who = episode.key[0];
  std::vector<Entity> entities = {{scope.subject ? "watched_prefix" : "address", who},
                                  {"plugin", std::string(plugin.id)},
                                  {"role", client ? "client" : "server"}};
  if (scope.subject) entities.push_back({"subject", scope.subject->id});
  const std::string where = std::string(client ? "src " : "dst ") + (scope.subject ? "net " : "host ") + who;
  Finding finding = finding_of(episode, std::move(entities), episode_command(where, episode));
  finding.figures[0].name = "requests";
  finding.figures[1].name = "answered_requests";
  finding.figures.push_back({"hosts_in_busiest_day", episode.peers});
  const bool outdated = episode.last >= *Timestamp::parse(plugin.last_update);
  finding.severity = scope.subject ? Severity::kInfo
                     : !scope.ours ? Severity::kLow
                     : !client     ? Severity::kLow
                     : outdated    ? Severity::kHigh
                                   : Severity::kMedium;
  finding.confidence = episode.answered > 0 ? Confidence::kHigh : Confidence::kModerate;
  finding.summary = who + (scope.subject ? " of " + scope.subject->name : "") + (client ? " loaded " : " served ") +
                    std::string(plugin.name) + " in " + counted(episode.flows, "request") + ", " +
                    human_bytes(static_cast<double>(episode.bytes)) + (outdated ? ", after its last update" : "") + ".";
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  const std::vector<Scope> scopes = scopes_of(context);
  for (std::size_t i = 0; i < scopes.size(); ++i)
    for (std::size_t end = 0; end < kQuestions; ++end)
      for (const Episode& episode :
           episodes_of(answers.subspan(kQuestions * i + end, 1), kKeys, context.thresholds.duration(limits::kQuietGap)))
        if (static_cast<double>(episode.flows) >= context.thresholds[limits::kMinRequests])
          findings.push_back(about(scopes[i], episode, end == 0));
  return findings;
}

}  // namespace
}  // namespace rw
