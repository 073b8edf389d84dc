// Conditions, keys and entities for the organisation, a watched space, or everybody.
#include "detect/scope.h"

#include <algorithm>

#include "store/watched.h"

namespace rw {

std::vector<Scope> scopes_of(const DetectContext& context) {
  std::vector<Scope> scopes;
  if (!context.organisation.prefixes.empty()) scopes.push_back({nullptr, true});
  for (const Subject& subject : context.subjects) scopes.push_back({&subject, false});
  if (scopes.empty()) scopes.push_back({});
  return scopes;
}

ExprPtr scope_address(const DetectContext& context, const Scope& scope, std::string_view address,
                      std::string_view time) {
  if (scope.subject != nullptr) return watched_condition(*scope.subject, context.range, address, time);
  if (scope.ours) return expr::in_prefixes(address, context.organisation.prefixes);
  return expr::all_of({});
}

ExprPtr scope_condition(const DetectContext& context, const Scope& scope, const Ends& ends) {
  if (scope.subject == nullptr && !scope.ours) return expr::all_of({});
  return expr::any_of(
      {scope_address(context, scope, ends.client, ends.time), scope_address(context, scope, ends.server, ends.time)});
}

std::vector<Named> aggregate_keys(const Scope& scope, const Ends& ends) {
  if (scope.subject == nullptr) return {{"client", expr::column(ends.client)}, {"server", expr::column(ends.server)}};
  return {{"client", expr::coalesce({watched_label(*scope.subject, ends.client, ends.time),
                                     watched_label(*scope.subject, ends.server, ends.time)})},
          {"server", expr::text("")}};
}

std::vector<Entity> aggregate_entities(const Scope& scope, const std::string& client, const std::string& server) {
  if (scope.subject != nullptr) return {{"watched_prefix", client}, {"subject", scope.subject->id}};
  return {{"address", client}, {"server", server}};
}

std::string aggregate_filter(const Scope& scope, const std::string& client, const std::string& server) {
  if (scope.subject != nullptr) return "net " + client;
  return "src host " + client + " and dst host " + server;
}

std::vector<Entity> pair_entities(const Scope& scope, const std::string& client, const std::string& server,
                                  bool client_watched) {
  if (scope.subject == nullptr) return {{"address", client}, {"server", server}};
  const std::string& watched = client_watched ? client : server;
  const std::string& peer = client_watched ? server : client;
  return {{"watched_address", watched}, {client_watched ? "server" : "address", peer}, {"subject", scope.subject->id}};
}

bool is_ours(const Organisation& organisation, const std::string& address) {
  const auto ip = Ip::parse(address);
  return ip && std::any_of(organisation.prefixes.begin(), organisation.prefixes.end(),
                           [&](const Prefix& prefix) { return prefix.contains(*ip); });
}

const std::vector<Prefix>& internal_prefixes() {
  // RFC 1918, RFC 6598, RFC 3927, RFC 1122 3.2.1.3; RFC 4193, RFC 4291 2.5.6 and 2.5.3.
  static const auto* const kRanges = new std::vector<Prefix>{
      *Prefix::parse("10.0.0.0/8"),    *Prefix::parse("172.16.0.0/12"), *Prefix::parse("192.168.0.0/16"),
      *Prefix::parse("100.64.0.0/10"), *Prefix::parse("127.0.0.0/8"),   *Prefix::parse("169.254.0.0/16"),
      *Prefix::parse("fc00::/7"),      *Prefix::parse("fe80::/10"),     *Prefix::parse("::1/128")};
  return *kRanges;
}

bool is_internal(Ip ip) {
  return std::any_of(internal_prefixes().begin(), internal_prefixes().end(),
                     [&](const Prefix& prefix) { return prefix.contains(ip); });
}

bool is_inside(const Organisation& organisation, const std::string& address) {
  if (!organisation.prefixes.empty()) return is_ours(organisation, address);
  const auto ip = Ip::parse(address);
  return ip && is_internal(*ip);
}

}  // namespace rw
