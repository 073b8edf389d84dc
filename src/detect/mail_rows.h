// What the detectors of mail ask of the table messages in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "detect/detector.h"
#include "store/query.h"

namespace rw {

// A name is one of the organisation's domains or below one; false where it has none.
ExprPtr own_domain(const DetectContext& context, std::string_view column);
bool is_own_domain(const Organisation& organisation, std::string_view domain);

// A word among the signs of a message.
ExprPtr has_sign(std::string_view word);
// Mail that lists, machines and forwarders make, by its own words: such mail courts nobody and fails DMARC honestly.
ExprPtr ordinary_traffic();
// What no list or newsletter does by itself, so that its words do not hide anything: names that deceive, content that
// does harm.
ExprPtr strong_signs();

// 'it''s' as SQL text.
std::string sql_text(std::string_view text);
// The command that shows the messages behind a finding.
std::string messages_command(const std::string& condition, Timestamp first, Timestamp last);

}  // namespace rw
