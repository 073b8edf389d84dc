// The thresholds of all detectors, with units, defaults, bounds and reasons: one place to tune them, and to freeze them
// before they are judged.
//
// A detector has a namespace named after its id, one constant for each threshold, and the list kAll of them, which it
// names in its Detector. Whatever it compares with is here and nowhere else, so that a user can set it:
//
//   [detectors.coin-port]
//   min_flows = 5
//   quiet_gap = "3d"
#pragma once

#include "model/threshold.h"

namespace rw::thresholds {

inline constexpr double kManyRows = 1e9;  // flows, packets, messages: a detector that waits for more is switched off
inline constexpr double kDaySeconds = 86'400;
inline constexpr double kMaxGapSeconds = 366 * kDaySeconds;

// What several detectors have in common; each has a threshold of its own all the same.
constexpr Threshold min_flows_of_episode() {
  return {.name = "min_flows",
          .value = 1,
          .unit = "flows",
          .doc = "an episode with fewer is no finding",
          .least = 1,
          .most = kManyRows};
}
constexpr Threshold quiet_gap_of_a_week(std::string_view doc) {
  return {.name = "quiet_gap",
          .value = 7 * kDaySeconds,
          .unit = kDurationUnit,
          .doc = doc,
          .least = 1,
          .most = kMaxGapSeconds};
}
constexpr Threshold min_packets_of_connection() {
  return {.name = "min_packets",
          .value = 3,
          .unit = "packets",
          .doc = "a flow with fewer is a probe, not a connection: a handshake takes three",
          .least = 1,
          .most = kManyRows};
}
constexpr Threshold min_source_port_of_client() {
  return {.name = "min_source_port",
          .value = 1024,
          .unit = "port",
          .doc = "lower source ports are servers that answer a client whose own port is one of these",
          .least = 0,
          .most = 65'535};
}

namespace watched_contact {
inline constexpr Threshold kMinFlows = min_flows_of_episode();
inline constexpr Threshold kQuietGap =
    quiet_gap_of_a_week("contact that rests for longer and comes again is another finding");
inline constexpr const Threshold* kAll[] = {&kMinFlows, &kQuietGap};
}  // namespace watched_contact

namespace coin_port {
inline constexpr Threshold kMinFlows = min_flows_of_episode();
inline constexpr Threshold kMinPackets = min_packets_of_connection();
inline constexpr Threshold kMinSourcePort = min_source_port_of_client();
inline constexpr Threshold kQuietGap =
    quiet_gap_of_a_week("use that rests for longer and comes again is another finding");
inline constexpr const Threshold* kAll[] = {&kMinFlows, &kMinPackets, &kMinSourcePort, &kQuietGap};
}  // namespace coin_port

namespace irc_port {
inline constexpr Threshold kMinFlows = min_flows_of_episode();
inline constexpr Threshold kMinPackets = min_packets_of_connection();
inline constexpr Threshold kMinSourcePort = min_source_port_of_client();
inline constexpr Threshold kQuietGap =
    quiet_gap_of_a_week("use that rests for longer and comes again is another finding");
inline constexpr const Threshold* kAll[] = {&kMinFlows, &kMinPackets, &kMinSourcePort, &kQuietGap};
}  // namespace irc_port

namespace dns_tunnel {
inline constexpr Threshold kMinBytes{
    .name = "min_bytes",
    .value = 500,
    .unit = "bytes",
    .doc = "of different names below one domain in a window (5 min; live 1 min); ordinary clients stay below 300",
    .least = 1,
    .most = kManyRows};
inline constexpr Threshold kMinNames{.name = "min_names",
                                     .value = 8,
                                     .unit = "names",
                                     .doc = "different ones in a window; fewer carry too little to be told apart",
                                     .least = 2,
                                     .most = kManyRows};
inline constexpr Threshold kMinSigns{
    .name = "min_signs",
    .value = 3,
    .unit = "signs",
    .doc =
        "of message length, mean gap, names that never repeat, record types, encoded names and long answers; one of "
        "them types or encoding",
    .least = 1,
    .most = 6};
inline constexpr Threshold kMinNameBytes{.name = "min_name_bytes",
                                         .value = 20,
                                         .unit = "bytes",
                                         .doc = "mean of a name before its domain, for the sign of message length",
                                         .least = 1,
                                         .most = 255};
inline constexpr Threshold kMaxGap{.name = "max_gap",
                                   .value = 10,
                                   .unit = kDurationUnit,
                                   .doc = "mean between questions within active windows, for the sign of mean gap",
                                   .least = 0,
                                   .most = kDaySeconds,
                                   .whole = false};
inline constexpr Threshold kMinFreshShare{.name = "min_fresh_share",
                                          .value = 0.6,
                                          .unit = "share",
                                          .doc =
                                              "of questions whose name was not asked before in the window, for the "
                                              "sign of names that never repeat",
                                          .least = 0,
                                          .most = 1,
                                          .whole = false};
inline constexpr Threshold kMinTypeShare{.name = "min_type_share",
                                         .value = 0.5,
                                         .unit = "share",
                                         .doc = "of questions for NULL, TXT, CNAME, MX, SRV, KEY or private types",
                                         .least = 0,
                                         .most = 1,
                                         .whole = false};
inline constexpr Threshold kMinDataShare{.name = "min_data_share",
                                         .value = 0.5,
                                         .unit = "share",
                                         .doc = "of names that read as encoded data",
                                         .least = 0,
                                         .most = 1,
                                         .whole = false};
inline constexpr Threshold kMinAnswerBytes{.name = "min_answer_bytes",
                                           .value = 250,
                                           .unit = "bytes",
                                           .doc = "mean DNS message of the answers, for the sign of long answers",
                                           .least = 1,
                                           .most = 65'535};
inline constexpr Threshold kBusyDomains{.name = "busy_domains",
                                        .value = 30,
                                        .unit = "domains",
                                        .doc =
                                            "a client that asks about more in a window asks for others (a forwarder, "
                                            "a crawler): then volume must stand out too",
                                        .least = 1,
                                        .most = kManyRows};
inline constexpr Threshold kMinVolumeRatio{.name = "min_volume_ratio",
                                           .value = 10,
                                           .unit = "times",
                                           .doc = "name bytes of a window over what such a client asks about a domain",
                                           .least = 1,
                                           .most = kManyRows};
inline constexpr Threshold kMinFlowRequests{
    .name = "min_flow_requests",
    .value = 20,
    .unit = "packets",
    .doc = "of one client to one server in a minute, as counted; also from one port, for that sign. For flows alone",
    .least = 2,
    .most = kManyRows};
inline constexpr Threshold kMinFlowRequestBytes{
    .name = "min_flow_request_bytes",
    .value = 100,
    .unit = "bytes",
    .doc = "mean packet to port 53, IP layer; questions with EDNS and a cookie have about 90. For flows alone",
    .least = 28,
    .most = 65'535};
inline constexpr Threshold kMinFlowAnswerBytes{.name = "min_flow_answer_bytes",
                                               .value = 250,
                                               .unit = "bytes",
                                               .doc = "mean packet back, IP layer. For flows alone",
                                               .least = 28,
                                               .most = 65'535};
inline constexpr Threshold kMinOneSizeShare{.name = "min_one_size_share",
                                            .value = 0.5,
                                            .unit = "share",
                                            .doc = "of requests that have the most common size. For flows alone",
                                            .least = 0,
                                            .most = 1,
                                            .whole = false};
inline constexpr Threshold kMinOneSizeMinutes{
    .name = "min_one_size_minutes",
    .value = 3,
    .unit = "minutes",
    .doc = "running in which one size has that share: enough without another sign. For flows alone",
    .least = 1,
    .most = 1e6};
inline constexpr Threshold kMinSharedBytes{
    .name = "min_shared_bytes",
    .value = 4'000,
    .unit = "bytes",
    .doc = "of names below one domain in an hour, asked by several clients that stay below min_bytes each",
    .least = 1,
    .most = kManyRows};
inline constexpr Threshold kMinSharedClients{.name = "min_shared_clients",
                                             .value = 3,
                                             .unit = "clients",
                                             .doc = "that share such a domain",
                                             .least = 2,
                                             .most = kManyRows};
inline constexpr Threshold kTellBenign{.name = "tell_benign",
                                       .value = 0,
                                       .unit = "yes or no",
                                       .doc =
                                           "1: data that block lists and antivirus products exchange is a finding for "
                                           "information; 0: it is none",
                                       .least = 0,
                                       .most = 1};
inline constexpr Threshold kQuietGap{.name = "quiet_gap",
                                     .value = kDaySeconds,
                                     .unit = kDurationUnit,
                                     .doc = "a tunnel that rests for longer and comes again is another finding",
                                     .least = 1,
                                     .most = kMaxGapSeconds};
inline constexpr const Threshold* kAll[] = {&kMinBytes,
                                            &kMinNames,
                                            &kMinSigns,
                                            &kMinNameBytes,
                                            &kMaxGap,
                                            &kMinFreshShare,
                                            &kMinTypeShare,
                                            &kMinDataShare,
                                            &kMinAnswerBytes,
                                            &kBusyDomains,
                                            &kMinVolumeRatio,
                                            &kMinSharedBytes,
                                            &kMinSharedClients,
                                            &kTellBenign,
                                            &kMinFlowRequests,
                                            &kMinFlowRequestBytes,
                                            &kMinFlowAnswerBytes,
                                            &kMinOneSizeShare,
                                            &kMinOneSizeMinutes,
                                            &kQuietGap};
}  // namespace dns_tunnel
// What the detectors below share. Sampled or one-way records of a conversation have few packets: one is enough where
// the payload says what it is.
constexpr Threshold quiet_gap_of_use() {
  return quiet_gap_of_a_week("use that rests for longer and comes again is another finding");
}

namespace irc {
inline constexpr Threshold kMinFlows = min_flows_of_episode();
inline constexpr Threshold kQuietGap = quiet_gap_of_use();
inline constexpr const Threshold* kAll[] = {&kMinFlows, &kQuietGap};
}  // namespace irc

namespace proxy {
inline constexpr Threshold kMinFlows = min_flows_of_episode();
inline constexpr Threshold kQuietGap = quiet_gap_of_use();
inline constexpr const Threshold* kAll[] = {&kMinFlows, &kQuietGap};
}  // namespace proxy

namespace vpn {
inline constexpr Threshold kMinFlows = min_flows_of_episode();
// Not a finding by itself: video calls and backups have the same shape.
inline constexpr Threshold kLongFlow = {.name = "long_flow",
                                        .value = 3'600,
                                        .unit = kDurationUnit,
                                        .doc = "a flow that lasts this long counts into the figure long_flows",
                                        .least = 1,
                                        .most = kMaxGapSeconds};
inline constexpr Threshold kQuietGap = quiet_gap_of_use();
inline constexpr const Threshold* kAll[] = {&kMinFlows, &kLongFlow, &kQuietGap};
}  // namespace vpn

constexpr Threshold min_messages_of_mining() {
  return {.name = "min_messages",
          .value = 2,
          .unit = "messages",
          .doc = "sessions with fewer messages, both ways together, are no finding: a log-in and its answer are two",
          .least = 1,
          .most = kManyRows};
}

namespace mining_pool {
inline constexpr Threshold kMinMessages = min_messages_of_mining();
inline constexpr Threshold kMinPackets = min_packets_of_connection();
inline constexpr Threshold kMinSourcePort = min_source_port_of_client();
// Known pool flows run for 5 to 19 minutes at 2.6 to 42 packets a minute; half and twice of that leave room.
inline constexpr Threshold kMinPortDuration = {.name = "min_port_duration",
                                               .value = 150,
                                               .unit = kDurationUnit,
                                               .doc = "by port alone: shorter connections are not mining",
                                               .least = 0,
                                               .most = kMaxGapSeconds};
inline constexpr Threshold kMinPacketRate = {.name = "min_packet_rate",
                                             .value = 1.3,
                                             .unit = "packets/min",
                                             .doc = "by port alone: slower connections are not mining",
                                             .least = 0,
                                             .most = kManyRows,
                                             .whole = false};
inline constexpr Threshold kMaxPacketRate = {.name = "max_packet_rate",
                                             .value = 84,
                                             .unit = "packets/min",
                                             .doc = "by port alone: faster connections are not mining",
                                             .least = 0,
                                             .most = kManyRows,
                                             .whole = false};
inline constexpr Threshold kMinPortFlows = {.name = "min_port_flows",
                                            .value = 3,
                                            .unit = "flows",
                                            .doc = "by port alone: fewer flows in an episode are no finding",
                                            .least = 1,
                                            .most = kManyRows};
inline constexpr Threshold kQuietGap = quiet_gap_of_use();
inline constexpr const Threshold* kAll[] = {&kMinMessages,   &kMinPackets,    &kMinSourcePort, &kMinPortDuration,
                                            &kMinPacketRate, &kMaxPacketRate, &kMinPortFlows,  &kQuietGap};
}  // namespace mining_pool

namespace coin_node {
inline constexpr Threshold kMinMessages = min_messages_of_mining();
inline constexpr Threshold kQuietGap = quiet_gap_of_use();
inline constexpr const Threshold* kAll[] = {&kMinMessages, &kQuietGap};
}  // namespace coin_node

namespace tor {
inline constexpr Threshold kMinFlows = min_flows_of_episode();
inline constexpr Threshold kMinPackets = {.name = "min_packets",
                                          .value = 6,
                                          .unit = "packets",
                                          .doc = "a connection to a listed relay with fewer carried no TLS",
                                          .least = 1,
                                          .most = kManyRows};
// By names alone: www.facebook.com fits the pattern too, so names have to look drawn by lot, be several, and be of a
// kind that no resolver was asked for.
inline constexpr Threshold kMinNames = {.name = "min_names",
                                        .value = 3,
                                        .unit = "names",
                                        .doc = "by names alone: different names of one client in one day",
                                        .least = 2,
                                        .most = kManyRows};
inline constexpr Threshold kMinServers = {.name = "min_servers",
                                          .value = 2,
                                          .unit = "servers",
                                          .doc = "by names alone: different servers that were asked for them",
                                          .least = 1,
                                          .most = kManyRows};
inline constexpr Threshold kMinNameScore = {.name = "min_name_score",
                                            .value = 2,
                                            .unit = "nats",
                                            .doc =
                                                "a name counts when drawing its letters by lot is this much likelier "
                                                "than writing them, as the logarithm of odds",
                                            .least = 0,
                                            .most = 1'000,
                                            .whole = false};
inline constexpr Threshold kQuietGap = quiet_gap_of_use();
inline constexpr const Threshold* kAll[] = {&kMinFlows,   &kMinPackets,   &kMinNames,
                                            &kMinServers, &kMinNameScore, &kQuietGap};
}  // namespace tor

namespace exposed_service {
inline constexpr Threshold kMinFlows = min_flows_of_episode();
// Ordinary directory exchanges have 1.1 to 1.4, an open rootDSE 56 to 70.
inline constexpr Threshold kOrdinaryRatio = {.name = "ordinary_ratio",
                                             .value = 2,
                                             .unit = "ratio",
                                             .doc = "answers up to this many times what was asked amplify nothing",
                                             .least = 1,
                                             .most = 10'000,
                                             .whole = false};
inline constexpr Threshold kAmplifyingRatio = {.name = "amplifying_ratio",
                                               .value = 20,
                                               .unit = "ratio",
                                               .doc = "answers from this many times what was asked serve floods",
                                               .least = 1,
                                               .most = 10'000,
                                               .whole = false};
inline constexpr Threshold kAbuseBytes = {.name = "abuse_bytes",
                                          .value = 1'000'000,
                                          .unit = "bytes",
                                          .doc = "abuse in progress sends at least this much",
                                          .least = 1,
                                          .most = 1e15};
inline constexpr Threshold kAbuseShare = {.name = "abuse_share",
                                          .value = 0.5,
                                          .unit = "share",
                                          .doc = "… and at least this share of it to one target",
                                          .least = 0,
                                          .most = 1,
                                          .whole = false};
inline constexpr Threshold kMinForeignDomains = {.name = "min_foreign_domains",
                                                 .value = 3,
                                                 .unit = "domains",
                                                 .doc = "an open resolver resolves this many domains that are not ours",
                                                 .least = 1,
                                                 .most = kManyRows};
inline constexpr Threshold kQuietGap = quiet_gap_of_use();
inline constexpr const Threshold* kAll[] = {&kMinFlows,   &kOrdinaryRatio,     &kAmplifyingRatio, &kAbuseBytes,
                                            &kAbuseShare, &kMinForeignDomains, &kQuietGap};
}  // namespace exposed_service

namespace legacy_plugin {
inline constexpr Threshold kMinRequests = {.name = "min_requests",
                                           .value = 1,
                                           .unit = "requests",
                                           .doc = "an episode with fewer is no finding",
                                           .least = 1,
                                           .most = kManyRows};
inline constexpr Threshold kQuietGap = quiet_gap_of_use();
inline constexpr const Threshold* kAll[] = {&kMinRequests, &kQuietGap};
}  // namespace legacy_plugin

namespace beacon {
inline constexpr Threshold kMinConnections = {.name = "min_connections",
                                              .value = 20,
                                              .unit = "connections",
                                              .doc = "pairs with fewer in a day have no rhythm to measure",
                                              .least = 4,
                                              .most = 100'000};
inline constexpr Threshold kMaxConnections = {.name = "max_connections",
                                              .value = 20'000,
                                              .unit = "connections",
                                              .doc = "more than one in four seconds is no beacon but a service in use",
                                              .least = 4,
                                              .most = 400'000};
inline constexpr Threshold kMinSpan = {
    .name = "min_span",
    .value = 3 * 3'600,
    .unit = kDurationUnit,
    .doc = "pairs whose first and last connection of a day are closer are not looked at",
    .least = 60,
    .most = kDaySeconds};
// A program with jitter has 0.95 and more, people up to 0.7; browsers that refresh a page reach 0.85.
inline constexpr Threshold kMinScore = {.name = "min_score",
                                        .value = 0.9,
                                        .unit = "score",
                                        .doc = "a day that scores less is no finding",
                                        .least = 0.5,
                                        .most = 1,
                                        .whole = false};
inline constexpr Threshold kMinSources = {
    .name = "min_sources",
    .value = 3,
    .unit = "addresses",
    .doc = "a destination that fewer of ours talk to is never taken for a service",
    .least = 2,
    .most = 1e6};
inline constexpr Threshold kMaxPrevalence = {.name = "max_prevalence",
                                             .value = 0.1,
                                             .unit = "share",
                                             .doc = "a destination that a larger share of ours talks to is a service",
                                             .least = 0,
                                             .most = 1,
                                             .whole = false};
inline constexpr Threshold kQuietGap = quiet_gap_of_use();
inline constexpr const Threshold* kAll[] = {&kMinConnections, &kMaxConnections, &kMinSpan, &kMinScore,
                                            &kMinSources,     &kMaxPrevalence,  &kQuietGap};
}  // namespace beacon

namespace list_match {
inline constexpr Threshold kMinConfidence{
    .name = "min_confidence",
    .value = 0,
    .unit = "percent",
    .doc = "entries that their list grades lower are left out; those that it does not grade stay",
    .least = 0,
    .most = 100};
inline constexpr Threshold kSureConfidence{.name = "sure_confidence",
                                           .value = 80,
                                           .unit = "percent",
                                           .doc = "entries graded at least so make findings of high severity",
                                           .least = 0,
                                           .most = 100};
inline constexpr Threshold kWeakConfidence{.name = "weak_confidence",
                                           .value = 50,
                                           .unit = "percent",
                                           .doc = "entries graded lower make findings of low severity",
                                           .least = 0,
                                           .most = 100};
inline constexpr Threshold kQuietGap{.name = "quiet_gap",
                                     .value = 7 * kDaySeconds,
                                     .unit = kDurationUnit,
                                     .doc = "contact that rests for longer and comes again is another finding",
                                     .least = 1,
                                     .most = kMaxGapSeconds};
inline constexpr const Threshold* kAll[] = {&kMinConfidence, &kSureConfidence, &kWeakConfidence, &kQuietGap};
}  // namespace list_match

constexpr Threshold min_messages_of_finding() {
  return {.name = "min_messages",
          .value = 1,
          .unit = "messages",
          .doc = "fewer are no finding",
          .least = 1,
          .most = kManyRows};
}
constexpr Threshold quiet_gap_of_mail(std::string_view doc) {
  return {.name = "quiet_gap",
          .value = 30 * kDaySeconds,
          .unit = kDurationUnit,
          .doc = doc,
          .least = 1,
          .most = kMaxGapSeconds};
}

namespace impersonation {
inline constexpr Threshold kMinMessages = min_messages_of_finding();
inline constexpr Threshold kQuietGap =
    quiet_gap_of_mail("mail of one deceiver that rests for longer and comes again is another finding");
inline constexpr const Threshold* kAll[] = {&kMinMessages, &kQuietGap};
}  // namespace impersonation

namespace weak_policy {
inline constexpr Threshold kMinMessages = min_messages_of_finding();
inline constexpr Threshold kQuietGap =
    quiet_gap_of_mail("failing mail of one domain that rests for longer and comes again is another finding");
inline constexpr const Threshold* kAll[] = {&kMinMessages, &kQuietGap};
}  // namespace weak_policy

namespace courtship {
inline constexpr double kMostWeight = 20;
constexpr Threshold weight(std::string_view name, double value, std::string_view doc) {
  return {.name = name, .value = value, .unit = "points", .doc = doc, .least = 0, .most = kMostWeight, .whole = false};
}
// One sign each, told by the name behind weight_.
inline constexpr Threshold kWeightHarmlessOpener =
    weight("weight_harmless_opener", 1, "the first letter has neither link nor attachment");
inline constexpr Threshold kWeightLookalike =
    weight("weight_lookalike", 3, "author or Reply-To look like one of our or our partners' domains or people");
inline constexpr Threshold kWeightFailDelivered =
    weight("weight_fail_delivered", 2, "DMARC fails, and the policy is none or missing");
inline constexpr Threshold kWeightOtherSender =
    weight("weight_other_sender", 1, "SPF or DKIM pass for another domain than the author's, and DMARC fails");
inline constexpr Threshold kWeightReplyToDrift =
    weight("weight_reply_to_drift", 2, "answers go to another domain than the author's, or than before");
inline constexpr Threshold kWeightReplyToFreeMail =
    weight("weight_reply_to_free_mail", 1, "answers go to a free mail provider that the author's domain is not");
inline constexpr Threshold kWeightDomainDrift =
    weight("weight_domain_drift", 2, "a letter comes from another registered domain than the one before");
inline constexpr Threshold kWeightReusedText =
    weight("weight_reused_text", 2, "the text resembles that of somebody else's mail");
inline constexpr Threshold kWeightFollowUp =
    weight("weight_follow_up", 1, "another letter to the same person within days, without an answer");
inline constexpr Threshold kWeightLaterLink = weight("weight_later_link", 1, "a link, after a harmless opener");
inline constexpr Threshold kWeightLaterAttachment =
    weight("weight_later_attachment", 1, "an attachment, after a harmless opener");
inline constexpr Threshold kWeightMisleadingLink =
    weight("weight_misleading_link", 2, "a link whose text or name deceives");
inline constexpr Threshold kWeightHarmfulAttachment = weight(
    "weight_harmful_attachment", 3, "macros, scripts, remote templates, or an archive that cannot be looked into");
inline constexpr const Threshold* kWeights[] = {
    &kWeightHarmlessOpener,   &kWeightLookalike,       &kWeightFailDelivered,   &kWeightOtherSender,
    &kWeightReplyToDrift,     &kWeightReplyToFreeMail, &kWeightDomainDrift,     &kWeightReusedText,
    &kWeightFollowUp,         &kWeightLaterLink,       &kWeightLaterAttachment, &kWeightMisleadingLink,
    &kWeightHarmfulAttachment};
// A colleague who writes from home, follows up and sends a paper reaches 6.
inline constexpr Threshold kMinScore = {.name = "min_score",
                                        .value = 7,
                                        .unit = "points",
                                        .doc = "a correspondence with less is no finding",
                                        .least = 1,
                                        .most = 100,
                                        .whole = false};
inline constexpr Threshold kMinMessages = {.name = "min_messages",
                                           .value = 2,
                                           .unit = "messages",
                                           .doc = "a letter alone is no correspondence",
                                           .least = 2,
                                           .most = kManyRows};
inline constexpr Threshold kMaxRecipients = {
    .name = "max_recipients",
    .value = 25,
    .unit = "recipients",
    .doc = "who writes to more of ours courts nobody: it is a newsletter or a campaign",
    .least = 1,
    .most = kManyRows};
inline constexpr Threshold kMaxSameText = {.name = "max_same_text",
                                           .value = 10,
                                           .unit = "messages",
                                           .doc = "text that so many mails share is a form letter, and no sign",
                                           .least = 1,
                                           .most = kManyRows};
// Sketches err by about 0.06; a signature in common gives 0.2.
inline constexpr Threshold kMinResemblance = {.name = "min_resemblance",
                                              .value = 0.5,
                                              .unit = "share",
                                              .doc = "texts with less in common are not reused",
                                              .least = 0.1,
                                              .most = 1,
                                              .whole = false};
inline constexpr Threshold kFollowUpAfter = {.name = "follow_up_after",
                                             .value = 6 * 3'600,
                                             .unit = kDurationUnit,
                                             .doc = "a letter that comes sooner corrects the one before",
                                             .least = 1,
                                             .most = kMaxGapSeconds};
inline constexpr Threshold kFollowUpWithin = {.name = "follow_up_within",
                                              .value = 10 * kDaySeconds,
                                              .unit = kDurationUnit,
                                              .doc = "a letter that comes later is a new beginning",
                                              .least = 3'600,
                                              .most = kMaxGapSeconds};
inline constexpr Threshold kQuietGap =
    quiet_gap_of_mail("a correspondence that rests for longer and goes on is another finding");
inline constexpr const Threshold* kAll[] = {&kMinScore,
                                            &kMinMessages,
                                            &kMaxRecipients,
                                            &kMaxSameText,
                                            &kMinResemblance,
                                            &kFollowUpAfter,
                                            &kFollowUpWithin,
                                            &kWeightHarmlessOpener,
                                            &kWeightLookalike,
                                            &kWeightFailDelivered,
                                            &kWeightOtherSender,
                                            &kWeightReplyToDrift,
                                            &kWeightReplyToFreeMail,
                                            &kWeightDomainDrift,
                                            &kWeightReusedText,
                                            &kWeightFollowUp,
                                            &kWeightLaterLink,
                                            &kWeightLaterAttachment,
                                            &kWeightMisleadingLink,
                                            &kWeightHarmfulAttachment,
                                            &kQuietGap};
}  // namespace courtship
namespace spoofing {
inline constexpr Threshold kMinMessages{
    .name = "min_messages",
    .value = 10,
    .unit = "messages",
    .doc = "a campaign with fewer is no finding: single failures are forwarders and mistakes",
    .least = 1,
    .most = kManyRows};
inline constexpr Threshold kManyMessages{.name = "many_messages",
                                         .value = 100,
                                         .unit = "messages",
                                         .doc = "that were delivered: from here on the finding is grave",
                                         .least = 1,
                                         .most = kManyRows};
inline constexpr Threshold kDeliveredShare{
    .name = "delivered_share",
    .value = 0.5,
    .unit = "share",
    .doc = "of the campaign's messages that receivers delivered; below, their refusal works and the finding is low",
    .least = 0,
    .most = 1,
    .whole = false};
inline constexpr Threshold kQuietGap =
    quiet_gap_of_a_week("a campaign that rests for longer and comes again is another finding");
inline constexpr const Threshold* kAll[] = {&kMinMessages, &kManyMessages, &kDeliveredShare, &kQuietGap};
}  // namespace spoofing

}  // namespace rw::thresholds
