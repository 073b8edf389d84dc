// What the files of dns-tunnel share among themselves: questions by part, and the columns by which their answers are
// told apart (how many answers there are depends on the data).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "detect/dns_tunnel.h"

namespace rw::dns_tunnel {

inline constexpr const char* kQueries = "queries";
inline constexpr const char* kNames = "names";
inline constexpr const char* kNameBytes = "name_bytes";
inline constexpr std::string_view kUniqueNameBytes = "unique_name_bytes";  // the window table
inline constexpr std::string_view kLowestName = "lowest_name";             // samples of names
inline constexpr std::string_view kDomainWindows = "domain_windows";       // baselines of clients
inline constexpr std::string_view kLoudNames = "loud_names";               // windows that could stand out
inline constexpr std::string_view kFlowRequests = "flow_requests";         // minutes of flows to port 53
inline constexpr std::string_view kFlowReplies = "flow_replies";           // of unidirectional flows back
inline constexpr std::string_view kSizeFlows = "size_flows";               // sizes of single requests
inline constexpr std::string_view kCoveredMessages = "covered_messages";   // where messages are in the lake
inline constexpr std::string_view kServerWindows = "server_windows";       // baselines of clients, from flows

inline constexpr std::string_view kManyDomains = "many_domains";        // places of tunnels without a domain
inline constexpr std::string_view kUnknownQueries = "unknown_queries";  // names there
inline constexpr std::string_view kSharedNames = "shared_names";        // hours of domains with several clients
inline constexpr std::string_view kSharedSample = "shared_sample";      // names below them

// What the questions and the live tables count alike.
inline constexpr std::int64_t kDnsPort = 53, kTunnelProto = 17;  // UDP
inline constexpr Duration kFlowWindow = kMinute;
inline constexpr Duration kFlowBaselineWindow = Duration::seconds(300);
inline constexpr std::int64_t kLeastOfOneSize = 5;  // requests; fewer of a minute are no share of it
inline constexpr std::int64_t kLongDataName = 24;   // on the wire: what carries nothing is shorter, and more common
inline constexpr Duration kSharedWindow = kHour;
inline constexpr Duration kSharedSampleWindow = kMinute;

// Question types that carry what one pleases (is_data_type), as a condition.
ExprPtr data_type();
// Whose traffic is looked at: ours or watched, at either end; everybody where nobody is configured.
ExprPtr in_scope(const DetectContext& context, std::string_view client, std::string_view server, std::string_view time);

bool is_in_scope(const DetectContext& context, const Ip& client, const Ip& server, Timestamp time);

// Flows alone.
std::vector<Query> first_flow_questions(const DetectContext& context);
std::vector<Query> second_flow_questions(const DetectContext& context, std::span<const Answer> first);
std::vector<Tunnel> flow_tunnels(const DetectContext& context, std::span<const Answer> answers);

// Names under top-level domains that do not exist.
Query unknown_places_question(const DetectContext& context);
std::vector<Query> unknown_names_questions(const DetectContext& context, std::span<const Answer> first);
std::vector<Tunnel> unknown_tunnels(const DetectContext& context, std::span<const Answer> answers);

// Domains below which several clients carry little each. `known`: tunnels that were found otherwise.
Query shared_domains_question(const DetectContext& context);
std::vector<Query> shared_samples_questions(const DetectContext& context, std::span<const Answer> first);
std::vector<Tunnel> shared_tunnels(const DetectContext& context, std::span<const Answer> answers,
                                   std::span<const Tunnel> known);

// What is said of every tunnel, whatever found it: scope and enrichment.
void complete(const DetectContext& context, Tunnel& tunnel);
// subject, organisation or "".
std::string scope_of(const DetectContext& context, const Tunnel& tunnel);
// The first answer that has this column, or null.
const Answer* answer_with(std::span<const Answer> answers, std::string_view column);
inline double ratio(double a, double b) { return b > 0 ? a / b : 0; }
inline double ratio(std::int64_t a, std::int64_t b) { return ratio(static_cast<double>(a), static_cast<double>(b)); }

}  // namespace rw::dns_tunnel
