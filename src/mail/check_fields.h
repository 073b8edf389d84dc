// What checking a message reads from its other header fields: hops, earlier results, and what kind of traffic it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mail/check.h"

namespace rw {

// Client and name of one Received field, as Postfix, Sendmail, Exim, qmail, Gmail and Exchange write them.
struct ReceivedHop {
  std::optional<Ip> client;
  std::string helo;
  std::optional<std::string> mail_from;  // "(envelope-from <a@example.org>)"
  std::optional<Timestamp> time;
  bool has_from = false;  // "by … with SMTP" alone is a hop inside of one server
};
ReceivedHop parse_received(std::string_view body);

// SPF (where the client is not known) and DKIM (where we could not verify it) from the topmost Authentication-Results
// of a trusted server.
void use_trusted_results(const Message& message, const CheckOptions& options, MessageCheck& check);

// "mailing-list", "bulk", "automatic", "bounce", "forwarded", "calendar": mail that courts nobody.
std::vector<std::string_view> traffic_signs(const Message& message, const MessageCheck& check);

}  // namespace rw
